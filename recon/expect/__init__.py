"""What should have been billed: contract versions applied to observations. Never sees the statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from recon.contracts.book import Book
from recon.engine import Engine
from recon.expect.cpa import expected_cpa
from recon.expect.cpm import expected_cpm
from recon.expect.currency import ExchangeRates
from recon.expect.lines import ExpectedLine, FateCount, added_up
from recon.expect.unpriced import Unpriced, unpriced
from recon.observe.impressions import impression_counts
from recon.observe.scope import Scope

__all__ = ["Expectation", "ExpectedLine", "FateCount", "Unpriced", "expect"]


@dataclass(frozen=True)
class Expectation:
    """The expected lines of a period by key, the fate of every event, and the contracts that are not priced."""

    lines: tuple[ExpectedLine, ...]
    fates: tuple[FateCount, ...]
    not_priced: tuple[Unpriced, ...]


def expect(engine: Engine, book: Book, scope: Scope, fx_rates: Iterable[tuple[date, str, str, Decimal]]) -> Expectation:
    """Price the observations in the engine by a book as known then (RULES 2 to 7).

    Leaves the relation `decided` in the engine: one row per contract and conversion. Raises BadInput where an
    exchange rate is missing.
    """
    left_out = unpriced(book, scope.period)
    skipped = {one.contract for one in left_out}
    cpm_lines, cpm_fates = expected_cpm(impression_counts(engine), book, scope, skipped)
    cpa_lines, cpa_fates = expected_cpa(engine, book, scope, ExchangeRates(fx_rates), skipped)
    lines = [line for line in (*cpm_lines, *cpa_lines) if line.quantity or line.amount]
    return Expectation(tuple(sorted(lines, key=lambda line: line.key)), added_up([*cpm_fates, *cpa_fates]), left_out)
