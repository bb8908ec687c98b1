"""Inputs: one row per file or query that was read, with its hash, its rows and what its source said it sent."""

from __future__ import annotations

from recon.evidence.facts import Record, exact_or_zero, joined
from recon.evidence.formula import Term, label, number, total_where
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column, Sheet
from recon.evidence.sheets.parameters import moment
from recon.evidence.style import COUNT, PLAIN, TEXT, Look

TITLE = "Inputs"
COLUMNS = (
    Column("dataset", "Dataset", 18),
    Column("source", "File or query", 52),
    Column("system", "System, parameters", 24),
    Column("bytes", "Bytes", 15),
    Column("rows", "Rows read", 14),
    Column("rejected", "Rows set aside", 11),
    Column("outside", "Of other periods", 11),
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
    sheet.put("system", _origin(source), Look("prose", TEXT))
    sheet.put("bytes", source.get("bytes"), Look("input", COUNT))
    rows = sheet.put("rows", source.get("rows") or 0, Look("input", COUNT))
    rejected = sheet.put("rejected", source.get("rejected") or 0, Look("input", COUNT))
    outside = sheet.put("outside", source.get("out_of_period") or 0, Look("input", COUNT))
    sheet.put("used", rows - rejected - outside, Look("formula", COUNT))
    _control(sheet, source)
    sheet.put("first", moment(source.get("first")), Look("text", TEXT))
    sheet.put("last", moment(source.get("last")), Look("text", TEXT))
    sheet.put("sha256", source.get("sha256"), Look("prose", TEXT))


def _origin(source: Record) -> str:
    """The database and the parameters of a query; a file is just a file."""
    parameters = (f"{name} = {value}" for name, value in sorted((source.get("parameters") or {}).items()))
    return joined(filter(None, [source.get("system"), *parameters])) if source.get("query") else "file"


def _control(sheet: Sheet, source: Record) -> None:
    """What the source declared against what was found: the total that disagrees, if one does, else the first."""
    control = source.get("control")
    if not control:
        sheet.put("control", "none declared", Look("label"))
        return
    measure = min(control, key=lambda name: (bool(control[name]["agrees"]), name))
    sheet.put("control", joined(sorted(control)), Look("text", TEXT))
    said = sheet.put("declared", exact_or_zero(control[measure]["declared"]), Look("input", PLAIN))
    seen = sheet.put("found", exact_or_zero(control[measure]["found"]), Look("input", PLAIN))
    sheet.put("agrees", said.same_as(seen), Look("formula"))
