"""An expected line of a statement and the workings that lead to its amount.

A line's workings stand in the order of the arithmetic. The amount so far is 0 at first; a step adds its `amount` to
it (+), puts its `amount` in its place (=), or only tells a count that later steps use (·). `before` is the amount so
far, or the part of it that the step is about.

| operation | | amount | inputs |
|---|---|---|---|
| `segment` | + | quantity × rate / 1000 | |
| `tier` | + | quantity × rate / 1000 | `tier` (from 1), `start`, `end`: positions; others below |
| `price_group` | + | quantity × each, as told below | `share`, `flat`, `sale`, `percent`, `each` and others below |
| `split` | + | quantity × each; each = Σ of `parts` (sale × percent; …) / 100 | `start`, `end`, `parts`, `each` |
| `fee` | + | a step's fee | `tier` (from 1) |
| `discount`, `commission` | + | −before × percent / 100 | `before`, `percent` |
| `cap` | + | −max(0, before − max(0, limit − opening − others)) | `before`, `limit`, `opening`, `others` |
| `convert` | = | before × fx | `before`, `fx`, `fx_source` |
| `fixed_fee`, `prorate` | = | rate, or rate × days / of_days | `days`, `of_days` |
| `round` | = | before at the minor unit | `before`, `mode` |
| `clawback` | + | after − before: what a conversion still earned, and what it does now | `before`, `after` |
| `reach` | + | the highest bonus that the count reaches | `count`, `at_least` |
| `balance` | + | hold and forfeit: −before; release: opening | `before`, `opening`, `limit` |
| `shortfall` | = | max(0, before − charged) | `before`, `charged` |
| `rule` | + | quantity × rate / per, a step of a named rule | `per`: 100 or 1000, else 1 |
| `note` | · | in words alone: a named rule's text, or what it found | |
| `opening` | · | | quantity: the opening count; `source` |
| `count` | · | | quantity: the count that is billed; `own`, `third_party`, `tolerance`, `source` |
| `share` | · | | quantity: a version's share of that count; `own` |
| `position` | · | | quantity: from a version's first unit of a month to its last | `start`, `end` and more |
| `booked` | · | | quantity: what is taken; `before` units, `limit`, `opening` |

Each conversion of a `price_group` earns `flat`, or `sale` (in `sale_currency`, × `fx` from `fx_source` where that is
another) × `percent` / 100, not below `minimum` nor above `maximum`; × `share`; rounded by `mode` where `round` is
`conversion`, as under `split`. With tiers, `tier` (from 1) is the one whose price it is.

A `tier` is the part of its version's units, which lie from `run_start` to `run_end`, that lies in the tier; under
`tier_mode` volume all of them, in the tier that the count `reached` lies in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Kind = Literal["charge", "payout", "shortfall", "bonus", "clawback", "hold", "release", "forfeit", "adjustment"]
Operation = Literal[
    "segment", "tier", "price_group", "split", "clawback", "fee", "position", "share", "sum", "discount", "cap",
    "commission", "convert", "prorate", "fixed_fee", "round", "shortfall", "reach", "balance", "note",
    "count", "booked", "opening", "rule",
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

    @property
    def exists(self) -> bool:
        """Whether it is a line at all (RULES 4.5)."""
        return bool(self.quantity or self.amount)

    @property
    def is_counted(self) -> bool:
        """Whether another party's count was looked at for it (RULES 3.6)."""
        return any(working.operation == "count" for working in self.workings)


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
