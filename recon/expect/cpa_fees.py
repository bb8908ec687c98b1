"""Fees of the tiers that a contract's conversions of a month bring (RULES 4.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaItem, CpaTerms, CpaTiers
from recon.expect.eligible import Candidate, scale_of
from recon.expect.force import in_force
from recon.expect.openings import Openings
from recon.expect.tiers import Run, walk
from recon.period import Period

NONE, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class TierFee:
    """The fee of a tier (its place from 0), owed once in the month by the clause of a version."""

    item: str
    version: ContractVersion
    tier: int
    amount: Fraction


def tier_fees(
    book: Book, contract: str, period: Period, payable: Sequence[Candidate], openings: Openings
) -> list[TierFee]:
    """The fees of each item's tiers, also where nothing was payable, with `payable` in the order of time."""
    force = in_force(book, contract, period)
    inside = [span.version for span in force.spans] if force is not None else []
    versions = {one.version: one for one in [*inside, *(one.governing for one in payable)]}
    fees = []
    for item in dict.fromkeys(name for one in versions.values() for name in tiered_items(one)):
        listed = [one.version for one in inside if _lists(one, item)]
        units = [one for one in payable if one.item.item == item]
        tiers = {number: found for number, one in versions.items() if (found := tiers_of(one, item)) is not None}
        if any(step.fee for clause in tiers.values() for step in clause.steps):
            owed = _owed(tiers, listed, units, openings.quantity(contract, item) if _counts_on(tiers) else NONE)
            fees += [TierFee(item, versions[v], tier, Fraction(tiers[v].steps[tier].fee)) for v, tier in owed]
    return [fee for fee in fees if fee.amount]


Owed = tuple[int, int]  # version, tier


def _owed(
    tiers: Mapping[int, CpaTiers], listed: Sequence[int], units: Sequence[Candidate], opening: Fraction
) -> list[Owed]:
    """Which versions owe the fee of which tier: a graduated tier's once, whatever its versions measure."""
    found = [
        one for measure in ("conversions", "sale_amount") for one in _walked(tiers, measure, listed, units, opening)
    ]
    places = {number: place for place, number in reversed(list(enumerate(listed)))}
    graduated: dict[int, Owed] = {}
    for one in sorted(
        (one for one in found if tiers[one[0]].mode == "graduated"), key=lambda one: places.get(one[0], -1)
    ):
        graduated.setdefault(one[1], one)
    volume = [one for one in found if tiers[one[0]].mode == "volume" and one[0] in listed]
    return [*graduated.values(), *volume]


def _walked(
    tiers: Mapping[int, CpaTiers], measure: str, listed: Sequence[int], units: Sequence[Candidate], opening: Fraction
) -> Iterator[Owed]:
    """The tiers entered by what one measure counts; the versions in force stand first, in the order of their dates.

    Tiers without a fee are among them: entered under one version, a tier is not owed again by another.
    """
    scales = {number: scale_of(clause) for number, clause in tiers.items() if clause.measure == measure}
    marked = {
        number: replace(scale, tiers=tuple(replace(tier, fee=ONE) for tier in scale.tiers))
        for number, scale in scales.items()
    }
    runs = [Run(number, NONE) for number in listed]
    runs += [Run(one.governing.version, one.measured(measure)) for one in units]
    runs += [Run(number, NONE) for number in listed[-1:]]
    first = next((number for number in listed if tiers.get(number) and tiers[number].mode == "graduated"), None)
    for fee in walk(runs, marked, opening).fees if scales else ():
        is_entered = fee.tier or tiers[fee.version].mode == "volume" or fee.version == first
        if is_entered:
            yield fee.version, fee.tier


def _items_of(version: ContractVersion) -> tuple[CpaItem, ...]:
    return version.terms.items if isinstance(version.terms, CpaTerms) else ()


def _lists(version: ContractVersion, item: str) -> bool:
    return any(one.item == item for one in _items_of(version))


def tiered_items(version: ContractVersion) -> list[str]:
    """The items that a version prices by tiers."""
    return [item.item for item in _items_of(version) if item.tiers is not None]


def tiers_of(version: ContractVersion, item: str) -> CpaTiers | None:
    """A version's tiers of an item."""
    return next((one.tiers for one in _items_of(version) if one.item == item), None)


def _counts_on(tiers: Mapping[int, CpaTiers]) -> bool:
    return any(scale_of(one).counts_on for one in tiers.values())
