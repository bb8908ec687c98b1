"""What one conversion earns: eligibility, item, and its price at a place in the tiers (RULES 5.5, 5.6, 6.1 to 6.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaItem, CpaStep, CpaTerms, CpaTiers, Eligibility
from recon.expect.claims import ALLOWED, EXCLUDED, Group
from recon.expect.currency import Conversion, ExchangeRates
from recon.expect.delivery import matches
from recon.expect.tiers import Piece, Run, Scale, walk
from recon.money import Rounding, plain, round_amount
from recon.period import Period

MICROS = 1_000_000
NONE = Fraction(0)


@dataclass(frozen=True)
class Sale:
    """A sale in its own currency, major units; its rate is looked up only where a price asks for it (RULES 7.2)."""

    original: Fraction
    remaining: Fraction
    currency: str
    day: date
    version: ContractVersion
    period: Period
    rates: ExchangeRates

    @classmethod
    def of(cls, group: Group, version: ContractVersion, period: Period, rates: ExchangeRates) -> Sale | None:
        """The sale of a group's conversions of a period; None without a sale amount."""
        if group.sale_micros is None:
            return None
        original = Fraction(group.sale_micros, MICROS)
        remaining = max(NONE, original - Fraction(group.reversed_micros, MICROS))
        return cls(original, remaining, group.currency or version.currency, group.day, version, period, rates)

    def reduced_to(self, remaining: Fraction) -> Sale:
        """The same sale with another amount left of it."""
        return replace(self, remaining=remaining)

    @cached_property
    def conversion(self) -> Conversion:
        """The rate into the contract's currency; BadInput where none is to be had."""
        return sale_rate(self.currency, self.version, self.day, self.period, self.rates)

    @property
    def amount(self) -> Fraction:
        """What is left of the sale, in the contract's currency."""
        return self.remaining if self.currency == self.version.currency else self.remaining * self.conversion.rate


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


@dataclass(frozen=True)
class Candidate:
    """Conversions that are in line to be paid: the versions that decide, their item and their sale."""

    group: Group
    version: ContractVersion
    governing: ContractVersion
    item: CpaItem
    sale: Sale | None

    @property
    def terms(self) -> CpaTerms:
        """The clauses of the version in force at the conversion: rounding, exchange rates, lock."""
        assert isinstance(self.version.terms, CpaTerms)
        return self.version.terms

    @property
    def tiers(self) -> CpaTiers | None:
        return self.item.tiers

    def measured(self, measure: str) -> Fraction:
        """What each conversion adds to a count of conversions, or of sales in the contract's currency (RULES 6.2)."""
        share = self.group.share
        if measure == "conversions":
            return share
        return share * self.sale.amount if self.sale is not None else NONE


@dataclass(frozen=True)
class Refused:
    """Conversions that are not in line to be paid: their fate up to `reversed`, with its reason."""

    group: Group
    fate: str
    reason: str
    version: int
    item: str = ""


def judged(group: Group, book: Book, period: Period, rates: ExchangeRates) -> Candidate | Refused:
    """Eligibility, rate and reversal of a group, in the order of the fates (RULES 5.4 to 5.7)."""
    version = book.version(group.contract, group.version)
    governing = None if group.governing is None else book.version(group.contract, group.governing)
    if version is None or governing is None or not isinstance(governing.terms, CpaTerms):
        return Refused(group, "no_rate", "no version in force on the touch's date", group.version)
    sale = Sale.of(group, version, period, rates)
    refused = ineligible(governing.terms.eligibility, group, sale)
    if refused:
        return Refused(group, "ineligible", refused, governing.version)
    item = rate_for(governing.terms, group)
    if item is None:
        return Refused(group, "no_rate", "no item for this action", governing.version)
    if sale is None and needs_sale(item):
        return Refused(group, "no_rate", "a percentage without a sale amount", governing.version)
    if group.is_fully_reversed:
        return Refused(group, "reversed", "", governing.version, item.item)
    return Candidate(group, version, governing, item, sale)


def ineligible(eligibility: Eligibility, group: Group, sale: Sale | None) -> str:
    """The first condition of RULES 5.5 that does not hold, by name; empty when all do."""
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


def needs_sale(item: CpaItem) -> bool:
    """Whether a price of the item can depend on the sale: a percentage, or any step of one (RULES 6.1)."""
    steps = item.tiers.steps if item.tiers is not None else (item,)
    return any(step.percent_of_sale is not None for step in steps)


@dataclass(frozen=True)
class Place:
    """Where a conversion stands in its item's tiers: the position before it, and the tier that prices it (from 0).

    Under graduated tiers over sales the tier is that of its end; what lies below is priced where it lies.
    """

    start: Fraction
    tier: int


@lru_cache(maxsize=4096)
def scale_of(tiers: CpaTiers) -> Scale:
    """The tiers as the walker takes them: conversions are never split, sales are."""
    return Scale.of(tiers, "each" if tiers.measure == "conversions" else "amount")


def is_split(tiers: CpaTiers | None) -> bool:
    """Whether a sale is split exactly at the thresholds: graduated tiers over sales (RULES 6.2)."""
    return tiers is not None and tiers.mode == "graduated" and tiers.measure == "sale_amount"


def pieces_from(tiers: CpaTiers, start: Fraction, quantity: Fraction) -> tuple[Piece, ...]:
    """How a sale lies over the tiers from a position on."""
    alone = replace(scale_of(tiers), counter="contract", across_versions="carry")
    return walk([Run(0, quantity)], {0: alone}, start).pieces


def earned(candidate: Candidate, place: Place | None, sale: Sale | None) -> Fraction:
    """What each conversion earns on a sale at its place: share × price, rounded if so agreed (RULES 6.1 to 6.3)."""
    tiers = candidate.tiers
    if tiers is not None and is_split(tiers):
        assert place is not None
        left = candidate.group.share * sale.amount if sale is not None else NONE
        parts = pieces_from(tiers, place.start, left)
        amount = sum((part.quantity * Fraction(percent_of(tiers.steps[part.tier])) for part in parts), NONE) / 100
    else:
        amount = candidate.group.share * unit_price(priced_by(candidate.item, place), sale)
    return rounded_each(amount, candidate)


def rounded_each(amount: Fraction, candidate: Candidate) -> Fraction:
    """An amount of one conversion, rounded under `round: conversion` (RULES 6.3)."""
    terms = candidate.terms
    if terms.round == "line":
        return amount
    return _rounded(amount, candidate.version.currency, terms.rounding)


@lru_cache(maxsize=65536)
def _rounded(amount: Fraction, currency: str, mode: Rounding) -> Fraction:
    return Fraction(round_amount(amount, currency, mode))


def priced_by(item: CpaItem, place: Place | None) -> CpaItem | CpaStep:
    """What states the price: the item itself, or the step of the tier."""
    if item.tiers is None or place is None:
        return item
    return item.tiers.steps[place.tier]


def unit_price(stated: CpaItem | CpaStep, sale: Sale | None) -> Fraction:
    """What one whole conversion earns, unrounded: flat, or a percentage of the sale within `min` and `max`."""
    if stated.flat is not None:
        return Fraction(stated.flat)
    assert sale is not None and stated.percent_of_sale is not None
    price = sale.amount * Fraction(stated.percent_of_sale) / 100
    if isinstance(stated, CpaItem) and stated.min is not None:
        price = max(price, Fraction(stated.min))
    if isinstance(stated, CpaItem) and stated.max is not None:
        price = min(price, Fraction(stated.max))
    return price


def rate_text(candidate: Candidate, place: Place | None) -> str:
    """The rate in short: a flat amount, or a percentage."""
    stated = priced_by(candidate.item, place)
    return plain(stated.flat) if stated.flat is not None else f"{plain(percent_of(stated))}%"


def percent_of(stated: CpaItem | CpaStep) -> Decimal:
    """The percentage of the sale that a clause states."""
    assert stated.percent_of_sale is not None
    return stated.percent_of_sale
