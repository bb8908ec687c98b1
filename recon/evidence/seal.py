"""The seal: a short mark of every cell, on a hidden last sheet, by which an altered cell is named without the ledger.

A cell is known by what counts of it, in one spelling: its content (a formula, or the kind and value of a constant) and
a formula's result. Constants keep 15 digits, as spreadsheet programs do; results keep nine decimals or 13 digits, so
that a program which calculates them anew changes nothing that counts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

SEAL = "Seal"
HEADING = "recon seal 1: how to read it stands on About"
FORMULA = "f"
FOLLOWS = (
    "="  # before a column that is left out: only the results of its formulas are, they follow the auditor's entries
)
_FREE = "-"  # stands for the mark of such a result
_MARK = 6  # hex digits: they find the cell; the full digests of the sheets stand behind them
_FULL = 30_000  # characters of a cell of Seal; Excel takes 32,767
_NINE_DECIMALS = 10_000.0  # below it 13 digits reach further than nine decimals
_QUOTED = re.compile(r'("(?:[^"]|"")*")')
_PLAIN_SHEET = re.compile(r"'([A-Za-z_][A-Za-z0-9_.]*)'!")
_LOGICAL = re.compile(r"\b(TRUE|FALSE)\(\)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Known(NamedTuple):
    """What counts of a cell: `content` is its formula or its value with the kind, `result` what a formula came to."""

    content: str
    result: str
    mark: str


def known_value(kind: str, text: str) -> Known:
    """A constant: `n` and its digits, `b` and 0 or 1, `s` and its text, `e` and the error."""
    content = f"{kind}\t{spelled(kind, text)}"
    return Known(content, "", mark(content))


def known_formula(formula: str, kind: str, text: str) -> Known:
    """A formula and the value that was stored with it."""
    content, result = f"{FORMULA}\t{spelled_formula(formula)}", f"{kind}\t{spelled_result(kind, text)}"
    return Known(content, result, f"{mark(content)}.{mark(result)}")


def without_result(known: Known) -> Known:
    """A formula whose result is not sealed; a constant as it is."""
    return known._replace(result="", mark=f"{mark(known.content)}.{_FREE}") if known.result else known


def is_free(result: str) -> bool:
    """Whether the mark of a result says that it was left out."""
    return result == _FREE


def mark(content: str) -> str:
    """The first digits of a text's SHA-256."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]


def spelled(kind: str, text: str) -> str:
    """A constant in its one spelling.

    >>> spelled("n", "8.050000000000001"), spelled("n", "-0"), spelled("s", "one\\r\\ntwo")
    ('8.05', '0', 'one\\ntwo')
    """
    if kind == "n":
        return f"{float(text) + 0.0:.15g}"
    return _plain(text) if kind == "s" else text


def spelled_result(kind: str, text: str) -> str:
    """A formula's result in its one spelling: what differs by the noise of doubles is the same."""
    if kind != "n":
        return spelled(kind, text)
    number = float(text)
    told = f"{number:.9f}" if abs(number) < _NINE_DECIMALS else f"{number:.12e}"
    return "0.000000000" if told == "-0.000000000" else told


def spelled_formula(text: str) -> str:
    """A formula in its one spelling: quotes around plain sheet names and TRUE() for TRUE are a program's habits.

    >>> spelled_formula("COUNTIF('Inputs'!$L$6,FALSE())=\\"TRUE()\\"")
    'COUNTIF(Inputs!$L$6,FALSE)="TRUE()"'
    """
    if "'" not in text and "E()" not in text:
        return text
    parts = _QUOTED.split(text)
    parts[::2] = [_LOGICAL.sub(r"\1", _PLAIN_SHEET.sub(r"\1!", part)) for part in parts[::2]]
    return "".join(parts)


def _plain(text: str) -> str:
    """Text as programs show it: one kind of line end, escaped characters read."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


@dataclass
class SheetSeal:
    """The seal of one sheet while its rows are written, or read again."""

    marks: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._contents, self._results = hashlib.sha256(), hashlib.sha256()

    def add(self, row: int, cells: Iterable[tuple[str, Known]]) -> None:
        """Take in the cells of a row by their column letters, left to right."""
        told = [(letter, *cell) for letter, cell in cells if cell.content]
        if told:
            self._contents.update(_bytes([f"{letter}{row}\t{content}\n" for letter, content, _, _ in told]))
            self._results.update(_bytes([f"{letter}{row}\t{result}\n" for letter, _, result, _ in told if result]))
            self.marks.append((row, " ".join([f"{letter}{own}" for letter, _, _, own in told])))

    @property
    def digests(self) -> tuple[str, str]:
        """SHA-256 over the contents, and over the results, of all cells with their addresses."""
        return self._contents.hexdigest(), self._results.hexdigest()


def _bytes(lines: Iterable[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogatepass")


def seal_texts(sheets: Mapping[str, tuple[SheetSeal, Sequence[str]]], names: Mapping[str, str]) -> Iterator[str]:
    """The cells of Seal, top to bottom, each with its own mark at the end."""
    return (f"{text} ~{mark(text)}" for text in _texts(sheets, names))


def _texts(sheets: Mapping[str, tuple[SheetSeal, Sequence[str]]], names: Mapping[str, str]) -> Iterator[str]:
    """The names that formulas use, then each sheet with what of it is not sealed, and the marks of its rows."""
    yield HEADING
    yield ";".join(["names", *(f"{name}={spelled_formula(text)}" for name, text in sorted(names.items()))])
    for title, (sheet, unsealed) in sheets.items():
        contents, results = sheet.digests
        yield f"sheet {contents} {results} {','.join(unsealed) or '-'} {title}"
        yield from _packed(f"{row} {marks}" for row, marks in sheet.marks)


def _packed(rows: Iterable[str]) -> Iterator[str]:
    """As many rows in a cell as it takes."""
    gathered: list[str] = []
    length = 0
    for row in rows:
        if gathered and length + len(row) > _FULL:
            yield ";".join(gathered)
            gathered, length = [], 0
        gathered.append(row)
        length += len(row) + 1
    if gathered:
        yield ";".join(gathered)


def digest_of(texts: Iterable[str]) -> str:
    """The pack digest: SHA-256 over the texts of Seal, each ended by a line feed."""
    return hashlib.sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


def unmarked(text: str) -> str | None:
    """A text of Seal without its own mark; None where the two do not agree."""
    told, _, own = text.rpartition(" ~")
    return told if mark(told) == own else None


@dataclass(frozen=True)
class SealedSheet:
    """What Seal says of a sheet: its digests, what of it is the auditor's own, the marks of its rows."""

    title: str
    digests: tuple[str, str]
    unsealed: frozenset[str]
    texts: tuple[str, ...]

    @cached_property
    def rows(self) -> dict[int, dict[str, str]]:
        """The mark of every cell, by row and column letter."""
        lines = (line.split(" ") for text in self.texts for line in text.split(";"))
        return {int(line[0]): dict(_split(one) for one in line[1:]) for line in lines}


def _split(told: str) -> tuple[str, str]:
    letters = re.match("[A-Z]+", told)
    if letters is None:
        raise ValueError(f"{told!r} is no mark")
    return letters[0], told[letters.end() :]


def names_sealed(text: str) -> dict[str, str]:
    """The names in the second cell of Seal, and what each refers to."""
    return dict(one.split("=", 1) for one in text.split(";")[1:])


def sheets_sealed(texts: Sequence[str]) -> list[SealedSheet]:
    """The sheets that Seal tells of, in their order; ValueError where it cannot be read."""
    starts = [place for place, text in enumerate(texts) if text.startswith("sheet ")]
    return [_sheet(texts, *pair) for pair in zip(starts, [*starts[1:], len(texts)], strict=True)]


def _sheet(texts: Sequence[str], first: int, end: int) -> SealedSheet:
    _, contents, results, unsealed, title = texts[first].split(" ", 4)
    own = frozenset(unsealed.split(",")) - {"-"}
    return SealedSheet(title, (contents, results), own, tuple(texts[first + 1 : end]))
