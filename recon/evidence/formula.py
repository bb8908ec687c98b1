"""Formulas with their results: one call makes the text Excel calculates and the exact value it must come to.

A `Term` is a piece of a formula and what it is worth, so text and cached value cannot drift apart. Values are
exact (`Fraction`), text or TRUE/FALSE; nothing here is rounded but where the formula itself says ROUND.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor

from recon.money import Rounding, round_to

Value = Fraction | bool | str
_COMPARISON, _SUM, _PRODUCT, _ATOM = range(4)
_GUARD = 8  # digits kept beyond the minor unit before a directed rounding, so that 10.000000000000002 stays 10


@dataclass(slots=True)  # not frozen: a pack makes hundreds of thousands, and frozen ones take twice as long
class Term:
    """A piece of a formula: its text, its value and how tightly the text binds.

    >>> price = Term("K4", Fraction(25)) * Term("J4", Fraction(3)) + Term("L4", Fraction(1))
    >>> price.text, price.value
    ('K4*J4+L4', Fraction(76, 1))
    """

    text: str
    value: Value
    rank: int = _ATOM

    @property
    def number(self) -> Fraction:
        """The value as a number; TypeError for text."""
        if type(self.value) is Fraction:  # quicker than isinstance, which asks Fraction's abstract classes
            return self.value
        if isinstance(self.value, str):
            raise TypeError(f"{self.text} holds the text {self.value!r}")
        return Fraction(self.value)

    def __add__(self, other: Term) -> Term:
        return Term(f"{self.text}+{other._within(_SUM)}", self.number + other.number, _SUM)

    def __sub__(self, other: Term) -> Term:
        return Term(f"{self.text}-{other._within(_PRODUCT)}", self.number - other.number, _SUM)

    def __mul__(self, other: Term) -> Term:
        text = f"{self._within(_PRODUCT)}*{other._within(_PRODUCT)}"
        return Term(text, self.number * other.number, _PRODUCT)

    def __truediv__(self, other: Term) -> Term:
        text = f"{self._within(_PRODUCT)}/{other._within(_ATOM)}"
        return Term(text, self.number / other.number, _PRODUCT)

    def same_as(self, other: Term) -> Term:
        """Whether two terms are equal."""
        return Term(f"{self._within(_SUM)}={other._within(_SUM)}", self.value == other.value, _COMPARISON)

    def at_most(self, other: Term) -> Term:
        """Whether a term is not above another."""
        text = f"{self._within(_SUM)}<={other._within(_SUM)}"
        return Term(text, self.number <= other.number, _COMPARISON)

    def _within(self, rank: int) -> str:
        return self.text if self.rank >= rank else f"({self.text})"


@dataclass(slots=True)
class Ref(Term):
    """A cell that stands in a sheet: written plain in that sheet, with the sheet's name elsewhere (`far`)."""

    sheet: str = ""

    @property
    def far(self) -> Term:
        """The same cell as other sheets write it."""
        column, row = split_address(self.text)
        return Term(f"{quoted(self.sheet)}!${column}${row}", self.value)

    @property
    def fixed(self) -> Term:
        """The same cell as other rows of its sheet write it."""
        column, row = split_address(self.text)
        return Term(f"${column}${row}", self.value)


@dataclass(frozen=True)
class Range:
    """A stretch of cells in one column, with the values that stand there."""

    text: str
    values: tuple[Value | None, ...]

    @cached_property
    def positions(self) -> dict[Value, int]:
        """Where each value stands first, counted from 0."""
        found: dict[Value, int] = {}
        for position, value in enumerate(self.values):
            if value is not None:
                found.setdefault(value, position)
        return found


def cell_of(cells: Range, position: int) -> Term:
    """A single cell of a range, counted from 0, as a formula on another row or sheet writes it."""
    place, _, _ = cells.text.partition(":")
    prefix, _, first = place.rpartition("$")
    value = cells.values[position]
    return Term(f"{prefix}${int(first) + position}", "" if value is None else value)


def number(value: int) -> Term:
    """A whole number written into a formula: 0, a digit count, never an amount."""
    return Term(str(value), Fraction(value))


def label(value: str) -> Term:
    """A text written into a formula."""
    doubled = value.replace('"', '""')
    return Term(f'"{doubled}"', value)


def total(cells: Range | Sequence[Ref]) -> Term:
    """SUM of a range, or of cells that stand one under the other; empty cells and text count nothing."""
    if isinstance(cells, Range):
        numbers = (value for value in cells.values if isinstance(value, Fraction))
        return Term(f"SUM({cells.text})", sum(numbers, Fraction(0)))
    if not cells:
        return number(0)
    return Term(f"SUM({cells[0].text}:{cells[-1].text})", sum((cell.number for cell in cells), Fraction(0)))


def total_where(amounts: Range, *conditions: tuple[Range, Term]) -> Term:
    """The amounts of the rows in which every condition range equals its term.

    Not SUMIFS: it would read a name such as `=1` or `A*` as a condition; EXACT takes text as it is.
    """
    tests = "".join(f"EXACT({keys.text},{wanted.text})*" for keys, wanted in conditions)
    rows = zip(amounts.values, *(keys.values for keys, _ in conditions), strict=True)
    wanted_values = [wanted.value for _, wanted in conditions]
    chosen = (row[0] for row in rows if list(row[1:]) == wanted_values and isinstance(row[0], Fraction))
    return Term(f"SUMPRODUCT({tests}{amounts.text})", sum(chosen, Fraction(0)))


def count_where(*conditions: tuple[Range, Term]) -> Term:
    """How many rows there are in which every condition range equals its term; EXACT, as in `total_where`."""
    tests = "*".join(f"EXACT({keys.text},{wanted.text})" for keys, wanted in conditions)
    wanted_values = [wanted.value for _, wanted in conditions]
    rows = zip(*(keys.values for keys, _ in conditions), strict=True)
    return Term(f"SUMPRODUCT({tests}*1)", Fraction(sum(1 for row in rows if list(row) == wanted_values)))


def rows_unlike(cells: Range, wanted: Term) -> Term:
    """How many filled cells of a range differ from a term."""
    filled = [value for value in cells.values if value is not None]
    unlike = sum(1 for value in filled if value != wanted.value)
    return Term(f"COUNTA({cells.text})-COUNTIF({cells.text},{wanted.text})", Fraction(unlike), _SUM)


def look_up(key: Term, keys: Range, values: Range) -> Term:
    """INDEX/MATCH: the value beside the first equal key; KeyError where there is none."""
    value = values.values[keys.positions[key.value]]
    return Term(f"INDEX({values.text},MATCH({key.text},{keys.text},0))", "" if value is None else value)


def least(*terms: Term) -> Term:
    """MIN of numbers."""
    return Term(f"MIN({_listed(terms)})", min(term.number for term in terms))


def greatest(*terms: Term) -> Term:
    """MAX of numbers."""
    return Term(f"MAX({_listed(terms)})", max(term.number for term in terms))


def floored(term: Term) -> Term:
    """INT: the whole number below."""
    return Term(f"INT({term.text})", Fraction(floor(term.number)))


def size(term: Term) -> Term:
    """ABS of a number."""
    return Term(f"ABS({term.text})", abs(term.number))


def every(terms: Iterable[Term]) -> Term:
    """AND of conditions; TRUE when there are none."""
    listed = list(terms)
    return Term(f"AND({_listed(listed)})" if listed else "TRUE()", all(term.value for term in listed))


def either(condition: Term, yes: Term, no: Term) -> Term:
    """IF."""
    text = f"IF({condition.text},{yes.text},{no.text})"
    return Term(text, yes.value if condition.value else no.value)


def rounded(term: Term, digits: Term, mode: Rounding = "half_up") -> Term:
    """A number rounded as RULES 1.2 says, in functions that Excel and LibreOffice both know.

    >>> rounded(Term("A1", Fraction("0.125")), number(2)).value
    Fraction(13, 100)
    >>> rounded(Term("A1", Fraction("0.125")), number(2), "half_even").value
    Fraction(3, 25)
    """
    if mode == "half_even":
        return _to_even(term, digits)
    if mode == "half_up":
        return _round("ROUND", term, digits)
    near = _round("ROUND", term, digits + number(_GUARD))
    return _round("ROUNDUP" if mode == "up" else "ROUNDDOWN", near, digits)


def _round(function: str, term: Term, digits: Term) -> Term:
    modes: dict[str, Rounding] = {"ROUND": "half_up", "ROUNDUP": "up", "ROUNDDOWN": "down"}
    value = Fraction(round_to(term.number, int(digits.number), modes[function]))
    return Term(f"{function}({term.text},{digits.text})", value)


def _to_even(term: Term, digits: Term) -> Term:
    """Excel has no banker's rounding: on a tie twice the rounded half is the even neighbour."""
    scale = Term(f"10^{digits.text}", Fraction(10) ** int(digits.number), _PRODUCT)
    scaled = Term(f"{term._within(_ATOM)}*{scale.text}", term.number * scale.number, _PRODUCT)
    near = _round("ROUND", size(scaled), number(6))
    tie = Term(f"MOD({near.text},1)=0.5", near.number % 1 == Fraction(1, 2), _COMPARISON)
    half = Term(f"{scaled.text}/2", scaled.number / 2, _PRODUCT)
    even = number(2) * _round("ROUND", half, number(0))
    chosen = either(tie, even, _round("ROUND", scaled, number(0)))
    return Term(f"{chosen.text}/{scale.text}", chosen.number / scale.number, _PRODUCT)


def _listed(terms: Iterable[Term]) -> str:
    return ",".join(term.text for term in terms)


def quoted(sheet: str) -> str:
    """A sheet's name as formulas write it; always quoted, since CPM alone could be a column."""
    return "'" + sheet.replace("'", "''") + "'"


def split_address(address: str) -> tuple[str, int]:
    """Column letters and row number of a cell."""
    found = re.fullmatch(r"([A-Z]+)(\d+)", address)
    if not found:
        raise ValueError(f"{address!r} is no cell address")
    return found[1], int(found[2])
