"""Impressions of a month as counts per item, cut of time and attributes (RULES 3.1 to 3.3).

Every zone question is answered beforehand: an item's time is cut at the bounds of versions and months, as
instants, and the engine only counts how many cuts an impression has passed. The counts answer every later
question that moves no cut, so they are stored with the close.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import timedelta

from recon.contracts.book import Book, Span
from recon.contracts.terms import CpmItem, CpmTerms
from recon.engine import Engine
from recon.observe.repeats import COLUMNS, IS_DUPLICATE, find_repeats
from recon.observe.scope import FOREVER, Scope, ends, one_of, spans_of, starts
from recon.period import midnight

ATTRIBUTES = ("geo", "device", "placement", "partner")
BEGINNING = -(2**62)
VIEWABLE, COMPLETED, TEST, LATE, GIVT, SIVT = 1, 2, 4, 8, 16, 32


@dataclass(frozen=True)
class ImpressionCount:
    """How many impressions of one item, cut and set of attributes there are.

    `start` and `end` bound the cut (µs, UTC, half-open). An attribute that no contract names is None, as is a
    value that none lists; `is_known_item` False marks items that no contract lists at all.
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


COUNT_COLUMNS = {
    "item": "TEXT", "is_known_item": "BOOLEAN", "start": "BIGINT", "end": "BIGINT", "geo": "TEXT", "device": "TEXT",
    "placement": "TEXT", "partner": "TEXT", "is_viewable": "BOOLEAN", "is_completed": "BOOLEAN", "is_test": "BOOLEAN",
    "is_late": "BOOLEAN", "ivt": "TEXT", "is_duplicate": "BOOLEAN", "quantity": "BIGINT",
}  # fmt: skip


def observe_impressions(engine: Engine, book: Book, scope: Scope) -> None:
    """Create the relation `impression_counts`, one row per `ImpressionCount`, and the repeats behind it.

    Reads each column of the impressions about once: the ids to find repeats, the rest to count. Counts are of
    all rows first; the few that are duplicates are then moved to counts of their own.
    """
    cuts = cuts_of_items(book, scope)
    find_repeats(engine, "impressions", scope)
    _duplicates(engine)
    everything = _counts(engine, "impressions", cuts, book, scope)
    surplus = _counts(engine, "duplicate_impressions", cuts, book, scope)
    rows = [*_moved(everything, surplus)]
    engine.table("impression_counts", COUNT_COLUMNS, [tuple(getattr(row, f.name) for f in fields(row)) for row in rows])


def impression_counts(engine: Engine) -> tuple[ImpressionCount, ...]:
    """The stored counts, in a fixed order."""
    columns = ", ".join(f'"{column}"' for column in COUNT_COLUMNS)
    rows = engine.rows(f"SELECT {columns} FROM impression_counts ORDER BY ALL NULLS FIRST", "impression counts")
    return tuple(ImpressionCount(*row) for row in rows)


def cuts_of_items(book: Book, scope: Scope) -> dict[str, tuple[int, ...]]:
    """The instants at which each known item's time is cut; unknown items stand under the empty name."""
    zones = {"UTC"} | ({scope.billing_timezone} if scope.billing_timezone else set())
    common = {bound for zone in zones for bound in (scope.period.start(zone), scope.period.end(zone))}
    cuts: dict[str, set[int]] = defaultdict(lambda: set(common))
    cuts[""] = set(common)
    for span in spans_of(book, CpmTerms):
        for item in span.version.terms.items if isinstance(span.version.terms, CpmTerms) else ():
            cuts[item.item] |= _cuts_of_span(span, item, scope)
    for version in book.versions:
        for item in version.terms.items if isinstance(version.terms, CpmTerms) else ():
            cuts[item.item] |= {scope.period.start(version.timezone), scope.period.end(version.timezone)}
    return {item: tuple(sorted(instants)) for item, instants in cuts.items()}


def _cuts_of_span(span: Span, item: CpmItem, scope: Scope) -> set[int]:
    first, last = _around(scope)
    zone = span.version.timezone
    bounds = {instant for instant in (starts(span), ends(span)) if first <= instant <= last}
    return bounds | (_midnights(scope, zone) if needs_days(span, item) else set())


def needs_days(span: Span, item: CpmItem) -> bool:
    """Whether an item's units are counted by date: booked quantities and third-party counts (RULES 3.5, 3.6)."""
    terms = span.version.terms
    third_party = item.third_party or (terms.third_party if isinstance(terms, CpmTerms) else None)
    return item.booked is not None or third_party is not None


def _midnights(scope: Scope, zone: str) -> set[int]:
    days = [scope.period.first + timedelta(days=n) for n in range(scope.period.days + 1)]
    return {midnight(day, zone) for day in days}


def _around(scope: Scope) -> tuple[int, int]:
    """The period in any zone of the world, with a day to spare."""
    day = timedelta(days=2)
    return midnight(scope.period.first - day, "UTC"), midnight(scope.period.last + day, "UTC")


def _duplicates(engine: Engine) -> None:
    columns = ", ".join(COLUMNS["impressions"])
    engine.run(
        "duplicate impressions",
        f"""CREATE OR REPLACE TABLE duplicate_impressions AS
        SELECT {columns} FROM copies_of_impressions WHERE {IS_DUPLICATE}""",
    )


def _counts(
    engine: Engine, relation: str, cuts: dict[str, tuple[int, ...]], book: Book, scope: Scope
) -> dict[tuple[object, ...], int]:
    """Counts of a relation of impressions by item key, unknown item, cuts passed, attributes and marks."""
    items = sorted(item for item in cuts if item)
    width = max(len(instants) for instants in cuts.values())
    padded = {item: [*instants, *[FOREVER] * (width - len(instants))] for item, instants in cuts.items()}
    bounds = {f"cut_{n}": "BIGINT" for n in range(width)}
    engine.table(
        "item_cuts",
        {"item": "TEXT", "item_key": "INTEGER", **bounds},
        [(i, n, *padded[i]) for n, i in enumerate(items)],
    )
    sql = _counting_step(relation, padded[""], mentioned_values(book), scope)
    counted = engine.rows(sql, f"count {relation}")
    return {_key(row, items, cuts): row[-1] for row in counted}


def _counting_step(relation: str, unknown_cuts: list[int], mentioned: dict[str, frozenset[str]], scope: Scope) -> str:
    passed = " + ".join(
        f"CAST(i.ts >= COALESCE(k.cut_{n}, {instant}) AS INTEGER)" for n, instant in enumerate(unknown_cuts)
    )
    attributes = ", ".join(_attribute(name, mentioned[name]) for name in ATTRIBUTES)
    return f"""
        SELECT k.item_key, CASE WHEN k.item_key IS NULL THEN i.item END AS unknown_item, {passed} AS passed,
            {attributes}, {_marks(scope)} AS marks, COUNT(*) AS quantity
        FROM {relation} AS i LEFT JOIN item_cuts AS k ON i.item = k.item
        WHERE {scope.is_known}
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""


def mentioned_values(book: Book) -> dict[str, frozenset[str]]:
    """The attribute values that some CPM rate names: all others are alike to every contract (RULES 3.3)."""
    values: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
    for version in book.versions:
        for item in version.terms.items if isinstance(version.terms, CpmTerms) else ():
            for rate in item.rates:
                for name, listed in rate.when.conditions:
                    values[name].update(listed)
    return {name: frozenset(listed) for name, listed in values.items()}


def _attribute(name: str, values: frozenset[str]) -> str:
    if not values:
        return f"NULL AS {name}"
    return f"CASE WHEN i.{name} IN ({one_of(values)}) THEN i.{name} END AS {name}"


def _marks(scope: Scope) -> str:
    late = f"i.ingested_at > {scope.cutoff_of(scope.period)}"
    flags = (("i.is_viewable", VIEWABLE), ("i.is_completed", COMPLETED), ("i.is_test", TEST), (late, LATE))
    marks = [f"CASE WHEN {condition} THEN {bit} ELSE 0 END" for condition, bit in flags]
    return " + ".join([*marks, f"CASE i.ivt WHEN 'givt' THEN {GIVT} WHEN 'sivt' THEN {SIVT} ELSE 0 END"])


def _key(row: tuple[object, ...], items: list[str], cuts: dict[str, tuple[int, ...]]) -> tuple[object, ...]:
    item_key, unknown_item, passed, *attributes, marks, _ = row
    item = unknown_item or "" if item_key is None else items[int(str(item_key))]
    bounds = (BEGINNING, *cuts["" if item_key is None else str(item)], FOREVER)
    place = int(str(passed))
    return (item, item_key is not None, bounds[place], bounds[place + 1], *attributes, int(str(marks)))


def _moved(everything: dict[tuple[object, ...], int], surplus: dict[tuple[object, ...], int]) -> list[ImpressionCount]:
    """Counts of all rows, the duplicates among them taken out and told apart."""
    single = {key: total - surplus.get(key, 0) for key, total in everything.items()}
    told = [(key, total, False) for key, total in single.items()] + [(k, total, True) for k, total in surplus.items()]
    return [_unmarked(key, total, is_duplicate) for key, total, is_duplicate in told if total]


def _unmarked(key: tuple[object, ...], total: int, is_duplicate: bool) -> ImpressionCount:
    *place, marks = key
    bits = int(str(marks))
    ivt = "givt" if bits & GIVT else "sivt" if bits & SIVT else None
    flags = [bool(bits & bit) for bit in (VIEWABLE, COMPLETED, TEST, LATE)]
    return ImpressionCount(*place, *flags, ivt, is_duplicate, total)  # type: ignore[arg-type, call-arg]
