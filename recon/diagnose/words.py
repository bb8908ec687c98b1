"""A finding in a sentence that finance can paste into an e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from recon.diagnose.case import Case
from recon.diagnose.edits import CODES
from recon.diagnose.fits import Fit
from recon.diagnose.proof import Proof
from recon.diagnose.world import LineKey

MOST = 3  # things that are listed before "and n more"


def sentence(case: Case, key: LineKey, amount: Decimal, by: tuple[Fit, int], found: Proof) -> str:
    """What happened to a line by one of a fit's edits (its place), how sure that is, and what would settle it."""
    fit, place = by
    return " ".join(
        [_difference(case, key, amount), _cause(fit, place), _reach(case, key, fit), _grade(fit, found)]
    ).strip()


def _difference(case: Case, key: LineKey, amount: Decimal) -> str:
    variance, billed, ours = case.variance(key), case.theirs(key), case.ours(key)
    way = "more" if variance > 0 else "less"
    name = f"{case.contract}, {key.item} ({key.kind})"
    if not billed.is_there:
        told = f"{name}: {key.currency} {ours.amount:,} expected, nothing billed."
    else:
        told = (
            f"{name}: {key.currency} {billed.amount:,} billed, {ours.amount:,} expected, "
            f"{abs(variance):,} {way} than expected."
        )
    return told if amount == variance else f"{told} {key.currency} {amount:,} of it:"


def _cause(fit: Fit, place: int) -> str:
    edit = fit.edits[place]
    clause = f" (clause {edit.clause})" if edit.clause and edit.clause not in edit.words else ""
    return f"The billing system {CODES[edit.code].text}: {edit.words}{clause}."


def _reach(case: Case, key: LineKey, fit: Fit) -> str:
    """What follows: the amount billed, and the other lines that move alike."""
    others = sorted(fit.explained - {key})
    along = f"; so do {_listed([_named(one) for one in others])}" if others else ""
    both = "With both errors" if len(fit.edits) > 1 else "So computed"
    scope = " In all contracts the same." if fit.scope == "all contracts" else ""
    return f"{both} the line agrees to the cent{along}.{scope}"


def _grade(fit: Fit, found: Proof) -> str:
    if found.grade == "proven":
        return f"Proven: {_listed(found.confirmations)} agree, and nothing else fits."
    if found.grade == "ambiguous":
        rivals = _listed([f"{' with '.join(one.codes)}{_where(one, fit)}" for one in found.rivals])
        return f"Not certain: {rivals} would give the same; to decide: {found.settles}."
    return f"Consistent, not proven: nothing else fits; to prove: {found.settles}."


def _where(rival: Fit, fit: Fit) -> str:
    """The lines that a rival gives, where it is not all of them."""
    return (
        ""
        if rival.explained >= fit.explained
        else f" (only {_listed([_named(one) for one in sorted(rival.explained)])})"
    )


def _named(key: LineKey) -> str:
    return f"{key.item} ({key.kind})"


def _listed(words: Sequence[str]) -> str:
    """A short list in words."""
    shown = list(words[:MOST])
    more = len(words) - len(shown)
    if more:
        shown.append(f"{more} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
