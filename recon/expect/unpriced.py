"""Clauses that are not priced yet: a contract that has one is listed, with the clause, and never priced without it."""

from __future__ import annotations

from dataclasses import dataclass

from recon.contracts.book import Book, Span
from recon.contracts.terms import ContractVersion
from recon.period import Period


@dataclass(frozen=True)
class Unpriced:
    """A contract left out of the expected lines of a period, and the clause that is the reason."""

    contract: str
    version: int
    clause: str


def unpriced(book: Book, period: Period) -> tuple[Unpriced, ...]:
    """Every clause of a version in force in the period that cannot be priced yet."""
    spans = [span for contract in book.contracts for span in book.spans(contract) if _touches(span, period)]
    found = {(s.contract, s.version.version, clause) for s in spans for clause in clauses_not_priced(s.version)}
    return tuple(Unpriced(*row) for row in sorted(found))


def _touches(span: Span, period: Period) -> bool:
    return span.first <= period.last and (span.end is None or span.end > period.first)


def clauses_not_priced(version: ContractVersion) -> list[str]:
    """The paths of a version's clauses that are not priced yet: none are left."""
    return []
