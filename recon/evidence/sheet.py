"""A sheet being filled: rows of cells that go straight to the sheet's XML, each formula with its cached value.

openpyxl writes formulas without values, so previews and protected view would show nothing; it also holds every
cell in memory. Here rows stream to a temporary file and openpyxl keeps what surrounds them (styles, widths, print
setup). Every cell also enters its sheet's seal, but those of the auditor's own columns.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from typing import IO
from xml.sax.saxutils import escape

from openpyxl.chart._chart import ChartBase
from openpyxl.utils import get_column_letter

from recon.evidence.formula import Range, Ref, Term, Value, quoted
from recon.evidence.measure import PADDING, heading_units, line_count, number_units, text_units
from recon.evidence.seal import FOLLOWS, Known, SheetSeal, known_formula, known_value, without_result
from recon.evidence.style import ROLES, Look

EXCEL_ROWS = 1_048_576
_RESULT = Context(prec=17)  # what a double keeps
_CONSTANT = Context(prec=15)  # what every spreadsheet program keeps of a number, whoever saves it
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f￾￿]")
_FOREIGN = tuple("=+-@\t")
_LONGEST_TEXT = 32_767
_LINE_HEIGHT = 12.5  # points, of 9 point type
_TINY = Fraction(1, 10**12)
_UNMEASURED = frozenset(
    ("title", "subtitle", "section", "note", "alert", "header", "right", "run-on")
)  # may run over the next columns
_MOST_TEXTS = 50_000
_ROW_ROLES = {
    role: "header" if role == "header" else "total-text" for role in ROLES if role.startswith(("header", "total-"))
}
_MARKS = {"n": "", "b": ' t="b"', "s": ' t="str"'}
_UNKNOWN = Known("", "", "")  # an empty cell, or one that the seal leaves out
Content = Term | Fraction | Decimal | int | bool | str | date | None


@dataclass(frozen=True)
class Column:
    """A column: the name cells are put by, the heading people read, its width in characters.

    What stands in the auditor's own columns is not sealed: changing it alters nothing. Formulas that follow the
    auditor's entries are sealed, but not what they come to.
    """

    name: str
    heading: str
    width: float
    is_auditors: bool = False
    follows_auditor: bool = False


@dataclass
class Table:
    """Where a table stands on its sheet, for the filter and for ranges over its columns."""

    header_row: int
    last_row: int
    names: tuple[str, ...] = ()


@dataclass
class Sheet:
    """One sheet of the pack, filled from the top; `style_of` gives the style number of a look."""

    title: str
    columns: Sequence[Column]
    style_of: Callable[[Look, bool], int]
    row: int = 0
    tables: list[Table] = field(default_factory=list)
    repeated_row: int = 0
    bears_digest: bool = False
    is_frozen: bool = False
    frozen_from: str = "A"
    kept: dict[str, dict[int, Value | None]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    conditions: list[tuple[str, str]] = field(default_factory=list)
    charts: list[tuple[str, ChartBase]] = field(default_factory=list)
    new_pages: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._letters = {c.name: get_column_letter(i) for i, c in enumerate(self.columns, 1)}
        self._order = {c.name: i for i, c in enumerate(self.columns)}
        self._own = {c.name for c in self.columns if c.is_auditors}
        self._following = {c.name for c in self.columns if c.follows_auditor}
        self._unsealed = [self._letters[name] for name in self._letters if name in self._own]
        self._unsealed += [f"{FOLLOWS}{self._letters[name]}" for name in self._letters if name in self._following]
        self._cells: dict[str, tuple[str, Known]] = {}
        self._height: float | None = None
        self._level = 0
        self._open: Table | None = None
        self._role = "text"
        self._texts: dict[tuple[str, Look], tuple[str, Known, float]] = {}
        self._longest: dict[str, float] = {}
        self._widest: dict[str, float] = {}
        self._headings: dict[str, float] = {}
        self._fixed: set[str] = set()
        self._seal = SheetSeal()
        self._rows: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - open until the pack is saved
            64 << 20, "w+", encoding="utf-8", newline=""
        )

    def next_row(self, height: float | None = None, level: int = 0) -> int:
        """Close the row being filled and open the one below it; rows of level 1 fold away under the row below them."""
        self._flush()
        self.row += 1
        self._height, self._level = height, level
        return self.row

    def put(self, name: str, content: Content, look: Look, *, is_digested: bool = True) -> Ref:
        """Write a cell of the open row; hands back a reference that formulas can use."""
        address = f"{self._letters[name]}{self.row}"
        if type(content) is str:
            value: Value | None = content
            self._cells[name] = self._text_cell(name, address, content, look)
        else:
            value = content.value if isinstance(content, Term) else _value(content)
            formula = content.text if isinstance(content, Term) else None
            self._cells[name] = _number_cell(address, self.style_of(look, False), formula, value)
            if value is not None:
                self._measure(name, value, look)
        if name in self._following:
            self._cells[name] = (self._cells[name][0], without_result(self._cells[name][1]))
        if not is_digested:
            self._cells[name], self.bears_digest = (self._cells[name][0], _UNKNOWN), True
            self._unsealed.append(address)
        self._role = _ROW_ROLES.get(look.role, self._role)
        if name in self.kept:
            self.kept[name][self.row] = value
        return Ref(address, "" if value is None else value, sheet=self.title)

    def _text_cell(self, name: str, address: str, text: str, look: Look) -> tuple[str, Known]:
        """A text's XML and what the seal knows of it, made once per text and look: most of a sheet repeats."""
        if ROLES[look.role].wrap and look.role != "header":
            self._make_room(name, text, ROLES[look.role].size)
        if len(self._texts) > _MOST_TEXTS:
            self._texts.clear()
        found = self._texts.get((text, look))
        if found is None:
            style = self.style_of(look, text.startswith(_FOREIGN))
            ends = _text_ends(style, _ILLEGAL.sub("\ufffd", text)[:_LONGEST_TEXT])
            found = self._texts[text, look] = (*ends, text_units(text, is_bold=ROLES[look.role].bold))
        if look.role not in _UNMEASURED:
            self._longest[name] = max(self._longest.get(name, 0), found[2])
        return f'<c r="{address}{found[0]}', found[1]

    def _measure(self, name: str, value: Value, look: Look) -> None:
        """Amounts and counts need the room they take; what is written otherwise keeps the declared width."""
        units = number_units(value, look.number_format) if type(value) is Fraction else None
        if units is None:
            self._fixed.add(name)
        else:
            self._widest[name] = max(self._widest.get(name, 0), units)

    def _make_room(self, name: str, text: str, size: int) -> None:
        """Rows as high as their longest wrapped text: not every program finds that out by itself."""
        lines = line_count(text, self.columns[self._order[name]].width, size)
        if lines > 1:
            self._height = max(self._height or 0, lines * _LINE_HEIGHT * size / 9)

    def width(self, column: Column) -> float:
        """A column's width: what its figures take, and no more than declared for its texts and its heading.

        The auditor's columns are as wide as declared: what comes into them is not there yet.
        """
        figures = self._widest.get(column.name, 0) + 2 * PADDING
        if column.is_auditors or column.name in self._fixed:
            return max(column.width, figures)
        texts = min(column.width, self._longest.get(column.name, 0) + 2 * PADDING)
        return max(texts, figures, min(column.width, self._headings.get(column.name, column.width)))

    def new_page(self) -> None:
        """What comes next begins a page of its own in print."""
        self.new_pages.append(self.row + 1)

    def line(self, content: Content, role: str = "note", name: str | None = None, height: float | None = None) -> Ref:
        """A row with one piece of text, by default in the first column."""
        self.next_row(height)
        return self.put(name or self.columns[0].name, content, Look(role))

    def open_table(self, headings: Mapping[str, str] | None = None, *, is_main: bool = False) -> Table:
        """Write a header row (of all columns, or of the named ones); the main table's repeats on every page."""
        self.next_row(height=30)
        shown = headings or {c.name: c.heading for c in self.columns}
        for name, heading in shown.items():
            self.put(name, heading, Look("header"))
            self._headings[name] = max(self._headings.get(name, 0), heading_units(heading))
        places = sorted(self._order[name] for name in shown)
        covered = tuple(c.name for c in self.columns[places[0] : places[-1] + 1])
        table = self._open = Table(self.row, self.row, covered)
        self.tables.append(table)
        if is_main:
            self.repeated_row, self.is_frozen = self.row, True
        return table

    def keep(self, *names: str) -> None:
        """Remember the values of columns, for ranges over them."""
        for name in names:
            self.kept.setdefault(name, {})

    def span(self, name: str, table: Table, *, far: bool = False) -> Range:
        """The cells of a kept column from the row under a table's header to its last row."""
        first, last = table.header_row + 1, max(table.last_row, table.header_row + 1)
        letter, prefix = self._letters[name], f"{quoted(self.title)}!" if far else ""
        values = tuple(self.kept[name].get(row) for row in range(first, last + 1))
        return Range(f"{prefix}${letter}${first}:${letter}${last}", values)

    @contextmanager
    def table(self, headings: Mapping[str, str] | None = None, *, is_main: bool = False) -> Iterator[Table]:
        """A table: its header row, the rows written inside the `with`, its end."""
        table = self.open_table(headings, is_main=is_main)
        yield table
        self._flush()
        table.last_row, self._open = self.row, None

    def hide_unused(self, names: Iterable[str]) -> None:
        """Fold away the columns among these that no row filled."""
        self.hidden = {name for name in names if not {name} & {*self._fixed, *self._longest, *self._widest}}

    def flag(self, name: str, condition: str) -> None:
        """Show the cells of a column in red where a condition on its first cell (`{0}`) holds."""
        letter = self._letters[name]
        self.conditions.append((f"{letter}1:{letter}{max(self.row, 2)}", condition.format(f"{letter}1")))

    def letter(self, name: str) -> str:
        """The column letter of a name."""
        return self._letters[name]

    @property
    def seal(self) -> tuple[SheetSeal, list[str]]:
        """The seal of the sheet's filled cells, and the columns and cells that it leaves out."""
        self._flush()
        return self._seal, self._unsealed

    def chunks(self, size: int = 1 << 20) -> Iterator[str]:
        """The rows' XML from the first on."""
        self._flush()
        self._rows.seek(0)
        while chunk := self._rows.read(size):
            yield chunk

    def _flush(self) -> None:
        if not self._cells:
            return
        self._fill_gaps()
        height = f' ht="{self._height}" customHeight="1"' if self._height else ""
        height += f' outlineLevel="{self._level}"' if self._level else ""
        names = sorted(self._cells, key=self._order.__getitem__)
        self._rows.write(f'<row r="{self.row}"{height}>{"".join(self._cells[name][0] for name in names)}</row>')
        self._seal.add(self.row, ((self._letters[n], self._cells[n][1]) for n in names if n not in self._own))
        self._cells, self._height, self._role = {}, None, "text"

    def _fill_gaps(self) -> None:
        """Empty cells of a table's row carry its lines and colours too."""
        if not self._open:
            return
        style = self.style_of(Look(self._role), False)
        for name in self._open.names:
            if name not in self._cells:
                self._cells[name] = (f'<c r="{self._letters[name]}{self.row}" s="{style}"/>', _UNKNOWN)


def _double(value: Fraction, digits: Context = _RESULT) -> str:
    if value.denominator == 1 and abs(value.numerator) < 10**15:
        return str(value.numerator)
    if 10**6 % value.denominator == 0 and abs(value.numerator) < 10**9:
        sign, millionths = "-" if value < 0 else "", abs(value.numerator) * (10**6 // value.denominator)
        return f"{sign}{millionths // 10**6}.{millionths % 10**6:06}".rstrip("0")
    quotient = digits.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{quotient.normalize(digits):f}" if abs(value) > _TINY else str(quotient)


def _value(content: Content) -> Value | None:
    if content is None or type(content) in (str, bool, Fraction):
        return content  # type: ignore[return-value]
    if isinstance(content, date):
        return Fraction((content - date(1899, 12, 30)).days)  # the spreadsheet's day count
    return Fraction(content)  # type: ignore[arg-type]


def _text_ends(style: int, text: str) -> tuple[str, Known]:
    """What follows the address in a text cell's XML, and what is known of it; empty text is an empty cell."""
    if not text:
        return f'" s="{style}"/>', _UNKNOWN
    xml = f'" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
    return xml, known_value("s", text)


def _number_cell(address: str, style: int, formula: str | None, value: Value | None) -> tuple[str, Known]:
    """The XML, and what is known, of a formula with its cached value, of a number or of an empty cell."""
    if value is None:
        return f'<c r="{address}" s="{style}"/>', _UNKNOWN
    digits = _CONSTANT if formula is None else _RESULT
    kind, text = ("n", _double(value, digits)) if type(value) is Fraction else _other(value)
    if formula is None:
        return f'<c r="{address}" s="{style}"{_MARKS[kind]}><v>{text}</v></c>', known_value(kind, text)
    xml = f'<c r="{address}" s="{style}"{_MARKS[kind]}><f>{escape(formula)}</f><v>{escape(text)}</v></c>'
    return xml, known_formula(formula, kind, text)


def _other(value: Value) -> tuple[str, str]:
    """The kind and the cached text of a value that is no fraction."""
    if isinstance(value, bool):
        return "b", "1" if value else "0"
    return ("s", _ILLEGAL.sub("\ufffd", value)[:_LONGEST_TEXT]) if isinstance(value, str) else ("n", str(value))
