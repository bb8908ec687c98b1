"""From what a contract's items earned to its lines: deductions, caps, conversion, rounding, minimum (RULES 4.5, 4.6).

Shared by CPM contracts of both directions and CPA charges. Amounts are in the contract's currency until the invoice
currency converts them, exact until a line is rounded once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.contracts.terms import Cap, ContractVersion, CpaTerms, CpmTerms
from recon.expect.currency import ExchangeRates
from recon.expect.force import InForce
from recon.expect.lines import ExpectedLine, Working
from recon.expect.named_rules import rule_lines
from recon.expect.openings import Balance, Openings
from recon.expect.steps import (
    NONE,
    Due,
    Room,
    capping,
    invoiced,
    line_of,
    percent_off,
    prorated,
    rounded,
)
from recon.money import plain, told, written

MINIMUM = "_minimum"


@dataclass(frozen=True)
class Part:
    """What an item's segments and fees under one version come to, before any deduction (contract's currency)."""

    version: ContractVersion
    amount: Fraction


@dataclass(frozen=True)
class Earned:
    """What an item earned in a period: units, the amount per version, and the workings that led there."""

    item: str
    quantity: Fraction
    parts: tuple[Part, ...]
    workings: tuple[Working, ...] = ()

    @property
    def amount(self) -> Fraction:
        """Σ of the parts, unrounded."""
        return sum((part.amount for part in self.parts), NONE)


@dataclass(frozen=True)
class Charged:
    """A contract's lines of a period, and what each item and the contract spent in it (to count caps on by)."""

    lines: tuple[ExpectedLine, ...]
    spent: tuple[Balance, ...]


def charge_lines(
    force: InForce,
    earned: Sequence[Earned],
    openings: Openings,
    rates: ExchangeRates,
    beside: Sequence[ExpectedLine] = (),
) -> Charged:
    """All lines of a contract in a period: items, fixed fees, named rules, and the shortfall to its minimum.

    `earned` is what each item earned, in any order; kind is the contract's direction. Lines of nothing are among
    them: a line exists when its quantity or amount is not zero (RULES 4.5). Raises BadInput where the invoice
    currency's rate is missing. `beside` are further lines of the contract that named rules look at.
    """
    capped = contract_capped(force, [_item_line(force, one, openings) for one in _in_order(force, earned)], openings)
    lines = [_closed(force, _net(force, due), rates) for due in capped]
    fees = [_closed(force, due, rates) for due in _fixed_fees(force)]
    ruled = rule_lines(force, [*lines, *fees, *beside], force.last.direction, rates)
    shortfall = _shortfall(force, [*lines, *fees, *ruled], rates)
    return Charged((*lines, *fees, *ruled, *shortfall), tuple(_spent(force, capped)))


def _in_order(force: InForce, earned: Sequence[Earned]) -> list[Earned]:
    """Items in the order of the deciding version's document, those it no longer lists after them, by name."""
    assert isinstance(force.terms, CpmTerms | CpaTerms)
    listed = [item.item for item in force.terms.items]
    places = {item: place for place, item in enumerate(listed)}
    return sorted(earned, key=lambda one: (places.get(one.item, len(places)), one.item))


def _item_line(force: InForce, one: Earned, openings: Openings) -> Due:
    due = Due(one.item, one.quantity, one.amount, one.workings)
    for working in _discounts(one.parts):
        due = due.changed(working)
    cap = _item_cap(force, one.item)
    if cap is None:
        return due
    opening = openings.spend(force.contract, one.item) if cap.scope == "contract" else NONE
    clause = f"items[{one.item}].cap.amount"
    return due.changed(capping(due.amount, Room(cap, opening), force.last.version, clause))


def _item_cap(force: InForce, name: str) -> Cap | None:
    """The deciding version's cap on an item; only CPM items have one."""
    items = force.terms.items if isinstance(force.terms, CpmTerms) else ()
    return next((item.cap for item in items if item.item == name), None)


def _discounts(parts: Iterable[Part]) -> Iterator[Working]:
    """Each version's own percentage off what stands under it."""
    amounts: dict[int, Part] = {}
    for part in parts:
        before = amounts[part.version.version].amount if part.version.version in amounts else NONE
        amounts[part.version.version] = Part(part.version, before + part.amount)
    for number, part in amounts.items():
        percent = Fraction(part.version.terms.discount_percent) if part.version.terms else NONE
        if percent:
            yield percent_off("discount", part.amount, percent, number, "discount_percent")


def contract_capped(force: InForce, dues: Sequence[Due], openings: Openings) -> list[Due]:
    """The contract's cap: each item in document order takes what the ones before leave of it."""
    cap = force.terms.cap
    if cap is None:
        return list(dues)
    opening = openings.spend(force.contract) if cap.scope == "contract" else NONE
    capped: list[Due] = []
    for due in dues:
        others = sum((one.amount for one in capped), NONE)
        room = Room(cap, opening, others)
        capped.append(due.changed(capping(due.amount, room, force.last.version, "cap.amount")))
    return capped


def _spent(force: InForce, capped: Sequence[Due]) -> Iterator[Balance]:
    for due in capped:
        yield Balance(force.contract, due.item, "spend", due.amount)
    yield Balance(force.contract, "", "spend", sum((due.amount for due in capped), NONE))


def _net(force: InForce, due: Due) -> Due:
    """Less the agency's commission where the contract bills net."""
    percent = Fraction(force.terms.commission_percent) if force.terms.bill == "net" else NONE
    if not percent:
        return due
    return due.changed(percent_off("commission", due.amount, percent, force.last.version, "commission_percent"))


def _closed(force: InForce, due: Due, rates: ExchangeRates) -> ExpectedLine:
    return line_of(force, rounded(force, invoiced(force, due, rates)), force.last.direction)


def _fixed_fees(force: InForce) -> Iterator[Due]:
    """A line each, by the days in force where the fee is prorated; neither discounted, capped nor net (RULES 4.6)."""
    for fee in force.terms.fixed_fees:
        clause = f"fixed_fees[{fee.item}].amount"
        amount = Fraction(fee.amount)
        if fee.prorate:
            step = prorated(force, "fixed_fee", amount, clause, f"fixed fee {fee.item}")
        else:
            step = Working(
                "fixed_fee", "4.6", f"fixed fee {fee.item}", f"{plain(fee.amount)} for the period", force.last.version,
                clause, None, amount, amount,
            )  # fmt: skip
        yield Due(fee.item, NONE, amount, ()).turned(step)


def _shortfall(force: InForce, lines: Sequence[ExpectedLine], rates: ExchangeRates) -> list[ExpectedLine]:
    """The minimum less all charge lines, if they stay below it (RULES 4.6)."""
    minimum = force.terms.minimum
    if minimum is None:
        return []
    share = prorated(force, "prorate", Fraction(minimum.amount), "minimum.amount", "minimum")
    due = rounded(force, invoiced(force, Due(MINIMUM, NONE, NONE, ()).turned(share), rates), "4.6")
    charged = sum((Fraction(line.amount) for line in lines), NONE)
    missing = max(NONE, due.amount - charged)
    text = f"minimum {told(due.amount)} − {told(charged)} charged = {told(due.amount - charged)}"
    text += "" if missing else ", nothing is missing"
    step = Working(
        "shortfall", "4.6", "shortfall", text, force.last.version, "minimum.amount", None, None, missing,
        (("before", written(due.amount)), ("charged", written(charged))),
    )  # fmt: skip
    return [line_of(force, due.turned(step), "shortfall")]
