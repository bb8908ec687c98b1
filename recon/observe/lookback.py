"""Which conversions of earlier months a month asks for: those that lock in it or are reversed in it (RULES 5.7, 5.9).

Where a price depends on the order of conversions (tiers, caps) the whole month of each is asked for.
"""

from __future__ import annotations

from datetime import timedelta

from recon.contracts.book import Book
from recon.contracts.terms import CpaTerms, Lock
from recon.engine import Engine
from recon.observe.scope import Scope
from recon.period import DAY, Period, local_date

EARLIEST = Period(1970, 1)


def find_asked_conversions(engine: Engine, book: Book, scope: Scope) -> None:
    """Create `asked_conversions`: the ids of earlier conversions that this period's lines can depend on."""
    engine.run("reversals that may count in the period", _reversed(scope))
    engine.table("asked_months", {"program": "TEXT", "start": "BIGINT", "end": "BIGINT"}, _months(engine, book, scope))
    engine.run(
        "earlier conversions asked for",
        """CREATE OR REPLACE TABLE asked_conversions AS
        SELECT conversion_id FROM reversed_conversions
        UNION SELECT c.conversion_id FROM known_conversions AS c
        JOIN asked_months AS m ON c.program = m.program AND c.ts >= m.start AND c.ts < m."end" """,
    )


def _reversed(scope: Scope) -> str:
    """Conversions with a reversal dated about the period, or one of before that met no earlier cut-off."""
    start, end = scope.period.start("UTC") - DAY, scope.period.end("UTC") + DAY
    before = scope.cutoff_of(scope.period.previous())
    return f"""
        CREATE OR REPLACE TABLE reversed_conversions AS
        SELECT DISTINCT c.conversion_id, c.program, c.ts
        FROM known_reversals AS r JOIN known_conversions AS c ON c.conversion_id = r.conversion_id
        WHERE r.ts < {end} AND (r.ts >= {start} OR r.ingested_at > {before})"""


def _months(engine: Engine, book: Book, scope: Scope) -> list[tuple[str, int, int]]:
    """(program, start, end) of the months that are asked for whole, a day wider than in UTC on both sides."""
    asked = {(program, month) for program, month in _locking_months(engine, book, scope)}
    asked |= {(program, month) for program, month in _ordered_months(engine, book)}
    earlier = sorted((program, month) for program, month in asked if month < scope.period)
    return [(program, month.start("UTC") - DAY, month.end("UTC") + DAY) for program, month in earlier]


def _ordered_months(engine: Engine, book: Book) -> set[tuple[str, Period]]:
    """Months of reversed conversions in programs where the order of conversions decides a price."""
    programs = {terms.program for terms in cpa_terms(book) if is_ordered(terms)}
    days = engine.rows(
        f"SELECT DISTINCT program, ts // {DAY} FROM reversed_conversions ORDER BY ALL", "days of reversed conversions"
    )
    around = [(program, int(day) + n) for program, day in days if program in programs for n in (-1, 0, 1)]
    return {(program, Period.of(local_date(day * DAY, "UTC"))) for program, day in around}


def _locking_months(engine: Engine, book: Book, scope: Scope) -> set[tuple[str, Period]]:
    """Months from which something can lock in the period, as far back as there are conversions."""
    since: dict[str, Period] = {}
    for terms in cpa_terms(book):
        if terms.lock is not None:
            first = first_locking_month(terms.lock, scope.period)
            since[terms.program] = min(first, since.get(terms.program, first))
    oldest = engine.row("SELECT MIN(ts) FROM known_conversions", "oldest conversion")[0]
    if oldest is None:
        return set()
    known = Period.of(local_date(oldest - DAY, "UTC"))
    return {(program, month) for program, first in since.items() for month in _from(max(first, known), scope.period)}


def _from(first: Period, end: Period) -> list[Period]:
    months = []
    while first < end:
        months.append(first)
        first = first.next()
    return months


def first_locking_month(lock: Lock, period: Period) -> Period:
    """The earliest month of a conversion that can lock in a period (RULES 5.9).

    >>> str(first_locking_month(Lock(after="month_end", months=1, days=0), Period(2026, 10)))
    '2026-09'
    """
    month = Period.of(period.first - timedelta(days=lock.days)).shifted(-(lock.months or 0))
    return max(month, EARLIEST)


def cpa_terms(book: Book) -> list[CpaTerms]:
    """The terms of every CPA version of a book."""
    return [version.terms for version in book.versions if isinstance(version.terms, CpaTerms)]


def is_ordered(terms: CpaTerms) -> bool:
    """Whether what a conversion earns depends on those before it: tiers and caps (RULES 5.8, 6.2)."""
    return bool(terms.caps) or any(item.tiers is not None for item in terms.items)
