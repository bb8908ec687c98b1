"""The month's lines of a contract in another world, from stored observations alone: observe once, price many."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms
from recon.diagnose.world import Ignored, LineKey, Lines, Priced, Reading, World
from recon.engine import Engine, literal, quoted
from recon.expect import ExpectedLine, openings_of
from recon.expect.attribution import attribute
from recon.expect.charges import Earned, Part
from recon.expect.claims import lay_reversals
from recon.expect.cpa import claimed_lines
from recon.expect.cpm import Known, by_item, delivered_lines
from recon.expect.currency import ExchangeRates
from recon.expect.months import Decider, KnownPrices
from recon.expect.openings import Openings
from recon.money import round_amount
from recon.observe.cuts import cutoffs_in_question, needs_days
from recon.observe.impressions import ATTRIBUTES, COUNT_COLUMNS, ImpressionCount
from recon.observe.repeats import COLUMNS, in_order
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


@dataclass(frozen=True)
class Asks:
    """What decides whether a contract's impressions are billable, and at which rate, in one world."""

    items: tuple[str, ...]
    attributes: tuple[str, ...]
    regimes: frozenset[tuple[str, tuple[str, ...]]]
    ignored: frozenset[Ignored]
    late_from: int | None

    @classmethod
    def of(cls, world: World, contract: str) -> Asks:
        """What the versions of a contract ask of an impression; `late_from`: how many cut-offs a late one has passed."""
        terms = [one for one in world.terms(contract) if isinstance(one, CpmTerms)]
        named = {name for one in terms for item in one.items for rate in item.rates for name, _ in rate.when.conditions}
        cutoffs = cutoffs_in_question(world.scope)
        own = world.reading.cutoff
        late_from = len(cutoffs) if own is None else cutoffs.index(own) + 1
        return cls(
            _items(world.versions(contract)),
            tuple(name for name in ATTRIBUTES if name in named),
            frozenset((one.basis, one.exclude_ivt) for one in terms),
            world.reading.ignored,
            None if "late" in world.reading.ignored else late_from,
        )

    def narrowed(self, counts: Iterable[ImpressionCount]) -> Iterator[ImpressionCount]:
        """The counts that can be billable, added up where nothing that is asked tells them apart."""
        totals: dict[tuple[object, ...], int] = defaultdict(int)
        for one in counts:
            said = [self._is_countable(one, basis, excluded) for basis, excluded in self.regimes]
            if any(said):
                cut = tuple(getattr(one, name) if name in self.attributes else None for name in ATTRIBUTES)
                marks = PLAIN if all(said) else (one.is_viewable, one.is_completed, one.ivt)
                totals[one.item, one.start, one.end, cut, marks] += one.quantity
        for (item, start, end, cut, (is_viewable, is_completed, ivt)), quantity in totals.items():  # type: ignore[misc]
            flags = is_viewable, is_completed, False, False, ivt, False
            yield ImpressionCount(item, True, start, end, *cut, *flags, quantity)  # type: ignore[arg-type]

    def _is_countable(self, one: ImpressionCount, basis: str, excluded: tuple[str, ...]) -> bool:
        """Whether it is counted under a basis and exclusion (RULES 3.2), as marks are looked at in this world."""
        if (one.is_duplicate and "duplicate" not in self.ignored) or (one.is_test and "test" not in self.ignored):
            return False
        if one.ivt in excluded or (self.late_from is not None and one.lateness >= self.late_from):
            return False
        return not (basis == "viewable" and not one.is_viewable) and not (basis == "completed" and not one.is_completed)


PLAIN = (True, True, None)


class Repricer:
    """Recomputes one contract's lines at a time, in a world; never reads a raw event."""

    def __init__(self, observations: Observations) -> None:
        self._engine = Engine()
        for name, table in observations.items():
            self._keep(name, table)
        self._counts: dict[str, list[ImpressionCount]] = {}
        self._day_rows: dict[str, list[tuple[ImpressionCount, int, int]]] = {}
        self._narrowed: dict[tuple[object, ...], tuple[ImpressionCount, ...]] = {}
        self._laid: dict[tuple[object, ...], str] = {}
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
        found = as_lines(self.expected(world, contract, is_told=False))
        for change in world.after:
            found = {key: line for key, line in change(found).items() if any(line)}
        return found

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
        counts = self._counts_for(world, contract)
        on_earned = _rounded_parts if world.rounds_parts else _as_is
        return delivered_lines(counts, contract, book, world.scope, known=known, on_earned=on_earned)

    def _counts_for(self, world: World, contract: str) -> tuple[ImpressionCount, ...]:
        """What can be billable of the contract's items, told apart only by what its versions ask."""
        asks, days = Asks.of(world, contract), _asks_other_days(world, contract)
        if (asks, days) not in self._narrowed:
            source = [one for item in asks.items for one in (self._by_day(item) if days else self._by_cut(item))]
            self._narrowed[asks, days] = tuple(asks.narrowed(source))
        found = self._narrowed[asks, days]
        replay = world.reading.replay
        if replay is None or replay.dataset != "impressions":
            return found
        rows = (row for item in asks.items for row in self._rows_by_day(item))
        place = 1 if replay.by == "utc_day" else 2
        again = [row[0] for row in rows if row[place] == replay.value]
        times = replay.times - 1
        return (*found, *(replace(one, quantity=one.quantity * times) for one in asks.narrowed(again)))

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
            sql = f"SELECT {columns} FROM impression_counts WHERE item = {literal(item)} ORDER BY ALL NULLS FIRST"
            self._counts[item] = [ImpressionCount(*row) for row in self._engine.rows(sql, "counts of an item")]
        return self._counts[item]

    def _rows_by_day(self, item: str) -> list[tuple[ImpressionCount, int, int]]:
        if item not in self._day_rows:
            columns = ", ".join(quoted(column) for column in (*COUNT_COLUMNS, "utc_day", "file_number"))
            sql = f"SELECT {columns} FROM impression_days WHERE item = {literal(item)} ORDER BY ALL NULLS FIRST"
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
        self._lay(world, contract, book)
        rates = self._exchange(world)
        prices = self._prices.setdefault((contract, id(rates)), KnownPrices())
        openings = openings_of(world.scope.period, world.opening_balances, world.locked)
        known = None if is_told else prices
        decider = Decider(
            self._engine, book, rates, openings, only=contract, is_told=is_told, is_stored=is_stored, known_prices=known
        )
        return claimed_lines(decider, world.scope, contract, world.signed)

    def decisions(self, world: World, contract: str) -> list[tuple[Any, ...]]:
        """(conversion_id, fate, reason, touch_id, item, exact amount, share in millionths) of each claim, in order of the conversions."""
        self._claimed(world, contract, is_told=False, is_stored=True)
        rows = self._engine.rows(
            f"""SELECT c.conversion_id, COALESCE(c.early_fate, s.fate), COALESCE(c.early_reason, s.reason), c.touch_id,
                s.item, s.exact_amount, c.share
            FROM claims AS c LEFT JOIN settled AS s ON s.contract = c.contract AND s.conversion_id = c.conversion_id
            WHERE c.contract = {literal(contract)} AND (c.period = {literal(str(world.scope.period))} OR s.fate IS NOT NULL)
            ORDER BY c.conversion_id""",
            "decisions of a contract",
        )
        return rows

    def _competing(self, world: World, contract: str) -> Book:
        """The contract, and those that compete with it: no other has a say."""
        mine = {contract, *world.rivals(contract)}
        return Book(tuple(one for one in world.book.versions if one.contract in mine))

    def _lay(self, world: World, contract: str, book: Book) -> None:
        """Claims of the contract in this world, laid out once for all that prices them alike."""
        key = (contract, world.reading, world.scope, tuple(_claiming(one) for one in book.versions))
        if key in self._laid:
            self._engine.run("claims known", f"SET search_path = '{self._laid[key]},main'")
            return
        if len(self._laid) >= MOST_SCHEMAS:
            oldest = next(iter(self._laid))
            self._engine.run("forget claims", "SET search_path = 'main'")
            self._engine.run("forget claims", f"DROP SCHEMA {self._laid.pop(oldest)} CASCADE")
        schema = f"w{self._next()}"
        self._engine.run("new claims", f"CREATE SCHEMA {schema}")
        self._engine.run("new claims", f"SET search_path = '{schema},main'")
        self._read_events(world.reading, book, contract)
        attribute(self._engine, book, world.scope, contract)
        lay_reversals(self._engine, world.signed.counted)
        self._laid[key] = schema

    _number = 0

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _read_events(self, reading: Reading, book: Book, contract: str) -> None:
        """The contract's events as they are read in a world: what it never meets is left out."""
        terms = [one.terms for one in book.versions_of(contract) if isinstance(one.terms, CpaTerms)]
        programs = one_of(frozenset(one.program for one in terms))
        partners = frozenset(one.partner for one in terms if one.partner is not None)
        touched = f"conversion_id IN (SELECT conversion_id FROM main.touches WHERE partner IN ({one_of(partners)}))"
        met = touched if partners else "TRUE"
        self._engine.run(
            "conversions as read", f"CREATE TABLE conversion_rows AS {_conversions(reading, programs, met)}"
        )
        self._engine.run("touches as read", f"CREATE TABLE touches AS {_touches(reading)}")
        self._engine.run("reversals as read", f"CREATE TABLE reversal_rows AS {_reversals(reading)}")

    def _exchange(self, world: World) -> ExchangeRates:
        rows = world.fx_rates
        if id(rows) not in self._rates:
            self._rates[id(rows)] = rows, ExchangeRates(rows)  # the rows are kept, so that their id stays theirs
        return self._rates[id(rows)][1]

    def days(self, world: World, contract: str, dataset: str) -> tuple[list[int], list[int]]:
        """The UTC days and the files from which events of a contract come; those about the period."""
        if dataset == "impressions":
            rows = [row for item in _items(world.versions(contract)) for row in self._rows_by_day(item)]
            return sorted({day for _, day, _ in rows}), sorted({file for _, _, file in rows})
        terms = [one.terms for one in world.versions(contract) if isinstance(one.terms, CpaTerms)]
        programs = one_of(frozenset(one.program for one in terms))
        partners = one_of(frozenset(one.partner for one in terms if one.partner is not None))
        source = {
            "conversions": f"SELECT ts, file_number FROM main.conversion_rows WHERE program IN ({programs})",
            "clicks": f"SELECT t.ts, t.file_number FROM main.touches AS t JOIN main.conversion_rows AS c USING (conversion_id) "
            f"WHERE c.program IN ({programs}) AND t.kind = 'click' AND (t.partner IN ({partners}) OR {partners == 'NULL'})",
        }[dataset]
        days = self._engine.rows(f"SELECT DISTINCT ts // {DAY} FROM ({source}) ORDER BY ALL", "days of events")
        files = self._engine.rows(f"SELECT DISTINCT file_number FROM ({source}) ORDER BY ALL", "files of events")
        return [int(day) for (day,) in days], [int(file) for (file,) in files if file is not None]

    def payable_by_place(self, world: World, contract: str) -> dict[tuple[str, str], Counter[int]]:
        """How much is payable (Σ shares) by the UTC day and file of the conversion, and by those of program touches."""
        paid = {
            str(row[0]): Decimal(int(row[6])).scaleb(-6)
            for row in self.decisions(world, contract)
            if row[1] in ("payable", "reversed", "over_cap")
        }
        rows = self._engine.rows(
            f"SELECT conversion_id, ts // {DAY}, file_number FROM conversion_rows", "places of conversions"
        )
        touched = self._engine.rows(
            f"SELECT DISTINCT conversion_id, ts // {DAY}, file_number FROM touches WHERE kind = 'click'",
            "places of clicks",
        )
        found: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        for conversion_id, day, file in rows:
            found["conversions", "utc_day"][day] += paid.get(conversion_id, 0)  # type: ignore[assignment]
            found["conversions", "file_number"][file] += paid.get(conversion_id, 0)  # type: ignore[assignment]
        for _, day, file in touched:
            found["clicks", "utc_day"][day] += 1
            found["clicks", "file_number"][file] += 1
        return found

    def file_name(self, number: int) -> str:
        """The name of an input file."""
        return str(self._engine.row(f"SELECT file FROM main.input_files WHERE number = {number}")[0])

    def _keep(self, name: str, table: pa.Table) -> None:
        types = {field.name: _sql_type(field.type) for field in table.schema}
        self._engine.load(name, types, table)


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


def _items(versions: Iterable[ContractVersion]) -> tuple[str, ...]:
    terms = [one.terms for one in versions if isinstance(one.terms, CpmTerms)]
    return tuple(dict.fromkeys(item.item for one in terms for item in one.items))


def _asks_other_days(world: World, contract: str) -> bool:
    """Whether units are asked for by dates of a zone in which no version of the contract stands."""
    zones = {one.timezone for one in world.versions(contract)}
    known = {one.timezone for one in world.every.versions_of(contract)}
    terms = [one for one in world.terms(contract) if isinstance(one, CpmTerms)]
    return not zones <= known and any(needs_days(item, one) for one in terms for item in one.items)


# Conversions and touches as they are read in a world. The order before a conversion is found again among those at
# hand; one that lies further back stands in the row (RULES 5.4).
CLEAN = "NOT COALESCE(is_test, FALSE) AND NOT COALESCE(is_fraud, FALSE)"


def _conversions(reading: Reading, programs: str, met: str) -> str:
    marks = {"fraud": "FALSE AS is_fraud", "test": "FALSE AS is_test", "late": "CAST(NULL AS BIGINT) AS ingested_at"}
    marks |= {"late_conversion": marks["late"]}
    changed = sorted({sql for mark, sql in marks.items() if mark in reading.ignored})
    star = f"* REPLACE ({', '.join(changed)})" if changed else "*"
    rows = f"SELECT {star}, conversion_id AS base_id FROM main.conversion_rows WHERE program IN ({programs})"
    if reading == Reading():
        return f"SELECT * FROM ({rows}) AS read WHERE {met}"
    columns = ", ".join(name for name in COLUMNS["conversions"] if name != "conversion_id")
    if "repeated_row" in reading.ignored:
        rows += f""" UNION ALL SELECT conversion_id || '#' || ROW_NUMBER() OVER (PARTITION BY conversion_id ORDER BY ts),
            {columns}, file_number, NULL, NULL, conversion_id FROM main.repeats_of_conversions"""
    replay = reading.replay
    if replay is not None and replay.dataset == "conversions":
        place = f"ts // {DAY}" if replay.by == "utc_day" else "file_number"
        again = f"UNION ALL SELECT * REPLACE (conversion_id || '#2' AS conversion_id) FROM first_read WHERE {place} = {replay.value}"
        kept = again if replay.times == 2 else f"WHERE {place} <> {replay.value}"
        rows = f"WITH first_read AS ({rows}) SELECT * FROM first_read {kept}"
    if reading.cutoff is not None:
        rows = f"SELECT * FROM ({rows}) AS timely WHERE ingested_at IS NULL OR ingested_at <= {reading.cutoff}"
    return f"SELECT * FROM ({_with_prior(rows)}) AS read WHERE {met.replace('conversion_id IN', 'base_id IN')}"


def _with_prior(rows: str) -> str:
    """Conversions with the latest earlier clean one of the same order, as far as they are at hand, else as stored."""
    window = f"""OVER (PARTITION BY program, action, order_id ORDER BY {in_order("conversions", within_id=False)}
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"""
    far = "prior_id NOT IN (SELECT conversion_id FROM main.conversion_rows)"
    return f"""
        SELECT * REPLACE (
            CASE WHEN order_id IS NOT NULL THEN GREATEST(COALESCE(near_ts, far_ts), COALESCE(far_ts, near_ts)) END
                AS prior_ts,
            CASE WHEN order_id IS NOT NULL THEN COALESCE(near_id, prior_id) END AS prior_id)
        FROM (SELECT *, CASE WHEN {far} THEN prior_ts END AS far_ts, MAX(CASE WHEN {CLEAN} THEN ts END) {window} AS near_ts,
                LAST_VALUE(CASE WHEN {CLEAN} THEN conversion_id END IGNORE NULLS) {window} AS near_id
              FROM ({rows}) AS at_hand) AS ordered"""


def _touches(reading: Reading) -> str:
    marks = {
        "test": "FALSE AS is_test",
        "duplicate": "FALSE AS is_duplicate",
        "late": "CAST(NULL AS BIGINT) AS ingested_at",
    }
    changed = sorted({sql for mark, sql in marks.items() if mark in reading.ignored})
    star = ", ".join(["t.* REPLACE (c.conversion_id AS conversion_id, c.ts - t.ts AS age", *changed]) + ")"
    kept = ["t.ts <= c.ts"]
    replay = reading.replay
    if replay is not None and replay.dataset in TOUCH_KINDS and replay.times == 0:
        place = f"t.ts // {DAY}" if replay.by == "utc_day" else "t.file_number"
        kept.append(f"NOT (t.kind = '{TOUCH_KINDS[replay.dataset]}' AND {place} = {replay.value})")
    if reading.cutoff is not None:
        kept.append(f"(t.ingested_at IS NULL OR t.ingested_at <= {reading.cutoff})")
    return f"""SELECT {star} FROM conversion_rows AS c JOIN main.touches AS t ON t.conversion_id = c.base_id
        WHERE {" AND ".join(kept)}"""


TOUCH_KINDS = {"clicks": "click", "impressions": "view"}


def _reversals(reading: Reading) -> str:
    star = "* REPLACE (CAST(NULL AS BIGINT) AS ingested_at)" if "late" in reading.ignored else "*"
    kept = (
        "FALSE"
        if "reversal" in reading.ignored
        else "is_stray OR conversion_id IN (SELECT base_id FROM conversion_rows)"
    )
    timely = "TRUE" if reading.cutoff is None else f"(ingested_at IS NULL OR ingested_at <= {reading.cutoff})"
    return f"SELECT {star} FROM main.reversal_rows WHERE ({kept}) AND {timely}"


def _claiming(version: ContractVersion) -> tuple[object, ...]:
    """What of a version decides its claims: dates, zone, attribution, windows, lock; not prices."""
    terms = version.terms
    assert terms is None or isinstance(terms, CpaTerms)
    head = (version.contract, version.version, version.kind, version.effective, version.timezone, version.currency)
    if terms is None:
        return head
    attribution = (terms.program, terms.partner, terms.attribution, terms.dedupe_window, terms.exclude_ivt)
    return (*head, *attribution, terms.date_basis, terms.earn_on, terms.lock, terms.reversal_days)
