"""To which contract an impression belongs and how it ends: exactly one fate each (RULES 3.1 to 3.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpmItem, CpmTerms, When
from recon.expect.force import InForce
from recon.observe.impressions import ImpressionCount
from recon.observe.scope import Scope, ends, spans_of, starts
from recon.period import local_date

BOTH_KINDS = ("givt", "sivt")  # the default of exclude_ivt, also where no version is in force to say


@dataclass(frozen=True)
class Listing:
    """One stretch of time (µs, half-open) in which a version in force lists an item."""

    contract: str
    start: int
    end: int
    version: ContractVersion
    item: CpmItem


@dataclass(frozen=True)
class Owner:
    """Whose an impression is: a contract, and the listing in force, or None (RULES 3.1, 3.2 `no_version`)."""

    contract: str
    timezone: str
    listing: Listing | None


@dataclass(frozen=True)
class Delivered:
    """Impressions of one cut with the fate they met, and the rate for the billable ones."""

    contract: str
    item: str
    fate: str
    quantity: int
    start: int
    listing: Listing | None = None
    rate_index: int | None = None


@dataclass(frozen=True)
class Units:
    """Billable impressions of an item on one date at one rate of the version in force.

    `stretch` counts the pieces of the period in which one version after the other is in force. Where no clause asks for
    dates, the date is one on which units of that stretch may lie.
    """

    day: date
    stretch: int
    version: ContractVersion
    rate_index: int
    quantity: int


class Listings:
    """Which contract of one direction lists an item when."""

    def __init__(self, book: Book, direction: str) -> None:
        self._book = book
        self._direction = direction

    @cached_property
    def _of_item(self) -> dict[str, list[Listing]]:
        found: dict[str, list[Listing]] = defaultdict(list)
        for span in spans_of(self._book, CpmTerms):
            if span.version.direction == self._direction and isinstance(span.version.terms, CpmTerms):
                for item in span.version.terms.items:
                    found[item.item].append(Listing(span.contract, starts(span), ends(span), span.version, item))
        return found

    @cached_property
    def _mentions(self) -> dict[str, ContractVersion]:
        """For each item the contract with the smallest id that any approved version of it lists."""
        found: dict[str, ContractVersion] = {}
        for version in reversed(self._book.versions):
            if version.direction == self._direction and isinstance(version.terms, CpmTerms):
                found.update({item.item: version for item in version.terms.items})
        return found

    def owner(self, item: str, instant: int) -> Owner | None:
        """Whose an impression of the item is at an instant; None when no contract knows the item.

        Out of force it stays with the contract that listed it last before, else with the one that lists it
        first after, else with the first that ever wrote it down.
        """
        listings = self._of_item.get(item, [])
        for listing in listings:
            if listing.start <= instant < listing.end:
                return Owner(listing.contract, listing.version.timezone, listing)
        nearest = _nearest(listings, instant)
        version = nearest.version if nearest else self._mentions.get(item)
        return Owner(version.contract, version.timezone, None) if version else None


def _nearest(listings: list[Listing], instant: int) -> Listing | None:
    before = [listing for listing in listings if listing.end <= instant]
    if before:
        return min(before, key=lambda one: (-one.end, one.contract))
    return min(listings, key=lambda one: (one.start, one.contract), default=None)


def deliver(counts: tuple[ImpressionCount, ...], book: Book, scope: Scope, direction: str) -> Iterator[Delivered]:
    """Every count of impressions with its contract and fate in one direction, in the order of time."""
    yield from delivered_each(sorted(counts, key=lambda one: one.start), book, scope, direction)


def delivered_each(counts: Iterable[ImpressionCount], book: Book, scope: Scope, direction: str) -> Iterator[Delivered]:
    """The same in the order in which the counts stand; many are of one item and cut, few zones are asked for."""
    owner_of = cache(Listings(book, direction).owner)
    span_in = cache(lambda zone: (scope.period.start(zone), scope.period.end(zone)))
    for count in counts:
        owner = owner_of(count.item, max(count.start, 0)) if count.item else None
        yield _deliver(count, owner, span_in(owner.timezone if owner else "UTC"))


def _deliver(count: ImpressionCount, owner: Owner | None, month: tuple[int, int]) -> Delivered:
    if not month[0] <= count.start < month[1]:
        return Delivered("", "", "look_back", count.quantity, count.start)
    if owner is None:
        return Delivered("", count.item, "unknown_item", count.quantity, count.start)
    fate, rate_index = fate_of(count, owner.listing)
    return Delivered(owner.contract, count.item, fate, count.quantity, count.start, owner.listing, rate_index)


def fate_of(count: ImpressionCount, listing: Listing | None) -> tuple[str, int | None]:
    """The first fate of RULES 3.2 that applies, and the place of the rate for what is billable so far."""
    terms = listing.version.terms if listing else None
    excluded = terms.exclude_ivt if terms else BOTH_KINDS
    if count.is_duplicate:
        return "duplicate", None
    if count.is_test:
        return "test", None
    if count.ivt in excluded:
        return "ivt", None
    if count.is_late:
        return "late", None
    if listing is None or not isinstance(terms, CpmTerms):
        return "no_version", None
    return _fate_of_valid(count, listing.item, terms.basis)


def _fate_of_valid(count: ImpressionCount, item: CpmItem, basis: str) -> tuple[str, int | None]:
    if basis == "viewable" and not count.is_viewable:
        return "not_viewable", None
    if basis == "completed" and not count.is_completed:
        return "not_completed", None
    for index, rate in enumerate(item.rates):
        if matches(rate.when, count):
            return "billable", index
    return "no_rate", None


def matches(when: When, unit: object) -> bool:
    """Whether a unit's attributes are in all lists that the condition gives (RULES 3.3, 5.6)."""
    return all(getattr(unit, name) in values for name, values in when.conditions)


def units_of(billable: Iterable[Delivered], force: InForce) -> list[Units]:
    """Billable impressions of one item in the order of RULES 3.4: by date, and within a date as the rates stand."""
    totals: dict[tuple[date, int], int] = defaultdict(int)
    for one in billable:
        assert one.rate_index is not None
        totals[local_date(one.start, force.last.timezone), one.rate_index] += one.quantity
    return [_units(day, rate_index, totals[day, rate_index], force) for day, rate_index in sorted(totals)]


def _units(day: date, rate_index: int, quantity: int, force: InForce) -> Units:
    stretch = force.stretch(day)
    return Units(day, stretch, force.spans[stretch].version, rate_index, quantity)


def item_of(version: ContractVersion, name: str) -> CpmItem | None:
    """The item of that name in a version, if it lists it."""
    items = version.terms.items if isinstance(version.terms, CpmTerms) else ()
    return next((item for item in items if item.item == name), None)
