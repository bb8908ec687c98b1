"""How the tables of a page are set up for `mo.ui.table`: paged on the server, no download of their own."""

from __future__ import annotations

from typing import Any

_TABLE: dict[str, Any] = {
    "page_size": 10,
    "show_column_summaries": False,
    "show_data_types": False,
    "show_download": False,  # its CSV leaves `=1+1` live; the workbook is the download
}
_BESIDE = {"no": 50, "step": 170, "ours": 415, "theirs, under the edit": 415, "changed": 80, "rule": 60}
_EVENTS = {
    "event": 140, "dataset": 105, "quantity": 80, "ours": 235, "theirs": 235, "our amount": 105, "their amount": 115,
    "place": 240,
}  # fmt: skip
_STEPS = {"no": 60, "step": 180, "arithmetic": 620, "clause": 240, "rule": 70}

_BOOK = {
    "contract": 154, "counterparty": 156, "side": 118, "priced": 72, "in force": 140, "to": 90, "newest": 94,
    "what comes next": 200,
}  # fmt: skip
_COMING = {"date": 95, "in": 70, "contract": 170, "counterparty": 175, "what changes": 520}
_INBOX = {
    "contract": 130, "counterparty": 135, "version": 65, "kind": 95, "status": 85, "since": 90, "from": 90,
    "written by": 85, "changes": 230,
}  # fmt: skip
_CLAUSES = {"clause": 380, "value": 550, "stated": 120}


def _right(*columns: str) -> dict[str, Any]:
    return {"text_justify_columns": dict.fromkeys(columns, "right")}


LINES = {**_TABLE, "selection": "single", "page_size": 15, **_right("expected", "billed", "variance")}
STEPS = {**_TABLE, "selection": "single", "wrapped_columns": ["arithmetic"], "column_widths": _STEPS}
FINDINGS = {**_TABLE, "selection": "single", "page_size": 15, "hidden_columns": ["finding"], **_right("amount")}
BESIDE = {
    **_TABLE, "selection": None, "wrapped_columns": ["ours", "theirs, under the edit"], "column_widths": _BESIDE,
}  # fmt: skip
EVENTS = {
    **_TABLE, "selection": None, "wrapped_columns": ["ours", "theirs", "place"], "column_widths": _EVENTS,
    **_right("quantity", "our amount", "their amount"),
}  # fmt: skip
DECISIONS = {**_TABLE, "selection": None, **_right("amount")}
EFFECT = {**_TABLE, "selection": None, "page_size": 15, **_right("before", "after", "difference")}
BOOK = {
    **_TABLE, "selection": "single", "page_size": 12, "wrapped_columns": ["what comes next"],
    "column_widths": _BOOK,
}  # fmt: skip
COMING = {**_TABLE, "selection": None, "wrapped_columns": ["what changes"], "column_widths": _COMING}
INBOX = {**_TABLE, "selection": "single", "wrapped_columns": ["changes"], "column_widths": _INBOX}
MOVES = {**_TABLE, "selection": None, "page_size": 15, **_right("before", "after", "difference")}
CLAUSES = {**_TABLE, "selection": None, "page_size": 12, "wrapped_columns": ["value"], "column_widths": _CLAUSES}
DUE = {**_TABLE, "selection": None}
REJECTED = {**_TABLE, "selection": None}
