"""The states that a period went through: each is entered once, for one close, and chained into the trail (AUDIT)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select

from recon.ledger.tables import closes, finding_acts, states
from recon.ledger.trail import append, canonical
from recon.money import plain
from recon.problems import Problem

STATE, FINDING_ACT = "state", "finding"


def enter_state(
    connection: Connection, period: str, close_id: int, state: str, *, who: str, at: int, reason: str = ""
) -> None:
    """Add a state of a period in a writing transaction, with its entry in the trail; `at` in µs."""
    row: dict[str, Any] = {"id": _next_id(connection), "period": period, "close_id": close_id, "state": state}
    row |= {"who": who, "at": at, "reason": reason}
    connection.execute(insert(states).values(**row))
    append(connection, at, who, STATE, row)


def _next_id(connection: Connection) -> int:
    return (connection.scalar(select(func.max(states.c.id))) or 0) + 1


def states_of(connection: Connection, known_at: int | None = None) -> Sequence[Row[Any]]:
    """The close and state entered last for each period, as known at an instant (µs), in the order of periods."""
    asked = select(func.max(states.c.id)).group_by(states.c.period)
    if known_at is not None:
        asked = asked.where(states.c.at <= known_at)
    query = select(states.c.state, states.c.who, states.c.at, closes).join(closes).where(states.c.id.in_(asked))
    return connection.execute(query.order_by(states.c.period)).all()


def altered_states(connection: Connection, entries: Sequence[Row[Any]]) -> Iterator[Problem]:
    """States, and acts on findings, that are not as the trail says they were entered."""
    yield from altered_rows(connection, states, STATE, entries, {"reason": ""})
    yield from altered_rows(connection, finding_acts, FINDING_ACT, entries)


def altered_rows(
    connection: Connection,
    table: Table,
    action: str,
    entries: Sequence[Row[Any]],
    defaults: Mapping[str, Any] | None = None,
) -> Iterator[Problem]:
    """Rows of a table that an entry each told of; `defaults` are columns that older entries do not know."""
    told = {entry.get("id"): {**(defaults or {}), **entry} for entry in _told(entries, action)}
    for row in connection.execute(select(table)):
        found = {name: plain(value) if isinstance(value, Decimal) else value for name, value in row._mapping.items()}
        wanted = told.pop(found["id"], None)
        if found != wanted:
            yield Problem(f"{action} {found['id']}", canonical(found), canonical(wanted))
    for number, wanted in told.items():
        yield Problem(f"{action} {number}", "missing", canonical(wanted))


def _told(entries: Sequence[Row[Any]], action: str) -> Iterator[dict[str, Any]]:
    """What the entries of an action say; one that was made unreadable is a broken link already."""
    for entry in entries:
        try:
            payload = json.loads(entry.payload)
        except ValueError:
            continue
        if entry.action == action and isinstance(payload, dict):
            yield payload
