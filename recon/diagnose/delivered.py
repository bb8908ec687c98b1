"""Impression counts of an item, as a world looks at them, priced: what a CPM contract's lines are in other worlds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion
from recon.diagnose.asks import Asks, delivering, items_of
from recon.diagnose.world import World
from recon.engine import Engine, literal, quoted
from recon.expect import ExpectedLine
from recon.expect.charges import Earned, Part
from recon.expect.cpm import Billable, Known, billable_of, billed_lines, by_item
from recon.expect.currency import ExchangeRates
from recon.expect.openings import Openings
from recon.money import round_amount
from recon.observe.cuts import cutoffs_in_question
from recon.observe.impressions import COUNT_COLUMNS, ImpressionCount
from recon.observe.revived import Place


class Delivered:
    """Recomputes CPM contracts over the observations of an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counts: dict[str, list[ImpressionCount]] = {}
        self._day_rows: dict[str, list[tuple[ImpressionCount, int, int]]] = {}
        self._delivered_before: dict[tuple[object, ...], Billable] = {}
        self._again: dict[Asks, dict[tuple[str, int], list[ImpressionCount]]] = {}
        self._apart: dict[Asks, dict[Place, list[ImpressionCount]]] = {}

    def expected(self, world: World, contract: str, rates: ExchangeRates) -> tuple[ExpectedLine, ...]:
        """The lines of a contract in a world."""
        openings = Openings(str(world.scope.period), world.opening_balances, world.locked(world.scope.period))
        known = Known(rates, openings, by_item(world.third_party))
        book = Book(world.versions(contract))
        on_earned = _rounded_parts if world.rounds_parts else _as_is
        billable = self._billable(world, contract, book)
        return billed_lines(billable, contract, book, world.scope, known=known, on_earned=on_earned)

    def _billable(self, world: World, contract: str, book: Book) -> Billable:
        """What is billable of the contract's items, found once for all worlds that price it alike."""
        asks = Asks.of(world, contract)
        key = (asks, world.scope, tuple(delivering(one) for one in book.versions))
        if key not in self._delivered_before:
            rows = self._engine.rows(asks.narrowed("impression_counts"), "counts asked")
            counts = [ImpressionCount(*row[1:]) for row in rows]
            self._delivered_before[key] = billable_of(counts, contract, book, world.scope)
        found = self._delivered_before[key]
        return _added([found, *self._replayed(world, contract, book, asks)])

    def _replayed(self, world: World, contract: str, book: Book, asks: Asks) -> Iterator[Billable]:
        """What a day or file that is left out or comes again takes and gives, and duplicates that count without it."""
        counts: list[tuple[int, Sequence[ImpressionCount]]] = []
        replay, cutoff = world.reading.replay, world.reading.cutoff
        if cutoff is not None:
            counts.append((1, self._revived(asks).get(("cutoff", cutoff, 0), ())))
        if replay is not None and replay.dataset == "impressions":
            counts.append((replay.times - 1, self._by_place(asks).get((replay.by, replay.value), ())))
            counts.append((1, self._revived(asks).get((replay.by, replay.value, replay.times), ())))
        yield from (_times(n, billable_of(found, contract, book, world.scope)) for n, found in counts if found)

    def _by_place(self, asks: Asks) -> Mapping[tuple[str, int], Sequence[ImpressionCount]]:
        """What can be billable by UTC day and by file."""
        if asks not in self._again:
            again: dict[tuple[str, int], list[ImpressionCount]] = defaultdict(list)
            for place in ("utc_day", "file_number"):
                for row in self._engine.rows(asks.narrowed("impression_days", place), f"counts by {place}"):
                    again[place, row[0]].append(ImpressionCount(*row[1:]))
            self._again[asks] = again
        return self._again[asks]

    def _revived(self, asks: Asks) -> Mapping[Place, Sequence[ImpressionCount]]:
        """Duplicates that can be billable where rows before them are left out or come again; none where all count."""
        if asks not in self._apart:
            apart: dict[Place, list[ImpressionCount]] = defaultdict(list)
            told = "concat_ws(' ', place, place_value, times)"
            rows = self._engine.rows(asks.narrowed("impressions_revived", told), "duplicates by where they count")
            for row in rows if "duplicate" not in asks.ignored else ():
                by, which, times = row[0].split()
                apart[by, int(which), int(times)].append(ImpressionCount(*row[1:]))
            self._apart[asks] = apart
        return self._apart[asks]

    def counts(self, world: World, contract: str, item: str) -> list[ImpressionCount]:
        """The counts of an item, cut as a world's dates ask."""
        return list(self._by_cut(item))

    def as_read(self, one: ImpressionCount, world: World) -> ImpressionCount:
        """A count with its marks as they are looked at in a world."""
        ignored = world.reading.ignored
        own = world.reading.cutoff
        late_from = None if own is None else cutoffs_in_question(world.scope).index(own) + 1
        is_late = one.is_late if late_from is None else one.lateness >= late_from
        return replace(
            one,
            is_duplicate=one.is_duplicate and "duplicate" not in ignored,
            is_test=one.is_test and "test" not in ignored,
            is_late=is_late and "late" not in ignored,
        )

    def _by_cut(self, item: str) -> list[ImpressionCount]:
        if item not in self._counts:
            columns = ", ".join(quoted(column) for column in COUNT_COLUMNS)
            sql = f"SELECT {columns} FROM main.impression_counts WHERE item = {literal(item)} ORDER BY ALL NULLS FIRST"
            self._counts[item] = [ImpressionCount(*row) for row in self._engine.rows(sql, "counts of an item")]
        return self._counts[item]

    def _rows_by_day(self, item: str) -> list[tuple[ImpressionCount, int, int]]:
        if item not in self._day_rows:
            columns = ", ".join(quoted(column) for column in (*COUNT_COLUMNS, "utc_day", "file_number"))
            sql = f"SELECT {columns} FROM main.impression_days WHERE item = {literal(item)} ORDER BY ALL NULLS FIRST"
            rows = self._engine.rows(sql, "counts of an item by day")
            self._day_rows[item] = [(ImpressionCount(*row[:-2]), row[-2], row[-1]) for row in rows]
        return self._day_rows[item]

    def days(self, world: World, contract: str) -> tuple[list[int], list[int]]:
        """The UTC days and the files from which impressions of a contract come; those about the period."""
        rows = [row for item in items_of(world.versions(contract)) for row in self._rows_by_day(item)]
        return sorted({day for _, day, _ in rows}), sorted({file for _, _, file in rows})


def _times(times: int, billable: Billable) -> Billable:
    """So many times what is billable."""
    return {item: [replace(one, quantity=one.quantity * times) for one in own] for item, own in billable.items()}


def _added(parts: Sequence[Billable]) -> Billable:
    """What is billable in all."""
    if len(parts) == 1:
        return parts[0]
    return {
        item: [one for part in parts for one in part.get(item, ())] for item in {key for part in parts for key in part}
    }


def _as_is(earned: Earned) -> Earned:
    return earned


def _rounded_parts(earned: Earned) -> Earned:
    """Every version's part rounded by itself, as if lines were made of rounded segments."""
    parts = tuple(
        Part(one.version, Fraction(round_amount(one.amount, one.version.currency, _mode(one.version))))
        for one in earned.parts
    )
    return replace(earned, parts=parts)


def _mode(version: ContractVersion) -> Any:
    assert version.terms is not None
    return version.terms.rounding
