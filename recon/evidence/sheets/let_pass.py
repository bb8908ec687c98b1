"""Waived and below tolerance, over the months: what was let pass with each counterparty, and its drift (RULES 8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.evidence.formula import Ref, Term, either, every, label, number, rounded, size, total_where
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Sheet, Table
from recon.evidence.style import COUNT, TEXT, Look, money
from recon.ledger.drift import Passed, Passing

HEADINGS = {
    "item": "Let pass with", "month": "Month", "counterparty": "Direction", "currency": "Currency",
    "opening": "Waived", "new": "Below tolerance", "cleared": "Together", "closing": "Added up",
    "disposition": "Months in a row", "by": "Added up in a row", "reason": "Drift", "how": "Worth as a finding",
}  # fmt: skip
WITHIN = "within tolerance"


@dataclass(frozen=True)
class _Row:
    """What the next month's row of a counterparty counts on from."""

    month: Ref
    net: Ref
    total: Ref
    count: Ref
    in_a_row: Ref


def write(pack: Pack, sheet: Sheet, items: Table | None) -> None:
    """Write the section under the open items, with its checks; `items` is their table, where there are any."""
    sheet.next_row()
    sheet.line("Waived and below tolerance, over the months (RULES 8.4)", "section")
    found = pack.facts.dossier.items.passing
    if "drift_in_a_row" not in pack.names:
        sheet.line("Not looked at: the run was made without settings for it.")
        return
    if not found:
        sheet.line("None: nothing was waived, and no line was within tolerance, in the months that count.")
        return
    with sheet.table(HEADINGS) as table:
        for one in found:
            _party(pack, sheet, one)
    for currency in sorted({one.currency for one in found}):
        _checks(pack, sheet, table, items, currency)


def _party(pack: Pack, sheet: Sheet, found: Passing) -> None:
    before: _Row | None = None
    for month in found.months:
        row = _month(sheet, found, month, before)
        is_last = month is found.months[-1]
        if is_last:
            _drift(pack, sheet, found.currency, row)
        before = row


def _month(sheet: Sheet, found: Passing, month: Passed, before: _Row | None) -> _Row:
    shape = money(decimals(found.currency))
    sheet.next_row()
    sheet.put("item", found.party.name or found.party.id, Look("prose", TEXT))
    place = sheet.put("month", month.period, Look("text", TEXT))
    sheet.put("counterparty", found.party.direction, Look("text", TEXT))
    sheet.put("currency", found.currency, Look("text", TEXT))
    waived, below = (
        sheet.put(name, Fraction(amount), Look("engine", shape))
        for name, amount in (("opening", month.waived), ("new", month.below))
    )
    net = sheet.put("cleared", waived + below, Look("formula", shape))
    total = sheet.put("closing", before.total + net if before else _same(net), Look("formula", shape))
    count = sheet.put("disposition", _count(place, net, before), Look("formula", COUNT))
    is_going_on = Term(f"{count.text}>1", count.number > 1)
    in_a_row = either(is_going_on, before.in_a_row + net, net) if before else _same(net)
    return _Row(place, net, total, count, sheet.put("by", in_a_row, Look("formula", shape)))


def _same(cell: Ref) -> Term:
    return Term(cell.text, cell.number)


def _count(month: Ref, net: Ref, before: _Row | None) -> Term:
    """How many calendar months, one after the other, went the same way up to this row."""
    one = either(_way(net).same_as(number(0)), number(0), number(1))
    if before is None:
        return one
    follows = _index(month).same_as(_index(before.month) + number(1))
    goes_on = every([follows, _way(net).same_as(_way(before.net)), Term(f"{net.text}<>0", net.number != 0)])
    return either(goes_on, before.count + number(1), one)


def _way(net: Term) -> Term:
    """SIGN of an amount, without a spreadsheet's noise."""
    value = Fraction((net.number > 0) - (net.number < 0))
    return Term(f"SIGN(ROUND({net.text},noise_digits))", value)


def _index(month: Ref) -> Term:
    """A month as a number, so that the next one is one more."""
    year, number_of = str(month.value).split("-")
    return Term(f"(LEFT({month.text},4)*12+MID({month.text},6,2))", Fraction(int(year) * 12 + int(number_of)))


def _drift(pack: Pack, sheet: Sheet, currency: str, row: _Row) -> None:
    """On a counterparty's last row: whether it is a drift of this month, and what that is worth."""
    is_now = row.month.same_as(label(pack.facts.close.period))
    is_long = _at_least(row.count, pack.names["drift_in_a_row"])
    is_beyond = _beyond(pack, currency, row)
    is_drift = every([is_now, Term(f"OR({is_long.text},{is_beyond.text})", bool(is_long.value or is_beyond.value))])
    cell = sheet.put("reason", is_drift, Look("formula"))
    worth = either(cell, either(is_beyond, row.total, row.in_a_row), number(0))
    sheet.put("how", worth, Look("formula", money(decimals(currency))))


def _at_least(count: Term, limit: Term) -> Term:
    return Term(f"{count.text}>={limit.text}", count.number >= limit.number)


def _beyond(pack: Pack, currency: str, row: _Row) -> Term:
    """Whether all months add up to more than is material, this month going the same way."""
    limit = pack.names.get(f"materiality_{currency}")
    if limit is None:
        return Term("FALSE()", False)
    total = rounded(row.total, pack.names["noise_digits"])
    is_more = Term(f"{size(total).text}>{limit.text}", size(total).number > limit.number)
    return every([is_more, _way(row.total).same_as(_way(row.net))])


def _checks(pack: Pack, sheet: Sheet, table: Table, items: Table | None, currency: str) -> None:
    """The month's own part ties to the open items and to Summary, the drifts to the new items."""
    month = pack.facts.close.period
    of_month = ((sheet.span("currency", table, far=True), label(currency)),
                (sheet.span("month", table, far=True), label(month)))  # fmt: skip
    waived = total_where(sheet.span("opening", table, far=True), *of_month)
    below = total_where(sheet.span("new", table, far=True), *of_month)
    worth = total_where(sheet.span("how", table, far=True), of_month[0])
    tolerated = total_where(pack.columns["Summary", "variance"], (pack.columns["Summary", "currency"], label(currency)),
                            (pack.columns["Summary", "status"], label(WITHIN)))  # fmt: skip
    drifts = _items(sheet, items, currency, "new", ("cause", "drift"), ("month", month))
    inside = _items(sheet, items, currency, "cleared", ("cause", "drift"), ("month", month), ("how", "waived"))
    cleared = _items(sheet, items, currency, "cleared", ("how", "waived")) - inside
    for words, gap in (
        (f"Waivers of the month, over the months, are those among the cleared items in {currency}", waived - cleared),
        (f"Below tolerance, over the months, is the variance within tolerance in {currency}", below - tolerated),
        (f"Drifts over the months are the drifts among the new items in {currency}", worth - drifts),
    ):  # fmt: skip
        pack.check(sheet.title, words, rounded(gap, pack.names["noise_digits"]).same_as(number(0)))


def _items(sheet: Sheet, items: Table | None, currency: str, name: str, *wanted: tuple[str, str]) -> Term:
    if items is None:
        return number(0)
    conditions: Sequence[tuple[str, str]] = (("currency", currency), *wanted)
    return total_where(
        sheet.span(name, items, far=True),
        *((sheet.span(key, items, far=True), label(text)) for key, text in conditions),
    )
