"""By hand: the plainest DuckDB queries that answer the question, each for this question alone."""

from __future__ import annotations

import os
from collections.abc import Callable

import duckdb

from benchmarks.observing.question import COUNTED, TOUCHED, Question

MARKS = "coalesce(is_viewable, false), coalesce(is_completed, false), coalesce(is_test, false)"
DAY = 86_400_000_000
ORDER = "program, item, partner, user_id, geo, device, placement, is_viewable, is_completed, ivt, is_test"


def _engine() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(config={"memory_limit": "1GB", "threads": os.cpu_count() or 1})
    engine.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET preserve_insertion_order = false")
    return engine


def _months(engine: duckdb.DuckDBPyConnection, asked: Question) -> None:
    engine.execute('CREATE TABLE months (item TEXT, start BIGINT, "end" BIGINT)')
    engine.executemany(
        "INSERT INTO months VALUES (?, ?, ?)", [(item, *bounds) for item, bounds in asked.months.items()]
    )


def _grouped(asked: Question, rows: str, more: str = "") -> str:
    return f"""
        SELECT item, epoch_us(ts) >= start AND epoch_us(ts) < "end", {MARKS},
            coalesce(epoch_us(ingested_at) > {asked.cutoff}, false), ivt{more}, count(*)
        FROM {rows} JOIN months USING (item) GROUP BY ALL"""


def counts(asked: Question) -> list[tuple]:
    engine = _engine()
    _months(engine, asked)
    return engine.execute(_grouped(asked, f"'{asked.files('impressions')}'")).fetchall()


def duplicates(asked: Question) -> list[tuple]:
    """Ids are grouped once; only rows of those that come again are put in order, within one scan more."""
    engine = _engine()
    _months(engine, asked)
    files = f"'{asked.files('impressions')}'"
    engine.execute(
        f"CREATE TABLE again AS SELECT hash(impression_id) AS mark FROM {files} GROUP BY mark HAVING count(*) > 1"
    )
    engine.execute(
        f"""CREATE TABLE ranked AS SELECT *, coalesce(epoch_us(ts) - lag(epoch_us(ts))
            OVER (PARTITION BY impression_id ORDER BY ts, ingested_at NULLS FIRST, {ORDER})
            <= {DAY}, false) AS is_duplicate
        FROM {files} WHERE hash(impression_id) IN (SELECT mark FROM again)"""
    )
    single = f"(SELECT *, false AS is_duplicate FROM {files} WHERE hash(impression_id) NOT IN (SELECT mark FROM again))"
    return engine.execute(
        _grouped(asked, f"(FROM {single} UNION ALL BY NAME FROM ranked)", ", is_duplicate")
    ).fetchall()


def touches(asked: Question) -> list[tuple]:
    engine = _engine()
    engine.execute("CREATE TABLE windows (program TEXT, click BIGINT, seen BIGINT)")
    engine.executemany("INSERT INTO windows VALUES (?, ?, ?)", [(name, *both) for name, both in asked.windows.items()])
    first, last = asked.around
    for name in ("conversions", "clicks"):
        identity = f"{name[:-1]}_id"
        engine.execute(
            f"""CREATE TABLE {name} AS SELECT {identity} AS id, program, user_id, epoch_us(ts) AS ts
            FROM '{asked.files(name)}'
            QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY ts, ingested_at NULLS FIRST, user_id) = 1"""
        )
    # left alone, it builds its tables from the impressions, of which it knows one file's size
    engine.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    engine.execute(f"DELETE FROM conversions WHERE NOT (ts >= {first} AND ts < {last})")
    return engine.execute(
        f"""WITH touches AS (
            SELECT id, program, user_id, ts, true AS is_click FROM clicks UNION ALL
            SELECT impression_id, program, user_id, epoch_us(ts), false FROM '{asked.files("impressions")}'
            WHERE user_id IN (SELECT user_id FROM conversions))
        SELECT c.id, count(*), max_by(t.id, (t.ts, t.id))
        FROM touches AS t JOIN (FROM conversions JOIN windows USING (program)) AS c USING (program, user_id)
        WHERE t.ts <= c.ts AND c.ts - t.ts <= CASE WHEN is_click THEN click ELSE seen END
        GROUP BY c.id"""
    ).fetchall()


def scanned(asked: Question, work: str) -> list[tuple]:
    """The bare scan: every value of the columns that a work needs, read once."""
    ids = {"counts": "", "duplicates": "impression_id ", "touches": "impression_id ", "everything": "impression_id "}
    of_views = {"touches": TOUCHED, "everything": f"{COUNTED} program user_id"}.get(work, COUNTED)
    columns = {"impressions": ids[work] + of_views}
    if work in ("touches", "everything"):
        columns |= {"clicks": f"click_id {TOUCHED}", "conversions": "conversion_id ts program user_id ingested_at"}
    engine = _engine()
    for name, read in columns.items():
        engine.execute(f"SELECT {', '.join(_read(one) for one in read.split())} FROM '{asked.files(name)}'").fetchall()
    return []


def _read(column: str) -> str:
    if column in ("ts", "ingested_at"):
        return f"sum(epoch_us({column}) // 1000000)"
    return f"sum({column}::INTEGER)" if column.startswith("is_") else f"sum(strlen({column}))"


ANSWERS: dict[str, Callable[[Question], list[tuple]]] = {"counts": counts, "duplicates": duplicates, "touches": touches}
