"""CPM: billable impressions to charges and payouts (RULES 3 and 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from recon.contracts.book import Book
from recon.contracts.terms import CpmTerms
from recon.expect.charges import Charged, Earned, charge_lines
from recon.expect.counted import Counted, Listing, counted
from recon.expect.currency import ExchangeRates
from recon.expect.delivery import Delivered, deliver, units_of
from recon.expect.force import InForce, in_force
from recon.expect.lines import ExpectedLine, FateCount, Remark
from recon.expect.openings import Balance, Openings
from recon.expect.segments import counts_on, earned
from recon.inputs.rows import ThirdPartyCount
from recon.observe.impressions import ImpressionCount
from recon.observe.scope import Scope
from recon.period import Period

DIRECTIONS = ("charge", "payout")


@dataclass
class CpmMonth:
    """What CPM contracts come to in a period: lines, fates, remarks, and what was added to counts and spend."""

    lines: list[ExpectedLine] = field(default_factory=list)
    fates: list[FateCount] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    moved: list[Balance] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What pricing needs beside contracts and counts: rates, opening balances, third-party counts by item and date."""

    rates: ExchangeRates
    openings: Openings
    third_party: Mapping[str, Mapping[date, int]]


def expected_cpm(
    counts: tuple[ImpressionCount, ...],
    book: Book,
    scope: Scope,
    *,
    rates: ExchangeRates,
    openings: Openings,
    third_party: Iterable[ThirdPartyCount] = (),
) -> CpmMonth:
    """Expected lines and fates of all CPM contracts of both directions, with remarks and what adds to balances.

    Raises BadInput where the rate of an invoice currency is missing.
    """
    known = Known(rates, openings, by_item(third_party))
    month = CpmMonth()
    for direction in DIRECTIONS:
        delivered = list(deliver(counts, book, scope, direction))
        month.fates += [_fate(direction, one) for one in delivered if one.fate != "billable"]
        billable = _billable(delivered)
        for force in _contracts(book, scope.period, direction):
            items = [_count(item, billable[force.contract, item], force, known) for item in listed(force)]
            _add(force, items, known, month)
    return month


Billable = Mapping[str, Sequence[Delivered]]  # by item


def billable_of(counts: Iterable[ImpressionCount], contract: str, book: Book, scope: Scope) -> Billable:
    """The billable impressions of one contract alone, by item; none where it is not in force in the period."""
    force = in_force(book, contract, scope.period)
    if force is None:
        return {}
    found = _billable(deliver(tuple(counts), book, scope, force.last.direction))
    return {item: found[contract, item] for item in listed(force)}


def billed_lines(
    billable: Billable,
    contract: str,
    book: Book,
    scope: Scope,
    *,
    known: Known,
    on_earned: Callable[[Earned], Earned] = lambda one: one,
) -> tuple[ExpectedLine, ...]:
    """The lines of one contract alone, from its billable impressions.

    `on_earned` may change what an item earned before it is deducted from and rounded.
    """
    force = in_force(book, contract, scope.period)
    if force is None:
        return ()
    items = [_count(item, billable.get(item, ()), force, known) for item in listed(force)]
    priced = [on_earned(_earned(item, force, known.openings)) for item in items]
    return charge_lines(force, priced, known.openings, known.rates).lines


def by_item(rows: Iterable[ThirdPartyCount]) -> Mapping[str, Mapping[date, int]]:
    """Third-party counts by item and date."""
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row.item][row.date] = row.impressions
    return found


def _fate(direction: str, one: Delivered) -> FateCount:
    return FateCount(direction, "impressions", one.contract, one.item, one.fate, one.quantity)


def _billable(delivered: Iterable[Delivered]) -> dict[tuple[str, str], list[Delivered]]:
    found: dict[tuple[str, str], list[Delivered]] = defaultdict(list)
    for one in delivered:
        if one.fate == "billable":
            found[one.contract, one.item].append(one)
    return found


def _contracts(book: Book, period: Period, direction: str) -> Iterator[InForce]:
    """The CPM contracts of a direction that are in force on some day of the period."""
    for contract in book.contracts:
        force = in_force(book, contract, period)
        if force is not None and isinstance(force.terms, CpmTerms) and force.last.direction == direction:
            yield force


def _count(item: str, delivered: Sequence[Delivered], force: InForce, known: Known) -> Counted:
    listing = Listing(item, force)
    return counted(listing, units_of(delivered, force), known.openings, known.third_party.get(item, {}))


def listed(force: InForce) -> list[str]:
    """The items that any version in force lists, in the order in which they come in force."""
    terms = [span.version.terms for span in force.spans]
    return list(dict.fromkeys(item.item for one in terms if isinstance(one, CpmTerms) for item in one.items))


def _add(force: InForce, items: Sequence[Counted], known: Known, month: CpmMonth) -> None:
    """A contract's lines, fates, remarks and movements to those of the month."""
    for item in items:
        told = (("billable", item.billable), ("over_booked", item.over_booked))
        month.fates += [
            FateCount(force.last.direction, "impressions", force.contract, item.item, fate, quantity)
            for fate, quantity in told
        ]
        month.remarks += item.remarks
    priced = [_earned(item, force, known.openings) for item in items]
    charged: Charged = charge_lines(force, priced, known.openings, known.rates)
    month.lines += charged.lines
    month.moved += [Balance(force.contract, one.item, "quantity", one.quantity) for one in priced]
    month.moved += charged.spent


def _earned(item: Counted, force: InForce, openings: Openings) -> Earned:
    wanted = counts_on(item.item, force)
    opening = openings.opening(force.contract, item.item, "quantity") if wanted else None
    found = earned(item.item, item.segments, force, opening)
    return Earned(found.item, found.quantity, found.parts, (*item.workings, *found.workings))
