"""Conversions, touches and reversals as they are read in worlds, as SQL over the observations.

The relation `worlds` holds one row per world with the mark that its conversions and programs carry, so that many
worlds are read, and decided, by one run of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recon.diagnose.world import Reading
from recon.engine import Engine
from recon.observe.conversions import AGAIN
from recon.observe.repeats import COLUMNS, in_order
from recon.observe.scope import Scope
from recon.period import DAY

MARKED = f"chr({ord(AGAIN)})"
SECOND = f"{MARKED} || '2'"
MARKS = {  # what is not looked at in a world, and the marks of its reading that say so
    "no_test": {"test", "test_conversion"}, "no_touch_test": {"test"}, "no_fraud": {"fraud"},
    "no_duplicate": {"duplicate"}, "no_late": {"late", "late_event", "late_conversion"},
    "no_late_touch": {"late", "late_event"}, "no_late_reversal": {"late"}, "no_reversal": {"reversal"},
    "has_repeats": {"repeated_row"},
}  # fmt: skip
WORLD_COLUMNS = {
    "mark": "TEXT", "is_plain": "BOOLEAN", **dict.fromkeys(MARKS, "BOOLEAN"), "cutoff": "BIGINT", "dataset": "TEXT",
    "place": "TEXT", "place_value": "BIGINT", "times": "BIGINT", "twice_from": "BIGINT",
    "is_known": "BOOLEAN",
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Which events worlds are about, as SQL: conversions of `programs` (a list) that meet a condition on `base_id`.

    `strays` are the unknown conversions (a list) whose reversals count. `known` are marks of worlds that differ from
    one whose claims are at hand by their reading alone: of those, only conversions are read that it can change.
    """

    programs: str
    met: str
    strays: str
    known: frozenset[str] = frozenset()


def read_events(engine: Engine, readings: Mapping[str, Reading], wanted: Wanted, scope: Scope) -> None:
    """Create `conversion_rows`, `touches` and `reversal_rows` as each world reads them.

    For worlds that are known but for their reading, `changed` tells the conversions that it can change.
    """
    rows = [(*_row(mark, reading), mark in wanted.known) for mark, reading in readings.items()]
    engine.table("worlds", WORLD_COLUMNS, rows)
    is_changed = any(reading != Reading() for reading in readings.values())
    read = f"SELECT * FROM ({_conversions(wanted.programs, is_changed)}) AS read WHERE {wanted.met}"
    engine.run("conversions as read", f"CREATE OR REPLACE TABLE conversion_rows AS {read}")
    if wanted.known:
        engine.run(
            "conversions that a reading changes", f"CREATE OR REPLACE TABLE changed AS {_changed(wanted, scope)}"
        )
        engine.run("conversions as elsewhere", UNCHANGED)
    engine.run("touches as read", f"CREATE OR REPLACE TABLE touches AS {TOUCHES}")
    reversals = REVERSALS.format(strays=wanted.strays, programs=wanted.programs)
    engine.run("reversals as read", f"CREATE OR REPLACE TABLE reversal_rows AS {reversals}")


UNCHANGED = """
DELETE FROM conversion_rows WHERE mark IN (SELECT mark FROM worlds WHERE is_known)
    AND (mark, base_id) NOT IN (SELECT (mark, base_id) FROM changed)"""


def _changed(wanted: Wanted, scope: Scope) -> str:
    """(mark, base_id) of every conversion that a reading may change, and of the oldest, from which months are counted.

    What came in before the month was over in UTC is late for no cut-off of the period; what lies about its beginning
    may belong to the month before. A repeat may stand in the period, or in a program, without the row that counts.
    """
    start, end = scope.period.start("UTC"), scope.period.end("UTC")
    surely_timely = min(scope.cutoff_of(scope.period), end - DAY)
    own = f"p.program IN ({wanted.programs})"
    return f"""
        SELECT w.mark, p.conversion_id AS base_id
        FROM main.conversion_rows AS p CROSS JOIN worlds AS w
        LEFT JOIN conversion_rows AS r ON r.mark = w.mark AND r.base_id = p.conversion_id
        WHERE w.is_known AND {own} GROUP BY w.mark, p.conversion_id
        HAVING COUNT(r.base_id) <> 1 OR BOOL_OR(r.is_test IS DISTINCT FROM p.is_test
            OR r.is_fraud IS DISTINCT FROM p.is_fraud OR r.prior_ts IS DISTINCT FROM p.prior_ts
            OR r.prior_id IS DISTINCT FROM p.prior_id
            OR ((w.no_late OR w.no_late_touch) AND p.ts < {start + DAY})
            OR (w.no_late AND p.ingested_at > {surely_timely}))
        UNION
        SELECT r.mark, r.base_id FROM conversion_rows AS r JOIN worlds AS w ON w.mark = r.mark
        WHERE w.is_known AND r.base_id NOT IN (
            SELECT p.conversion_id FROM main.conversion_rows AS p WHERE {own})
        UNION
        SELECT w.mark, t.conversion_id FROM main.touches AS t CROSS JOIN worlds AS w
        WHERE w.is_known AND ((w.no_touch_test AND t.is_test) OR (w.no_duplicate AND t.is_duplicate)
            OR (w.no_late_touch AND t.ingested_at > {surely_timely}) OR t.ingested_at > w.cutoff OR {LEFT_OUT})
        UNION
        SELECT w.mark, p.oldest FROM worlds AS w CROSS JOIN (
            SELECT ARG_MIN(conversion_id, ts) AS oldest FROM main.conversion_rows AS p WHERE {own}) AS p
        WHERE w.is_known"""


def _row(mark: str, reading: Reading) -> tuple[Any, ...]:
    replay = reading.replay
    where = (None,) * 4 if replay is None else (replay.dataset, replay.by, replay.value, replay.times)
    marks = [bool(reading.ignored & said) for said in MARKS.values()]
    return (mark, reading == Reading(), *marks, reading.cutoff, *where, reading.twice_from)


def _conversions(programs: str, is_changed: bool) -> str:
    """The conversions of programs in every world: as stored where nothing is read otherwise, else read again."""
    stored = f"""
        SELECT c.* REPLACE (w.mark || c.conversion_id AS conversion_id, w.mark || c.program AS program),
            c.conversion_id AS base_id, c.conversion_id AS touches_id, w.mark
        FROM main.conversion_rows AS c CROSS JOIN worlds AS w WHERE w.is_plain AND c.program IN ({programs})"""
    return f"{stored} UNION ALL {_read_again(programs)}" if is_changed else stored


# An order's conversion before another is found again among those at hand; one that lies further back stands in the
# row (RULES 5.4).
CLEAN = "NOT COALESCE(is_test, FALSE) AND NOT COALESCE(is_fraud, FALSE)"
PLACE = f"CASE w.place WHEN 'utc_day' THEN ts // {DAY} ELSE file_number END"


def _read_again(programs: str) -> str:
    others = ", ".join(name for name in COLUMNS["conversions"] if name != "conversion_id")
    numbered = f"conversion_id || {MARKED} || copy_number"
    window = f"""OVER (PARTITION BY program, action, order_id ORDER BY {in_order("conversions", within_id=False)}
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"""
    far = "prior_id NOT IN (SELECT conversion_id FROM main.conversion_rows)"
    return f"""
        SELECT * EXCLUDE (far_ts, near_ts, near_id) REPLACE (
            CASE WHEN order_id IS NOT NULL THEN GREATEST(COALESCE(near_ts, far_ts), COALESCE(far_ts, near_ts)) END
                AS prior_ts,
            CASE WHEN order_id IS NOT NULL THEN COALESCE(near_id, prior_id) END AS prior_id)
        FROM (
            SELECT *, CASE WHEN {far} THEN prior_ts END AS far_ts,
                MAX(CASE WHEN {CLEAN} THEN ts END) {window} AS near_ts,
                LAST_VALUE(CASE WHEN {CLEAN} THEN base_id END IGNORE NULLS) {window} AS near_id
            FROM (
                SELECT c.* EXCLUDE (is_repeat) REPLACE (
                    w.mark || conversion_id || CASE WHEN n.copy = 2 THEN {SECOND} ELSE '' END AS conversion_id,
                    w.mark || program AS program,
                    is_test AND NOT w.no_test AS is_test,
                    is_fraud AND NOT w.no_fraud AS is_fraud,
                    CASE WHEN NOT w.no_late THEN ingested_at END AS ingested_at), w.mark
                FROM (
                    SELECT *, conversion_id AS base_id, conversion_id AS touches_id, FALSE AS is_repeat
                    FROM main.conversion_rows
                    UNION ALL
                    SELECT {numbered}, {others}, file_number, NULL, NULL, conversion_id, touches_id, TRUE
                    FROM main.repeats_of_conversions) AS c
                JOIN worlds AS w ON NOT w.is_plain AND (w.has_repeats OR NOT c.is_repeat)
                JOIN (VALUES (1), (2)) AS n(copy) ON n.copy <=
                    CASE WHEN w.dataset = 'conversions' AND {PLACE} = w.place_value THEN w.times ELSE 1 END
                WHERE c.program IN ({programs})
                    AND (w.cutoff IS NULL OR ingested_at IS NULL OR w.no_late OR ingested_at <= w.cutoff)
                ) AS at_hand) AS ordered"""


LEFT_OUT = f"""COALESCE(w.times = 0
        AND t.kind = CASE w.dataset WHEN 'clicks' THEN 'click' WHEN 'impressions' THEN 'view' END
        AND CASE w.place WHEN 'utc_day' THEN t.ts // {DAY} ELSE t.file_number END = w.place_value, FALSE)"""

TOUCHES = f"""
SELECT t.* REPLACE (
    c.conversion_id AS conversion_id, c.ts - t.ts AS age, t.is_test AND NOT w.no_touch_test AS is_test,
    t.is_duplicate AND NOT w.no_duplicate AS is_duplicate,
    CASE WHEN NOT w.no_late_touch THEN t.ingested_at END AS ingested_at)
FROM conversion_rows AS c JOIN worlds AS w ON w.mark = c.mark
JOIN (SELECT * FROM main.touches UNION ALL SELECT * FROM main.touches_of_repeats) AS t
    ON t.conversion_id = c.touches_id
WHERE t.ts <= c.ts AND (w.cutoff IS NULL OR t.ingested_at IS NULL OR w.no_late_touch OR t.ingested_at <= w.cutoff)
    AND NOT {LEFT_OUT}"""

REVERSALS = f"""
SELECT r.* REPLACE (
    r.reversal_id || CASE WHEN n.copy = 2 THEN {SECOND} ELSE '' END AS reversal_id,
    w.mark || r.conversion_id AS conversion_id, CASE WHEN NOT w.no_late_reversal THEN r.ingested_at END AS ingested_at)
FROM main.reversal_rows AS r CROSS JOIN worlds AS w
LEFT JOIN main.conversion_rows AS c ON c.conversion_id = r.conversion_id AND c.program IN ({{programs}})
JOIN (VALUES (1), (2)) AS n(copy)
    ON n.copy <= CASE WHEN r.sale_micros IS NOT NULL AND c.ts >= w.twice_from THEN 2 ELSE 1 END
WHERE NOT w.no_reversal
    AND (w.cutoff IS NULL OR r.ingested_at IS NULL OR w.no_late_reversal OR r.ingested_at <= w.cutoff)
    AND CASE WHEN r.is_stray THEN r.conversion_id IN ({{strays}})
        ELSE c.conversion_id IS NOT NULL END"""
