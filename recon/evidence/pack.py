"""The pack being made: its sheets, the names its formulas use, and the checks they register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName

from recon.evidence.entries import Entries
from recon.evidence.facts import Facts, LineKey
from recon.evidence.formula import Range, Ref, Term, Value, number
from recon.evidence.seal import SEAL, digest_of, seal_texts
from recon.evidence.sheet import EXCEL_ROWS, Column, Sheet, Table
from recon.evidence.style import Look, dress, dress_standard
from recon.money import minor_units

CONVERSION_ROWS = 100_000  # conversions one by one in the workbook; more stand in a file beside it


@dataclass(frozen=True)
class Check:
    """One statement about the pack that must be TRUE, and the sheet it is about."""

    sheet: str
    statement: str
    result: Term


@dataclass(frozen=True)
class Issue:
    """How a pack was issued: its number (None for a draft), the pack it supersedes and last month's, in words."""

    number: int | None = None
    supersedes: str | None = None
    last_month: str | None = None


DRAFT = Issue()


@dataclass
class Pack:
    """What the sheets share while they are written; `titles` is the order people turn the pages in."""

    facts: Facts
    titles: Sequence[str]
    path: Path
    issue: Issue = DRAFT
    row_limit: int = EXCEL_ROWS
    conversion_limit: int = CONVERSION_ROWS
    book: Workbook = field(default_factory=Workbook)
    sheets: dict[str, Sheet] = field(default_factory=dict)
    names: dict[str, Term] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    clause_groups: dict[tuple[str, str, str], str] = field(default_factory=dict)
    clause_keys: Range = field(default_factory=lambda: Range("", ()))
    clause_values: Range = field(default_factory=lambda: Range("", ()))
    rates_of_exchange: dict[tuple[str, str, str], Term] = field(default_factory=dict)
    reperformed: dict[LineKey, Term] = field(default_factory=dict)
    priced: dict[LineKey, list[dict[str, Ref]]] = field(default_factory=dict)
    finished: dict[LineKey, Ref] = field(default_factory=dict)
    rows_read: dict[str, Term] = field(default_factory=dict)
    rows_rejected: dict[str, Term] = field(default_factory=dict)
    totals: dict[str, dict[str, Term]] = field(default_factory=dict)
    columns: dict[tuple[str, str], Range] = field(default_factory=dict)
    decided: Term = field(default_factory=lambda: number(0))
    entries: Entries = field(default_factory=dict)
    verdict: Term = field(default_factory=lambda: Term("TRUE()", True))
    overflow: dict[str, str] = field(default_factory=dict)
    _styles: dict[tuple[Look, bool], int] = field(default_factory=dict)
    _clauses: dict[tuple[str, str, str], Value | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book.remove(self.book.worksheets[0])
        dress_standard(self.book)
        for title in self.titles:
            self.book.create_sheet(title)

    def sheet(self, title: str, columns: Sequence[Column], heading: str, *notes: str) -> Sheet:
        """A new sheet with its title, the close it belongs to, and notes on how to read it."""
        sheet = self.sheets[title] = Sheet(title, columns, self._style_of)
        sheet.line(heading, "title", height=22)
        sheet.line(self._subtitle, "subtitle")
        for note in notes:
            sheet.line(note)
        sheet.next_row()
        return sheet

    @property
    def _subtitle(self) -> str:
        close = self.facts.close
        return f"{close.workspace_name} · {close.period} · run {close.run} · inputs digest {self.facts.digest[:16]}"

    def _style_of(self, look: Look, is_foreign_text: bool) -> int:
        key = (look, is_foreign_text)
        if key not in self._styles:
            model = self.book.worksheets[0].cell(
                1, len(self._styles) + 1
            )  # rows are put in later; it only holds the style
            self._styles[key] = dress(model, look, is_foreign_text)
        return self._styles[key]

    @property
    def sheet_order(self) -> tuple[str, ...]:
        """All sheets as they stand in the file, the hidden one last."""
        return (*self.titles, SEAL)

    def name(self, name: str, cell: Ref) -> None:
        """Give a parameter's cell a name that formulas on every sheet use."""
        self.book.defined_names[name] = DefinedName(name, attr_text=cell.far.text)
        self.names[name] = Term(name, cell.value)

    def digits(self, currency: str) -> Term:
        """The named decimals of a currency."""
        return self.names[f"minor_units_{currency}"]

    def share(self, sheet: Sheet, table: Table, *names: str) -> None:
        """Let formulas on other sheets add up kept columns of a table: `columns[title, name]`."""
        for name in names:
            self.columns[sheet.title, name] = sheet.span(name, table, far=True)

    def check(self, sheet: str, statement: str, result: Term) -> None:
        """Register a statement for the Checks sheet."""
        self.checks.append(Check(sheet, statement, result))

    def clause(self, contract: str, version: object, path: str) -> Value | None:
        """What Contracts says for a clause of a version; None where it does not list it."""
        key = (contract, str(version), path)
        if key not in self._clauses:
            self._clauses[key] = self._find_clause(*key)
        return self._clauses[key]

    def _find_clause(self, contract: str, version: str, path: str) -> Value | None:
        group, leaf = clause_group(path)
        number = self.clause_groups.get((contract, version, group))
        position = self.clause_keys.positions.get(f"{number}.{leaf}")
        return None if position is None else self.clause_values.values[position]

    def seal(self) -> str:
        """Write Seal, the hidden last sheet, over all that stands on the others; hands back the pack's digest."""
        names = {name: str(found.attr_text) for name, found in self.book.defined_names.items()}
        texts = list(seal_texts({title: self.sheets[title].seal for title in self.titles}, names))
        sheet = self.sheets[SEAL] = Sheet(SEAL, (Column("seal", "", 120),), self._style_of)
        for text in texts:
            sheet.line(text)
        self.book.create_sheet(SEAL).sheet_state = "veryHidden"
        return digest_of(texts)


@cache
def decimals(currency: str) -> int:
    """A currency's decimals for number formats; 2 for a code that is none."""
    try:
        return minor_units(currency)
    except ValueError:
        return 2


def clause_group(path: str) -> tuple[str, str]:
    """A clause's path as the group it stands in and its own name: `items[A].rates[1]` and `per_mille`."""
    group, _, leaf = path.rpartition(".")
    return group, leaf
