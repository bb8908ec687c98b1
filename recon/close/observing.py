"""A month observed, or what was observed of the very same events and questions before: then no event is read.

Observations stand in the folder of every run, sealed by the ledger. Those of a close that was broken off after the
scans stand in the workspace until a close of the month is stored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import recon
from recon.contracts.book import Book
from recon.engine import Engine, EngineError, literal
from recon.inputs import Events, Inputs, Recalled, read_inputs
from recon.inputs.manifest import digest
from recon.ledger import Ledger
from recon.observe import OBSERVATIONS, Questions, Scope, observe_asked, questions_of
from recon.observe.recounting import COUNTED, are_all, asked_alike, asked_otherwise, recount_impressions
from recon.workspace import Workspace

UNSTORED, RECORDS = ".observed", "records.json"
MADE_FROM, ALIKE, ASKED, READ = "made_from.txt", "made_from_alike.txt", "asked.json", "read.json"
READ_AGAIN = "input_files"  # which reading the inputs makes, scan or not
RELATIONS = {name: order for name, order in OBSERVATIONS.items() if name != READ_AGAIN}
READERS, LIBRARIES = ("engine", "inputs", "observe"), ("duckdb", "pyarrow", "numpy")


@dataclass(frozen=True)
class Kept:
    """Observations on the disk: where from, their folder, the SHA-256 of each file, and what the events' files held."""

    told: str
    folder: Path
    records: Mapping[str, str]

    def altered(self) -> str | None:
        """The first file that is not what was recorded, if any."""
        return next((name for name in _names() if not self._is_intact(name)), None)

    def load(self, engine: Engine) -> Recalled:
        """Bring the relations into the engine; EngineError, OSError or ValueError where a file cannot be read."""
        for relation in RELATIONS:
            path = literal(str(self.folder / f"{relation}.parquet"))
            sql = f"CREATE OR REPLACE TABLE {relation} AS SELECT * FROM read_parquet({path})"
            engine.run(f"resume {relation}", sql)
        return Recalled.from_dict(json.loads((self.folder / READ).read_text(encoding="utf-8")))

    def copy_to(self, folder: Path, name: str) -> bool:
        """Copy a file; whether it is what was recorded (another close may have taken it away)."""
        with suppress(OSError):
            shutil.copyfile(self.folder / name, folder / name)
            return name in self.records and _sha256(folder / name) == self.records[name]
        return False

    def _is_intact(self, name: str) -> bool:
        with suppress(OSError):
            return name in self.records and _sha256(self.folder / name) == self.records[name]
        return False


@dataclass
class Observing:
    """Observes one month, keeping the observations until its close is stored; `reused` says what was not read anew."""

    workspace: Workspace
    scope: Scope
    reused: str = ""
    kept: Kept | None = field(default=None, init=False)
    _texts: dict[str, str] = field(default_factory=dict, init=False)
    _recounted: list[str] = field(default_factory=list, init=False)

    def observe(self, engine: Engine, book: Book, every: Book) -> Inputs:
        """Read the inputs and observe the month, or take what was observed before of just this."""
        candidates = tuple(self._candidates())
        recall = partial(self._recalled, engine, book, every, candidates) if candidates else None
        inputs = read_inputs(self.workspace, engine, self.scope.period, recall)
        asked = questions_of(engine, book, self.scope, every)
        if self.kept is None:
            observe_asked(engine, asked, self.scope)
            self._texts = self._told(engine, inputs.events, asked, inputs.found)
            self._keep(engine)
        elif self._recounted:
            recount_impressions(engine, asked, self.scope, self._recounted)
        return inputs

    def write(self, engine: Engine, folder: Path) -> None:
        """Write the observations into a run's folder: the same bytes whether they were made now or before."""
        folder.mkdir()
        for name in _names():
            if name in self._texts or self._is_recounted(name) or not (self.kept and self.kept.copy_to(folder, name)):
                self._write(engine, folder, name)
        sql = f"SELECT * FROM {READ_AGAIN} ORDER BY {OBSERVATIONS[READ_AGAIN]}"
        engine.write_parquet(sql, folder / f"{READ_AGAIN}.parquet")

    def forget(self) -> None:
        """Remove what waits for a close: it is stored with observations of its own."""
        shutil.rmtree(self._unstored, ignore_errors=True)
        with suppress(OSError):  # another month's may be there
            self._unstored.parent.rmdir()

    @property
    def _unstored(self) -> Path:
        return self.workspace.folder / UNSTORED / str(self.scope.period)

    def _candidates(self) -> Iterator[Kept]:
        """What is there of the month: of a close that was broken off, then of its runs, the latest first."""
        with suppress(OSError, ValueError):
            records = json.loads((self._unstored / RECORDS).read_text(encoding="utf-8"))
            yield Kept("a close that was broken off", self._unstored, records)
        with Ledger.open(self.workspace.database_url, self.workspace.closes) as ledger:
            for close in reversed(ledger.closes(str(self.scope.period))):
                sealed = {Path(one.name).name: one.sha256 for one in ledger.files(close) if _is_observation(one.name)}
                yield Kept(f"run {close.run}", close.folder / "observations", sealed)

    def _recalled(
        self, engine: Engine, book: Book, every: Book, candidates: tuple[Kept, ...], events: Events
    ) -> Recalled | None:
        """What the files of these events held, their observations being in the engine then."""
        asked = questions_of(engine, book, self.scope, every)
        told = self._told(engine, events, asked, None)
        for name in (MADE_FROM, ALIKE):
            for kept in candidates:
                if kept.records.get(name) == hashlib.sha256(told[name].encode()).hexdigest():
                    recalled = self._taken(engine, kept, asked, told)
                    if recalled is not None:
                        return recalled
        return None

    def _taken(self, engine: Engine, kept: Kept, asked: Questions, told: dict[str, str]) -> Recalled | None:
        """Observations of before, and which items have to be counted again for what is asked now."""
        recalled = self._loaded(engine, kept)
        if recalled is None:
            return None
        items = asked_otherwise(json.loads((kept.folder / ASKED).read_text(encoding="utf-8")), asked)
        if are_all(items, asked) or (items and not engine.scans_here):
            return None
        self.kept, self._recounted = kept, items
        self._texts = told | {READ: (kept.folder / READ).read_text(encoding="utf-8")}
        counted = f" but for impressions of {', '.join(items)}" if items else ""
        self.reused = f"all observations{counted}, of {kept.told}"
        return replace(recalled, read_anew=frozenset({"impressions"} if items else ()))

    def _loaded(self, engine: Engine, kept: Kept) -> Recalled | None:
        """Nothing, and why, where a file is not what was recorded."""
        altered = kept.altered()
        if altered is None:
            try:
                return kept.load(engine)
            except (EngineError, OSError, ValueError):
                altered = "observations cannot be read"
        self.reused = f"nothing: {altered} of {kept.told} is not what was recorded"
        return None

    def _keep(self, engine: Engine) -> None:
        """Write them beside, whole before they take their place."""
        beside = self._unstored.with_name(f"{self._unstored.name}-{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name in _names():
            self._write(engine, beside, name)
        records = {name: _sha256(beside / name) for name in _names()}
        (beside / RECORDS).write_text(json.dumps(records), encoding="utf-8")
        shutil.rmtree(self._unstored, ignore_errors=True)
        _take_place(beside, self._unstored)
        self.kept = Kept("", self._unstored, records)

    def _is_recounted(self, name: str) -> bool:
        return bool(self._recounted) and name.removesuffix(".parquet") in COUNTED

    def _write(self, engine: Engine, folder: Path, name: str) -> None:
        """Write one file of the observations from the engine."""
        if name in self._texts:
            (folder / name).write_text(self._texts[name], encoding="utf-8")
            return
        relation = name.removesuffix(".parquet")
        engine.write_parquet(f"SELECT * FROM {relation} ORDER BY {RELATIONS[relation]}", folder / name)

    def _told(self, engine: Engine, events: Events, asked: Questions, found: Recalled | None) -> dict[str, str]:
        """What stands beside the relations: what they were made from, also but for single items, and what was asked."""
        software = software_that_observes(engine.library)
        same = {"events": events.told(), "scope": asdict(self.scope), "software": software}
        told = {
            MADE_FROM: _digest(same | {"asked": asked.told()}),
            ALIKE: _digest(same | {"asked alike": asked_alike(asked)}),
            ASKED: _json(asked.told()),
        }
        return told if found is None else told | {READ: _json(found.to_dict())}


@cache
def software_that_observes(engine: str) -> str:
    """The digest of all code that makes observations, and the versions of the libraries beneath it.

    `engine` names the library that scans the events.
    """
    package = Path(recon.__file__).parent
    sources = [package / "period.py", *(path for room in READERS for path in sorted((package / room).rglob("*.py")))]
    told = {path.relative_to(package).as_posix(): _sha256(path) for path in sources}
    return digest(told | {name: installed(name) for name in (*LIBRARIES, engine)})


def _names() -> list[str]:
    return [*(f"{relation}.parquet" for relation in RELATIONS), MADE_FROM, ALIKE, ASKED, READ]


def _digest(told: Mapping[str, Any]) -> str:
    return digest(json.loads(json.dumps(told, default=str)))


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)


def _is_observation(name: str) -> bool:
    return Path(name).parent.as_posix() == "observations"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _take_place(beside: Path, folder: Path) -> None:
    """Another close of the same month may have been first: then its observations stay."""
    try:
        beside.rename(folder)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
