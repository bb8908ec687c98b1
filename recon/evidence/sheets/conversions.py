"""Conversions one by one, where a contract rounds each: their number and money against the prices above (RULES 6.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd

from recon.evidence.facts import LineKey, Record, exact_or_zero, line_key
from recon.evidence.formula import Ref, Term, number, rounded, rows_unlike
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Sheet
from recon.evidence.style import COUNT, TEXT, Look, money

PRICED = ("price_group", "split")
HEADINGS = {
    "row": "Row", "contract": "Contract", "item": "Item", "kind": "Kind", "currency": "Currency", "clause": "Version",
    "what": "Conversion", "each": "Amount of each", "amount": "Conversions one by one", "line": "Prices above",
    "difference": "Difference", "tick": "Tick",
}  # fmt: skip
FILED = ["contract", "item", "conversion_id", "touch_id", "version", "rate", "exact_amount"]
_IN_NUMBER, _IN_MONEY = "Conversions of the line, in number", "Conversions of the line, in money"


@dataclass(frozen=True)
class _Listed:
    """A line with the conversions it pays for, each with its amount."""

    key: LineKey
    prices: list[Record]
    frame: pd.DataFrame

    @property
    def amounts(self) -> list[Fraction]:
        return [exact_or_zero(one) for one in self.frame["exact_amount"]]


def write(pack: Pack, sheet: Sheet, worked: list[tuple[Record, list[Record]]]) -> None:
    """Write the table under the lines: conversions while they fit, then lines whose conversions stand in a file."""
    listed = [_listed(pack, line_key(line), _prices(workings)) for line, workings in worked if _prices(workings)]
    if not listed:
        return
    sheet.next_row()
    sheet.line("Conversions one by one, of the lines that are rounded per conversion", "section")
    with sheet.table(HEADINGS) as table:
        filed = list(_write_fitting(pack, sheet, listed))
        if filed:
            _write_filed(pack, sheet, filed)
    unlike = rows_unlike(sheet.span("difference", table, far=True), number(0))
    statement = "Conversions one by one come to the number and the money of their line's prices"
    pack.check(sheet.title, statement, unlike.same_as(number(0)))


def _prices(workings: list[Record]) -> list[Record]:
    """The steps that price a line's conversions, where any of them rounds each."""
    steps = [row for row in workings if row["operation"] in PRICED]
    return steps if any(row.get("round") == "conversion" for row in steps) else []


def _listed(pack: Pack, key: LineKey, prices: list[Record]) -> _Listed:
    found = pack.facts.close.conversions(key.contract)
    own = found[(found["item"] == key.item) & (found["fate"] == "payable")]
    return _Listed(key, prices, own.sort_values("conversion_id", ignore_index=True))


def _write_fitting(pack: Pack, sheet: Sheet, listed: list[_Listed]) -> Iterator[_Listed]:
    """Write lines while there is room for all their conversions; hands back the others."""
    left = min(pack.conversion_limit, pack.row_limit - sheet.row - 2 * len(listed))
    for one in listed:
        left -= len(one.frame)
        if left < 0:
            yield one
        else:
            _write_line(pack, sheet, one)


def _write_line(pack: Pack, sheet: Sheet, one: _Listed) -> None:
    """A conversion in a row, then what they come to by formula."""
    shape = Look("engine", money(decimals(one.key.currency)))
    first = sheet.row + 1
    for told, amount in zip(one.frame.itertuples(), one.amounts, strict=True):
        sheet.next_row(level=1)
        _lead(sheet, one.key, "conversion", "text", str(told.conversion_id))
        sheet.put("clause", f"v{told.version}", Look("text"))
        sheet.put("each", amount, shape)
    cells = f"{sheet.letter('each')}{first}:{sheet.letter('each')}{sheet.row}"
    numbered = Term(f"COUNT({cells})", Fraction(len(one.frame)))
    _write_sums(pack, sheet, one, (numbered, Term(f"SUM({cells})", sum(one.amounts, Fraction(0)))))


def _write_filed(pack: Pack, sheet: Sheet, filed: list[_Listed]) -> None:
    """Conversions that do not fit stand in a file beside the pack, their sums here."""
    name = f"{pack.path.stem}-{sheet.title}-conversions.csv"
    pack.overflow[name] = _csv(pack, name, pd.concat([one.frame for one in filed]))
    for one in filed:
        _write_sums(pack, sheet, one, (Fraction(len(one.frame)), sum(one.amounts, Fraction(0))), name)


def _csv(pack: Pack, name: str, frame: pd.DataFrame) -> str:
    """Write the file; hands back its SHA-256."""
    path = pack.path.with_name(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = frame[FILED].rename(columns={"exact_amount": "amount"})
    path.write_text(told.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_sums(pack: Pack, sheet: Sheet, one: _Listed, sums: tuple[Any, Any], file: str = "") -> None:
    """Number and money of a line's conversions, by formula or out of a file, each beside that of the prices above."""
    shapes, names = (COUNT, money(decimals(one.key.currency))), ("quantity", "amount")
    for words, value, name, shape in zip((_IN_NUMBER, _IN_MONEY), sums, names, shapes, strict=True):
        sheet.next_row()
        _lead(sheet, one.key, "sum", "total-text", f"{words}, in {file}" if file else words)
        role = "total-formula" if isinstance(value, Term) else "total-engine"
        ours = sheet.put("amount", value, Look(role, shape))
        theirs = sheet.put("line", _of_prices(pack, one, name), Look("total-formula", shape))
        difference = rounded(ours - theirs, pack.names["noise_digits"])
        sheet.put("difference", difference, Look("total-check", shape))
        sheet.put("tick", "T" if file else "F", Look("total-tick"))


def _of_prices(pack: Pack, one: _Listed, name: str) -> Term | Fraction:
    """What the rows of a line's prices come to; the engine's sum where they stand in a file."""
    cells = [cells[name] for cells in pack.priced.get(one.key, ())]
    if not cells:
        return sum((exact_or_zero(row.get(name)) for row in one.prices), Fraction(0))
    return Term("+".join(_stretches(cells)), sum((cell.number for cell in cells), Fraction(0)))


def _stretches(cells: list[Ref]) -> Iterator[str]:
    """Cells of a column as sums of the stretches in which they stand one under the other."""
    rows = [int(cell.text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for cell in cells]
    starts = [place for place, row in enumerate(rows) if place == 0 or row != rows[place - 1] + 1]
    for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
        yield f"SUM({cells[start].text}:{cells[end - 1].text})"


def _lead(sheet: Sheet, key: LineKey, row: str, role: str, what: str) -> None:
    sheet.put("row", row, Look(role))
    for name, text in zip(LineKey._fields, key, strict=True):
        sheet.put(name, text, Look(role, TEXT))
    sheet.put("what", what, Look(role, TEXT))
