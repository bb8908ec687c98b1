"""A chart of the closed months that Excel draws itself: expected beside billed, and the variance on its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumRef, StrData, StrRef, StrVal
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, ParagraphProperties

from recon.evidence.formula import Ref, quoted, split_address
from recon.evidence.waterfall import OVER, TOTAL, plain_type, told_numbers

WIDTH, HEIGHT, LINE = 15.0, 7.5, 0.53  # cm: chart, chart, a sheet's row
BILLED = "7DB8DE"
_SECOND_AXIS = 200


class Month(NamedTuple):
    """A month as it stands on the sheet."""

    name: Ref
    expected: Ref
    billed: Ref
    variance: Ref


def reserved_rows() -> int:
    """How many rows of a sheet a chart covers."""
    return int(HEIGHT / LINE) + 2


def trend_chart(months: Sequence[Month], currency: str) -> BarChart:
    """Columns for what was expected and billed, a line for the variance, which would be a hair on their scale."""
    chart, line = BarChart(), LineChart()
    chart.type, chart.grouping, chart.gapWidth, chart.overlap = "col", "clustered", 60, 0
    chart.width, chart.height = WIDTH, HEIGHT
    chart.series = [_columns(0, "expected", TOTAL, months), _columns(1, "billed", BILLED, months)]
    line.series = [_line(months)]
    chart.title = f"Expected, billed and variance in {currency}"
    chart.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=CharacterProperties(sz=1100, b=True))
    chart.title.overlay = False
    chart.legend = Legend(legendPos="b")
    _axes(chart, line)
    if all(cell.number >= 0 for month in months for cell in (month.expected, month.billed)):
        chart.y_axis.scaling.min = 0  # columns are read by their length
    chart += line
    return chart


def _columns(place: int, name: str, colour: str, months: Sequence[Month]) -> Series:
    series = _series(place, name, name, months)
    series.graphicalProperties = GraphicalProperties(solidFill=colour, ln=LineProperties(noFill=True))
    series.invertIfNegative = False
    return series


def _line(months: Sequence[Month]) -> Series:
    series = _series(2, "variance", "variance (scale on the right)", months)
    series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=OVER, w=22_000))
    dot = GraphicalProperties(solidFill=OVER, ln=LineProperties(solidFill=OVER))
    series.marker = Marker(symbol="circle", size=7, spPr=dot)
    series.smooth = False
    return series


def _series(place: int, name: str, title: str, months: Sequence[Month]) -> Series:
    cells = [getattr(month, name) for month in months]
    names = [month.name for month in months]
    series = Series(idx=place, order=place, tx=SeriesLabel(v=title))
    texts = StrData(ptCount=len(names), pt=[StrVal(idx=n, v=str(cell.value)) for n, cell in enumerate(names)])
    series.cat = AxDataSource(strRef=StrRef(f=_area(names), strCache=texts))
    series.val = NumDataSource(numRef=NumRef(f=_area(cells), numCache=told_numbers([cell.value for cell in cells])))
    return series


def _area(cells: Sequence[Ref]) -> str:
    (letter, first), (_, last) = (split_address(cell.text) for cell in (cells[0], cells[-1]))
    return f"{quoted(cells[0].sheet)}!${letter}${first}:${letter}${last}"


def _axes(chart: BarChart, line: LineChart) -> None:
    for axis in (chart.x_axis, chart.y_axis, line.y_axis):
        axis.delete = False  # openpyxl leaves axes out unless told
        axis.txPr = plain_type(800)
    chart.x_axis.tickLblPos = "low"
    chart.y_axis.number_format = line.y_axis.number_format = "#,##0"
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E7EBF0"))
    line.y_axis.axId, line.y_axis.crosses, line.y_axis.majorGridlines = _SECOND_AXIS, "max", None
