"""Do the tables still say what the trail says they said?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, select

from recon.ledger.packs import altered_packs
from recon.ledger.registered import altered_register
from recon.ledger.rows import facts_of
from recon.ledger.states import altered_states
from recon.ledger.tables import closes, contract_versions
from recon.ledger.trail import append, canonical
from recon.ledger.versions import VersionUsed
from recon.problems import Problem

CLOSE = "close"


def chain_close(connection: Connection, close: Mapping[str, Any], versions: Sequence[VersionUsed]) -> None:
    """Enter a close just recorded into the trail, with the digests of all it holds."""
    used = sorted((asdict(version) for version in versions), key=lambda one: (one["contract"], one["version"]))
    payload = facts_of(connection, close["id"]) | {"versions": used}
    append(connection, close["recorded_at"], close["recorded_by"], CLOSE, payload)


def table_problems(connection: Connection, entries: Sequence[Row[Any]]) -> list[Problem]:
    """Closes, lines, findings, files, contract versions, states and packs that were altered, removed or smuggled in."""
    told = {payload.get("close"): payload for payload in _payloads(entries)}
    there = set(connection.scalars(select(closes.c.id)))
    unknown = [Problem(f"close {number}", "no trail entry", "an entry of the trail") for number in there - told.keys()]
    altered = [problem for number, payload in told.items() for problem in _altered(connection, number, payload)]
    changed = [*_altered_versions(connection, told), *altered_states(connection, entries)]
    changed += [*altered_register(connection, entries), *altered_packs(connection, entries)]
    return unknown + altered + changed


def _payloads(entries: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    """What the entries of closes say; one that was made unreadable is a broken link already."""
    for entry in entries:
        try:
            payload = json.loads(entry.payload)
        except ValueError:
            continue
        if entry.action == CLOSE and isinstance(payload, dict):
            yield payload


def _altered(connection: Connection, number: Any, payload: Mapping[str, Any]) -> list[Problem]:
    place = f"close {payload.get('period')} run {payload.get('run')}"
    facts = facts_of(connection, number)
    if not facts:
        return [Problem(place, "missing", "the close that the trail recorded")]
    return [
        Problem(f"{place} {name}", canonical(value), canonical(payload.get(name)))
        for name, value in facts.items()
        if value != payload.get(name)
    ]


def _altered_versions(connection: Connection, told: Mapping[Any, Mapping[str, Any]]) -> Iterator[Problem]:
    """A version's row must say what the trail says of it where it was first used."""
    recorded = _first_uses(told)
    for row in connection.execute(select(contract_versions)):
        found = dict(row._mapping)
        place = f"contract {found['contract']} v{found['version']}"
        wanted = recorded.pop((found["contract"], found["version"]), None)
        if found != wanted:
            yield Problem(place, canonical(found), canonical(wanted))
    for contract, version in recorded:
        yield Problem(f"contract {contract} v{version}", "missing", "the version that the trail recorded")


def _first_uses(told: Mapping[Any, Mapping[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    uses: dict[tuple[str, int], dict[str, Any]] = {}
    for number, payload in sorted(told.items(), key=lambda item: str(item[0]).zfill(20)):
        for version in payload.get("versions", ()):
            uses.setdefault((version["contract"], version["version"]), version | {"first_close_id": number})
    return uses
