"""The observations of a close that is not stored yet: broken off after the long scans, it goes on from there."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from recon.close.run import software
from recon.contracts.book import Book
from recon.contracts.documents import content_hash
from recon.engine import Engine, literal
from recon.inputs import Inputs, inputs_list
from recon.inputs.manifest import digest
from recon.observe import OBSERVATIONS, Scope, observe
from recon.period import TZDATA_VERSION
from recon.workspace import Workspace

FOLDER, MADE_FROM = ".observed", "made_from.txt"
READ_AGAIN = "input_files"  # which reading the inputs makes, scan or not
NEEDED = {name: order for name, order in OBSERVATIONS.items() if name != READ_AGAIN} | {"far_conversions": "ALL"}


class Unstored:
    """One month's observations in the workspace, from the end of the scans until the close is stored."""

    def __init__(self, workspace: Workspace, scope: Scope) -> None:
        self._workspace, self._scope = workspace, scope
        self._folder = workspace.folder / FOLDER / str(scope.period)

    def observe(self, engine: Engine, book: Book, every: Book, inputs: Inputs) -> None:
        """Observe the month, or take what was observed of the very same inputs, contracts and settings."""
        made_from = self._made_from(book, every, inputs)
        if self._is_there(made_from):
            for relation in NEEDED:
                path = literal(str(self._folder / f"{relation}.parquet"))
                engine.run(
                    f"resume {relation}", f"CREATE OR REPLACE TABLE {relation} AS SELECT * FROM read_parquet({path})"
                )
            return
        observe(engine, book, self._scope, every)
        self._keep(engine, made_from)

    def forget(self) -> None:
        """Remove them: the close is stored with observations of its own."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):  # another month's may be there
            self._folder.parent.rmdir()

    def _is_there(self, made_from: str) -> bool:
        said = self._folder / MADE_FROM
        return said.is_file() and said.read_text(encoding="utf-8") == made_from

    def _keep(self, engine: Engine, made_from: str) -> None:
        """Write them beside, whole before they take their place."""
        beside = self._folder.with_name(f"{self._folder.name}-{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for relation, order in NEEDED.items():
            engine.write_parquet(f"SELECT * FROM {relation} ORDER BY {order}", beside / f"{relation}.parquet")
        (beside / MADE_FROM).write_text(made_from, encoding="utf-8")
        shutil.rmtree(self._folder, ignore_errors=True)
        _take_place(beside, self._folder)

    def _made_from(self, book: Book, every: Book, inputs: Inputs) -> str:
        """The digest of all that observations follow from."""
        made_from = {
            "inputs": inputs_list(inputs.manifest),
            "sources": {name: repr(spec) for name, spec in self._workspace.data.items()},
            "every": [(content_hash(one), str(one.status)) for one in every.versions],
            "book": [content_hash(one) for one in book.versions],
            "scope": asdict(self._scope),
            "software": [software(), TZDATA_VERSION],
        }
        return digest(json.loads(json.dumps(made_from, default=str)))


def _take_place(beside: Path, folder: Path) -> None:
    """Another close of the same month may have been first: then its observations stay."""
    try:
        beside.rename(folder)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
