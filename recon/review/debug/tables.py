"""How the tables of the page for engineers are set up for `mo.ui.table`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from recon.review.tables import TABLE, right

_LINES = {
    "contract": 168, "item": 112, "kind": 74, "currency": 72, "expected": 92, "billed": 92, "variance": 90,
    "status": 98, "cause, grade": 190,
}  # fmt: skip
LINES = {
    **TABLE, "selection": "single", "column_widths": _LINES, "wrapped_columns": ["cause, grade"],
    **right("expected", "billed", "variance"),
}  # fmt: skip
HITS = {**TABLE, "selection": "single", "hidden_columns": ["line", "conversion"]}
EDIT = {
    **TABLE, "selection": None, "wrapped_columns": ["as the contract says", "as it seems to have been billed"],
    "column_widths": {"clause": 300, "as the contract says": 355, "as it seems to have been billed": 355},
}  # fmt: skip
_AMOUNTS = ("ours", "billing_details", "difference")
_UNREAD = {
    "conversion": 135, "fate": 85, "reason": 150, "item": 110, "touch": 140, "rate": 60, "ours": 85,
    "finding says": 225,
}  # fmt: skip
_READ = {
    "conversion": 132, "fate": 72, "reason": 100, "item": 90, "touch": 132, "rate": 54, "ours": 80,
    "billing_details": 100, "difference": 84, "finding says": 146,
}  # fmt: skip
_COUNTED = {"impressions": 95, "ours": 200, "theirs, under the edit": 200, "where": 480}


def events_look(rows: pd.DataFrame) -> dict[str, Any]:
    """How a table of events is set up: conversions can be chosen, impressions can't; unread details take no room."""
    if "conversion" not in rows:
        counted = {
            **TABLE,
            "selection": None,
            "column_widths": {str(name): _COUNTED.get(str(name), 200) for name in rows},
        }
        return {**counted, **right(*("impressions",) if "impressions" in rows else ())}
    is_read = any(rows["billing_details"]) or any(rows["difference"])
    look = {**TABLE, "selection": "single", "wrapped_columns": ["reason", "finding says"], **right(*_AMOUNTS)}
    hidden = {} if is_read else {"hidden_columns": ["billing_details", "difference"]}
    return {**look, "column_widths": _READ if is_read else _UNREAD, **hidden}


_BESIDE = {"no": 45, "step": 140, "ours": 318, "theirs, under the edit": 318, "changed": 86, "rule": 62}
BESIDE = {
    **TABLE, "selection": None, "wrapped_columns": ["ours", "theirs, under the edit"], "column_widths": _BESIDE,
}  # fmt: skip
RULES = {
    **TABLE, "selection": None, "page_size": 14, "wrapped_columns": ["found"],
    "column_widths": {"rule": 50, "asks": 230, "found": 590, "decision": 140},
}  # fmt: skip
RAW = {
    **TABLE, "selection": None, "wrapped_columns": ["content"],
    "column_widths": {"dataset": 110, "file": 210, "row": 65, "id": 135, "content": 500},
}  # fmt: skip
