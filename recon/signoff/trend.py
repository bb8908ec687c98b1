"""What the closed months came to, month by month, as far back as a year: what a month is looked at beside (AUDIT)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recon.close import StoredClose
from recon.ledger import Ledger, RecordedClose

MONTHS = 12


@dataclass(frozen=True)
class MonthTotal:
    """The lines of a month in one currency, added up, in major units; of the locked run, else of the latest."""

    period: str
    run: int
    is_locked: bool
    currency: str
    expected: Decimal
    billed: Decimal

    @property
    def variance(self) -> Decimal:
        """Billed − expected."""
        return self.billed - self.expected


def month_totals(
    period: str, run: int, lines: Iterable[Mapping[Any, Any]], *, is_locked: bool = False
) -> tuple[MonthTotal, ...]:
    """A month's totals by currency, sorted."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for line in lines:
        expected, billed = sums.get(line["currency"], (Decimal(0), Decimal(0)))
        sums[line["currency"]] = expected + line["expected_amount"], billed + line["billed_amount"]
    return tuple(MonthTotal(period, run, is_locked, currency, *sums[currency]) for currency in sorted(sums))


def months_up_to(close: StoredClose, ledger: Ledger) -> tuple[MonthTotal, ...]:
    """The totals of a close after those of the closed months before it, twelve months in all."""
    runs: dict[str, RecordedClose] = {one.period: one for one in ledger.closes()}  # of a period the latest
    locked = {one.period: one for one in ledger.all_locked()}
    before = sorted(period for period in runs if period < close.period)[1 - MONTHS :]
    chosen = [locked.get(period, runs[period]) for period in before]
    earlier = (month_totals(one.period, one.run, ledger.lines(one), is_locked=one.period in locked) for one in chosen)
    this_one = locked.get(close.period)
    is_locked = this_one is not None and this_one.run == close.run
    own = month_totals(close.period, close.run, close.lines.to_dict("records"), is_locked=is_locked)
    return (*(total for month in earlier for total in month), *own)
