"""Contract versions that closes used, recorded once: an approved version cannot change in silence (RULES 2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from recon.ledger.tables import closes, contract_versions
from recon.problems import Problem


@dataclass(frozen=True)
class VersionUsed:
    """An approved contract version by its content hash, with who approved it and when (µs)."""

    contract: str
    version: int
    kind: str
    hash: str
    approved_by: str = ""
    approved_at: int | None = None


def changed_versions(connection: Connection, versions: Iterable[VersionUsed]) -> list[Problem]:
    """Versions whose content is no longer what an earlier close recorded under the same number (RULES 2.1, 2.4)."""
    known = _known(connection)
    pairs = ((version, known.get((version.contract, version.version))) for version in versions)
    return [_changed(version, row) for version, row in pairs if row and row.hash != version.hash]


def _known(connection: Connection) -> dict[tuple[str, int], Row[Any]]:
    query = select(contract_versions, closes.c.period, closes.c.run).join(closes)
    return {(row.contract, row.version): row for row in connection.execute(query)}


def _changed(version: VersionUsed, recorded: Row[Any]) -> Problem:
    return Problem(
        place=f"contract {version.contract} v{version.version}",
        value=f"content {version.hash}",
        expected=f"content {recorded.hash}, as the close {recorded.period} run {recorded.run} recorded it: "
        "an approved version is immutable, a change is a new version (RULES 2.1)",
    )


def record_versions(connection: Connection, close_id: int, versions: Sequence[VersionUsed]) -> None:
    """The versions that this close is the first to use."""
    known = _known(connection)
    fresh = {(one.contract, one.version): one for one in versions if (one.contract, one.version) not in known}
    rows = [asdict(version) | {"first_close_id": close_id} for version in fresh.values()]
    if rows:
        connection.execute(insert(contract_versions), rows)
