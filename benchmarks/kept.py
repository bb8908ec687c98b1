"""Results of benchmarks in a file, with their day, machine and size: what the README's table and chart are made of."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.measuring import Measured
from benchmarks.racing import Result


@dataclass(frozen=True)
class Kept:
    """Results of one run: its date in UTC, cores, memory (GiB), load at its end, what was made, and who used what."""

    date: str
    cores: int
    memory: int
    load: float
    size: Mapping[str, int]
    results: tuple[Result, ...]


def finished(size: Mapping[str, int], results: list[Result]) -> Kept:
    """The results of a run on this machine that ended now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    today = datetime.now(timezone.utc).date().isoformat()
    load = round(os.getloadavg()[1], 1)
    return Kept(today, os.cpu_count() or 1, round(memory / 2**30), load, dict(size), tuple(results))


def keep(path: Path, run: Kept) -> None:
    """Put a run's results into the file, in the place of those of the same size and works."""
    works = {one.work for one in run.results}
    others = [one for one in kept(path) if one.size != run.size or {two.work for two in one.results} != works]
    listed = sorted((asdict(one) for one in (*others, run)), key=_place)
    path.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


def _place(run: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, int]]]:
    return sorted({one["work"] for one in run["results"]}), sorted(run["size"].items())


def kept(path: Path) -> list[Kept]:
    """The runs of a file; none where it is not there."""
    if not path.exists():
        return []
    return [_run(one) for one in json.loads(path.read_text(encoding="utf-8"))]


def _run(one: dict[str, Any]) -> Kept:
    results = [Result(each["work"], Measured(**each["used"]), each["answer"]) for each in one["results"]]
    return Kept(**(one | {"results": tuple(results)}))
