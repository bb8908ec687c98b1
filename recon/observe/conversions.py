"""Conversions of a month, each with the touches in its reach and its reversals (RULES 1.8, 5.2, 5.4, 5.7).

Windows are taken at the widest that any version of the program's contracts states, and a day more, also where none
is stated, so that a contract with another window, or an error in one, can be answered from what is stored.
"""

from __future__ import annotations

from recon.engine import Scans
from recon.observe.lookback import find_asked_conversions
from recon.observe.questions import Questions
from recon.observe.repeats import COLUMNS, find_repeats, in_order, keep_first_of_each_id
from recon.observe.scope import Scope
from recon.period import DAY

SPARE = DAY
AGAIN = "\x1f"  # between the id of a row that came again and the number of the copy


def observe_conversions(engine: Scans, asked: Questions, scope: Scope) -> None:
    """Create the relations that CPA is priced from, but for touches.

    `conversion_rows`: the first row of each conversion from the period, in any zone, and of earlier ones that it
    asks for, with the latest earlier clean conversion of the same order (`prior_id`, `prior_ts`); `reversal_rows`
    of them and of conversions that are nowhere; `repeated_rows`: (dataset, ts) of the rows whose id came before, and
    `repeats_of_conversions` themselves; `converters`: the people whose touches are asked for.
    Rows tell the number of their file.
    """
    for dataset in ("clicks", "conversions", "reversals"):
        find_repeats(engine, dataset, scope)
    for dataset in ("conversions", "reversals"):
        keep_first_of_each_id(engine, dataset, scope)
    _windows(engine, asked)
    find_asked_conversions(engine, asked, scope)
    _conversions(engine, scope)
    _repeated(engine, scope)
    _converters(engine)
    _reversals(engine)


def _windows(engine: Scans, asked: Questions) -> None:
    rows = [(program, click + SPARE, view + SPARE) for program, (click, view) in sorted(asked.windows.items())]
    engine.table("program_windows", {"program": "TEXT", "click_window": "BIGINT", "view_window": "BIGINT"}, rows)


def _conversions(engine: Scans, scope: Scope) -> None:
    """The conversions around the period and those asked for; the others only tell which order came before.

    Few orders come more than once: only their rows, found by a fingerprint of the order, are put in order.
    """
    first, last = scope.period.start("UTC") - DAY, scope.period.end("UTC") + DAY
    order = engine.mark("program", "action", "order_id")
    rows = f"SELECT *, CASE WHEN order_id IS NOT NULL THEN {order} END AS order_mark FROM known_conversions"
    engine.find_repeated("marks_of_orders", f"SELECT {order} AS mark FROM known_conversions WHERE order_id IS NOT NULL")
    is_repeated = "EXISTS (SELECT 1 FROM marks_of_orders AS k WHERE k.mark = r.order_mark)"
    columns = f"{', '.join(COLUMNS['conversions'])}, file_number"
    with engine.joined_as_written():
        engine.run(
            "conversions with the order before",
            f"""CREATE OR REPLACE TABLE conversion_rows AS
            SELECT {columns}, prior_id, prior_ts
            FROM (SELECT {columns}, CAST(NULL AS TEXT) AS prior_id, CAST(NULL AS BIGINT) AS prior_ts
                FROM ({rows}) AS r WHERE NOT {is_repeated}
                UNION ALL {_ordered(f"({rows}) AS r WHERE {is_repeated}", columns)}) AS told
            WHERE (ts >= {first} AND ts < {last}) OR conversion_id IN (SELECT conversion_id FROM asked_conversions)""",
        )
    engine.run(
        "conversions far from the period",
        """CREATE OR REPLACE TABLE far_conversions AS
        SELECT (SELECT COUNT(*) FROM known_conversions) - (SELECT COUNT(*) FROM conversion_rows) AS quantity""",
    )


def _ordered(rows: str, columns: str) -> str:
    """Conversions with the latest clean one before of the same order, as SQL."""
    clean = "NOT COALESCE(is_test, FALSE) AND NOT COALESCE(is_fraud, FALSE)"
    before = f"""OVER (PARTITION BY program, action, order_id ORDER BY {in_order("conversions", within_id=False)}
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"""
    return f"""
        SELECT {columns}, LAST_VALUE(CASE WHEN {clean} THEN conversion_id END IGNORE NULLS) {before} AS prior_id,
            MAX(CASE WHEN {clean} THEN ts END) {before} AS prior_ts
        FROM {rows}"""


def _converters(engine: Scans) -> None:
    engine.run(
        "people who convert",
        """CREATE OR REPLACE TABLE converters AS
        SELECT DISTINCT c.program, c.user_id
        FROM (SELECT program, user_id FROM conversion_rows
            UNION ALL SELECT program, user_id FROM repeats_of_conversions WHERE touches_id <> conversion_id) AS c
        JOIN program_windows AS w ON c.program = w.program""",
    )


def _reversals(engine: Scans) -> None:
    """Reversals of the conversions, and those of conversions that are nowhere in the data (`is_stray`)."""
    engine.run(
        "reversals of the conversions",
        """CREATE OR REPLACE TABLE reversal_rows AS
        SELECT r.reversal_id, r.conversion_id, r.ts, r.sale_micros, r.reason, r.ingested_at,
            k.conversion_id IS NULL AS is_stray
        FROM known_reversals AS r LEFT JOIN known_conversions AS k ON k.conversion_id = r.conversion_id
        WHERE k.conversion_id IS NULL OR r.conversion_id IN (SELECT conversion_id FROM conversion_rows)""",
    )


def _repeated(engine: Scans, scope: Scope) -> None:
    """The rows whose id came before; of conversions those about the period, or of conversions that are looked at."""
    first, last = scope.period.start("UTC") - DAY, scope.period.end("UTC") + DAY
    engine.run(
        "repeated rows",
        """CREATE OR REPLACE TABLE repeated_rows AS
        SELECT 'clicks' AS dataset, ts FROM copies_of_clicks WHERE copy_number > 1
        UNION ALL SELECT 'conversions' AS dataset, ts FROM copies_of_conversions WHERE copy_number > 1
        UNION ALL SELECT 'reversals' AS dataset, ts FROM copies_of_reversals WHERE copy_number > 1""",
    )
    columns = ", ".join(f"r.{name}" for name in COLUMNS["conversions"])
    engine.run(
        "repeated conversions about the period",
        f"""CREATE OR REPLACE TABLE repeats_of_conversions AS
        SELECT {columns}, r.file_number, r.copy_number,
            CASE WHEN r.ts = k.ts AND r.program = k.program AND r.user_id = k.user_id THEN r.conversion_id
                ELSE r.conversion_id || chr({ord(AGAIN)}) || r.copy_number END AS touches_id
        FROM copies_of_conversions AS r JOIN known_conversions AS k ON k.conversion_id = r.conversion_id
        WHERE r.copy_number > 1 AND ((r.ts >= {first} AND r.ts < {last})
            OR r.conversion_id IN (SELECT conversion_id FROM conversion_rows))""",
    )
