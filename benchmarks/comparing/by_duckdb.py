"""By hand: one full join in DuckDB."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from benchmarks.comparing.lines import KEYS


def _engine() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(config={"memory_limit": "1GB", "threads": os.cpu_count() or 1})
    engine.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
    return engine


def differences(folder: Path) -> list[tuple]:
    keys = ", ".join(KEYS)
    query = f"""SELECT {keys}, coalesce(e.amount, 0) AS expected, coalesce(b.amount, 0) AS billed
        FROM '{folder}/expected.parquet' AS e FULL JOIN '{folder}/billed.parquet' AS b USING ({keys})
        WHERE expected <> billed"""
    return _engine().execute(query).fetchall()


def scanned(folder: Path) -> None:
    """The bare scan: every value of both files read once."""
    texts = ", ".join(f"sum(strlen({key}))" for key in KEYS)
    for name in ("expected", "billed"):
        _engine().execute(f"SELECT {texts}, sum(amount) FROM '{folder}/{name}.parquet'").fetchall()
