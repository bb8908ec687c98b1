"""What the steps that meet raw events ask of an engine: DuckDB in process answers it, and so does Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Way = Literal["as it is", "not empty", "instant", "millionths", "nothing"]


class Scans(Protocol):
    """An engine that holds the relations of events and runs steps over them, written in DuckDB's dialect.

    A step is `CREATE OR REPLACE TABLE name AS` a query that other engines can be given too: equi-joins with filters of
    ranges, counts, integer sums, windows with a total order.
    """

    def run(self, name: str, sql: str, rows: int | None = None) -> None:
        """Run one named step; `rows` are those it reads, where it takes long."""

    def rows(self, sql: str, name: str = "rows") -> list[tuple[Any, ...]]:
        """All rows of a query as tuples of exact values."""

    def row(self, sql: str, name: str = "row") -> tuple[Any, ...]:
        """The only row of a query."""

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Create (or replace) a small table from tuples; columns are {name: SQL type} in order."""

    def mark(self, *columns: str) -> str:
        """A fingerprint of columns, as SQL: equal values have equal ones, the reverse may fail."""

    def size(self, relation: str) -> int | None:
        """The rows of a relation, where somebody is told how far a step is."""

    def place_in(self, values: Sequence[str], column: str) -> str:
        """The place of a column's value in a list, from 1, as SQL; 0 where it is none of them or NULL."""

    def find_repeated(self, name: str, marks: str, rows: int | None = None) -> None:
        """Create a table with a column `mark`: those that a query of marks gives more than once."""

    def joined_as_written(self) -> AbstractContextManager[None]:
        """Steps within join the small relation to the large one as they say."""


@dataclass(frozen=True)
class EventColumn:
    """How a column of a Parquet file is read: their name, the way to our value, and its SQL type.

    `not empty` reads empty text as NULL, `instant` a timestamp as µs since the epoch, `millionths` a decimal number as
    whole millionths; `nothing` is NULL, where the file has no such column.
    """

    theirs: str
    way: Way
    sql_type: str


@dataclass(frozen=True)
class EventFiles:
    """Parquet files without a fault and with the same columns, which any engine reads alike.

    `numbers` are those of the files by their path, `columns` stand by our name, and `rows` are those counted.
    """

    numbers: Mapping[str, int]
    columns: Mapping[str, EventColumn]
    rows: int


@dataclass(frozen=True)
class EventQuery:
    """Events that are in the cluster already: the query that gives their relation, in its dialect, and its rows."""

    sql: str
    rows: int
