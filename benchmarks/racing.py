"""Contestants at one piece of work, each in a process of its own: what they used, and whether they agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from tempfile import NamedTemporaryFile

from benchmarks.measuring import Measured, measure

SCAN = "bare scan"


@dataclass(frozen=True)
class Result:
    """What one contestant used for one work, and the digest of its answer (None: it was not asked for one)."""

    work: str
    used: Measured
    answer: str | None


class Disagreement(Exception):
    """Two contestants gave different answers to one question."""


def raced(work: str, names: Iterable[str], command: Callable[[str, str], list[str]], repeat: int) -> Iterator[Result]:
    """Each contestant's best of `repeat` runs by processor seconds; raises Disagreement where answers differ.

    `command` takes a contestant's name and the file into which its process writes its digest.
    """
    found = [best(work, name, command, repeat) for name in names]
    answers = {one.used.name: one.answer for one in found if one.answer}
    if len(set(answers.values())) > 1:
        raise Disagreement(f"{work}: {answers}")
    yield from found


def best(work: str, name: str, command: Callable[[str, str], list[str]], repeat: int) -> Result:
    """The best of a contestant's runs."""
    return min((_run(work, name, command) for _ in range(repeat)), key=lambda one: one.used.processor)


def _run(work: str, name: str, command: Callable[[str, str], list[str]]) -> Result:
    with NamedTemporaryFile("r", suffix=".json") as told:
        used = measure(name, command(name, told.name))
        return Result(work, used, json.load(told))


def digest(rows: Iterable[tuple]) -> str:
    """The SHA-256 of an answer, whatever the order of its rows."""
    lines = sorted("\t".join("" if value is None else str(value) for value in row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def scan_of(results: Iterable[Result], work: str) -> Measured:
    """What the bare scan of a work used, to which all others are set in relation."""
    return next(one.used for one in results if one.work == work and one.used.name == SCAN)


def table(results: list[Result]) -> str:
    """Seconds, processor seconds and memory, each beside the scan of the same work."""
    rows = ["| work | by | seconds | × scan | processor s | × scan | peak GB |", "|---|---|--:|--:|--:|--:|--:|"]
    for one in results:
        scan, used = scan_of(results, one.work), one.used
        rows.append(
            f"| {one.work} | {used.name} | {used.seconds:.1f} | {used.seconds / scan.seconds:.1f} "
            f"| {used.processor:.1f} | {used.processor / scan.processor:.1f} | {used.peak:.2f} |"
        )
    return "\n".join(rows)


def bars(results: list[Result]) -> str:
    """Processor seconds as bars, four marks being one bare scan of the same work."""
    rows = []
    for one in results:
        length = round(4 * one.used.processor / scan_of(results, one.work).processor)
        rows.append(f"{one.work:12}{one.used.name:10} {'█' * length}")
    return "\n".join(rows)
