"""What a month is looked at with: its period, cut-offs and the instant of knowledge (RULES 1.9, 2.7)."""

from __future__ import annotations

from dataclasses import dataclass

from recon.contracts.book import Book, Span
from recon.contracts.terms import CpaTerms, CpmTerms
from recon.engine import literal
from recon.period import Period, midnight

FOREVER = 2**62  # an instant after all instants, for open-ended versions


@dataclass(frozen=True)
class Scope:
    """A period, the cut-off after which its events are late, and what was known (instants in µs, UTC).

    `cutoff` overrides the period's own cut-off; neighbouring periods keep theirs. `as_known_at` None means all
    that is known. `billing_timezone` is a zone whose month bounds are cut as well, for a later diagnosis.
    """

    period: Period
    cutoff_days: int
    cutoff: int | None = None
    as_known_at: int | None = None
    billing_timezone: str | None = None

    def cutoff_of(self, period: Period) -> int:
        """The last instant at which an event of a period may be ingested and count (RULES 1.9)."""
        if period == self.period and self.cutoff is not None:
            return self.cutoff
        return period.cutoff(self.cutoff_days)

    @property
    def is_known(self) -> str:
        """The SQL condition under which a row exists, as known then."""
        if self.as_known_at is None:
            return "TRUE"
        return f"(ingested_at IS NULL OR ingested_at <= {self.as_known_at})"


def starts(span: Span) -> int:
    """The first instant of a span in its contract's zone."""
    return midnight(span.first, span.version.timezone)


def ends(span: Span) -> int:
    """The first instant after a span in its contract's zone."""
    return FOREVER if span.end is None else midnight(span.end, span.version.timezone)


def spans_of(book: Book, model: type[CpmTerms] | type[CpaTerms]) -> tuple[Span, ...]:
    """All spans in force of one model, by contract and date."""
    return tuple(
        span for contract in book.contracts for span in book.spans(contract) if isinstance(span.version.terms, model)
    )


def one_of(values: frozenset[str]) -> str:
    """Values as an SQL list; NULL alone where there are none."""
    return ", ".join(literal(value) for value in sorted(values)) or "NULL"
