"""Which conversions of earlier months a month asks for: those that lock in it or are reversed in it (RULES 5.7, 5.9).

Where a price depends on the order of conversions (tiers, caps) the whole month of each is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from recon.engine import Scans
from recon.observe.questions import Questions
from recon.observe.scope import Scope
from recon.period import DAY, Period, local_date


def find_asked_conversions(engine: Scans, asked: Questions, scope: Scope) -> None:
    """Create `asked_conversions`: the ids of earlier conversions that this period's lines can depend on."""
    engine.run("reversals that may count in the period", _reversed(scope))
    engine.table("asked_months", {"program": "TEXT", "start": "BIGINT", "end": "BIGINT"}, _months(engine, asked, scope))
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


def _months(engine: Scans, asked: Questions, scope: Scope) -> list[tuple[str, int, int]]:
    """(program, start, end) of the months that are asked for whole, a day wider than in UTC on both sides."""
    months = _locking_months(engine, asked.locking, scope) | _ordered_months(engine, asked.ordered)
    earlier = sorted((program, month) for program, month in months if month < scope.period)
    return [(program, month.start("UTC") - DAY, month.end("UTC") + DAY) for program, month in earlier]


def _ordered_months(engine: Scans, programs: Collection[str]) -> set[tuple[str, Period]]:
    """Months of reversed conversions in programs where the order of conversions decides a price."""
    days = engine.rows(
        f"SELECT DISTINCT program, ts // {DAY} FROM reversed_conversions ORDER BY ALL", "days of reversed conversions"
    )
    around = [(program, int(day) + n) for program, day in days if program in programs for n in (-1, 0, 1)]
    return {(program, Period.of(local_date(day * DAY, "UTC"))) for program, day in around}


def _locking_months(engine: Scans, since: Mapping[str, Period], scope: Scope) -> set[tuple[str, Period]]:
    """Months from which something can lock in the period, as far back as there are conversions."""
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
