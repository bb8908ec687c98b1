"""A pack read again, whoever saved it last: its sheets, names and cells, straight from the XML, a sheet at a time."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element, ParseError, iterparse

from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter

from recon.evidence.seal import SEAL, Known, known_formula, known_value, without_result
from recon.problems import BadInput, Problem

_KINDS = {"s": "s", "str": "s", "inlineStr": "s", "b": "b", "e": "e", "d": "d"}
_TRUE = {"true": "1", "false": "0"}
COVER, DIGEST_LABEL = "Cover", "Pack digest"
UNREADABLE = (OSError, KeyError, ValueError, IndexError, ParseError, zipfile.BadZipFile)


class Cell(NamedTuple):
    """A filled cell: its kind and text (None where a program dropped a formula's value), and its formula."""

    kind: str
    text: str | None
    formula: str | None
    is_free: bool = False  # what the formula comes to follows the auditor's entries

    @property
    def known(self) -> Known:
        """What counts of it."""
        if self.formula is None:
            return known_value(self.kind, self.text or "")
        if self.text is None:
            known = known_formula(self.formula, "", "")  # no value is not the value 0
        else:
            known = known_formula(self.formula, self.kind, self.text)
        return without_result(known) if self.is_free else known

    @property
    def words(self) -> str:
        """What a reader finds there: the formula, and the value where one is stored."""
        if self.formula is None:
            return self.text or ""
        return f"={self.formula}" + ("" if self.text is None else f" → {self.text}")


Row = dict[str, Cell]


@dataclass(frozen=True)
class Workbook:
    """An .xlsx file opened for reading."""

    path: Path
    file: zipfile.ZipFile

    @cached_property
    def sheets(self) -> dict[str, str]:
        """The file's part of each sheet, by title, in the order of the tabs."""
        parts = {one.get("Id", ""): one.get("Target", "") for one in self._elements("xl/_rels/workbook.xml.rels")}
        found = (one for one in self._elements("xl/workbook.xml") if _tag(one) == "sheet")
        return {one.get("name", ""): _part(parts[_relation(one)]) for one in found}

    @cached_property
    def names(self) -> dict[str, str]:
        """What the defined names refer to, but those that programs keep for printing and filters."""
        found = (one for one in self._elements("xl/workbook.xml") if _tag(one) == "definedName")
        told = ((one.get("name", ""), one.get("localSheetId"), one.text or "") for one in found)
        return {
            name if place is None else f"{name} (of sheet {int(place) + 1})": text
            for name, place, text in told
            if not name.startswith("_xlnm.")
        }

    @cached_property
    def strings(self) -> list[str]:
        """The texts that cells share."""
        if "xl/sharedStrings.xml" not in self.file.namelist():
            return []
        return [_text(one) for one in self._elements("xl/sharedStrings.xml") if _tag(one) == "si"]

    @cached_property
    def seal(self) -> list[str]:
        """The texts of Seal, which stand in its first column; none where the sheet is not there."""
        found = dict(self.rows(SEAL)) if SEAL in self.sheets else {}
        texts = {number: row["A"].text or "" for number, row in found.items() if "A" in row}
        return [texts.get(number, "") for number in range(1, max(texts, default=0) + 1)]

    @cached_property
    def cover(self) -> dict[str, tuple[str, str]]:
        """What Cover says beside each of its labels, with the address where it says so."""
        found = self.rows(COVER) if COVER in self.sheets else ()
        told = ((row["A"].text or "", row["B"].text or "", f"B{n}") for n, row in found if {"A", "B"} <= row.keys())
        return {label: (text, address) for label, text, address in told}

    def rows(self, title: str) -> Iterator[tuple[int, Row]]:
        """The filled cells of a sheet, row by row."""
        shared: dict[str, tuple[str, str]] = {}
        last = 0
        for element in self._elements(self.sheets[title]):
            if _tag(element) == "row":
                last = int(element.get("r") or last + 1)
                yield last, self._row(element, last, shared)

    def _row(self, element: Element, number: int, shared: dict[str, tuple[str, str]]) -> Row:
        found: Row = {}
        for place, one in enumerate(element, 1):
            letters = (one.get("r") or get_column_letter(place)).rstrip("0123456789")
            cell = self._cell(one, f"{letters}{number}", shared) if len(one) else None
            if cell is not None:
                found[letters] = cell
        return found

    def _cell(self, one: Element, address: str, shared: dict[str, tuple[str, str]]) -> Cell | None:
        parts = {_tag(part): part for part in one}
        stored = parts["v"].text if "v" in parts else None
        written = one.get("t", "n")
        if "is" in parts:
            stored = _text(parts["is"])
        elif written == "s" and stored is not None:
            stored = self.strings[int(stored)]
        formula = _formula(parts["f"], address, shared) if "f" in parts else None
        if written in ("str", "inlineStr") and formula is not None:
            stored = stored or ""  # a formula that came to an empty text
        kind = _KINDS.get(written, "n")
        if formula is None and not stored:
            return None
        return Cell(kind, _TRUE.get(stored, stored) if kind == "b" and stored else stored, formula)

    def _elements(self, part: str) -> Iterator[Element]:
        """The whole rows, texts, sheets and names of a part, each let go when the next is asked for."""
        with self.file.open(part) as stream:
            yield from _whole(stream)


def open_workbook(path: Path) -> Workbook:
    """A pack to be read; BadInput where the file is none of ours."""
    try:
        book = Workbook(path, zipfile.ZipFile(path))
        is_ours = bool(book.seal) or DIGEST_LABEL in book.cover
    except UNREADABLE as error:
        raise BadInput([_no_pack(path, str(error))]) from error
    if not is_ours:
        raise BadInput([_no_pack(path, f"a workbook with the sheets {', '.join(book.sheets)}")])
    return book


def _no_pack(path: Path, found: str) -> Problem:
    return Problem(str(path), found, "an evidence pack that `recon evidence` wrote, sealed by its sheet Seal")


_WHOLE = tuple("}" + name for name in ("row", "si", "sheet", "definedName", "Relationship"))


def _whole(stream: IO[bytes]) -> Iterator[Element]:
    for _, element in iterparse(stream, ("end",)):
        if element.tag.endswith(_WHOLE):
            yield element
            element.clear()


def _formula(element: Element, address: str, shared: dict[str, tuple[str, str]]) -> str:
    """A formula's text; one shared by several cells is written out for its own, an array keeps its brackets."""
    text, group = element.text or "", element.get("si")
    if element.get("t") == "shared" and group is not None:
        if text:
            shared[group] = (text, address)
        elif group in shared:
            first, origin = shared[group]
            return str(Translator(f"={first}", origin).translate_formula(address))[1:]
    return f"{{{text}}}" if element.get("t") in ("array", "dataTable") else text


def _text(element: Element) -> str:
    """The text of a string, its runs put together, without the hints on how it is spoken."""
    runs = [part for part in element if _tag(part) in ("t", "r")]
    pieces = (piece for part in runs for piece in ([part] if _tag(part) == "t" else part) if _tag(piece) == "t")
    return "".join(piece.text or "" for piece in pieces)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _relation(element: Element) -> str:
    return next(value for name, value in element.attrib.items() if name.endswith("}id"))


def _part(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
