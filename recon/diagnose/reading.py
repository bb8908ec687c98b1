"""Conversions, touches and reversals as they are read in a world, as SQL over the observations."""

from __future__ import annotations

from recon.diagnose.world import Reading
from recon.observe.repeats import COLUMNS, in_order
from recon.period import DAY

# Conversions and touches as they are read in a world. The order before a conversion is found again among those at
# hand; one that lies further back stands in the row (RULES 5.4).
CLEAN = "NOT COALESCE(is_test, FALSE) AND NOT COALESCE(is_fraud, FALSE)"


def conversions_as_read(reading: Reading, programs: str, met: str) -> str:
    """The conversions of programs (an SQL list) that meet a condition on their id, marks as they are looked at."""
    marks = {"fraud": "FALSE AS is_fraud", "test": "FALSE AS is_test", "late": "CAST(NULL AS BIGINT) AS ingested_at"}
    marks |= {"late_conversion": marks["late"]}
    changed = sorted({sql for mark, sql in marks.items() if mark in reading.ignored})
    star = f"* REPLACE ({', '.join(changed)})" if changed else "*"
    rows = f"SELECT {star}, conversion_id AS base_id FROM main.conversion_rows WHERE program IN ({programs})"
    if reading == Reading():
        return f"SELECT * FROM ({rows}) AS read WHERE {met}"
    columns = ", ".join(name for name in COLUMNS["conversions"] if name != "conversion_id")
    if "repeated_row" in reading.ignored:
        numbered = "conversion_id || '#' || ROW_NUMBER() OVER (PARTITION BY conversion_id ORDER BY ts)"
        rows += f""" UNION ALL SELECT {numbered},
            {columns}, file_number, NULL, NULL, conversion_id FROM main.repeats_of_conversions"""
    replay = reading.replay
    if replay is not None and replay.dataset == "conversions":
        place = f"ts // {DAY}" if replay.by == "utc_day" else "file_number"
        copies = "SELECT * REPLACE (conversion_id || '#2' AS conversion_id) FROM first_read"
        again = f"UNION ALL {copies} WHERE {place} = {replay.value}"
        kept = again if replay.times == 2 else f"WHERE {place} <> {replay.value}"
        rows = f"WITH first_read AS ({rows}) SELECT * FROM first_read {kept}"
    if reading.cutoff is not None:
        rows = f"SELECT * FROM ({rows}) AS timely WHERE ingested_at IS NULL OR ingested_at <= {reading.cutoff}"
    return f"SELECT * FROM ({_with_prior(rows)}) AS read WHERE {met.replace('conversion_id IN', 'base_id IN')}"


def _with_prior(rows: str) -> str:
    """Conversions with the latest earlier clean one of the same order, as far as they are at hand, else as stored."""
    window = f"""OVER (PARTITION BY program, action, order_id ORDER BY {in_order("conversions", within_id=False)}
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"""
    far = "prior_id NOT IN (SELECT conversion_id FROM main.conversion_rows)"
    return f"""
        SELECT * REPLACE (
            CASE WHEN order_id IS NOT NULL THEN GREATEST(COALESCE(near_ts, far_ts), COALESCE(far_ts, near_ts)) END
                AS prior_ts,
            CASE WHEN order_id IS NOT NULL THEN COALESCE(near_id, prior_id) END AS prior_id)
        FROM (SELECT *, CASE WHEN {far} THEN prior_ts END AS far_ts,
                MAX(CASE WHEN {CLEAN} THEN ts END) {window} AS near_ts,
                LAST_VALUE(CASE WHEN {CLEAN} THEN conversion_id END IGNORE NULLS) {window} AS near_id
              FROM ({rows}) AS at_hand) AS ordered"""


def touches_as_read(reading: Reading) -> str:
    """The touches of the conversions as read."""
    marks = {
        "test": "FALSE AS is_test",
        "duplicate": "FALSE AS is_duplicate",
        "late": "CAST(NULL AS BIGINT) AS ingested_at",
    }
    changed = sorted({sql for mark, sql in marks.items() if mark in reading.ignored})
    star = ", ".join(["t.* REPLACE (c.conversion_id AS conversion_id, c.ts - t.ts AS age", *changed]) + ")"
    kept = ["t.ts <= c.ts"]
    replay = reading.replay
    if replay is not None and replay.dataset in TOUCH_KINDS and replay.times == 0:
        place = f"t.ts // {DAY}" if replay.by == "utc_day" else "t.file_number"
        kept.append(f"NOT (t.kind = '{TOUCH_KINDS[replay.dataset]}' AND {place} = {replay.value})")
    if reading.cutoff is not None:
        kept.append(f"(t.ingested_at IS NULL OR t.ingested_at <= {reading.cutoff})")
    return f"""SELECT {star} FROM conversion_rows AS c JOIN main.touches AS t ON t.conversion_id = c.base_id
        WHERE {" AND ".join(kept)}"""


TOUCH_KINDS = {"clicks": "click", "impressions": "view"}


def reversals_as_read(reading: Reading) -> str:
    """The reversals of the conversions as read, and those of conversions that are nowhere."""
    star = "* REPLACE (CAST(NULL AS BIGINT) AS ingested_at)" if "late" in reading.ignored else "*"
    kept = (
        "FALSE"
        if "reversal" in reading.ignored
        else "is_stray OR conversion_id IN (SELECT base_id FROM conversion_rows)"
    )
    timely = "TRUE" if reading.cutoff is None else f"(ingested_at IS NULL OR ingested_at <= {reading.cutoff})"
    return f"SELECT {star} FROM main.reversal_rows WHERE ({kept}) AND {timely}"
