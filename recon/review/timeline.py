"""The versions of contracts as bars on a time axis: where each holds until another takes over; what is proposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pandas as pd

from recon.contracts.lifecycle import OPEN
from recon.contracts.phrases import date_words
from recon.contracts.terms import ContractVersion
from recon.review.coming import last_day
from recon.review.kept import ContractBook

BAR_COLUMNS = ["row", "contract", "counterparty", "version", "kind", "state", "first", "last", "told"]
TIMELINE_HEADING = "## The book at a glance"
MOST_CONTRACTS = 60  # that one picture can show


def timeline_heading(contracts: Sequence[str]) -> str:
    """The heading of the book, and how many contracts its picture leaves out."""
    if len(contracts) <= MOST_CONTRACTS:
        return TIMELINE_HEADING
    return f"{TIMELINE_HEADING}\n\nThe first {MOST_CONTRACTS} of {len(contracts):,} contracts; filter to see others."


def timeline_bars(kept: ContractBook, contracts: Sequence[str]) -> pd.DataFrame:
    """A bar per version and dates in force, then one per open version, and the days from which contracts are ended.

    Columns: row (on the axis), contract, counterparty, version, kind, state, first, last (None: no end), told.
    """
    rows = [row for contract in contracts[:MOST_CONTRACTS] for row in _of_contract(kept, contract)]
    return pd.DataFrame(rows, columns=BAR_COLUMNS, dtype=object)


def _of_contract(kept: ContractBook, contract: str) -> Iterator[tuple[Any, ...]]:
    for span in kept.book.spans(contract):
        last = last_day(span)
        yield _bar(kept, span.version, contract, _state(kept.day, span.first, last), span.first, last)
    for one in kept.book.versions_of(contract):
        if one.is_approved and one.kind == "termination" and _ends(kept, one):
            yield _bar(kept, one, contract, "terminated", one.effective.first, one.effective.first)
        if one.status in OPEN:
            row = f"{contract}↳ v{one.version} {one.status}"
            yield _bar(kept, one, row, one.status, one.effective.first, one.effective.last)


def _state(day: date, first: date, last: date | None) -> str:
    if first > day:
        return "comes into force"
    return "in force" if last is None or day <= last else "was in force"


def _ends(kept: ContractBook, termination: ContractVersion) -> bool:
    """Whether a termination is what ends a version, not overtaken by one with a higher number."""
    first = termination.effective.first
    return any(span.end == first for span in kept.book.spans(termination.contract))


def _bar(  # noqa: PLR0917
    kept: ContractBook, version: ContractVersion, row: str, state: str, first: date, last: date | None
) -> tuple[Any, ...]:
    names = (row, version.contract, kept.party(version.contract), version.version, version.kind)
    return (*names, state, first, last, _told(version, state, first, last))


def _told(version: ContractVersion, state: str, first: date, last: date | None) -> str:
    """A bar in words, with the dates its version was agreed for where another cuts them short."""
    if state == "terminated":
        return f"v{version.version} ends the contract from {date_words(first)}"
    dates = f"{date_words(first)} to {date_words(last) if last else 'no end'}"
    agreed = version.effective.last
    is_cut = last is not None and (agreed is None or agreed > last) and state not in OPEN
    until = f"; agreed {f'to {date_words(agreed)}' if agreed else 'without an end'}" if is_cut else ""
    return f"v{version.version}, {version.kind}, {state}: {dates}{until}"
