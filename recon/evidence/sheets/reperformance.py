"""What CPM and CPA have in common: a line's workings, then the line, each beside the engine's result."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.evidence.facts import Record, exact_or_zero, line_key
from recon.evidence.formula import Ref, Term, number, rounded, rows_unlike, total
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.sheets.steps import Operation, Step, carried, rounding_of
from recon.evidence.style import TEXT, Look, money, unrounded
from recon.money import Rounding

LEADING = (
    Column("row", "Row", 12),
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
CARRIED = Operation(carried)


@dataclass(frozen=True)
class Method:
    """How a model is re-performed: its sheet, its own columns, and the formula of each operation."""

    title: str
    model: str
    heading: str
    notes: Sequence[str]
    columns: Sequence[Column]
    operations: dict[str, Operation]
    below: Callable[[Pack, Sheet, list[Worked]], None] | None = None


def write(pack: Pack, method: Method) -> None:
    """Write every expected line of a model with its workings, and check that they come to the engine's amounts."""
    lines = list(_lines(pack, method.model))
    sheet = pack.sheet(method.title, (*LEADING, *method.columns, *TRAILING), method.heading, *method.notes)
    sheet.keep("difference", "tick")
    sheet.frozen_from = "D"
    kept, beyond = _fitting(lines, pack.row_limit - sheet.row - 1)
    if beyond:
        pack.overflow[f"{pack.path.stem}-{method.title}-workings.csv"] = _write_csv(pack, method, beyond)
    with sheet.table(is_main=True) as table:
        for line, workings in kept:
            _write_line(pack, sheet, method, line, workings)
        for line, workings in beyond:
            _write_beyond(pack, sheet, line, workings)
    _check(pack, sheet, table)
    if method.below is not None:
        method.below(pack, sheet, lines)
    sheet.hide_unused(column.name for column in method.columns)
    sheet.flag("difference", "AND(ISNUMBER({0}),{0}<>0)")


def _lines(pack: Pack, model: str) -> Iterator[Worked]:
    """The expected lines by contract; what is made of other lines (a shortfall to a minimum) stands after them."""
    ordered = sorted(pack.facts.lines, key=lambda line: (line["contract"], line["kind"] not in ("charge", "payout")))
    for line in ordered:
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
    """A line's steps one under the other, then the line."""
    steps = workings[:-1] if workings and workings[-1]["operation"] == "round" else workings
    so_far: list[tuple[Record, Ref]] = []
    for row in steps:
        so_far = _write_step(Step(pack, sheet, row, so_far), method, line)
    mode = _rounding(pack, line["contract"], workings)
    sheet.next_row()
    _lead(sheet, line, "line", "total-text")
    sheet.put("what", f"Line, rounded {mode.replace('_', ' ')}", Look("total-text"))
    cells = [cell for _, cell in so_far]
    amount = sheet.put("amount", total(cells), Look("total-formula", unrounded(decimals(line["currency"]))))
    _write_result(pack, sheet, line, amount, mode=mode, tick="F")


def _write_step(step: Step, method: Method, line: Record) -> list[tuple[Record, Ref]]:
    """A step in a row of its own; hands back the rows that make up the line's amount after it."""
    operation = method.operations.get(step.row["operation"], CARRIED)
    operation = operation if operation.is_fit(step) else CARRIED
    step.parts = [_write_part(step, operation, part, line) for part in operation.split(step)] if operation.split else []
    step.sheet.next_row()
    _lead(step.sheet, line, "working", "text")
    words = step.row.get("text") if operation.effect == "tells" else step.row.get("label")
    step.sheet.put("what", words, Look("text", TEXT))
    amount = operation.formula(step)
    if amount is None:
        return step.so_far
    _beside_engine(step.pack, step.sheet, amount, exact_or_zero(step.row.get("amount")), currency=step.currency)
    return [(step.row, amount)] if operation.effect == "replaces" else [*step.so_far, (step.row, amount)]


def _write_part(step: Step, operation: Operation, part: Record, line: Record) -> Ref:
    """A part of a step in a row above it; it has a price, but its amount is the step's."""
    step.sheet.next_row()
    _lead(step.sheet, line, "part", "text")
    step.sheet.put("what", part["label"], Look("text", TEXT))
    price = operation.part(Step(step.pack, step.sheet, part)) if operation.part else None
    assert price is not None
    return price


def _write_result(pack: Pack, sheet: Sheet, line: Record, amount: Ref, *, mode: Rounding, tick: str) -> None:
    """The line's amount rounded once, beside the engine's; Summary takes it from here."""
    shape = Look("total-formula", money(decimals(line["currency"])))
    result = sheet.put("line", rounded(amount, pack.digits(line["currency"]), mode), shape)
    _beside_engine(
        pack, sheet, result, exact_or_zero(line["expected_amount"]), currency=line["currency"], prefix="total-"
    )
    sheet.put("tick", tick, Look("total-tick"))
    pack.reperformed[line_key(line)] = result.far
    pack.finished[line_key(line)] = result


def _beside_engine(pack: Pack, sheet: Sheet, ours: Term, theirs: Fraction, *, currency: str, prefix: str = "") -> None:
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


def _check(pack: Pack, sheet: Sheet, table: Table) -> None:
    differences = rows_unlike(sheet.span("difference", table, far=True), number(0))
    pack.check(sheet.title, "Every amount re-performed equals the engine's amount", differences.same_as(number(0)))
    ticks = sheet.span("tick", table, far=True)
    unperformed = Term(f'COUNTIF({ticks.text},"X")', exact_or_zero(ticks.values.count("X")))
    statement = "Every amount was recalculated by formula from a rate agreed to a contract clause"
    pack.check(sheet.title, statement, unperformed.same_as(number(0)))
