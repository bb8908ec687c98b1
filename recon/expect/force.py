"""When a contract is in force within a period, and by which versions (RULES 2.2, 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from recon.contracts.book import Book, Span
from recon.contracts.terms import AnyTerms, ContractVersion
from recon.period import Period


@dataclass(frozen=True)
class InForce:
    """A contract's spans that touch a period, in date order; there is at least one."""

    contract: str
    period: Period
    spans: tuple[Span, ...]

    @property
    def last(self) -> ContractVersion:
        """The version in force on the period's last day in force: it decides caps, commission, currency, minimum."""
        return self.spans[-1].version

    @property
    def terms(self) -> AnyTerms:
        """The terms of that version."""
        assert self.last.terms is not None
        return self.last.terms

    @property
    def currency(self) -> str:
        return self.last.currency

    @property
    def day_count(self) -> int:
        """How many of the period's days the contract is in force (RULES 4.6)."""
        return sum((end - first).days for first, end in map(self.within, self.spans))

    def within(self, span: Span) -> tuple[date, date]:
        """The days of a span that lie in the period, first and one past the last."""
        after = self.period.next().first
        return max(span.first, self.period.first), after if span.end is None else min(span.end, after)

    def stretch(self, day: date) -> int:
        """The place of the span that a day lies in; ValueError for a day out of force."""
        for place, span in enumerate(self.spans):
            if span.first <= day and (span.end is None or day < span.end):
                return place
        raise ValueError(f"{self.contract} is not in force on {day}")


def in_force(book: Book, contract: str, period: Period) -> InForce | None:
    """The contract's spans within a period; None where it is not in force on any day."""
    spans = [span for span in book.spans(contract) if span.first <= period.last]
    inside = tuple(span for span in spans if span.end is None or span.end > period.first)
    return InForce(contract, period, inside) if inside else None
