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
_SHORT = {**_TABLE, "show_search": False, "pagination": False}
_GATES = {"": 75, "what is wanted": 330, "before it is": 100, "how it stands": 560}
_FINDINGS = {
    "counterparty": 165, "contract": 165, "item": 120, "kind": 78, "currency": 76, "amount": 90, "cause": 140,
    "grade": 88, "decision": 108, "owner": 65,
}  # fmt: skip
_LINES = {
    "counterparty": 165, "contract": 165, "item": 150, "kind": 95, "currency": 80, "expected": 105, "billed": 105,
    "variance": 105, "status": 125,
}  # fmt: skip
_ITEMS = {
    "state": 80, "counterparty": 145, "line": 215, "currency": 75, "amount": 88, "cause": 122, "decision": 105,
    "by": 48, "owner": 58, "month": 70, "days": 46, "age": 54,
}  # fmt: skip


def _right(*columns: str) -> dict[str, Any]:
    return {"text_justify_columns": dict.fromkeys(columns, "right")}


LINES = {
    **_TABLE,
    "selection": "single",
    "page_size": 15,
    "column_widths": _LINES,
    **_right("expected", "billed", "variance"),
}
STEPS = {**_TABLE, "selection": "single", "wrapped_columns": ["arithmetic"], "column_widths": _STEPS}
FINDINGS = {
    **_TABLE,
    "selection": "multi",
    "page_size": 15,
    "hidden_columns": ["finding"],
    "column_widths": _FINDINGS,
    **_right("amount"),
}
MOVED = {**_SHORT, "selection": None, **_right("expected", "billed", "variance moved by")}
GATES = {**_SHORT, "selection": None, "wrapped_columns": ["how it stands"], "column_widths": _GATES}
WAY = {**_SHORT, "selection": None, "wrapped_columns": ["reason"]}
ROLLED = {**_SHORT, "selection": None, **_right("opening", "new", "cleared", "closing")}
ITEMS = {
    **_TABLE,
    "selection": None,
    "wrapped_columns": ["line", "cause"],
    "column_widths": _ITEMS,
    **_right("amount", "days"),
}
BEHIND = {**_TABLE, "selection": None}
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
    "no": 45, "when (UTC)": 142, "kind": 68, "person": 125, "object": 142, "what": 395, "digest": 103,
}  # fmt: skip
_PACKS = {
    "pack": 50, "of run": 60, "issued (UTC)": 145, "by": 65, "pack digest": 270, "its file now": 110,
    "SHA-256 of the file": 270,
}  # fmt: skip
WAY = {**_TABLE, "selection": None, "wrapped_columns": ["reason"]}
TIES = {
    **_TABLE, "selection": "single", "page_size": 15, "column_widths": _TIES,
    **_right("units", "by third parties", "priced", "difference", "expected", "billed", "billed − expected"),
}  # fmt: skip
SEEN = {**_TABLE, "selection": None, **_right("delivered", "lines expected", "lines billed")}
ORPHANS = {**_TABLE, "selection": None, **_right("billed")}
AUDITED = {
    **_TABLE, "selection": "single", "page_size": 15, "hidden_columns": ["finding"], "wrapped_columns": ["line"],
    "column_widths": _AUDITED, **_right("amount"),
}  # fmt: skip
ITEMS = {**_TABLE, "selection": None, "column_widths": _ITEMS, **_right("amount")}
CODES = {
    **_TABLE, "selection": "single", "column_widths": _CODES,
    **_right("planted", "caught", "misnamed", "missed", "no effect", "found and named"),
}  # fmt: skip
ERRORS = {
    **_TABLE, "selection": None, "column_widths": _ERRORS,
    "wrapped_columns": ["what was done", "placed", "moves", "named as"],
}  # fmt: skip
SOURCES = {
    **_TABLE, "selection": "multi", "hidden_columns": ["SHA-256"], "column_widths": _SOURCES,
    "wrapped_columns": ["file or query", "control total"],
    **_right("rows read", "set aside", "other periods", "bytes"),
}  # fmt: skip
TRAIL = {**_TABLE, "selection": None, "page_size": 12, "wrapped_columns": ["what", "person"], "column_widths": _TRAIL}
PACKS = {
    **_TABLE, "selection": "single", "column_widths": _PACKS,
    "wrapped_columns": ["pack digest", "its file now", "SHA-256 of the file"],
}  # fmt: skip
PLACES = {**_TABLE, "selection": None, "page_size": 15, "wrapped_columns": ["what was altered", "now"]}
