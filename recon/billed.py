"""The statement as received: what the billing system says it charged and paid, each line with its file and row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from recon.period import Period


class Row(Protocol):
    """A billing line as the inputs hand it over; text left out is None or empty."""

    @property
    def billing_line_id(self) -> str: ...
    @property
    def contract(self) -> str | None: ...
    @property
    def item(self) -> str | None: ...
    @property
    def period(self) -> str | Period: ...
    @property
    def kind(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def quantity(self) -> Decimal | None: ...
    @property
    def rate(self) -> Decimal | None: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def note(self) -> str | None: ...
    @property
    def file(self) -> str: ...
    @property
    def row(self) -> int: ...


class Statement(Protocol):
    """Inputs with the billing system's lines."""

    @property
    def billing_lines(self) -> Sequence[Row]: ...


@dataclass(frozen=True)
class BilledLine:
    """One line of the statement: amount in major units of its currency, quantity None where it states none."""

    billing_line_id: str
    contract: str
    item: str
    period: str
    kind: str
    currency: str
    amount: Decimal
    quantity: Decimal | None = None
    rate: Decimal | None = None
    reference: str = ""
    note: str = ""
    file: str = ""
    row: int = 0

    @property
    def place(self) -> str:
        """Where the line stands in what was received."""
        return f"{self.file}:{self.row}"


@dataclass(frozen=True)
class Billed:
    """A period's billed lines in the order of their ids, and what else the statement held."""

    lines: tuple[BilledLine, ...]
    repeated_ids: frozenset[str] = field(default_factory=frozenset)
    out_of_period_count: int = 0


def read_billed(inputs: Statement, period: Period | str) -> Billed:
    """The lines billed for a period; an id that stands more than once in all that was read is repeated (RULES 8.1)."""
    every = [_billed_line(row) for row in inputs.billing_lines]
    lines = sorted((line for line in every if line.period == str(period)), key=_order)
    times = Counter(line.billing_line_id for line in every)
    repeated = frozenset(line.billing_line_id for line in lines if times[line.billing_line_id] > 1)
    return Billed(tuple(lines), repeated, len(every) - len(lines))


def _billed_line(row: Row) -> BilledLine:
    return BilledLine(
        billing_line_id=row.billing_line_id,
        contract=row.contract or "",
        item=row.item or "",
        period=str(row.period),
        kind=row.kind,
        currency=row.currency,
        amount=row.amount,
        quantity=row.quantity,
        rate=row.rate,
        reference=row.reference or "",
        note=row.note or "",
        file=row.file,
        row=row.row,
    )


def _order(line: BilledLine) -> tuple[str, ...]:
    """By content, place last: shuffling the statement's rows changes nothing (RULES 1.7)."""
    return (
        line.billing_line_id,
        line.contract,
        line.item,
        line.kind,
        line.currency,
        str(line.amount),
        line.file,
        f"{line.row:012d}",
    )
