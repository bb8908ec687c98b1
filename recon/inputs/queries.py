"""Databases: a query, only read, its rows streamed into the engine as exact text."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, CursorResult, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from recon.engine import Engine, quoted
from recon.inputs import clustered
from recon.inputs.datasets import EVENTS, Dataset
from recon.inputs.rejects import Part
from recon.inputs.staging import Stage
from recon.money import plain
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.workspace import SourceSpec

CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class Query:
    """A query as it was run: number and name in this close, the system without its password, text and parameters."""

    number: int
    name: str
    system: str
    text: str
    parameters: dict[str, str]


def read(
    engine: Engine, dataset: Dataset, spec: SourceSpec, *, url: str, period: Period, number: int
) -> tuple[Part, Query, str]:
    """The relation of a dataset's query, the query, and the SHA-256 of its rows, whatever order they came in.

    Raises BadInput where the database can't be reached, the query fails or a column is missing.
    """
    if url == clustered.ON_SPARK:
        return _on_spark(engine, dataset, spec, period, number)
    stage = Stage(engine, dataset, f"query {dataset.name}", {"_digest": "TEXT"})
    try:
        with _connected(url) as connection:
            parameters = _parameters(spec, period)
            result = connection.execute(text(str(spec.query)), parameters)
            _stage(stage, spec, result, number)
    except (SQLAlchemyError, ImportError) as error:
        raise BadInput(
            [Problem(f"{spec.place} query", _reason(error), "a database and a query that can be read")]
        ) from None
    query = Query(number, f"query:{dataset.name}", _system(str(spec.database)), str(spec.query), parameters)
    return stage.part({number: query.name}), query, _digest(engine, stage.name)


def _on_spark(
    engine: Engine, dataset: Dataset, spec: SourceSpec, period: Period, number: int
) -> tuple[Part, Query, str]:
    """The same of events that Spark is asked for, which stay there."""
    if engine.scans_here or dataset.name not in EVENTS:
        wanted = f"a Spark master as `engine` of the workspace, and one of the datasets {', '.join(EVENTS)}"
        raise BadInput([Problem(f"{spec.place} database", str(spec.database), wanted)])
    parameters = _parameters(spec, period)
    part, digest = clustered.read(
        engine, dataset, spec, query=str(spec.query), parameters=parameters, number=number
    )  # fmt: skip
    return part, Query(number, f"query:{dataset.name}", str(spec.database), str(spec.query), parameters), digest


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A connection that streams and never writes: read-only where the database can be told so, rolled back anyway."""
    database = create_engine(_read_only(url))
    options: dict[str, Any] = {"stream_results": True, "yield_per": CHUNK_ROWS}
    if database.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    try:
        with database.connect().execution_options(**options) as connection:
            yield connection
            connection.rollback()
    finally:
        database.dispose()


def _read_only(url: str) -> str:
    """A SQLite file opened for reading only, so that a wrong path is an error and not a new file."""
    found = re.fullmatch(r"(sqlite(?:\+pysqlite)?:///)(?!:memory:|file:)([^?]+)", url)
    return f"{found[1]}file:{found[2]}?mode=ro&uri=true" if found else url


def _parameters(spec: SourceSpec, period: Period) -> dict[str, str]:
    """`:period` where the query names it; another parameter has no value."""
    names = set(text(str(spec.query)).compile().params)
    if unknown := sorted(names - {"period"}):
        raise BadInput(
            [Problem(f"{spec.place} query", ", ".join(f":{name}" for name in unknown), "no parameter but :period")]
        )
    return {"period": str(period)} if names else {}


def _stage(stage: Stage, spec: SourceSpec, result: CursorResult[Any], number: int) -> None:
    names = list(result.keys())
    _check(stage.dataset, spec, names)
    digest = f", sha256(to_json([{', '.join(quoted(name) for name in sorted(names))}])::VARCHAR)"
    first_row = 1
    for chunk in result.partitions(CHUNK_ROWS):
        stage.add(_as_text(names, chunk), number, first_row, spec, digest)
        first_row += len(chunk)


def _check(dataset: Dataset, spec: SourceSpec, names: Sequence[str]) -> None:
    place, there = f"{spec.place} query", ", ".join(names)
    problems = [Problem(place, name, "each column once") for name in sorted(set(names)) if names.count(name) > 1]
    for column in dataset.columns:
        theirs = spec.theirs(column.name)
        if theirs not in names and (not column.is_optional or column.name in spec.columns):
            problems.append(
                Problem(f"{place}, column {theirs}", "missing", f"this column, or a rename; there are {there}")
            )
    if problems:
        raise BadInput(problems)


def _as_text(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array([_exact(value) for value in column], pa.string()) for column in columns], names=list(names)
    )


def _exact(value: Any) -> str | None:
    """A value as text that loses nothing: decimals plain, times in UTC."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo is None else value.astimezone(dt.timezone.utc)).isoformat()
    if isinstance(value, float) and math.isfinite(value):
        value = Decimal(repr(value))
        return plain(value.to_integral_value() if value == value.to_integral_value() else value)
    if isinstance(value, Decimal) and value.is_finite():
        return plain(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode(errors="replace")
    return str(value)


def _digest(engine: Engine, table: str) -> str:
    """One SHA-256 over the rows' own, sorted: the same rows in another order have the same digest."""
    digest = hashlib.sha256()
    for batch in engine.stream(f"SELECT _digest FROM {quoted(table)} ORDER BY _digest", f"hash {table}"):
        digest.update("".join(batch.column(0).to_pylist()).encode())
    return digest.hexdigest()


def _system(url: str) -> str:
    """The database as `recon.toml` names it, without its password."""
    if url.startswith("${"):  # the environment's whole URL, which may hold one
        return url
    return make_url(url).render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    """The driver's own first line; SQLAlchemy's text may hold the URL."""
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().splitlines()[0] if str(origin).strip() else type(error).__name__
