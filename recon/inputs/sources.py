"""The only reader of users' files and databases: each dataset a relation of the engine, every row accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from threading import Event
from typing import Any, TypeVar

from recon.engine import Engine, EngineError, quoted
from recon.inputs import csvfiles, files, parquet, queries
from recon.inputs.datasets import DATASETS, EVENTS, Dataset
from recon.inputs.files import SourceFile
from recon.inputs.manifest import ControlTotal, SourceRecord
from recon.inputs.recalled import Events, EventSource, Recalled, named_kinds
from recon.inputs.rejects import MOST_REJECTED, Counts, Part, Rejected
from recon.inputs.rows import BillingRow, FxRate, OpeningBalance, Placed, ThirdPartyCount, fetch
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.workspace import SourceSpec, Workspace

Row = TypeVar("Row", bound=Placed)
Reader = Callable[[Engine, Dataset, SourceSpec, list[SourceFile]], Part]
Recall = Callable[[Events], Recalled | None]
HASHERS = 2


@dataclass(frozen=True)
class Inputs:
    """What was read for a period: small datasets as values, events as relations of the engine by their dataset's name.

    Each relation has the number of the file of a row besides (`file_number`, as in `input_files`).
    For each dataset `located_<dataset>` is the same relation with the file and row of every event. Where events were
    recalled, none of their relations are there. `events` names the sources of events, `found` what their files held.
    """

    period: Period
    billing_lines: tuple[BillingRow, ...]
    third_party: tuple[ThirdPartyCount, ...]
    fx_rates: tuple[FxRate, ...]
    opening_balances: tuple[OpeningBalance, ...]
    rejected: tuple[Rejected, ...]
    manifest: tuple[SourceRecord, ...]
    not_given: tuple[str, ...]
    events: Events
    found: Recalled

    def rows(self, dataset: str) -> int:
        """Rows read of a dataset, rejected ones included."""
        return sum(record.rows for record in self.manifest if record.dataset == dataset)


def read_inputs(workspace: Workspace, engine: Engine, period: Period, recall: Recall | None = None) -> Inputs:
    """Read all datasets that the workspace names into a fresh engine; those it does not name are there, empty.

    `recall` is asked, once the files are hashed, whether the events of these very sources are known: then their files
    are not read. Raises BadInput with every missing file, table or column, unreadable file and ragged row of all
    datasets.
    """
    found = _find(workspace)
    stop = Event()
    with ThreadPoolExecutor(HASHERS) as hasher:
        hashes = {file.number: hasher.submit(files.sha256, file, stop) for file in _every(found)}
        try:
            gathering = _Gathering(workspace, engine, period, found)
            gathering.read_others()
            recalled = recall(gathering.events(_results(hashes))) if recall and not gathering.problems else None
            gathering.read_events(recalled)
            digests = _results(hashes)
        finally:
            stop.set()
    if changed := list(files.changed(_every(found))):
        raise BadInput(changed)
    return gathering.inputs(digests)


def _results(hashes: Mapping[int, Future[str]]) -> dict[int, str]:
    return {number: digest.result() for number, digest in hashes.items()}


def _find(workspace: Workspace) -> dict[str, list[SourceFile]]:
    """The files of every dataset; raises BadInput where one is unknown, missing or has columns that do not exist.

    Files of events have the first numbers, so that another statement gives none of them another number.
    """
    problems = list(_unknown(workspace))
    found: dict[str, list[SourceFile]] = {}
    number = 1
    for name in [name for name in DATASETS if name in workspace.data]:
        spec = workspace.data[name]
        if spec.path is not None:
            found[name], missing = files.find(spec, workspace.folder, number)
            problems += missing
            number += len(found[name])
    if problems:
        raise BadInput(problems)
    return found


def _unknown(workspace: Workspace) -> Iterator[Problem]:
    for name, spec in workspace.data.items():
        if name not in DATASETS:
            yield Problem(spec.place, name, f"one of the datasets {', '.join(DATASETS)}")
            continue
        ours = [column.name for column in DATASETS[name].columns]
        for column in sorted(set(spec.columns) - set(ours)):
            yield Problem(f"{spec.place} columns", column, f"one of our columns {', '.join(ours)}, renamed to theirs")
        if spec.control and spec.control.amount is not None and DATASETS[name].amount is None:
            yield Problem(f"{spec.place} control", "amount", "rows alone: the dataset has no amounts")


def _every(found: Mapping[str, list[SourceFile]]) -> list[SourceFile]:
    return [file for some in found.values() for file in some]


class _Gathering:
    """Reads dataset after dataset, collecting problems, counts and rejected rows."""

    def __init__(
        self, workspace: Workspace, engine: Engine, period: Period, found: Mapping[str, list[SourceFile]]
    ) -> None:
        self.workspace, self.engine, self.period, self.files = workspace, engine, period, found
        self._problems: dict[str, list[Problem]] = {}
        self.parts: dict[str, Part] = {}
        self.amounts: dict[str, int] = {}
        self.queries: dict[str, tuple[queries.Query, str]] = {}
        named = (name for name, spec in workspace.data.items() if spec.query)
        self.query_numbers = {name: number for number, name in enumerate(named, len(_every(found)) + 1)}

    @property
    def problems(self) -> list[Problem]:
        """All that could not be read so far, by dataset."""
        return [problem for name in DATASETS for problem in self._problems.get(name, ())]

    def read_others(self) -> None:
        """Bring into the engine what is not a file of events; of queries only their rows say what they are."""
        self._name_sources()
        for dataset in DATASETS.values():
            if dataset.name not in EVENTS or dataset.name not in self.files:
                self.parts[dataset.name] = self._part(dataset)
                self._relate(dataset)

    def read_events(self, recalled: Recalled | None) -> None:
        """Bring the files of events into the engine unless they are recalled; raises BadInput with all problems."""
        for name in [name for name in EVENTS if name in self.files]:
            is_known = recalled is not None and name not in recalled.read_anew
            self.parts[name] = recalled.part(name) if recalled and is_known else self._part(DATASETS[name])
        if self.problems:
            raise BadInput(self.problems)
        for name in [name for name in EVENTS if self.parts[name].selects and name in self.files]:
            self._relate(DATASETS[name])
        self.amounts = dict(recalled.amounts) if recalled else self._amounts()

    def events(self, hashes: Mapping[int, str]) -> Events:
        """The sources of events as they are now."""
        sources = [
            EventSource(name, file.name, file.number, hashes[file.number])
            for name in EVENTS
            for file in self.files.get(name, ())
        ]
        sources += [
            EventSource(name, query.name, query.number, digest)
            for name, (query, digest) in self.queries.items()
            if name in EVENTS
        ]
        return Events(tuple(sources), tuple(named_kinds(self.workspace.data, EVENTS)))

    def inputs(self, hashes: Mapping[int, str]) -> Inputs:
        """What was read, every row accounted for."""
        small = {
            "billing_lines": self._small("billing_lines", BillingRow),
            "third_party": self._small("third_party", ThirdPartyCount),
            "fx_rates": self._small("fx_rates", FxRate),
            "opening_balances": self._small("opening_balances", OpeningBalance),
        }
        billing = small["billing_lines"]
        return Inputs(
            period=self.period,
            rejected=tuple(sorted(row for part in self.parts.values() for row in part.rejected)),
            manifest=tuple(self._records(hashes, billing)),
            not_given=tuple(name for name in DATASETS if name not in self.workspace.data),
            events=self.events(hashes),
            found=Recalled.of({name: self.parts[name] for name in EVENTS if name in self.files}, self.amounts),
            **small,  # type: ignore[arg-type]
        )

    def _name_sources(self) -> None:
        """The names of files and queries, for the engine to tell where a row came from."""
        rows = [(file.number, file.dataset, file.path.as_posix(), file.name) for file in _every(self.files)]
        rows += [(number, name, "", f"query:{name}") for name, number in self.query_numbers.items()]
        columns = {"number": "INTEGER", "dataset": "TEXT", "path": "TEXT", "file": "TEXT"}
        self.engine.table("input_files", columns, rows)

    def _part(self, dataset: Dataset) -> Part:
        """A dataset's rows; what is wrong is collected and gives none."""
        spec = self.workspace.data.get(dataset.name)
        part, problems = Part(), self._problems.setdefault(dataset.name, [])
        if spec is None:
            return part
        reads = (
            [self._query]
            if spec.query
            else [self._file_reader(parquet.read, True), self._file_reader(csvfiles.read, False)]
        )
        for read in reads:
            try:
                part.add(read(dataset, spec))
            except BadInput as bad:
                problems += bad.problems
            except EngineError as error:
                place = f"{spec.place}, {error.step}"
                problems.append(Problem(place, error.reason, "data that can be read to the end"))
        if len(part.rejected) > MOST_REJECTED:
            problems.append(_too_many(spec, part))
        return part

    def _file_reader(self, read: Reader, is_parquet: bool) -> Callable[[Dataset, SourceSpec], Part]:
        def read_files(dataset: Dataset, spec: SourceSpec) -> Part:
            mine = [file for file in self.files[dataset.name] if file.is_parquet == is_parquet]
            return read(self.engine, dataset, spec, mine) if mine else Part()

        return read_files

    def _query(self, dataset: Dataset, spec: SourceSpec) -> Part:
        url = self.workspace.url(str(spec.database))
        number = self.query_numbers[dataset.name]
        part, query, digest = queries.read(self.engine, dataset, spec, url=url, period=self.period, number=number)
        self.queries[dataset.name] = query, digest
        return part

    def _relate(self, dataset: Dataset) -> None:
        """The dataset as relations of the engine; without a source they are empty."""
        part = self.parts[dataset.name]
        nulls = ", ".join(f"NULL::{column.sql_type} AS {quoted(column.field)}" for column in dataset.columns)
        selects = part.selects or [f"SELECT {nulls}, NULL::INTEGER AS file_number WHERE false"]
        located = part.located or [f"SELECT {nulls}, NULL::TEXT AS file, NULL::BIGINT AS row WHERE false"]
        for name, sources in ((dataset.name, selects), (f"located_{dataset.name}", located)):
            self.engine.run(f"relate {name}", f"CREATE VIEW {quoted(name)} AS {' UNION ALL '.join(sources)}")
        self.engine.plain(dataset.name, part.plain)

    def _small(self, name: str, kind: type[Row]) -> tuple[Row, ...]:
        """The rows of a small dataset; those that repeat a key join the rejected."""
        part = self.parts[name]
        rows, repeated = fetch(self.engine, DATASETS[name], kind)
        part.rejected += repeated
        for file, count in Counter(row.file for row in repeated).items():
            part.counts[file] = replace(part.counts[file], rejected=part.counts[file].rejected + count)
        return rows

    def _records(self, hashes: Mapping[int, str], billing: Iterable[Any]) -> Iterator[SourceRecord]:
        outside = Counter(row.file for row in billing if row.period != str(self.period))
        for name in DATASETS:
            for place, record in enumerate(self._sources(name, hashes)):
                controls = tuple(self._controls(name)) if place == 0 else ()
                out = outside[record.source] if name == "billing_lines" else 0
                yield replace(record, controls=controls, out_of_period=out)

    def _sources(self, name: str, hashes: Mapping[int, str]) -> Iterator[SourceRecord]:
        counts = self.parts[name].counts
        for file in self.files.get(name, ()):
            yield _record(name, file.name, hashes[file.number], counts[file.name], bytes=file.bytes)
        if name in self.queries:
            query, digest = self.queries[name]
            told = {"system": query.system, "query": query.text, "parameters": query.parameters}
            yield _record(name, query.name, digest, counts[query.name], **told)

    def _controls(self, name: str) -> Iterator[ControlTotal]:
        """What the source declared, against what was found."""
        spec = self.workspace.data.get(name)
        control = spec.control if spec else None
        if control is not None and control.rows is not None:
            rows = sum(count.rows for count in self.parts[name].counts.values())
            yield ControlTotal("rows", Decimal(control.rows), Decimal(rows))
        if control is not None and control.amount is not None:
            yield ControlTotal("amount", control.amount, self._amount(DATASETS[name]))

    def _amount(self, dataset: Dataset) -> Decimal:
        """The sum of the dataset's amounts whatever their currencies: a check of the transmission, not money."""
        column = dataset.amount
        assert column is not None
        if not dataset.is_small:
            known = self.amounts.get(dataset.name)
            return Decimal(self._micros(dataset) if known is None else known).scaleb(-6)
        amounts = self.engine.rows(f"SELECT {quoted(column.field)} FROM {quoted(dataset.name)}")
        return sum((Decimal(amount) for (amount,) in amounts), Decimal(0))

    def _micros(self, dataset: Dataset) -> int:
        assert dataset.amount is not None
        found = self.parts[dataset.name].micros
        if found is not None:
            return found
        sql = f"SELECT coalesce(sum({quoted(dataset.amount.field)}), 0) FROM {quoted(dataset.name)}"
        return int(self.engine.row(sql)[0])

    def _amounts(self) -> dict[str, int]:
        """The sums, in millionths, of the datasets of events whose source declares one."""
        declared = {
            name for name, spec in self.workspace.data.items() if spec.control and spec.control.amount is not None
        }
        return {name: self._micros(DATASETS[name]) for name in EVENTS if name in declared}


def _record(dataset: str, source: str, sha256: str, counts: Counts, **told: Any) -> SourceRecord:
    return SourceRecord(
        dataset, source, sha256, counts.rows, counts.rejected, first=counts.first, last=counts.last, **told
    )


def _too_many(spec: SourceSpec, part: Part) -> Problem:
    row = part.rejected[0]
    example = f"{row.file} row {row.row}, {row.column} {row.value!r}: {row.reason}"
    return Problem(spec.place, f"more than {MOST_REJECTED} unusable rows", f"the dataset {row.dataset}; {example}")
