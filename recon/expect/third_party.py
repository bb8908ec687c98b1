"""When another party's count is billed in place of ours, and how the versions share it (RULES 3.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Literal, Protocol, TypeVar

from recon.contracts.terms import ContractVersion, ThirdParty
from recon.expect.lines import Working
from recon.money import largest_remainder, plain, round_whole, told


class Counted(Protocol):
    """A part of the count."""

    @property
    def quantity(self) -> int: ...


class Segmented(Counted, Protocol):
    """A part of the count under one version."""

    @property
    def version(self) -> ContractVersion: ...


Part = TypeVar("Part", bound=Counted)


@dataclass(frozen=True)
class Verdict:
    """Which count is billed; `theirs` is None where it is missing for a date with delivery."""

    own: int
    theirs: int | None
    billed: int
    source: Literal["own", "third_party", "split"]


def their_count(own: Mapping[date, int], rows: Mapping[date, int]) -> int | None:
    """The third party's count of an item in a period; None unless every date on which we counted any has a row.

    >>> days = [date(2026, 10, 1), date(2026, 10, 2)]
    >>> their_count({days[0]: 5}, {days[0]: 4, days[1]: 1}), their_count({days[0]: 5, days[1]: 2}, {days[0]: 4})
    (5, None)
    """
    return None if missing_days(own, rows) else sum(rows.values())


def missing_days(own: Mapping[date, int], rows: Mapping[date, int]) -> list[date]:
    """The dates with delivery on which the third party states nothing."""
    return sorted(day for day, quantity in own.items() if quantity and day not in rows)


def verdict(clause: ThirdParty, own: int, theirs: int | None) -> Verdict:
    """The count that is billed: theirs where they control or the discrepancy is beyond the tolerance (3.6).

    >>> terms = ThirdParty(tolerance_percent="10", beyond="split")
    >>> [verdict(terms, 1000, theirs).billed for theirs in (900, 899, 1200, None)]
    [1000, 950, 1000, 1000]
    """
    if theirs is None or not own:
        return Verdict(own, theirs, own, "own")
    if clause.controlling == "third_party":
        return Verdict(own, theirs, theirs, "third_party")
    assert clause.tolerance_percent is not None
    if discrepancy(own, theirs) <= Fraction(clause.tolerance_percent):
        return Verdict(own, theirs, own, "own")
    if clause.beyond == "split":
        return Verdict(own, theirs, round_whole(Fraction(own + theirs, 2)), "split")
    return Verdict(own, theirs, theirs, "third_party")


def discrepancy(own: int, theirs: int) -> Fraction:
    """(O − T) / O × 100: how far they stay below us, in percent of our count."""
    return Fraction(own - theirs, own) * 100


def shared(total: int, parts: Sequence[Part]) -> list[Part]:
    """The parts with the total in proportion to what they were, by largest remainder, ties to the earlier."""
    if not any(part.quantity for part in parts):
        return list(parts)
    shares = largest_remainder(total, [(place, part.quantity) for place, part in enumerate(parts)])
    return [replace(part, quantity=shares[place]) for place, part in enumerate(parts)]  # type: ignore[type-var]


def verdict_told(clause: ThirdParty, found: Verdict, version: int, path: str) -> Working:
    """Both counts, how they compare and which is billed, as a step."""
    theirs = "is missing" if found.theirs is None else f"is {found.theirs:,}"
    text = f"ours is {found.own:,}, the third party's {theirs}; {_compared(clause, found)}{WORDS[found.source]}"
    text += f", {found.billed:,}"
    inputs = tuple(_inputs(clause, found))
    return Working("count", "3.6", "third-party count", text, version, path, Fraction(found.billed), inputs=inputs)


def _compared(clause: ThirdParty, found: Verdict) -> str:
    if found.theirs is None or not found.own:
        return ""
    if clause.tolerance_percent is None or clause.controlling == "third_party":
        return "the third party controls: "
    percent, limit = discrepancy(found.own, found.theirs), plain(clause.tolerance_percent)
    relation = "not above" if found.source == "own" else "above"
    return f"({found.own} − {found.theirs}) / {found.own} × 100 = {told(percent)}, {relation} {limit}: "


def _inputs(clause: ThirdParty, found: Verdict) -> Iterator[tuple[str, str]]:
    yield "own", str(found.own)
    if found.theirs is not None:
        yield "third_party", str(found.theirs)
    if clause.tolerance_percent is not None and clause.controlling == "own":
        yield "tolerance", plain(clause.tolerance_percent)
    yield "source", found.source


def shares_told(own: Sequence[Segmented], parts: Sequence[Segmented]) -> Iterator[Working]:
    """Each version's share of the billed count, where there is more than one to share it."""
    whole, total = sum(part.quantity for part in own), sum(part.quantity for part in parts)
    for before, after in zip(own, parts, strict=True) if len(own) > 1 else ():
        number = after.version.version
        text = f"{total:,} × {before.quantity:,} / {whole:,}, by largest remainder {after.quantity:,}"
        inputs = (("own", str(before.quantity)),)
        yield Working(
            "share", "3.6", f"v{number} share", text, number, quantity=Fraction(after.quantity), inputs=inputs
        )


WORDS = {
    "own": "ours is billed",
    "third_party": "the third party's is billed",
    "split": "their mean is billed, rounded half up",
}
