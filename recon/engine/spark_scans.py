"""Spark as an engine of scans: the same steps, transpiled, over relations that stay in the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa

from recon.engine import spark_sql
from recon.engine.duck import arrow_table
from recon.engine.spark_session import reason
from recon.engine.sql import literal
from recon.engine.steps import EngineError, Step

T = TypeVar("T")


class SparkScans:
    """Runs steps in a Spark session; the relations they make are kept in the executors' memory, then on their disks.

    What a lost executor held is made again from the events.  Tables made from tuples stay here as well.
    """

    def __init__(self, session: Any, on_step: Callable[[str], None] | None = None) -> None:
        self.session, self.on_step, self.steps = session, on_step, list[Step]()
        self._kept: list[Any] = []
        self._tables: dict[str, pa.Table] = {}

    def run(self, name: str, sql: str, rows: int | None = None) -> None:
        """Run one named step; raises EngineError with the step's name.  `rows` are those it reads."""
        relation, select = spark_sql.step(sql)
        self._timed(name if not rows else f"{name}: {rows:,} rows", sql, lambda: self._keep(relation, select))

    def rows(self, sql: str, name: str = "rows") -> list[tuple[Any, ...]]:
        """All rows of a query as tuples: integers and None come back exact."""
        return self.there(spark_sql.query(sql), name)

    def there(self, sql: str, name: str) -> list[tuple[Any, ...]]:
        """The same of a query in Spark's own dialect."""
        return [tuple(row) for row in self._timed(name, sql, lambda: self.session.sql(sql).collect())]

    def ask(self, relation: str, query: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Make a relation of a query in Spark's own dialect, which is asked whenever it is read; its columns' types."""
        frame = self._timed(f"ask for {relation}", query, lambda: self.session.sql(query, args=dict(parameters)))
        self._view(relation, frame)
        return {column.name: column.dataType.simpleString() for column in frame.schema.fields}

    def row(self, sql: str, name: str = "row") -> tuple[Any, ...]:
        """The only row of a query."""
        (only,) = self.rows(sql, name)
        return only

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Create (or replace) a small table from tuples; columns are {name: SQL type} in order."""
        self._tables[name] = arrow_table(columns, rows)
        self.take(name, self._tables[name])

    def take(self, name: str, rows: pa.Table) -> None:
        """Create (or replace) a relation from rows that are here."""
        self._timed(f"send {name}", "", lambda: self._view(name, self.session.createDataFrame(rows)))

    def bring(self, name: str) -> pa.Table:
        """All rows of a relation; the types are Spark's."""
        if name in self._tables:
            return self._tables[name]
        return self._timed(f"bring {name}", "", lambda: self.session.table(name).toArrow())

    def mark(self, *columns: str) -> str:
        """A fingerprint of columns, as SQL."""
        return f"XXHASH64({', '.join(columns)})"

    def size(self, relation: str) -> int | None:
        """The rows of a relation, where somebody is told how far a step is."""
        return None if self.on_step is None else int(self.row(f"SELECT COUNT(*) FROM {relation}")[0])

    def place_in(self, values: Sequence[str], column: str) -> str:
        """The place of a column's value in a list, from 1, as SQL; 0 where it is none of them or NULL."""
        cases = " ".join(f"WHEN {literal(value)} THEN {place}" for place, value in enumerate(values, 1))
        return f"CASE {column} {cases} ELSE 0 END" if cases else "0"

    def find_repeated(self, name: str, marks: str, rows: int | None = None) -> None:
        """Create a table with a column `mark`: those that a query of marks gives more than once."""
        self.run(
            f"look for {name}",
            f"CREATE OR REPLACE TABLE {name} AS SELECT mark FROM ({marks}) AS marks GROUP BY mark HAVING COUNT(*) > 1",
            rows,
        )

    @contextmanager
    def joined_as_written(self) -> Iterator[None]:
        """Spark measures what it joins while it runs: nothing is to be told."""
        yield

    def forget(self) -> None:
        """Let the relations go."""
        for frame in self._kept:
            frame.unpersist()
        self._kept.clear()
        self._tables.clear()

    def _keep(self, relation: str, select: str) -> None:
        """A relation made at once, and once.

        Its rows are a plan of their own: a plan that held those of all steps before would double with each of them.
        What a lost executor held is found again by the rows' own lineage.
        """
        from pyspark import StorageLevel  # noqa: PLC0415
        from pyspark.sql import DataFrame  # noqa: PLC0415

        found = self.session.sql(select)._jdf
        alone = self.session._jsparkSession.createDataFrame(found.javaRDD(), found.schema())
        frame = DataFrame(alone, self.session).persist(StorageLevel.MEMORY_AND_DISK)
        self._kept.append(frame)
        frame.count()
        self._tables.pop(relation, None)
        self._view(relation, frame)

    def _view(self, relation: str, frame: Any) -> None:
        frame.createOrReplaceTempView(relation)

    def _timed(self, name: str, sql: str, work: Callable[[], T]) -> T:
        from py4j.protocol import Py4JError  # noqa: PLC0415
        from pyspark.errors import PySparkException  # noqa: PLC0415

        if self.on_step is not None:
            self.on_step(name)
        started = time.perf_counter()
        try:
            outcome = work()
        except (PySparkException, Py4JError) as error:
            raise EngineError(name, reason(error)) from error
        self.steps.append(Step(name, sql, time.perf_counter() - started))
        return outcome
