"""Text on its way into the engine: typed on arrival, with file and row, faulty rows marked; CSV and queries use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from recon.engine import Engine, quoted
from recon.inputs.datasets import Dataset
from recon.inputs.reading import Reading, reading
from recon.inputs.rejects import (
    MOST_REJECTED,
    Counts,
    Part,
    Rejected,
    fault_value,
    faults,
    first_fault,
    rejected,
)
from recon.workspace import SourceSpec

MARKS = {"_file": "INTEGER", "_row": "BIGINT", "_fault": "INTEGER", "_value": "TEXT"}


class Stage:
    """A table in the engine that a dataset's text rows arrive in, batch by batch."""

    def __init__(self, engine: Engine, dataset: Dataset, name: str, extra: Mapping[str, str] | None = None) -> None:
        self.engine, self.dataset, self.name = engine, dataset, name
        self.columns = {column.field: column.sql_type for column in dataset.columns} | MARKS | dict(extra or {})
        declared = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in self.columns.items())
        engine.run(f"create {name}", f"CREATE TABLE {quoted(name)} ({declared})")

    def add(self, batch: pa.Table, file: int, first_row: int, spec: SourceSpec, extra: str = "") -> None:
        """Type a batch of text columns, named as the source names them; its rows follow one another in the file."""
        numbered = batch.append_column("_row", pa.array(range(first_row, first_row + batch.num_rows), pa.int64()))
        self.engine.insert(
            self.name, self._select(readings(self.dataset, spec, batch.column_names), file, extra), numbered
        )

    def part(self, names: Mapping[int, str]) -> Part:
        """What arrived, as a part of its dataset; names are the sources' names by their number."""
        fields = ", ".join(quoted(column.field) for column in self.dataset.columns)
        good = f"FROM {quoted(self.name)} WHERE _fault IS NULL"
        located = f"FROM {quoted(self.name)} JOIN input_files ON _file = input_files.number WHERE _fault IS NULL"
        part = Part(
            [f"SELECT {fields}, _file AS file_number {good}"],
            [f"SELECT {fields}, input_files.file AS file, _row AS row {located}"],
            plain=[None],
        )
        part.counts = self._counts(names)
        part.rejected = self._rejected(names)
        return part

    def _select(self, found: Sequence[Reading], file: int, extra: str) -> str:
        values = [f"_value{number}" for number in range(len(found))]
        ways = faults(found, values)
        typed = ", ".join(f"{one.value} AS {value}" for one, value in zip(found, values, strict=True))
        judged = f"SELECT *, {first_fault(ways)} AS _fault FROM (SELECT *, {typed} FROM arriving)"
        columns = f"{', '.join(values)}, {file}, _row, _fault, {fault_value(ways, '_fault')}"
        return f"SELECT {columns}{extra} FROM ({judged})"

    def _counts(self, names: Mapping[int, str]) -> dict[str, Counts]:
        time = "ts" if self.dataset.has_time else "NULL::BIGINT"
        first, last = (f"{bound}({time}) FILTER (_fault IS NULL)" for bound in ("min", "max"))
        sql = f"SELECT _file, count(*), count(_fault), {first}, {last} FROM {quoted(self.name)} GROUP BY _file"
        counted = {row[0]: Counts(*row[1:]) for row in self.engine.rows(sql, f"count {self.name}")}
        return {name: counted.get(number, Counts(0, 0)) for number, name in names.items()}

    def _rejected(self, names: Mapping[int, str]) -> list[Rejected]:
        bad = f"FROM {quoted(self.name)} WHERE _fault IS NOT NULL LIMIT {MOST_REJECTED + 1}"
        return [
            rejected(self.dataset, names[file], row, fault, value)
            for file, row, fault, value in self.engine.rows(
                f"SELECT _file, _row, _fault, _value {bad}", f"rejected {self.name}"
            )
        ]


def readings(dataset: Dataset, spec: SourceSpec, present: Sequence[str]) -> list[Reading]:
    """How each of our columns is read from text columns of those names; an absent one is NULL."""
    named = ((column, spec.theirs(column.name)) for column in dataset.columns)
    found = (reading(column, theirs if theirs in present else None) for column, theirs in named)
    return [one for one in found if one is not None]
