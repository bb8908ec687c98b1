"""The files a dataset comes from: found, named relative to the workspace, hashed whole."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from recon.problems import Problem
from recon.workspace import SourceSpec

PARQUET, CSV = (".parquet",), (".csv", ".csv.gz")
BLOCK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """A file as it was found: its number in this close, its name relative to the workspace, its size and age."""

    number: int
    dataset: str
    name: str
    path: Path
    bytes: int
    changed: int

    @property
    def is_parquet(self) -> bool:
        return self.path.name.lower().endswith(PARQUET)


def find(spec: SourceSpec, folder: Path, first_number: int) -> tuple[list[SourceFile], list[Problem]]:
    """The files of a path or glob in the order of their names, and what is wrong with finding them."""
    names = _matching(spec, folder)
    if not names:
        return [], [Problem(f"{spec.place} path", str(spec.path), "a file, or a glob that matches at least one")]
    files: list[SourceFile] = []
    problems: list[Problem] = []
    for name in names:
        try:
            files.append(_found(spec.dataset, folder, name, first_number + len(files)))
        except OSError as error:
            problems.append(Problem(name, error.strerror or str(error), "a readable file"))
        if not name.lower().endswith(PARQUET + CSV):
            problems.append(Problem(f"{spec.place} path", name, "files that end in .parquet, .csv or .csv.gz"))
    return files, problems


def sha256(file: SourceFile, stop: Event) -> str:
    """The SHA-256 of a file's bytes, read in blocks until the end, or until told to stop."""
    digest = hashlib.sha256()
    with file.path.open("rb") as stream:
        while not stop.is_set() and (block := stream.read(BLOCK)):
            digest.update(block)
    return digest.hexdigest()


def changed(files: Iterable[SourceFile]) -> Iterator[Problem]:
    """Files that are not what they were when found: a close must not mix two states of a file."""
    for file in files:
        now = file.path.stat() if file.path.exists() else None
        if now is None or (now.st_size, now.st_mtime_ns) != (file.bytes, file.changed):
            yield Problem(file.name, "changed while it was read", "a file that stays as it is during the close")


def _matching(spec: SourceSpec, folder: Path) -> list[str]:
    """Names relative to the workspace, each once; a path without wildcards is taken as it is."""
    pattern = str(spec.path)
    found = {pattern} if (folder / pattern).is_file() else set(glob.glob(pattern, root_dir=folder, recursive=True))
    files = (folder / name for name in found if (folder / name).is_file())
    return sorted({Path(os.path.relpath(file, folder)).as_posix() for file in files})


def _found(dataset: str, folder: Path, name: str, number: int) -> SourceFile:
    path = Path(os.path.abspath(folder.resolve() / name))
    with path.open("rb"):
        state = path.stat()
    return SourceFile(number, dataset, name, path, state.st_size, state.st_mtime_ns)
