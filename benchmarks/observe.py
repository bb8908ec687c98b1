"""What observing a month costs beside DuckDB's bare scan of the same columns, and beside other ways to the same answer.

    python -m benchmarks.observe --impressions 100000000 --conversions 1000000

Every contestant answers in a process of its own, one after the other, on the same files; equal answers are asserted
before any figure is told. Polars takes part where it is installed (`pip install polars`), pandas up to a size.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from benchmarks.close_month import Measured, measure, workspace_of
from benchmarks.observing.question import WORKS, digest, question
from fixtures.months import Month

MOST_FOR_PANDAS = 10_000_000
SCAN = "bare scan"


@dataclass(frozen=True)
class Result:
    """What one contestant used for one work, and the digest of its answer (None: it was not asked for one)."""

    work: str
    used: Measured
    answer: str | None


class Disagreement(Exception):
    """Two contestants gave different answers to one question."""


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


def raced(month: Month, folder: Path, work: str, repeat: int, names: list[str] | None = None) -> Iterator[Result]:
    """Each contestant's best of `repeat` runs by processor seconds; raises Disagreement where answers differ."""
    found = [_best(name, work, folder, month.period, repeat) for name in names or contestants(work, month.impressions)]
    answers = {one.used.name: one.answer for one in found if one.answer}
    if len(set(answers.values())) > 1:
        raise Disagreement(f"{work}: {answers}")
    yield from found


def _best(name: str, work: str, folder: Path, period: str, repeat: int) -> Result:
    runs = [_run(name, work, folder, period) for _ in range(repeat)]
    return min(runs, key=lambda one: one.used.processor)


def _run(name: str, work: str, folder: Path, period: str) -> Result:
    with NamedTemporaryFile("r", suffix=".json") as told:
        asked = [name, work, str(folder), period, told.name]
        used = measure(name, [sys.executable, "-m", "benchmarks.observe", "--answer", *asked])
        return Result(work, used, json.load(told))


def table(results: list[Result]) -> str:
    """Seconds, processor seconds and memory, each beside the scan of the same work."""
    rows = ["| work | by | seconds | × scan | processor s | × scan | peak GB |", "|---|---|--:|--:|--:|--:|--:|"]
    for one in results:
        scan = next(other.used for other in results if other.work == one.work and other.used.name == SCAN)
        used = one.used
        rows.append(
            f"| {one.work} | {used.name} | {used.seconds:.1f} | {used.seconds / scan.seconds:.1f} "
            f"| {used.processor:.1f} | {used.processor / scan.processor:.1f} | {used.peak:.2f} |"
        )
    return "\n".join(rows)


def chart(results: list[Result]) -> str:
    """Processor seconds as bars, four marks being one bare scan of the same work."""
    rows = []
    for one in results:
        scan = next(other.used for other in results if other.work == one.work and other.used.name == SCAN)
        rows.append(f"{one.work:12}{one.used.name:10} {'█' * round(4 * one.used.processor / scan.processor)}")
    return "\n".join(rows)


def run(month: Month, repeat: int, works: list[str], names: list[str] | None = None) -> list[Result]:
    """All works, after one scan that warms the file cache."""
    folder = workspace_of(month)
    _run(SCAN, "everything", folder, month.period)
    return [one for work in works for one in raced(month, folder, work, repeat, names)]


def main() -> None:
    """Command line: the size of the month, or (for itself) one contestant's answer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observe", description=__doc__.splitlines()[0])
    parser.add_argument("--impressions", type=int, default=10_000_000)
    parser.add_argument("--conversions", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--by", nargs="+", help="who takes part beside the bare scan; all that can where unsaid")
    parser.add_argument("--answer", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        contestant, work, folder, period, told = asked.answer
        Path(told).write_text(json.dumps(answered(contestant, work, Path(folder), period)), encoding="utf-8")
        return
    month = Month(impressions=asked.impressions, clicks=3 * asked.conversions, conversions=asked.conversions)
    results = run(month, asked.repeat, asked.works, asked.by and [SCAN, *asked.by])
    print(f"{month.impressions:,} impressions, {month.conversions:,} conversions, {os.cpu_count()} cores\n")
    print(f"{table(results)}\n\n{chart(results)}")


if __name__ == "__main__":
    main()
