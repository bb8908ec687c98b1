"""The evidence packs of a period as they were issued: number, run and digests, chained into the trail (AUDIT)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from recon.ledger.database import reading, writing
from recon.ledger.states import altered_rows
from recon.ledger.tables import closes, packs
from recon.ledger.trail import append, broken_links, entries
from recon.problems import BadInput, Problem

PACK = "pack"


@dataclass(frozen=True)
class IssuedPack:
    """A numbered pack: the run it tells of, the digest of its cells and the SHA-256 of its file; `at` in µs."""

    period: str
    number: int
    run: int
    digest: str
    sha256: str
    who: str
    at: int


class Packs:
    """The packs that were issued; each is entered once and never changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, period: str) -> tuple[IssuedPack, ...]:
        """The packs of a period in the order of their numbers."""
        with reading(self._engine) as connection:
            return packs_of(connection, period)

    def latest(self, period: str) -> IssuedPack | None:
        """The last pack of a period; None before the first."""
        with reading(self._engine) as connection:
            return latest_of(connection, period)

    def problems(self) -> list[Problem]:
        """Breaks of the trail, and packs that are not as it says they were issued."""
        with reading(self._engine) as connection:
            told = entries(connection)
            return [*broken_links(told), *altered_packs(connection, told)]

    def enter(self, pack: IssuedPack) -> None:
        """Enter a pack just written; BadInput where its run is not there or its number is taken."""
        with writing(self._engine) as connection:
            enter_pack(connection, pack)


def packs_of(connection: Connection, period: str) -> tuple[IssuedPack, ...]:
    """The packs of a period in the order of their numbers."""
    asked = select(packs, closes.c.run).join(closes, closes.c.id == packs.c.close_id)
    found = connection.execute(asked.where(packs.c.period == period).order_by(packs.c.number))
    return tuple(_issued(row) for row in found)


def latest_of(connection: Connection, period: str) -> IssuedPack | None:
    """The last pack of a period; None before the first."""
    found = packs_of(connection, period)
    return found[-1] if found else None


def enter_pack(connection: Connection, pack: IssuedPack) -> None:
    """Enter a pack in a writing transaction; BadInput where its run is not there or its number is taken."""
    row = _row(connection, pack)
    connection.execute(insert(packs).values(**row))
    append(connection, pack.at, pack.who, PACK, row)


def altered_packs(connection: Connection, told: Sequence[Row[Any]]) -> Iterator[Problem]:
    """Packs that are not as the trail says they were issued."""
    yield from altered_rows(connection, packs, PACK, told)


def _issued(row: Row[Any]) -> IssuedPack:
    return IssuedPack(row.period, row.number, row.run, row.digest, row.sha256, row.who, row.at)


def _row(connection: Connection, pack: IssuedPack) -> dict[str, Any]:
    run = select(closes.c.id).where(closes.c.period == pack.period, closes.c.run == pack.run)
    close_id, place = connection.scalar(run), f"evidence/{pack.period}/{pack.number}.xlsx"
    if close_id is None:
        raise BadInput([Problem(place, f"run {pack.run}", "a recorded run")])
    taken = select(packs.c.id).where(packs.c.period == pack.period, packs.c.number == pack.number)
    if connection.scalar(taken) is not None:
        raise BadInput([Problem(place, str(pack.number), "a number that no other pack of the period has")])
    said = {name: value for name, value in asdict(pack).items() if name != "run"}
    return {"id": (connection.scalar(select(func.max(packs.c.id))) or 0) + 1, "close_id": close_id, **said}
