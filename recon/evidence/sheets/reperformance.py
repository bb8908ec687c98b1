"""What CPM and CPA have in common: a line's workings one under the other, then the line, each beside the engine's result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from recon.evidence.facts import LineKey, Record, exact_or_zero
from recon.evidence.formula import Ref, Term, look_up, number, rounded, rows_unlike, total
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.sheets.contracts import clause_key
from recon.evidence.style import RATE, TEXT, Look, money, unrounded
from recon.money import Rounding

LEADING = (
    Column("row", "Row", 8),
    Column("contract", "Contract", 22),
    Column("item", "Item", 19),
    Column("kind", "Kind", 8),
    Column("currency", "Currency", 9),
    Column("clause", "Clause (on Contracts)", 38),
    Column("what", "What", 26),
)
TRAILING = (
    Column("amount", "Amount before rounding", 17),
    Column("line", "Line amount, rounded once", 15),
    Column("engine", "Engine's amount", 17),
    Column("difference", "Difference", 11),
    Column("tick", "Tick", 6),
)
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
    """Write every expected line of a model with its workings, and check that all of them come to the engine's amounts."""
    lines = list(_lines(pack, method.model))
    columns = (*LEADING, *_used(method, [row for _, rows in lines for row in rows]), *TRAILING)
    sheet = pack.sheet(method.title, columns, method.heading, *method.notes)
    sheet.keep("difference", "tick", "row")
    sheet.frozen_from = "D"
    with sheet.table(is_main=True) as table:
        for line, workings in lines:
            _write_line(pack, sheet, method, line, workings)
    sheet.flag("difference", 'AND(ISNUMBER({0}),{0}<>0)')
    _check(pack, sheet, table)


def _used(method: Method, rows: list[Record]) -> list[Column]:
    """The model's columns, without those that no working of the month fills."""
    return [c for c in method.columns if c.name not in method.optional or any(row.get(c.name) for row in rows)]


def _lines(pack: Pack, model: str) -> Iterator[tuple[Record, list[Record]]]:
    for line in pack.facts.lines:
        key = LineKey(line["contract"], line["item"] or "", line["kind"], line["currency"])
        workings = pack.facts.workings.get(key, [])
        if pack.facts.model(line["contract"]) == model and (workings or line["expected_amount"]):
            yield line, workings


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
    _beside_engine(pack, sheet, amount, exact_or_zero(row.get("amount")), line["currency"], "")
    return amount


def _write_total(pack: Pack, sheet: Sheet, line: Record, amounts: list[Ref], mode: Rounding) -> None:
    digits = decimals(line["currency"])
    amount = sheet.put("amount", total(amounts), Look("total-formula", unrounded(digits)))
    result = sheet.put(
        "line", rounded(amount, pack.digits(line["currency"]), mode), Look("total-formula", money(digits))
    )
    _beside_engine(pack, sheet, result, exact_or_zero(line["expected_amount"]), line["currency"], "total-")
    sheet.put("tick", "F", Look("total-tick"))
    pack.reperformed[LineKey(line["contract"], line["item"] or "", line["kind"], line["currency"])] = result.far


def _beside_engine(pack: Pack, sheet: Sheet, ours: Term, theirs: Any, currency: str, prefix: str) -> None:
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


def rounding_of(pack: Pack, contract: str, version: Any) -> Rounding:
    """How a version rounds (RULES 1.2)."""
    mode = stated(pack, contract, version, "rounding")
    return mode if mode in get_args(Rounding) else "half_up"  # type: ignore[return-value]


def stated(pack: Pack, contract: str, version: Any, path: str) -> Any:
    """The value that a version states for a clause, or its default; None where Contracts does not list it."""
    position = pack.clause_keys.positions.get(clause_key(contract, version, path))
    return None if position is None else pack.clause_values.values[position]


def carried(pack: Pack, sheet: Sheet, row: Record) -> Ref:
    """An operation this release has no formula for: the engine's amount, marked as not re-performed."""
    sheet.put("clause", clause_key(row["contract"], row.get("version"), str(row.get("clause") or "")), Look("text"))
    sheet.put("tick", "X", Look("tick"))
    digits = decimals(row["currency"])
    return sheet.put("amount", exact_or_zero(row.get("amount")), Look("engine", unrounded(digits)))


def rate(pack: Pack, sheet: Sheet, name: str, row: Record, leaf: str) -> Ref:
    """A number looked up on Contracts under the clause that the working names; KeyError where it is not there.

    `name` is the column to fill, `leaf` the last word of the clause, such as `per_mille`.
    """
    path = str(row.get("clause") or "").removesuffix(f".{leaf}")
    clause = sheet.put("clause", clause_key(row["contract"], row["version"], path), Look("text", TEXT))
    key = Term(f'{clause.text}&".{leaf}"', f"{clause.value}.{leaf}")
    return sheet.put(name, look_up(key, pack.clause_keys, pack.clause_values), Look("formula", RATE))


def is_stated(pack: Pack, row: Record, leaf: str) -> bool:
    """Whether Contracts lists a number for a leaf of the working's clause."""
    path = str(row.get("clause") or "").removesuffix(f".{leaf}")
    return pack.clause(clause_key(row["contract"], row["version"], f"{path}.{leaf}")) is not None


def _check(pack: Pack, sheet: Sheet, table: Table) -> None:
    differences = rows_unlike(sheet.span("difference", table, far=True), number(0))
    pack.check(sheet.title, "Every amount re-performed equals the engine's amount", differences.same_as(number(0)))
    ticks = sheet.span("tick", table, far=True)
    unperformed = Term(f'COUNTIF({ticks.text},"X")', exact_or_zero(ticks.values.count("X")))
    statement = "Every amount was recalculated by formula from a rate agreed to a contract clause"
    pack.check(sheet.title, statement, unperformed.same_as(number(0)))
