"""How the tables of the page for engineers are set up for `mo.ui.table`."""

from __future__ import annotations

from typing import Any

_TABLE: dict[str, Any] = {
    "page_size": 10, "show_column_summaries": False, "show_data_types": False, "show_download": False,
}  # fmt: skip


def _right(*columns: str) -> dict[str, Any]:
    return {"text_justify_columns": dict.fromkeys(columns, "right")}


LINES = {**_TABLE, "selection": "single", **_right("expected", "billed", "variance")}
HITS = {**_TABLE, "selection": "single", "hidden_columns": ["line", "conversion"]}
EDIT = {
    **_TABLE, "selection": None, "wrapped_columns": ["as the contract says", "as it seems to have been billed"],
    "column_widths": {"clause": 330, "as the contract says": 380, "as it seems to have been billed": 380},
}  # fmt: skip
EVENTS = {**_TABLE, "selection": "single", **_right("ours", "billing_details", "difference", "impressions")}
RULES = {
    **_TABLE, "selection": None, "page_size": 14, "wrapped_columns": ["found"],
    "column_widths": {"rule": 60, "asks": 270, "found": 620, "decision": 200},
}  # fmt: skip
RAW = {
    **_TABLE, "selection": None, "wrapped_columns": ["content"],
    "column_widths": {"dataset": 120, "file": 240, "row": 80, "id": 150, "content": 560},
}  # fmt: skip
