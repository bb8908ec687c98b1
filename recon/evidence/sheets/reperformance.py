"""What CPM and CPA have in common: a line's workings, then the line, each beside the engine's result."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, get_args

from recon.evidence.facts import Record, exact_or_zero, line_key
from recon.evidence.formula import Ref, Term, look_up, number, rounded, rows_unlike, total
from recon.evidence.pack import Pack, clause_group, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.style import RATE, TEXT, Look, money, unrounded
from recon.money import Rounding

LEADING = (
    Column("row", "Row", 8),
    Column("contract", "Contract", 22),
    Column("item", "Item", 19),
    Column("kind", "Kind", 8),
    Column("currency", "Currency", 9),
    Column("clause", "Clause", 8),
    Column("what", "What", 34),
)
TRAILING = (
    Column("amount", "Amount before rounding", 17),
    Column("line", "Line amount, rounded once", 15),
    Column("engine", "Engine's amount", 17),
    Column("difference", "Difference", 11),
    Column("tick", "Tick", 6),
)
Worked = tuple[Record, list[Record]]  # an expected line and its workings
Working = Callable[[Pack, Sheet, Record], Ref]
Operation = tuple[tuple[str, ...], Working]  # the clause leaves of which one must be on Contracts, and the formula


@dataclass(frozen=True)
class Method:
    """How a model is re-performed: its sheet, its own columns, and the formula of each operation."""

    title: str
    model: str
    heading: str
    notes: Sequence[str]
    columns: Sequence[Column]
    operations: dict[str, Operation]
    optional: Sequence[str] = ()


def write(pack: Pack, method: Method) -> None:
    """Write every expected line of a model with its workings, and check that they come to the engine's amounts."""
    lines = list(_lines(pack, method.model))
    columns = (*LEADING, *_used(method, [row for _, rows in lines for row in rows]), *TRAILING)
    sheet = pack.sheet(method.title, columns, method.heading, *method.notes)
    sheet.keep("difference", "tick", "row")
    sheet.frozen_from = "D"
    kept, beyond = _fitting(lines, pack.row_limit - sheet.row - 1)
    if beyond:
        pack.overflow[f"{pack.path.stem}-{method.title}-workings.csv"] = _write_csv(pack, method, beyond)
    with sheet.table(is_main=True) as table:
        for line, workings in kept:
            _write_line(pack, sheet, method, line, workings)
        for line, workings in beyond:
            _write_beyond(pack, sheet, line, workings)
    sheet.flag("difference", "AND(ISNUMBER({0}),{0}<>0)")
    _check(pack, sheet, table)


def _used(method: Method, rows: list[Record]) -> list[Column]:
    """The model's columns, without those that no working of the month fills."""
    return [c for c in method.columns if c.name not in method.optional or any(row.get(c.name) for row in rows)]


def _lines(pack: Pack, model: str) -> Iterator[Worked]:
    for line in pack.facts.lines:
        workings = pack.facts.workings.get(line_key(line), [])
        if pack.facts.model(line["contract"]) == model and (workings or line["expected_amount"]):
            yield line, workings


def _fitting(lines: list[Worked], rows: int) -> tuple[list[Worked], list[Worked]]:
    """The lines whose workings fit into so many rows, and those that get a row each and their workings in a file."""
    kept: list[Worked] = []
    beyond: list[Worked] = []
    left = rows - len(lines)
    for line, workings in lines:
        left -= len(workings)
        (kept if left >= 0 else beyond).append((line, workings))
    return kept, beyond


def _write_csv(pack: Pack, method: Method, lines: list[Worked]) -> str:
    """The workings that do not fit, in a file beside the pack; hands back its SHA-256."""
    path = pack.path.with_name(f"{pack.path.stem}-{method.title}-workings.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for _, workings in lines for row in workings]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_beyond(pack: Pack, sheet: Sheet, line: Record, workings: list[Record]) -> None:
    """A line whose workings stand in the file: the engine's sum, traced there, rounded here by formula."""
    parts = (exact_or_zero(row.get("amount")) for row in workings if row["operation"] != "round")
    mode = _rounding(pack, line["contract"], workings)
    sheet.next_row()
    _lead(sheet, line, "line", "total-text")
    sheet.put("what", f"Workings in the file named on About; rounded {mode.replace('_', ' ')}", Look("total-text"))
    amount = sheet.put("amount", sum(parts, Fraction(0)), Look("total-engine", unrounded(decimals(line["currency"]))))
    _write_result(pack, sheet, line, amount, mode=mode, tick="T")


def _write_line(pack: Pack, sheet: Sheet, method: Method, line: Record, workings: list[Record]) -> None:
    parts = [row for row in workings if row["operation"] != "round"]
    amounts = [_write_working(pack, sheet, method, line, row) for row in parts]
    mode = _rounding(pack, line["contract"], workings)
    sheet.next_row()
    _lead(sheet, line, "line", "total-text")
    sheet.put("what", f"Line, rounded {mode.replace('_', ' ')}", Look("total-text"))
    _write_total(pack, sheet, line, amounts, mode)


def _write_working(pack: Pack, sheet: Sheet, method: Method, line: Record, row: Record) -> Ref:
    sheet.next_row()
    _lead(sheet, line, "working", "text")
    sheet.put("what", row.get("label"), Look("text", TEXT))
    leaves, operation = method.operations.get(row["operation"], ((), carried))
    if leaves and not any(is_stated(pack, row, leaf) for leaf in leaves):
        operation = carried
    amount = operation(pack, sheet, row)
    if operation is not carried:
        sheet.put("tick", "K R", Look("tick"))
    _beside_engine(pack, sheet, amount, exact_or_zero(row.get("amount")), currency=line["currency"])
    return amount


def _write_total(pack: Pack, sheet: Sheet, line: Record, amounts: list[Ref], mode: Rounding) -> None:
    amount = sheet.put("amount", total(amounts), Look("total-formula", unrounded(decimals(line["currency"]))))
    _write_result(pack, sheet, line, amount, mode=mode, tick="F")


def _write_result(pack: Pack, sheet: Sheet, line: Record, amount: Ref, *, mode: Rounding, tick: str) -> None:
    """The line's amount rounded once, beside the engine's; Summary takes it from here."""
    shape = Look("total-formula", money(decimals(line["currency"])))
    result = sheet.put("line", rounded(amount, pack.digits(line["currency"]), mode), shape)
    _beside_engine(
        pack, sheet, result, exact_or_zero(line["expected_amount"]), currency=line["currency"], prefix="total-"
    )
    sheet.put("tick", tick, Look("total-tick"))
    pack.reperformed[line_key(line)] = result.far


def _beside_engine(pack: Pack, sheet: Sheet, ours: Term, theirs: Any, *, currency: str, prefix: str = "") -> None:
    digits = decimals(currency)
    shape = money(digits) if prefix else unrounded(digits)
    engine = sheet.put("engine", theirs, Look(f"{prefix}engine", shape))
    difference = rounded(ours - engine, pack.names["noise_digits"])
    sheet.put("difference", difference, Look(f"{prefix}check", money(digits)))


def _lead(sheet: Sheet, line: Record, row: str, role: str) -> None:
    sheet.put("row", row, Look(role))
    for name in ("contract", "item", "kind", "currency"):
        sheet.put(name, line[name], Look(role, TEXT))


def _rounding(pack: Pack, contract: str, workings: list[Record]) -> Rounding:
    """The line's rounding clause, of the version its rounding was done by."""
    version = next((row.get("version") for row in reversed(workings) if row.get("version")), None)
    return rounding_of(pack, contract, version)


def rounding_of(pack: Pack, contract: str, version: object) -> Rounding:
    """How a version rounds (RULES 1.2)."""
    mode = pack.clause(contract, version, "rounding")
    return mode if mode in get_args(Rounding) else "half_up"  # type: ignore[return-value]


def carried(pack: Pack, sheet: Sheet, row: Record) -> Ref:
    """An operation this release has no formula for: the engine's amount, marked as not re-performed."""
    sheet.put("clause", row.get("clause"), Look("text", TEXT))
    sheet.put("tick", "X", Look("tick"))
    digits = decimals(row["currency"])
    return sheet.put("amount", exact_or_zero(row.get("amount")), Look("engine", unrounded(digits)))


def rate(pack: Pack, sheet: Sheet, name: str, row: Record, leaf: str) -> Ref:
    """A number looked up on Contracts under the clause that the working names; KeyError where it is not there.

    `name` is the column to fill, `leaf` the clause's own name, such as `per_mille`.
    """
    number = pack.clause_groups[row["contract"], str(row["version"]), _group(pack, row)]
    clause = sheet.put("clause", number, Look("text", TEXT))
    key = Term(f'{clause.text}&".{leaf}"', f"{number}.{leaf}")
    return sheet.put(name, look_up(key, pack.clause_keys, pack.clause_values), Look("formula", RATE))


def is_stated(pack: Pack, row: Record, leaf: str) -> bool:
    """Whether Contracts lists a number for a leaf of the working's clause."""
    value = pack.clause(row["contract"], row["version"], f"{_group(pack, row)}.{leaf}")
    return isinstance(value, Fraction)


def _group(pack: Pack, row: Record) -> str:
    """The group of clauses that a working was priced by: its clause is the group, or names one of its clauses."""
    clause = str(row.get("clause") or "")
    is_group = (row["contract"], str(row["version"]), clause) in pack.clause_groups
    return clause if is_group else clause_group(clause)[0]


def _check(pack: Pack, sheet: Sheet, table: Table) -> None:
    differences = rows_unlike(sheet.span("difference", table, far=True), number(0))
    pack.check(sheet.title, "Every amount re-performed equals the engine's amount", differences.same_as(number(0)))
    ticks = sheet.span("tick", table, far=True)
    unperformed = Term(f'COUNTIF({ticks.text},"X")', exact_or_zero(ticks.values.count("X")))
    statement = "Every amount was recalculated by formula from a rate agreed to a contract clause"
    pack.check(sheet.title, statement, unperformed.same_as(number(0)))
