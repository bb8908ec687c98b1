"""Runs named SQL steps over events and hands back exact integers."""

from recon.engine.duck import ROW_GROUP_ROWS, Engine
from recon.engine.scans import EventColumn, EventFiles, EventQuery, Scans, Way
from recon.engine.spark import SparkEngine
from recon.engine.sql import literal, quoted
from recon.engine.steps import EngineError, Step

__all__ = [
    "ROW_GROUP_ROWS",
    "Engine",
    "EngineError",
    "EventColumn",
    "EventFiles",
    "EventQuery",
    "Scans",
    "SparkEngine",
    "Step",
    "Way",
    "literal",
    "quoted",
]
