"""All that mutants are asked, made once: test files and observed months."""

from __future__ import annotations

import sys

from benchmarks.mutants.observed import Observed, observed_months
from benchmarks.mutants.testfiles import TestFile, test_files


def made(cases: int | None, months: int, test_seconds: float) -> tuple[list[Observed], list[TestFile]]:
    """Cases (about so many; None: all) and random months, a third as many simple ones; then the test files."""
    seeds = [("all", seed) for seed in range(months)] + [("simple", seed) for seed in range(months // 3)]
    observed = observed_months(cases, seeds, _tell)
    return observed, list(test_files(test_seconds, _tell))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
