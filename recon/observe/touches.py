"""The touches in reach of each conversion, clicks and impressions, at the widest windows in question (RULES 5.2)."""

from __future__ import annotations

from recon.engine import Scans
from recon.observe.repeats import IS_DUPLICATE, first_of_each_id
from recon.observe.scope import Scope

TOUCH = "program, user_id, partner, ts, ivt, COALESCE(is_test, FALSE) AS is_test, ingested_at, file_number"


def observe_touches(engine: Scans, scope: Scope) -> None:
    """Create `touches` and `touches_of_repeats`, of conversions and of those that came again.

    Both hold (conversion_id, kind, touch_id, partner, ts, age, ivt, is_test, is_duplicate, ingested_at, file_number).
    Where a repeat names another person or instant than the row that counts, the touches before it stand under its
    `touches_id`. Needs the copies of clicks, and the impressions of `choose_impressions`.
    """
    repeats = """(SELECT touches_id AS conversion_id, program, user_id, ts FROM repeats_of_conversions
        WHERE touches_id <> conversion_id)"""
    with engine.joined_as_written():
        for name, conversions in (("touches", "conversion_rows"), ("touches_of_repeats", repeats)):
            engine.run(name.replace("_", " "), f"CREATE OR REPLACE TABLE {name} AS {_in_reach(conversions, scope)}")


def _in_reach(conversions: str, scope: Scope) -> str:
    """Touches beside the conversions in whose windows they lie; the conversions, of which there are fewer, are held."""
    return f"""
        SELECT c.conversion_id, t.kind, t.touch_id, t.partner, t.ts, c.ts - t.ts AS age, t.ivt, t.is_test,
            t.is_duplicate, t.ingested_at, t.file_number
        FROM ({_touches(scope)}) AS t
        JOIN (SELECT o.conversion_id, o.program, o.user_id, o.ts, w.click_window, w.view_window
            FROM {conversions} AS o JOIN program_windows AS w ON o.program = w.program) AS c
            ON t.program = c.program AND t.user_id = c.user_id
        WHERE t.ts <= c.ts
            AND c.ts - t.ts <= CASE WHEN t.kind = 'click' THEN c.click_window ELSE c.view_window END"""


def _touches(scope: Scope) -> str:
    """Clicks, and impressions of people who convert: those of repeated ids with what they are, as SQL."""
    clicks, views = "'click' AS kind, click_id AS touch_id", "'view' AS kind, impression_id AS touch_id"
    return f"""
        SELECT {clicks}, {TOUCH}, FALSE AS is_duplicate FROM ({first_of_each_id("clicks", scope)}) AS known_clicks
        UNION ALL SELECT {views}, {TOUCH}, FALSE AS is_duplicate FROM chosen_impressions WHERE NOT is_repeated
        UNION ALL SELECT {views}, {TOUCH}, {IS_DUPLICATE} AS is_duplicate FROM copies_of_impressions"""
