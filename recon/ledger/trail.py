"""The trail: every entry holds the digest of the one before, so that a change anywhere shows (AUDIT, Sign-off)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from recon.ledger.tables import trail
from recon.problems import Problem

GENESIS = "0" * 64
_CHAINED = ("seq", "at", "who", "action", "payload", "previous")


def canonical(value: Any) -> str:
    """JSON with one spelling per value: sorted keys, no spaces; floats are refused."""
    return json.dumps(_without_floats(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _without_floats(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a binary float; the ledger keeps exact values")
    if isinstance(value, Mapping):
        return {str(key): _without_floats(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_floats(part) for part in value]
    return value


def sha256(text: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


Told = tuple[int, str, str, Mapping[str, Any]]  # when (µs), who, which action, its payload


def append(connection: Connection, at: int, who: str, action: str, payload: Mapping[str, Any]) -> str:
    """Add an entry in a writing transaction; its digest is returned. `at` is an instant in µs."""
    return append_all(connection, [(at, who, action, payload)])


def append_all(connection: Connection, told: Iterable[Told]) -> str:
    """Add entries one after another in a writing transaction; the digest of the last is returned."""
    last = connection.execute(select(trail.c.seq, trail.c.digest).order_by(trail.c.seq.desc()).limit(1)).first()
    seq, digest = (last.seq, last.digest) if last else (0, GENESIS)
    rows = []
    for at, who, action, payload in told:
        seq += 1
        entry = {"seq": seq, "at": at, "who": who, "action": action, "payload": canonical(payload), "previous": digest}
        digest = _digest(entry)
        rows.append({**entry, "digest": digest})
    if rows:
        connection.execute(insert(trail), rows)
    return digest


def head(connection: Connection) -> str:
    """The digest of the last entry: whoever keeps it elsewhere notices a trail cut short or rewritten."""
    found = connection.scalar(select(trail.c.digest).order_by(trail.c.seq.desc()).limit(1))
    return found or GENESIS


def entries(connection: Connection) -> Sequence[Row[Any]]:
    """All entries in order."""
    return connection.execute(select(trail).order_by(trail.c.seq)).all()


@dataclass(frozen=True)
class Entry:
    """An entry of the trail: its number from 1, when (µs), who, which action, what it says, and both digests.

    `payload` is empty where what it says cannot be read any more; verifying the chain names such an entry.
    """

    seq: int
    at: int
    who: str
    action: str
    payload: Mapping[str, Any]
    previous: str
    digest: str


def as_entry(row: Row[Any]) -> Entry:
    """A row of the trail as an entry."""
    return Entry(row.seq, row.at, row.who, row.action, _said(row.payload), row.previous, row.digest)


def _said(payload: str) -> Mapping[str, Any]:
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def broken_links(found: Sequence[Row[Any]]) -> list[Problem]:
    """Entries left out, moved or altered."""
    problems, previous = [], GENESIS
    for number, entry in enumerate(found, start=1):
        problems += _broken(number, previous, entry)
        previous = entry.digest
    return problems


def _broken(number: int, previous: str, entry: Row[Any]) -> list[Problem]:
    place = f"trail {entry.seq}"
    checks = (
        ("seq", str(entry.seq), str(number)),
        ("previous", entry.previous, previous),
        ("digest", entry.digest, _digest({name: getattr(entry, name) for name in _CHAINED})),
    )
    return [Problem(f"{place} {name}", value, wanted) for name, value, wanted in checks if value != wanted]


def _digest(entry: Mapping[str, Any]) -> str:
    return sha256(canonical({name: entry[name] for name in _CHAINED}))
