"""Steps in DuckDB's dialect as Spark SQL, by sqlglot; what does not carry over is refused, never guessed."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from recon.engine.scans import EventColumn

TYPES = {
    "TEXT": "STRING", "BIGINT": "BIGINT", "INTEGER": "INT", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "DOUBLE": "DOUBLE",
}  # fmt: skip
WAYS = {
    "as it is": "{column}",
    "not empty": "NULLIF({column}, '')",
    "instant": "UNIX_MICROS(CAST({column} AS TIMESTAMP))",
    "millionths": "CAST(CAST({column} AS DECIMAL(19, 6)) * 1000000 AS BIGINT)",
    "nothing": "CAST(NULL AS {type})",
}


def query(sql: str) -> str:
    """A query as Spark SQL.

    >>> query("SELECT ts // 10 AS day FROM r WHERE a IS NOT DISTINCT FROM 'b'")
    "SELECT ts DIV 10 AS day FROM r WHERE a IS NOT DISTINCT FROM 'b'"
    """
    return _spark(_parsed(sql))


def step(sql: str) -> tuple[str, str]:
    """A step's relation and its query as Spark SQL; ValueError where it is anything but a table made of a query.

    >>> step("CREATE OR REPLACE TABLE days AS SELECT DISTINCT ts // 10 AS day FROM r")
    ('days', 'SELECT DISTINCT ts DIV 10 AS day FROM r')
    """
    found = _parsed(sql)
    if not isinstance(found, exp.Create) or found.kind != "TABLE" or not isinstance(found.expression, exp.Query):
        raise ValueError("a step makes a table of a query")
    return found.this.name, _spark(found.expression)


def columns(read: dict[str, EventColumn]) -> str:
    """The columns of a Parquet file as ours."""
    return ", ".join(f"{_value(one)} AS {_name(ours)}" for ours, one in read.items())


def _value(column: EventColumn) -> str:
    return WAYS[column.way].format(column=_name(column.theirs), type=TYPES[column.sql_type])


def _name(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def _parsed(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, read="duckdb", error_level=ErrorLevel.RAISE)


def _spark(found: exp.Expr) -> str:
    return found.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
