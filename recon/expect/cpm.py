"""CPM: billable impressions to charges and payouts (RULES 3 and 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpmRate, CpmTerms
from recon.expect.delivery import Delivered, deliver
from recon.expect.lines import ExpectedLine, FateCount, Working
from recon.money import round_amount, written
from recon.observe.impressions import ImpressionCount
from recon.observe.scope import Scope

DIRECTIONS = ("charge", "payout")


@dataclass(frozen=True)
class Segment:
    """Billable impressions of one version at one rate (RULES 4.1)."""

    version: ContractVersion
    rate: CpmRate
    rate_index: int
    quantity: int

    @property
    def clause(self) -> str:
        return f"rates[{self.rate_index}]"

    @property
    def amount(self) -> Fraction:
        """quantity × per_mille / 1000, unrounded."""
        return self.quantity * Fraction(self.rate.per_mille or 0) / 1000

    def working(self, item: str) -> Working:
        price = Fraction(self.rate.per_mille or 0)
        text = f"{self.quantity:,} impressions × {written(price)} / 1000 = {written(self.amount)}"
        clause = f"items[{item}].{self.clause}"
        label = f"v{self.version.version} {condition_text(self.rate)}"
        number = self.version.version
        return Working("segment", "4.1", label, text, number, clause, Fraction(self.quantity), price, self.amount)


def condition_text(rate: CpmRate) -> str:
    """A rate's condition in words."""
    if rate.when.is_always:
        return "all impressions"
    return ", ".join(f"{name} {' or '.join(values)}" for name, values in rate.when.conditions)


def expected_cpm(
    counts: tuple[ImpressionCount, ...], book: Book, scope: Scope, left_out: Iterable[str] = ()
) -> tuple[list[ExpectedLine], list[FateCount]]:
    """Expected lines and fates of all CPM contracts of both directions; contracts left out get fates alone."""
    skipped = frozenset(left_out)
    lines: list[ExpectedLine] = []
    fates: list[FateCount] = []
    for direction in DIRECTIONS:
        delivered = list(deliver(counts, book, scope, direction))
        fates += [FateCount(direction, "impressions", d.contract, d.item, d.fate, d.quantity) for d in delivered]
        lines += _lines(delivered, book, scope, skipped)
    return lines, fates


def _lines(delivered: list[Delivered], book: Book, scope: Scope, skipped: frozenset[str]) -> list[ExpectedLine]:
    by_item: dict[tuple[str, str], list[Delivered]] = defaultdict(list)
    for one in delivered:
        if one.fate == "billable" and one.contract not in skipped:
            by_item[one.contract, one.item].append(one)
    return [line for (contract, item), units in by_item.items() for line in _line(contract, item, units, book, scope)]


def _line(contract: str, item: str, units: list[Delivered], book: Book, scope: Scope) -> list[ExpectedLine]:
    segments = segments_of(units)
    last = segments[-1].version if segments else None
    if last is None or not isinstance(last.terms, CpmTerms):
        return []
    unrounded = sum((segment.amount for segment in segments), Fraction(0))
    governing = last_in_force(book, contract, scope) or last
    mode = governing.terms.rounding if governing.terms else "half_up"
    amount = round_amount(unrounded, last.currency, mode)
    quantity = sum(segment.quantity for segment in segments)
    workings = [segment.working(item) for segment in segments]
    text = f"{written(unrounded)} rounded {mode} once = {amount}"
    rounding = Working(
        "round", "1.2", "line", text, governing.version, "rounding", Fraction(quantity), None, Fraction(amount),
        (("mode", mode),),
    )  # fmt: skip
    kind = last.direction
    return [
        ExpectedLine(
            contract, item, str(scope.period), kind, last.currency, Decimal(quantity), amount, (*workings, rounding)
        )
    ]


def segments_of(units: Iterable[Delivered]) -> list[Segment]:
    """Billable units by version and rate, in the order of their dates and of the rates (RULES 3.4)."""
    totals: dict[tuple[int, int], int] = {}
    seen: dict[tuple[int, int], Delivered] = {}
    for unit in sorted(units, key=lambda one: (one.start, one.rate_index or 0)):
        if unit.listing is not None and unit.rate_index is not None:
            key = unit.listing.version.version, unit.rate_index
            totals[key] = totals.get(key, 0) + unit.quantity
            seen.setdefault(key, unit)
    return [_segment(seen[key], total) for key, total in totals.items()]


def _segment(unit: Delivered, total: int) -> Segment:
    assert unit.listing is not None and unit.rate_index is not None
    return Segment(unit.listing.version, unit.listing.item.rates[unit.rate_index], unit.rate_index, total)


def last_in_force(book: Book, contract: str, scope: Scope) -> ContractVersion | None:
    """The version in force on the period's last day in force (RULES 4.5); None when none was."""
    spans = [span for span in book.spans(contract) if span.first <= scope.period.last]
    inside = [span for span in spans if span.end is None or span.end > scope.period.first]
    return inside[-1].version if inside else None
