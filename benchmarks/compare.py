"""What comparing expected with billed lines costs beside DuckDB's bare scan of both, and beside other ways to do it.

    python -m benchmarks.compare --lines 1000000 --peers .venv-datacompy/bin/python

The lines are made by a seed. Every contestant names the lines that differ, with both amounts, in a process of its own;
equal answers are asserted before any figure is told. A contestant runs under the first Python that has its library:
this one, then those of `--peers`. Who is absent is told.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.comparing import CONTESTANTS, SCANNED
from benchmarks.comparing.lines import make_lines
from benchmarks.kept import finished, keep
from benchmarks.racing import SCAN, Result, bars, best, raced, table

WORK = "compare"


def pythons(peers: Collection[str]) -> dict[str, str]:
    """Under which Python each contestant runs; one whose library none of them has is left out."""
    everybody = {SCAN: SCANNED, **CONTESTANTS}
    found = {name: _with(one.library, (sys.executable, *peers)) for name, one in everybody.items()}
    return {name: python for name, python in found.items() if python}


def _with(library: str, candidates: Collection[str]) -> str | None:
    return next((python for python in candidates if _has(python, library)), None)


@lru_cache
def _has(python: str, library: str) -> bool:
    asked = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({library!r}) is None)"
    return subprocess.run([python, "-c", asked], check=False).returncode == 0


def run(lines: int, repeat: int, peers: Collection[str], folder: Path, names: Collection[str] = ()) -> list[Result]:
    """All contestants there are (or those named), after one scan that warms the file cache."""
    make_lines(folder, lines)
    place = pythons(peers)

    def command(name: str, answer: str) -> list[str]:
        return [place[name], "-m", "benchmarks.comparing", name, str(folder), answer]

    best(WORK, SCAN, command, 1)
    return list(raced(WORK, [name for name in place if name == SCAN or not names or name in names], command, repeat))


def main() -> None:
    """Command line: how many lines, and where further libraries are installed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000, help="on either side")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--by", nargs="+", choices=CONTESTANTS, default=[], help="who takes part; all where unsaid")
    parser.add_argument("--peers", nargs="+", default=[], help="Pythons of other environments, where a peer may be")
    parser.add_argument("--keep", type=Path, help="a file of results that the table and the chart are made of")
    asked = parser.parse_args()
    absent = sorted(set(CONTESTANTS) - set(pythons(asked.peers)))
    print(f"absent: {', '.join(absent) or 'nobody'}")
    with TemporaryDirectory() as folder:
        results = run(asked.lines, asked.repeat, asked.peers, Path(folder), asked.by)
    print(f"{asked.lines:,} expected and billed lines, {os.cpu_count()} cores\n\n{table(results)}\n\n{bars(results)}")
    if asked.keep:
        keep(asked.keep, finished({"lines": asked.lines}, results))


if __name__ == "__main__":
    main()
