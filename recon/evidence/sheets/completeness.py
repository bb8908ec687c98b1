"""Completeness both ways: every contract that delivered was billed, every billed line has a contract (RULES 8.5)."""

from __future__ import annotations

from collections.abc import Sequence

from recon.evidence.complete import BILLED, NO_DELIVERY, NOT_BILLED, ContractSeen, completeness
from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.formula import Ref, Term
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import COUNT, SHARES, TEXT, Look, money

TITLE = "Completeness"
COLUMNS = (
    Column("contract", "Contract", 26),
    Column("counterparty", "Counterparty", 28),
    Column("direction", "Direction", 11),
    Column("model", "Model", 8),
    Column("delivered", "Delivered (events)", 15),
    Column("expected", "Lines expected", 10),
    Column("billed", "Lines billed", 10),
    Column("answer", "Is billed", 12),
    Column("note", "Note", 60),
)
_ORPHANS = {
    "contract": "Contract as billed",
    "counterparty": "Item",
    "direction": "Kind",
    "model": "Currency",
    "delivered": "Billed amount",
    "note": "Note",
}


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Completeness, both ways",
        "A gap here is a finding of the month, not an error of the pack: it is repeated on Exceptions.",
    )  # fmt: skip
    found = completeness(pack.facts)
    sheet.line("From contract to billing", "section")
    with sheet.table(is_main=True):
        for contract in found.contracts:
            _contract(sheet, contract)
    sheet.flag("answer", f'{{0}}="{NOT_BILLED}"')
    sheet.next_row()
    _orphans(sheet, found.orphans)


def _contract(sheet: Sheet, seen: ContractSeen) -> None:
    sheet.next_row()
    for name in ("contract", "counterparty", "direction", "model"):
        sheet.put(name, getattr(seen, name), Look("text", TEXT))
    shape = COUNT if seen.delivered.denominator == 1 else SHARES
    delivered = sheet.put("delivered", seen.delivered, Look("input", shape))
    sheet.put("expected", seen.expected, Look("input", COUNT))
    billed = sheet.put("billed", seen.billed, Look("input", COUNT))
    sheet.put("answer", _answer(delivered, billed, seen.answer), Look("formula"))
    sheet.put("note", seen.note or None, Look("prose"))


def _answer(delivered: Ref, billed: Ref, answer: str) -> Term:
    text = f'IF({delivered.text}=0,"{NO_DELIVERY}",IF({billed.text}>0,"{BILLED}","{NOT_BILLED}"))'
    return Term(text, answer)


def _orphans(sheet: Sheet, orphans: Sequence[Record]) -> None:
    sheet.line("From billing to contract", "section")
    if not orphans:
        sheet.line("Every billed line names a contract of the book.")
        return
    with sheet.table(_ORPHANS):
        for line in orphans:
            _orphan(sheet, line)


def _orphan(sheet: Sheet, line: Record) -> None:
    sheet.next_row()
    for column, name in (
        ("contract", "contract"),
        ("counterparty", "item"),
        ("direction", "kind"),
        ("model", "currency"),
    ):
        sheet.put(column, line[name], Look("text", TEXT))
    sheet.put("delivered", exact_or_zero(line["billed_amount"]), Look("input", money(decimals(line["currency"]))))
    sheet.put("note", "The contract book has no contract of this id.", Look("prose"))
