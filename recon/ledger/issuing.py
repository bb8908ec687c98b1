"""A pack gets its number and its place at once: written aside, then moved within the ledger's transaction (AUDIT).

Whoever writes a pack does so in a folder of their own. Only the ledger's one writer learns whether the number is still
free; then the pack is entered, its files take their place, each once and over nobody's, and the commit makes it issued.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from recon.ledger.database import reading, writing
from recon.ledger.files import SWEPT, FileRecord, Run, Staging, dead_writers
from recon.ledger.packs import IssuedPack, enter_pack, latest_of, packs_of
from recon.ledger.signing import LOCKED
from recon.ledger.states import states_of
from recon.ledger.tables import packs
from recon.period import Period

PACK_STEPS = ("written", "locked", "entered", "announced", "moved", "committed")
_NUMBERED = re.compile(r"([1-9]\d*)(?:\.xlsx|-.*)")


@dataclass(frozen=True)
class Turn:
    """The number of a period's next pack, the packs issued before it, and files (with SHA-256) that no ledger knows."""

    number: int
    before: IssuedPack | None
    last_month: IssuedPack | None
    unknown: tuple[FileRecord, ...] = ()


class Issuing:
    """Packs being issued under a folder: `<period>/<n>.xlsx`, with files beside it named `<n>-…`."""

    def __init__(self, engine: Engine, folder: Path, at_step: Callable[[str], None]) -> None:
        self._engine = engine
        self._folder = folder
        self._at_step = at_step

    def staging(self, period: str) -> Staging:
        """A folder of one's own to write a pack into; a context that cleans up behind itself."""
        return Staging(self._folder, period)

    def turn(self, period: str) -> Turn:
        """What the next pack of a period is, as things stand now."""
        with reading(self._engine) as connection:
            return self._turn(connection, period)

    def _turn(self, connection: Connection, period: str) -> Turn:
        before = latest_of(connection, period)
        last_month = _signed_or_latest(connection, str(Period.parse(period).previous()))
        known = before.number if before else 0
        standing = {path: _number(path) for path in sorted((self._folder / period).glob("*")) if _number(path) > known}
        unknown = tuple(_record(path) for path in standing)
        return Turn(max(standing.values(), default=known) + 1, before, last_month, unknown)

    def issue(self, staging: Staging, turn: Turn, pack: IssuedPack) -> Path | None:
        """Enter the pack that was written for a turn and move it to its place; None where the turn has passed.

        BadInput where the run is not recorded, or another program put a file to the very place meanwhile.
        """
        files = staging.seal()
        self._at_step("written")
        with writing(self._engine) as connection:
            self._at_step("locked")
            if self._turn(connection, pack.period) != turn:
                return None
            enter_pack(connection, pack)
            self._at_step("entered")
            self._move(staging, pack, files)
        self._at_step("committed")
        return self._folder / pack.period / f"{pack.number}.xlsx"

    def _move(self, staging: Staging, pack: IssuedPack, files: Sequence[FileRecord]) -> None:
        """The last act before the commit; the workbook goes last, after what it names."""
        staging.announce((pack.period, pack.number))
        self._at_step("announced")
        names = sorted((one.name for one in files), key=lambda name: (name.endswith(".xlsx"), name))
        staging.move_into(self._folder / pack.period, names)
        self._at_step("moved")

    def sweep(self) -> tuple[str, ...]:
        """Take out of the way what those left who were stopped while issuing, and say in words what was found."""
        if not any(True for _ in dead_writers(self._folder)):
            return ()
        with writing(self._engine) as connection:
            known = {(row.period, row.number) for row in connection.execute(select(packs))}
            dead = dead_writers(self._folder)
            return tuple(words for lock, run in dead for words in self._swept(lock, run, known))

    def _swept(self, lock: Path, announced: Run | None, known: Collection[Run]) -> Iterator[str]:
        standing = self._standing(*announced) if announced and announced not in known else []
        if announced and standing:
            yield self._aside(announced, standing)
        elif announced not in known:
            yield f"a pack of {lock.name[:7]} was stopped while it was written: never issued, what there was is removed"
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)

    def _standing(self, period: str, number: int) -> list[Path]:
        return [path for path in sorted((self._folder / period).glob("*")) if _number(path) == number]

    def _aside(self, run: Run, standing: Sequence[Path]) -> str:
        """Files that took their place though the ledger never came to know them: kept, but not as a pack."""
        target = self._folder / SWEPT / f"{run[0]}-{run[1]}-{secrets.token_hex(4)}"
        target.mkdir(parents=True)
        for path in standing:
            path.rename(target / path.name)
        return f"pack {run[1]} of {run[0]} was stopped before the ledger knew it: never issued, it stands in {target}"


def _signed_or_latest(connection: Connection, period: str) -> IssuedPack | None:
    """The last pack of the run that a period is locked with; while it is open, or none was issued of that, the last."""
    locked = [row.run for row in states_of(connection) if row.period == period and row.state == LOCKED]
    of_run = [one for one in packs_of(connection, period) if one.run in locked]
    return of_run[-1] if of_run else latest_of(connection, period)


def _number(path: Path) -> int:
    """The number that a file's name claims; 0 for none."""
    found = _NUMBERED.fullmatch(path.name)
    return int(found[1]) if found and path.is_file() else 0


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(path.name, path.stat().st_size, digest)
