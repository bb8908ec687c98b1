"""A month's events scanned on Spark; all else, and what the scans came to, in DuckDB here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from recon.engine import spark_session
from recon.engine.duck import Engine
from recon.engine.events import Reader
from recon.engine.scans import EventFiles, EventQuery, Scans
from recon.engine.spark_scans import SparkScans


class SparkEngine(Engine):
    """The local engine whose scans run on a Spark master; the session begins when it is first needed.

    Events reach the cluster by the paths of their files, or as copies in the spill folder: both sides must see them.
    """

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
        self._plain: dict[str, Sequence[EventFiles | EventQuery | None]] = {}

    @property
    def library(self) -> str:  # type: ignore[override]
        """The library that scans the events; BadInput where it is missing."""
        spark_session.needed(self._master)
        return "pyspark"

    def plain(self, relation: str, parts: Sequence[EventFiles | EventQuery | None]) -> None:
        """What makes up a relation, None for a part that only this engine reads."""
        self._plain[relation] = parts

    def ask(self, relation: str, query: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Make a relation of a query in the cluster, in its dialect; its columns and their types there."""
        return self._cluster.ask(relation, query, parameters)

    def there(self, sql: str, name: str) -> list[tuple[Any, ...]]:
        """All rows of a query in the cluster, in its dialect."""
        return self._cluster.there(sql, name)

    def scan(self, work: Callable[[Scans], None], events: Iterable[str], results: Iterable[str]) -> None:
        """Run steps over relations of events on Spark and bring their results here, in the types they have here."""
        events, results = list(events), list(results)
        types = self._types(work, events, results)
        reader = Reader(self, self._cluster, self._spill.folder)
        try:
            for relation in events:
                reader.read(relation, self._plain.get(relation, ()))
            work(self._cluster)
            for relation in results:
                self.load(relation, types[relation], self._cluster.bring(relation))
        finally:
            self.steps += self._cluster.steps
            self._cluster.forget()

    def close(self) -> None:
        """End both sessions."""
        if "_cluster" in self.__dict__:
            self._cluster.session.stop()
        super().close()

    @cached_property
    def _cluster(self) -> SparkScans:
        """The session on the master, begun when it is first needed."""
        return SparkScans(spark_session.start(self._master, self._memory_limit, self._spill.folder), self.on_step)

    def _types(
        self, work: Callable[[Scans], None], events: Iterable[str], results: Iterable[str]
    ) -> dict[str, Mapping[str, str]]:
        """The columns and types that the same steps give here, run over no events at all."""
        with Engine(threads=1) as empty:
            for relation in events:
                empty.table(relation, self.types(relation), [])
            work(empty)
            return {relation: empty.types(relation) for relation in results}
