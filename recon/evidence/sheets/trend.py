"""The closed months on Summary: what was expected and billed in each, and a chart of it per currency."""

from __future__ import annotations

import math
from itertools import groupby

from recon.evidence.formula import Term
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Sheet
from recon.evidence.style import COUNT, TEXT, Look, money
from recon.evidence.trendline import WIDTH, Month, reserved_rows, trend_chart
from recon.signoff import MonthTotal

_HEADINGS = {
    "counterparty": "Month", "direction": "Run", "contract": "Taken from", "currency": "Currency",
    "expected": "Expected", "billed": "Billed", "variance": "Variance",
}  # fmt: skip
_ABREAST, _APART = 3, 0.6  # charts beside each other, cm between them
_CHARACTER, _PADDING = 7 / 96 * 2.54, 5 / 96 * 2.54  # cm of a unit of column width, and of what is added to a column


def rows_taken(pack: Pack) -> int:
    """How many rows `write` takes: heading, a space, charts, header, months, a space."""
    months = _months(pack)
    return len(months) + 4 + _chart_rows(pack) * reserved_rows() if months else 0


def write(pack: Pack, sheet: Sheet) -> dict[str, tuple[int, list[Month]]]:
    """Write the months; hands back per currency its rows and where the charts' space begins.

    The last month's figures are formulas over the blocks above, those before it are as they were closed.
    """
    months = sorted(_months(pack), key=lambda month: (month.currency, month.period))
    if not months:
        return {}
    sheet.line("The closed months, as far back as a year", "section")
    first = sheet.next_row()
    for _ in range(_chart_rows(pack) * reserved_rows()):
        sheet.next_row()
    with sheet.table(_HEADINGS):
        rows = {
            currency: [_month(pack, sheet, month) for month in own]
            for currency, own in groupby(months, key=lambda month: month.currency)
        }
    sheet.next_row()
    return {currency: (first, own) for currency, own in rows.items()}


def draw(sheet: Sheet, written: dict[str, tuple[int, list[Month]]]) -> None:
    """Put the charts on the sheet, three abreast; called when its columns are filled, and so have widths."""
    for place, (currency, (first, months)) in enumerate(written.items()):
        row = first + place // _ABREAST * reserved_rows()
        letter = _column_at(sheet, place % _ABREAST * (WIDTH + _APART))
        sheet.charts.append((f"{letter}{row}", trend_chart(months, currency)))


def _months(pack: Pack) -> list[MonthTotal]:
    """The months of the currencies that this one has."""
    return [month for month in pack.facts.dossier.months if month.currency in _currencies(pack)]


def _currencies(pack: Pack) -> set[str]:
    return {line["currency"] for line in pack.facts.lines}


def _chart_rows(pack: Pack) -> int:
    return math.ceil(len({month.currency for month in _months(pack)}) / _ABREAST)


def _month(pack: Pack, sheet: Sheet, month: MonthTotal) -> Month:
    shape = money(decimals(month.currency))
    is_own = month.period == pack.facts.close.period
    sheet.next_row()
    name = sheet.put("counterparty", month.period, Look("text", TEXT))
    sheet.put("direction", month.run, Look("input", COUNT))
    words = "this close" if is_own else "the locked run" if month.is_locked else "the latest run, not locked"
    sheet.put("contract", words, Look("text", TEXT))
    sheet.put("currency", month.currency, Look("text", TEXT))
    look = Look("formula" if is_own else "input", shape)
    sides = {"expected": month.expected, "billed": month.billed}
    own: dict[str, Term] = pack.totals[month.currency] if is_own else {}
    expected, billed = (sheet.put(side, own.get(side, amount), look) for side, amount in sides.items())
    return Month(name, expected, billed, sheet.put("variance", billed - expected, Look("formula", shape)))


def _column_at(sheet: Sheet, distance: float) -> str:
    """The first column that begins so many cm from the left, or farther."""
    reached = 0.0
    for column in sheet.columns:
        if reached >= distance:
            return sheet.letter(column.name)
        reached += sheet.width(column) * _CHARACTER + _PADDING
    return sheet.letter(sheet.columns[-1].name)
