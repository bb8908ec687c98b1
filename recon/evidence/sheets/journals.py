"""Journals: entries proposed for accepted findings and timing items, debit = credit (AUDIT, The evidence pack)."""

from __future__ import annotations

from recon.evidence.formula import Term, label, number, rounded, total_where
from recon.evidence.journals import Posting, proposed
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.style import DATE, TEXT, Look, money

TITLE = "Journals"
COLUMNS = (
    Column("entry", "Entry", 14),
    Column("date", "Date", 11),
    Column("account", "Account", 28),
    Column("debit", "Debit", 15),
    Column("credit", "Credit", 15),
    Column("currency", "Currency", 9),
    Column("counterparty", "Counterparty", 24),
    Column("reference", "Finding", 40),
    Column("text", "What for", 34),
    Column("reversal", "Reverses on", 12),
    Column("check", "Debit − credit", 13),
)
_TOTALS = {"entry": "All entries", "debit": "Debit", "credit": "Credit", "currency": "Currency", "check": "Difference"}


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Proposed journal entries",
        "For findings, drifts and true-ups that were accepted (a credit or debit note) and for timing items (an "
        "accrual that reverses). The books hold what was billed; an entry brings them to what was expected.",
        "Accounts come from [accounts] in recon.toml. Nothing is posted: these are proposals.",
    )  # fmt: skip
    sheet.keep("entry", "debit", "credit", "currency")
    postings = postings_of(pack)
    with sheet.table(is_main=True) as table:
        for posting in postings:
            _posting(sheet, posting)
    if not postings:
        sheet.line("None: no finding of the month was accepted, none is timing, no earlier item was decided otherwise.")
        return
    _totals(pack, sheet, table, sorted({one.currency for one in postings}))


def postings_of(pack: Pack) -> tuple[Posting, ...]:
    """The postings of the pack's close."""
    facts = pack.facts
    directions = {contract: facts.direction(contract) for contract in facts.parties}
    return proposed(facts.dossier.items, directions, facts.accounts)


def _posting(sheet: Sheet, one: Posting) -> None:
    shape = money(decimals(one.currency))
    sheet.next_row()
    for name, text in (("entry", one.entry), ("currency", one.currency)):
        sheet.put(name, text, Look("text", TEXT))
    for name, text in (("account", one.account), ("counterparty", one.counterparty), ("reference", one.reference),
                       ("text", one.text)):  # fmt: skip
        sheet.put(name, text, Look("prose", TEXT))
    sheet.put("date", one.date, Look("input", DATE))
    sheet.put("debit", one.debit, Look("engine", shape))
    sheet.put("credit", one.credit, Look("engine", shape))
    if one.reversal is not None:
        sheet.put("reversal", one.reversal, Look("input", DATE))


def _totals(pack: Pack, sheet: Sheet, table: Table, currencies: list[str]) -> None:
    sheet.next_row()
    with sheet.table(_TOTALS):
        for currency in currencies:
            sheet.next_row()
            shape = money(decimals(currency))
            sheet.put("entry", "Total", Look("total-text"))
            sheet.put("currency", currency, Look("total-text", TEXT))
            debit, credit = (sheet.put(name, _sum(sheet, table, name, currency), Look("total-formula", shape))
                             for name in ("debit", "credit"))  # fmt: skip
            gap = rounded(debit - credit, pack.names["noise_digits"])
            cell = sheet.put("check", gap, Look("total-check", shape))
            pack.check(TITLE, f"Debit = credit in {currency}", cell.far.same_as(number(0)))


def _sum(sheet: Sheet, table: Table, name: str, currency: str) -> Term:
    return total_where(sheet.span(name, table), (sheet.span("currency", table), label(currency)))
