"""How the months compare: variance over the last twelve closed months, and where this month's stands."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd

from recon.close import StoredClose
from recon.diagnose.bridge import WITHIN, movements
from recon.diagnose.grades import cause_words
from recon.ledger import Ledger, RecordedClose
from recon.period import Period
from recon.review.why import findings_of
from recon.review.words import total

MONTHS = 12
TREND_COLUMNS = ["month", "currency", "run", "is_locked", "expected", "billed", "net", "gross"]
SPREAD_COLUMNS = ["counterparty", "currency", "cause", "amount", "lines"]
MOST_PARTIES = 20  # that one picture can show, those with most money first


def trend(close: StoredClose) -> pd.DataFrame:
    """Expected, billed and variance, net and gross, per currency: twelve months up to this one, exact.

    A locked month is told by its locked run, this month by the run shown, the others by their latest run; months that
    were never closed are left out.
    """
    place, first = close.workspace, twelve_months(close)[0]
    with Ledger.open(place.database_url, place.closes) as ledger:
        locked = {one.period: one.run for one in ledger.all_locked()}
        runs = {one.period: one for one in ledger.closes() if first <= one.period < close.period}
        others = [ledger.find(period, locked.get(period, one.run)) for period, one in runs.items()]
        chosen = sorted([*others, ledger.find(close.period, close.run)], key=lambda one: one.period)
        rows = [row for one in chosen for row in _month(one, ledger.lines(one), locked.get(one.period) == one.run)]
    return pd.DataFrame(rows, columns=TREND_COLUMNS, dtype=object)


def twelve_months(close: StoredClose) -> list[str]:
    """The twelve months up to that of a close, the earliest first, closed or not."""
    month = Period.parse(close.period)
    return [str(month.shifted(back)) for back in range(1 - MONTHS, 1)]


def _month(one: RecordedClose, lines: tuple[dict[str, Any], ...], is_locked: bool) -> Iterator[tuple[object, ...]]:
    for currency in sorted({line["currency"] for line in lines}):
        own = [line for line in lines if line["currency"] == currency]
        expected, billed = (_sum(own, name) for name in ("expected_amount", "billed_amount"))
        gross = total(abs(line["variance"]) for line in own)
        yield one.period, currency, one.run, is_locked, expected, billed, billed - expected, gross


def _sum(lines: list[dict[str, Any]], name: str) -> Decimal:
    return total(line[name] or 0 for line in lines)


def by_party_and_cause(close: StoredClose, lines: pd.DataFrame) -> pd.DataFrame:
    """The findings' money per counterparty, currency and cause, exact; at most 20 counterparties per currency."""
    sums: dict[tuple[str, str, str], list[Decimal]] = {}
    for moved in movements(lines, findings_of(close, lines)):
        if moved.amount and moved.cause != WITHIN:
            sums.setdefault((moved.counterparty, moved.currency, cause_words(moved.cause)), []).append(moved.amount)
    rows = [(*key, total(amounts), len(amounts)) for key, amounts in sums.items()]
    frame = pd.DataFrame(sorted(rows), columns=SPREAD_COLUMNS, dtype=object)
    largest = _largest(frame)
    return frame.loc[[pair in largest for pair in zip(frame["currency"], frame["counterparty"], strict=True)]]


def _largest(frame: pd.DataFrame) -> set[tuple[str, str]]:
    sizes: dict[tuple[str, str], Decimal] = {}
    for row in frame.to_dict("records"):
        key = (row["currency"], row["counterparty"])
        sizes[key] = sizes.get(key, Decimal(0)) + abs(row["amount"])
    ordered = sorted(sizes, key=lambda key: (-sizes[key], key))
    return {key for key in ordered if [one for one in ordered if one[0] == key[0]].index(key) < MOST_PARTIES}
