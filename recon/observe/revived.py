"""Repeated impressions that count where rows before them are not there, or where they come in once more (RULES 3.2).

A repeat is a duplicate of the rows of its id before it. Where a day, a file or what came in late was not loaded, it may
be the first of its id; and where a day or a file was loaded twice, under new ids, its copy may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from recon.engine import Scans
from recon.observe.cuts import cutoffs_in_question
from recon.observe.repeats import COLUMNS, IS_DUPLICATE
from recon.observe.scope import Scope
from recon.period import DAY

Place = tuple[str, int, int]  # by what (`utc_day`, `file_number`, `cutoff`), which, and how often its rows are read
BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"


def revived(
    engine: Scans, scope: Scope, count: Callable[[str], Mapping[tuple[object, ...], int]]
) -> dict[tuple[object, ...], int]:
    """Counts of such repeats: by (by, which, times) and then what `count` tells of a relation, its day and file left.

    Needs the copies of impressions; `count` takes a relation with their columns.
    """
    _last_before(engine, cutoffs_in_question(scope)[:-1])
    _told_apart(engine, cutoffs_in_question(scope)[:-1])
    columns = ", ".join(COLUMNS["impressions"])
    engine.run(
        "repeats that count elsewhere",
        f"""CREATE OR REPLACE TABLE numbered_repeats AS
        SELECT {columns}, n.number AS file_number FROM revived_repeats AS r JOIN revived_places AS n
            ON r.place = n.place AND r.place_value = n.place_value AND r.times = n.times""",
    )
    places = {number: (str(by), int(which), int(times)) for by, which, times, number in _places(engine)}
    found: dict[tuple[object, ...], int] = {}
    for (utc_day, number, *rest), quantity in count("numbered_repeats").items():
        if utc_day is not None:
            key = (*places[int(str(number))], *rest)
            found[key] = found.get(key, 0) + quantity
    return found


def _places(engine: Scans) -> list[tuple[str, int, int, int]]:
    return engine.rows("SELECT place, place_value, times, number FROM revived_places ORDER BY number", "places")


def _last_before(engine: Scans, cutoffs: Sequence[int]) -> None:
    """Every copy of a repeated id with the last one before it: of its day, of its file, of other files, in time.

    `run_before` is the last copy before a run of copies of one file, from which that of the other files follows.
    """
    order, in_time = "ORDER BY copy_number", "ingested_at IS NULL OR ingested_at <="
    runs = f"OVER (PARTITION BY impression_id {order})"
    by_cutoff = "".join(
        f", MAX(CASE WHEN {in_time} {cutoff} THEN ts END) OVER (PARTITION BY impression_id {order} {BEFORE})"
        f" AS last_by_{number}"
        for number, cutoff in enumerate(cutoffs)
    )
    engine.run(
        "copies with the one before",
        f"""CREATE OR REPLACE TABLE copies_before AS
        SELECT *, MAX(run_before) OVER (PARTITION BY impression_id {order} {BEFORE}) AS last_elsewhere
        FROM (
            SELECT *, LAG(file_number) {runs} AS file_before,
                MAX(ts) OVER (PARTITION BY impression_id, ts // {DAY} {order} {BEFORE}) AS last_in_day,
                MAX(ts) OVER (PARTITION BY impression_id, file_number {order} {BEFORE}) AS last_in_file,
                CASE WHEN LAG(file_number) {runs} <> file_number THEN LAG(ts) {runs} END AS run_before{by_cutoff}
            FROM copies_of_impressions) AS ordered""",
    )


def _told_apart(engine: Scans, cutoffs: Sequence[int]) -> None:
    """Duplicates by where they would count, and those places numbered.

    A copy at most a day before is of the same UTC day or of the one before it.
    """
    day, columns = f"ts // {DAY}", ", ".join(COLUMNS["impressions"])
    cases = [
        ("utc_day", day, 2, "last_in_day"),
        ("utc_day", f"{day} - 1", 0, "last_in_day"),
        ("file_number", "file_number", 2, "last_in_file"),
        ("file_number", "file_before", 0, "last_elsewhere"),
        *(("cutoff", str(cutoff), 0, f"last_by_{number}") for number, cutoff in enumerate(cutoffs)),
    ]
    met = {"file_before": "AND file_before <> file_number"}
    met |= {str(cutoff): f"AND (ingested_at IS NULL OR ingested_at <= {cutoff})" for cutoff in cutoffs}
    told = [
        f"""SELECT {columns}, '{by}' AS place, CAST({which} AS BIGINT) AS place_value, {times} AS times
        FROM copies_before WHERE {IS_DUPLICATE} AND ({last} IS NULL OR ts - {last} > {DAY}) {met.get(which, "")}"""
        for by, which, times, last in cases
    ]
    engine.run("repeats revived", f"CREATE OR REPLACE TABLE revived_repeats AS {' UNION ALL '.join(told)}")
    engine.run(
        "places of repeats revived",
        """CREATE OR REPLACE TABLE revived_places AS
        SELECT place, place_value, times, ROW_NUMBER() OVER (ORDER BY place, place_value, times) AS number
        FROM (SELECT DISTINCT place, place_value, times FROM revived_repeats) AS places""",
    )
