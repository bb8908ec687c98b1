"""One scan of impressions to counts: by cut and attributes, and by cut, day and file (RULES 3.1 to 3.3).

The scan groups by a few whole numbers: the place of an instant among all cuts of all items, the places of attributes
among the values that a contract names, a bit per mark. What these say is looked up on the few groups afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence

from recon.engine import Scans, literal
from recon.observe.cuts import cutoffs_in_question
from recon.observe.packing import Part, Word, words
from recon.observe.questions import ATTRIBUTES, COMPLETED, GIVT, LATE, LATENESS, SIVT, TEST, VIEWABLE, Questions
from recon.observe.scope import FOREVER, Scope
from recon.period import DAY

BEGINNING = -(2**62)
MOST_FILES = 2**24
DAYS_BEFORE, MOST_DAYS = 2**20, 2**22  # days since 1970 of the years 1 to 9999 lie within
Key = tuple[object, ...]


class Counting:
    """Counts impressions of the items in question, each cut at its own instants; unknown items at those of ""."""

    def __init__(self, asked: Questions, scope: Scope) -> None:
        self._asked, self._scope, self._cuts, self._values = asked, scope, asked.cuts, asked.values
        self._items = sorted(asked.days)
        self._instants = sorted({at for instants in asked.cuts.values() for at in instants})

    def counts(self, engine: Scans, relation: str) -> dict[Key, int]:
        """Counts by day, file (both None: all of them), item, cut, attributes and marks."""
        self._lay_out(engine)
        packed = words([*self._places(), *self._kinds(engine)])
        grouped = ", ".join(["unknown_item", *(word.name for word in packed)])
        engine.run(
            f"count {relation if relation.isidentifier() else 'impressions of items'}",
            f"""CREATE OR REPLACE TABLE impression_groups AS
            SELECT {grouped}, COUNT(*) AS quantity FROM ({self._packed(relation, packed)}) AS packed
            GROUP BY {grouped}""",
            rows=engine.size(relation),
        )
        total = "CAST(SUM(quantity) AS BIGINT)"
        counted = engine.rows(self._told("impression_groups", packed, total), "add up impressions")
        return {self._key(row): int(row[-1]) for row in counted}

    def named(self, engine: Scans, relation: str, most: int) -> dict[Key, list[str]]:
        """Ids of the impressions behind each count that is not by day: at most so many, the first in time."""
        self._lay_out(engine)
        packed = words([*self._places(), *self._kinds(engine)])
        engine.run(
            f"name {relation}",
            f"CREATE OR REPLACE TABLE impressions_packed AS {self._packed(relation, packed, 'impression_id, ts')}",
        )
        first = f"(ARRAY_AGG(impression_id ORDER BY ts, impression_id))[1:{most}]"
        found = engine.rows(self._told("impressions_packed", packed, first), f"ids of {relation}")
        return {self._key(row): list(row[-1]) for row in found if not row[-2]}

    def _lay_out(self, engine: Scans) -> None:
        """A row per item (its code from 1, 0 being unknown ones) and one per cut of it, by its place among all cuts."""
        engine.table("item_codes", {"item": "TEXT", "item_code": "INTEGER"}, enumerate_from_1(self._items))
        place = {at: number for number, at in enumerate(self._instants, 1)}
        cuts = [(code, place[at]) for code, item in enumerate(["", *self._items]) for at in self._cuts[item]]
        engine.table("item_cuts", {"item_code": "INTEGER", "place": "INTEGER"}, cuts)
        columns = {"item_code": "INTEGER", **{f"asks_{name}": "BOOLEAN" for name in ATTRIBUTES}, "day_marks": "BIGINT"}
        asks = [(code, *self._asked.days[item]) for code, item in enumerate(self._items, 1)]
        engine.table("item_asks", columns, [(0, *[False] * len(ATTRIBUTES), 0), *asks])

    def _places(self) -> list[Part]:
        """Where a row stands: file, day, and the last cut of any item before it."""
        return [
            Part("file_code", "COALESCE(i.file_number + 1, 0)", MOST_FILES),
            Part("day_code", f"i.ts // {DAY} + {DAYS_BEFORE}", MOST_DAYS),
            Part("place", passed(self._instants), len(self._instants) + 1),
        ]

    def _kinds(self, engine: Scans) -> list[Part]:
        """What a row is counted as."""
        attributes = [
            Part(f"{name}_code", engine.place_in(self._values[name], f"i.{name}"), len(self._values[name]) + 1)
            for name in ATTRIBUTES
        ]
        earlier = len(cutoffs_in_question(self._scope)) - 1
        marks = Part("marks", _marks(self._scope), LATENESS * (earlier + 1))
        return [*attributes, marks, Part("item_code", "COALESCE(k.item_code, 0)", len(self._items) + 1)]

    def _packed(self, relation: str, packed: Sequence[Word], others: str = "") -> str:
        """Every impression as words, with its item's name where no contract lists it."""
        columns = [others] if others else []
        columns += ["CASE WHEN k.item_code IS NULL THEN i.item END AS unknown_item", *(word.packed for word in packed)]
        return f"""
            SELECT {", ".join(columns)} FROM {relation} AS i LEFT JOIN item_codes AS k ON i.item = k.item
            WHERE {self._scope.is_known}"""

    def _told(self, relation: str, packed: Sequence[Word], total: str) -> str:
        """Words as what they say, put together by cut and attributes, and by cut, day and file."""
        unpacked = ", ".join(part for word in packed for part in word.unpacked)
        values = ", ".join(f"{_listed(self._values[name], f'{name}_code')} AS {name}" for name in ATTRIBUTES)
        own = ", ".join(f"CASE WHEN asks_{name} THEN {name} END AS own_{name}" for name in ATTRIBUTES)
        names, owned = ", ".join(ATTRIBUTES), ", ".join(f"own_{name}" for name in ATTRIBUTES)
        return f"""
        WITH unpacked AS (SELECT *, {values} FROM (SELECT *, {unpacked} FROM {relation})),
        cells AS (
            SELECT c.item_code, c.place, COUNT(k.place) AS passed
            FROM (SELECT DISTINCT item_code, place FROM unpacked) AS c
            LEFT JOIN item_cuts AS k ON k.item_code = c.item_code AND k.place <= c.place
            GROUP BY c.item_code, c.place),
        told AS (
            SELECT u.*, cells.passed, file_code - 1 AS file_number, day_code - {DAYS_BEFORE} AS utc_day,
                {own}, marks & day_marks AS own_marks
            FROM unpacked AS u JOIN cells ON u.item_code = cells.item_code AND u.place = cells.place
            JOIN item_asks AS a ON u.item_code = a.item_code)
        SELECT utc_day, file_number, item_code, unknown_item, passed, {names}, {owned}, marks, own_marks,
            GROUPING(marks) AS is_by_day, {total} AS total
        FROM told
        GROUP BY GROUPING SETS (
            (item_code, unknown_item, passed, {names}, marks),
            (utc_day, file_number, item_code, passed, {owned}, own_marks))"""

    def _key(self, row: tuple[object, ...]) -> Key:
        utc_day, file_number, item_code, unknown_item, passed, *rest, is_by_day, _ = row
        attributes, marks = (rest[4:8], rest[9]) if is_by_day else (rest[:4], rest[8])
        code, place = int(str(item_code)), int(str(passed))
        item = self._items[code - 1] if code else unknown_item or ""
        bounds = (BEGINNING, *self._cuts[str(item) if code else ""], FOREVER)
        day = (utc_day, None if file_number == -1 else file_number) if is_by_day else (None, None)
        return (*day, item, bool(code), bounds[place], bounds[place + 1], *attributes, int(str(marks)))


def enumerate_from_1(names: Sequence[str]) -> list[tuple[str, int]]:
    """Names with their numbers."""
    return [(name, number) for number, name in enumerate(names, 1)]


def passed(instants: Sequence[int]) -> str:
    """How many instants an impression does not lie before, as SQL: a search by halves, the fewest comparisons."""

    def search(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        return f"CASE WHEN i.ts >= {instants[middle]} THEN {search(middle + 1, high)} ELSE {search(low, middle)} END"

    return search(0, len(instants))


def _listed(values: Sequence[str], code: str) -> str:
    """The value at a place from 1, as SQL; NULL at 0."""
    cases = " ".join(f"WHEN {place} THEN {literal(value)}" for place, value in enumerate(values, 1))
    return f"CASE {code} {cases} END" if cases else "CAST(NULL AS TEXT)"


def _marks(scope: Scope) -> str:
    """A bit per mark; most impressions came in before the first cut-off, so that one comparison tells they did."""
    *earlier, own = cutoffs = cutoffs_in_question(scope)
    late = [f"CASE WHEN i.ingested_at > {own} THEN {LATE} ELSE 0 END"]
    late += [f"CASE WHEN i.ingested_at > {cutoff} THEN {LATENESS} ELSE 0 END" for cutoff in earlier]
    flags = (("i.is_viewable", VIEWABLE), ("i.is_completed", COMPLETED), ("i.is_test", TEST))
    marks = [f"CASE WHEN {condition} THEN {bit} ELSE 0 END" for condition, bit in flags]
    marks += [f"CASE WHEN i.ingested_at > {cutoffs[0]} THEN {' + '.join(late)} ELSE 0 END"]
    marks += [f"CASE i.ivt WHEN 'givt' THEN {GIVT} WHEN 'sivt' THEN {SIVT} ELSE 0 END"]
    return f"({' + '.join(marks)})"
