"""CSV files, plain or gzipped: read as text in blocks, typed by the engine, rows numbered as they stand in the file."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv

from recon.engine import Engine
from recon.inputs.datasets import Dataset
from recon.inputs.files import SourceFile
from recon.inputs.rejects import Part, Rejected
from recon.inputs.staging import Stage
from recon.problems import BadInput, Problem
from recon.workspace import SourceSpec

BLOCK = 4 << 20
BLOCKS_AT_ONCE = 8
MOST_RAGGED = 20
READABLE = "a readable CSV file in UTF-8"


def read(engine: Engine, dataset: Dataset, spec: SourceSpec, files: Sequence[SourceFile]) -> Part:
    """The relation of a dataset's CSV files; raises BadInput with every unreadable file, missing column, ragged row."""
    headers, problems = _headers(dataset, spec, files)
    stage = Stage(engine, dataset, f"csv {dataset.name}")
    for file in files:
        if file.number in headers:
            problems += _stage(stage, spec, file, headers[file.number])
    if problems:
        raise BadInput(problems)
    part = stage.part({file.number: file.name for file in files})
    part.rejected = [row for file in files for row in _with_lines(file, part.rejected)]
    return part


def _with_lines(file: SourceFile, rejected: Sequence[Rejected]) -> list[Rejected]:
    """A file's rejected rows with the lines on which they begin."""
    mine = [row for row in rejected if row.file == file.name]
    begins = lines(file, {row.row for row in mine}) if mine else {}
    return [replace(row, line=begins[row.row]) for row in mine]


def _headers(
    dataset: Dataset, spec: SourceSpec, files: Sequence[SourceFile]
) -> tuple[dict[int, list[str]], list[Problem]]:
    """The first row of each file, and what is wrong with it."""
    headers: dict[int, list[str]] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            headers[file.number] = _header(file)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            problems.append(Problem(file.name, str(error), READABLE))
    present = {name for header in headers.values() for name in header}
    absent = {theirs for theirs in spec.columns.values() if present and theirs not in present}
    for file in files:
        if file.number in headers:
            problems += _unfit(dataset, spec, file, headers[file.number], absent)
    return headers, problems + _renamed_away(spec, present)


def _header(file: SourceFile) -> list[str]:
    with _opened(file) as stream:
        return next(_rows(stream), [])


def _unfit(
    dataset: Dataset, spec: SourceSpec, file: SourceFile, header: Sequence[str], absent: Container[str]
) -> Iterator[Problem]:
    """Columns that stand twice or not at all; those absent from all files are told once, where they are renamed."""
    times = Counter(header)
    for column in dataset.columns:
        theirs = spec.theirs(column.name)
        if times[theirs] > 1:
            yield Problem(f"{file.name}:1 column {theirs}", f"{times[theirs]} times", "each column once")
        if not times[theirs] and not column.is_optional and theirs not in absent:
            there = ", ".join(header) or "no columns at all"
            expectation = f"this column, or a rename in {spec.place}; there are {there}"
            yield Problem(f"{file.name}:1 column {theirs}", "missing", expectation)


def _renamed_away(spec: SourceSpec, present: Set[str]) -> list[Problem]:
    """A problem for each column that `recon.toml` renames though no file has it."""
    return [
        Problem(f"{spec.place} columns, {ours}", theirs, f"a column of the files: {', '.join(sorted(present))}")
        for ours, theirs in sorted(spec.columns.items())
        if present and theirs not in present
    ]


def _stage(stage: Stage, spec: SourceSpec, file: SourceFile, header: Sequence[str]) -> list[Problem]:
    """Bring a file's rows into the engine; ragged rows are problems, with their line."""
    wanted = [spec.theirs(column.name) for column in stage.dataset.columns]
    ragged: list[pa.csv.InvalidRow] = []
    first_row = 1
    try:
        with _opened(file) as stream:
            for batch in _batches(stream, [name for name in header if name in wanted], ragged):
                stage.add(batch, file.number, first_row, spec)
                first_row += batch.num_rows
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        return [Problem(file.name, str(error), READABLE)]
    return _ragged(file, ragged)


def _batches(stream: BinaryIO, columns: list[str], ragged: list[pa.csv.InvalidRow]) -> Iterator[pa.Table]:
    """The columns as text, some blocks at a time, for all cores; rows of another width go to `ragged`."""

    def set_aside(row: pa.csv.InvalidRow) -> str:
        if len(ragged) <= MOST_RAGGED:
            ragged.append(row)
        return "skip"

    reader = pa.csv.open_csv(
        stream,
        read_options=pa.csv.ReadOptions(block_size=BLOCK, use_threads=False),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=set_aside),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False, include_columns=columns
        ),
    )
    while blocks := list(islice(reader, BLOCKS_AT_ONCE)):
        yield pa.Table.from_batches(blocks)


def _ragged(file: SourceFile, rows: Sequence[pa.csv.InvalidRow]) -> list[Problem]:
    """The first ragged rows with their lines, and whether there are more."""
    shown = rows[:MOST_RAGGED]
    lines = _ragged_lines(file) if shown else iter(())
    problems = [
        Problem(f"{file.name}:{line}", f"{row.actual_columns} values", f"{row.expected_columns}, as in the first line")
        for row, line in zip(shown, lines, strict=False)
    ]
    if len(rows) > MOST_RAGGED:
        problems.append(Problem(file.name, f"more than {MOST_RAGGED} such rows", "rows as wide as the first line"))
    return problems


def _ragged_lines(file: SourceFile) -> Iterator[int]:
    """The lines on which rows of another width than the first begin."""
    with _opened(file) as stream:
        text = _text(stream)
        reader = csv.reader(text)
        width, line = len(next(reader)), reader.line_num
        for row in reader:
            if row and len(row) != width:
                yield line + 1
            line = reader.line_num


def lines(file: SourceFile, rows: Collection[int]) -> dict[int, int]:
    """The line in a CSV file on which each of these data rows begins: quoted line breaks and empty lines counted."""
    found: dict[int, int] = {}
    with _opened(file) as stream:
        reader = csv.reader(_text(stream))
        next(reader, None)
        number, line = 0, reader.line_num
        for row in reader:
            number += bool(row)
            if row and number in rows:
                found[number] = line + 1
            line = reader.line_num
            if len(found) == len(rows):
                break
    return found


@contextmanager
def _opened(file: SourceFile) -> Iterator[BinaryIO]:
    with gzip.open(file.path, "rb") if file.name.lower().endswith(".gz") else file.path.open("rb") as stream:
        yield stream  # type: ignore[misc]


def _text(stream: BinaryIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")


def _rows(stream: BinaryIO) -> Iterator[list[str]]:
    return (row for row in csv.reader(_text(stream)) if row)
