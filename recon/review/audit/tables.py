"""How the tables of the auditor's page are shown: columns, widths, what wraps."""

from __future__ import annotations

from typing import Any

import pandas as pd

from recon.review.tables import TABLE, right

_TIES = {
    "contract": 160, "direction": 75, "units": 95, "by third parties": 115, "priced": 100, "difference": 85,
    "expected": 130, "billed": 95, "billed − expected": 130,
}  # fmt: skip
_AUDITED = {
    "line": 215, "counterparty": 150, "amount": 112, "cause": 135, "grade": 85, "decision": 80, "by": 55, "owner": 70,
    "age": 55,
}  # fmt: skip
_ITEMS = {
    "month": 70, "counterparty": 150, "contract": 160, "amount": 112, "cause": 135, "decision": 80, "by": 55,
    "owner": 70, "age": 55, "cleared by": 110,
}  # fmt: skip
_SOURCES = {  # the hash is hidden: it is read whole below the table
    "dataset": 95, "file or query": 205, "rows read": 80, "set aside": 75, "other periods": 90, "bytes": 80,
    "control total": 100, "first event": 125, "last event": 125,
}  # fmt: skip
_CODES = {
    "planted error": 195, "in the table": 95, "planted": 90, "caught": 90, "misnamed": 100, "missed": 90,
    "no effect": 100, "found and named": 140,
}  # fmt: skip
_ERRORS = {
    "verdict": 75, "contract": 150, "what was done": 230, "placed": 150, "moves": 110, "named as": 190, "grade": 90,
}  # fmt: skip
_TRAIL = {
    "no": 45, "when (UTC)": 142, "kind": 68, "person": 165, "object": 135, "what": 365, "digest": 103,
}  # fmt: skip
_PACKS = {
    "pack": 50, "of run": 60, "issued (UTC)": 145, "by": 65, "pack digest": 270, "its file now": 110,
    "SHA-256 of the file": 270,
}  # fmt: skip
_SAMPLED = {
    "line": 260, "counterparty": 150, "drawn as": 80, "selection point": 120, "billed": 120, "expected": 120,
    "audited amount": 115, "tickmark": 75, "remark": 170,
}  # fmt: skip
_CONVERSIONS = {
    "conversion": 150, "contract": 150, "decided": 150, "item": 110, "amount": 100, "its event stands in": 230,
    "audited amount": 115, "tickmark": 75, "remark": 140,
}  # fmt: skip
WAY = {**TABLE, "selection": None, "wrapped_columns": ["reason"]}
TIES = {
    **TABLE, "selection": "single", "page_size": 15, "column_widths": _TIES,
    **right("units", "by third parties", "priced", "difference", "expected", "billed", "billed − expected"),
}  # fmt: skip
SEEN = {**TABLE, "selection": None, **right("delivered", "lines expected", "lines billed")}
ORPHANS = {**TABLE, "selection": None, **right("billed")}
AUDITED = {
    **TABLE, "selection": "single", "page_size": 15, "hidden_columns": ["finding"], "wrapped_columns": ["line"],
    "column_widths": _AUDITED, **right("amount"),
}  # fmt: skip
ITEMS = {**TABLE, "selection": None, "column_widths": _ITEMS, **right("amount")}
CODES = {
    **TABLE, "selection": "single", "column_widths": _CODES,
    **right("planted", "caught", "misnamed", "missed", "no effect", "found and named"),
}  # fmt: skip
ERRORS = {
    **TABLE, "selection": None, "column_widths": _ERRORS,
    "wrapped_columns": ["what was done", "placed", "moves", "named as"],
}  # fmt: skip
SAMPLED = {
    **TABLE, "selection": None, "wrapped_columns": ["line", "remark"], "column_widths": _SAMPLED,
    **right("selection point", "billed", "expected", "audited amount"),
}  # fmt: skip
CONVERSIONS = {
    **TABLE, "selection": None, "wrapped_columns": ["decided", "its event stands in", "remark"],
    "column_widths": _CONVERSIONS, **right("amount", "audited amount"),
}  # fmt: skip
SOURCES = {
    **TABLE, "selection": "multi", "hidden_columns": ["SHA-256"], "column_widths": _SOURCES,
    "wrapped_columns": ["file or query", "control total"],
    **right("rows read", "set aside", "other periods", "bytes"),
}  # fmt: skip
TRAIL = {**TABLE, "selection": None, "page_size": 12, "wrapped_columns": ["what", "person"], "column_widths": _TRAIL}
PACKS = {
    **TABLE, "selection": "single", "column_widths": _PACKS,
    "wrapped_columns": ["pack digest", "its file now", "SHA-256 of the file"],
}  # fmt: skip
PLACES = {**TABLE, "selection": None, "page_size": 15, "wrapped_columns": ["what was altered", "now"]}


def fitting(settings: dict[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """Settings without the columns that a table does not have now: the auditor's, as long as they are empty."""
    there = set(table.columns)
    return {name: _of_columns(value, there) if name in _BY_COLUMN else value for name, value in settings.items()}


_BY_COLUMN = ("column_widths", "text_justify_columns", "wrapped_columns")


def _of_columns(value: Any, there: set[str]) -> Any:
    if isinstance(value, dict):
        return {column: one for column, one in value.items() if column in there}
    return [column for column in value if column in there]
