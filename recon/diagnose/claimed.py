"""The lines of a CPA contract in other worlds: claims laid out once for all that prices them alike, many abreast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from recon.contracts.terms import CpaTerms
from recon.diagnose.abreast import Abreast, sharing
from recon.diagnose.asks import claiming
from recon.diagnose.places import Decisions, Places
from recon.diagnose.reading import Wanted, read_events
from recon.diagnose.world import Reading, World
from recon.engine import Engine, literal
from recon.expect import ExpectedLine
from recon.expect.attribution import attribute
from recon.expect.claims import lay_reversals
from recon.expect.cpa import claimed_lines
from recon.expect.currency import ExchangeRates
from recon.expect.months import Decider, KnownGroups, KnownPrices
from recon.observe.scope import one_of
from recon.period import DAY

MOST_LAID = 40  # claims that are kept for the next question
MOST_ABREAST = 64  # worlds in one run
MOST_TOUCHES = 2_000_000  # in one run, over all its worlds


class Claimed:
    """Recomputes CPA contracts over the observations of an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._laid: dict[tuple[object, ...], str] = {}
        self._groups: dict[str, KnownGroups] = {}
        self._prices: dict[tuple[str, int], KnownPrices] = {}
        self._rates: dict[int, tuple[object, ExchangeRates]] = {}
        self._sizes: dict[str, int] = {}
        self._number = 0

    def expected(self, world: World, contract: str, is_told: bool) -> list[ExpectedLine]:
        """The lines of one world; workings of single prices, and decisions, only where they are told."""
        one = Abreast.of(contract, [world])
        schema = self._lay(one)
        groups = None if is_told else self._groups.setdefault(schema, {})
        return self._lines(one, is_told, is_stored=is_told, groups=groups)

    def decisions(self, world: World, contract: str) -> Decisions:
        """(conversion_id, fate, reason, touch_id, item, exact amount, share in millionths) of each claim, in order."""
        one = Abreast.of(contract, [world])
        self._lay(one)
        self._lines(one, is_told=False, is_stored=True)
        return self._decided(one)[""]

    def is_laid(self, world: World, contract: str) -> bool:
        """Whether claims are at hand that this world prices alike."""
        return _key(Abreast.of(contract, [world])) in self._laid

    def lines_abreast(self, worlds: Sequence[World], contract: str) -> Iterator[tuple[World, list[ExpectedLine]]]:
        """The lines of many worlds; a run in which one can't be priced raises, and gives none."""
        for run in self._runs(worlds, contract):
            by_name = defaultdict(list)
            for line in self._side_by_side(run, is_stored=False):
                by_name[line.contract].append(line)
            yield from ((world, by_name[mark + contract]) for mark, world in run.worlds.items())

    def decisions_abreast(self, worlds: Sequence[World], contract: str) -> Iterator[tuple[World, Decisions]]:
        """The decisions of many worlds."""
        for run in self._runs(worlds, contract):
            self._side_by_side(run, is_stored=True)
            decided = self._decided(run)
            yield from ((world, decided[mark]) for mark, world in run.worlds.items())

    def _runs(self, worlds: Sequence[World], contract: str) -> Iterator[Abreast]:
        alike: dict[tuple[object, ...], list[World]] = defaultdict(list)
        for world in worlds:
            alike[sharing(world)].append(world)
        for group in alike.values():
            size = max(1, min(MOST_ABREAST, MOST_TOUCHES // max(1, self._touches(contract, group[0]))))
            for first in range(0, len(group), size):
                yield Abreast.of(contract, group[first : first + size])

    def _touches(self, contract: str, world: World) -> int:
        if contract not in self._sizes:
            programs = one_of(_programs(world, contract))
            self._sizes[contract] = self._engine.row(
                f"""SELECT COUNT(*) FROM main.touches WHERE conversion_id IN (
                SELECT conversion_id FROM main.conversion_rows WHERE program IN ({programs}))""",
                "touches of a program",
            )[0]
        return self._sizes[contract]

    def _side_by_side(self, run: Abreast, is_stored: bool) -> list[ExpectedLine]:
        self._engine.run("abreast", "CREATE SCHEMA IF NOT EXISTS abreast")
        self._engine.run("abreast", "SET search_path = 'abreast,main'")
        self._attribute(run)
        return self._lines(run, is_told=False, is_stored=is_stored)

    def _attribute(self, run: Abreast) -> None:
        terms = [one.terms for one in run.versions if isinstance(one.terms, CpaTerms)]
        programs = one_of(frozenset(one.program for one in terms))
        partners = frozenset(one.partner for one in terms if one.partner is not None)
        own = f"WHERE partner IN ({one_of(partners)})"
        touched = f"""(base_id IN (SELECT conversion_id FROM main.touches {own})
            OR touches_id IN (SELECT conversion_id FROM main.touches_of_repeats {own}))"""
        readings = {mark: world.reading for mark, world in run.worlds.items()}
        known = self._known_but_for_reading(run)
        wanted = Wanted(programs, touched if partners else "TRUE", one_of(run.strays), frozenset(known))
        read_events(self._engine, readings, wanted, run.any.scope)
        attribute(self._engine, run.book, run.any.scope, run.names)
        for schema in sorted(set(known.values())):
            self._engine.run("claims as elsewhere", AS_ELSEWHERE.format(schema=schema))
        lay_reversals(self._engine, run.signed.counted)

    def _known_but_for_reading(self, run: Abreast) -> dict[str, str]:
        """Marks of worlds with the schema of the claims that theirs differ from by their reading of events alone."""
        if len(run.worlds) == 1:
            return {}
        found = {}
        for mark, world in run.worlds.items():
            plain = _key(Abreast.of(run.contract, [world.reads(Reading())]))
            if world.reading != Reading() and plain in self._laid:
                found[mark] = self._laid[plain]
        return found if len(set(found.values())) == 1 else {}

    def _lines(
        self, run: Abreast, is_told: bool, is_stored: bool, groups: KnownGroups | None = None
    ) -> list[ExpectedLine]:
        rates = self.exchange(run.any)
        prices = self._prices.setdefault((run.contract, id(rates)), KnownPrices())
        decider = Decider(
            self._engine, run.book, rates, run.openings_of, only=run.names, is_told=is_told, is_stored=is_stored,
            known_prices=None if is_told else prices, known_groups=groups,
        )  # fmt: skip
        return claimed_lines(decider, run.any.scope, sorted(run.names), run.signed)

    def _decided(self, run: Abreast) -> dict[str, Decisions]:
        period = literal(str(run.any.scope.period))
        rows = self._engine.rows(
            f"""SELECT c.contract, c.conversion_id, COALESCE(c.early_fate, s.fate),
                COALESCE(c.early_reason, s.reason), c.touch_id, s.item, s.exact_amount, c.share
            FROM claims AS c LEFT JOIN settled AS s ON s.contract = c.contract AND s.conversion_id = c.conversion_id
            WHERE c.period = {period} OR s.fate IS NOT NULL ORDER BY c.contract, c.conversion_id""",
            "decisions of a contract",
        )
        marks = {mark + run.contract: mark for mark in run.worlds}
        found: dict[str, Decisions] = {mark: [] for mark in run.worlds}
        for name, conversion_id, *rest in rows:
            mark = marks[name]
            found[mark].append((conversion_id[len(mark) :], *rest))
        return found

    def _lay(self, one: Abreast) -> str:
        """Claims of a contract in a world, laid out once for all that prices them alike; the schema they are in."""
        key = _key(one)
        if key not in self._laid:
            if len(self._laid) >= MOST_LAID:
                self._forget()
            self._number += 1
            schema = f"w{self._number}"
            self._engine.run("new claims", f"CREATE SCHEMA {schema}")
            self._engine.run("new claims", f"SET search_path = '{schema},main'")
            self._attribute(one)
            self._laid[key] = schema
        self._engine.run("claims known", f"SET search_path = '{self._laid[key]},main'")
        return self._laid[key]

    def _forget(self) -> None:
        """Drop what was laid out, all but the main tables."""
        self._engine.run("forget claims", "SET search_path = 'main'")
        for schema in self._laid.values():
            self._engine.run("forget claims", f"DROP SCHEMA {schema} CASCADE")
        self._laid.clear()
        self._groups.clear()

    def exchange(self, world: World) -> ExchangeRates:
        """The exchange rates of a world, with what was looked up of them."""
        rows = world.fx_rates
        if id(rows) not in self._rates:
            self._rates[id(rows)] = rows, ExchangeRates(rows)  # the rows are kept, so that their id stays theirs
        return self._rates[id(rows)][1]

    def days(self, world: World, contract: str, dataset: str) -> tuple[list[int], list[int]]:
        """The UTC days and the files from which conversions, or the clicks before them, come."""
        programs = one_of(_programs(world, contract))
        partners = _partners(world, contract)
        own = f"t.partner IN ({one_of(partners)})" if partners else "TRUE"
        source = {
            "conversions": f"SELECT ts, file_number FROM main.conversion_rows WHERE program IN ({programs})",
            "clicks": f"""SELECT t.ts, t.file_number
                FROM main.touches AS t JOIN main.conversion_rows AS c USING (conversion_id)
                WHERE c.program IN ({programs}) AND t.kind = 'click' AND {own}""",
        }[dataset]
        days = self._engine.rows(f"SELECT DISTINCT ts // {DAY} FROM ({source}) ORDER BY ALL", "days of events")
        files = self._engine.rows(f"SELECT DISTINCT file_number FROM ({source}) ORDER BY ALL", "files of events")
        return [int(day) for (day,) in days], [int(file) for (file,) in files if file is not None]

    def places(self) -> Places:
        """Where conversions and the clicks before them come from."""
        conversions = self._engine.rows(
            f"SELECT conversion_id, ts // {DAY}, file_number, order_id IS NULL FROM main.conversion_rows",
            "places of conversions",
        )
        clicks = self._engine.rows(
            f"SELECT DISTINCT touch_id, ts // {DAY}, file_number FROM main.touches WHERE kind = 'click'",
            "places of clicks",
        )
        reversed_clicks = self._engine.rows(
            f"""SELECT DISTINCT r.conversion_id, t.ts // {DAY}, t.file_number FROM main.reversal_rows AS r
            LEFT JOIN main.touches AS t ON t.conversion_id = r.conversion_id AND t.kind = 'click' ORDER BY ALL""",
            "places of clicks before what is reversed",
        )
        return Places(
            {one: (day, file) for one, day, file, _ in conversions},
            {one: (day, file) for one, day, file in clicks},
            frozenset(one for one, _, _, is_alone in conversions if is_alone),
            tuple((one, (day, file)) for one, day, file in reversed_clicks),
        )


# Of worlds known but for their reading, the claims of all conversions that it does not change.
AS_ELSEWHERE = """
INSERT INTO claims
SELECT b.* REPLACE (w.mark || b.contract AS contract, w.mark || b.conversion_id AS conversion_id)
FROM {schema}.claims AS b CROSS JOIN worlds AS w
WHERE w.is_known AND (w.mark, b.conversion_id) NOT IN (SELECT (mark, base_id) FROM changed)"""


def _key(one: Abreast) -> tuple[object, ...]:
    """What claims follow from: how events are read, the clock, the clauses of attribution."""
    world = one.any
    return (one.contract, world.reading, world.scope, tuple(claiming(version) for version in one.book.versions))


def _programs(world: World, contract: str) -> frozenset[str]:
    return frozenset(one.program for one in world.terms(contract) if isinstance(one, CpaTerms))


def _partners(world: World, contract: str) -> frozenset[str]:
    stated = [one for one in world.terms(contract) if isinstance(one, CpaTerms)]
    return frozenset(one.partner for one in stated if one.partner is not None)
