"""An expected line of a statement and the workings that lead to its amount."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Kind = Literal["charge", "payout", "shortfall", "bonus", "clawback", "hold", "release", "forfeit", "adjustment"]
Operation = Literal[
    "segment", "price_group", "fee", "position", "share", "sum", "discount", "cap", "commission",
    "convert", "prorate", "round", "reach", "balance", "note",
]  # fmt: skip


@dataclass(frozen=True)
class Working:
    """One step of a line's arithmetic: what entered, by which clause and rule, and what came out.

    Amounts are exact and unrounded unless the step is a rounding; `inputs` names the numbers that the step
    combines, in the order of the arithmetic, so that a reader (or a spreadsheet) can do it again.
    """

    operation: Operation
    rule: str
    label: str
    text: str
    version: int | None = None
    clause: str = ""
    quantity: Fraction | None = None
    rate: Fraction | None = None
    amount: Fraction | None = None
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ExpectedLine:
    """What should stand on the statement: quantity in units, amount in major units, rounded once (RULES 4.5, 6.4)."""

    contract: str
    item: str
    period: str
    kind: Kind
    currency: str
    quantity: Decimal
    amount: Decimal
    workings: tuple[Working, ...] = field(default=(), compare=False)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What expected and billed lines join on (RULES 8.1)."""
        return self.contract, self.item, self.period, self.kind, self.currency


@dataclass(frozen=True)
class FateCount:
    """How many events of a dataset ended how, under which contract (RULES 1.8, 3.2, 5.4)."""

    direction: str
    dataset: str
    contract: str
    item: str
    fate: str
    quantity: int


@dataclass(frozen=True)
class Remark:
    """A finding of the recomputation itself, before anything billed is seen: what was wanted and could not be had.

    `cause` is its code (`third_party_missing`, `clawback_unbased`); contract, item and currency are empty where none
    is known.
    """

    contract: str
    item: str
    kind: str
    currency: str
    cause: str
    sentence: str


def added_up(fates: Iterable[FateCount]) -> tuple[FateCount, ...]:
    """The fates with equal keys added up, in the order of their keys; zeros are left out."""
    totals: dict[FateCount, int] = {}
    for fate in fates:
        key = replace(fate, quantity=0)
        totals[key] = totals.get(key, 0) + fate.quantity
    counted = [replace(key, quantity=total) for key, total in totals.items() if total]
    return tuple(sorted(counted, key=lambda one: (one.direction, one.dataset, one.contract, one.item, one.fate)))
