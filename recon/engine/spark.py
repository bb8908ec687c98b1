"""A month's events scanned on Spark; all else, and what the scans came to, in DuckDB here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from recon.engine import spark_session
from recon.engine.duck import Engine
from recon.engine.events import Reader
from recon.engine.scans import EventFiles, Scans
from recon.engine.spark_scans import SparkScans


class SparkEngine(Engine):
    """The local engine whose scans run on a Spark master; the session begins with the first scan, ends with it.

    Events reach the cluster by the paths of their files, or as copies in the spill folder: both sides must see them.
    """

    library = "pyspark"
    scans_here = False

    def __init__(
        self,
        master: str,
        memory_limit: str = "1GB",
        threads: int | None = None,
        temp_dir: str | Path | None = None,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(memory_limit, threads, temp_dir, on_step)
        self._master, self._memory_limit = master, memory_limit
        self._plain: dict[str, Sequence[EventFiles | None]] = {}

    def plain_files(self, relation: str, files: Sequence[EventFiles | None]) -> None:
        """The files that make up a relation, None for a part that only this engine reads."""
        self._plain[relation] = files

    def scan(self, work: Callable[[Scans], None], events: Iterable[str], results: Iterable[str]) -> None:
        """Run steps over relations of events on Spark and bring their results here, in the types they have here."""
        events, results = list(events), list(results)
        types = self._types(work, events, results)
        session = spark_session.start(self._master, self._memory_limit, self._spill.folder)
        scans = SparkScans(session, self.on_step)
        try:
            reader = Reader(self, scans, self._spill.folder)
            for relation in events:
                reader.read(relation, self._plain.get(relation, ()))
            work(scans)
            for relation in results:
                self.load(relation, types[relation], scans.bring(relation))
        finally:
            self.steps += scans.steps
            scans.forget()
            session.stop()

    def _types(
        self, work: Callable[[Scans], None], events: Iterable[str], results: Iterable[str]
    ) -> dict[str, Mapping[str, str]]:
        """The columns and types that the same steps give here, run over no events at all."""
        with Engine(threads=1) as empty:
            for relation in events:
                empty.table(relation, self.types(relation), [])
            work(empty)
            return {relation: empty.types(relation) for relation in results}
