"""The columns of Sample, which all of its tables share: the auditor's own stay apart, whatever stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recon.evidence.entries import OWN, SAMPLE, SELECTION
from recon.evidence.formula import Ref, Term, Value
from recon.evidence.sheet import Column, Content, Sheet
from recon.evidence.style import PLAIN, TEXT, Look

TITLE = SAMPLE
COLUMNS = (
    Column("number", "No", 5),
    Column(*SELECTION, 42),
    Column("who", "Counterparty", 24),
    Column("direction", "Direction", 13),
    Column("currency", "Currency", 9),
    Column("why", "Drawn as", 13),
    Column("point", "Selection point", 12),
    Column("before", "Cumulated before", 12),
    Column("upto", "Cumulated with it", 12),
    Column("billed", "Billed", 14),
    Column("expected", "Expected", 14),
    Column("place", "Re-performed on", 30),
    Column("audited", OWN[0][1], 13, is_auditors=True),
    Column("difference", "Difference", 12, follows_auditor=True),
    Column("tainting", "Tainting", 10, follows_auditor=True),
    Column("projected", "Projected", 14, follows_auditor=True),
    Column("tick", OWN[1][1], 10, is_auditors=True),
    Column("remark", OWN[2][1], 26, is_auditors=True),
)
_HEADINGS = {column.name: column.heading for column in COLUMNS}
_OWN = tuple(name for name, _ in OWN)


def headings(*names: str, **other: str) -> dict[str, str]:
    """The headings of a table that the auditor writes in: of the named columns, with other words where given."""
    shown = _HEADINGS | other
    return {name: shown[name] for name in _HEADINGS if name in {*names, *other, *_OWN}}


def auditors(sheet: Sheet, entry: Mapping[str, Value], number_format: str = PLAIN) -> dict[str, Ref]:
    """The auditor's cells of a row, blank or with what was entered before."""
    shapes = {"audited": number_format, "tick": TEXT, "remark": TEXT}
    return {name: sheet.put(name, entry.get(name), Look("own", shape)) for name, shape in shapes.items()}


def pair(sheet: Sheet, words: str, value: Content, look: Look, note: str = "") -> Ref:
    """A row of a box: what it is, what it comes to, how."""
    sheet.next_row()
    sheet.put("selection", words, Look("total-text" if look.role.startswith("total-") else "text"))
    if note:
        sheet.put("direction", f"  {note}", Look("note"))
    return sheet.put("who", value, look)


def result(sheet: Sheet, words: str, value: Term, look: Look) -> Ref:
    """A row under a table: what the auditor's entries come to."""
    sheet.next_row()
    sheet.put("tainting", words, Look("right"))
    return sheet.put("projected", value, look)


def stretch(cells: Sequence[Ref]) -> str:
    """Cells that stand one under the other, as a range."""
    return f"{cells[0].text}:{cells[-1].text}"
