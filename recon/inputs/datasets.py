"""The columns of each dataset: the only place that knows them.

Adding a column or a dataset is adding a row to the table at the bottom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from iso4217 import Currency

from recon.money import is_currency

Kind = Literal["text", "choice", "currency", "instant", "boolean", "amount", "number", "whole", "date", "period"]

CURRENCIES = tuple(sorted(currency.code for currency in Currency if is_currency(currency.code)))
SQL_TYPES: Mapping[Kind, str] = {
    "text": "TEXT",
    "choice": "TEXT",
    "currency": "TEXT",
    "instant": "BIGINT",
    "boolean": "BOOLEAN",
    "amount": "BIGINT",
    "number": "TEXT",
    "whole": "BIGINT",
    "date": "DATE",
    "period": "TEXT",
}


@dataclass(frozen=True)
class Column:
    """A column of a dataset: `is_optional` may be absent as a whole, `is_key` needs a value in every row.

    Kind `amount` becomes whole millionths of the major unit, `instant` µs since the epoch, `number` exact text;
    `low` and `above` bound numbers, inclusive and exclusive.
    """

    name: str
    kind: Kind = "text"
    is_optional: bool = False
    is_key: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    above: int | None = None

    @property
    def field(self) -> str:
        """Its name in the engine, where amounts say that they are millionths."""
        return self.name.removesuffix("_amount") + "_micros" if self.kind == "amount" else self.name

    @property
    def sql_type(self) -> str:
        """Its exact type in the engine."""
        return SQL_TYPES[self.kind]


@dataclass(frozen=True)
class Dataset:
    """A dataset: its columns in order, what must not repeat in it, and whether it is small enough for Python."""

    name: str
    columns: tuple[Column, ...]
    is_small: bool = False
    unique: tuple[str, ...] = ()

    @property
    def has_time(self) -> bool:
        """Whether its rows are events with a `ts`."""
        return any(column.name == "ts" for column in self.columns)

    @property
    def amount(self) -> Column | None:
        """The column that a control total adds up."""
        return next((column for column in self.columns if column.name in ("amount", "sale_amount")), None)


def key(name: str, kind: Kind = "text", **rest: object) -> Column:
    """A column that must be there and filled in every row."""
    return Column(name, kind, is_key=True, **rest)  # type: ignore[arg-type]


def optional(name: str, kind: Kind = "text", **rest: object) -> Column:
    """A column that may be absent as a whole, or empty."""
    return Column(name, kind, is_optional=True, **rest)  # type: ignore[arg-type]


def options(*names: str) -> tuple[Column, ...]:
    """Optional text columns."""
    return tuple(optional(name) for name in names)


LINE_KINDS = (
    "charge",
    "payout",
    "shortfall",
    "bonus",
    "clawback",
    "hold",
    "release",
    "forfeit",
    "adjustment",
)
IVT = optional("ivt", "choice", choices=("givt", "sivt"))
IS_TEST = optional("is_test", "boolean")
INGESTED = optional("ingested_at", "instant")
SALE = optional("sale_amount", "amount", low=0)

DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "impressions",
            (
                key("impression_id"),
                key("ts", "instant"),
                key("program"),
                *options("item", "partner"),
                key("user_id"),
                *options("geo", "device", "placement"),
                optional("is_viewable", "boolean"),
                optional("is_completed", "boolean"),
                IVT,
                IS_TEST,
                INGESTED,
            ),
        ),
        Dataset(
            "clicks",
            (
                key("click_id"),
                key("ts", "instant"),
                key("program"),
                optional("partner"),
                key("user_id"),
                *options("geo", "device"),
                IVT,
                IS_TEST,
                INGESTED,
            ),
        ),
        Dataset(
            "conversions",
            (
                key("conversion_id"),
                key("ts", "instant"),
                key("program"),
                key("user_id"),
                key("action"),
                optional("order_id"),
                SALE,
                optional("currency", "currency"),
                *options("category", "customer", "coupon", "geo", "device"),
                IS_TEST,
                optional("is_fraud", "boolean"),
                INGESTED,
            ),
        ),
        Dataset(
            "reversals",
            (
                key("reversal_id"),
                key("conversion_id"),
                key("ts", "instant"),
                SALE,
                optional("reason"),
                INGESTED,
            ),
        ),
        Dataset(
            "third_party",
            (key("item"), key("date", "date"), key("impressions", "whole", low=0)),
            is_small=True,
            unique=("item", "date"),
        ),
        Dataset(
            "fx_rates",
            (
                key("date", "date"),
                key("base", "currency"),
                key("quote", "currency"),
                key("rate", "number", above=0),
            ),
            is_small=True,
            unique=("date", "base", "quote"),
        ),
        Dataset(
            "opening_balances",
            (
                key("contract"),
                Column("item"),
                key("kind", "choice", choices=("quantity", "spend", "hold")),
                key("value", "number"),
                optional("period", "period"),
            ),
            is_small=True,
            unique=("contract", "item", "kind", "period"),
        ),
        Dataset(
            "billing_lines",
            (
                key("billing_line_id"),
                key("contract"),
                key("item"),
                key("period", "period"),
                key("kind", "choice", choices=LINE_KINDS),
                optional("quantity", "number"),
                optional("rate", "number"),
                key("amount", "number"),
                key("currency", "currency"),
                optional("contract_version", "whole", low=1),
                optional("invoice"),
                optional("invoice_date", "date"),
                *options("reference", "note"),
            ),
            is_small=True,
        ),
        Dataset("billing_details", (key("billing_line_id"), key("conversion_id"), key("amount", "amount"))),
    )
}
EVENTS = tuple(dataset.name for dataset in DATASETS.values() if dataset.has_time)
