"""The touches in reach of each conversion, clicks and impressions, at the widest windows in question (RULES 5.2)."""

from __future__ import annotations

from recon.engine import Engine
from recon.observe.repeats import IS_DUPLICATE

TOUCH = "program, user_id, partner, ts, ivt, COALESCE(is_test, FALSE) AS is_test, ingested_at, file_number"


def observe_touches(engine: Engine) -> None:
    """Create `touches` and `touches_of_repeats`, of conversions and of those that came again.

    Both hold (conversion_id, kind, touch_id, partner, ts, age, ivt, is_test, is_duplicate, ingested_at, file_number).
    Where a repeat names another person or instant than the row that counts, the touches before it stand under its
    `touches_id`. Needs the people of `observe_conversions` and the impressions of `choose_impressions`.
    """
    engine.run(
        "touches of people who convert",
        f"""CREATE OR REPLACE TABLE candidate_touches AS
        SELECT 'click' AS kind, click_id AS touch_id, {TOUCH}, FALSE AS is_duplicate FROM known_clicks
        UNION ALL {_views("chosen_impressions", "FALSE")} AND i.is_of_converter
            AND NOT EXISTS (SELECT 1 FROM ids_of_impressions AS k WHERE k.id = i.impression_id)
        UNION ALL {_views("copies_of_impressions", IS_DUPLICATE)}""",
    )
    engine.run("touches in reach", f"CREATE OR REPLACE TABLE touches AS {_in_reach('conversion_rows')}")
    repeats = (
        "(SELECT * REPLACE (touches_id AS conversion_id) FROM repeats_of_conversions WHERE touches_id <> conversion_id)"
    )
    engine.run("touches in reach of repeats", f"CREATE OR REPLACE TABLE touches_of_repeats AS {_in_reach(repeats)}")


def _views(impressions: str, is_duplicate: str) -> str:
    """Impressions of people who convert, as SQL."""
    return f"""
        SELECT 'view' AS kind, i.impression_id AS touch_id, i.program, i.user_id, i.partner, i.ts, i.ivt,
            COALESCE(i.is_test, FALSE) AS is_test, i.ingested_at, i.file_number, {is_duplicate} AS is_duplicate
        FROM {impressions} AS i JOIN converters AS p ON i.program = p.program AND i.user_id = p.user_id
        WHERE i.ts >= p.first_view AND i.ts <= p.last_ts"""


def _in_reach(conversions: str) -> str:
    return f"""
        SELECT c.conversion_id, t.kind, t.touch_id, t.partner, t.ts, c.ts - t.ts AS age, t.ivt, t.is_test,
            t.is_duplicate, t.ingested_at, t.file_number
        FROM {conversions} AS c
        JOIN program_windows AS w ON c.program = w.program
        JOIN candidate_touches AS t ON c.program = t.program AND c.user_id = t.user_id
        WHERE t.ts <= c.ts
            AND c.ts - t.ts <= CASE WHEN t.kind = 'click' THEN w.click_window ELSE w.view_window END"""
