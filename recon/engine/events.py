"""How relations of events reach a cluster: as the very files, else as rows or copies that the engine here reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from recon.engine import spark_sql
from recon.engine.duck import Engine
from recon.engine.scans import EventFiles
from recon.engine.spark_scans import SparkScans
from recon.engine.sql import literal, quoted
from recon.engine.steps import EngineError

FEW_ROWS = 200_000  # which travel with the query itself
FILE_PATH = "REGEXP_REPLACE(_metadata.file_path, '^file:/+', '/') AS recon_file_path"
READ_AS_NAMED = re.compile(r"(/[^/*?\[\]{}\\,:%#]*)*/[^/*?\[\]{}\\,:%#._][^/*?\[\]{}\\,:%#]*")


class Reader:
    """Makes relations of events in a Spark session, and counts that all their rows are there."""

    def __init__(self, here: Engine, scans: SparkScans, shared: Path) -> None:
        self._here, self._scans, self._shared = here, scans, shared

    def read(self, relation: str, files: Sequence[EventFiles | None]) -> None:
        """A relation from its files where Spark reads them as they are, else from the engine's own reading."""
        plain = [one for one in files if one is not None and is_readable(one)]
        if plain and len(plain) == len(files):
            self._from_files(relation, plain)
        else:
            self._copied(relation)

    def _from_files(self, relation: str, files: Sequence[EventFiles]) -> None:
        parts = []
        for number, one in enumerate(files):
            raw, places = f"files_{relation}_{number}", f"places_{relation}_{number}"
            frame = self._scans.session.read.parquet(*(f"file://{path}" for path in one.numbers))
            frame.selectExpr("*", FILE_PATH).createOrReplaceTempView(raw)
            self._scans.table(places, {"path": "TEXT", "number": "INTEGER"}, _places(one.numbers))
            columns = spark_sql.columns(dict(one.columns))
            parts.append(
                f"SELECT {columns}, p.number AS file_number "
                f"FROM {raw} LEFT JOIN {places} AS p ON recon_file_path = p.path"
            )
        self._scans.session.sql(" UNION ALL ".join(parts)).createOrReplaceTempView(relation)
        self._check(relation, sum(one.rows for one in files))

    def _copied(self, relation: str) -> None:
        """The rows as the engine here reads them: sent where they are few, else by a file that the cluster sees."""
        rows = int(self._here.row(f"SELECT COUNT(*) FROM {quoted(relation)}", f"rows of {relation}")[0])
        if rows <= FEW_ROWS:
            self._scans.take(relation, self._here.arrow(f"SELECT * FROM {quoted(relation)}", f"read {relation}"))
            return
        path = self._shared / f"{relation}.parquet"
        copy = f"COPY (SELECT * FROM {quoted(relation)}) TO {literal(path.as_posix())} (FORMAT parquet)"
        self._here.run(f"copy {relation}", copy, rows)
        self._scans.session.read.parquet(f"file://{path.resolve().as_posix()}").createOrReplaceTempView(relation)
        self._check(relation, rows)

    def _check(self, relation: str, rows: int) -> None:
        """A cluster that sees other files, or not all of them, must not be believed."""
        found = self._scans.row(f"SELECT COUNT(*), COUNT(file_number) FROM {relation}", f"rows of {relation}")
        if found != (rows, rows):
            raise EngineError(f"read {relation}", f"the cluster sees {found[0]:,} rows of {rows:,}")


def is_readable(files: EventFiles) -> bool:
    """Whether Spark takes the paths as they are named: it reads patterns, and passes over hidden files."""
    return all(READ_AS_NAMED.fullmatch(path) for path in files.numbers)


def _places(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    """The numbers of files by their paths, as they are and as an address writes them.

    >>> _places({"/a b": 1})
    [('/a b', 1), ('/a%20b', 1)]
    """
    return sorted({(name, number) for path, number in numbers.items() for name in (path, quote(path))})
