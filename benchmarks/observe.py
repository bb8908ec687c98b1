"""What observing a month costs beside DuckDB's bare scan of the same columns, and beside other ways to the same answer.

    python -m benchmarks.observe --impressions 100000000 --conversions 1000000

Every contestant answers in a process of its own, one after the other, on the same files; equal answers are asserted
before any figure is told. Polars takes part where `requirements-bench.lock` is installed, pandas up to a size.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks.close_month import workspace_of
from benchmarks.kept import finished, keep
from benchmarks.observing.question import WORKS, question
from benchmarks.racing import SCAN, Result, bars, best, digest, raced, table
from fixtures.months import Month

MOST_FOR_PANDAS = 10_000_000


def answered(contestant: str, work: str, folder: Path, period: str) -> str | None:
    """A contestant's answer as its digest; the scan and `everything` have none."""
    asked = question(folder, period)
    if contestant == SCAN:
        import_module("benchmarks.observing.by_duckdb").scanned(asked, work)
        return None
    rows = import_module(f"benchmarks.observing.by_{contestant}").ANSWERS[work](asked)
    return digest(rows) if rows else None


def contestants(work: str, impressions: int) -> list[str]:
    """Who takes part: everybody that is installed and has the memory."""
    if work == "everything":
        return [SCAN, "recon"]
    polars = ["polars"] if find_spec("polars") else []
    return [SCAN, "recon", "duckdb", *polars, *(["pandas"] if impressions <= MOST_FOR_PANDAS else [])]


def run(month: Month, folder: Path, repeat: int, works: list[str], names: list[str] | None = None) -> list[Result]:
    """All works, after one scan that warms the file cache; raises Disagreement where answers differ."""
    best("everything", SCAN, _command(folder, month, "everything"), 1)
    return [
        one
        for work in works
        for one in raced(work, names or contestants(work, month.impressions), _command(folder, month, work), repeat)
    ]


def _command(folder: Path, month: Month, work: str) -> Callable[[str, str], list[str]]:
    begin = [sys.executable, "-m", "benchmarks.observe", "--answer"]
    return lambda name, told: [*begin, name, work, str(folder), month.period, told]


def main() -> None:
    """Command line: the size of the month, or (for itself) one contestant's answer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observe", description=__doc__.splitlines()[0])
    parser.add_argument("--impressions", type=int, default=10_000_000)
    parser.add_argument("--conversions", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--by", nargs="+", help="who takes part beside the bare scan; all that can where unsaid")
    parser.add_argument("--keep", type=Path, help="a file of results that the table and the chart are made of")
    parser.add_argument("--answer", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        contestant, work, folder, period, answer = asked.answer
        Path(answer).write_text(json.dumps(answered(contestant, work, Path(folder), period)), encoding="utf-8")
        return
    month = Month(impressions=asked.impressions, clicks=3 * asked.conversions, conversions=asked.conversions)
    results = run(month, workspace_of(month), asked.repeat, asked.works, asked.by and [SCAN, *asked.by])
    print(f"{month.impressions:,} impressions, {month.conversions:,} conversions, {os.cpu_count()} cores\n")
    print(f"{table(results)}\n\n{bars(results)}")
    if asked.keep:
        keep(asked.keep, finished({"impressions": month.impressions, "conversions": month.conversions}, results))


if __name__ == "__main__":
    main()
