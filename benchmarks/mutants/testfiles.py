"""Test files that price, each with the functions of the mutated rooms that it calls and how long it takes."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import hypothesis
import pytest

from benchmarks.mutants.observed import ROOT, Function, calls

TESTS = ROOT / "tests"
WANTED = re.compile(r"recon\.(expect|money|period)\b|from programs")
SLOW = re.compile(r"close_period|closed_demo|subprocess|stored_close|program_months|Ledger|make\(seed")
PASSED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


@dataclass(frozen=True)
class TestFile:
    """A test file that is green as things are; seconds of processor."""

    __test__ = False
    name: str
    functions: frozenset[Function]
    seconds: float


def test_files(seconds: float, told: Callable[[str], None]) -> Iterator[TestFile]:
    """The test files that are quick enough to be asked of every mutant, of those that are green; others are told.

    `seconds` are of processor, for a whole file, with its calls followed.
    """
    signal.signal(signal.SIGPROF, _too_slow)
    for path in sorted(TESTS.glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if not WANTED.search(text) or SLOW.search(text):
            continue
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            with calls() as functions:
                is_out = is_red(path.name)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if is_out:
            told(f"left out, red already or not quick: {path.name}")
        else:
            yield TestFile(path.name, frozenset(functions), time.process_time() - started)


def _too_slow(*_: object) -> None:
    raise TimeoutError("not quick")


def is_red(name: str) -> bool:
    """Whether a test file fails, with few examples where it draws them."""
    settings = hypothesis.settings(max_examples=25, deadline=None, database=None, derandomize=True)
    hypothesis.settings.register_profile("mutants", settings)
    hypothesis.settings.load_profile("mutants")
    asked = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:doctest", "-o", "addopts="]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return pytest.main([*asked, str(TESTS / name)]) not in PASSED
