"""A finding in its three views, in words: sentence and grade, workings under its edit, events."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from recon import views
from recon.close import StoredClose, reopened
from recon.diagnose.traces import MOST_EVENTS
from recon.explain.lines import told_line
from recon.explain.written import money, rows, units
from recon.problems import BadInput

_SIDES = (("ours", "our_amount"), ("theirs", "their_amount"))


def finding(close: StoredClose, identity: str) -> list[str]:
    """A finding: its sentence, its grade and what settles it, the workings under its edit, its events."""
    return [text for row in rows(close.findings, finding_id=identity) for text in _told_finding(close, row)]


def _told_finding(close: StoredClose, row: dict[str, Any]) -> Iterator[str]:
    amount = f"{money(row['amount'])} {row['currency'] or ''}".rstrip()
    yield f"{row['finding_id']}: {row['cause']} ({row['grade']}), {amount}"
    yield f"  {row['sentence']}"
    yield f"  {views.grade_meaning(row)}"
    if row["edit"]:
        yield f"  edit: {row['edit']}" + (f", scope: {row['scope']}" if row["scope"] else "")
    if row["witnesses"]:
        yield f"  billed in {', '.join(str(row['witnesses']).split())}"
    yield from _told_under_edit(close, row)
    yield from _told_events(close, row)
    key = {name: row[name] or "" for name in views.LINE}
    for one in rows(close.lines, **key):
        yield from told_line(close, one, key)


def _told_under_edit(close: StoredClose, row: dict[str, Any]) -> Iterator[str]:
    if not views.has_workings(close, row):
        return
    yield "  workings, ours and under the edit:"
    for pair in views.workings_of(close, row):
        ours, theirs = (side["text"] if side else "–" for side in pair)
        yield f"    {'≠' if pair.is_changed else '='} {ours}"
        if pair.is_changed:
            yield f"      {theirs}"


def _told_events(close: StoredClose, row: dict[str, Any]) -> Iterator[str]:
    events = views.events_of(close, row).to_dict("records")
    if events:
        yield "  events it turns on:"
    for event in events:
        yield f"    {told_event({str(name): value for name, value in event.items()}, row)}"
    if any(event["dataset"] == "impressions" for event in events):
        yield from _told_impressions(close, row)


def _told_impressions(close: StoredClose, row: dict[str, Any]) -> Iterator[str]:
    """Single impressions behind a finding: they are not kept with a close, so the events are read again."""
    key = {name: row[name] or "" for name in views.LINE}
    edits = [(str(one["cause"]), str(one["edit"])) for one in rows(close.findings, **key) if one["edit"]]
    try:
        found = reopened(close).impression_ids(key["contract"], key["item"], edits, MOST_EVENTS)
    except BadInput as changed:
        yield f"    single impressions can't be named: {changed.problems[0]}"
        return
    for ours, theirs, ids in found:
        if ids:
            yield f"    {ours} → {theirs}: impressions {', '.join(ids)}"


def told_event(event: dict[str, Any], finding: dict[str, Any]) -> str:
    """An event of a finding with the fate and the money either side gives it."""
    name = event["event"] or f"{units(event['quantity'])} {event['dataset']}"
    ours, theirs = (_fate(event[side], event[amount], finding) for side, amount in _SIDES)
    return f"{name}: ours {ours}; theirs {theirs}" + (f"; {event['place']}" if event["place"] else "")


def _fate(fate: object, amount: Decimal | None, finding: dict[str, Any]) -> str:
    words = views.fate_words(fate)
    return words if amount is None else f"{words} {money(amount)} {finding['currency'] or ''}".rstrip()


def told_in_findings(close: StoredClose, *events: str) -> Iterator[str]:
    """The findings that turn on some events."""
    for identity in events:
        for row, event in views.findings_naming(close, identity):
            yield f"  finding {row['finding_id']} ({row['grade']}): {told_event(event, row)}"
