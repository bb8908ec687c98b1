"""Where an engine spills what exceeds its memory: a folder of its own, which a later engine removes if it died."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # without file locks nobody can tell a dead engine's folder: it stays where it is
    fcntl = None  # type: ignore[assignment]

PREFIX, LOCK = "recon-", "in-use"
NEWBORN_SECONDS = 5


class Spill:
    """An engine's folder, under lock as long as the engine lives; `parent` None is the system's temporary folder."""

    def __init__(self, parent: str | Path | None) -> None:
        self._parent = None if parent is None else Path(parent)
        self.folder = _made(self._parent)
        self._lock = (self.folder / LOCK).open("w")
        if fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder and what is in it; and the one it stands in, once no engine has any there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()
        if self._parent is not None:
            with suppress(OSError):
                self._parent.rmdir()


def _made(parent: Path | None) -> Path:
    """A new folder; tried again where another engine, the last one there, took the parent away just then."""
    if parent is None:
        return Path(tempfile.mkdtemp(prefix=PREFIX))
    while True:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_dead(parent)
        try:
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        except FileNotFoundError:
            continue


def _remove_dead(parent: Path) -> None:
    """Remove the folders whose engine was ended from outside."""
    for lock in parent.glob(f"{PREFIX}*/{LOCK}"):
        if not _is_held(lock):
            shutil.rmtree(lock.parent, ignore_errors=True)


def _is_held(lock: Path) -> bool:
    """Whether an engine lives that holds the lock; one just born, which may not hold it yet, is taken for alive."""
    try:
        if fcntl is None or time.time() - lock.stat().st_mtime < NEWBORN_SECONDS:
            return True
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
