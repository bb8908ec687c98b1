"""Rows of a close into the tables and out again, and the digests that the trail keeps of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from recon.ledger.files import FileRecord, Run
from recon.ledger.tables import close_files, closes, findings, lines, record_columns
from recon.ledger.trail import canonical, sha256
from recon.money import plain


def real_runs(connection: Connection) -> frozenset[Run]:
    """Every run that a commit made real."""
    return frozenset((row.period, row.run) for row in connection.execute(select(closes.c.period, closes.c.run)))


def next_numbers(connection: Connection, period: str) -> dict[str, int]:
    """The next run of a period; the writing transaction keeps others from taking the same."""
    last_run = connection.scalar(select(func.max(closes.c.run)).where(closes.c.period == period))
    last_id = connection.scalar(select(func.max(closes.c.id)))
    return {"id": (last_id or 0) + 1, "run": (last_run or 0) + 1}


def insert_close(
    connection: Connection,
    close: Mapping[str, Any],
    files: Sequence[FileRecord],
    line_rows: Iterable[object],
    finding_rows: Iterable[object],
) -> None:
    """The close with everything that belongs to it."""
    connection.execute(insert(closes).values(**close))
    _insert(connection, close_files, close["id"], (asdict(record) for record in files))
    _insert(connection, lines, close["id"], line_rows)
    _insert(connection, findings, close["id"], finding_rows)


def _insert(connection: Connection, table: Table, close_id: int, rows: Iterable[object]) -> None:
    columns = record_columns(table)
    values = [{"close_id": close_id} | _values(row, columns) for row in rows]
    if values:
        connection.execute(insert(table), values)


def _values(row: object, columns: Iterable[str]) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {name: row[name] for name in columns}
    return {name: getattr(row, name) for name in columns}


def rows_of(connection: Connection, table: Table, close_id: int) -> list[dict[str, Any]]:
    """A close's rows of a table in the order of their keys, compared as text on every database."""
    found = connection.execute(select(table).where(table.c.close_id == close_id))
    rows = [{name: getattr(row, name) for name in record_columns(table)} for row in found]
    keys = [column.name for column in table.primary_key if column.name != "close_id"]
    return sorted(rows, key=lambda row: [row[name] for name in keys])


def facts_of(connection: Connection, close_id: int) -> dict[str, Any]:
    """What the trail says of a close, computed from the tables as they are now; empty when the close is not there."""
    close = connection.execute(select(closes).where(closes.c.id == close_id)).first()
    if close is None:
        return {}
    return {
        "close": close.id,
        "period": close.period,
        "run": close.run,
        "digest": close.digest,
        "recorded_at": close.recorded_at,
        "recorded_by": close.recorded_by,
        "manifest_sha256": sha256(close.manifest),
        "files": rows_of(connection, close_files, close_id),
        "lines_sha256": _digest(rows_of(connection, lines, close_id)),
        "findings_sha256": _digest(rows_of(connection, findings, close_id)),
    }


def _digest(rows: Iterable[Mapping[str, Any]]) -> str:
    return sha256(canonical([{name: _text(value) for name, value in row.items()} for row in rows]))


def _text(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value
