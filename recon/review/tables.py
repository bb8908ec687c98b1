"""How the tables of a page are set up for `mo.ui.table`: paged on the server, no download of their own."""

from __future__ import annotations

from typing import Any

TABLE: dict[str, Any] = {
    "page_size": 10,
    "show_column_summaries": False,
    "show_data_types": False,
    "show_download": False,  # its CSV leaves `=1+1` live; the workbook is the download
}
_BESIDE = {"no": 45, "step": 160, "ours": 390, "theirs, under the edit": 390, "changed": 75, "rule": 60}
_EVENTS = {
    "event": 135, "dataset": 95, "quantity": 75, "ours": 195, "theirs": 195, "our amount": 95, "their amount": 105,
    "place": 225,
}  # fmt: skip
_STEPS = {"no": 50, "step": 170, "arithmetic": 540, "clause": 250, "rule": 70}

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
_SHORT = {**TABLE, "show_search": False, "pagination": False}
_GATES = {"": 75, "what is wanted": 330, "before it is": 100, "how it stands": 560}
_FINDINGS = {
    "counterparty": 160, "contract": 165, "item": 115, "kind": 76, "currency": 74, "amount": 88, "cause": 135,
    "grade": 84, "decision": 104, "owner": 62,
}  # fmt: skip
_LINES = {
    "counterparty": 165, "contract": 165, "item": 150, "kind": 95, "currency": 80, "expected": 105, "billed": 105,
    "variance": 105, "status": 125,
}  # fmt: skip
_ITEMS = {
    "state": 65, "counterparty": 145, "line": 215, "currency": 72, "amount": 84, "cause": 122, "decision": 100,
    "by": 48, "owner": 58, "month": 68, "days": 46, "age": 54,
}  # fmt: skip


def right(*columns: str) -> dict[str, Any]:
    """Columns of figures, set to the right."""
    return {"text_justify_columns": dict.fromkeys(columns, "right")}


LINES = {
    **TABLE,
    "selection": "single",
    "page_size": 15,
    "column_widths": _LINES,
    **right("expected", "billed", "variance"),
}
STEPS = {**TABLE, "selection": "single", "wrapped_columns": ["arithmetic"], "column_widths": _STEPS}
FINDINGS = {
    **TABLE,
    "selection": "multi",
    "page_size": 15,
    "hidden_columns": ["finding"],
    "column_widths": _FINDINGS,
    **right("amount"),
}
MOVED = {**_SHORT, "selection": None, **right("expected", "billed", "variance moved by")}
GATES = {**_SHORT, "selection": None, "wrapped_columns": ["how it stands"], "column_widths": _GATES}
WAY = {**_SHORT, "selection": None, "wrapped_columns": ["reason"]}
ROLLED = {**_SHORT, "selection": None, **right("opening", "new", "cleared", "closing")}
ITEMS = {
    **TABLE,
    "selection": None,
    "wrapped_columns": ["line", "cause"],
    "column_widths": _ITEMS,
    **right("amount", "days"),
}
BEHIND = {**TABLE, "selection": None}
BESIDE = {
    **TABLE, "selection": None, "wrapped_columns": ["ours", "theirs, under the edit"], "column_widths": _BESIDE,
}  # fmt: skip
EVENTS = {
    **TABLE, "selection": None, "wrapped_columns": ["ours", "theirs", "place"], "column_widths": _EVENTS,
    **right("quantity", "our amount", "their amount"),
}  # fmt: skip
DECISIONS = {**TABLE, "selection": None, **right("amount")}
EFFECT = {**TABLE, "selection": None, "page_size": 15, **right("before", "after", "difference")}
BOOK = {
    **TABLE, "selection": "single", "page_size": 12, "wrapped_columns": ["what comes next"],
    "column_widths": _BOOK,
}  # fmt: skip
COMING = {**TABLE, "selection": None, "wrapped_columns": ["what changes"], "column_widths": _COMING}
INBOX = {**TABLE, "selection": "single", "wrapped_columns": ["changes"], "column_widths": _INBOX}
MOVES = {**TABLE, "selection": None, "page_size": 15, **right("before", "after", "difference")}
CLAUSES = {**TABLE, "selection": None, "page_size": 12, "wrapped_columns": ["value"], "column_widths": _CLAUSES}
DUE = {**TABLE, "selection": None}
REJECTED = {**TABLE, "selection": None}
