"""What should have been billed: contract versions applied to observations. Never sees the statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from recon.contracts.book import Book
from recon.engine import Engine
from recon.expect.clawbacks import SignedOff, StillEarned
from recon.expect.cpa import expected_cpa
from recon.expect.cpm import expected_cpm
from recon.expect.currency import ExchangeRates
from recon.expect.lines import ExpectedLine, FateCount, Remark, added_up
from recon.expect.openings import Balance, Opening, Openings
from recon.expect.unpriced import Unpriced, unpriced
from recon.inputs.rows import OpeningBalance, ThirdPartyCount
from recon.observe.impressions import impression_counts
from recon.observe.scope import Scope
from recon.period import Period

__all__ = [
    "Balance", "Expectation", "ExpectedLine", "FateCount", "LockedBefore", "Opening", "Remark", "SignedOff",
    "StillEarned", "Unpriced", "expect", "nothing_locked", "openings_of",
]  # fmt: skip


LockedBefore = Callable[[Period], Iterable[Balance] | None]


def nothing_locked(period: Period) -> None:
    """No month before is locked."""
    return None


@dataclass(frozen=True)
class Expectation:
    """The expected lines of a period by key, the fate of every event, and the contracts that are not priced.

    `uncounted` are lines of nothing, which do not exist (RULES 4.5), where another party's count was looked at: their
    workings tell why our units are not billed. `remarks` are findings of the recomputation itself; `openings` the
    opening balances that were asked for, with their sources; `balances` what the next period starts from.
    """

    lines: tuple[ExpectedLine, ...]
    fates: tuple[FateCount, ...]
    not_priced: tuple[Unpriced, ...]
    remarks: tuple[Remark, ...] = ()
    openings: tuple[Opening, ...] = ()
    balances: tuple[Balance, ...] = ()
    uncounted: tuple[ExpectedLine, ...] = ()


def expect(
    engine: Engine,
    book: Book,
    scope: Scope,
    fx_rates: Iterable[tuple[date, str, str, Decimal]],
    *,
    third_party: Iterable[ThirdPartyCount] = (),
    opening_balances: Sequence[OpeningBalance] = (),
    locked: LockedBefore = nothing_locked,
    signed: SignedOff | None = None,
) -> Expectation:
    """Price the observations in the engine by a book as known then (RULES 2 to 7).

    `locked` gives the balances with which the locked close of the month before a period ended, None without one;
    `signed` is what locked closes said of earlier conversions and reversals. Leaves the relations `decided` (one row
    per contract and conversion), `taken_back` and `reversal_effects` in the engine. Raises BadInput where an exchange
    rate is missing.
    """
    left_out = unpriced(book, scope.period)
    rates, openings = ExchangeRates(fx_rates), Openings(str(scope.period), opening_balances, locked(scope.period))
    counts = impression_counts(engine)
    cpm = expected_cpm(counts, book, scope, rates=rates, openings=openings, third_party=third_party)
    of_period = _openings_of(scope.period, openings, opening_balances, locked)
    left = {one.contract for one in left_out}
    cpa = expected_cpa(engine, book, scope, rates, left, openings_of=of_period, signed=signed)
    every = sorted((*cpm.lines, *cpa.lines), key=lambda line: line.key)
    return Expectation(
        tuple(line for line in every if line.exists),
        added_up([*cpm.fates, *cpa.fates]),
        left_out,
        (*cpm.remarks, *cpa.remarks),
        openings.asked,
        openings.closing([*cpm.moved, *cpa.balances]),
        tuple(line for line in every if not line.exists and line.is_counted),
    )


def openings_of(
    period: Period, opening_balances: Sequence[OpeningBalance], locked: LockedBefore
) -> Callable[[Period], Openings]:
    """The openings of any period up to this one (RULES 4.7)."""
    own = Openings(str(period), opening_balances, locked(period))
    return _openings_of(period, own, opening_balances, locked)


def _openings_of(
    period: Period, openings: Openings, opening_balances: Sequence[OpeningBalance], locked: LockedBefore
) -> Callable[[Period], Openings]:
    """The openings of this period, and of earlier ones that are looked at again (dataset: only rows dated for them)."""
    dated = [row for row in opening_balances if row.period]
    return lambda asked: openings if asked == period else Openings(str(asked), dated, locked(asked))
