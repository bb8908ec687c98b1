"""Lines that a note says were changed by hand, and what was wrong with them before: only other evidence can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recon.diagnose.case import Case
from recon.diagnose.edits import CODES
from recon.diagnose.fits import Fit, Tried
from recon.diagnose.proof import Events
from recon.diagnose.world import NO_LINE, NONE, LineKey, Priced


def changed_by_hand(case: Case, fits: Sequence[Fit], tried: Sequence[Tried]) -> Iterator[Fit]:
    """Edits that move a line with such a note, and every other line as it was billed; the rest is what a hand did.

    Any amount can be reached so, and they stand only where something else says so (`stands`).
    """
    for note in [fit for fit in fits if fit.codes == ("manual_override",)]:
        for key in note.explained:
            yield from (_paired(case, note, key, one) for one in tried if _may_lie_under(case, key, one))


def _may_lie_under(case: Case, key: LineKey, one: Tried) -> bool:
    line, quantity = one.lines.get(key, NO_LINE), case.theirs(key).quantity
    is_moved = line.amount not in (case.ours(key).amount, case.theirs(key).amount)
    others = [other for other in case.moved(one.lines) if other != key]
    is_alike = quantity in (None, line.quantity) and all(case.agrees(other, one.lines) for other in others)
    return is_moved and is_alike and not CODES[one.edit.code].is_on_line


def _paired(case: Case, note: Fit, key: LineKey, one: Tried) -> Fit:
    """The edit with what it is worth on the line, and the hand's change of it."""
    side, amount = case.theirs(key), one.lines.get(key, NO_LINE).amount
    lines = {**one.lines, key: Priced(side.quantity or NONE, side.amount)}
    confirmed = frozenset([key, *case.moved(one.lines)])
    share = ((key, amount - case.ours(key).amount),)
    return Fit((one.edit, *note.edits), "contract", frozenset([key]), confirmed, lines, one.world, share)


def stands(case: Case, fit: Fit, events: Events) -> bool:
    """Whether details don't contradict a fit; of one under a change by hand, whether another number tells of it."""
    if events.verdict == "contradict" or len(fit.edits) == 1:
        return events.verdict != "contradict"
    is_told = len(case.open & fit.confirmed) > 1 or any(case.gap(key) for key in fit.explained)
    return is_told or bool(events.verdict == "agree" and events.changed)
