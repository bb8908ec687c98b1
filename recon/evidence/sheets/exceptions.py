"""Exceptions: every finding with its money, then what was not priced, then the rows set aside."""

from __future__ import annotations

from fractions import Fraction

from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.formula import Ref, Term, label, number, rounded, total_where
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.style import TEXT, Look, money

TITLE = "Exceptions"
MOST_REJECTED = 1000
COLUMNS = (
    Column("finding", "Finding", 50),
    Column("contract", "Contract", 24),
    Column("item", "Item", 20),
    Column("kind", "Kind", 9),
    Column("currency", "Currency", 9),
    Column("amount", "Amount", 15),
    Column("cause", "Cause", 17),
    Column("grade", "Grade", 13),
    Column("sentence", "What it says", 58),
    Column("owner", "Owner", 12),
    Column("age", "Age", 8),
    Column("disposition", "Disposition", 14),
    Column("tick", "Tick", 6),
)
_REJECTED = {
    "finding": "File",
    "contract": "Dataset",
    "item": "Row",
    "kind": "Column",
    "amount": "Value",
    "sentence": "Reason",
}


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Exceptions",
        "A finding's amount is billed − expected in the row's currency; a line's findings add up to its variance.",
    )  # fmt: skip
    sheet.keep("currency", "amount")
    with sheet.table(is_main=True) as table:
        for finding in pack.facts.findings:
            _finding(sheet, finding)
    if not pack.facts.findings:
        sheet.line("No findings: every line agrees or is within tolerance.")
    _reconciled(pack, sheet, table)
    _not_priced(pack, sheet)
    _rejected(pack, sheet)


def _finding(sheet: Sheet, finding: Record) -> None:
    sheet.next_row()
    sheet.put("finding", finding["finding_id"], Look("prose", TEXT))
    for name in ("contract", "item", "kind", "currency", "grade"):
        sheet.put(name, finding[name], Look("text", TEXT))
    sheet.put("amount", exact_or_zero(finding["amount"]), Look("engine", money(decimals(finding["currency"]))))
    sheet.put("cause", str(finding["cause"] or "").replace("_", " "), Look("text", TEXT))
    sheet.put("sentence", finding["sentence"], Look("prose", TEXT))
    sheet.put("owner", None, Look("input", TEXT))
    sheet.put("age", "new", Look("text"))
    sheet.put("disposition", "open", Look("input", TEXT))
    sheet.put("tick", "X", Look("tick"))


def _reconciled(pack: Pack, sheet: Sheet, table: Table) -> None:
    """Findings + differences within tolerance = the month's variance, per currency."""
    sheet.next_row()
    sheet.line("Findings against the variance on Summary", "section")
    for currency, totals in pack.totals.items():
        shape = money(decimals(currency))
        found = total_where(sheet.span("amount", table), (sheet.span("currency", table), label(currency)))
        findings = _sum(sheet, "Findings above", currency, found, Look("formula", shape))
        rest = _sum(
            sheet,
            "Differences within tolerance",
            currency,
            _within(pack, currency),
            Look("input", shape),
        )
        variance = _sum(sheet, "Variance on Summary", currency, totals["variance"], Look("formula", shape))
        gap = rounded(variance - findings - rest, pack.names["noise_digits"])
        cell = _sum(sheet, "Difference (must be zero)", currency, gap, Look("total-check", shape))
        pack.check(
            TITLE,
            f"Findings and differences within tolerance add up to the variance in {currency}",
            cell.far.same_as(number(0)),
        )


def _sum(sheet: Sheet, words: str, currency: str, amount: Term | Fraction, look: Look) -> Ref:
    sheet.next_row()
    sheet.put("finding", words, Look("text"))
    sheet.put("currency", currency, Look("text", TEXT))
    return sheet.put("amount", amount, look)


def _within(pack: Pack, currency: str) -> Fraction:
    """The differences that the workspace tolerates; a line may have them and a finding of another kind as well."""
    rows = (r for r in pack.facts.lines if r["currency"] == currency and r["status"] == "within_tolerance")
    return sum((exact_or_zero(row["variance"]) for row in rows), Fraction(0))


def _not_priced(pack: Pack, sheet: Sheet) -> None:
    sheet.next_row()
    sheet.line("Contracts not priced", "section")
    sentences = pack.facts.not_priced_sentences
    for (contract, _, _), sentence in zip(pack.facts.not_priced, sentences, strict=True):
        sheet.line(sentence, "alert", "item")
        sheet.put("finding", "not priced", Look("text", TEXT))
        sheet.put("contract", contract, Look("text", TEXT))
        sheet.put("tick", "X", Look("tick"))
    if not pack.facts.not_priced:
        sheet.line("None: every clause of every version in force was priced.")


def _rejected(pack: Pack, sheet: Sheet) -> None:
    rows = pack.facts.rejected
    sheet.next_row()
    sheet.line("Rows set aside", "section")
    if not rows:
        sheet.line("None: every row read could be used.")
        return
    if len(rows) > MOST_REJECTED:
        sheet.line(f"The first {MOST_REJECTED:,} of {len(rows):,}; all of them stand in rejected.csv of the close.")
    with sheet.table(_REJECTED):
        for row in rows[:MOST_REJECTED]:
            sheet.next_row()
            for name, source in zip(_REJECTED, ("file", "dataset", "row", "column", "value", "reason"), strict=True):
                sheet.put(name, None if row[source] is None else str(row[source]), Look("prose", TEXT))
