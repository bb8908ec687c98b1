"""Whether an edit that fits several contracts fits all: one error of the whole system, not one of each contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from recon.diagnose.case import Case
from recon.diagnose.edits import CODES, Edit
from recon.diagnose.fits import Fit
from recon.diagnose.search import Search
from recon.diagnose.world import LineKey, Lines

Alike = tuple[str, str]  # a code, and what names its parameters alike in every contract


def widened(
    search: Callable[[str], Search], cases: Mapping[str, Case], found: Mapping[str, Sequence[Fit]]
) -> dict[str, list[Fit]]:
    """The fits with scope `all contracts` where the same edit explains two contracts and harms none."""
    fitting: dict[Alike, set[str]] = defaultdict(set)
    for contract, fits in found.items():
        for fit in fits:
            if fit.scope == "contract" and not CODES[fit.codes[0]].is_on_line:
                fitting[alike(fit.edits[0])].add(contract)
    wide = {
        one for one, contracts in fitting.items() if len(contracts) > 1 and _harms_none(search, cases, one, contracts)
    }
    return {contract: [_as_wide(fit, wide) for fit in fits] for contract, fits in found.items()}


def alike(edit: Edit) -> Alike:
    """What names an edit alike in every contract."""
    return edit.code, edit.kind


def _as_wide(fit: Fit, wide: set[Alike]) -> Fit:
    is_wide = fit.scope == "contract" and alike(fit.edits[0]) in wide
    return replace(fit, scope="all contracts") if is_wide else fit


def _harms_none(search: Callable[[str], Search], cases: Mapping[str, Case], one: Alike, fitting: set[str]) -> bool:
    """Whether the edit moves, in every other contract, nothing, or only to what was billed."""
    others = (case for case in cases.values() if case.contract not in fitting)
    return all(case.agrees(key, lines) for case in others for key, lines in _moved(search, case, one))


def _moved(search: Callable[[str], Search], case: Case, one: Alike) -> Iterator[tuple[LineKey, Lines]]:
    for tried in search(case.contract).tries_alike(case, one):
        yield from ((key, tried.lines) for key in case.moved(tried.lines))
