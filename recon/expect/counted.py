"""Which count of an item is billed: ours or a third party's, and how much of it was booked (RULES 3.5, 3.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from recon.contracts.terms import CpmItem, CpmTerms, ThirdParty
from recon.expect.booking import Bought, cut_back, cut_told, taken, taken_told
from recon.expect.delivery import Units, item_of
from recon.expect.force import InForce
from recon.expect.lines import Remark, Working
from recon.expect.openings import Openings
from recon.expect.segments import Segment, segments_of
from recon.expect.steps import invoice_currency
from recon.expect.third_party import Verdict, missing_days, shared, shares_told, their_count, verdict, verdict_told

NONE = Fraction(0)


@dataclass(frozen=True)
class Counted:
    """An item's segments as they are priced, how many of our units are billable and over booked, and why."""

    item: str
    segments: Sequence[Segment]
    billable: int
    over_booked: int
    workings: tuple[Working, ...] = ()
    remarks: tuple[Remark, ...] = ()


class Clause(NamedTuple):
    """A third-party clause with the version and path where it stands."""

    terms: ThirdParty
    version: int
    path: str


@dataclass(frozen=True)
class Listing:
    """An item of a contract in a period: what the versions in force say about it."""

    name: str
    force: InForce

    @cached_property
    def items(self) -> dict[int, CpmItem]:
        """What each stretch of the period that lists the item says."""
        found = {place: item_of(span.version, self.name) for place, span in enumerate(self.force.spans)}
        return {place: item for place, item in found.items() if item is not None}

    @property
    def last(self) -> int:
        """The stretch in which the item's last day of the period lies."""
        return max(self.items)

    @property
    def third_party(self) -> Clause | None:
        """The clause that decides: the item's own in the version of its last day, else that of the terms (3.6)."""
        version, own = self.force.spans[self.last].version, self.items[self.last].third_party
        general = version.terms.third_party if isinstance(version.terms, CpmTerms) else None
        path = f"items[{self.name}].third_party" if own else "third_party"
        terms = own or general
        return Clause(terms, version.version, f"{path}.{_key(terms)}") if terms else None

    @property
    def bought(self) -> dict[int, Bought]:
        """The booked quantity of each stretch that has one."""
        path = f"items[{self.name}].booked.quantity"
        return {
            place: Bought(item.booked, self.force.spans[place].version.version, path)
            for place, item in self.items.items()
            if item.booked is not None
        }

    def is_in_force(self, day: date) -> bool:
        """Whether the version in force on a day of the period lists the item."""
        bounds = [self.force.within(self.force.spans[place]) for place in self.items]
        return any(first <= day < end for first, end in bounds)

    def opening(self, bought: Iterable[Bought], openings: Openings) -> Fraction:
        """The opening count, asked for only where a booked quantity counts over the contract."""
        wanted = any(one.clause.scope == "contract" for one in bought)
        return openings.quantity(self.force.contract, self.name) if wanted else NONE


def _key(clause: ThirdParty) -> str:
    return "controlling" if clause.controlling == "third_party" else "tolerance_percent"


def counted(listing: Listing, units: Sequence[Units], openings: Openings, rows: Mapping[date, int]) -> Counted:
    """The billed count of an item, from our units in order and a third party's counts by date (RULES 3.5, 3.6)."""
    clause = listing.third_party
    if clause is None:
        return _by_us(listing, units, openings)
    own: Counter[date] = Counter()
    for unit in units:
        own[unit.day] += unit.quantity
    theirs = {day: count for day, count in rows.items() if listing.is_in_force(day)}
    found = verdict(clause.terms, own.total(), their_count(own, theirs))
    billed = _by_us(listing, units, openings) if found.source == "own" else _by_them(listing, units, found, openings)
    told = verdict_told(clause.terms, found, clause.version, clause.path)
    remarks = (_missing(listing, own, theirs),) if found.theirs is None else ()
    return replace(billed, workings=(told, *billed.workings), remarks=remarks)


def _by_us(listing: Listing, units: Sequence[Units], openings: Openings) -> Counted:
    bought = listing.bought
    opening = listing.opening(bought.values(), openings)
    fitting = taken(units, bought, opening)
    billable = sum(unit.quantity for unit in fitting)
    over = sum(unit.quantity for unit in units) - billable
    told = taken_told(units, fitting, bought, opening)
    return Counted(listing.name, segments_of(fitting), billable, over, tuple(told))


def _by_them(listing: Listing, units: Sequence[Units], found: Verdict, openings: Openings) -> Counted:
    """The third party's count, or the mean, shared by the segments; the fates keep telling ours."""
    own = segments_of(units)
    parts = shared(found.billed, own)
    limit = listing.bought.get(listing.last)
    opening = listing.opening([limit] if limit else [], openings)
    fitting = cut_back(parts, limit, opening)
    workings = (*shares_told(own, parts), *cut_told(parts, fitting, limit, opening))
    return Counted(listing.name, fitting, found.own, 0, workings)


def _missing(listing: Listing, own: Mapping[date, int], theirs: Mapping[date, int]) -> Remark:
    """The finding that a third party's count was wanted and is not there for every date with delivery."""
    days, force = missing_days(own, theirs), listing.force
    delivered = sum(1 for quantity in own.values() if quantity)
    named = ", ".join(str(day) for day in days[:3]) + (" and others" if len(days) > 3 else "")
    sentence = (
        f"The third party's count of {listing.name} is missing for {len(days)} of {delivered} dates with delivery "
        f"({named}): our own count is billed (3.6)."
    )
    direction, currency = force.last.direction, invoice_currency(force)
    return Remark(force.contract, listing.name, direction, currency, "third_party_missing", sentence)
