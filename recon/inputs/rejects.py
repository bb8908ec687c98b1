"""Rows that cannot be used: set aside by one SQL condition, listed with file, row, column, value and reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from recon.engine import EventFiles, EventQuery, quoted
from recon.inputs.datasets import Dataset
from recon.inputs.reading import Reading, expected

MOST_REJECTED = 1_000_000


@dataclass(frozen=True, order=True)
class Rejected:
    """A row set aside, and the first of its faults in column order.

    `row` counts the file's data rows from 1; `line` is where a CSV row begins, which line breaks in quotes set apart.
    """

    dataset: str
    file: str
    row: int
    column: str
    value: str
    reason: str
    line: int | None = None


@dataclass(frozen=True)
class Fault:
    """One way in which a row can be unusable; numbers stand for the same column and reason in all of a dataset."""

    number: int
    raw: str
    condition: str
    is_missing: bool


@dataclass(frozen=True)
class Counts:
    """What a file or query held: rows read, rows set aside, first and last event in µs (None without events)."""

    rows: int
    rejected: int
    first: int | None = None
    last: int | None = None


@dataclass
class Part:
    """A part of a dataset that the engine can read: selects for its relation, and the same with file and row.

    counts are by file name; rejected rows are in no relation.  For each select `plain` names the files that any engine
    reads alike, or the query that the cluster is asked; None where only this engine reads them so.  `micros` is the sum
    of the amounts that are used, in millionths, where it was found with the counts.
    """

    selects: list[str] = field(default_factory=list)
    located: list[str] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    plain: list[EventFiles | EventQuery | None] = field(default_factory=list)
    micros: int | None = None

    def add(self, other: Part) -> None:
        """Join another part of the same dataset to this one."""
        self.selects += other.selects
        self.located += other.located
        self.counts |= other.counts
        self.rejected += other.rejected
        self.plain += other.plain
        self.micros = other.micros if self.micros is None else self.micros


def faults(readings: Sequence[Reading], values: Sequence[str] | None = None) -> list[Fault]:
    """All ways in which a row can be unusable; readings are those of all columns of the dataset, in order.

    values are the columns' values where they were computed before.
    """
    found = []
    for number, one in enumerate(readings):
        unreadable = one.fault(values[number] if values else None)
        if one.missing:
            found.append(Fault(2 * number, one.raw, one.missing, True))
        if unreadable:
            found.append(Fault(2 * number + 1, one.raw, unreadable, False))
    return found


def rejected(dataset: Dataset, file: str, row: int, fault: int, value: str | None) -> Rejected:
    """A row set aside, by the number of its fault."""
    column = dataset.columns[fault // 2]
    reason = f"expected {expected(column)}" if fault % 2 else "missing"
    return Rejected(dataset.name, file, row, column.name, value or "", reason)


def any_fault(found: Sequence[Fault]) -> str:
    """The condition that a row is unusable; never NULL."""
    either = " OR ".join(fault.condition for fault in found)
    return f"coalesce({either}, false)" if found else "false"


def first_fault(found: Sequence[Fault]) -> str:
    """The number of a row's first fault, NULL where it has none."""
    cases = " ".join(f"WHEN {fault.condition} THEN {fault.number}" for fault in found)
    return f"CASE {cases} END" if found else "NULL"


def fault_value(found: Sequence[Fault], number: str) -> str:
    """What stands in the column of a row's first fault, as text."""
    shown = [fault for fault in found if not fault.is_missing]
    cases = " ".join(f"WHEN {fault.number} THEN CAST({fault.raw} AS VARCHAR)" for fault in shown)
    return f"CASE {number} {cases} END" if cases else "NULL::VARCHAR"


def columns_sql(readings: Iterable[Reading]) -> str:
    """Our columns, read from theirs."""
    return ", ".join(f"{reading.value} AS {quoted(reading.column.field)}" for reading in readings)
