"""The clauses and dates that decide conversions, as relations: months, local dates, cut-offs (RULES 1.3, 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from recon.contracts.book import Book, Span
from recon.contracts.terms import CpaTerms
from recon.engine import Engine
from recon.expect.locks import earned_in, expires_on, locks_on
from recon.observe.scope import Scope, ends, spans_of, starts
from recon.period import DAY, Period, duration, local_date, midnight

SPAN_COLUMNS = {
    "contract": "TEXT", "version": "BIGINT", "direction": "TEXT", "program": "TEXT", "partner": "TEXT",
    "zone": "TEXT", "start": "BIGINT", "end": "BIGINT", "period": "TEXT", "cutoff": "BIGINT",
    "click_window": "BIGINT", "view_window": "BIGINT", "is_exclusive": "BOOLEAN", "min_age": "BIGINT",
    "no_givt": "BOOLEAN", "no_sivt": "BOOLEAN", "model": "TEXT", "prefer": "TEXT", "is_competing": "BOOLEAN",
    "half_life_days": "BIGINT", "dedupe_window": "BIGINT", "by_touch_date": "BOOLEAN", "own_currency": "TEXT",
}  # fmt: skip
VERSION_COLUMNS = {"contract": "TEXT", "version": "BIGINT", "start": "BIGINT", "end": "BIGINT"}
DAY_COLUMNS = {
    "contract": "TEXT", "utc_day": "BIGINT", "start": "BIGINT", "end": "BIGINT", "day": "DATE", "earned_in": "TEXT",
    "lock_date": "DATE", "expires_on": "DATE",
}  # fmt: skip
ZONE_DAY_COLUMNS = {
    "zone": "TEXT", "utc_day": "BIGINT", "start": "BIGINT", "end": "BIGINT", "day": "DATE", "period": "TEXT",
}  # fmt: skip


def lay_out(engine: Engine, book: Book, scope: Scope) -> None:
    """Create the relations of clauses and dates, from the month of the oldest conversion asked for on.

    `cpa_spans`: versions in force cut at months, with the clauses that attribution needs; `cpa_versions`: the same
    uncut; `cpa_days`: local dates of contracts, with the period in which a conversion of that date earns, its lock
    date and the last date of a reversal that takes back; `zone_days`: local dates per zone; `months`: cut-offs.
    Days stand once per UTC day that they overlap (`utc_day`, whole days since the epoch), to be joined by it.
    """
    months = _months(engine, scope)
    spans = list(spans_of(book, CpaTerms))
    parts = [(span, part) for span in spans for part in _parts(span, months)]
    engine.table("cpa_spans", SPAN_COLUMNS, [_span_row(span, part, scope) for span, part in parts])
    uncut = [(span.contract, span.version.version, starts(span), ends(span)) for span in spans]
    engine.table("cpa_versions", VERSION_COLUMNS, uncut)
    engine.table("cpa_days", DAY_COLUMNS, [row for span, part in parts for row in _day_rows(span, part)])
    zones = sorted({span.version.timezone for span in spans})
    told = [month for month in months if month <= scope.period]
    engine.table("zone_days", ZONE_DAY_COLUMNS, [row for zone in zones for month in told for row in _zone(zone, month)])
    cutoffs = [(str(month), scope.cutoff_of(month)) for month in told]
    engine.table("months", {"period": "TEXT", "cutoff": "BIGINT"}, cutoffs)


def _months(engine: Engine, scope: Scope) -> list[Period]:
    """From the month of the oldest conversion in question to the one after the period."""
    oldest = engine.row("SELECT MIN(ts) FROM conversion_rows", "oldest conversion in question")[0]
    month = scope.period.previous()
    if oldest is not None:
        month = min(month, Period.of(local_date(oldest - DAY, "UTC")))
    months = [month]
    while months[-1] <= scope.period:
        months.append(months[-1].next())
    return months


@dataclass(frozen=True)
class _Part:
    """A span within one month: bounds in µs, and the month."""

    start: int
    end: int
    period: Period


def _parts(span: Span, months: list[Period]) -> Iterator[_Part]:
    zone, first, last = span.version.timezone, starts(span), ends(span)
    for period in months:
        start, end = max(first, period.start(zone)), min(last, period.end(zone))
        if start < end:
            yield _Part(start, end, period)


def _span_row(span: Span, part: _Part, scope: Scope) -> tuple[object, ...]:
    version = span.version
    terms = version.terms
    assert isinstance(terms, CpaTerms)
    stated = terms.attribution
    return (
        span.contract, version.version, version.direction, terms.program, terms.partner,
        version.timezone, part.start, part.end, str(part.period),
        scope.cutoff_of(part.period), duration(stated.click_window), duration(stated.view_window),
        stated.window_bound == "exclusive", duration(stated.min_age), "givt" in terms.exclude_ivt,
        "sivt" in terms.exclude_ivt, stated.model, stated.prefer,
        version.direction == "payout" and stated.across == "program", stated.half_life_days,
        duration(terms.dedupe_window), terms.date_basis == "touch", version.currency,
    )  # fmt: skip


def _day_rows(span: Span, part: _Part) -> Iterator[tuple[object, ...]]:
    terms = span.version.terms
    assert isinstance(terms, CpaTerms)
    day = local_date(part.start, span.version.timezone)
    while day <= part.period.last and (span.end is None or day < span.end):
        clauses = str(earned_in(terms, day)), locks_on(terms, day), expires_on(terms, day)
        for utc_day, start, end in _overlaps(day, span.version.timezone):
            yield span.contract, utc_day, start, end, day, *clauses
        day += timedelta(days=1)


def _zone(zone: str, month: Period) -> Iterator[tuple[object, ...]]:
    for number in range(month.days):
        day = month.first + timedelta(days=number)
        for utc_day, start, end in _overlaps(day, zone):
            yield zone, utc_day, start, end, day, str(month)


def _overlaps(day: date, zone: str) -> Iterator[tuple[int, int, int]]:
    """A local date's bounds, once for each UTC day that it overlaps."""
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    for utc_day in range(start // DAY, (end - 1) // DAY + 1):
        yield utc_day, start, end
