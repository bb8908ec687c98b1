"""Claims of a period in groups that are decided alike: reversals laid to them, in the order of time where that matters.

What decides a conversion is read from the engine once per group; where tiers or caps make the order count, each
conversion is a group by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from recon.contracts.book import Book
from recon.contracts.terms import CpaItem, CpaTerms
from recon.engine import Engine, literal
from recon.expect.attribution import MILLION
from recon.observe.questions import cpa_terms, is_ordered
from recon.observe.scope import one_of
from recon.period import DAY

MICROS = 1_000_000  # parts of a major unit in which sales are counted
ATTRIBUTES = ("geo", "device", "customer", "category", "coupon")
ALLOWED = ("geo", "device", "customer")
EXCLUDED = (("exclude_categories", "category"), ("exclude_coupons", "coupon"))


class Group(NamedTuple):  # quicker to make than a dataclass, and there are as many as conversions
    """Claims of one contract that are alike: what decides and prices them, and how many they are.

    `version` is in force at the conversion, `governing` on the date that decides items and caps (None: none). Sales
    are whole millionths of the major unit of `currency` (None: the contract's), None where no clause asks for them, as
    `day` is the period's first where none asks; `reversed_micros` is what partial reversals took off until it was
    earned. `conversion_id` stands where the group is one conversion, in their order.
    """

    group_id: int
    contract: str
    version: int
    governing: int | None
    action: str
    geo: str | None
    device: str | None
    customer: str | None
    category: str | None
    coupon: str | None
    sale_micros: int | None
    currency: str | None
    day: date
    earned_in: str
    is_fully_reversed: bool
    reversed_micros: int
    share_micros: int
    conversion_id: str | None
    quantity: int

    @property
    def share(self) -> Fraction:
        """The share of each conversion, 1 where it is not split."""
        return share_of(self.share_micros)


GroupRow = tuple[Any, ...]  # a group's fields, in order


@lru_cache(maxsize=4096)
def share_of(micros: int) -> Fraction:
    """Millionths as a share."""
    return Fraction(micros, MILLION)


@dataclass(frozen=True)
class Asked:
    """Which claims to decide: those of a month, as known in the same or a later period.

    `earned_in` asks for conversions that earn in that period alone, `conversions` for single ones by contract, in
    each case with the whole month of contracts whose conversions are priced in order.
    """

    period: str
    known: str
    earned_in: str | None = None
    conversions: Mapping[str, Collection[str]] | None = None


def lay_reversals(engine: Engine, counted: Mapping[tuple[str, str], str]) -> None:
    """Create `reversal_effects`: each reversal of an open claim, the period it belongs to and whether it has effect.

    `counted` are the reversals that a locked close counted: (contract, reversal_id) → that period (RULES 5.7).
    """
    columns = {"contract": "TEXT", "reversal_id": "TEXT", "period": "TEXT"}
    engine.table("counted_reversals", columns, [(*key, period) for key, period in sorted(counted.items())])
    engine.run("effects of reversals", EFFECTS)


# A reversal belongs to the first period, from its own and the conversion's on, whose cut-off it meets; none that is
# dated after a lock has effect, nor one of a period after that of earning that comes too late (RULES 5.7, 5.9).
EFFECTS = f"""
CREATE OR REPLACE TABLE reversal_effects AS
WITH dated AS (
    SELECT c.contract, c.conversion_id, c.period, c.earned_in, c.lock_date, c.expires_on,
        r.reversal_id, r.sale_micros, r.ingested_at, z.day, z.period AS own_period
    FROM claims AS c JOIN reversal_rows AS r ON r.conversion_id = c.conversion_id
    LEFT JOIN zone_days AS z ON z.zone = c.zone AND z.utc_day = r.ts // {DAY} AND r.ts >= z.start AND r.ts < z."end"
    WHERE c.early_fate IS NULL AND (z.day IS NOT NULL OR r.ts < c.ts)),
placed AS (
    SELECT d.contract, d.conversion_id, d.reversal_id, MIN(m.period) AS period
    FROM dated AS d JOIN months AS m ON m.period >= d.period AND m.period >= COALESCE(d.own_period, '')
        AND (d.ingested_at IS NULL OR d.ingested_at <= m.cutoff)
    GROUP BY d.contract, d.conversion_id, d.reversal_id)
SELECT d.contract, d.conversion_id, d.reversal_id, d.sale_micros, d.period AS conversion_period, d.earned_in,
    COALESCE(k.period, p.period) AS belongs_to,
    COALESCE(d.day > d.lock_date, FALSE) AS is_after_lock,
    COALESCE(d.day > d.expires_on, FALSE) AND COALESCE(k.period, p.period) > d.earned_in AS is_expired
FROM dated AS d
LEFT JOIN placed AS p ON p.contract = d.contract AND p.conversion_id = d.conversion_id AND p.reversal_id = d.reversal_id
LEFT JOIN counted_reversals AS k ON k.contract = d.contract AND k.reversal_id = d.reversal_id
WHERE COALESCE(k.period, p.period) IS NOT NULL"""


def ordered_contracts(book: Book) -> frozenset[str]:
    """Contracts with tiers or caps in any version: their conversions are priced in order."""
    return frozenset(one.contract for one in book.versions if isinstance(one.terms, CpaTerms) and is_ordered(one.terms))


def selling_contracts(book: Book) -> frozenset[str]:
    """Contracts in which the amount of a sale decides something."""
    return frozenset(one.contract for one in book.versions if isinstance(one.terms, CpaTerms) and _asks_sale(one.terms))


def _asks_sale(terms: CpaTerms) -> bool:
    return terms.eligibility.min_sale is not None or any(needs_sale(item) or item.tiers for item in terms.items)


def needs_sale(item: CpaItem) -> bool:
    """Whether a price of the item can depend on the sale: a percentage, or any step of one (RULES 6.1)."""
    steps = item.tiers.steps if item.tiers is not None else (item,)
    return any(step.percent_of_sale is not None for step in steps)


def grouped(engine: Engine, book: Book, asked: Asked, is_stored: bool = True) -> list[GroupRow]:
    """The open claims asked for, a row per group, in the order of contract and place.

    Where they are stored, the relation `open_claims` tells which conversion is in which group.
    """
    if not is_stored:
        return engine.rows(_summed(book, asked), "groups of claims")
    engine.run("alike claims", _grouping(book, asked))
    cuts = ", ".join(f"ANY_VALUE(cut_{name})" for name in ATTRIBUTES)
    return engine.rows(
        f"""SELECT group_id, ANY_VALUE(contract), ANY_VALUE(version), ANY_VALUE(governing_version), ANY_VALUE(action),
            {cuts}, ANY_VALUE(sale_micros), ANY_VALUE(currency), ANY_VALUE(day), ANY_VALUE(earned_in),
            ANY_VALUE(is_full), ANY_VALUE(reversed_micros), ANY_VALUE(share), ANY_VALUE(single_id), COUNT(*)
        FROM open_claims GROUP BY group_id ORDER BY group_id""",
        "groups of claims",
    )


def grouping_of(book: Book) -> tuple[object, ...]:
    """What of a book decides which claims are alike."""
    mentioned = tuple(sorted(mentioned_values(book).items()))
    return mentioned, ordered_contracts(book), selling_contracts(book), _locking_contracts(book)


KEYS = "version, governing_version, action, sale_micros, currency, day, earned_in, is_full, reversed_micros, share"
CUTS = ", ".join(f"cut_{name}" for name in ATTRIBUTES)


def _grouping(book: Book, asked: Asked) -> str:
    """Claims with what decides them, and the number of their group; what no clause of the contract asks for is alike.

    `place` is the conversion's place in order where it is a group by itself, else 0.
    """
    return f"""
        CREATE OR REPLACE TABLE open_claims AS
        SELECT *, DENSE_RANK() OVER (ORDER BY contract, place, {KEYS}, {CUTS}) AS group_id
        FROM ({_alike(book, asked)}) AS alike"""


def _summed(book: Book, asked: Asked) -> str:
    """The same groups, added up without being stored: they have no numbers then."""
    before, after = "version, governing_version, action", "sale_micros, currency, day, earned_in, is_full"
    fields = f"contract, {before}, {CUTS}, {after}, reversed_micros, share, single_id"
    return f"""
        SELECT 0, {fields}, COUNT(*) FROM ({_alike(book, asked)}) AS alike
        GROUP BY {fields}, place ORDER BY contract, place"""


def _alike(book: Book, asked: Asked) -> str:
    mentioned = mentioned_values(book)
    cut = ", ".join(_cut(name, mentioned[name]) for name in ATTRIBUTES)
    ordered = ordered_contracts(book)
    is_single = "TRUE" if asked.conversions is not None else f"c.contract IN ({one_of(ordered)})"
    place = "ROW_NUMBER() OVER (PARTITION BY c.contract ORDER BY c.ts, c.conversion_id)"
    if asked.conversions is None and not ordered:
        place = "0"
    is_needed = f"({is_single} OR c.contract IN ({one_of(selling_contracts(book))}))"
    return f"""
        SELECT c.contract, c.conversion_id, c.version, c.governing_version, c.action, c.earned_in, c.share, {cut},
                CASE WHEN {is_needed} THEN c.sale_micros END AS sale_micros,
                CASE WHEN {is_needed} THEN c.currency END AS currency,
                CASE WHEN {is_single} OR ({is_needed} AND c.currency <> c.own_currency) THEN c.day
                    ELSE CAST({literal(asked.period + "-01")} AS DATE) END AS day,
                COALESCE(r.full_count, 0) > 0
                    OR (r.reversal_count > 0 AND COALESCE(r.reversed_micros >= c.sale_micros, FALSE)) AS is_full,
                CASE WHEN {is_needed} THEN COALESCE(r.reversed_micros, 0) ELSE 0 END AS reversed_micros,
                CASE WHEN {is_single} THEN c.conversion_id END AS single_id,
                CASE WHEN {is_single} THEN {place} ELSE 0 END AS place
            FROM claims AS c
            LEFT JOIN ({_reversed(asked)}) AS r ON r.contract = c.contract AND r.conversion_id = c.conversion_id
            WHERE c.early_fate IS NULL AND c.period = {literal(asked.period)} AND ({_wanted(book, asked)})"""


def _reversed(asked: Asked) -> str:
    """What reversals took off each claim until it was earned, as known in a period."""
    return f"""
        SELECT contract, conversion_id, SUM(CASE WHEN sale_micros IS NULL THEN 1 ELSE 0 END) AS full_count,
            CAST(COALESCE(SUM(sale_micros), 0) AS BIGINT) AS reversed_micros, COUNT(*) AS reversal_count
        FROM reversal_effects
        WHERE belongs_to <= {literal(asked.known)} AND belongs_to <= earned_in AND NOT is_after_lock
        GROUP BY contract, conversion_id"""


def _wanted(book: Book, asked: Asked) -> str:
    ordered = ordered_contracts(book)
    if asked.conversions is not None:
        whole = frozenset(contract for contract in asked.conversions if contract in ordered)
        single = [(contract, ids) for contract, ids in sorted(asked.conversions.items()) if contract not in ordered]
        parts = [
            f"(c.contract = {literal(one)} AND c.conversion_id IN ({one_of(frozenset(ids))}))" for one, ids in single
        ]
        return " OR ".join([f"c.contract IN ({one_of(whole)})", *parts])
    if asked.earned_in is not None:
        locking = _locking_contracts(book)
        return f"""(c.contract IN ({one_of(locking & ordered)}) OR
            (c.contract IN ({one_of(locking)}) AND c.earned_in = {literal(asked.earned_in)}))"""
    return "TRUE"


def _locking_contracts(book: Book) -> frozenset[str]:
    return frozenset(
        one.contract for one in book.versions if isinstance(one.terms, CpaTerms) and one.terms.lock is not None
    )


def mentioned_values(book: Book) -> dict[str, frozenset[str]]:
    """The attribute values that some CPA clause names (RULES 5.5, 5.6)."""
    values: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
    for terms in cpa_terms(book):
        for name, listed in _named(terms):
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
