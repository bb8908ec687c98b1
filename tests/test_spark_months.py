"""Random months on both engines: every file of a run is the same, byte for byte.

Two months run with `-m long`.  More of them, from another seed on:

    SPARK_MONTHS=50 SPARK_MONTHS_FROM=7000 pytest tests/test_spark_months.py -m long
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sparking import give_up_without_spark

from benchmarks.spark_months import month_apart

COUNT = int(os.environ.get("SPARK_MONTHS", "2"))
FIRST = int(os.environ.get("SPARK_MONTHS_FROM", "0"))
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("spark")]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_a_month_closed_on_spark_is_that_of_duckdb_byte_for_byte(seed: int, tmp_path: Path) -> None:
    give_up_without_spark()
    files, found = month_apart(seed, tmp_path)
    assert files > 25
    assert not found, f"month of seed {seed}: {', '.join(found)}"
