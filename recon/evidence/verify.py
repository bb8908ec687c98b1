"""A pack against its own seal: every altered cell by its address; rows, sheets and names that are gone or new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from recon.evidence.altered import Alteration, as_sealed, what_altered
from recon.evidence.reading import COVER, DIGEST_LABEL, UNREADABLE, Row, Workbook, open_workbook
from recon.evidence.rows import row_pairs
from recon.evidence.seal import (
    FOLLOWS,
    HEADING,
    SEAL,
    Known,
    SealedSheet,
    SheetSeal,
    digest_of,
    names_sealed,
    sheets_sealed,
    spelled_formula,
    unmarked,
)
from recon.problems import BadInput, Problem

NAMES = "(defined names)"
_BESIDE = re.compile(r"stand in (.+?) \(SHA-256 ([0-9a-f]{64})\)")
_NO_SEAL = Alteration(SEAL, "", "the sheet that seals the others is gone: the cells cannot be checked")
_UNSHOWN = "altered, in a cell whose short mark does not show it"


@dataclass(frozen=True)
class Inspection:
    """What a pack says of itself, and what in it is not as it was sealed; `digest` is made from its Seal.

    `inputs` and `beside` are files and their SHA-256, as Inputs and About name them.
    """

    path: Path
    digest: str
    cover: dict[str, str]
    inputs: tuple[tuple[str, str], ...]
    beside: tuple[tuple[str, str], ...]
    alterations: tuple[Alteration, ...]
    notes: tuple[str, ...]


@dataclass
class _Sheet:
    """A sheet as it stands beside what was sealed of it."""

    sealed: SealedSheet
    rows: dict[int, Row]
    is_as_sealed: bool
    results: dict[tuple[int, str], str] = field(default_factory=dict)


def inspect(path: Path) -> Inspection:
    """Check a pack by itself, the auditor's own columns apart; BadInput where the file is no pack of ours."""
    book = open_workbook(path)
    with book.file:
        try:
            return _inspected(book)
        except UNREADABLE as error:
            raise BadInput([Problem(str(path), str(error), "a workbook whose sheets can be read")]) from error


def _inspected(book: Workbook) -> Inspection:
    cover = {label: text for label, (text, _) in book.cover.items()}
    digest, files = digest_of(book.seal), (tuple(_inputs(book)), tuple(_beside(book)))
    if not book.seal:
        return Inspection(book.path, "", cover, *files, (_NO_SEAL,), ())
    texts = [unmarked(text) for text in book.seal]
    sealed = _sealed(texts)
    sheets = [_read(book, one) for one in sealed if one.title in book.sheets]
    has_values = any(_has_values(sheet) for sheet in sheets)
    altered = [*_seal(book, texts, digest), *_names(book, texts), *_titles(book, sealed, None not in texts)]
    altered += [one for sheet in sheets for one in _altered(sheet, has_values)]
    notes = () if has_values else tuple(_dropped(sheets))
    return Inspection(book.path, digest, cover, *files, tuple(altered), notes)


def _sealed(texts: list[str | None]) -> list[SealedSheet]:
    """What Seal says; a text of it that was altered says nothing."""
    return sheets_sealed([text for text in texts if text])


def _read(book: Workbook, sealed: SealedSheet) -> _Sheet:
    rows: dict[int, Row] = {}
    for number, row in book.rows(sealed.title):
        known = {letter: row[letter] for letter in sorted(row, key=lambda one: (len(one), one))}
        kept = {k: cell for k, cell in known.items() if not {k, f"{k}{number}"} & sealed.unsealed}
        kept = {k: cell._replace(is_free=f"{FOLLOWS}{k}" in sealed.unsealed) for k, cell in kept.items()}
        if kept:
            rows[number] = {**rows.get(number, {}), **kept}
    made = _made({number: {k: cell.known for k, cell in row.items()} for number, row in rows.items()})
    return _Sheet(sealed, rows, made == sealed.digests)


def _made(rows: dict[int, dict[str, Known]]) -> tuple[str, str]:
    seal = SheetSeal()
    for number in sorted(rows):
        seal.add(number, rows[number].items())
    return seal.digests


def _has_values(sheet: _Sheet) -> bool:
    """Whether any formula of a sheet has its value with it."""
    return any(cell.formula is not None and bool(cell.text) for row in sheet.rows.values() for cell in row.values())


def _dropped(sheets: list[_Sheet]) -> Iterator[str]:
    for sheet in sheets:
        if any(cell.formula is not None for row in sheet.rows.values() for cell in row.values()):
            yield f"{sheet.sealed.title}: values not stored; its formulas and constants were checked"


def _seal(book: Workbook, texts: list[str | None], digest: str) -> Iterator[Alteration]:
    """Texts of Seal that were altered; with none of them, another digest on Cover than they give."""
    wrong = [place for place, text in enumerate(texts, 1) if text is None]
    yield from (Alteration(SEAL, f"A{place}", "value altered", book.seal[place - 1]) for place in wrong)
    for number, row in book.rows(SEAL):
        yield from (Alteration(SEAL, f"{k}{number}", "cell added", row[k].words) for k in row if k != "A")
    stated, place = book.cover.get(DIGEST_LABEL, ("", ""))
    if not wrong and (stated != digest or texts[0] != HEADING):
        yield Alteration(COVER, place, f"states another digest than the cells give, {digest}", stated)


def _names(book: Workbook, texts: list[str | None]) -> Iterator[Alteration]:
    told = next((text for text in texts if text and text.startswith("names")), None)
    if told is None:
        return
    sealed, there = names_sealed(told), {name: spelled_formula(text) for name, text in book.names.items()}
    for name in sorted(sealed.keys() | there.keys()):
        if sealed.get(name) != there.get(name):
            what = "name added" if name not in sealed else "name removed" if name not in there else "name altered"
            yield Alteration(NAMES, name, what, there.get(name, ""))


def _titles(book: Workbook, sealed: list[SealedSheet], is_whole: bool) -> Iterator[Alteration]:
    """Sheets that are gone, renamed or, where Seal is whole, new; an order that is not the sealed one."""
    wanted, there = [one.title for one in sealed], [title for title in book.sheets if title != SEAL]
    new = [title for title in there if title not in wanted]
    for one in (one for one in sealed if one.title not in there):
        renamed = next((title for title in new if _read(book, replace(one, title=title)).is_as_sealed), None)
        new = [title for title in new if title != renamed]
        yield Alteration(one.title, "", "sheet renamed" if renamed else "sheet removed", renamed or "")
    yield from (Alteration(title, "", "sheet added") for title in new if is_whole)
    kept = [title for title in wanted if title in there]
    if kept != [title for title in there if title in wanted]:
        yield Alteration("(sheets)", "", "the sheets stand in another order", ", ".join(there))


def _altered(sheet: _Sheet, has_values: bool) -> Iterator[Alteration]:
    if sheet.is_as_sealed:
        return
    pairs = row_pairs(sheet.sealed.rows, sheet.rows)
    found = [*_moved(sheet, pairs), *(one for pair in pairs for one in _row(sheet, pair, has_values))]
    yield from found or _beyond_marks(sheet, has_values)


def _moved(sheet: _Sheet, pairs: list[tuple[int | None, int | None]]) -> Iterator[Alteration]:
    """Rows that stand elsewhere, those that moved together as one."""
    runs: list[tuple[int, int, int]] = []  # where they stood first, where the first and the last stand
    for old, new in ((old, new) for old, new in pairs if old and new and old != new):
        if runs and runs[-1][2] < new and new - old == runs[-1][1] - runs[-1][0]:
            runs[-1] = (*runs[-1][:2], new)
        else:
            runs.append((old, new, new))
    for old, first, last in runs:
        yield Alteration(sheet.sealed.title, f"{first}:{last}", f"moved here from {old}:{old + last - first}")


def _beyond_marks(sheet: _Sheet, has_values: bool) -> Iterator[Alteration]:
    """Marks are short: where all agree, the sheet's full digests decide, of the results as they were sealed."""
    made = _made({number: dict(_as_sealed(sheet, number)) for number in sheet.rows})
    if made[0] != sheet.sealed.digests[0] or (has_values and made[1] != sheet.sealed.digests[1]):
        yield Alteration(sheet.sealed.title, "", _UNSHOWN)


def _as_sealed(sheet: _Sheet, number: int) -> Iterator[tuple[str, Known]]:
    for letter, cell in sheet.rows[number].items():
        yield letter, cell.known._replace(result=sheet.results.get((number, letter), cell.known.result))


def _row(sheet: _Sheet, pair: tuple[int | None, int | None], has_values: bool) -> Iterator[Alteration]:
    """What was altered in a row; one that is gone, new or moved is named whole."""
    old, new = pair
    title, marks = sheet.sealed.title, sheet.sealed.rows.get(old or 0, {})
    row = sheet.rows.get(new or 0, {})
    if min(len(marks), len(row)) == 0 and max(len(marks), len(row)) > 1:
        yield Alteration(title, f"{new or old}:{new or old}", "row added" if row else "row removed", _words(row))
        return
    for letter in sorted(marks.keys() | row.keys(), key=lambda one: (len(one), one)):
        yield from _cell(sheet, letter, pair, has_values)


def _cell(sheet: _Sheet, letter: str, pair: tuple[int | None, int | None], has_values: bool) -> Iterator[Alteration]:
    old, new = pair[0] or pair[1] or 0, pair[1] or pair[0] or 0
    mark, cell = sheet.sealed.rows.get(old, {}).get(letter), sheet.rows.get(new, {}).get(letter)
    shift = (f"{letter}{new}", f"{letter}{old}") if old != new else None
    what = what_altered(mark, cell, shift, has_values)
    if what:
        yield Alteration(sheet.sealed.title, f"{letter}{new}", what, cell.words if cell else "")
    elif mark and cell and "." in mark and cell.text is not None and not cell.is_free:
        sheet.results[new, letter] = as_sealed(mark.partition(".")[2], cell) or ""


def _words(row: Row) -> str:
    return " · ".join(cell.words for cell in row.values())


def _inputs(book: Workbook) -> Iterator[tuple[str, str]]:
    """File and SHA-256 of every file that Inputs names."""
    place: dict[str, str] = {}
    for _, row in book.rows("Inputs") if "Inputs" in book.sheets else ():
        told = {letter: cell.text or "" for letter, cell in row.items()}
        if "SHA-256" in told.values():
            place = {text: letter for letter, text in told.items()}
        elif told.get(place.get("System, parameters", "")) == "file":
            yield told.get(place.get("File or query", ""), ""), told.get(place.get("SHA-256", ""), "")


def _beside(book: Workbook) -> Iterator[tuple[str, str]]:
    """File and SHA-256 of the workings that stand beside the pack, as About names them."""
    for _, row in book.rows("About") if "About" in book.sheets else ():
        yield from (pair for cell in row.values() for pair in _BESIDE.findall(cell.text or ""))
