"""How cells look: one calm scheme, stated on About. Inputs are blue, formulas black, the engine's own results green.

A `Look` is a role (what the cell is) and a number format (how its value is written).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils.indexed_list import IndexedList

INK, BLUE, GREEN, GREY, RED = "1F2933", "0000FF", "1B6E3C", "6B7785", "B42318"
NAVY, BAND, LINE, WARN, PALE, OWN = "1F3A5F", "EAF0F6", "D5DCE4", "FDECEA", "F6F8FA", "FFF8DC"

TEXT = "@"
DATE = "yyyy-mm-dd"
COUNT = '#,##0_);(#,##0);"–"_)'
SHARES = '#,##0.######_);(#,##0.######);"–"_)'
PLAIN = "General"


@cache
def money(digits: int) -> str:
    """Amounts at a currency's decimals: negatives in brackets, zero as a dash."""
    point = "." + "0" * digits if digits else ""
    return f'#,##0{point}_);(#,##0{point});"–"_)'


@cache
def unrounded(digits: int) -> str:
    """Amounts before rounding: six digits more than the currency has, where they are not zero."""
    return f"#,##0.{'0' * digits}######_);(#,##0.{'0' * digits}######)"


RATE = "#,##0.00####_)"
PERCENT = "0.00####"
RATIO = "0.0%_);(0.0%)"


class Look(NamedTuple):
    """What a cell is (`role`) and how its value is written (`number_format`)."""

    role: str
    number_format: str = PLAIN


@dataclass(frozen=True)
class _Role:
    colour: str = INK
    bold: bool = False
    italic: bool = False
    size: int = 9
    fill: str = ""
    above: str = ""
    below: str = ""
    across: str = ""
    wrap: bool = False


ROLES = {
    "title": _Role(NAVY, bold=True, size=15),
    "subtitle": _Role(GREY, size=10),
    "section": _Role(NAVY, bold=True, size=11),
    "header": _Role("FFFFFF", bold=True, fill=NAVY, across="center", wrap=True),
    "text": _Role(below=LINE),
    "link": _Role("0B5394", below=LINE),
    "run-on": _Role(below=LINE),
    "right": _Role(GREY, across="right"),
    "prose": _Role(below=LINE, wrap=True),
    "paragraph": _Role(wrap=True, size=10),
    "label": _Role(GREY, below=LINE),
    "note": _Role(GREY, italic=True),
    "input": _Role(BLUE, below=LINE),
    "formula": _Role(below=LINE),
    "engine": _Role(GREEN, below=LINE),
    "own": _Role(BLUE, fill=OWN, below=LINE, wrap=True),
    "check": _Role(GREY, below=LINE),
    "tick": _Role(GREY, below=LINE, across="center"),
    "verdict": _Role(bold=True, below=LINE, across="center"),
    "ratio": _Role(below=LINE, across="right"),
    "total-ratio": _Role(bold=True, fill=BAND, above=NAVY, across="right"),
    "alert": _Role(RED, bold=True),
    "warning": _Role(RED, bold=True, wrap=True, fill=WARN),
    "total-text": _Role(bold=True, fill=BAND, above=NAVY),
    "total-formula": _Role(bold=True, fill=BAND, above=NAVY),
    "total-input": _Role(BLUE, bold=True, fill=BAND, above=NAVY),
    "total-engine": _Role(GREEN, bold=True, fill=BAND, above=NAVY),
    "total-check": _Role(GREY, bold=True, fill=BAND, above=NAVY),
    "total-tick": _Role(GREY, bold=True, fill=BAND, above=NAVY, across="center"),
}


def dress(cell: Cell, look: Look, is_foreign_text: bool = False) -> int:
    """Give a cell a look and return its style number; foreign text is marked so that `=1+1` stays text."""
    role = ROLES[look.role]
    cell.font = Font(name="Arial", size=role.size, bold=role.bold, italic=role.italic, color=role.colour)
    cell.fill = PatternFill("solid", fgColor=role.fill) if role.fill else PatternFill()
    cell.border = Border(top=_side(role.above), bottom=_side(role.below))
    cell.alignment = Alignment(horizontal=role.across or None, vertical=_vertical(look), wrap_text=role.wrap)
    cell.number_format = look.number_format
    cell.quotePrefix = int(is_foreign_text)
    return int(cell.style_id)


def dress_standard(book: Workbook) -> None:
    """Arial as the workbook's standard type: programs measure column widths by its digits."""
    font = Font(name="Arial", size=10)
    book._fonts = IndexedList([font])  # openpyxl offers no other way to the first of the fonts
    book._named_styles["Normal"].font = font


def _vertical(look: Look) -> str:
    return "center" if look.role == "header" else "top"


def _side(colour: str) -> Side:
    return Side("thin", color=colour) if colour else Side()
