"""`python -m benchmarks.mutants`: a seeded sample of mutants, each asked until a test notices it."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import IO

from benchmarks.mutants.making import made
from benchmarks.mutants.mutations import Mutant, mutants_of
from benchmarks.mutants.observed import ROOT, Observed
from benchmarks.mutants.testfiles import TestFile
from benchmarks.mutants.trial import Checks, tried

SEED = 20261101
ROOMS = ("recon/money.py", "recon/period.py", "recon/expect")


def main() -> None:
    """Makes the observations, draws the sample, tries each mutant and tells what lives."""
    asked = _arguments()
    sample = drawn(asked.sample, asked.seed)
    months, files = stored(asked)
    _tell(f"{len(months)} months, {sum(one.seconds for one in months):.1f} s to price them all")
    survivors = []
    started = time.perf_counter()
    for number, verdict in _verdicts(sample, Checks(months, files, asked.most), asked):
        survivors += [number] if verdict == "survived" else []
        record = {"number": number, "mutant": str(sample[number]), "verdict": verdict}
        print(json.dumps(record, ensure_ascii=False), flush=True)
    count = len(_numbers(sample, asked))
    killed = count - len(survivors)
    _tell(f"seed {asked.seed}: {killed} of {count} killed, {100 * killed / count:.1f}%,"
          f" in {time.perf_counter() - started:.0f} s")  # fmt: skip
    raise SystemExit(0 if killed >= asked.wanted / 100 * count else 1)


def _numbers(sample: Sequence[Mutant], asked: argparse.Namespace) -> Sequence[int]:
    """Which of the sample are tried."""
    return asked.only or range(len(sample))


def _verdicts(sample: Sequence[Mutant], checks: Checks, asked: argparse.Namespace) -> Iterator[tuple[int, str]]:
    """Each mutant's number and verdict, as they are found."""
    trial = partial(_verdict, sample, checks, bool(asked.only))
    numbers = _numbers(sample, asked)
    if asked.jobs == 1:
        yield from map(trial, numbers)
        return
    children = [_child(trial, numbers[part :: asked.jobs]) for part in range(asked.jobs)]
    for child in children:
        for line in child:
            number, verdict = json.loads(line)
            yield number, verdict


def _child(trial: Callable[[int], tuple[int, str]], numbers: Sequence[int]) -> IO[str]:
    """A forked process that tries some of the mutants; what it finds is read from it, one line each."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        return os.fdopen(reading, encoding="utf-8")
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as found:
        for number in numbers:
            found.write(json.dumps(trial(number)) + "\n")
            found.flush()
    os._exit(0)


def _verdict(sample: Sequence[Mutant], checks: Checks, is_shown: bool, number: int) -> tuple[int, str]:
    return number, tried(sample[number], checks, is_shown)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=500, help="how many mutants")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cases", type=int, help="about how many of the cases are asked; all unless named")
    parser.add_argument(
        "--months", type=int, default=15, help="random months of all clauses, a third as many simple ones"
    )
    parser.add_argument("--test-seconds", type=float, default=10.0, help="what a test file may take to be asked")
    parser.add_argument("--most", type=int, default=110, help="months that one mutant is asked")
    parser.add_argument("--store", type=Path, help="where observations are kept for the next run")
    parser.add_argument("--wanted", type=float, default=90.0, help="per cent that must be killed")
    parser.add_argument("--only", type=int, nargs="+", help="some mutants of the sample, by number, and why they die")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def drawn(count: int, seed: int) -> list[Mutant]:
    """A seeded sample of all mutants, in random order: a run broken off is a smaller sample."""
    files = sorted(path for room in ROOMS for path in _modules(ROOT / room))
    every = [mutant for file in files for mutant in mutants_of(ROOT, file)]
    return random.Random(seed).sample(every, min(count, len(every)))


def _modules(room: Path) -> Iterator[str]:
    for path in sorted(room.rglob("*.py")) if room.is_dir() else [room]:
        yield str(path.relative_to(ROOT))


def stored(asked: argparse.Namespace) -> tuple[list[Observed], list[TestFile]]:
    """Observations and tests, from the store where they are kept; made in another process, for no engine may fork."""
    if asked.store is not None and asked.store.exists():
        return pickle.loads(asked.store.read_bytes())
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        found = maker.submit(made, asked.cases, asked.months, asked.test_seconds).result()
    if asked.store is not None:
        asked.store.write_bytes(pickle.dumps(found))
    return found


if __name__ == "__main__":
    main()
