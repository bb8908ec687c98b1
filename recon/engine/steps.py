"""A step that an engine ran, and one that it could not run."""

from __future__ import annotations

from dataclasses import dataclass


class EngineError(Exception):
    """A step the engine could not run: its name and, in one line, the engine's reason."""

    def __init__(self, step: str, reason: str) -> None:
        self.step, self.reason = step, reason
        super().__init__(f"{step}: {reason}")


@dataclass(frozen=True)
class Step:
    """One SQL statement that was run: its name, its text and how long it took in seconds."""

    name: str
    sql: str
    seconds: float
