"""Every line of the populations with what they come to, so that each selection can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from recon.evidence.facts import Record
from recon.evidence.formula import (
    Range,
    Ref,
    Term,
    Value,
    cell_of,
    either,
    floored,
    label,
    number,
    quoted,
    rounded,
    size,
)
from recon.evidence.pack import Pack, decimals
from recon.evidence.sampling import MonetarySample, Unit
from recon.evidence.sheet import Sheet
from recon.evidence.sheets.sample_columns import COLUMNS, TITLE
from recon.evidence.sheets.summary import TITLE as SUMMARY
from recon.evidence.style import COUNT, TEXT, Look, money

KEY, POINT = "key item", "point"
_HEADINGS = {
    "number": "No", "selection": "Line", "who": "Counterparty", "direction": "Direction", "currency": "Currency",
    "why": "Drawn as", "point": "Size", "before": "Below the interval", "upto": "Cumulated", "billed": "Billed",
    "expected": "Points in it",
}  # fmt: skip
_LETTERS = {column.name: chr(ord("A") + place) for place, column in enumerate(COLUMNS)}


@dataclass
class Population:
    """The lines of a currency that something was billed for, what is drawn of them, and the cells it is drawn by.

    `digits` are the decimals of the unit drawn: the currency's, or more where it was billed in parts of it.
    """

    currency: str
    digits: int
    lines: dict[str, Record]
    places: dict[str, int]
    sample: MonetarySample
    is_by_selections: bool
    cells: dict[str, Ref] = field(default_factory=dict)
    rows: list[dict[str, Ref]] = field(default_factory=list)

    def amount(self, units: int) -> Fraction:
        """Units as an amount of the currency."""
        return Fraction(units, 10**self.digits)

    def in_units(self, term: Term) -> Term:
        """An amount as whole units: their quotients are exact in a spreadsheet too."""
        scale = Term(f"10^{self.cells['digits'].fixed.text}", Fraction(10**self.digits))
        return rounded(Term(f"({term.text})*{scale.text}", term.number * scale.number), number(0))

    def of_units(self, term: Term) -> Term:
        """Whole units as an amount."""
        return Term(f"{term.text}/10^{self.cells['digits'].fixed.text}", term.number / 10**self.digits)


class Listing:
    """The lines of all populations from a header row on; their ranges are known before they are written."""

    def __init__(self, header_row: int, populations: Sequence[Population]) -> None:
        self.header_row = header_row
        self.populations = populations

    def range(self, name: str, population: Population, *, far: bool = False) -> Range:
        """A column of one population's lines with its values; `far` as other sheets write it."""
        first = self.header_row + 1 + self._before(population)
        values = tuple(_known(name, population, unit) for unit in population.sample.units)
        letter, prefix = _LETTERS[name], f"{quoted(TITLE)}!" if far else ""
        return Range(f"{prefix}${letter}${first}:${letter}${first + len(values) - 1}", values)

    def _before(self, population: Population) -> int:
        others = self.populations[: self.populations.index(population)]
        return sum(len(one.sample.units) for one in others)

    def write(self, pack: Pack, sheet: Sheet) -> None:
        """Write the lines with live formulas: which are key items, and how many points lie in each."""
        sheet.new_page()
        sheet.line("Every line that something was billed for, in the order it was drawn in", "section")
        assert sheet.row == self.header_row - 1, "the listing stands where the formulas above it look"
        with sheet.table(_HEADINGS, is_main=True):
            for population in self.populations:
                self._write(pack, sheet, population)
        sheet.is_frozen = False

    def _write(self, pack: Pack, sheet: Sheet, population: Population) -> None:
        last: Ref | None = None
        for place, unit in enumerate(population.sample.units, 1):
            sheet.next_row()
            sheet.put("number", place, Look("tick"))
            line = population.lines[unit.identity]
            _lead(pack, sheet, unit.identity, line)
            last = _reckoned(pack, sheet, population, unit, last)


def _known(name: str, population: Population, unit: Unit) -> Value:
    values: dict[str, Value] = {
        "selection": unit.identity, "point": population.amount(unit.size), "upto": population.amount(unit.reached),
        "expected": Fraction(unit.point is not None),
    }  # fmt: skip
    return values[name]


def _lead(pack: Pack, sheet: Sheet, identity: str, line: Record) -> None:
    sheet.put("selection", identity, Look("text", TEXT))
    sheet.put("who", pack.facts.counterparty(line["contract"]), Look("text", TEXT))
    sheet.put("direction", pack.facts.direction(line["contract"]) or line["kind"], Look("text", TEXT))
    sheet.put("currency", line["currency"], Look("text", TEXT))


def _reckoned(pack: Pack, sheet: Sheet, population: Population, unit: Unit, last: Ref | None) -> Ref:
    """A line's size, what the lines below the interval come to with it, and the points that lie in it."""
    shape, zero = Look("formula", money(population.digits)), number(0)
    interval, start = population.cells["interval"].fixed, population.cells["start"].fixed
    billed = sheet.put("billed", billed_of(pack, population, unit), shape)
    whole = sheet.put("point", size(billed), shape)
    is_small = Term(f"{whole.text}<{interval.text}", whole.number < interval.number)
    small = sheet.put("before", either(is_small, whole, zero), shape)
    so_far = small if last is None else last + small
    upto = sheet.put("upto", rounded(so_far, population.cells["digits"].fixed), shape)
    reached = [_points(population, one - start, interval) for one in (upto, upto - small)]
    points = sheet.put("expected", reached[0] - reached[1], Look("formula", COUNT))
    has_point = Term(f"{points.text}>0", points.number > 0)
    sheet.put("why", either(is_small, either(has_point, label(POINT), label("–")), label(KEY)), Look("formula"))
    return upto


def _points(population: Population, beyond: Term, interval: Term) -> Term:
    """How many intervals fit into what lies beyond the start, counted from -1."""
    return floored(population.in_units(beyond) / population.in_units(interval))


def billed_of(pack: Pack, population: Population, unit: Unit) -> Term:
    """What Summary says was billed for a line."""
    return cell_of(pack.columns[SUMMARY, "billed"], population.places[unit.identity])


def line_digits(currency: str, amounts: Sequence[Fraction]) -> int:
    """The decimals in which the amounts are all whole: the currency's own, unless something was billed in parts."""
    digits = decimals(currency)
    while any((amount * 10**digits).denominator != 1 for amount in amounts):
        digits += 1
    return digits
