"""Contracts in force at one instant: dates of different zones meet only as instants (RULES 1.3, 2.8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from recon import period
from recon.contracts.book import Book, Span
from recon.contracts.terms import ContractVersion


@dataclass(frozen=True)
class Stretch:
    """A span as instants, µs: half-open, its end infinite when open-ended."""

    span: Span
    start: int
    end: float

    def meets(self, other: Stretch) -> bool:
        return self.start < other.end and other.start < self.end


def stretches(book: Book) -> Iterator[Stretch]:
    """Every span of the book as instants."""
    for contract in book.contracts:
        for span in book.spans(contract):
            zone = span.version.timezone
            end = math.inf if span.end is None else period.midnight(span.end, zone)
            yield Stretch(span, period.midnight(span.first, zone), end)


def clashes(keyed: Iterable[tuple[str, Stretch]]) -> Iterator[tuple[str, ContractVersion, ContractVersion]]:
    """(key, version, version of another contract) in force at one instant under one key, each pair once."""
    groups: dict[str, list[Stretch]] = {}
    for key, stretch in keyed:
        groups.setdefault(key, []).append(stretch)
    for key, group in groups.items():
        pairs = combinations(group, 2)
        met = [(a.span, b.span) for a, b in pairs if a.span.contract != b.span.contract and a.meets(b)]
        once = {(a.contract, a.version.version, b.contract, b.version.version): (a, b) for a, b in met}
        yield from ((key, a.version, b.version) for a, b in once.values())
