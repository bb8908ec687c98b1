"""Exceptions: every finding with its money, then what was not priced, then the rows set aside."""

from __future__ import annotations

from fractions import Fraction

from recon.diagnose.grades import cause_words
from recon.evidence.facts import Record, exact_or_zero, joined, line_key
from recon.evidence.formula import Ref, Term, label, number, rounded, total_where
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.style import TEXT, Look, money
from recon.signoff import Item

TITLE = "Exceptions"
MOST_REJECTED = 1000
COLUMNS = (
    Column("finding", "Finding", 28),
    Column("counterparty", "Counterparty", 20),
    Column("contract", "Contract", 18),
    Column("item", "Item", 14),
    Column("kind", "Kind", 8),
    Column("currency", "Currency", 9),
    Column("status", "Line is", 12),
    Column("amount", "Amount", 13),
    Column("cause", "Cause", 16),
    Column("grade", "Grade", 12),
    Column("sentence", "What it says", 56),
    Column("edit", "Edit that gives it", 22),
    Column("scope", "Scope", 10),
    Column("rivals", "Rivals", 15),
    Column("settles", "What would settle it", 24),
    Column("asks", "Asks for a decision", 9),
    Column("owner", "Owner", 10),
    Column("age", "Age", 8),
    Column("disposition", "Disposition", 22),
    Column("tick", "Tick", 5),
)
SHARED = ("counterparty", "currency", "status", "amount", "cause", "asks")  # what Bridge adds up
WITHIN = "within tolerance"
_OVER = {column.name: column.heading for column in COLUMNS}
_REJECTED = {
    "finding": "File",
    "counterparty": "Dataset",
    "contract": "Column",
    "item": "Row",
    "amount": "Value",
    "sentence": "Reason",
}


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Exceptions",
        "A finding's amount is billed − expected in the row's currency; a line's findings add up to its variance.",
        "Cause: the edit to contract, clock or input under which the recomputation gives what was billed; About says "
        "what the grades mean.",
    )  # fmt: skip
    sheet.keep(*SHARED)
    statuses = {line_key(line): cause_words(line["status"]) for line in pack.facts.lines}
    with sheet.table(is_main=True) as table:
        for finding in pack.facts.findings:
            _finding(pack, sheet, finding, statuses.get(line_key(finding)))
    pack.share(sheet, table, *SHARED)
    if not pack.facts.findings:
        sheet.line("No findings: every line agrees or is within tolerance.")
    _over_the_months(pack, sheet)
    _reconciled(pack, sheet, table)
    _not_priced(pack, sheet)
    _rejected(pack, sheet)


def _finding(pack: Pack, sheet: Sheet, finding: Record, status: str | None) -> None:
    sheet.next_row()
    sheet.put("finding", finding["finding_id"], Look("prose", TEXT))
    sheet.put("counterparty", pack.facts.counterparty(finding["contract"]), Look("prose", TEXT))
    for name in ("contract", "item"):
        sheet.put(name, finding[name], Look("prose", TEXT))
    for name in ("kind", "currency", "grade"):
        sheet.put(name, finding[name], Look("text", TEXT))
    sheet.put("status", status, Look("text", TEXT))
    sheet.put("amount", exact_or_zero(finding["amount"]), Look("engine", money(decimals(finding["currency"] or ""))))
    sheet.put("cause", cause_words(finding["cause"]), Look("prose", TEXT))
    for name in ("sentence", "edit", "scope", "settles"):
        sheet.put(name, finding.get(name), Look("prose", TEXT))
    sheet.put("rivals", joined(map(cause_words, str(finding["rivals"] or "").split())), Look("prose", TEXT))
    item = pack.facts.open_items.get(finding["finding_id"])
    sheet.put("asks", "yes" if item else "no", Look("text"))
    sheet.put("owner", item.owner or None if item else None, Look("input", TEXT))
    sheet.put("age", item.age if item else None, Look("text"))
    sheet.put("disposition", _decided(item), Look("prose", TEXT))
    sheet.put("tick", "X", Look("tick"))


def _over_the_months(pack: Pack, sheet: Sheet) -> None:
    """Drifts and accepted true-ups: findings of the month that no line of it holds (RULES 2.7, 8.4)."""
    sheet.next_row()
    sheet.line("Over the months: drift in one direction, and true-ups of earlier months that were accepted", "section")
    known = {finding["finding_id"] for finding in pack.facts.findings}
    items = [item for item in pack.facts.dossier.items.new if item.finding_id not in known]
    if not items:
        sheet.line("None.")
        return
    with sheet.table(_OVER) as table:
        for item in items:
            _over(sheet, item)
    for name in ("amount", "currency"):
        pack.columns[TITLE, f"over_{name}"] = sheet.span(name, table, far=True)


def _over(sheet: Sheet, item: Item) -> None:
    sheet.next_row()
    for name, text in (("finding", item.finding_id), ("counterparty", item.counterparty), ("contract", item.contract),
                       ("item", item.item), ("cause", cause_words(item.cause)), ("sentence", item.words),
                       ("disposition", _decided(item))):  # fmt: skip
        sheet.put(name, text or None, Look("prose", TEXT))
    for name, text in (("kind", item.kind), ("currency", item.currency), ("grade", item.grade), ("age", item.age)):
        sheet.put(name, text or None, Look("text", TEXT))
    sheet.put("amount", Fraction(item.amount), Look("engine", money(decimals(item.currency))))
    sheet.put("asks", "yes", Look("text"))
    sheet.put("owner", item.owner or None, Look("input", TEXT))
    sheet.put("tick", "X", Look("tick"))


def _decided(item: Item | None) -> str | None:
    """What was decided about a finding, by whom and why; None where nothing is asked."""
    if item is None:
        return None
    return joined(one for one in (item.disposition or "open", item.decided_by, item.reason) if one)


def _reconciled(pack: Pack, sheet: Sheet, table: Table) -> None:
    """Findings + differences within tolerance = the month's variance, per currency."""
    sheet.next_row()
    sheet.line("Findings against the variance on Summary", "section")
    for currency, totals in pack.totals.items():
        shape = money(decimals(currency))
        found = total_where(sheet.span("amount", table), (sheet.span("currency", table), label(currency)))
        findings = _sum(sheet, "Findings above", currency, found, Look("formula", shape))
        within = tolerated(pack, (currency, "currency"))
        rest = _sum(sheet, "Differences within tolerance", currency, within, Look("formula", shape))
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


def tolerated(pack: Pack, *wanted: tuple[str, str]) -> Term:
    """What lines within tolerance differ by and no finding tells; `wanted` are values with their columns' names."""
    lines, findings = (
        total_where(
            pack.columns[title, amount],
            *((pack.columns[title, column], label(value)) for value, column in (*wanted, (WITHIN, "status"))),
        )
        for title, amount in (("Summary", "variance"), (TITLE, "amount"))
    )
    return lines - findings


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
            for name, source in zip(_REJECTED, ("file", "dataset", "column", "row", "value", "reason"), strict=True):
                sheet.put(name, None if row[source] is None else str(row[source]), Look("prose", TEXT))
