"""The small datasets as values: billing lines, third-party counts, rates, opening balances, with file and row."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from recon.engine import Engine, quoted
from recon.inputs.datasets import Dataset
from recon.inputs.rejects import Rejected


class Placed(Protocol):
    """A row that knows where it came from."""

    @property
    def file(self) -> str: ...
    @property
    def row(self) -> int: ...


Row = TypeVar("Row", bound=Placed)


@dataclass(frozen=True)
class BillingRow:
    """A line as the billing system states it: amount in major units of its currency, period `YYYY-MM`."""

    billing_line_id: str
    contract: str
    item: str
    period: str
    kind: str
    quantity: Decimal | None
    rate: Decimal | None
    amount: Decimal
    currency: str
    contract_version: int | None
    invoice: str | None
    invoice_date: dt.date | None
    reference: str | None
    note: str | None
    file: str
    row: int


@dataclass(frozen=True)
class ThirdPartyCount:
    """What a third party counted for an item on a contract-local date."""

    item: str
    date: dt.date
    impressions: int
    file: str
    row: int


@dataclass(frozen=True)
class FxRate:
    """A published rate: 1 base = rate quote (RULES 7.1)."""

    date: dt.date
    base: str
    quote: str
    rate: Decimal
    file: str
    row: int


@dataclass(frozen=True)
class OpeningBalance:
    """What a contract (item None) or an item brings along from before the first close; amounts in major units."""

    contract: str
    item: str | None
    kind: str
    value: Decimal
    period: str | None
    file: str
    row: int


def fetch(engine: Engine, dataset: Dataset, kind: type[Row]) -> tuple[tuple[Row, ...], list[Rejected]]:
    """The rows of a small dataset in order of file and row, and those that repeat what must be there once.

    All rows of a repeated key are set aside: to prefer one would let the order of rows decide (RULES 1.7).
    """
    names = ", ".join(quoted(column.field) for column in dataset.columns)
    sql = f"SELECT {names}, file, row FROM {quoted('located_' + dataset.name)} ORDER BY file, row"
    numeric = {place for place, column in enumerate(dataset.columns) if column.kind == "number"}
    rows = [kind(*_decimals(values, numeric)) for values in engine.rows(sql, f"fetch {dataset.name}")]
    times = Counter(_key(dataset, row) for row in rows)
    repeated = [row for row in rows if dataset.unique and times[_key(dataset, row)] > 1]
    good = tuple(row for row in rows if not dataset.unique or times[_key(dataset, row)] == 1)
    return good, [_repeated(dataset, row) for row in repeated]


def _decimals(values: Sequence[Any], numeric: set[int]) -> list[Any]:
    return [Decimal(value) if place in numeric and value is not None else value for place, value in enumerate(values)]


def _key(dataset: Dataset, row: object) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in dataset.unique)


def _repeated(dataset: Dataset, row: Placed) -> Rejected:
    value = ", ".join("" if part is None else str(part) for part in _key(dataset, row))
    names = ", ".join(dataset.unique)
    return Rejected(dataset.name, row.file, row.row, names, value, f"expected each {names} once")
