"""The states that a period went through: each is entered once, for one close, and chained into the trail (AUDIT)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from recon.ledger.tables import closes, states
from recon.ledger.trail import append, canonical
from recon.problems import Problem

LOCKED = "locked"
STATE = "state"


def enter_state(connection: Connection, period: str, close_id: int, state: str, *, who: str, at: int) -> None:
    """Add a state of a period in a writing transaction, with its entry in the trail; `at` in µs."""
    row = {"id": _next_id(connection), "period": period, "close_id": close_id, "state": state, "who": who, "at": at}
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
    """States that are not as the trail says they were entered."""
    told = {entry.get("id"): entry for entry in _told(entries)}
    for row in connection.execute(select(states)):
        found = dict(row._mapping)
        wanted = told.pop(found["id"], None)
        if found != wanted:
            yield Problem(f"state {found['id']}", canonical(found), canonical(wanted))
    for number, wanted in told.items():
        yield Problem(f"state {number}", "missing", canonical(wanted))


def _told(entries: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    """What the entries of states say; one that was made unreadable is a broken link already."""
    for entry in entries:
        try:
            payload = json.loads(entry.payload)
        except ValueError:
            continue
        if entry.action == STATE and isinstance(payload, dict):
            yield payload
