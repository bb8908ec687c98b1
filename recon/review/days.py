"""A line day by day, as far as the close keeps days: events per UTC day, and the amendments that fell in the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from recon.close import StoredClose
from recon.contracts.phrases import date_words
from recon.period import Period
from recon.review.lines import has_decisions

EPOCH, DAY_US = date(1970, 1, 1), 86_400_000_000
DAY_COLUMNS = ["day", "quantity", "amount"]
COUNTS = ("quantity", "utc_day", "ivt", "is_test", "is_duplicate", "is_late")
MARK_COLUMNS = ["day", "told"]
NO_DAYS = "#### Day by day\n\nNo days are kept for this line: it was priced as a whole."
COUNTED = (
    "What was measured per UTC day: impressions of the item without tests, repeats and invalid traffic, before the "
    "contract's other conditions. A price per thousand and its tiers hold for the whole month, so a day has no amount."
)
PRICED = (
    "What is expected per UTC day of the conversion: those payable, before the line is rounded and before clauses of "
    "the whole month (discounts, caps, clawbacks)."
)
NOT_BILLED = "The statement bills the month in one amount: it names no days to hold against these."


def days_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """The events of a selected line per UTC day of the month; amounts exact (CPA), None where a day has none (CPM)."""
    row, source = line.iloc[0], "conversion_rows" if has_decisions(close, line) else "impression_days"
    has_days = row["kind"] in ("charge", "payout") and (close.folder / f"observations/{source}.parquet").is_file()
    find = _conversions if source == "conversion_rows" else _impressions
    days = pd.DataFrame(list(find(close, row)) if has_days else [], columns=DAY_COLUMNS, dtype=object)
    return days.sort_values("day").reset_index(drop=True) if len(days) else days


def _conversions(close: StoredClose, row: Any) -> Iterator[tuple[date, int, Decimal]]:
    """The payable conversions of a CPA line's item; lines of other kinds (clawbacks, minimums) have no days."""
    kept = close.conversions(row["contract"])
    payable = kept[(kept["item"] == row["item"]) & (kept["fate"] == "payable")]
    known = close.observed("conversion_rows", columns=("conversion_id", "ts")).set_index("conversion_id")["ts"]
    utc_days = payable["conversion_id"].map(known).astype("int64") // DAY_US
    for utc_day, amounts in payable["exact_amount"].groupby(utc_days):
        times = amounts.value_counts()  # how often each amount came: an exact sum without a step per conversion
        summed = sum((Fraction(str(each)) * count for each, count in times.to_dict().items()), Fraction(0))
        yield _day(utc_day), len(amounts), _decimal(summed)


def _impressions(close: StoredClose, row: Any) -> Iterator[tuple[date, int, None]]:
    seen, month = close.observed("impression_days", item=row["item"], columns=COUNTS), Period.parse(close.period)
    is_good = seen["ivt"].isna()
    for mark in ("is_test", "is_duplicate", "is_late"):
        is_good &= ~seen[mark].astype(bool)
    for utc_day, quantities in seen.loc[is_good, "quantity"].groupby(seen["utc_day"]):
        if month.first <= _day(utc_day) <= month.last:
            yield _day(utc_day), int(quantities.sum()), None


def _day(utc_day: Any) -> date:
    return EPOCH + timedelta(days=int(utc_day))


def _decimal(amount: Fraction) -> Decimal:
    """An amount of a day at four decimals, for reading: the line itself is rounded once, at its end."""
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.0001"))


def amendments_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """The versions of the line's contract that came into force within the month, as marks: day, told."""
    month = Period.parse(close.period)
    versions = [one for one in close.versions if one["contract"] == line["contract"].iloc[0]]
    starts = [(date.fromisoformat(one["effective_from"]), one) for one in versions if one["status"] == "approved"]
    rows = [
        (day, f"v{one['version']} from {date_words(day)}") for day, one in starts if month.first < day <= month.last
    ]
    return pd.DataFrame(rows, columns=MARK_COLUMNS, dtype=object)


def days_words(close: StoredClose, line: pd.DataFrame, days: pd.DataFrame) -> str:
    """What the days below are, and what they are not, in Markdown."""
    if days.empty:
        return NO_DAYS
    told = PRICED if has_decisions(close, line) else COUNTED
    return f"#### Day by day\n\n{told} {NOT_BILLED}"


def currency_of(line: pd.DataFrame) -> str:
    """The currency of a selected line."""
    return str(line["currency"].iloc[0])
