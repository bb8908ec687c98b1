"""Where an item's time is cut: at every instant at which a version, a month or an error in either can begin or end.

What is expected needs the bounds of versions and months in the contract's zone. A later diagnosis also asks what the
month would be in another zone, with an amendment dated otherwise, or under a version that is not in force: those
cuts are made in the same scan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta

from recon.contracts.book import ONE_DAY, Book
from recon.contracts.terms import ContractVersion, CpmItem, CpmTerms
from recon.observe.scope import Scope
from recon.period import DAY, Period, fixed_zone, local_date, midnight

MARGIN = timedelta(days=2)


def cuts_of_items(book: Book, scope: Scope, counted_by_others: Collection[str] = ()) -> dict[str, tuple[int, ...]]:
    """The instants at which each known item's time is cut; unknown items stand under the empty name.

    `book` holds every version, whatever its status; `counted_by_others` are items with third-party counts.
    """
    common = set(_month_bounds(scope, {"UTC", *_named(scope.billing_timezone)}))
    cuts: dict[str, set[int]] = defaultdict(lambda: set(common))
    cuts[""] = set(common)
    for contract in book.contracts:
        versions = book.versions_of(contract)
        bounds = set(_bounds(versions, scope))
        for item in _items(versions):
            cuts[item] |= bounds
            if _needs_days(item, versions, counted_by_others):
                cuts[item] |= {at for zone in _zones(versions, scope) for at in midnights(scope, zone)}
    return {item: tuple(sorted(instants)) for item, instants in cuts.items()}


def zones_in_question(zone: str, period: Period, billing_timezone: str | None) -> tuple[str, ...]:
    """The zones a contract's month may have been cut in: its own, UTC, the billing system's, its offset held fixed.

    >>> zones_in_question("Europe/Berlin", Period(2026, 10), None)
    ('Europe/Berlin', 'UTC', 'UTC+02:00', 'UTC+01:00')
    """
    fixed = (fixed_zone(zone, period.start(zone)), fixed_zone(zone, period.end(zone)))
    return tuple(dict.fromkeys([zone, "UTC", *_named(billing_timezone), *fixed]))


def dates_in_question(versions: Iterable[ContractVersion]) -> tuple[date, ...]:
    """First days and days after the last of versions, and the local dates of what was done with them before."""
    return tuple(sorted({day for version in versions for day in _dates(version)}))


def _dates(version: ContractVersion) -> Iterator[date]:
    yield version.effective.first
    if version.effective.last is not None:
        yield version.effective.last + ONE_DAY
    for entry in version.history:
        yield local_date(entry.at, version.timezone)


def _named(zone: str | None) -> tuple[str, ...]:
    return () if zone is None else (zone,)


def _items(versions: Iterable[ContractVersion]) -> set[str]:
    return {item.item for one in versions if isinstance(one.terms, CpmTerms) for item in one.terms.items}


def _month_bounds(scope: Scope, zones: Iterable[str]) -> Iterator[int]:
    for zone in zones:
        yield scope.period.start(zone)
        yield scope.period.end(zone)


def _bounds(versions: tuple[ContractVersion, ...], scope: Scope) -> Iterator[int]:
    """Bounds of the month and of versions, in every zone in question."""
    first, last = scope.period.first - MARGIN, scope.period.last + MARGIN
    days = [day for day in dates_in_question(versions) if first <= day <= last]
    zones = _zones(versions, scope)
    yield from _month_bounds(scope, zones)
    yield from (midnight(day, zone) for day in days for zone in zones)


def _zones(versions: Iterable[ContractVersion], scope: Scope) -> set[str]:
    """Every zone that a contract's days may have been cut in."""
    own = {version.timezone for version in versions}
    return {one for zone in own for one in zones_in_question(zone, scope.period, scope.billing_timezone)}


def _needs_days(item: str, versions: Iterable[ContractVersion], counted_by_others: Collection[str]) -> bool:
    """Whether an item's units are counted by date: booked quantities and third-party counts (RULES 3.5, 3.6)."""
    if item in counted_by_others:
        return True
    terms = [version.terms for version in versions if isinstance(version.terms, CpmTerms)]
    return any(needs_days(one, stated) for stated in terms for one in stated.items if one.item == item)


def needs_days(item: CpmItem, terms: CpmTerms) -> bool:
    """Whether a version counts an item by date (RULES 3.5, 3.6)."""
    return item.booked is not None or (item.third_party or terms.third_party) is not None


def midnights(scope: Scope, zone: str) -> set[int]:
    """The instants at which a date of the period begins or ends in a zone."""
    days = [scope.period.first + timedelta(days=n) for n in range(scope.period.days + 1)]
    return {midnight(day, zone) for day in days}


def cutoffs_in_question(scope: Scope) -> tuple[int, ...]:
    """Cut-offs that a billing run may have had: whole days before the period's own, the earliest first, then its own.

    At most a week back and not before the month ends in UTC.
    """
    own, end = scope.cutoff_of(scope.period), scope.period.end("UTC")
    earlier = [own - days * DAY for days in range(7, 0, -1) if own - days * DAY >= end]
    return (*earlier, own)
