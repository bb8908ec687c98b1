"""How much room words and numbers take in Arial, so that columns and rows are as wide and high as what they hold.

The unit is that of column widths: a digit of the workbook's standard type, Arial of 10 points (seven pixels).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

UNIT = 5.25  # points
PADDING = 0.8  # units of a column that no letter can use
_BOLD = 1.08
_WIDE = 1000  # a letter of a script whose letters fill a square


class _Widths(dict[str, int]):
    """Widths of letters in thousandths of the type's size."""

    def __missing__(self, letter: str) -> int:
        return _WIDE if ord(letter) >= 0x2E80 else 600


_GROUPS = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[]\\ft", 333: "()-r`", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "Jckszvxy", 556: "#$0123456789?L_abdeghnopqu–", 584: "+<=>~×−", 611: "FTZ", 667: "&ABEKPSVXY",
    722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
_WIDTHS = _Widths({letter: width for width, letters in _GROUPS.items() for letter in letters})
_SHAPE = re.compile(r"#,##0(?:\.([0#]*))?")


def text_units(text: str, size: int = 9, is_bold: bool = False) -> float:
    """The width of a text in one line, in units of column width.

    >>> text_units("1234567890") < text_units("mmmmmmmmmm")
    True
    """
    points = sum(map(_WIDTHS.__getitem__, text)) * size / 1000
    return points * (_BOLD if is_bold else 1) / UNIT


def number_units(value: Fraction, number_format: str) -> float | None:
    """The width of an amount or a count as its format writes it; None for other formats.

    >>> number_units(Fraction(1), "#,##0.00_)") < number_units(Fraction(-1_000_000), "#,##0.00_)")
    True
    """
    decimals = _decimals(number_format)
    if decimals is None:
        return None
    digits = len(str(abs(value.numerator) // value.denominator))
    return _digits_units(digits, decimals)


@cache
def _digits_units(digits: int, decimals: int) -> float:
    commas = "," * ((digits - 1) // 3)
    return text_units("0" * (digits + decimals) + commas + ".()", is_bold=True)


@cache
def _decimals(number_format: str) -> int | None:
    found = _SHAPE.match(number_format)
    return None if found is None else len(found[1] or "")


def heading_units(heading: str) -> float:
    """The width at which a heading takes two lines and breaks no word."""
    words = [text_units(word, is_bold=True) for word in heading.split()]
    return max([*words, 0.55 * text_units(heading, is_bold=True)]) + 2 * PADDING


def line_count(text: str, width: float, size: int = 9) -> int:
    """How many lines a text takes in a column of so many units, broken between words."""
    return sum(_lines(part, width - PADDING, size) for part in text.split("\n"))


def _lines(text: str, room: float, size: int) -> int:
    if text_units(text, size) <= room:
        return 1
    count, used, space = 1, 0.0, text_units(" ", size)
    for word in _words(text, size, room):
        if used and used + word > room:
            count, used = count + 1, 0.0
        used += word + space
    return count


def _words(text: str, size: int, room: float) -> Iterator[float]:
    """The widths of a text's words; one that is wider than the column is broken where the line ends."""
    for word in text.split(" "):
        units = text_units(word, size)
        whole = math.floor(units / room)
        yield from (room for _ in range(whole))
        yield units - whole * room
