"""Clauses that are not priced yet: a contract that has one is listed, with the clause, and never priced without it."""

from __future__ import annotations

from dataclasses import dataclass

from recon.contracts.book import Book, Span
from recon.contracts.terms import ContractVersion, CpaTerms
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
    """The paths of a version's clauses that are not priced yet; CPM terms are priced whole."""
    return [*_of_charges(version.terms), *_of_cpa(version.terms)] if isinstance(version.terms, CpaTerms) else []


def _of_charges(terms: CpaTerms) -> list[str]:
    defaults = type(terms).model_fields
    names = (
        "discount_percent", "bill", "commission_percent", "cap", "minimum", "invoice_currency", "fixed_fees",
    )  # fmt: skip
    return [name for name in names if getattr(terms, name) != defaults[name].default]


def _of_cpa(terms: CpaTerms) -> list[str]:
    found = [f"items[{item.item}].tiers" for item in terms.items if item.tiers]
    found += [name for name in ("caps", "bonus", "minimum_payout") if getattr(terms, name)]
    return found + (["earn_on"] if terms.earn_on != "conversion" else [])
