"""The single steps between what an item earned and its line, each a working (RULES 4.5, 4.6, 7.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from recon.contracts.terms import Cap
from recon.expect.currency import ExchangeRates
from recon.expect.force import InForce
from recon.expect.lines import ExpectedLine, Kind, Operation, Working
from recon.money import plain, round_amount, told, written

NONE = Fraction(0)


@dataclass(frozen=True)
class Due:
    """An amount on its way to a line, with the workings so far."""

    item: str
    quantity: Fraction
    amount: Fraction
    workings: tuple[Working, ...]

    def changed(self, working: Working) -> Due:
        """The amount after a step that adds its own amount (negative: takes off)."""
        return replace(self, amount=self.amount + (working.amount or NONE), workings=(*self.workings, working))

    def turned(self, working: Working) -> Due:
        """The amount after a step whose own amount takes its place."""
        return replace(self, amount=working.amount or NONE, workings=(*self.workings, working))


def percent_off(operation: Operation, before: Fraction, percent: Fraction, version: int, clause: str) -> Working:
    """A percentage taken off an amount, as a negative amount.

    >>> percent_off("discount", Fraction(1200), Fraction(10), 2, "discount_percent").text
    '1200 × 10% = 120 off, leaves 1080'
    """
    off = before * percent / 100
    text = f"{told(before)} × {told(percent)}% = {told(off)} off, leaves {told(before - off)}"
    inputs = (("before", written(before)), ("percent", written(percent)))
    return Working(operation, "4.5", f"v{version} {operation}", text, version, clause, None, percent, -off, inputs)


@dataclass(frozen=True)
class Room:
    """A spend cap, and what is taken of it: by earlier periods (`scope: contract`) and by other items."""

    cap: Cap
    opening: Fraction = NONE
    others: Fraction = NONE

    @property
    def left(self) -> Fraction:
        """What may still be spent, never below 0."""
        return max(NONE, Fraction(self.cap.amount) - self.opening - self.others)

    @property
    def words(self) -> str:
        """The room in words.

        >>> Room(Cap(amount="5000", scope="contract"), Fraction(4200)).words
        'cap 5000 − 4200 spent before leaves 800'
        """
        taken = ((self.opening, "spent before"), (self.others, "of other items"))
        less = "".join(f" − {told(amount)} {words}" for amount, words in taken if amount)
        return f"cap {plain(self.cap.amount)}{less} leaves {told(self.left)}"


def capping(before: Fraction, room: Room, version: int, clause: str) -> Working:
    """What a spend cap takes off an amount: negative, or 0 where it fits.

    >>> capping(Fraction(1000), Room(Cap(amount="5000", scope="contract"), Fraction(4200)), 1, "cap.amount").text
    'cap 5000 − 4200 spent before leaves 800; of 1000 200 is cut'
    """
    cut = max(NONE, before - room.left)
    text = f"{room.words}; of {told(before)} {told(cut) if cut else 'nothing'} is cut"
    inputs = (
        ("before", written(before)), ("limit", plain(room.cap.amount)), ("opening", written(room.opening)),
        ("others", written(room.others)),
    )  # fmt: skip
    label = "contract cap" if clause == "cap.amount" else "item cap"
    return Working("cap", "4.5", label, text, version, clause, None, None, -cut, inputs)


def invoice_currency(force: InForce) -> str:
    """The currency of the contract's lines."""
    return force.terms.invoice_currency or force.currency


def invoiced(force: InForce, due: Due, rates: ExchangeRates) -> Due:
    """The amount in the invoice currency, at the rate of the period's last date (RULES 7.2); nothing needs no rate."""
    currency = invoice_currency(force)
    if currency == force.currency or not due.amount:
        return due
    found = rates.on(force.currency, currency, force.period.last)
    amount = due.amount * found.rate
    text = f"{told(due.amount)} {force.currency} × {told(found.rate)} ({found.text}) = {told(amount)} {currency}"
    inputs = (("before", written(due.amount)), ("fx", written(found.rate)), ("fx_source", found.text))
    number = force.last.version
    label = f"{force.currency} to {currency}"
    step = Working("convert", "7.2", label, text, number, "invoice_currency", None, found.rate, amount, inputs)
    return due.turned(step)


def rounded(force: InForce, due: Due, rule: str = "1.2") -> Due:
    """The amount rounded once to the minor unit of the contract's lines, by the deciding version's mode."""
    mode, currency = force.terms.rounding, invoice_currency(force)
    amount = round_amount(due.amount, currency, mode)
    text = f"{told(due.amount)} rounded {mode} once = {plain(amount)}"
    inputs = (("before", written(due.amount)), ("mode", mode))
    step = Working(
        "round", rule, "line", text, force.last.version, "rounding", due.quantity, None, Fraction(amount), inputs
    )  # fmt: skip
    return due.turned(step)


def line_of(force: InForce, due: Due, kind: Kind) -> ExpectedLine:
    """A line of a rounded amount."""
    currency = invoice_currency(force)
    amount = round_amount(due.amount, currency)
    quantity = Decimal(written(due.quantity))
    period = str(force.period)
    return ExpectedLine(force.contract, due.item, period, kind, currency, quantity, amount, due.workings)


def prorated(force: InForce, operation: Operation, amount: Fraction, clause: str, label: str) -> Working:
    """An amount × k / n, for k of the period's n days in force."""
    days, of_days = force.day_count, force.period.days
    due = amount * days / of_days
    text = f"{told(amount)} × {days} / {of_days} days in force = {told(due)}"
    inputs = (("days", str(days)), ("of_days", str(of_days)))
    return Working(operation, "4.6", label, text, force.last.version, clause, None, amount, due, inputs)
