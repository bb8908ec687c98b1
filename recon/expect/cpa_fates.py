"""How every conversion ended, stored conversion by conversion and counted (RULES 1.8, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache

from recon.engine import Engine
from recon.expect.eligible import Candidate
from recon.expect.in_order import Decision
from recon.expect.lines import FateCount
from recon.expect.prices import rate_text
from recon.money import Rounding, plain, round_amount, written
from recon.observe.scope import Scope

COLUMNS = {
    "group_id": "BIGINT", "fate": "TEXT", "reason": "TEXT", "item": "TEXT", "rate": "TEXT", "amount": "TEXT",
    "exact_amount": "TEXT",
}  # fmt: skip
SETTLED = """
SELECT o.contract, o.conversion_id, d.fate, d.reason, d.item, d.rate, d.amount, d.exact_amount
FROM open_claims AS o JOIN group_decisions AS d ON d.group_id = o.group_id"""


def store_decisions(engine: Engine, decisions: Iterable[Decision], is_first: bool = False) -> None:
    """Add the decisions of the groups in `open_claims` to the relation `settled`, conversion by conversion."""
    engine.table("group_decisions", COLUMNS, [_row(decision) for decision in decisions])
    into = "CREATE OR REPLACE TABLE settled AS" if is_first else "INSERT INTO settled"
    engine.run("settled claims", f"{into} {SETTLED}")


def _row(decision: Decision) -> tuple[object, ...]:
    """A decision's row; only what is payable has a rate and an amount, rounded for show under `round: line`."""
    judged = decision.judged
    if not isinstance(judged, Candidate):
        return judged.group.group_id, decision.fate, decision.reason, judged.item, "", None, None
    rate = rate_text(judged, decision.place) if decision.place or judged.tiers is None else ""
    shown: tuple[str | None, str | None] = (None, None)
    if decision.fate == "payable":
        shown = _shown(decision.each, judged.version.currency, judged.terms.rounding), written(decision.each)
    return judged.group.group_id, decision.fate, decision.reason, judged.item.item, rate, *shown


@lru_cache(maxsize=65536)
def _shown(each: Fraction, currency: str, mode: Rounding) -> str:
    return plain(round_amount(each, currency, mode))


def conversion_fates(engine: Engine, scope: Scope) -> Iterator[FateCount]:
    """Create the relation `decided`, one row per claim told, and count the fates of all conversions."""
    engine.run("decided claims", DECIDED.format(period=scope.period))
    for direction, contract, item, fate, quantity in engine.rows(
        "SELECT direction, contract, item, fate, COUNT(*) FROM decided GROUP BY ALL ORDER BY ALL", "conversion fates"
    ):
        yield FateCount(direction, "conversions", contract, item, fate, quantity)
    yield from _outside(engine, scope)


# The period's own claims, and those of earlier months that were settled in it.
DECIDED = """
CREATE OR REPLACE TABLE decided AS
SELECT c.contract, c.direction, c.conversion_id, COALESCE(c.early_fate, s.fate) AS fate,
    COALESCE(c.early_reason, s.reason, '') AS reason, c.touch_id,
    CASE WHEN c.early_fate IS NULL THEN COALESCE(c.governing_version, c.version) ELSE c.version END AS version,
    COALESCE(s.rate, '') AS rate, s.amount, COALESCE(s.item, '') AS item, c.share, s.exact_amount
FROM claims AS c LEFT JOIN settled AS s ON s.contract = c.contract AND s.conversion_id = c.conversion_id
WHERE c.period = '{period}' OR s.fate IS NOT NULL"""


def _outside(engine: Engine, scope: Scope) -> Iterator[FateCount]:
    """Conversions that no contract tells of, and repeated rows, judged in UTC (RULES 1.4, 1.8, 5.4)."""
    start, end = scope.period.start("UTC"), scope.period.end("UTC")
    inside = f"ts >= {start} AND ts < {end}"
    is_reached = "conversion_id IN (SELECT conversion_id FROM reached)"
    told = engine.rows(
        f"""SELECT CASE WHEN {inside} AND NOT {is_reached} THEN 'unclaimed' ELSE 'look_back' END, COUNT(*)
        FROM conversion_rows WHERE conversion_id NOT IN (SELECT conversion_id FROM decided) GROUP BY 1
        UNION ALL SELECT 'look_back', quantity FROM far_conversions""",
        "conversions under no contract",
    )
    for fate, quantity in told:
        yield FateCount("", "conversions", "", "", fate, quantity)
    for dataset, fate, quantity in engine.rows(
        f"""SELECT dataset, CASE WHEN dataset <> 'conversions' OR ({inside}) THEN 'repeated_row' ELSE 'look_back' END,
            COUNT(*) FROM repeated_rows GROUP BY ALL ORDER BY ALL""",
        "repeated rows",
    ):
        yield FateCount("", dataset, "", "", fate, quantity)
