"""A run's files: written beside, forced to the disk, then renamed into place inside the ledger's transaction.

`closes/<period>/<run>/` exists for good once the ledger's commit has made the run real. What a crash leaves behind is
swept: files being written by a process that is gone, and folders that no ledger row knows.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from recon.problems import BadInput, Problem

try:
    import fcntl
except ImportError:  # without file locks nobody can tell a dead writer's files: they stay where they are
    fcntl = None  # type: ignore[assignment]

Run = tuple[str, int]
STAGING, SWEPT = ".staging", ".swept"
_PERIOD = re.compile(r"\d{4}-\d{2}")
_RUN = re.compile(r"[1-9]\d*")


@dataclass(frozen=True)
class FileRecord:
    """A file of a run: its path inside the run's folder, size and SHA-256."""

    name: str
    bytes: int
    sha256: str


class Staging:
    """A folder on the same disk in which a run's files are written before the run has a number.

    A lock file beside it is held as long as the writer lives; it tells where the files are about to go.
    """

    def __init__(self, closes: Path, period: str) -> None:
        name = f"{period}-{os.getpid()}-{secrets.token_hex(4)}"
        self.folder = closes / STAGING / name
        self._lock_path = self.folder.with_suffix(".lock")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _held(self._lock_path)
        self.folder.mkdir()

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def seal(self) -> tuple[FileRecord, ...]:
        """Force every file to the disk and tell its size and hash, in the order of names."""
        records = tuple(_record(path, self.folder) for path in _files(self.folder))
        for folder in (self.folder, *(path for path in self.folder.rglob("*") if path.is_dir())):
            _sync(folder)
        return records

    def announce(self, run: Run) -> None:
        """Write down where the files go, so that a crash from here on is cleaned up rightly."""
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(f"{run[0]}/{run[1]}")
        self._lock.flush()
        os.fsync(self._lock.fileno())

    def move(self, target: Path) -> None:
        """The files take their place by one rename, forced to the disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        self.folder.rename(target)
        for folder in (target.parent, target.parent.parent, self.folder.parent):
            _sync(folder)

    def move_into(self, folder: Path, names: Iterable[str]) -> None:
        """Files join others in a folder in the order given, each by one rename; BadInput where a name is taken."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            _claim(folder / name)
            (self.folder / name).replace(folder / name)
        for changed in (folder, folder.parent, self.folder):
            _sync(changed)

    def empty(self) -> None:
        """Remove what was written so far, to write anew."""
        for path in self.folder.iterdir():
            path.unlink()

    def discard(self) -> None:
        """Remove what was not moved."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)
        self._lock.close()


def _held(path: Path) -> IO[str]:
    """A new file under lock; tried again when a sweeper took it for a dead writer's at birth."""
    while True:
        file = path.open("x+", encoding="utf-8")
        if fcntl is None:
            return file
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            return file
        file.close()


def _claim(path: Path) -> None:
    """Take a name that nobody has, so that the rename onto it cannot write over anybody's file."""
    try:
        path.open("xb").close()
    except FileExistsError:
        raise BadInput([Problem(str(path), "a file", "a name that is free; nothing was written over")]) from None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _record(path: Path, folder: Path) -> FileRecord:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        os.fsync(file.fileno())
        return FileRecord(path.relative_to(folder).as_posix(), file.tell(), digest.hexdigest())


def read_records(folder: Path) -> tuple[FileRecord, ...]:
    """The files that stand in a run's folder now."""
    return tuple(_record(path, folder) for path in _files(folder))


def _sync(folder: Path) -> None:
    """Force a folder's names to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def run_folder(closes: Path, run: Run) -> Path:
    """Where a run's files stand."""
    return closes / run[0] / str(run[1])


def has_leftovers(closes: Path, known: Collection[Run]) -> bool:
    """Whether a sweep would find anything; nothing is changed."""
    return any(True for _ in dead_writers(closes)) or any(True for _ in _strangers(closes, known))


def sweep(closes: Path, known: Collection[Run]) -> None:
    """Remove what crashed writers left, in the ledger's writing transaction, which knows all runs that are real.

    A folder that a crashed close was moving is removed. Any other folder without a row (a ledger restored from an older
    copy, a wrong database URL) is set aside under `.swept`: nobody's evidence is deleted.
    """
    for lock_path, announced in dead_writers(closes):
        if announced and announced not in known:
            shutil.rmtree(run_folder(closes, announced), ignore_errors=True)
        shutil.rmtree(lock_path.with_suffix(""), ignore_errors=True)
        lock_path.unlink(missing_ok=True)
    for folder in list(_strangers(closes, known)):
        set_aside(closes, folder)


def set_aside(closes: Path, folder: Path) -> None:
    """Take a folder that is no run's out of the way."""
    target = closes / SWEPT / f"{folder.parent.name}-{folder.name}-{secrets.token_hex(4)}"
    target.parent.mkdir(exist_ok=True)
    folder.rename(target)
    _sync(folder.parent)


def dead_writers(closes: Path) -> Iterator[tuple[Path, Run | None]]:
    """Lock files whose writer is gone, with the run they announced; each is locked while it is looked at."""
    if fcntl is None or not (closes / STAGING).is_dir():
        return
    for path in sorted((closes / STAGING).glob("*.lock")):
        with _free(path) as file:
            if file:
                yield path, _announced(file.read())


@contextmanager
def _free(path: Path) -> Iterator[IO[str] | None]:
    try:
        file = path.open("r+", encoding="utf-8")
    except FileNotFoundError:  # its writer has just ended
        yield None
        return
    with file:
        yield file if _is_lockable(file) else None


def _is_lockable(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _announced(text: str) -> Run | None:
    period, _, run = text.partition("/")
    return (period, int(run)) if _RUN.fullmatch(run) else None


def _strangers(closes: Path, known: Collection[Run]) -> Iterator[Path]:
    """Folders that look like a run but have no row."""
    for folder in sorted(closes.glob("*/*")):
        is_run = _PERIOD.fullmatch(folder.parent.name) and _RUN.fullmatch(folder.name) and folder.is_dir()
        if is_run and (folder.parent.name, int(folder.name)) not in known:
            yield folder
