"""Conversions, touches and reversals as they are read in worlds, as SQL over the observations.

The relation `worlds` holds one row per world with the mark that its conversions and programs carry, so that many
worlds are read, and decided, by one run of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recon.diagnose.world import Reading
from recon.engine import Engine
from recon.observe.repeats import COLUMNS, in_order
from recon.period import DAY

AGAIN = "\x1f"  # between the id of a row that is read again and the number of the copy
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
}  # fmt: skip


def read_events(engine: Engine, readings: Mapping[str, Reading], programs: str, met: str, strays: str) -> None:
    """Create `conversion_rows`, `touches` and `reversal_rows` as each world reads them.

    Of conversions those of `programs` (an SQL list) whose `base_id` meets a condition, of reversals of unknown
    conversions those of `strays` (an SQL list of conversions).
    """
    engine.table("worlds", WORLD_COLUMNS, [_row(mark, reading) for mark, reading in readings.items()])
    is_changed = any(reading != Reading() for reading in readings.values())
    read = f"SELECT * FROM ({_conversions(programs, is_changed)}) AS read WHERE {met}"
    engine.run("conversions as read", f"CREATE OR REPLACE TABLE conversion_rows AS {read}")
    engine.run("touches as read", f"CREATE OR REPLACE TABLE touches AS {TOUCHES}")
    reversals = REVERSALS.format(strays=strays)
    engine.run("reversals as read", f"CREATE OR REPLACE TABLE reversal_rows AS {reversals}")


def _row(mark: str, reading: Reading) -> tuple[Any, ...]:
    replay = reading.replay
    where = (None,) * 4 if replay is None else (replay.dataset, replay.by, replay.value, replay.times)
    marks = [bool(reading.ignored & said) for said in MARKS.values()]
    return (mark, reading == Reading(), *marks, reading.cutoff, *where, reading.twice_from)


def _conversions(programs: str, is_changed: bool) -> str:
    """The conversions of programs in every world: as stored where nothing is read otherwise, else read again."""
    stored = f"""
        SELECT c.* REPLACE (w.mark || c.conversion_id AS conversion_id, w.mark || c.program AS program),
            c.conversion_id AS base_id, w.mark
        FROM main.conversion_rows AS c CROSS JOIN worlds AS w WHERE w.is_plain AND c.program IN ({programs})"""
    return f"{stored} UNION ALL {_read_again(programs)}" if is_changed else stored


# An order's conversion before another is found again among those at hand; one that lies further back stands in the
# row (RULES 5.4).
CLEAN = "NOT COALESCE(is_test, FALSE) AND NOT COALESCE(is_fraud, FALSE)"
PLACE = f"CASE w.place WHEN 'utc_day' THEN ts // {DAY} ELSE file_number END"


def _read_again(programs: str) -> str:
    others = ", ".join(name for name in COLUMNS["conversions"] if name != "conversion_id")
    numbered = f"conversion_id || {MARKED} || ROW_NUMBER() OVER (PARTITION BY conversion_id ORDER BY ts)"
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
                    SELECT *, conversion_id AS base_id, FALSE AS is_repeat FROM main.conversion_rows
                    UNION ALL
                    SELECT {numbered}, {others}, file_number, NULL, NULL, conversion_id, TRUE
                    FROM main.repeats_of_conversions) AS c
                JOIN worlds AS w ON NOT w.is_plain AND (w.has_repeats OR NOT c.is_repeat)
                JOIN (VALUES (1), (2)) AS n(copy) ON n.copy <=
                    CASE WHEN w.dataset = 'conversions' AND {PLACE} = w.place_value THEN w.times ELSE 1 END
                WHERE c.program IN ({programs})
                    AND (w.cutoff IS NULL OR ingested_at IS NULL OR w.no_late OR ingested_at <= w.cutoff)
                ) AS at_hand) AS ordered"""


TOUCHES = f"""
SELECT t.* REPLACE (
    c.conversion_id AS conversion_id, c.ts - t.ts AS age, t.is_test AND NOT w.no_touch_test AS is_test,
    t.is_duplicate AND NOT w.no_duplicate AS is_duplicate,
    CASE WHEN NOT w.no_late_touch THEN t.ingested_at END AS ingested_at)
FROM conversion_rows AS c JOIN worlds AS w ON w.mark = c.mark JOIN main.touches AS t ON t.conversion_id = c.base_id
WHERE t.ts <= c.ts AND (w.cutoff IS NULL OR t.ingested_at IS NULL OR w.no_late_touch OR t.ingested_at <= w.cutoff)
    AND NOT COALESCE(w.times = 0
        AND t.kind = CASE w.dataset WHEN 'clicks' THEN 'click' WHEN 'impressions' THEN 'view' END
        AND CASE w.place WHEN 'utc_day' THEN t.ts // {DAY} ELSE t.file_number END = w.place_value, FALSE)"""

REVERSALS = f"""
SELECT r.* REPLACE (
    r.reversal_id || CASE WHEN n.copy = 2 THEN {SECOND} ELSE '' END AS reversal_id,
    w.mark || r.conversion_id AS conversion_id, CASE WHEN NOT w.no_late_reversal THEN r.ingested_at END AS ingested_at)
FROM main.reversal_rows AS r CROSS JOIN worlds AS w
LEFT JOIN (SELECT conversion_id, ts FROM main.conversion_rows) AS c ON c.conversion_id = r.conversion_id
JOIN (VALUES (1), (2)) AS n(copy)
    ON n.copy <= CASE WHEN r.sale_micros IS NOT NULL AND c.ts >= w.twice_from THEN 2 ELSE 1 END
WHERE NOT w.no_reversal
    AND (w.cutoff IS NULL OR r.ingested_at IS NULL OR w.no_late_reversal OR r.ingested_at <= w.cutoff)
    AND CASE WHEN r.is_stray THEN r.conversion_id IN ({{strays}})
        ELSE r.conversion_id IN (SELECT base_id FROM conversion_rows) END"""
