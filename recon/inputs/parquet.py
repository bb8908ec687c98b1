"""Parquet files as views: nothing is copied, and a scan reads only the columns that could be faulty."""

from __future__ import annotations

import glob
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recon.engine import Engine, EngineError, EventFiles, literal, quoted
from recon.inputs.datasets import Column, Dataset
from recon.inputs.files import SourceFile
from recon.inputs.reading import Reading, expected, reading
from recon.inputs.rejects import (
    MOST_REJECTED,
    Counts,
    Part,
    Rejected,
    any_fault,
    columns_sql,
    fault_value,
    faults,
    first_fault,
    rejected,
)
from recon.problems import BadInput, Problem
from recon.workspace import SourceSpec

Schema = tuple[tuple[str, str], ...]
Schematic = Mapping[str, str]
RESERVED = {"filename", "file_row_number", "file_index"}


@dataclass(frozen=True)
class Alike:
    """Files with the same columns of the same types, read as one."""

    dataset: Dataset
    files: tuple[SourceFile, ...]
    readings: tuple[Reading, ...]

    @property
    def scan(self) -> str:
        return scan(self.files)


def read(engine: Engine, dataset: Dataset, spec: SourceSpec, files: Sequence[SourceFile]) -> Part:
    """The relation of a dataset's Parquet files; raises BadInput with every unreadable file and unfit column."""
    part = Part()
    for alike in _alike(engine, dataset, spec, files):
        part.add(_part(engine, alike))
    return part


def scan(files: Iterable[SourceFile]) -> str:
    """The engine's reader of these very files, by their own columns only."""
    paths = ", ".join(literal(glob.escape(file.path.as_posix())) for file in files)
    return f"read_parquet([{paths}], binary_as_string=true, hive_partitioning=false)"


def _alike(engine: Engine, dataset: Dataset, spec: SourceSpec, files: Sequence[SourceFile]) -> list[Alike]:
    """Files grouped by schema, so that one with other types or another column order cannot bend the rest."""
    fitting = _Fitting(engine, spec)
    groups = fitting.groups(files)
    fitting.renames(groups)
    alike = [
        Alike(dataset, tuple(members), fitting.readings(dataset, dict(schema), members))
        for schema, members in groups.items()
    ]
    if fitting.problems:
        raise BadInput(fitting.problems)
    return alike


class _Fitting:
    """Fits files' columns to a dataset's, collecting all that does not fit."""

    def __init__(self, engine: Engine, spec: SourceSpec) -> None:
        self.engine, self.spec = engine, spec
        self.problems: list[Problem] = []
        self.renamed_away: set[str] = set()

    def groups(self, files: Sequence[SourceFile]) -> dict[Schema, list[SourceFile]]:
        """Files by schema, the unreadable ones left out."""
        groups: dict[Schema, list[SourceFile]] = defaultdict(list)
        for file in files:
            try:
                schema = self._schema(file)
            except EngineError as error:
                self.problems.append(Problem(file.name, error.reason, "a readable Parquet file"))
                continue
            groups[schema].append(file)
            for name in RESERVED.intersection(dict(schema)):
                self._misfit([file], name, "a name that the engine gives to places", "another name")
        return groups

    def renames(self, groups: Iterable[Schema]) -> None:
        """A problem for each column that `recon.toml` renames though no file has it."""
        present = {name for schema in groups for name, _ in schema}
        for ours, theirs in sorted(self.spec.columns.items()):
            if present and theirs not in present:
                self.renamed_away.add(theirs)
                expectation = f"a column of the files: {', '.join(sorted(present))}"
                self.problems.append(Problem(f"{self.spec.place} columns, {ours}", theirs, expectation))

    def readings(self, dataset: Dataset, types: Schematic, files: Sequence[SourceFile]) -> tuple[Reading, ...]:
        """How these files' columns are read; a problem per file where one is missing or of an unfit type."""
        found = [self._reading(column, types, files) for column in dataset.columns]
        return tuple(one for one in found if one is not None)

    def _reading(self, column: Column, types: Schematic, files: Sequence[SourceFile]) -> Reading | None:
        theirs = self.spec.theirs(column.name)
        if theirs not in types:
            if not column.is_optional and theirs not in self.renamed_away:
                self._misfit(
                    files,
                    theirs,
                    "missing",
                    f"this column, or a rename in {self.spec.place}; there are {', '.join(types)}",
                )
            return reading(column, None)
        found = reading(column, theirs, types[theirs])
        if found is None and self._is_empty(theirs, files):
            return reading(column, None)
        if found is None:
            self._misfit(files, theirs, f"type {types[theirs]}", expected(column))
        return found

    def _misfit(self, files: Sequence[SourceFile], theirs: str, value: str, expectation: str) -> None:
        self.problems += [Problem(f"{file.name} column {theirs}", value, expectation) for file in files]

    def _schema(self, file: SourceFile) -> Schema:
        rows = self.engine.rows(f"DESCRIBE SELECT * FROM {scan([file])}", name=f"schema of {file.name}")
        return tuple((row[0], row[1]) for row in rows)

    def _is_empty(self, theirs: str, files: Sequence[SourceFile]) -> bool:
        """Whether nothing stands in a column: then its type says nothing either."""
        return bool(self.engine.row(f"SELECT count({quoted(theirs)}) = 0 FROM {scan(files)}")[0])


def _part(engine: Engine, alike: Alike) -> Part:
    counts, unsure = _counts_by_statistics(engine, alike)
    suspects = [fault for fault in faults(alike.readings) if fault.number // 2 in unsure]
    has_faults = (
        suspects
        and engine.row(
            f"SELECT count(*) > 0 FROM {alike.scan} WHERE {any_fault(suspects)}", f"check {alike.dataset.name}"
        )[0]
    )
    part = Part(counts=counts)
    if has_faults:
        part = Part(counts=_counts_by_scan(engine, alike), rejected=_rejected(engine, alike))
    good = f" WHERE NOT {any_fault(faults(alike.readings))}" if has_faults else ""
    columns = columns_sql(alike.readings)
    mine = f"filename = input_files.path AND input_files.dataset = {literal(alike.dataset.name)}"
    part.plain.append(None if has_faults else _plain(alike, counts))
    part.selects.append(f"SELECT {columns}, {_file_number(alike)} FROM {alike.scan}{good}")
    part.located.append(
        f"SELECT {columns}, input_files.file AS file, file_row_number + 1 AS row "
        f"FROM {alike.scan} JOIN input_files ON {mine}{good}"
    )
    return part


def _plain(alike: Alike, counts: Mapping[str, Counts]) -> EventFiles | None:
    """The files for an engine that reads them itself, where it reads every column alike."""
    columns = [one.plain for one in alike.readings]
    if None in columns:
        return None
    numbers = {file.path.as_posix(): file.number for file in alike.files}
    named = {one.column.field: plain for one, plain in zip(alike.readings, columns, strict=True) if plain}
    return EventFiles(numbers, named, sum(one.rows for one in counts.values()))


def _file_number(alike: Alike) -> str:
    """The number of the file a row came from, by its place in the scan."""
    numbers = ", ".join(str(file.number) for file in alike.files)
    return f"CAST(list_extract([{numbers}], CAST(file_index AS BIGINT) + 1) AS INTEGER) AS file_number"


def _counts_by_statistics(engine: Engine, alike: Alike) -> tuple[dict[str, Counts], set[int]]:
    """Rows, first and last event of each file, from its footer; and the columns, by place, that only a scan clears."""
    places = {place: found for place, found in enumerate(alike.readings) if found.missing or found.unreadable}
    provable = [place for place, found in places.items() if found.clean]
    unsure = set(places) - set(provable)
    proofs = "".join(f", {places[place].clean}" for place in provable)
    counts = {}
    for file in alike.files:
        sql = f"SELECT count(*), {_first_and_last(alike)}{proofs} FROM {scan([file])}"
        rows, first, last, *clean = engine.row(sql, f"statistics of {file.name}")
        counts[file.name] = Counts(rows, 0, first, last)
        unsure |= {place for place, is_clean in zip(provable, clean, strict=True) if not is_clean}
    return counts, unsure


def _first_and_last(alike: Alike) -> str:
    """First and last event: of a native timestamp the footer's bounds, else whatever its values say."""
    for found in alike.readings:
        if found.column.name == "ts":
            if found.clean:
                return f"epoch_us(min({found.raw})), epoch_us(max({found.raw}))"
            return f"min({found.value}), max({found.value})"
    return "NULL, NULL"


def _counts_by_scan(engine: Engine, alike: Alike) -> dict[str, Counts]:
    """The same with rejected rows counted, and first and last event of the others."""
    bad = any_fault(faults(alike.readings))
    time = next((found.value for found in alike.readings if found.column.name == "ts"), "NULL")
    sql = (
        f"SELECT filename, count(*), count(*) FILTER (is_bad), min(ts) FILTER (NOT is_bad), max(ts) FILTER (NOT is_bad)"
        f" FROM (SELECT filename, {bad} AS is_bad, {time} AS ts FROM {alike.scan}) GROUP BY filename"
    )
    names = {file.path.as_posix(): file.name for file in alike.files}
    counted = {names[path]: Counts(*rest) for path, *rest in engine.rows(sql, f"count {alike.dataset.name}")}
    return {file.name: counted.get(file.name, Counts(0, 0)) for file in alike.files}


def _rejected(engine: Engine, alike: Alike) -> list[Rejected]:
    found = faults(alike.readings)
    sql = (
        f"SELECT filename, file_row_number + 1, {first_fault(found)} AS fault, {fault_value(found, 'fault')}"
        f" FROM {alike.scan} WHERE {any_fault(found)} LIMIT {MOST_REJECTED + 1}"
    )
    names = {file.path.as_posix(): file.name for file in alike.files}
    return [
        rejected(alike.dataset, names[path], row, fault, value)
        for path, row, fault, value in engine.rows(sql, f"rejected {alike.dataset.name}")
    ]
