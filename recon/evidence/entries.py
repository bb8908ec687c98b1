"""What an auditor wrote into a pack's Sample: kept by the selection it stands beside, not by its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from recon.evidence.formula import Value
from recon.evidence.reading import Cell, Row, open_workbook
from recon.evidence.seal import spelled

SAMPLE = "Sample"
SELECTION = ("selection", "Selection")
OWN = (("audited", "Audited amount"), ("tick", "Tickmark"), ("remark", "Remark"))
Entries = Mapping[str, Mapping[str, Value]]
"""Per selection (a line `contract/item/kind/currency`, or `conversion/contract`) the auditor's columns filled in."""


def entries_of(path: Path) -> Entries:
    """What stands in the auditor's own columns of a pack; nothing where it has no sample. BadInput where it is no pack.

    What stands beside no selection is kept under the text of its row, or the row's number.
    """
    book = open_workbook(path)
    with book.file:
        rows = list(book.rows(SAMPLE)) if SAMPLE in book.sheets else []
    found: dict[str, dict[str, Value]] = {}
    for identity, written in _written(rows):
        found[_unlike(identity, found)] = written
    return found


def _written(rows: list[tuple[int, Row]]) -> Iterator[tuple[str, dict[str, Value]]]:
    """Rows in which the auditor wrote, with the words that stand where selections do; headings are none."""
    headings = [{cell.text: letter for letter, cell in row.items()} for _, row in rows]
    letters: dict[str | None, str] = next((one for one in headings if SELECTION[1] in one), {})
    for (number, row), texts in zip(rows, headings, strict=True):
        entered = {name: _value(row[letters[text]]) for name, text in OWN if letters.get(text) in row}
        if entered and SELECTION[1] not in texts:
            beside = row.get(letters[SELECTION[1]])
            yield (beside.text if beside else None) or f"row {number}", entered


def _value(cell: Cell) -> Value:
    """A number, TRUE or FALSE, or a text; of a formula what it came to, its text where nothing is stored."""
    if cell.text is None:
        return f"={cell.formula}"
    if cell.kind == "n":
        return Fraction(spelled("n", cell.text))
    return cell.text == "1" if cell.kind == "b" else cell.text


def _unlike(identity: str, found: Mapping[str, object]) -> str:
    """A name that no other entry has."""
    number = 2
    named = identity
    while named in found:
        named, number = f"{identity} ({number})", number + 1
    return named
