"""The ledger: a close is recorded whole in one short transaction, or not at all, and never changes afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Engine, Row, Table, select

from recon.contracts.book import Book
from recon.contracts.documents import Told, has_news, silent
from recon.contracts.lint import accepted
from recon.ledger import trail
from recon.ledger.audit import chain_close, table_problems
from recon.ledger.database import connect, reading, writing
from recon.ledger.files import (
    FileRecord,
    Run,
    Staging,
    has_leftovers,
    read_records,
    run_folder,
    set_aside,
    sweep,
)
from recon.ledger.importing import Plan, planned, take_in
from recon.ledger.issuing import Issuing
from recon.ledger.packs import Packs
from recon.ledger.register import Register
from recon.ledger.rows import insert_close, next_numbers, real_runs, rows_of
from recon.ledger.signing import LOCKED
from recon.ledger.signoffs import SignOffs
from recon.ledger.states import states_of
from recon.ledger.tables import close_files, closes, contract_versions, findings, lines
from recon.ledger.versions import VersionUsed, changed_versions, record_versions
from recon.problems import BadInput, Problem

Files = Staging | Callable[[Path], None]
STEPS = ("sealed", "locked", "recorded", "chained", "announced", "moved", "committed")


@dataclass(frozen=True)
class CloseMeta:
    """What a close says about itself: when (µs) and by whom it is recorded, `manifest.json` as text, versions used."""

    recorded_at: int
    manifest: str
    recorded_by: str = ""
    versions: Sequence[VersionUsed] = field(default=())


@dataclass(frozen=True)
class RecordedClose:
    """A run that is real: its number counts from 1 per period, its files stand in `folder`."""

    id: int
    period: str
    run: int
    digest: str
    recorded_at: int
    recorded_by: str
    manifest: dict[str, Any]
    folder: Path


class Ledger:
    """Closes and their evidence in a database, their files beside it; one writer at a time, readers any time."""

    def __init__(self, engine: Engine, folder: Path, at_step: Callable[[str], None] | None = None) -> None:
        self._engine = engine
        self._closes = folder
        self._at_step = at_step or (lambda step: None)

    @classmethod
    def open(cls, url: str, folder: Path, at_step: Callable[[str], None] | None = None) -> Ledger:
        """The ledger at a database URL, brought up to date, with the runs' files under `folder`, leftovers swept.

        BadInput when the database cannot be opened or was written by a newer version. `at_step` is told each step of
        recording a close (STEPS), for tests that stop there.
        """
        ledger = cls(connect(url), folder, at_step)
        ledger.sweep()
        return ledger

    @property
    def register(self) -> Register:
        """The contracts that are kept in this ledger."""
        return Register(self._engine)

    @property
    def sign_offs(self) -> SignOffs:
        """The states of periods, and what was done about their findings."""
        return SignOffs(self._engine, self._closes)

    @property
    def packs(self) -> Packs:
        """The evidence packs that were issued."""
        return Packs(self._engine)

    def issuing(self, folder: Path) -> Issuing:
        """The evidence packs being issued, whose files stand under a folder."""
        return Issuing(self._engine, folder, self._at_step)

    def has_news(self, folder: Path) -> bool:
        """Whether a folder, where there is one, holds contract documents that were never taken in as they are."""
        return folder.is_dir() and has_news(folder, self.register.documents())

    def plan_import(self, folder: Path, who: str, at: int, told: Told = silent) -> Plan:
        """What a folder of contract documents brings to the register, nothing stored yet; see `planned`."""
        return planned(self._engine, folder, who, at, told)

    def take_in(self, plan: Plan, who: str, at: int, judge: Callable[[Book], object] = accepted) -> Plan:
        """Record what a planned import brings, all or nothing; `at` is an instant in µs, `judge` as in `take_in`."""
        return take_in(self._engine, plan, who, at, judge)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def staging(self, period: str) -> Staging:
        """A folder to write a run's files into before it is recorded; a context that cleans up behind itself."""
        return Staging(self._closes, period)

    def record_close(  # noqa: PLR0917
        self,
        period: str,
        digest: str,
        meta: CloseMeta,
        lines: Iterable[object],
        findings: Iterable[object],
        files: Files,
    ) -> int:
        """Store a close with its lines, findings and files, all or nothing, and return its run number.

        Lines and findings are rows (mappings or objects) with the columns of `lines.csv` and `findings.csv`. `files`
        is a staging folder already written, or what writes into one. BadInput when an approved contract version
        changed under its number since an earlier close (RULES 2.1).
        """
        content = {"line_rows": list(lines), "finding_rows": list(findings)}
        if isinstance(files, Staging):
            return self._record(files, _header(period, digest, meta), meta.versions, content)
        with self.staging(period) as staging:
            files(staging.folder)
            return self._record(staging, _header(period, digest, meta), meta.versions, content)

    def _record(
        self,
        staging: Staging,
        header: dict[str, Any],
        versions: Sequence[VersionUsed],
        content: dict[str, list[object]],
    ) -> int:
        records = staging.seal()
        self._at_step("sealed")
        with writing(self._engine) as connection:
            self._at_step("locked")
            _refuse(changed_versions(connection, versions))
            close = header | next_numbers(connection, header["period"])
            insert_close(connection, close, records, **content)
            self._at_step("recorded")
            record_versions(connection, close["id"], versions)
            chain_close(connection, close, versions)
            self._at_step("chained")
            self._move(staging, (close["period"], close["run"]))
        self._at_step("committed")
        return int(close["run"])

    def _move(self, staging: Staging, run: Run) -> None:
        """The last act before the commit: from here on only the commit decides whether the run is real."""
        target = run_folder(self._closes, run)
        if target.exists():
            set_aside(self._closes, target)
        staging.announce(run)
        self._at_step("announced")
        staging.move(target)
        self._at_step("moved")

    def sweep(self) -> None:
        """Remove what crashed closes left behind; a close of another living process is waited for, not touched."""
        with reading(self._engine) as connection:
            is_clean = not has_leftovers(self._closes, real_runs(connection))
        if not is_clean:
            with writing(self._engine) as connection:
                sweep(self._closes, real_runs(connection))

    def check_versions(self, versions: Sequence[VersionUsed]) -> None:
        """BadInput, naming both hashes, when an approved version changed since an earlier close (RULES 2.1, 2.4)."""
        with reading(self._engine) as connection:
            _refuse(changed_versions(connection, versions))

    def closes(self, period: str | None = None) -> tuple[RecordedClose, ...]:
        """The runs of a period, or of all, in the order they were recorded."""
        query = select(closes).order_by(closes.c.id)
        if period is not None:
            query = query.where(closes.c.period == period)
        with reading(self._engine) as connection:
            return tuple(self._recorded(row) for row in connection.execute(query))

    def latest(self, period: str) -> RecordedClose | None:
        """The last run of a period, None before the first."""
        found = self.closes(period)
        return found[-1] if found else None

    def find(self, period: str, run: int) -> RecordedClose:
        """One run; BadInput naming those there are when it is not among them."""
        found = {close.run: close for close in self.closes(period)}
        if run not in found:
            there = ", ".join(map(str, found)) or "none"
            raise BadInput([Problem(f"closes/{period}", str(run), f"a recorded run: {there}")])
        return found[run]

    def locked(self, period: str, known_at: int | None = None) -> RecordedClose | None:
        """The run that a period is locked with, as known at an instant (µs); None while it is open."""
        return next((close for close in self.all_locked(known_at) if close.period == period), None)

    def all_locked(self, known_at: int | None = None) -> tuple[RecordedClose, ...]:
        """The run of every period that is locked, in the order of periods."""
        with reading(self._engine) as connection:
            return tuple(self._recorded(row) for row in states_of(connection, known_at) if row.state == LOCKED)

    def _recorded(self, row: Row[Any]) -> RecordedClose:
        values = {column.name: getattr(row, column.name) for column in closes.columns}
        manifest = json.loads(values.pop("manifest"))
        return RecordedClose(**values, manifest=manifest, folder=run_folder(self._closes, (row.period, row.run)))

    def lines(self, close: RecordedClose) -> tuple[dict[str, Any], ...]:
        """A close's lines with exact decimals, sorted by key."""
        return self._rows(lines, close)

    def findings(self, close: RecordedClose) -> tuple[dict[str, Any], ...]:
        """A close's findings with exact decimals, sorted by id."""
        return self._rows(findings, close)

    def files(self, close: RecordedClose) -> tuple[FileRecord, ...]:
        """The files a close was recorded with."""
        return tuple(FileRecord(**row) for row in self._rows(close_files, close))

    def _rows(self, table: Table, close: RecordedClose) -> tuple[dict[str, Any], ...]:
        with reading(self._engine) as connection:
            return tuple(rows_of(connection, table, close.id))

    def contract_versions(self) -> tuple[dict[str, Any], ...]:
        """Every version that a close has used: its hash, who approved it and when, and the close that used it first."""
        query = select(contract_versions).order_by(contract_versions.c.contract, contract_versions.c.version)
        with reading(self._engine) as connection:
            return tuple(dict(row._mapping) for row in connection.execute(query))

    def head(self) -> str:
        """The digest of the trail's last entry, to be kept elsewhere against a trail rewritten whole."""
        with reading(self._engine) as connection:
            return trail.head(connection)

    def entries(self) -> tuple[trail.Entry, ...]:
        """Every entry of the trail in its order, as it stands there now."""
        with reading(self._engine) as connection:
            return tuple(map(trail.as_entry, trail.entries(connection)))

    def verify_chain(self) -> list[Problem]:
        """Everything in the database that is not as it was recorded, from the trail's links to single lines."""
        with reading(self._engine) as connection:
            entries = trail.entries(connection)
            return trail.broken_links(entries) + table_problems(connection, entries)

    def verify_files(self, period: str | None = None, run: int | None = None) -> list[Problem]:
        """Every file that is missing, altered or added since its run was recorded: of one run, a period's, or all."""
        asked = (close for close in self.closes(period) if run in (None, close.run))
        return [problem for close in asked for problem in self._altered_files(close)]

    def _altered_files(self, close: RecordedClose) -> list[Problem]:
        wanted = {record.name: record.sha256 for record in self.files(close)}
        there = {record.name: record.sha256 for record in read_records(close.folder)}
        return [
            Problem(str(close.folder / name), there.get(name, "missing"), wanted.get(name, "no such file"))
            for name in sorted(wanted.keys() | there.keys())
            if wanted.get(name) != there.get(name)
        ]


def _header(period: str, digest: str, meta: CloseMeta) -> dict[str, Any]:
    return {
        "period": period,
        "digest": digest,
        "recorded_at": meta.recorded_at,
        "recorded_by": meta.recorded_by,
        "manifest": meta.manifest,
    }


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise BadInput(problems)
