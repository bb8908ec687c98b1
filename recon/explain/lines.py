"""A line in words, with its workings, its findings and how its events ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recon.close import StoredClose
from recon.explain.written import money, rows, units
from recon.views import FATES, IMPRESSION_FATES


def line(close: StoredClose, identity: str) -> list[str]:
    """A line `contract/item/kind/currency`; nothing where no line is called so."""
    parts = identity.split("/")
    if len(parts) != 4:
        return []
    key = dict(zip(("contract", "item", "kind", "currency"), parts, strict=True))
    told = [text for row in rows(close.lines, **key) for text in told_line(close, row, key)]
    workings = list(_told_workings(close, key))
    nothing = f"{identity}, {close.period}, run {close.run}: no line, for neither quantity nor amount is left (4.5)"
    return told or ([nothing, *workings] if workings else [])


def told_line(close: StoredClose, row: dict[str, Any], key: dict[str, str]) -> Iterator[str]:
    """Both sides of a line, its workings, its findings and how its events ended."""
    yield f"{'/'.join(key.values())}, {row['period']}, run {close.run}: {row['status'].replace('_', ' ')}"
    expected = units(row["expected_quantity"])
    yield f"  expected {money(row['expected_amount'])} {row['currency']} for {expected} units"
    yield f"  billed   {money(row['billed_amount'])} {row['currency']} for {units(row['billed_quantity'])} units"
    yield f"  variance {money(row['variance'])} {row['currency']} (billed − expected, 1.6)"
    yield from _told_workings(close, key)
    for finding in rows(close.findings, **key):
        yield f"  finding {finding['finding_id']}: {finding['sentence']}"
    for fate in rows(close.fates, contract=key["contract"], item=key["item"]):
        words = {**FATES, **IMPRESSION_FATES}.get(fate["fate"], fate["fate"])
        yield f"  {units(fate['quantity']):>14} {fate['dataset']} {fate['fate']}: {words}"


def _told_workings(close: StoredClose, key: dict[str, str]) -> Iterator[str]:
    steps = rows(close.workings, **key)
    if steps:
        yield "  workings:"
    for row in steps:
        version = f"v{row['version']} " if row["version"] else ""
        yield f"    [{row['rule']}] {version}{row['clause'] or ''} {row['label']}: {row['text']}"
