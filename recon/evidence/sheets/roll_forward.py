"""Roll-forward: the open items from last month's to this month's, item by item, with their ages (AUDIT, Sign-off)."""

from __future__ import annotations

from fractions import Fraction

from recon.evidence.formula import Ref, Term, label, number, rounded, total_where
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.sheets import let_pass
from recon.evidence.style import COUNT, TEXT, Look, money
from recon.signoff import AGE_CLASSES, Item

TITLE = "Roll-forward"
PARTS = ("opening", "new", "cleared")
COLUMNS = (
    Column("item", "Open item", 64),
    Column("month", "Month", 9),
    Column("counterparty", "Counterparty", 22),
    Column("cause", "Cause", 20),
    Column("currency", "Currency", 9),
    Column("opening", "Opening", 14),
    Column("new", "New", 14),
    Column("cleared", "Cleared", 14),
    Column("closing", "Closing", 14),
    Column("disposition", "Disposition", 12),
    Column("by", "Decided by", 11),
    Column("reason", "Reason", 24),
    Column("owner", "Owner", 10),
    Column("how", "Cleared by", 26),
    Column("days", "Days", 7),
    Column("age", "Age", 8),
)
_TOTALS = {"item": "All items", "currency": "Currency", "opening": "Opening", "new": "New", "cleared": "Cleared",
           "closing": "Closing"}  # fmt: skip
_AGES = {"item": "Open items by age in days", "currency": "Currency", "closing": "Closing"}
KEPT = ("currency", "age", *PARTS, "closing", "month", "cause", "how", "disposition")


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Roll-forward of open items",
        "Opening + new − cleared = closing, per item and per currency. Amounts are billed − expected.",
        "Cleared by: an adjustment that names the finding, a reversal of what was timing, or a waiver within "
        "materiality. Items of earlier months show the last decision on them, this month's where it made one.",
    )  # fmt: skip
    sheet.keep(*KEPT)
    items = pack.facts.dossier.items
    opening, new = {one.finding_id for one in items.opening}, {one.finding_id for one in items.new}
    now = {one.finding_id: one for one in (*items.closing, *items.cleared)}
    with sheet.table(is_main=True) as table:
        for item in (*items.opening, *items.new):
            _item(sheet, now[item.finding_id], item.finding_id in opening, item.finding_id in new)
    if not (opening or new):
        sheet.line("No open items: nothing was carried into the month, and no line of it is above tolerance.")
        let_pass.write(pack, sheet, None)
        return
    _totals(pack, sheet, table)
    _ages(pack, sheet, table)
    let_pass.write(pack, sheet, table)


def _item(sheet: Sheet, item: Item, is_carried: bool, is_new: bool) -> None:
    shape = money(decimals(item.currency))
    amount = Fraction(item.amount)
    sheet.next_row()
    sheet.put("item", item.finding_id, Look("prose", TEXT))
    for name, text in (("month", item.period), ("currency", item.currency), ("disposition", item.disposition or "none"),
                       ("by", item.decided_by), ("owner", item.owner), ("age", item.age)):  # fmt: skip
        sheet.put(name, text, Look("text", TEXT))
    for name, text in (("counterparty", item.counterparty), ("cause", item.cause.replace("_", " ")),
                       ("reason", item.reason), ("how", item.cleared_by)):  # fmt: skip
        sheet.put(name, text, Look("prose", TEXT))
    cells = [
        sheet.put(name, value if is_there else Fraction(0), Look("engine", shape))
        for name, value, is_there in (
            ("opening", amount, is_carried), ("new", amount, is_new), ("cleared", amount, bool(item.cleared_by)),
        )
    ]  # fmt: skip
    sheet.put("closing", _closing(cells), Look("formula", shape))
    sheet.put("days", item.days, Look("input", COUNT))


def _closing(cells: list[Ref]) -> Term:
    opening, new, cleared = cells
    return opening + new - cleared


def _totals(pack: Pack, sheet: Sheet, table: Table) -> None:
    """The four sums of each currency, and whether the last month left open what this one starts from."""
    sheet.next_row()
    items = pack.facts.dossier.items
    with sheet.table(_TOTALS):
        for currency in items.currencies:
            _currency(pack, sheet, table, currency)


def _currency(pack: Pack, sheet: Sheet, table: Table, currency: str) -> None:
    shape = money(decimals(currency))
    sheet.next_row()
    sheet.put("item", "Total", Look("total-text"))
    sheet.put("currency", currency, Look("total-text", TEXT))
    of = (sheet.span("currency", table), label(currency))
    cells = {
        name: sheet.put(name, total_where(sheet.span(name, table), of), Look("total-formula", shape))
        for name in (*PARTS, "closing")
    }
    gap = rounded(
        cells["opening"] + cells["new"] - cells["cleared"] - cells["closing"], pack.names["noise_digits"]
    )  # fmt: skip
    pack.check(TITLE, f"Opening + new − cleared = closing in {currency}", _shown(gap, sheet).same_as(number(0)))
    new = rounded(cells["new"].far - _open_on_exceptions(pack, currency), pack.names["noise_digits"])
    words = f"New items are the findings above tolerance, drifts and true-ups on Exceptions in {currency}"
    pack.check(TITLE, words, new.same_as(number(0)))
    asked = rounded(_awaited(sheet, table, currency) + _expected_back(pack, currency), pack.names["noise_digits"])
    words = f"Adjustments expected are the accepted items of earlier months, with the opposite sign, in {currency}"
    pack.check(TITLE, words, asked.same_as(number(0)))


def _awaited(sheet: Sheet, table: Table, currency: str) -> Term:
    """Items of earlier months that are accepted, and true-ups that this month accepted (RULES 8.6)."""
    of = ((sheet.span("currency", table, far=True), label(currency)),
          (sheet.span("disposition", table, far=True), label("accept")))  # fmt: skip
    true_ups = (sheet.span("cause", table, far=True), label("true up"))
    opening, new = (sheet.span(name, table, far=True) for name in ("opening", "new"))
    return total_where(opening, *of) + total_where(new, *of, true_ups)


def _expected_back(pack: Pack, currency: str) -> Term:
    expected, currencies, kinds = (pack.columns["Summary", name] for name in ("expected", "currency", "kind"))
    return total_where(expected, (currencies, label(currency)), (kinds, label("adjustment")))


def _shown(term: Term, sheet: Sheet) -> Term:
    """A formula's cells as the checks write them: put into a cell of its own first."""
    sheet.next_row()
    sheet.put("item", "Opening + new − cleared − closing (must be zero)", Look("text"))
    return sheet.put("closing", term, Look("check", COUNT)).far


def _open_on_exceptions(pack: Pack, currency: str) -> Term:
    """What asks for a disposition on Exceptions: not findings within tolerance, nor carried adjustments."""
    amounts, currencies, asks = (pack.columns["Exceptions", name] for name in ("amount", "currency", "asks"))
    asked = total_where(amounts, (currencies, label(currency)), (asks, label("yes")))
    if ("Exceptions", "over_amount") not in pack.columns:
        return asked
    over, its_currency = (pack.columns["Exceptions", f"over_{name}"] for name in ("amount", "currency"))
    return asked + total_where(over, (its_currency, label(currency)))


def _ages(pack: Pack, sheet: Sheet, table: Table) -> None:
    sheet.next_row()
    with sheet.table(_AGES):
        for currency in pack.facts.dossier.items.currencies:
            for age in AGE_CLASSES:
                sheet.next_row()
                sheet.put("item", f"{age} days", Look("text"))
                sheet.put("currency", currency, Look("text", TEXT))
                wanted = ((sheet.span("currency", table), label(currency)), (sheet.span("age", table), label(age)))
                amount = total_where(sheet.span("closing", table), *wanted)
                sheet.put("closing", amount, Look("formula", money(decimals(currency))))
