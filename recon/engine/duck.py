"""DuckDB in process: runs named SQL steps over events and hands back exact integers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from recon.engine.repeated import BITS, repeated
from recon.engine.scans import EventFiles, EventQuery, Scans
from recon.engine.spilling import Spill
from recon.engine.sql import literal, quoted
from recon.engine.steps import EngineError, Step
from recon.engine.watching import watched

ROW_GROUP_ROWS = 100_000
BATCH_ROWS = 1_000_000

ARROW_TYPES: dict[str, pa.DataType] = {
    "TEXT": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
}


class Engine:
    """An in-process DuckDB that spills to its own temporary folder and remembers the steps it ran.

    memory_limit is DuckDB text ("1GB"); threads None means all cores; on_step is called with each
    step's name before it runs, for progress.  Zones are never used here: the session is UTC.
    """

    library = "duckdb"  # that scans the events
    scans_here = True

    def __init__(
        self,
        memory_limit: str = "1GB",
        threads: int | None = None,
        temp_dir: str | Path | None = None,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self.steps: list[Step] = []
        self.on_step = on_step
        self._threads = threads
        self._as_written = 0  # how many parts of the work ask for it, one within the other
        self._spill = Spill(temp_dir)
        settings: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": str(self._spill.folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if threads is not None:
            settings["threads"] = threads
        self._connection = duckdb.connect(":memory:", config=settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
        self._connection.execute("SET parquet_metadata_cache = true")

    def run(self, name: str, sql: str, rows: int | None = None) -> None:
        """Run one named step; raises EngineError with the step's name.

        `rows` are those it reads, where it takes long: told with the step while it runs.
        """
        self._timed(name, sql, lambda: self._connection.execute(sql), rows)

    def rows(self, sql: str, name: str = "rows") -> list[tuple[Any, ...]]:
        """All rows of a query as tuples: integers of any size, Decimals and None come back exact."""
        return self._timed(name, sql, lambda: self._connection.execute(sql).fetchall())

    def row(self, sql: str, name: str = "row") -> tuple[Any, ...]:
        """The only row of a query."""
        (only,) = self.rows(sql, name)
        return only

    def arrow(self, sql: str, name: str = "arrow") -> pa.Table:
        """A query's result as an Arrow table (sums of BIGINT are HUGEINT: cast them in the query)."""
        return self._timed(name, sql, lambda: self._connection.sql(sql).to_arrow_table())

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Create (or replace) a small table from tuples; columns are {name: SQL type} in order."""
        self.load(name, columns, arrow_table(columns, rows))

    def load(self, name: str, columns: Mapping[str, str], source: pa.Table | pa.RecordBatchReader) -> None:
        """Create (or replace) a table of the given SQL types from Arrow data, streamed."""
        declared = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in columns.items())
        selected = ", ".join(quoted(column) for column in columns)
        self.run(f"create {name}", f"CREATE OR REPLACE TABLE {quoted(name)} ({declared})")
        self.insert(name, f"SELECT {selected} FROM arriving", source)

    def types(self, relation: str) -> dict[str, str]:
        """The columns of a relation and their SQL types, in order."""
        return {str(name): str(sql_type) for name, sql_type, *_ in self.rows(f"DESCRIBE {quoted(relation)}")}

    def scan(self, work: Callable[[Scans], None], events: Iterable[str], results: Iterable[str]) -> None:
        """Run steps that read relations of events and make relations of results: here, where both are."""
        work(self)

    def plain(self, relation: str, parts: Sequence[EventFiles | EventQuery | None]) -> None:
        """What makes up a relation, for an engine that reads it itself; this one has its view of it."""

    def ask(self, relation: str, query: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Make a relation of a query in the cluster, in its dialect; its columns and their types there."""
        raise EngineError(f"ask for {relation}", "there is no cluster: DuckDB scans here")

    def there(self, sql: str, name: str) -> list[tuple[Any, ...]]:
        """All rows of a query in the cluster, in its dialect."""
        raise EngineError(name, "there is no cluster: DuckDB scans here")

    def fingerprint(self, column: str) -> str:
        """The engine's own 64-bit hash of a column, as SQL: equal values have equal ones, the reverse may fail."""
        return f"hash({column})"

    def mark(self, *columns: str) -> str:
        """A shorter fingerprint of columns, as SQL: the one that `find_repeated` takes."""
        return f"CAST(hash({', '.join(columns)}) >> {64 - BITS} AS BIGINT)"

    def size(self, relation: str) -> int | None:
        """The rows of a relation, where somebody is told how far a step is."""
        return None if self.on_step is None else int(self.row(f"SELECT COUNT(*) FROM {relation}")[0])

    def place_in(self, values: Sequence[str], column: str) -> str:
        """The place of a column's value in a list, from 1, as SQL; 0 where it is none of them or NULL."""
        listed = ", ".join(literal(value) for value in values)
        return f"COALESCE(LIST_POSITION(CAST([{listed}] AS TEXT[]), {column}), 0)"

    def find_repeated(self, name: str, marks: str, rows: int | None = None) -> None:
        """Create a table with a column `mark`: those that a query of marks gives more than once."""
        found = self._timed(f"look for {name}", marks, lambda: self._repeated(marks), rows)
        self.load(name, {"mark": "BIGINT"}, found)

    @contextmanager
    def joined_as_written(self) -> Iterator[None]:
        """Steps within join the small relation to the large one as they say, whatever the engine would estimate.

        The engine takes the first of many files for their measure; it may build its table from the large side then.
        """
        self._as_written += 1
        self._connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        try:
            yield
        finally:
            self._as_written -= 1
            if not self._as_written:
                self._connection.execute("SET disabled_optimizers = ''")

    def insert(self, name: str, select: str, arriving: pa.Table | pa.RecordBatchReader) -> None:
        """Add rows to a table: an SQL select over the relation `arriving`, which holds the Arrow data."""
        self._connection.register("arriving", arriving)
        try:
            self.run(f"load {name}", f"INSERT INTO {quoted(name)} {select}")
        finally:
            self._connection.unregister("arriving")

    def stream(self, sql: str, name: str = "stream") -> Iterator[pa.RecordBatch]:
        """A query's result in batches, for results that are too large to hold."""
        yield from self._timed(name, sql, lambda: self._connection.sql(sql).to_arrow_reader(ROW_GROUP_ROWS))

    def write_parquet(self, sql: str, path: str | Path) -> int:
        """Write an ordered query to Parquet and return its rows; the same rows give the same bytes.

        The query must order its rows totally; row groups are cut by count, never by engine batch.
        """
        return self._timed(f"write {Path(path).name}", sql, lambda: self._write(sql, path))

    def close(self) -> None:
        """End the session and remove what it spilled."""
        self._connection.close()
        self._spill.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _timed(self, name: str, sql: str, work: Callable[[], Any], rows: int | None = None) -> Any:
        if self.on_step is not None:
            self.on_step(name)
        started = time.perf_counter()
        try:
            with self._told(name, rows):
                outcome = work()
        except duckdb.Error as error:
            raise EngineError(name, str(error).splitlines()[0]) from error
        self.steps.append(Step(name, sql, time.perf_counter() - started))
        return outcome

    def _told(self, name: str, rows: int | None) -> AbstractContextManager[None]:
        """How far a step is, told while it runs."""
        if self.on_step is None or not rows:
            return nullcontext()
        return watched(name, rows, self._connection.query_progress, self.on_step)

    def _repeated(self, marks: str) -> pa.Table:
        reader = self._connection.sql(marks).to_arrow_reader(BATCH_ROWS)
        numbers = (batch.column(0).to_numpy().view("uint64") for batch in reader)
        return pa.table({"mark": repeated(numbers, self._spill.folder, self._threads)})

    def _write(self, sql: str, path: str | Path) -> int:
        reader = self._connection.sql(sql).to_arrow_reader(ROW_GROUP_ROWS)
        written = 0
        with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            for group in _equal_groups(reader):
                writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
                written += group.num_rows
        return written


def arrow_table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> pa.Table:
    """Tuples as Arrow data; columns are {name: SQL type} in order."""
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [_array(values, sql_type) for values, sql_type in zip(by_column, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))


def _array(values: Sequence[Any], sql_type: str) -> pa.Array:
    """Column values as Arrow; types without an exact Arrow twin travel as text and are cast on arrival."""
    arrow_type = ARROW_TYPES.get(sql_type.upper())
    if arrow_type is not None:
        return pa.array(values, type=arrow_type)
    return pa.array([None if value is None else str(value) for value in values], type=pa.string())


def _equal_groups(reader: pa.RecordBatchReader) -> Iterable[pa.Table]:
    """Cut a stream into tables of ROW_GROUP_ROWS rows, the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in reader:
        waiting.append(batch)
        held += batch.num_rows
        while held >= ROW_GROUP_ROWS:
            joined = pa.Table.from_batches(waiting)
            yield joined.slice(0, ROW_GROUP_ROWS).combine_chunks()
            waiting = joined.slice(ROW_GROUP_ROWS).to_batches()
            held -= ROW_GROUP_ROWS
    if held:
        yield pa.Table.from_batches(waiting).combine_chunks()
