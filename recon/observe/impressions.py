"""Impressions of a month as counts per item, cut of time and attributes (RULES 3.1 to 3.3).

Every zone question is answered beforehand: an item's time is cut at the bounds of versions and months, as
instants, and the engine only counts how many cuts an impression has passed. The counts answer every later
question that moves no cut, so they are stored with the close.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recon.engine import Engine, Scans, literal
from recon.observe.counting import Counting, Key
from recon.observe.questions import COMPLETED, GIVT, LATE, LATENESS, SIVT, TEST, VIEWABLE, Questions
from recon.observe.repeats import (
    COLUMNS,
    IS_DUPLICATE,
    find_repeated_marks,
    find_repeats,
    mark_of,
    number_copies,
)
from recon.observe.revived import revived
from recon.observe.scope import Scope


@dataclass(frozen=True)
class ImpressionCount:
    """How many impressions of one item, cut and set of attributes there are.

    `start` and `end` bound the cut (µs, UTC, half-open). An attribute that no contract names is None, as is a
    value that none lists; `is_known_item` False marks items that no contract lists at all. `lateness` is how many
    of the cut-offs in question they came in after, the period's own being the last.
    """

    item: str
    is_known_item: bool
    start: int
    end: int
    geo: str | None
    device: str | None
    placement: str | None
    partner: str | None
    is_viewable: bool
    is_completed: bool
    is_test: bool
    is_late: bool
    ivt: str | None
    is_duplicate: bool
    quantity: int
    lateness: int = 0


COUNT_COLUMNS = {
    "item": "TEXT", "is_known_item": "BOOLEAN", "start": "BIGINT", "end": "BIGINT", "geo": "TEXT", "device": "TEXT",
    "placement": "TEXT", "partner": "TEXT", "is_viewable": "BOOLEAN", "is_completed": "BOOLEAN", "is_test": "BOOLEAN",
    "is_late": "BOOLEAN", "ivt": "TEXT", "is_duplicate": "BOOLEAN", "quantity": "BIGINT", "lateness": "BIGINT",
}  # fmt: skip
DAY_COLUMNS = {**COUNT_COLUMNS, "utc_day": "BIGINT", "file_number": "INTEGER"}
REVIVED_COLUMNS = {**COUNT_COLUMNS, "place": "TEXT", "place_value": "BIGINT", "times": "BIGINT"}


def choose_impressions(engine: Scans, scope: Scope) -> None:
    """Create `chosen_impressions`, the rows that are looked at singly, and `copies_of_impressions` of them.

    Those are the rows whose id comes more than once, and those of people who convert.
    Needs the `converters` of `observe_conversions`.
    """
    find_repeated_marks(engine, "impressions", scope)
    look_at_singly(engine, scope)


def look_at_singly(engine: Scans, scope: Scope) -> None:
    """The same where it is known which ids come more than once.

    `is_repeated` and `is_of_converter` are told by fingerprints of the id and the person, which others may share; in
    one scan, since both need most columns.
    """
    person = engine.mark("program", "user_id")
    engine.run(
        "fingerprints of people who convert",
        f"CREATE OR REPLACE TABLE marks_of_converters AS SELECT DISTINCT {person} AS mark FROM converters",
    )
    columns = ", ".join(COLUMNS["impressions"])
    engine.run(
        "impressions looked at singly",
        f"""CREATE OR REPLACE TABLE chosen_impressions AS
        SELECT * FROM (
            SELECT {columns}, file_number, {mark_of(engine, "impressions")} IN (SELECT mark FROM marks_of_impressions)
                AS is_repeated, {person} IN (SELECT mark FROM marks_of_converters) AS is_of_converter
            FROM impressions WHERE {scope.is_known}) AS looked_at
        WHERE is_repeated OR is_of_converter""",
        rows=engine.size("impressions"),
    )
    number_copies(engine, "impressions", "chosen_impressions WHERE is_repeated")


def observe_impressions(engine: Scans, asked: Questions, scope: Scope, impressions: str = "impressions") -> None:
    """Create `impression_counts`, one row per `ImpressionCount`, `impression_days` and `impressions_revived`.

    `impression_days` tells the known items' counts by UTC day and file, with only those attributes and marks that a
    version asks for; `impressions_revived` those of duplicates that count where the rows of a `place` (a day, a file,
    what came in after a cut-off) are left out (`times` 0) or come again (2). Counts are of all rows first; the few
    that are duplicates are then moved to counts of their own. Needs the copies of impressions; `impressions` are those
    that are counted, as SQL.
    """
    _duplicates(engine)
    counting = Counting(asked, scope)
    everything = counting.counts(engine, impressions)
    surplus = counting.counts(engine, "duplicate_impressions")
    rows, days = _moved(everything, surplus)
    engine.table("impression_counts", COUNT_COLUMNS, rows)
    engine.table("impression_days", DAY_COLUMNS, days)
    again = revived(engine, scope, lambda relation: counting.counts(engine, relation))
    found = [(*_row((None, None, *key[3:]), total, False), *key[:3]) for key, total in again.items() if key[4]]
    engine.table("impressions_revived", REVIVED_COLUMNS, found)


def impression_ids(
    engine: Engine, asked: Questions, scope: Scope, item: str, most: int
) -> dict[ImpressionCount, list[str]]:
    """Ids of an item's impressions by the count that they stand in (quantity 0): at most so many, the first in time.

    Reads the raw events again; asked is what it was when they were counted.
    """
    find_repeats(engine, "impressions", scope)
    _duplicates(engine)
    own = f"item = {literal(item)}"
    engine.run(
        "duplicates of an item",
        f"CREATE OR REPLACE TABLE item_duplicates AS SELECT * FROM duplicate_impressions WHERE {own}",
    )
    engine.run(
        "impressions of an item",
        f"""CREATE OR REPLACE TABLE item_impressions AS
        SELECT * FROM impressions AS i WHERE {own} AND NOT EXISTS (
            SELECT 1 FROM item_duplicates AS d WHERE d.impression_id = i.impression_id AND d.ts = i.ts
                AND d.ingested_at IS NOT DISTINCT FROM i.ingested_at)""",
    )
    counting = Counting(asked, scope)
    found: dict[ImpressionCount, list[str]] = {}
    for relation, is_duplicate in (("item_impressions", False), ("item_duplicates", True)):
        for key, ids in counting.named(engine, relation, most).items():
            row: tuple[Any, ...] = _row(key, 0, is_duplicate)
            found[ImpressionCount(*row)] = ids
    return found


def impression_counts(engine: Engine) -> tuple[ImpressionCount, ...]:
    """The stored counts, in a fixed order."""
    columns = ", ".join(f'"{column}"' for column in COUNT_COLUMNS)
    rows = engine.rows(f"SELECT {columns} FROM impression_counts ORDER BY ALL NULLS FIRST", "impression counts")
    return tuple(ImpressionCount(*row) for row in rows)


def _duplicates(engine: Scans) -> None:
    columns = ", ".join(COLUMNS["impressions"])
    engine.run(
        "duplicate impressions",
        f"""CREATE OR REPLACE TABLE duplicate_impressions AS
        SELECT {columns}, file_number FROM copies_of_impressions WHERE {IS_DUPLICATE}""",
    )


def _moved(everything: Mapping[Key, int], surplus: Mapping[Key, int]) -> tuple[list[Key], list[Key]]:
    """Counts of all rows, the duplicates among them taken out and told apart; and the same by day and file."""
    single = ((key, total - surplus.get(key, 0), False) for key, total in everything.items())
    doubled = ((key, total, True) for key, total in surplus.items())
    told = [(key, _row(key, total, is_duplicate)) for key, total, is_duplicate in (*single, *doubled) if total]
    rows = [row for (utc_day, *_), row in told if utc_day is None]
    days = [(*row, *key[:2]) for key, row in told if key[0] is not None and key[3]]
    return rows, days


def _row(key: Key, total: int, is_duplicate: bool) -> Key:
    _, _, *place, marks = key
    bits = int(str(marks))
    ivt = "givt" if bits & GIVT else "sivt" if bits & SIVT else None
    flags = [bool(bits & bit) for bit in (VIEWABLE, COMPLETED, TEST, LATE)]
    lateness = bits // LATENESS + bool(bits & LATE)
    return (*place, *flags, ivt, is_duplicate, total, lateness)
