"""The engine that a workspace asks for."""

from __future__ import annotations

from collections.abc import Callable

from recon.engine import Engine, SparkEngine
from recon.workspace import Workspace


def open_engine(workspace: Workspace, on_step: Callable[[str], None] | None = None) -> Engine:
    """An engine for the events of a month, within the workspace's memory and threads, spilling into its folder."""
    if workspace.engine != "duckdb":
        return SparkEngine(workspace.engine, workspace.memory_limit, workspace.threads, workspace.spill, on_step)
    return Engine(workspace.memory_limit, workspace.threads, workspace.spill, on_step)
