"""Conformance: every case on a biller, at zero tolerance."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recon.trials.billers import Biller
from recon.trials.cases import EXPECTED, Case, Difference, Outcome, differences

Verdict = Literal["passed", "failed", "refused", "left out"]


@dataclass(frozen=True)
class Trial:
    """How a case went: `failed` with differences, `refused` where nothing was billed, `left out` where not asked."""

    case: Case
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    has_lines_only: bool = False


def run_trials(
    cases: Iterable[Case], biller: Biller, on_case: Callable[[str], None] | None = None
) -> tuple[Trial, ...]:
    """Every case on a biller, each from its own copy of the workspace; `on_case` is told each name before it runs."""
    trials = []
    for case in cases:
        if on_case is not None:
            on_case(case.name)
        trials.append(_trial(case, biller))
    return tuple(trials)


def _trial(case: Case, biller: Biller) -> Trial:
    with tempfile.TemporaryDirectory(prefix="recon-case-") as folder:
        workspace, out = Path(folder, "workspace"), Path(folder, "out")
        shutil.copytree(case.folder, workspace, ignore=shutil.ignore_patterns(EXPECTED))
        out.mkdir()
        outcome = biller(case, workspace, out)
    if outcome is None:
        return Trial(case, "left out")
    return judged(case, outcome)


def judged(case: Case, outcome: Outcome) -> Trial:
    """A case's outcome with its verdict."""
    found = tuple(differences(case, outcome))
    is_refused = outcome.refusal is not None and not case.is_refusal
    verdict: Verdict = "refused" if is_refused else "failed" if found else "passed"
    return Trial(case, verdict, found, outcome.fates is None and outcome.refusal is None)
