"""One contract's month as it stands: what we expect, what was billed, which lines are open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from recon.billed import BilledLine
from recon.compare import Line
from recon.compare.lines import CLOSED
from recon.diagnose.world import NO_LINE, NONE, LineKey, Lines, Priced


@dataclass(frozen=True)
class Side:
    """What was billed under one key; quantity None where a line states none."""

    quantity: Decimal | None = None
    amount: Decimal = NONE
    is_there: bool = False


NOT_BILLED = Side()


@dataclass(frozen=True)
class Case:
    """A contract's lines of a period: expected, billed (exact copies of a line taken off), and those left open."""

    contract: str
    expected: Lines
    billed: Mapping[LineKey, Side]
    open: frozenset[LineKey]

    def ours(self, key: LineKey) -> Priced:
        """What we expect under a key."""
        return self.expected.get(key, NO_LINE)

    def theirs(self, key: LineKey) -> Side:
        """What was billed under a key."""
        return self.billed.get(key, NOT_BILLED)

    def variance(self, key: LineKey) -> Decimal:
        """Billed − expected (RULES 1.6)."""
        return self.theirs(key).amount - self.ours(key).amount

    def gap(self, key: LineKey) -> Decimal | None:
        """By how much the billed quantity differs; None where none is stated."""
        quantity = self.theirs(key).quantity
        return None if quantity is None else quantity - self.ours(key).quantity

    def moved(self, lines: Lines) -> list[LineKey]:
        """The keys on which other lines differ from ours, in amount or, where quantities are stated, in quantity."""
        keys = sorted(lines.keys() | self.expected.keys())
        return [key for key in keys if self._is_moved(key, lines.get(key, NO_LINE))]

    def _is_moved(self, key: LineKey, line: Priced) -> bool:
        ours, stated = self.ours(key), self.theirs(key).quantity
        return line.amount != ours.amount or (stated is not None and line.quantity != ours.quantity)

    def agrees(self, key: LineKey, lines: Lines) -> bool:
        """Whether other lines say of a key what was billed: the amount to the cent, and the quantity where stated."""
        line, billed = lines.get(key, NO_LINE), self.theirs(key)
        return line.amount == billed.amount and (billed.quantity is None or line.quantity == billed.quantity)

    @cached_property
    def halves(self) -> list[frozenset[LineKey]]:
        """Open lines that were expected in one currency and billed in another, in twos."""
        absent = [key for key in self.open if not self.theirs(key).is_there]
        strange = [key for key in self.open if key not in self.expected]
        return [frozenset([one, other]) for one in absent for other in strange if one[:2] == other[:2]]

    def is_whole(self, explained: frozenset[LineKey]) -> bool:
        """Whether none of two such lines is explained without the other."""
        return all(len(two & explained) != 1 for two in self.halves)

    @cached_property
    def open_items(self) -> frozenset[str]:
        """The items with an open line."""
        return frozenset(key.item for key in self.open)


Copies = Mapping[tuple[str, LineKey], Priced]


def cases_of(lines: Iterable[Line], billed: Iterable[BilledLine], copies: Copies) -> dict[str, Case]:
    """Every contract's case by id; `copies` are what exact copies add to (contract, key)."""
    stated: dict[tuple[str, LineKey], int] = defaultdict(int)
    for one in billed:
        stated[one.contract, LineKey(one.item, one.kind, one.currency)] += 1
    by_contract: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_contract[line.contract].append(line)
    return {contract: _case(contract, own, stated, copies) for contract, own in by_contract.items()}


def _case(contract: str, lines: Iterable[Line], stated: Mapping[tuple[str, LineKey], int], copies: Copies) -> Case:
    expected: Lines = {}
    billed: dict[LineKey, Side] = {}
    still_open: set[LineKey] = set()
    for line in lines:
        key = LineKey(line.item, line.kind, line.currency)
        if line.expected_quantity or line.expected_amount:
            expected[key] = Priced(line.expected_quantity, line.expected_amount)
        if stated.get((contract, key)):
            billed[key] = _side(line, copies.get((contract, key), NO_LINE))
        if line.status not in CLOSED and billed.get(key, NOT_BILLED).amount != line.expected_amount:
            still_open.add(key)
    return Case(contract, expected, billed, frozenset(still_open))


def _side(line: Line, copies: Priced) -> Side:
    quantity = None if line.billed_quantity is None else line.billed_quantity - copies.quantity
    return Side(quantity, line.billed_amount - copies.amount, True)


def items_in(keys: Collection[LineKey]) -> list[str]:
    """The items of keys, sorted."""
    return sorted({key.item for key in keys})
