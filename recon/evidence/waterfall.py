"""A waterfall that Excel draws itself: stacked bars on an invisible base, as no program writes Excel's own kind.

The numbers stand in cells; the chart also carries them as cached values, for previews.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from openpyxl.chart import BarChart
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.legend import Legend, LegendEntry
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties

from recon.evidence.formula import Ref, Value, quoted, split_address

WIDTH, ROW, AROUND, ABOVE, LINE = 27.0, 0.75, 3.0, 1.2, 0.53  # cm: chart, bar, title and scale, title, sheet's row
WORTH_CUTTING = 3  # the scale starts at zero unless what moves would be smaller than a third of it
TOTAL, OVER, UNDER = "C3CCD6", "F0A05A", "7DB8DE"  # pale, so that the amounts on them can be read; apart for all eyes


class Bars(NamedTuple):
    """A series of bars: the column its numbers stand in, what it is called, its colour, the sign before an amount."""

    column: str
    title: str
    colour: str | None = None
    sign: str = ""


SERIES = (
    Bars("count", "not drawn"),
    Bars("amount", "billed, expected", TOTAL),
    Bars("running", "over-billed or over-paid", OVER, "+"),
    Bars("check", "over-billed or over-paid", OVER, "+"),
    Bars("more", "under-billed or under-paid", UNDER, "−"),
    Bars("less", "under-billed or under-paid", UNDER, "−"),
)
_NAMED = (1, 2, 4)  # the series that the legend names; the others are theirs below zero
Row = Mapping[str, Ref]


def reserved_rows(bars: int) -> int:
    """How many rows of a sheet a chart of so many bars covers."""
    return math.ceil((bars * ROW + AROUND) / LINE) + 1


def waterfall(rows: Sequence[Row], levels: Sequence[Fraction], currency: str, digits: int) -> BarChart:
    """A chart over the rows of a table; `levels` are what is left after each step, which the scale has to show."""
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap, chart.gapWidth = "bar", "stacked", 100, 35
    chart.width, chart.height = WIDTH, len(rows) * ROW + AROUND
    chart.series = [_series(rows, bars, digits) for bars in SERIES]
    lowest = _lowest(levels)
    chart.title = f"From billed to expected in {currency}" + (f"; the scale starts at {lowest:,}" if lowest else "")
    chart.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=CharacterProperties(sz=1100, b=True))
    chart.title.overlay = False
    chart.legend = Legend(
        legendPos="b", legendEntry=[LegendEntry(n, delete=True) for n in range(len(SERIES)) if n not in _NAMED]
    )
    _axes(chart, lowest)
    return chart


def _series(rows: Sequence[Row], bars: Bars, digits: int) -> Series:
    place = SERIES.index(bars)
    series = Series(idx=place, order=place, tx=SeriesLabel(v=bars.title))
    series.cat = AxDataSource(strRef=StrRef(f=_area(rows, "step"), strCache=_texts(rows)))
    series.val = NumDataSource(numRef=NumRef(f=_area(rows, bars.column), numCache=_numbers(rows, bars.column)))
    edge = LineProperties(noFill=True)
    series.graphicalProperties = GraphicalProperties(noFill=bars.colour is None, solidFill=bars.colour, ln=edge)
    series.invertIfNegative = False
    if bars.colour:
        series.dLbls = _labels(shown(bars.column, digits))
    return series


def _labels(number_format: str) -> DataLabelList:
    names = ("showSerName", "showCatName", "showLegendKey", "showPercent", "showBubbleSize")
    labels = DataLabelList(numFmt=number_format, dLblPos="ctr", showVal=True, **dict.fromkeys(names, False))
    labels.txPr = plain_type(900)
    return labels


def _area(rows: Sequence[Row], name: str) -> str:
    """The cells of a column, from the first row to the last; every row has a step, whose row number counts."""
    first, last = (split_address(row["step"].text)[1] for row in (rows[0], rows[-1]))
    letter = next((split_address(row[name].text)[0] for row in rows if name in row), None)
    letter = letter or split_address(rows[0]["step"].text)[0]
    return f"{quoted(rows[0]['step'].sheet)}!${letter}${first}:${letter}${last}"


def _numbers(rows: Sequence[Row], name: str) -> NumData:
    return told_numbers([row[name].value if name in row else None for row in rows])


def told_numbers(values: Sequence[Value | None]) -> NumData:
    """Numbers as a chart carries them for previews; None is a point that is not there."""
    points = [(place, value) for place, value in enumerate(values) if value is not None]
    return NumData(formatCode="General", ptCount=len(values), pt=[NumVal(idx=n, v=_text(value)) for n, value in points])


def _texts(rows: Sequence[Row]) -> StrData:
    return StrData(ptCount=len(rows), pt=[StrVal(idx=n, v=str(row["step"].value)) for n, row in enumerate(rows)])


def _text(value: Value) -> str:
    number = Fraction(value) if not isinstance(value, str) else Fraction(0)
    return f"{number.numerator / number.denominator:.12g}"


def shown(column: str, digits: int) -> str:
    """How a column's numbers are written, in its cells and on its bars: with the sign of billed − expected."""
    number = "#,##0" + ("." + "0" * digits if digits else "")
    sign = next(bars.sign for bars in SERIES if bars.column == column)
    return f'"{sign}"{number};"{sign}"{number};' if sign else f'{number};"−"{number};'


def _lowest(levels: Sequence[Fraction]) -> int:
    """Where the scale starts: at a round number below what moves, where that is small beside the totals, else at 0."""
    low, high = min(levels), max(levels)
    spread = high - low
    if low <= 0 or spread * WORTH_CUTTING >= high:
        return 0
    unit = 10 ** max(0, len(str(math.ceil(spread))) - 1)
    return max(0, math.floor((low - spread * Fraction(35, 100)) / unit) * unit)


def _axes(chart: BarChart, lowest: int) -> None:
    chart.x_axis.delete = chart.y_axis.delete = False  # openpyxl leaves both out unless told
    chart.x_axis.scaling.orientation = "maxMin"  # the first step on top
    chart.x_axis.tickLblPos = "low"
    chart.x_axis.txPr = plain_type(900)
    chart.y_axis.scaling.min = lowest or None
    chart.y_axis.number_format, chart.y_axis.crosses = "#,##0", "max"
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E7EBF0"))
    chart.y_axis.txPr = plain_type(800)
    top, height = ABOVE / chart.height, (chart.height - AROUND) / chart.height
    inside = ManualLayout(layoutTarget="inner", xMode="edge", yMode="edge", x=0.2, y=top, w=0.77, h=height)
    chart.layout = Layout(manualLayout=inside)


def plain_type(size: int) -> Any:
    """Plain type of a size, in hundredths of a point."""
    plain = CharacterProperties(sz=size, b=False, solidFill="1F2933")
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=plain), r=[], endParaRPr=plain)])
