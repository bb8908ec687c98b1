"""Open items and a month's roll-forward of them: opening + new − cleared = closing (AUDIT, Sign-off)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from recon.ledger.drift import Line, Passing

NOTHING = Decimal(0)
AGES = ((30, "0–30"), (60, "31–60"), (90, "61–90"))
OLDEST = "90+"
AGE_CLASSES = (*(name for _, name in AGES), OLDEST)


@dataclass(frozen=True)
class Item:
    """A finding that is carried: amount in major units (billed − expected), with what was decided about it.

    `days` count from the last day of its month to that of the month looked at; `cleared_by` says how it was settled.
    A drift and a true-up say in `words` what they are made of.
    """

    finding_id: str
    period: str
    contract: str
    item: str
    kind: str
    currency: str
    counterparty: str
    cause: str
    grade: str
    amount: Decimal
    disposition: str = ""
    decided_by: str = ""
    reason: str = ""
    owner: str = ""
    days: int = 0
    cleared_by: str = ""
    words: str = ""

    @property
    def line(self) -> Line:
        """The line it stands on, in whatever month."""
        return Line(self.contract, self.item, self.kind, self.currency)

    @property
    def age(self) -> str:
        """Its class of age in days."""
        return next((name for days, name in AGES if self.days <= days), OLDEST)


@dataclass(frozen=True)
class RollForward:
    """The open items of a period: opening + new − cleared = closing, per currency and item by item.

    `opening` is as the month before left it; `decided` are those of it that this month decided again. `passing` is what
    was let pass over the months, by counterparty.
    """

    period: str
    run: int
    opening: tuple[Item, ...]
    new: tuple[Item, ...]
    cleared: tuple[Item, ...]
    closing: tuple[Item, ...]
    decided: tuple[Item, ...] = ()
    passing: tuple[Passing, ...] = ()

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency of an item, sorted."""
        return tuple(sorted({one.currency for one in (*self.opening, *self.new)}))

    def total(self, part: str, currency: str) -> Decimal:
        """The sum of a part's items in a currency: opening, new, cleared or closing."""
        return sum((one.amount for one in getattr(self, part) if one.currency == currency), NOTHING)
