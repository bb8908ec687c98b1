"""Runs named SQL steps over events and hands back exact integers."""

from recon.engine.duck import ROW_GROUP_ROWS, Engine, EngineError, Step
from recon.engine.sql import literal, quoted

__all__ = ["ROW_GROUP_ROWS", "Engine", "EngineError", "Step", "literal", "quoted"]
