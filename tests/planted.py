"""Errors planted in the small cases, billed in this process: what tests of the drill look at."""

from __future__ import annotations

from pathlib import Path

from fixtures.plain_biller import biller as plain
from fixtures.plain_biller import outputs
from recon.period import Period
from recon.trials.billers import _read
from recon.trials.cases import CASES, Outcome, find_cases
from recon.trials.planting import ERRORS, Site
from recon.trials.rebilling import Attempt, Rebilling
from recon.trials.sampling import month_of
from recon.workspace import Workspace

BY_CODE = {error.code: error for error in ERRORS}


def plain_biller(case, workspace, out):
    """The plain biller without a process of its own; what it can't bill is a refusal."""
    try:
        found = plain.close(workspace, case.period, case.instant("cutoff"), case.instant("as_known_at"))
    except (ValueError, KeyError, ArithmeticError) as reason:
        return Outcome(refusal=repr(reason))
    outputs.write(found, out)
    return _read(out)


def case_named(name):
    """The case of that very name."""
    return next(case for case in find_cases(CASES, name) if case.name == name)


def month_and_bill(folder: Path, case, seed=1):
    """A case's month, its rebilling in a folder, and its right bill."""
    known, cutoff = case.instant("as_known_at"), case.instant("cutoff")
    month, _ = month_of(Workspace.open(case.folder), Period.parse(case.period), seed, known, cutoff)
    rebilling = Rebilling(month, plain_biller, folder)
    return month, rebilling, rebilling.clean()


def ways(folder: Path, case, code, contract, seed=1):
    """Every way to plant an error in a contract of a case: what was done, and the contract's lines then."""
    month, rebilling, clean = month_and_bill(folder, case, seed)
    plantings = list(BY_CODE[code].plant(Site(month, contract, tuple(clean), seed)))
    return plantings, rebilling.attempted([Attempt((one,)) for one in plantings], clean), clean
