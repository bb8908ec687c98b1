"""How much of what is counted lies in a tier, by formula from the thresholds on Contracts (RULES 1.5, 4.2, 6.2)."""

from __future__ import annotations

from fractions import Fraction

from recon.evidence.formula import Ref, Term, either, greatest, least, number, rounded
from recon.evidence.sheet import Column
from recon.evidence.sheets.steps import ZERO, Step
from recon.evidence.style import SHARES, Look

COLUMNS = (
    Column("run_start", "Counted before", 13),
    Column("run_end", "Counted after", 13),
    Column("reached", "Count that decides", 13),
    Column("tier_start", "Tier begins after", 13),
    Column("tier_end", "Tier ends with", 13),
)
DIGITS = number(0)


def in_tier(step: Step, *, is_whole: bool = True) -> Term:
    """The part of the units between two positions that lies in the step's tier; whole units, or amounts."""
    first, last = step.given("run_start", "run_start"), step.given("run_end", "run_end")
    begin, end = _bounds(step, last, is_whole)
    return greatest(ZERO, least(last, end) - greatest(first, begin))


def all_in_tier(step: Step) -> Term:
    """All units between two positions where the count that decides lies in the step's tier, else none (volume)."""
    first, last = step.given("run_start", "run_start"), step.given("run_end", "run_end")
    reached = step.given("reached", "reached")
    begin, end = _bounds(step, reached, is_whole=True)
    return either(reached.at_most(begin), ZERO, either(reached.at_most(end), last - first, ZERO))


def is_stated(step: Step) -> bool:
    """Whether Contracts says where the step's tier begins."""
    return any(step.states(leaf) for leaf in ("over", "from"))


def _bounds(step: Step, beyond: Term, is_whole: bool) -> tuple[Ref, Ref]:
    """What lies below the tier and below the next one; beyond the last tier nothing ends it."""
    shape = Look("formula", SHARES)
    path, place = _place(step)
    begin = step.sheet.put("tier_start", _below(step, place, is_whole), shape)
    following = f"{path}[{place + 1}]"
    has_next = any(step.clause(f"{following}.{leaf}") is not None for leaf in ("over", "from"))
    end = _below(step, place + 1, is_whole) if has_next else greatest(beyond, begin)
    return begin, step.sheet.put("tier_end", end, shape)


def _place(step: Step) -> tuple[str, int]:
    """`items[A].rates[0].tiers.steps[2]` taken apart: the list of steps, and the place in it from 0."""
    path, _, place = step.group.rpartition("[")
    return path, int(place.removesuffix("]"))


def _below(step: Step, place: int, is_whole: bool) -> Term:
    """How much lies below a tier: of whole units, 99 lie below `from: 100`, and 100 below `over: 100`."""
    group = f"{_place(step)[0]}[{place}]"
    leaf = "over" if isinstance(step.clause(f"{group}.over"), Fraction) else "from"
    threshold = step.found(f"{group}.{leaf}")
    if not is_whole:
        return threshold
    if leaf == "from":
        return rounded(threshold, DIGITS, "up") - number(1)
    return rounded(threshold, DIGITS, "down")
