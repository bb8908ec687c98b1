"""How relations of events reach a cluster: as the very files, else as rows or copies that the engine here reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from recon.engine import spark_sql
from recon.engine.duck import Engine
from recon.engine.scans import EventFiles, EventQuery
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

    def read(self, relation: str, parts: Sequence[EventFiles | EventQuery | None]) -> None:
        """A relation from where Spark reads it as it is, else from the engine's own reading."""
        files = [one for one in parts if isinstance(one, EventFiles) and is_readable(one)]
        queries = [one for one in parts if isinstance(one, EventQuery)]
        if parts and len(files) == len(parts):
            self._from_files(relation, files)
        elif parts and len(queries) == len(parts):
            self._related(relation, [one.sql for one in queries], sum(one.rows for one in queries))
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
        self._related(relation, parts, sum(one.rows for one in files))

    def _related(self, relation: str, selects: Sequence[str], rows: int) -> None:
        self._scans.ask(relation, " UNION ALL ".join(selects), {})
        self._check(relation, rows)

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
