"""Completeness both ways: every contract that delivered was billed, every billed line has a contract (RULES 8.5)."""

from __future__ import annotations

from fractions import Fraction

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
    sheet.line("From contract to billing", "section")
    with sheet.table(is_main=True):
        for contract in pack.facts.contracts:
            _contract(pack, sheet, contract)
    sheet.flag("answer", '{0}="NO"')
    sheet.next_row()
    _orphans(pack, sheet)


def _contract(pack: Pack, sheet: Sheet, contract: str) -> None:
    facts = pack.facts
    lines = [line for line in facts.lines if line["contract"] == contract]
    sheet.next_row()
    sheet.put("contract", contract, Look("text", TEXT))
    sheet.put("counterparty", facts.counterparty(contract), Look("text", TEXT))
    sheet.put("direction", facts.direction(contract), Look("text", TEXT))
    sheet.put("model", facts.model(contract), Look("text", TEXT))
    delivery = facts.fate_total("billable", contract=contract) + facts.fate_total("payable", contract=contract)
    delivered = sheet.put("delivered", delivery, Look("input", COUNT if delivery.denominator == 1 else SHARES))
    sheet.put("expected", sum(1 for line in lines if _is_expected(line)), Look("input", COUNT))
    billed = sheet.put("billed", sum(1 for line in lines if _is_billed(line)), Look("input", COUNT))
    sheet.put("answer", _answer(delivered, billed), Look("formula"))
    sheet.put("note", _note(pack, contract, delivery, lines), Look("prose"))


def _answer(delivered: Ref, billed: Ref) -> Term:
    text = f'IF({delivered.text}=0,"no delivery",IF({billed.text}>0,"yes","NO"))'
    if delivered.number == 0:
        return Term(text, "no delivery")
    return Term(text, "yes" if billed.number > 0 else "NO")


def _note(pack: Pack, contract: str, delivery: Fraction, lines: list[Record]) -> str | None:
    if contract in pack.facts.unpriced_contracts:
        return "Not priced by this release: nothing is expected, so nothing is compared."
    if delivery and not any(map(_is_billed, lines)):
        return "Delivered in the period, but no billed line names it."
    return None


def _is_expected(line: Record) -> bool:
    return exact_or_zero(line["expected_amount"]) != 0 or exact_or_zero(line["expected_quantity"]) != 0


def _is_billed(line: Record) -> bool:
    return exact_or_zero(line["billed_amount"]) != 0 or line["billed_quantity"] is not None


def _orphans(pack: Pack, sheet: Sheet) -> None:
    orphans = [line for line in pack.facts.lines if line["contract"] not in pack.facts.parties]
    sheet.line("From billing to contract", "section")
    if not orphans:
        sheet.line("Every billed line names a contract of the book.")
    else:
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
