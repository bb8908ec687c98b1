"""`python -m benchmarks.mutants`: a seeded sample of mutants, each asked until a test notices it."""

from __future__ import annotations

import argparse
import json
import pickle
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.mutants.making import made
from benchmarks.mutants.mutations import Mutant, mutants_of
from benchmarks.mutants.observed import ROOT, Observed
from benchmarks.mutants.testfiles import TestFile
from benchmarks.mutants.trial import tried

SEED = 20261101
ROOMS = ("recon/money.py", "recon/period.py", "recon/expect")


def main() -> None:
    """Makes the observations, draws the sample, tries each mutant and tells what lives."""
    asked = _arguments()
    sample = drawn(asked.sample, asked.seed)
    if asked.show is not None:
        sample = [sample[asked.show]]
    months, files = stored(asked)
    _tell(f"{len(months)} months, {sum(one.seconds for one in months):.1f} s to price them all")
    survivors = []
    started = time.perf_counter()
    for number, mutant in enumerate(sample, asked.show or 0):
        verdict = tried(mutant, months, files, asked.show is not None)
        survivors += [mutant] if verdict == "survived" else []
        record = {"number": number, "mutant": str(mutant), "verdict": verdict}
        print(json.dumps(record, ensure_ascii=False), flush=True)
    killed = len(sample) - len(survivors)
    _tell(f"seed {asked.seed}: {killed} of {len(sample)} killed, {100 * killed / len(sample):.1f}%,"
          f" in {time.perf_counter() - started:.0f} s")  # fmt: skip
    raise SystemExit(0 if killed >= asked.wanted / 100 * len(sample) else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=500, help="how many mutants")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cases", type=int, help="about how many of the cases are asked; all unless named")
    parser.add_argument(
        "--months", type=int, default=15, help="random months of all clauses, a third as many simple ones"
    )
    parser.add_argument("--test-seconds", type=float, default=10.0, help="what a test file may take to be asked")
    parser.add_argument("--store", type=Path, help="where observations are kept for the next run")
    parser.add_argument("--wanted", type=float, default=90.0, help="per cent that must be killed")
    parser.add_argument("--show", type=int, help="one mutant of the sample, with every check's answer")
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
