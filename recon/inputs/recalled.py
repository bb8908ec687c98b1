"""Events whose files need not be read: what they held is known from an earlier close of the very same files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from recon.inputs.rejects import Counts, Part, Rejected
from recon.workspace import SourceSpec


@dataclass(frozen=True)
class EventSource:
    """A file or query of events: its name, its number in this close and the SHA-256 of its content."""

    dataset: str
    name: str
    number: int
    sha256: str


@dataclass(frozen=True)
class Events:
    """All sources of events, and how the workspace has them read: (dataset, renamed columns, declared totals)."""

    sources: tuple[EventSource, ...]
    readings: tuple[tuple[str, str, str], ...]

    def told(self) -> dict[str, Any]:
        """The same as values that JSON knows."""
        return {"sources": [asdict(one) for one in self.sources], "readings": [list(one) for one in self.readings]}


@dataclass(frozen=True)
class Recalled:
    """What files of events held: rows by dataset and file, rejected rows, and sums of amounts in millionths.

    The datasets `read_anew` are asked for as relations nevertheless.
    """

    counts: Mapping[str, Mapping[str, Counts]]
    rejected: tuple[Rejected, ...]
    amounts: Mapping[str, int]
    read_anew: frozenset[str] = frozenset()

    @classmethod
    def of(cls, parts: Mapping[str, Part], amounts: Mapping[str, int]) -> Recalled:
        """What was found as the files were read."""
        counts = {name: dict(part.counts) for name, part in parts.items()}
        return cls(counts, tuple(row for part in parts.values() for row in part.rejected), dict(amounts))

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Recalled:
        """The same read back."""
        counts = {name: {file: Counts(**one) for file, one in files.items()} for name, files in told["counts"].items()}
        return cls(counts, tuple(Rejected(**row) for row in told["rejected"]), dict(told["amounts"]))

    def to_dict(self) -> dict[str, Any]:
        """The same as values that JSON knows."""
        counts = {name: {file: asdict(one) for file, one in files.items()} for name, files in self.counts.items()}
        return {"counts": counts, "rejected": [asdict(row) for row in self.rejected], "amounts": dict(self.amounts)}

    def part(self, dataset: str) -> Part:
        """A dataset's part, without a relation to read."""
        rejected = [row for row in self.rejected if row.dataset == dataset]
        return Part(counts=dict(self.counts[dataset]), rejected=rejected)


def named_kinds(data: Mapping[str, SourceSpec], datasets: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """How the datasets that a workspace names are read, wherever `recon.toml` says so."""
    for name in datasets:
        if spec := data.get(name):
            yield name, repr(sorted(spec.columns.items())), repr(spec.control)
