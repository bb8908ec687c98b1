"""CPA: claims to payable conversions, charges and payouts (RULES 5.4 to 5.7 and 6).

Conversions that are alike in everything that their contract asks for are decided and priced once, as a group:
eligibility, rate, reversal and exact amount in Python, the assignment back to conversions in the engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaItem, CpaTerms, Eligibility
from recon.engine import Engine
from recon.expect.attribution import MILLION, attribute
from recon.expect.cpm import last_in_force
from recon.expect.currency import Conversion, ExchangeRates
from recon.expect.delivery import matches
from recon.expect.lines import ExpectedLine, FateCount, Working
from recon.money import plain, round_amount, written
from recon.observe.scope import Scope, one_of
from recon.period import Period, midnight

ATTRIBUTES = ("geo", "device", "customer", "category", "coupon")
MICROS = 1_000_000
ALLOWED = ("geo", "device", "customer")
EXCLUDED = (("exclude_categories", "category"), ("exclude_coupons", "coupon"))


@dataclass(frozen=True)
class Group:
    """Claims of one contract that are alike: what decides and prices them, and how many they are.

    Sales are whole millionths of the major unit of `currency` (None: the contract's); `reversed_micros` is what
    partial reversals of the conversion's own period took off, `share` is in millionths.
    """

    group_id: int
    contract: str
    version: int | None
    action: str
    geo: str | None
    device: str | None
    customer: str | None
    category: str | None
    coupon: str | None
    sale_micros: int | None
    currency: str | None
    day: date
    is_fully_reversed: bool
    reversed_micros: int
    share: int
    quantity: int


@dataclass(frozen=True)
class Decision:
    """How a group of conversions ends: fate, reason, and for payable ones item, exact amount each, and why."""

    group: Group
    fate: str
    reason: str = ""
    item: str = ""
    rate: str = ""
    each: Fraction = Fraction(0)
    working: Working | None = None
    version: ContractVersion | None = None


def expected_cpa(
    engine: Engine, book: Book, scope: Scope, rates: ExchangeRates, left_out: Iterable[str] = ()
) -> tuple[list[ExpectedLine], list[FateCount]]:
    """Expected lines and fates of all CPA contracts, and the relation `decided` with one row per claim."""
    attribute(engine, book, scope)
    _days(engine, book, scope)
    engine.run("reversals of the period", REVERSED)
    engine.run("alike claims", _grouping(book))
    skipped = frozenset(left_out)
    decisions = [_decided(group, book, scope, rates, skipped) for group in _groups(engine)]
    _store(engine, decisions)
    return list(_lines(decisions, book, scope, skipped)), list(_fates(engine, scope))


def _days(engine: Engine, book: Book, scope: Scope) -> None:
    """The local dates of the period in each zone as instants, so that no zone is asked per conversion."""
    zones = sorted({version.timezone for version in book.versions})
    days = [scope.period.first + timedelta(days=n) for n in range(scope.period.days)]
    rows = [(zone, day, midnight(day, zone), midnight(day + timedelta(days=1), zone)) for zone in zones for day in days]
    engine.table("zone_days", {"zone": "TEXT", "day": "DATE", "start": "BIGINT", "end": "BIGINT"}, rows)


# Reversals that meet the cut-off of the conversion's own period, per claim (RULES 5.7).
REVERSED = """
CREATE OR REPLACE TABLE reversed_claims AS
SELECT c.contract, c.conversion_id, MAX(CASE WHEN r.sale_micros IS NULL THEN 1 ELSE 0 END) AS full_count,
    CAST(COALESCE(SUM(r.sale_micros), 0) AS BIGINT) AS reversed_micros, COUNT(*) AS reversal_count
FROM claims AS c JOIN reversal_rows AS r ON r.conversion_id = c.conversion_id
WHERE r.ts < c.period_end AND (r.ingested_at IS NULL OR r.ingested_at <= c.cutoff)
GROUP BY c.contract, c.conversion_id"""


def _grouping(book: Book) -> str:
    """Claims with what decides them, and the number of their group; values that no clause names are alike."""
    mentioned = mentioned_values(book)
    cut = ", ".join(_cut(name, mentioned[name]) for name in ATTRIBUTES)
    keys = "contract, governing_version, action, sale_micros, currency, day, is_full, reversed_micros, share"
    names = ", ".join(f"cut_{name}" for name in ATTRIBUTES)
    return f"""
        CREATE OR REPLACE TABLE open_claims AS
        SELECT *, DENSE_RANK() OVER (ORDER BY {keys}, {names}) AS group_id
        FROM (SELECT c.contract, c.conversion_id, c.governing_version, c.action, c.sale_micros, c.currency, z.day,
                COALESCE(r.full_count, 0) = 1
                    OR (r.reversal_count > 0 AND COALESCE(r.reversed_micros >= c.sale_micros, FALSE)) AS is_full,
                COALESCE(r.reversed_micros, 0) AS reversed_micros, c.share, {cut}
            FROM claims AS c
            JOIN zone_days AS z ON z.zone = c.zone AND c.ts >= z.start AND c.ts < z."end"
            LEFT JOIN reversed_claims AS r ON r.contract = c.contract AND r.conversion_id = c.conversion_id
            WHERE c.early_fate IS NULL) AS alike"""


def mentioned_values(book: Book) -> dict[str, frozenset[str]]:
    """The attribute values that some CPA clause names (RULES 5.5, 5.6)."""
    values: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
    for version in book.versions:
        if isinstance(version.terms, CpaTerms):
            for name, listed in _named(version.terms):
                values[name].update(listed)
    return {name: frozenset(listed) for name, listed in values.items()}


def _named(terms: CpaTerms) -> Iterator[tuple[str, tuple[str, ...]]]:
    for item in terms.items:
        yield from item.when.conditions
    for name in ALLOWED:
        yield name, getattr(terms.eligibility, name) or ()
    for clause, name in EXCLUDED:
        yield name, getattr(terms.eligibility, clause) or ()


def _cut(name: str, values: frozenset[str]) -> str:
    if not values:
        return f"CAST(NULL AS TEXT) AS cut_{name}"
    return f"CASE WHEN c.{name} IN ({one_of(values)}) THEN c.{name} END AS cut_{name}"


def _groups(engine: Engine) -> list[Group]:
    cuts = ", ".join(f"ANY_VALUE(cut_{name})" for name in ATTRIBUTES)
    rows = engine.rows(
        f"""SELECT group_id, ANY_VALUE(contract), ANY_VALUE(governing_version), ANY_VALUE(action), {cuts},
            ANY_VALUE(sale_micros), ANY_VALUE(currency), ANY_VALUE(day), ANY_VALUE(is_full),
            ANY_VALUE(reversed_micros), ANY_VALUE(share), COUNT(*)
        FROM open_claims GROUP BY group_id ORDER BY group_id""",
        "groups of claims",
    )
    return [Group(*row) for row in rows]


def _decided(group: Group, book: Book, scope: Scope, rates: ExchangeRates, skipped: frozenset[str]) -> Decision:
    """The fate of a group from eligibility on, and its price (RULES 5.4 to 5.7, 6.1)."""
    version = book.version(group.contract, group.version) if group.version is not None else None
    if version is None or not isinstance(version.terms, CpaTerms):
        return Decision(group, "no_rate", "no version in force on the touch's date")
    sale = Sale.of(group, version, scope.period, rates)
    refused = ineligible(version.terms.eligibility, group, sale)
    if refused:
        return Decision(group, "ineligible", refused, version=version)
    item = rate_for(version.terms, group)
    if item is None or (item.percent_of_sale is not None and sale is None):
        reason = "no item for this action" if item is None else "a percentage without a sale amount"
        return Decision(group, "no_rate", reason, version=version)
    if group.is_fully_reversed:
        return Decision(group, "reversed", "", item.item, version=version)
    if group.contract in skipped:
        return Decision(group, "payable", "", item.item, version=version)
    return _priced(group, version, item, sale)


@dataclass(frozen=True)
class Sale:
    """A sale in its own currency, major units; its rate is looked up only where a price asks for it (RULES 7.2)."""

    original: Fraction
    remaining: Fraction
    currency: str
    group: Group
    version: ContractVersion
    period: Period
    rates: ExchangeRates

    @classmethod
    def of(cls, group: Group, version: ContractVersion, period: Period, rates: ExchangeRates) -> Sale | None:
        """The sale of a group's conversions; None without a sale amount."""
        if group.sale_micros is None:
            return None
        original = Fraction(group.sale_micros, MICROS)
        remaining = original - Fraction(group.reversed_micros, MICROS)
        return cls(original, remaining, group.currency or version.currency, group, version, period, rates)

    @cached_property
    def conversion(self) -> Conversion:
        """The rate into the contract's currency; BadInput where none is to be had."""
        return sale_rate(self.currency, self.version, self.group.day, self.period, self.rates)


def sale_rate(currency: str, version: ContractVersion, day: date, period: Period, rates: ExchangeRates) -> Conversion:
    """The rate of a sale's currency into the contract's, by the version's `fx` clause (RULES 7.2)."""
    assert isinstance(version.terms, CpaTerms)
    match version.terms.fx:
        case "conversion_date":
            return rates.on(currency, version.currency, day)
        case "period_end":
            return rates.on(currency, version.currency, period.last)
        case "period_average":
            return rates.average(currency, version.currency, period)


def ineligible(eligibility: Eligibility, group: Group, sale: Sale | None) -> str:
    """The first condition of RULES 5.5 that does not hold, in words; empty when all do."""
    for name in ALLOWED:
        allowed = getattr(eligibility, name)
        if allowed is not None and getattr(group, name) not in allowed:
            return name
    for clause, name in EXCLUDED:
        if getattr(group, name) in (getattr(eligibility, clause) or ()):
            return clause
    if eligibility.min_sale is None:
        return ""
    is_enough = sale is not None and sale.original * sale.conversion.rate >= Fraction(eligibility.min_sale)
    return "" if is_enough else "min_sale"


def rate_for(terms: CpaTerms, group: Group) -> CpaItem | None:
    """The first item whose action and `when` match (RULES 5.6)."""
    return next((item for item in terms.items if item.action == group.action and matches(item.when, group)), None)


def _priced(group: Group, version: ContractVersion, item: CpaItem, sale: Sale | None) -> Decision:
    """flat, or percent_of_sale within min and max, times the share; rounded here only when the clause says so."""
    assert isinstance(version.terms, CpaTerms)
    terms = version.terms
    price, rate, text = price_of(item, sale)
    share = Fraction(group.share, MILLION)
    earned = share * price
    each = Fraction(round_amount(earned, version.currency, terms.rounding)) if terms.round == "conversion" else earned
    amount = each * group.quantity
    inputs = tuple(_inputs(group, item, sale, version, each))
    words = f"{group.quantity:,} × {text}{_share_text(share)}{_rounded_text(terms, version, each)} = {written(amount)}"
    clause = f"items[{item.item}]"
    working = Working(
        "price_group", "6.1", f"v{version.version} {item.action}", words, version.version, clause, Fraction(group.quantity),
        Fraction(item.flat if item.flat is not None else item.percent_of_sale or 0), amount, inputs,
    )  # fmt: skip
    return Decision(group, "payable", "", item.item, rate, each, working, version)


def price_of(item: CpaItem, sale: Sale | None) -> tuple[Fraction, str, str]:
    """What one whole conversion earns, unrounded, the rate in short and the arithmetic in words (RULES 6.1)."""
    if item.flat is not None:
        return Fraction(item.flat), plain(item.flat), plain(item.flat)
    assert sale is not None and item.percent_of_sale is not None
    price = sale.remaining * sale.conversion.rate * Fraction(item.percent_of_sale) / 100
    text = (
        f"{written(sale.remaining)} {sale.currency} × {written(sale.conversion.rate)} × {plain(item.percent_of_sale)}%"
    )
    if item.min is not None and price < Fraction(item.min):
        price, text = Fraction(item.min), f"{text}, at least {plain(item.min)}"
    if item.max is not None and price > Fraction(item.max):
        price, text = Fraction(item.max), f"{text}, at most {plain(item.max)}"
    return price, f"{plain(item.percent_of_sale)}%", text


def _share_text(share: Fraction) -> str:
    return "" if share == 1 else f" × share {written(share)}"


def _rounded_text(terms: CpaTerms, version: ContractVersion, each: Fraction) -> str:
    if terms.round == "line":
        return ""
    return f", rounded {terms.rounding} to {plain(round_amount(each, version.currency))} each"


def _inputs(
    group: Group, item: CpaItem, sale: Sale | None, version: ContractVersion, each: Fraction
) -> Iterator[tuple[str, str]]:
    """What a spreadsheet needs to price the group again."""
    assert isinstance(version.terms, CpaTerms)
    if group.share != MILLION:
        yield "share", written(Fraction(group.share, MILLION))
    if sale is not None:
        yield "sale", written(sale.remaining)
        yield "sale_currency", sale.currency
    if sale is not None and item.percent_of_sale is not None and sale.currency != version.currency:
        yield "fx", written(sale.conversion.rate)
        yield "fx_source", sale.conversion.text
    for column, clause in (("flat", "flat"), ("percent", "percent_of_sale"), ("minimum", "min"), ("maximum", "max")):
        limit = getattr(item, clause)
        if limit is not None:
            yield column, plain(limit)
    yield "round", version.terms.round
    yield "mode", version.terms.rounding
    yield "each", written(each)


def _store(engine: Engine, decisions: list[Decision]) -> None:
    """The relation `decided`: each claim of the period with its fate, reason, item, rate and amount."""
    columns = {
        "group_id": "BIGINT", "fate": "TEXT", "reason": "TEXT", "item": "TEXT", "rate": "TEXT", "amount": "TEXT",
        "exact_amount": "TEXT",
    }  # fmt: skip
    engine.table("group_decisions", columns, [_decision_row(decision) for decision in decisions])
    engine.run("decided claims", DECIDED)


def _decision_row(decision: Decision) -> tuple[object, ...]:
    amount = exact = None
    if decision.fate == "payable" and decision.version is not None and decision.working is not None:
        mode = decision.version.terms.rounding if decision.version.terms else "half_up"
        amount = plain(round_amount(decision.each, decision.version.currency, mode))
        exact = written(decision.each)
    return decision.group.group_id, decision.fate, decision.reason, decision.item, decision.rate, amount, exact


DECIDED = """
CREATE OR REPLACE TABLE decided AS
SELECT c.contract, c.direction, c.conversion_id, COALESCE(c.early_fate, d.fate) AS fate,
    CASE c.early_fate WHEN 'lost' THEN 'to ' || c.winner || ' by ' || c.winning_touch
        WHEN 'duplicate' THEN 'of ' || c.prior_id ELSE COALESCE(d.reason, '') END AS reason,
    CASE WHEN c.early_fate = 'lost' THEN c.winning_touch ELSE c.own_touch END AS touch_id,
    CASE WHEN c.early_fate IS NULL THEN c.governing_version ELSE c.version END AS version,
    COALESCE(d.rate, '') AS rate, d.amount, COALESCE(d.item, '') AS item, c.share, d.exact_amount
FROM claims AS c
LEFT JOIN open_claims AS o ON o.contract = c.contract AND o.conversion_id = c.conversion_id
LEFT JOIN group_decisions AS d ON d.group_id = o.group_id"""


def _lines(decisions: list[Decision], book: Book, scope: Scope, skipped: frozenset[str]) -> Iterator[ExpectedLine]:
    payable: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.fate == "payable" and decision.group.contract not in skipped:
            payable[decision.group.contract, decision.item].append(decision)
    for (contract, item), paid in sorted(payable.items()):
        yield _line(contract, item, paid, book, scope)


def _line(contract: str, item: str, paid: list[Decision], book: Book, scope: Scope) -> ExpectedLine:
    """Σ of what the conversions earned, rounded once (RULES 6.3, 6.4)."""
    governing = last_in_force(book, contract, scope) or paid[-1].version
    assert governing is not None and governing.terms is not None
    mode, currency = governing.terms.rounding, governing.currency
    exact = sum((decision.each * decision.group.quantity for decision in paid), Fraction(0))
    shares = Fraction(sum(decision.group.share * decision.group.quantity for decision in paid), MILLION)
    amount = round_amount(exact, currency, mode)
    workings = [decision.working for decision in paid if decision.working is not None]
    last = Working(
        "round", "6.3", "line", f"{written(exact)} rounded {mode} once = {amount}", governing.version, "rounding",
        shares, None, Fraction(amount), (("mode", mode),),
    )  # fmt: skip
    quantity = Decimal(written(shares))
    kind = governing.direction
    return ExpectedLine(contract, item, str(scope.period), kind, currency, quantity, amount, (*workings, last))


def _fates(engine: Engine, scope: Scope) -> Iterator[FateCount]:
    for direction, contract, item, fate, quantity in engine.rows(
        "SELECT direction, contract, item, fate, COUNT(*) FROM decided GROUP BY ALL ORDER BY ALL", "conversion fates"
    ):
        yield FateCount(direction, "conversions", contract, item, fate, quantity)
    yield from _outside(engine, scope)


def _outside(engine: Engine, scope: Scope) -> Iterator[FateCount]:
    """Conversions under no contract, and repeated rows, judged in UTC (RULES 1.4, 1.8, 5.4)."""
    start, end = scope.period.start("UTC"), scope.period.end("UTC")
    inside = f"ts >= {start} AND ts < {end}"
    told = engine.rows(
        f"""SELECT CASE WHEN {inside} THEN 'unclaimed' ELSE 'look_back' END, COUNT(*) FROM conversion_rows
        WHERE conversion_id NOT IN (SELECT conversion_id FROM reached) GROUP BY 1
        UNION ALL SELECT 'look_back', quantity FROM far_conversions""",
        "conversions in no reach",
    )
    for fate, quantity in told:
        yield FateCount("", "conversions", "", "", fate, quantity)
    for dataset, fate, quantity in engine.rows(
        f"""SELECT dataset, CASE WHEN {inside} THEN 'repeated_row' ELSE 'look_back' END, COUNT(*)
        FROM repeated_rows GROUP BY ALL ORDER BY ALL""",
        "repeated rows",
    ):
        yield FateCount("", dataset, "", "", fate, quantity)
