"""A row per contract: with whom it is, what holds on the date, what is newest, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from recon.review.coming import Coming, comings, last_day, next_words
from recon.review.kept import ContractBook

BOOK_HEADING = "### A row per contract\n\nChoose one here, or a bar above, to see its history and its clauses."
BOOK_COLUMNS = [
    "contract", "counterparty", "side", "priced", "in force", "to", "newest", "what comes next",
]  # fmt: skip


def book_table(kept: ContractBook, contracts: list[str]) -> pd.DataFrame:
    """A row per contract: with whom and how, the version in force on the date, the newest, what comes next."""
    found = comings(kept)
    return pd.DataFrame([_row(kept, contract, found) for contract in contracts], columns=BOOK_COLUMNS, dtype=object)


def _row(kept: ContractBook, contract: str, found: Sequence[Coming]) -> tuple[str, ...]:
    newest, span = kept.newest(contract), kept.span(contract)
    held = ("none", "–")
    if span is not None:
        held = (f"v{span.version.version} from {span.first}", str(last_day(span) or "no end"))
    return (
        contract, newest.counterparty.name, f"{newest.counterparty.role}, {newest.direction}",
        f"{_model(kept, contract)}, {newest.currency}", *held, f"v{newest.version} {newest.status}",
        next_words(kept, contract, found),
    )  # fmt: skip


def _model(kept: ContractBook, contract: str) -> str:
    """How a contract is priced; a termination has no terms of its own."""
    return next(one.terms.model.upper() for one in reversed(kept.book.versions_of(contract)) if one.terms is not None)
