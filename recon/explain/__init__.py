"""What happened to a line, a finding, a conversion or an impression, in words with rule numbers."""

from __future__ import annotations

from typing import Any

from recon import views
from recon.close import StoredClose
from recon.explain.carried import carried
from recon.explain.events import conversion, impression, reversal
from recon.explain.findings import finding
from recon.explain.lines import line
from recon.explain.written import rows
from recon.problems import BadInput, Problem

__all__ = ["explain", "explained"]


def explain(close: StoredClose, identity: str) -> str:
    """A line `contract/item/kind/currency`, finding, open item, conversion, reversal or impression of a run, in words.

    BadInput when the run knows nothing by that name.
    """
    for find in (line, finding, carried, conversion, reversal, impression):
        found = find(close, identity)
        if found:
            return "\n".join(found)
    expected = "a line contract/item/kind/currency, a finding or open item, a conversion_id or an impression_id"
    raise BadInput([Problem(f"{close.period} run {close.run}", identity, expected)])


def explained(close: StoredClose, identity: str) -> dict[str, Any]:
    """The same for machines: the words, and of findings their three views as data."""
    text = explain(close, identity).split("\n")
    found = [_views(close, row) for row in rows(close.findings, finding_id=identity)]
    named = [{"finding": row["finding_id"], **event} for row, event in views.findings_naming(close, identity)]
    return {"id": identity, "text": text, **({"finding": found[0]} if found else {"named_in": named} if named else {})}


def _views(close: StoredClose, row: dict[str, Any]) -> dict[str, Any]:
    """The three views of a finding as data."""
    workings = views.workings_of(close, row) if views.has_workings(close, row) else []
    return {
        **row,
        "meaning": views.grade_meaning(row),
        "paste": views.sentence_of(close, row),
        "workings": [_pair(pair) for pair in workings],
        "events": views.events_of(close, row).to_dict("records"),
    }


def _pair(pair: views.Pair) -> dict[str, Any]:
    step = pair.ours or pair.theirs or {}
    ours, theirs = (side["text"] if side else None for side in pair)
    named = {"step": step.get("label"), "rule": step.get("rule")}
    return {**named, "ours": ours, "theirs": theirs, "is_changed": pair.is_changed}
