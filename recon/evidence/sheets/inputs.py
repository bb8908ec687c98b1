"""Inputs: one row per file or query that was read, with its hash, its rows and what its source said it sent."""

from __future__ import annotations

from typing import Any

from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.formula import Ref, Term, label, number, total_where
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column, Sheet
from recon.evidence.sheets.parameters import moment
from recon.evidence.style import COUNT, PLAIN, TEXT, Look

TITLE = "Inputs"
COLUMNS = (
    Column("dataset", "Dataset", 18),
    Column("source", "File or query", 52),
    Column("bytes", "Bytes", 15),
    Column("rows", "Rows read", 14),
    Column("rejected", "Rows set aside", 11),
    Column("used", "Rows used", 14),
    Column("control", "Control total", 22),
    Column("declared", "Source says", 15),
    Column("found", "Found", 15),
    Column("agrees", "Agrees", 9),
    Column("first", "First event (UTC)", 25),
    Column("last", "Last event (UTC)", 25),
    Column("sha256", "SHA-256", 35),
)


def write(pack: Pack) -> None:
    """Write the sheet, and keep the rows read per dataset for the tie-out."""
    sheet = pack.sheet(
        TITLE, COLUMNS, "Inputs", "What was read, exactly: the digest of the close covers every hash on this page."
    )
    sheet.keep("dataset", "rows", "rejected", "agrees")
    with sheet.table(is_main=True) as table:
        for source in pack.facts.manifest.get("inputs", ()):
            _source(sheet, source)
    datasets = sheet.span("dataset", table, far=True)
    for name in sorted({str(s["dataset"]) for s in pack.facts.manifest.get("inputs", ())}):
        wanted = (datasets, label(name))
        pack.rows_read[name] = total_where(sheet.span("rows", table, far=True), wanted)
        pack.rows_rejected[name] = total_where(sheet.span("rejected", table, far=True), wanted)
    agreements = sheet.span("agrees", table, far=True)
    wrong = Term(f"COUNTIF({agreements.text},FALSE)", exact_or_zero(agreements.values.count(False)))
    pack.check(TITLE, "Every control total that a source declared was found", wrong.same_as(number(0)))


def _source(sheet: Sheet, source: Record) -> None:
    sheet.next_row()
    sheet.put("dataset", source["dataset"], Look("text", TEXT))
    sheet.put("source", source.get("file") or source.get("query"), Look("prose", TEXT))
    sheet.put("bytes", source.get("bytes"), Look("input", COUNT))
    rows = sheet.put("rows", source.get("rows") or 0, Look("input", COUNT))
    rejected = sheet.put("rejected", source.get("rejected") or 0, Look("input", COUNT))
    sheet.put("used", rows - rejected, Look("formula", COUNT))
    _control(sheet, source)
    sheet.put("first", moment(source.get("first")), Look("text", TEXT))
    sheet.put("last", moment(source.get("last")), Look("text", TEXT))
    sheet.put("sha256", source.get("sha256"), Look("prose", TEXT))


def _control(sheet: Sheet, source: Record) -> None:
    """Declared against found, one control total per source on the sheet; further ones are named in words."""
    totals = _totals(source.get("control") or source.get("control_totals"))
    if not totals:
        sheet.put("control", "none declared", Look("label"))
        return
    disagreeing = [entry for entry in totals if str(entry[1]) != str(entry[2])]
    name, declared, found = (disagreeing or totals)[0]
    sheet.put("control", ", ".join(entry[0] for entry in totals), Look("text", TEXT))
    said = _figure(sheet, "declared", declared)
    seen = _figure(sheet, "found", found)
    sheet.put("agrees", said.same_as(seen), Look("formula"))


def _figure(sheet: Sheet, name: str, value: Any) -> Ref:
    return sheet.put(name, exact_or_zero(str(value) if value not in (None, "") else None), Look("input", PLAIN))


def _totals(control: Any) -> list[tuple[str, Any, Any]]:
    """Control totals as (name, declared, found), however the manifest nests them."""
    if not control:
        return []
    if isinstance(control, dict) and set(control) >= {"declared", "found"}:
        declared, found = control["declared"] or {}, control["found"] or {}
        return [(name, declared[name], found.get(name)) for name in sorted(declared)]
    if isinstance(control, dict):
        return [(name, pair["declared"], pair["found"]) for name, pair in sorted(control.items())]
    return [(str(e["name"]), e["declared"], e["found"]) for e in control]
