"""How sure a cause is: nothing is called more than it is (AUDIT, Proof)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Literal

from recon.diagnose.case import Case
from recon.diagnose.edits import CODES
from recon.diagnose.fits import FREE, Fit, Tried
from recon.diagnose.world import NO_LINE, LineKey

Grade = Literal["proven", "consistent", "ambiguous", "unexplained"]
ACCIDENT = Fraction(1, 500)  # the most that a proof may be owed to chance
FOLLOWING = ("hold", "release", "forfeit", "shortfall")  # what the sum of other lines decides (RULES 4.6, 6.6)
TYPED = 40  # numbers that a rate of four digits may have been typed as, tried or not


@dataclass(frozen=True)
class Events:
    """What `billing_details` say of a fit: agreement event by event, contradiction, or nothing (`none`).

    `changed` of `counted` events have another fate or amount than we gave them.
    """

    verdict: Literal["agree", "contradict", "none"] = "none"
    changed: int = 0
    counted: int = 0


NO_DETAILS = Events()


@dataclass(frozen=True)
class Proof:
    """A grade with what led to it: numbers that confirm, rivals that fit as well, the chance of an accident."""

    grade: Grade
    rivals: tuple[Fit, ...]
    confirmations: tuple[str, ...]
    chance: Fraction
    settles: str


def proof(  # noqa: PLR0917
    case: Case, fit: Fit, rivals: Sequence[Fit], tried: Sequence[Tried], events: Events, parts: Sequence[Fit] = ()
) -> Proof:
    """The grade of a fit among its rivals; `parts` fit some of its lines and count where it is not proven."""
    confirmed = tuple(_confirmations(case, fit, events))
    chance = chance_of(case, fit, tried, events)
    is_sure = len(fit.edits) == 1 and len(confirmed) > 1 and chance <= ACCIDENT and not _is_silent(case, fit)
    others = tuple(rivals) or (() if is_sure else tuple(parts))
    if others:
        return Proof("ambiguous", others, confirmed, chance, _decides(case, fit, others, events))
    if is_sure:
        return Proof("proven", (), confirmed, chance, "")
    return Proof("consistent", (), confirmed, chance, _would_prove(case, fit, confirmed, events))


def _is_silent(case: Case, fit: Fit) -> bool:
    """Whether no amount is foretold: a line that is not there, or that nobody knows, looks alike for every reason."""
    is_seen = any(code in ("orphan_line", "manual_override") for code in fit.codes)
    return is_seen or all(not case.theirs(key).amount for key in fit.explained)


def _confirmations(case: Case, fit: Fit, events: Events) -> Iterable[str]:
    """The numbers that agree: amounts of lines, their quantities, events one by one."""
    for key in _independent(case, fit.confirmed):
        yield f"the amount of {_named(key)}"
    stated = [key for key in sorted(fit.confirmed) if case.theirs(key).quantity]
    yield from (f"the quantity of {_named(key)}" for key in stated[:1])
    if events.verdict == "agree":
        yield f"{events.counted:,} conversions one by one, {events.changed:,} of them otherwise than ours"


def _independent(case: Case, keys: Iterable[LineKey]) -> list[LineKey]:
    """Lines that are there and whose amounts say something new: balances and minimums follow from a contract's others.

    One of those counts where no other line does.
    """
    there = [key for key in sorted(keys) if case.theirs(key).is_there]
    own = [key for key in there if key.kind not in FOLLOWING]
    return own or there[:1]


def _named(key: LineKey) -> str:
    return f"{key.item} ({key.kind}, {key.currency})"


def chance_of(case: Case, fit: Fit, tried: Sequence[Tried], events: Events) -> Fraction:
    """How likely some edit of the table gives such an amount by accident: the outcomes near it by the room there is.

    Lines count as independent but those that follow from others. A line whose quantity differs is as rare as its
    quantity, not as its amount; of a line of no units, a fee or a bonus, one of a few amounts that the contract states
    is foretold, which is no rarity.
    """
    if events.verdict == "agree" and events.changed:
        return min(Fraction(1), Fraction(len(tried), max(1, comb(events.counted, min(events.changed, 6)))))
    chance = Fraction(1)
    for key in _independent(case, fit.explained):
        chance *= _chance_on(case, key, tried, any(code in FREE for code in fit.codes))
    return chance


def _chance_on(case: Case, key: LineKey, tried: Sequence[Tried], is_free: bool) -> Fraction:
    ours, size = case.ours(key), abs(case.variance(key))
    if _is_stated(case, key):
        return Fraction(1)
    near = {
        line.amount
        for one in tried
        if abs((line := one.lines.get(key, NO_LINE)).amount - ours.amount) <= 2 * size and line != ours
    }
    exponent = size.as_tuple().exponent
    assert isinstance(exponent, int)
    room = int(size.scaleb(-exponent))
    gap = case.gap(key)
    if gap:
        room = min(room, max(1, int(abs(gap))))
    return min(Fraction(1), Fraction(len(near) + (TYPED if is_free else 0), 4 * room + 1))


def _is_stated(case: Case, key: LineKey) -> bool:
    """Whether a line holds nothing but amounts that the contract states: fees where nothing was counted, a bonus."""
    is_without_units = case.theirs(key).quantity == 0 and not case.ours(key).quantity
    return key.kind == "bonus" or (key.kind in ("charge", "payout") and is_without_units)


def _would_prove(case: Case, fit: Fit, confirmed: Sequence[str], events: Events) -> str:
    """What would make a consistent cause a proven one."""
    if any(CODES[code].is_on_line for code in fit.codes):
        return "the billing system's own record of the line"
    if len(fit.edits) > 1:
        return "correcting one of the two and billing again: the rest must be the other"
    if len(confirmed) < 2 or any(case.theirs(key).quantity is None for key in fit.explained):
        return "the billed quantity, a second line that moves, or billing_details"
    if events.verdict == "none" and any(key.kind in ("charge", "payout") for key in fit.explained):
        return "a second line that moves, or billing_details: the amounts are small enough to agree by accident"
    return "a second line that moves: the amounts are small enough to agree by accident"


def _decides(case: Case, fit: Fit, rivals: Sequence[Fit], events: Events) -> str:
    """The line or document that would decide between rivals."""
    for key in sorted(fit.explained):
        quantities = {one.lines.get(key, NO_LINE).quantity for one in (fit, *rivals)}
        if case.theirs(key).quantity is None and len(quantities) > 1:
            told = ", ".join(_quantity(one, key) for one in (fit, *rivals))
            return f"the billed quantity of {_named(key)} ({told})"
    clauses = dict.fromkeys(edit.clause or edit.words for one in (fit, *rivals) for edit in one.edits)
    if events.verdict == "none" and any(key.kind in ("charge", "payout") for key in fit.explained):
        return f"billing_details, or what the billing system holds of {', '.join(clauses)}"
    return f"what the billing system holds of {', '.join(clauses)}"


def _quantity(fit: Fit, key: LineKey) -> str:
    value = fit.lines.get(key, NO_LINE).quantity
    return f"{' and '.join(fit.codes)}: {value:f}"


def _rivals(chosen: Fit, other: Fit) -> bool:
    """Whether another fit stands against a chosen one."""
    if other.explained >= chosen.explained:
        return True
    is_free, is_other_free = (any(code in FREE for code in one.codes) for one in (chosen, other))
    return is_free and not is_other_free and other.explained <= chosen.explained


def in_part(chosen: Fit, found: Sequence[Fit]) -> list[Fit]:
    """Fits of other codes that give some of a chosen one's lines: two errors may look like one.

    One of many parameters counts where another gives the rest, for alone it fits nearly any line.
    """
    parts = [one for one in found if one.explained < chosen.explained and set(one.codes) != set(chosen.codes)]
    plain = [one for one in parts if not any(code in FREE for code in one.codes)]
    lacking = [chosen.explained - one.explained for one in plain]
    named: dict[tuple[str, ...], Fit] = {}
    for one in sorted(parts, key=lambda one: one.rank):
        if one in plain or any(one.explained >= rest for rest in lacking):
            named.setdefault(one.codes, one)
    return list(named.values())


def grouped(found: Sequence[Fit], case: Case) -> tuple[list[tuple[Fit, list[Fit]]], frozenset[LineKey]]:
    """The fits chosen, the best first, each with its rivals of other codes; and the open lines none explains.

    A rival explains every line that the chosen one does, or some of them in the way of an edit that has few parameters
    where the chosen one has many: several causes may lie behind what one number happens to give. An edit that fits
    several items apart counts with all of them.
    """
    left, chosen = set(case.open), []
    reach: Counter[tuple[str, ...]] = Counter()
    for fit in found:
        reach[fit.words] += len(fit.explained)
    for fit in sorted(found, key=lambda one: (-reach[one.words], *one.rank)):
        if not fit.explained <= left:
            continue
        rivals: dict[tuple[str, ...], Fit] = {}
        for one in found:
            if set(one.codes) != set(fit.codes) and _rivals(fit, one):
                rivals.setdefault(one.codes, one)
        chosen.append((fit, sorted(rivals.values(), key=lambda one: one.rank)))
        left -= fit.explained
    return chosen, frozenset(left)
