"""What happened to a line, a finding, a conversion or an impression, in words with rule numbers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from recon.close import StoredClose
from recon.contracts.documents import load_book
from recon.engine import Engine, literal
from recon.expect.delivery import Delivered, deliver
from recon.inputs import read_inputs
from recon.money import plain
from recon.money import told as in_digits
from recon.observe.impressions import impression_counts, observe_impressions
from recon.observe.scope import Scope
from recon.period import Period, instant, instant_text
from recon.problems import BadInput, Problem

FATES = {
    "test": "a test event, never paid (5.4)",
    "fraud": "marked as fraud, never paid (5.4)",
    "late": "ingested after the cut-off: does not count, settled by true-up (1.9)",
    "duplicate": "an earlier conversion of the same order stands within the dedupe window (5.4)",
    "no_touch": "touches are in reach, none of them qualifies (5.2)",
    "lost": "another partner won it (5.3)",
    "ineligible": "a condition of the contract does not hold (5.5)",
    "no_rate": "no item of the contract prices it (5.6)",
    "reversed": "reversed in its own period (5.7)",
    "not_locked": "not final yet (5.9)",
    "over_cap": "beyond a cap (5.8)",
    "payable": "payable (5.4)",
}
IMPRESSION_FATES = {
    "duplicate": "the same impression_id came at most 24 h before (3.2)",
    "test": "a test event (3.2)",
    "ivt": "invalid traffic of a kind that the contract excludes (3.2)",
    "late": "ingested after the cut-off (1.9)",
    "no_version": "its item is known, but in no version in force on that date (2.2, 3.2)",
    "not_viewable": "the contract bills viewable impressions only (3.2)",
    "not_completed": "the contract bills completed impressions only (3.2)",
    "no_rate": "no rate of its item matches (3.3)",
    "over_booked": "beyond the booked quantity (3.5)",
    "billable": "billable (3.2)",
    "unknown_item": "no contract knows its item (3.2)",
    "look_back": "outside the period; read for look-back alone",
}


def explain(close: StoredClose, identity: str) -> str:
    """A line `contract/item/kind/currency`, a finding, a conversion or an impression of a run, in words.

    BadInput when the run knows nothing by that name.
    """
    for find in (_line, _finding, _conversion, _impression):
        found = find(close, identity)
        if found:
            return "\n".join(found)
    expected = "a line contract/item/kind/currency, a finding id, a conversion_id or an impression_id of this month"
    raise BadInput([Problem(f"{close.period} run {close.run}", identity, expected)])


def _rows(frame: pd.DataFrame, **wanted: Any) -> list[dict[str, Any]]:
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _line(close: StoredClose, identity: str) -> list[str]:
    parts = identity.split("/")
    if len(parts) != 4:
        return []
    key = dict(zip(("contract", "item", "kind", "currency"), parts, strict=True))
    told = [text for row in _rows(close.lines, **key) for text in _told_line(close, row, key)]
    workings = list(_told_workings(close, key))
    nothing = f"{identity}, {close.period}, run {close.run}: no line, for neither quantity nor amount is left (4.5)"
    return told or ([nothing, *workings] if workings else [])


def _told_line(close: StoredClose, row: dict[str, Any], key: dict[str, str]) -> Iterator[str]:
    yield f"{'/'.join(key.values())}, {row['period']}, run {close.run}: {row['status'].replace('_', ' ')}"
    units = _quantity(row["expected_quantity"])
    yield f"  expected {_money(row['expected_amount'])} {row['currency']} for {units} units"
    yield f"  billed   {_money(row['billed_amount'])} {row['currency']} for {_quantity(row['billed_quantity'])} units"
    yield f"  variance {_money(row['variance'])} {row['currency']} (billed − expected, 1.6)"
    yield from _told_workings(close, key)
    for finding in _rows(close.findings, **key):
        yield f"  finding {finding['finding_id']}: {finding['sentence']}"
    for fate in _rows(close.fates, contract=key["contract"], item=key["item"]):
        words = {**FATES, **IMPRESSION_FATES}.get(fate["fate"], fate["fate"])
        yield f"  {_quantity(fate['quantity']):>14} {fate['dataset']} {fate['fate']}: {words}"


def _told_workings(close: StoredClose, key: dict[str, str]) -> Iterator[str]:
    rows = _rows(close.workings, **key)
    if rows:
        yield "  workings:"
    for row in rows:
        version = f"v{row['version']} " if row["version"] else ""
        yield f"    [{row['rule']}] {version}{row['clause'] or ''} {row['label']}: {row['text']}"


def _finding(close: StoredClose, identity: str) -> list[str]:
    told: list[str] = []
    for row in _rows(close.findings, finding_id=identity):
        told.append(f"{identity}: {row['cause']} ({row['grade']}), {_money(row['amount'])} {row['currency']}")
        told.append(f"  {row['sentence']}")
        key = {name: row[name] or "" for name in ("contract", "item", "kind", "currency")}
        told += [text for line in _rows(close.lines, **key) for text in _told_line(close, line, key)]
    return told


def _conversion(close: StoredClose, identity: str) -> list[str]:
    seen = _rows(close.observed("conversion_rows", identity))
    if not seen:
        return []
    told = [f"conversion {identity}: {_event(seen[0])}"]
    decisions = _rows(close.conversions(conversion_id=identity))
    told += [text for row in decisions for text in _told_decision(row)]
    if not decisions:
        told.append("  unclaimed: no contract in force had a touch in reach (5.4)")
    touches = _rows(close.observed("touches", identity))
    told += [f"  touch {_touch(row)}" for row in sorted(touches, key=lambda row: row["age"])]
    reversals = _rows(close.observed("reversal_rows", identity))
    return told + [f"  reversal {row['reversal_id']} at {instant_text(row['ts'])}: {_sale(row)}" for row in reversals]


def _told_decision(row: dict[str, Any]) -> Iterator[str]:
    reason = f", {row['reason']}" if row["reason"] else ""
    yield f"  {row['contract']} v{row['version']}: {row['fate']}{reason}: {FATES[row['fate']]}"
    if row["fate"] == "payable":
        share = "" if row["share"] == 1_000_000 else f", share {Decimal(row['share']) / 1_000_000}"
        earned = in_digits(Fraction(row["exact_amount"]))
        yield f"    item {row['item']} at {row['rate']}{share} earns {earned}, by touch {row['touch_id']}"


def _event(row: dict[str, Any]) -> str:
    parts = [instant_text(row["ts"]), row["program"], row["action"], _sale(row)]
    marks = [name for name in ("is_test", "is_fraud") if row[name]]
    before = [f"order {row['order_id']} seen before in {row['prior_id']}"] if row["prior_id"] else []
    return ", ".join(str(part) for part in (*parts, *marks, *before) if part)


def _sale(row: dict[str, Any]) -> str:
    if row["sale_micros"] is None:
        return ""
    return f"{plain(Decimal(row['sale_micros']).scaleb(-6).normalize())} {row.get('currency') or ''}".strip()


def _touch(row: dict[str, Any]) -> str:
    hours = Decimal(row["age"]) / 3_600_000_000
    marks = [name.removeprefix("is_") for name in ("is_duplicate", "is_test") if row[name]]
    notes = [note for note in (*marks, row["ivt"]) if note]
    age = f"{plain(hours.quantize(Decimal('0.01')))} h before"
    words = f"{row['kind']} {row['touch_id']} of {row['partner']} at {instant_text(row['ts'])}, {age}"
    return words + (f" ({', '.join(notes)})" if notes else "")


def _impression(close: StoredClose, identity: str) -> list[str]:
    """Reads the raw events again for this one id: single impressions are not kept with a close."""
    manifest, period = close.manifest, Period.parse(close.period)
    known = manifest["as_known_at"]
    as_known_at = None if known is None else instant(known)
    settings = close.workspace
    scope = Scope(period, settings.cutoff_days, instant(manifest["cutoff"]), as_known_at, settings.billing_timezone)
    book = load_book(settings.contracts).known_at(as_known_at)
    with Engine() as engine:
        read_inputs(settings, engine, period)
        engine.run(
            "one impression", f"CREATE TABLE one AS SELECT * FROM impressions WHERE impression_id = {literal(identity)}"
        )
        engine.run(
            "only this", "DROP VIEW IF EXISTS impressions; CREATE OR REPLACE VIEW impressions AS SELECT * FROM one"
        )
        observe_impressions(engine, book, scope)
        counts = impression_counts(engine)
    told = [_told_delivery(side, one) for side in ("charge", "payout") for one in deliver(counts, book, scope, side)]
    return [f"impression {identity}, read again from the raw events:", *told] if counts else []


def _told_delivery(direction: str, one: Delivered) -> str:
    owner = f"{one.contract or 'no contract'}, item {one.item or '(none)'}"
    version = f" v{one.listing.version.version}" if one.listing else ""
    return f"  {direction}: {owner}{version}: {one.fate} × {one.quantity}: {IMPRESSION_FATES[one.fate]}"


def _money(amount: Decimal | None) -> str:
    return "–" if amount is None else f"{amount:,f}"


def _quantity(quantity: Decimal | None) -> str:
    return "–" if quantity is None else f"{quantity:,f}"
