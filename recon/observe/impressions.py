"""Impressions of a month as counts per item, cut of time and attributes (RULES 3.1 to 3.3).

Every zone question is answered beforehand: an item's time is cut at the bounds of versions and months, as
instants, and the engine only counts how many cuts an impression has passed. The counts answer every later
question that moves no cut, so they are stored with the close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recon.contracts.book import Book
from recon.contracts.terms import CpmTerms
from recon.engine import Engine, literal
from recon.observe.cuts import cutoffs_in_question, cuts_of_items
from recon.observe.repeats import COLUMNS, IS_DUPLICATE, find_repeats
from recon.observe.revived import revived
from recon.observe.scope import FOREVER, Scope, one_of
from recon.period import DAY

ATTRIBUTES = ("geo", "device", "placement", "partner")
BEGINNING = -(2**62)
VIEWABLE, COMPLETED, TEST, LATE, GIVT, SIVT, LATENESS = 1, 2, 4, 8, 16, 32, 64
ALWAYS_MARKED = TEST | LATE | GIVT | SIVT
Key = tuple[object, ...]


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


def observe_impressions(engine: Engine, book: Book, scope: Scope) -> None:
    """Create `impression_counts`, one row per `ImpressionCount`, `impression_days` and `impressions_revived`.

    `impression_days` tells the known items' counts by UTC day and file, with only those attributes and marks that a
    version asks for; `impressions_revived` those of duplicates that count where the rows of a `place` (a day, a file,
    what came in after a cut-off) are left out (`times` 0) or come again (2). `book` holds every version, whatever its
    status. Reads each column of the impressions about once: the ids to find repeats, the rest to count. Counts are of
    all rows first; the few that are duplicates are then moved to counts of their own.
    """
    find_repeats(engine, "impressions", scope)
    _duplicates(engine)
    counting = Counting(book, scope, cuts_of_items(book, scope, _counted_by_others(engine)))
    everything = counting.counts(engine, "impressions")
    surplus = counting.counts(engine, "duplicate_impressions")
    rows, days = _moved(everything, surplus)
    engine.table("impression_counts", COUNT_COLUMNS, rows)
    engine.table("impression_days", DAY_COLUMNS, days)
    again = revived(engine, scope, lambda relation: counting.counts(engine, relation))
    found = [(*_row((None, None, *key[3:]), total, False), *key[:3]) for key, total in again.items() if key[4]]
    engine.table("impressions_revived", REVIVED_COLUMNS, found)


def impression_ids(engine: Engine, book: Book, scope: Scope, item: str, most: int) -> dict[ImpressionCount, list[str]]:
    """Ids of an item's impressions by the count that they stand in (quantity 0): at most so many, the first in time.

    Reads the raw events again; `book` holds every version, as it did when they were counted.
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
    counting = Counting(book, scope, cuts_of_items(book, scope, _counted_by_others(engine)))
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


def _counted_by_others(engine: Engine) -> frozenset[str]:
    """Items that a third party counts."""
    return frozenset(str(item) for (item,) in engine.rows("SELECT DISTINCT item FROM third_party", "counted items"))


def _duplicates(engine: Engine) -> None:
    columns = ", ".join(COLUMNS["impressions"])
    engine.run(
        "duplicate impressions",
        f"""CREATE OR REPLACE TABLE duplicate_impressions AS
        SELECT {columns}, file_number FROM copies_of_impressions WHERE {IS_DUPLICATE}""",
    )


class Counting:
    """One scan of impressions to counts: by cut and attributes, and by cut, day and file."""

    def __init__(self, book: Book, scope: Scope, cuts: Mapping[str, tuple[int, ...]]) -> None:
        self._book, self._scope, self._cuts = book, scope, cuts
        self._items = sorted(item for item in cuts if item)
        self._mentioned = mentioned_values(book)
        self._asked = {item: mentioned_values(book, item) for item in self._items}

    def counts(self, engine: Engine, relation: str) -> dict[Key, int]:
        """Counts by day, file (both None: all of them), item, cut, attributes and marks."""
        self._lay_out_cuts(engine)
        counted = engine.rows(self._step(relation), f"count {relation}")
        return {self._key(row): row[-1] for row in counted}

    def _lay_out_cuts(self, engine: Engine) -> None:
        """A row per item: its key, its cuts, and what the counts by day tell apart."""
        width = self._width
        columns = {"item": "TEXT", "item_key": "INTEGER", **{f"cut_{n}": "BIGINT" for n in range(width)}}
        columns |= {f"asks_{name}": "BOOLEAN" for name in ATTRIBUTES} | {"day_marks": "BIGINT"}
        rows = [
            (item, number, *self._padded(item), *self._asks(item), marks_asked(self._book, item))
            for number, item in enumerate(self._items)
        ]
        engine.table("item_cuts", columns, rows)

    @property
    def _width(self) -> int:
        return max(len(instants) for instants in self._cuts.values())

    def _padded(self, item: str) -> list[int]:
        instants = self._cuts[item]
        return [*instants, *[FOREVER] * (self._width - len(instants))]

    def _asks(self, item: str) -> list[bool]:
        return [bool(self._asked[item][name]) for name in ATTRIBUTES]

    def named(self, engine: Engine, relation: str, most: int) -> dict[Key, list[str]]:
        """Ids of the impressions behind each count that is not by day: at most so many, the first in time."""
        self._lay_out_cuts(engine)
        names = ", ".join(ATTRIBUTES)
        grouped = f"item_key, unknown_item, passed, {names}, marks"
        found = engine.rows(
            f"""SELECT {grouped}, (ARRAY_AGG(impression_id ORDER BY ts, impression_id))[1:{most}] AS ids
            FROM ({self._marked(relation)}) AS marked GROUP BY {grouped}""",
            f"name {relation}",
        )
        blank = [None] * len(ATTRIBUTES)
        return {self._key((None, None, *row[:-2], *blank, row[-2], None, 0, 0)): list(row[-1]) for row in found}

    def _marked(self, relation: str) -> str:
        """Every impression with its item's key, the cuts it has passed, the values asked for, and its marks."""
        cut = ", ".join(_attribute(name, self._mentioned[name]) for name in ATTRIBUTES)
        asks = ", ".join(f"k.asks_{name}" for name in ATTRIBUTES)
        return f"""
            SELECT k.item_key, CASE WHEN k.item_key IS NULL THEN i.item END AS unknown_item, i.file_number,
                i.ts // {DAY} AS utc_day, {passed(self._padded(""))} AS passed, {cut}, {asks},
                COALESCE(k.day_marks, 0) AS day_marks, {_marks(self._scope)} AS marks, i.impression_id, i.ts
            FROM {relation} AS i LEFT JOIN item_cuts AS k ON i.item = k.item
            WHERE {self._scope.is_known}"""

    def _step(self, relation: str) -> str:
        own = ", ".join(f"CASE WHEN asks_{name} THEN {name} END AS own_{name}" for name in ATTRIBUTES)
        names, owned = ", ".join(ATTRIBUTES), ", ".join(f"own_{name}" for name in ATTRIBUTES)
        return f"""
        SELECT utc_day, file_number, item_key, unknown_item, passed, {names}, {owned}, marks, own_marks,
            GROUPING(marks) AS is_by_day, COUNT(*) AS quantity
        FROM (SELECT *, {own}, marks & day_marks AS own_marks FROM ({self._marked(relation)}) AS marked) AS narrowed
        GROUP BY GROUPING SETS (
            (item_key, unknown_item, passed, {names}, marks),
            (utc_day, file_number, item_key, passed, {owned}, own_marks))"""

    def _key(self, row: tuple[object, ...]) -> Key:
        utc_day, file_number, item_key, unknown_item, passed, *rest, is_by_day, _ = row
        attributes, marks = (rest[4:8], rest[9]) if is_by_day else (rest[:4], rest[8])
        item = unknown_item or "" if item_key is None else self._items[int(str(item_key))]
        bounds = (BEGINNING, *self._cuts["" if item_key is None else str(item)], FOREVER)
        place = int(str(passed))
        day = (utc_day, file_number) if is_by_day else (None, None)
        return (*day, item, item_key is not None, bounds[place], bounds[place + 1], *attributes, int(str(marks)))


def passed(unknown_cuts: Sequence[int]) -> str:
    """How many of its item's cuts an impression lies behind, as SQL: a search by halves, the fewest comparisons.

    `unknown_cuts` are those of items that no contract lists.
    """

    def search(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        cut = f"COALESCE(k.cut_{middle}, {unknown_cuts[middle]})"
        return f"CASE WHEN i.ts >= {cut} THEN {search(middle + 1, high)} ELSE {search(low, middle)} END"

    return search(0, len(unknown_cuts))


def mentioned_values(book: Book, item: str | None = None) -> dict[str, frozenset[str]]:
    """The attribute values that some CPM rate (of one item) names: all others are alike to it (RULES 3.3)."""
    values: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
    for version in book.versions:
        for one in version.terms.items if isinstance(version.terms, CpmTerms) else ():
            for rate in one.rates if item in (None, one.item) else ():
                for name, listed in rate.when.conditions:
                    values[name].update(listed)
    return {name: frozenset(listed) for name, listed in values.items()}


def marks_asked(book: Book, item: str) -> int:
    """The marks that decide whether an impression of an item is billable, under any version that lists it."""
    terms = [version.terms for version in book.versions if isinstance(version.terms, CpmTerms)]
    bases = {one.basis for one in terms if any(listed.item == item for listed in one.items)}
    asked = {"viewable": VIEWABLE, "completed": COMPLETED}
    return ALWAYS_MARKED | sum(bit for basis, bit in asked.items() if basis in bases)


def _attribute(name: str, values: frozenset[str]) -> str:
    if not values:
        return f"CAST(NULL AS TEXT) AS {name}"
    return f"CASE WHEN i.{name} IN ({one_of(values)}) THEN i.{name} END AS {name}"


def _marks(scope: Scope) -> str:
    *earlier, own = cutoffs_in_question(scope)
    late = f"i.ingested_at > {own}"
    flags = (("i.is_viewable", VIEWABLE), ("i.is_completed", COMPLETED), ("i.is_test", TEST), (late, LATE))
    marks = [f"CASE WHEN {condition} THEN {bit} ELSE 0 END" for condition, bit in flags]
    marks += [f"CASE WHEN i.ingested_at > {cutoff} THEN {LATENESS} ELSE 0 END" for cutoff in earlier]
    return " + ".join([*marks, f"CASE i.ivt WHEN 'givt' THEN {GIVT} WHEN 'sivt' THEN {SIVT} ELSE 0 END"])


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
