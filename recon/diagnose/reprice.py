"""The month's lines of a contract in another world, from stored observations alone: observe once, price many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms
from recon.diagnose.asks import Asks, claiming, delivering, items_of
from recon.diagnose.reading import conversions_as_read, reversals_as_read, touches_as_read
from recon.diagnose.world import LineKey, Lines, Priced, Reading, World
from recon.engine import Engine, literal, quoted
from recon.expect import ExpectedLine, openings_of
from recon.expect.attribution import attribute
from recon.expect.charges import Earned, Part
from recon.expect.claims import lay_reversals
from recon.expect.cpa import claimed_lines
from recon.expect.cpm import Billable, Known, billable_of, billed_lines, by_item
from recon.expect.currency import ExchangeRates
from recon.expect.months import Decider, KnownGroups, KnownPrices
from recon.expect.openings import Openings
from recon.money import round_amount
from recon.observe.cuts import cutoffs_in_question, needs_days
from recon.observe.impressions import COUNT_COLUMNS, ImpressionCount
from recon.observe.scope import one_of
from recon.period import DAY

NEEDED = (
    "impression_counts", "impression_days", "conversion_rows", "touches", "reversal_rows", "repeats_of_conversions",
    "input_files",
)  # fmt: skip
MOST_SCHEMAS = 60  # of claims that are kept for the next question
Observations = Mapping[str, pa.Table]


def observed_by(engine: Engine) -> Observations:
    """The observations of a close that is being made."""
    return {name: engine.arrow(f"SELECT * FROM {name}", f"take {name}") for name in NEEDED}


def observed_in(folder: Path) -> Observations:
    """The observations that a close stored."""
    return {name: pq.read_table(folder / "observations" / f"{name}.parquet") for name in NEEDED}


class Repricer:
    """Recomputes one contract's lines at a time, in a world; never reads a raw event."""

    def __init__(self, observations: Observations) -> None:
        self._engine = Engine(threads=1)  # many small questions: more threads only wait for each other
        for name, table in observations.items():
            self._keep(name, table)
        self._counts: dict[str, list[ImpressionCount]] = {}
        self._day_rows: dict[str, list[tuple[ImpressionCount, int, int]]] = {}
        self._delivered_before: dict[tuple[object, ...], Billable] = {}
        self._again: dict[Asks, dict[tuple[str, int], list[ImpressionCount]]] = {}
        self._lines: dict[tuple[str, int], tuple[World, Lines]] = {}  # worlds are kept, so that their ids stay theirs
        self._decided: dict[tuple[str, int], tuple[World, list[tuple[Any, ...]]]] = {}
        self._laid: dict[tuple[object, ...], str] = {}
        self._groups: dict[str, KnownGroups] = {}
        self._read: dict[tuple[object, ...], str] = {}
        self._prices: dict[tuple[str, int], KnownPrices] = {}
        self._rates: dict[int, tuple[object, ExchangeRates]] = {}

    def close(self) -> None:
        """End the session."""
        self._engine.close()

    def __enter__(self) -> Repricer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def lines(self, world: World, contract: str) -> Lines:
        """Quantity and amount of each line; BadInput where an exchange rate is missing in that world."""
        found = self._plain_lines(world.root or world, contract)
        for change in world.after:
            found = {key: line for key, line in change(found).items() if any(line)}
        return found

    def _plain_lines(self, world: World, contract: str) -> Lines:
        """The lines before errors on finished lines, recomputed once for all of those."""
        key = (contract, id(world))
        if key not in self._lines:
            self._lines[key] = world, as_lines(self.expected(world, contract, is_told=False))
        return dict(self._lines[key][1])

    def expected(self, world: World, contract: str, is_told: bool = True) -> list[ExpectedLine]:
        """The lines with their workings (conversion prices only where told), before errors on finished lines."""
        if world.is_cpa(contract):
            return self._claimed(world, contract, is_told, is_stored=is_told)
        return list(self._delivered(world, contract))

    # impressions

    def _delivered(self, world: World, contract: str) -> tuple[ExpectedLine, ...]:
        openings = Openings(str(world.scope.period), world.opening_balances, world.locked(world.scope.period))
        known = Known(self._exchange(world), openings, by_item(world.third_party))
        book = Book(world.versions(contract))
        on_earned = _rounded_parts if world.rounds_parts else _as_is
        billable = self._billable(world, contract, book)
        return billed_lines(billable, contract, book, world.scope, known=known, on_earned=on_earned)

    def _billable(self, world: World, contract: str, book: Book) -> Billable:
        """What is billable of the contract's items, found once for all worlds that price it alike."""
        asks, days = Asks.of(world, contract), _asks_other_days(world, contract)
        key = (asks, days, world.scope, tuple(delivering(one) for one in book.versions))
        if key not in self._delivered_before:
            rows = self._engine.rows(asks.narrowed("impression_days" if days else "impression_counts"), "counts asked")
            counts = [ImpressionCount(*row[1:]) for row in rows]
            self._delivered_before[key] = billable_of(counts, contract, book, world.scope)
        found = self._delivered_before[key]
        replay = world.reading.replay
        if replay is None or replay.dataset != "impressions":
            return found
        again = billable_of(self._replayed(asks)[replay.by, replay.value], contract, book, world.scope)
        times = replay.times - 1
        more = {item: [replace(one, quantity=one.quantity * times) for one in own] for item, own in again.items()}
        return {item: [*found.get(item, ()), *more.get(item, ())] for item in {*found, *more}}

    def _replayed(self, asks: Asks) -> Mapping[tuple[str, int], Sequence[ImpressionCount]]:
        """What can be billable by UTC day and by file."""
        if asks not in self._again:
            again: dict[tuple[str, int], list[ImpressionCount]] = defaultdict(list)
            for place in ("utc_day", "file_number"):
                for row in self._engine.rows(asks.narrowed("impression_days", place), f"counts by {place}"):
                    again[place, row[0]].append(ImpressionCount(*row[1:]))
            self._again[asks] = again
        return self._again[asks]

    def counts(self, world: World, contract: str, item: str) -> list[ImpressionCount]:
        """The counts of an item, cut as a world's dates ask."""
        return list(self._by_day(item) if _asks_other_days(world, contract) else self._by_cut(item))

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

    def _by_day(self, item: str) -> list[ImpressionCount]:
        """Counts cut at UTC midnights as well: what a date in another zone needs."""
        rows = self._rows_by_day(item)
        return [
            replace(one, start=max(one.start, day * DAY), end=min(one.end, (day + 1) * DAY)) for one, day, _ in rows
        ]

    # conversions

    def _claimed(self, world: World, contract: str, is_told: bool, is_stored: bool) -> list[ExpectedLine]:
        book = self._competing(world, contract)
        groups = self._groups.setdefault(self._lay(world, contract, book), {})
        rates = self._exchange(world)
        prices = self._prices.setdefault((contract, id(rates)), KnownPrices())
        openings = openings_of(world.scope.period, world.opening_balances, world.locked)
        decider = Decider(
            self._engine, book, rates, openings, only=contract, is_told=is_told, is_stored=is_stored,
            known_prices=None if is_told else prices, known_groups=None if is_stored else groups,
        )  # fmt: skip
        return claimed_lines(decider, world.scope, contract, world.signed)

    def decisions(self, world: World, contract: str) -> list[tuple[Any, ...]]:
        """(conversion_id, fate, reason, touch_id, item, exact amount, share in millionths) of each claim, in order."""
        key = (contract, id(world))
        if key not in self._decided:
            self._decided[key] = world, self._decisions(world, contract)
        return self._decided[key][1]

    def _decisions(self, world: World, contract: str) -> list[tuple[Any, ...]]:
        self._claimed(world, contract, is_told=False, is_stored=True)
        period = literal(str(world.scope.period))
        return self._engine.rows(
            f"""SELECT c.conversion_id, COALESCE(c.early_fate, s.fate), COALESCE(c.early_reason, s.reason), c.touch_id,
                s.item, s.exact_amount, c.share
            FROM claims AS c LEFT JOIN settled AS s ON s.contract = c.contract AND s.conversion_id = c.conversion_id
            WHERE c.contract = {literal(contract)} AND (c.period = {period} OR s.fate IS NOT NULL)
            ORDER BY c.conversion_id""",
            "decisions of a contract",
        )

    def _competing(self, world: World, contract: str) -> Book:
        """The contract, and those that compete with it: no other has a say."""
        mine = {contract, *world.rivals(contract)}
        return Book(tuple(one for one in world.book.versions if one.contract in mine))

    def _lay(self, world: World, contract: str, book: Book) -> str:
        """Claims of the contract in this world, laid out once for all that prices them alike; where they are."""
        key = (contract, world.reading, world.scope, tuple(claiming(one) for one in book.versions))
        if key in self._laid:
            self._engine.run("claims known", f"SET search_path = '{self._laid[key]},main'")
            return self._laid[key]
        if len(self._laid) >= MOST_SCHEMAS:
            self._forget()
        events = self._events(world.reading, contract, tuple(book.versions_of(contract)))
        schema = f"w{self._next()}"
        self._engine.run("new claims", f"CREATE SCHEMA {schema}")
        self._engine.run("new claims", f"SET search_path = '{schema},{events},main'")
        attribute(self._engine, book, world.scope, contract)
        lay_reversals(self._engine, world.signed.counted)
        self._laid[key] = f"{schema},{events}"
        return self._laid[key]

    def _events(self, reading: Reading, contract: str, versions: Sequence[ContractVersion]) -> str:
        """The schema of the contract's events as they are read."""
        terms = [one.terms for one in versions if isinstance(one.terms, CpaTerms)]
        programs = frozenset(one.program for one in terms)
        partners = frozenset(one.partner for one in terms if one.partner is not None)
        key = (contract, reading, programs, partners)
        if key not in self._read:
            schema = f"e{self._next()}"
            self._engine.run("new events", f"CREATE SCHEMA {schema}")
            self._engine.run("new events", f"SET search_path = '{schema},main'")
            self._read_events(reading, programs, partners)
            self._read[key] = schema
        return self._read[key]

    _number = 0

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _read_events(self, reading: Reading, programs: frozenset[str], partners: frozenset[str]) -> None:
        """Events as they are read in a world: conversions that the contract never touches are left out."""
        touched = f"conversion_id IN (SELECT conversion_id FROM main.touches WHERE partner IN ({one_of(partners)}))"
        met, named = touched if partners else "TRUE", one_of(programs)
        self._engine.run(
            "conversions as read", f"CREATE TABLE conversion_rows AS {conversions_as_read(reading, named, met)}"
        )
        self._engine.run("touches as read", f"CREATE TABLE touches AS {touches_as_read(reading)}")
        self._engine.run("reversals as read", f"CREATE TABLE reversal_rows AS {reversals_as_read(reading)}")

    def _forget(self) -> None:
        """Drop what was laid out and read, all but the main tables."""
        self._engine.run("forget claims", "SET search_path = 'main'")
        schemas = {name for path in self._laid.values() for name in path.split(",")} | set(self._read.values())
        for schema in sorted(schemas):
            self._engine.run("forget claims", f"DROP SCHEMA {schema} CASCADE")
        self._laid.clear()
        self._groups.clear()
        self._read.clear()

    def _exchange(self, world: World) -> ExchangeRates:
        rows = world.fx_rates
        if id(rows) not in self._rates:
            self._rates[id(rows)] = rows, ExchangeRates(rows)  # the rows are kept, so that their id stays theirs
        return self._rates[id(rows)][1]

    def days(self, world: World, contract: str, dataset: str) -> tuple[list[int], list[int]]:
        """The UTC days and the files from which events of a contract come; those about the period."""
        if dataset == "impressions":
            rows = [row for item in items_of(world.versions(contract)) for row in self._rows_by_day(item)]
            return sorted({day for _, day, _ in rows}), sorted({file for _, _, file in rows})
        terms = [one.terms for one in world.versions(contract) if isinstance(one.terms, CpaTerms)]
        programs = one_of(frozenset(one.program for one in terms))
        partners = one_of(frozenset(one.partner for one in terms if one.partner is not None))
        own = f"(t.partner IN ({partners}) OR {partners == 'NULL'})"
        source = {
            "conversions": f"SELECT ts, file_number FROM main.conversion_rows WHERE program IN ({programs})",
            "clicks": f"""SELECT t.ts, t.file_number
                FROM main.touches AS t JOIN main.conversion_rows AS c USING (conversion_id)
                WHERE c.program IN ({programs}) AND t.kind = 'click' AND {own}""",
        }[dataset]
        days = self._engine.rows(f"SELECT DISTINCT ts // {DAY} FROM ({source}) ORDER BY ALL", "days of events")
        files = self._engine.rows(f"SELECT DISTINCT file_number FROM ({source}) ORDER BY ALL", "files of events")
        return [int(day) for (day,) in days], [int(file) for (file,) in files if file is not None]

    def won_by_place(self, world: World, contract: str) -> WonByPlace:
        """Conversions by the day and file of the conversion, and of the click that won it for us or took it from us."""
        decided = {row[0]: row for row in self.decisions(world, contract)}
        rows = self._engine.rows(
            f"SELECT conversion_id, ts // {DAY}, file_number FROM conversion_rows", "places of conversions"
        )
        clicks = self._engine.rows(
            f"SELECT DISTINCT touch_id, ts // {DAY}, file_number FROM touches WHERE kind = 'click'", "places of clicks"
        )
        at = {touch: (day, file) for touch, day, file in clicks}
        found = WonByPlace()
        for conversion_id, day, file in rows:
            row = decided.get(conversion_id)
            if row is not None:
                found.add(row, (day, file), at.get(row[3]))
        return found

    def file_name(self, number: int) -> str:
        """The name of an input file."""
        return str(self._engine.row(f"SELECT file FROM main.input_files WHERE number = {number}")[0])

    def _keep(self, name: str, table: pa.Table) -> None:
        types = {field.name: _sql_type(field.type) for field in table.schema}
        self._engine.load(name, types, table)


class WonByPlace:
    """Shares of conversions that are paid, and conversions lost, by UTC day and file of the conversion or its click."""

    def __init__(self) -> None:
        self.paid: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
        self.lost: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)

    def add(self, row: tuple[Any, ...], conversion: tuple[int, int], click: tuple[int, int] | None) -> None:
        """Count a decision at its conversion's place and at that of the click which won."""
        counts = self.lost if row[1] == "lost" else self.paid
        share = Decimal(1) if row[1] == "lost" else Decimal(int(row[6])).scaleb(-6)
        for dataset, place in (("conversions", conversion), ("clicks", click)):
            if place is not None:
                counts[dataset, "utc_day", place[0]] += share
                counts[dataset, "file_number", place[1]] += share


def as_lines(expected: Iterable[ExpectedLine]) -> Lines:
    """Lines by key; those of nothing are none (RULES 4.5)."""
    return {
        LineKey(one.item, one.kind, one.currency): Priced(one.quantity, one.amount) for one in expected if one.exists
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


def _sql_type(kind: pa.DataType) -> str:
    names = {pa.bool_(): "BOOLEAN", pa.int32(): "INTEGER", pa.int64(): "BIGINT"}
    return names.get(kind, "TEXT")


def _asks_other_days(world: World, contract: str) -> bool:
    """Whether units are asked for by dates of a zone in which no version of the contract stands."""
    zones = {one.timezone for one in world.versions(contract)}
    known = {one.timezone for one in world.every.versions_of(contract)}
    terms = [one for one in world.terms(contract) if isinstance(one, CpmTerms)]
    return not zones <= known and any(needs_days(item, one) for one in terms for item in one.items)
