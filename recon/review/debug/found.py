"""What an id names in a closed month: looked for in the stored close first, then in the statement; never in events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from recon.close import StoredClose
from recon.engine import Engine
from recon.inputs import BillingRow, read_inputs
from recon.period import Period
from recon.problems import BadInput
from recon.review.debug.address import line_key
from recon.review.words import counted, literal
from recon.views import LINE

COLUMNS = ["what", "id", "is", "line", "conversion"]
FIND_WHAT = "an id: conversion, order, reversal, click, impression, contract, item or billing line"
LOOKED = (
    "lines by contract, item, kind and currency", "findings", "billing lines named in findings", "conversions",
    "orders", "reversals", "clicks and views in reach of a conversion", "the statement's billing lines",
)  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """Something that an id names: what it is, and the line or conversion that it opens."""

    what: str
    identity: str
    told: str
    line: str = ""
    conversion: str = ""


def hits(close: StoredClose, text: str | None) -> pd.DataFrame:
    """Everything that a text names in a month, a row each; the statement is read only where nothing stored fits."""
    asked = (text or "").strip()
    found = [] if not asked else [hit for look in STORED for hit in look(close, asked)]
    if asked and not found:
        found = list(_of_statement(close, asked))
    rows = [(one.what, one.identity, one.told, one.line, one.conversion) for one in found]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def find_words(close: StoredClose, found: pd.DataFrame, text: str | None) -> str:
    """How many things a text names, in Markdown; where none, what was looked through. Empty without a text."""
    asked = (text or "").strip()
    if not asked:
        return ""
    if len(found):
        return f"**{counted(len(found), 'thing')}** named {literal(asked)}; choose one to open it."
    return (
        f"**Nothing is named {literal(asked)}.** Looked through the {', '.join(LOOKED[:-1])} and {LOOKED[-1]} of "
        f"{close.period}, run {close.run}. Single impressions that nobody converted after are not kept with a close: "
        "the button reads the raw events for this id."
    )


def opened_by(row: Any) -> dict[str, str | None]:
    """Where a chosen hit, or the only one there is, leads to."""
    if row is None or len(row) != 1:
        return {}
    one = row.iloc[0]
    return {name: one[name] for name in ("line", "conversion") if one[name]}


def _lines(close: StoredClose, text: str) -> Iterator[Hit]:
    """Lines whose key has these parts, in their order, or begins with them."""
    wanted = [part.casefold() for part in text.replace("|", "/").split("/") if part]
    for row in close.lines.to_dict("records"):
        key = [str(row[name]) for name in LINE]
        parts = [part.casefold() for part in key]
        is_named = parts[: len(wanted)] == wanted or (len(wanted) == 1 and wanted[0] == parts[1])
        if wanted and is_named:
            yield Hit("line", "/".join(key), str(row["status"]).replace("_", " "), line_key(row))


def _findings(close: StoredClose, text: str) -> Iterator[Hit]:
    for row in close.findings.to_dict("records"):
        if row["finding_id"] == text:
            yield Hit("finding", text, f"{row['cause']}, {row['grade']}", line_key(row))


def _witnesses(close: StoredClose, text: str) -> Iterator[Hit]:
    for row in close.findings.to_dict("records"):
        if text in str(row["witnesses"] or "").split():
            yield Hit("billing line", text, "named in a finding", line_key(row))


def _conversions(close: StoredClose, text: str) -> Iterator[Hit]:
    for column, what in (("conversion_id", "conversion"), ("order_id", "order")):
        for row in close.observed_where("conversion_rows", column, text).to_dict("records"):
            told = f"{row['action']} of {row['program']}"
            yield Hit(what, text, told, conversion=row["conversion_id"])


def _reversals(close: StoredClose, text: str) -> Iterator[Hit]:
    for row in close.observed_where("reversal_rows", "reversal_id", text).to_dict("records"):
        yield Hit("reversal", text, f"of {row['conversion_id']}", conversion=row["conversion_id"])


def _touches(close: StoredClose, text: str) -> Iterator[Hit]:
    for row in close.observed_where("touches", "touch_id", text).to_dict("records"):
        told = f"of {row['partner'] or 'no partner'}, before {row['conversion_id']}"
        yield Hit(row["kind"], text, told, conversion=row["conversion_id"])


STORED: tuple[Callable[[StoredClose, str], Iterator[Hit]], ...] = (
    _lines, _findings, _witnesses, _conversions, _reversals, _touches,
)  # fmt: skip


def _of_statement(close: StoredClose, text: str) -> Iterator[Hit]:
    for row in statement(close):
        if row.billing_line_id == text:
            told = f"{row.amount} {row.currency}, {row.file} row {row.row}"
            yield Hit("billing line", text, told, line_key(vars(row)))


def statement(close: StoredClose) -> tuple[BillingRow, ...]:
    """The statement's lines of the month as they are now; none where it can't be read any more."""
    workspace = close.workspace
    only = {name: spec for name, spec in workspace.data.items() if name == "billing_lines"}
    with Engine(threads=1) as engine:
        try:
            found = read_inputs(replace(workspace, data=only), engine, Period.parse(close.period)).billing_lines
        except BadInput:
            return ()
    return tuple(row for row in found if row.period == close.period)
