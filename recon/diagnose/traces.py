"""What is behind a finding: the events that either side sees otherwise, and the line's workings under the edit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

from recon.contracts.book import Book
from recon.diagnose.case import Case
from recon.diagnose.fits import Fit
from recon.diagnose.reading import AGAIN
from recon.diagnose.reprice import Repricer
from recon.diagnose.world import LineKey, World
from recon.expect import ExpectedLine
from recon.expect.delivery import Delivered, delivered_each
from recon.money import round_to
from recon.observe.impressions import ImpressionCount
from recon.period import instant_text

MOST_EVENTS = 50
NO_FATE = "–"


@dataclass(frozen=True)
class Event:
    """One row of `finding_events.csv`: an event, or counted ones, with the fate and amount that either side gives."""

    finding_id: str
    dataset: str
    event: str
    quantity: int
    ours: str
    theirs: str
    our_amount: Decimal | None
    their_amount: Decimal | None
    place: str


@dataclass(frozen=True)
class Trace:
    """A finding's events, at most 50, and the line as the edit has it, with workings."""

    finding_id: str
    events: tuple[Event, ...]
    line: ExpectedLine | None


@dataclass(frozen=True)
class Wanted:
    """A finding to trace: its id, its contract's case, the fit and the line it is about."""

    finding_id: str
    case: Case
    fit: Fit
    key: LineKey


def traces(repricer: Repricer, world: World, wanted: Sequence[Wanted]) -> tuple[Trace, ...]:
    """The traces of findings, each contract's worlds looked at once."""
    found = []
    lines: dict[tuple[str, int], list[ExpectedLine]] = {}
    for one in wanted:
        if not world.every.versions_of(one.case.contract):
            found.append(Trace(one.finding_id, (), None))
            continue
        place = (one.case.contract, id(one.fit.world))
        if place not in lines:
            lines[place] = repricer.expected(one.fit.world, one.case.contract)
        line = next((line for line in lines[place] if LineKey(line.item, line.kind, line.currency) == one.key), None)
        found.append(Trace(one.finding_id, tuple(islice(_events(repricer, world, one), MOST_EVENTS)), line))
    return tuple(found)


def _events(repricer: Repricer, world: World, one: Wanted) -> Iterator[Event]:
    if one.fit.world is world:
        return
    seen = _conversions if world.is_cpa(one.case.contract) else _impressions
    yield from seen(repricer, world, one)


def _conversions(repricer: Repricer, world: World, wanted: Wanted) -> Iterator[Event]:
    contract = wanted.case.contract
    ours = {row[0]: row for row in repricer.decisions(world, contract)}
    theirs = {row[0]: row for row in repricer.decisions(wanted.fit.world, contract)}
    for one in sorted(ours.keys() | theirs.keys()):
        before, after = ours.get(one), theirs.get(one)
        if wanted.key.item in (_item(before), _item(after)) and _said(before) != _said(after):
            amounts = _amount(before), _amount(after)
            touch = f"touch {after[3]}" if after is not None and after[3] else ""
            yield Event(
                wanted.finding_id,
                "conversions",
                one.replace(AGAIN, "#"),
                1,
                _fate(before),
                _fate(after),
                *amounts,
                touch,
            )


def _item(row: tuple[Any, ...] | None) -> str:
    return "" if row is None else row[4] or ""


def _said(row: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    return None if row is None else (row[1], row[4], row[5])


def _fate(row: tuple[Any, ...] | None) -> str:
    if row is None:
        return NO_FATE
    return f"{row[1]}, {row[2]}" if row[2] else str(row[1])


def _amount(row: tuple[Any, ...] | None) -> Decimal | None:
    return None if row is None or row[5] is None else round_to(Fraction(row[5]), 6).normalize() + 0


def _impressions(repricer: Repricer, world: World, wanted: Wanted) -> Iterator[Event]:
    """Counts of the item that either side gives another fate, or prices by another version or row."""
    contract, item, other = wanted.case.contract, wanted.key.item, wanted.fit.world
    totals: dict[tuple[str, str], list[int]] = defaultdict(list)
    spans: dict[tuple[str, str], list[int]] = defaultdict(list)
    for count, before, after in impressions_seen(repricer, world, other, contract, item):
        totals[before, after].append(count.quantity)
        spans[before, after] += [count.start, count.end]
    for pair in sorted(totals, key=lambda one: (-sum(totals[one]), one)):
        place = f"{item}, {_span(spans[pair])}"
        yield Event(wanted.finding_id, "impressions", "", sum(totals[pair]), *pair, None, None, place)


def impressions_seen(
    repricer: Repricer, world: World, other: World, contract: str, item: str
) -> Iterator[tuple[ImpressionCount, str, str]]:
    """The counts of an item to which two worlds give different fates, with both."""
    counts = repricer.counts(other, contract, item)
    ours = _fates(counts, world, contract)
    theirs = _fates([repricer.as_read(one, other) for one in counts], other, contract)
    yield from (one for one in zip(counts, ours, theirs, strict=True) if one[1] != one[2])


def _fates(counts: Sequence[ImpressionCount], world: World, contract: str) -> list[str]:
    """The fate of each count in a world, with the version and row that price it."""
    versions = world.versions(contract)
    direction = versions[0].direction if versions else "charge"
    return [_fate_told(one) for one in delivered_each(counts, Book(versions), world.scope, direction)]


def _fate_told(one: Delivered) -> str:
    version = f" by v{one.listing.version.version}" if one.listing and one.fate == "billable" else ""
    row = f" row {one.rate_index + 1}" if one.rate_index is not None else ""
    return f"{one.fate}{version}{row}"


def _span(instants: Sequence[int]) -> str:
    known = [one for one in instants if abs(one) < 2**61]
    return f"{instant_text(min(known))} to {instant_text(max(known))}" if known else ""
