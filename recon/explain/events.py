"""What happened to a conversion, a reversal or an impression, in words with rule numbers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from recon import views
from recon.close import StoredClose
from recon.explain.findings import told_in_findings
from recon.explain.written import rows
from recon.money import plain
from recon.money import told as in_digits
from recon.period import instant_text


def conversion(close: StoredClose, identity: str) -> list[str]:
    """A conversion: what each contract decided on it, its touches, its reversals, the findings that turn on it."""
    seen = rows(close.observed("conversion_rows", identity))
    if not seen:
        return []
    told = [f"conversion {identity}: {_event(seen[0])}"]
    decisions = rows(close.conversions(conversion_id=identity))
    told += [text for row in decisions for text in _told_decision(row)]
    if not decisions:
        told.append("  unclaimed: no contract in force had a touch in reach (5.4)")
    touches = rows(close.observed("touches", identity))
    told += [f"  touch {_touch(row)}" for row in sorted(touches, key=lambda row: row["age"])]
    reversals = rows(close.observed("reversal_rows", identity))
    told += [f"  reversal {row['reversal_id']} at {instant_text(row['ts'])}: {_sale(row)}" for row in reversals]
    return [*told, *told_in_findings(close, identity, *(row["reversal_id"] for row in reversals))]


def reversal(close: StoredClose, identity: str) -> list[str]:
    """A reversal, told with its conversion."""
    seen = rows(close.observed("reversal_rows"), reversal_id=identity)
    return [text for row in seen[:1] for text in conversion(close, row["conversion_id"])]


def _told_decision(row: dict[str, Any]) -> Iterator[str]:
    reason = f", {row['reason']}" if row["reason"] else ""
    yield f"  {row['contract']} v{row['version']}: {row['fate']}{reason}: {views.FATES[row['fate']]}"
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


def impression(close: StoredClose, identity: str) -> list[str]:
    """Reads the raw events again for this one id: single impressions are not kept with a close."""
    seen = views.impression_of(close, identity)
    named = told_in_findings(close, identity)
    head = f"impression {identity}, read again from the raw events:"
    return [head, *(_told_impression(one) for one in seen), *named] if seen else []


def _told_impression(one: views.Seen) -> str:
    owner = f"{one.contract or 'no contract'}, item {one.item or '(none)'}"
    version = f" v{one.version}" if one.version else ""
    words = " or ".join(views.IMPRESSION_FATES[fate] for fate in one.fate.split(" or "))
    return f"  {one.direction}: {owner}{version}: {one.fate} × {one.quantity}: {words}" + (
        f"; {one.note}" if one.note else ""
    )
