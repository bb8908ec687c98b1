"""Which conversions are in line to be paid, by which item, on which sale (RULES 5.4 to 5.7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaItem, CpaTerms, CpaTiers, Eligibility
from recon.expect.claims import ALLOWED, EXCLUDED, MICROS, Group, needs_sale
from recon.expect.currency import Conversion, ExchangeRates
from recon.expect.delivery import matches
from recon.expect.tiers import Scale
from recon.period import Period

NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale in whole millionths of its own currency: as it was made, and what reversals leave of it.

    `conversion` is the rate into the contract's currency, None where it is in that, or where no clause asks for it.
    """

    original: int
    left: int
    currency: str
    conversion: Conversion | None

    def reduced_to(self, left: int) -> Sale:
        """The same sale with another amount left of it."""
        return replace(self, left=max(0, left))

    @property
    def remaining(self) -> Fraction:
        """What is left, in major units of its own currency."""
        return Fraction(self.left, MICROS)

    @property
    def amount(self) -> Fraction:
        """What is left, in the contract's currency."""
        return self.remaining if self.conversion is None else self.remaining * self.conversion.rate


@dataclass(frozen=True, slots=True)
class Candidate:
    """Conversions that are in line to be paid: the versions that decide, their item, its tiers, and their sale."""

    group: Group
    version: ContractVersion
    governing: ContractVersion
    item: CpaItem
    sale: Sale | None
    scale: Scale | None = None

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


def scale_of(tiers: CpaTiers) -> Scale:
    """Tiers as the walker takes them: conversions are never split, sales are (RULES 6.2)."""
    return Scale.of(tiers, "each" if tiers.measure == "conversions" else "amount")


@dataclass(frozen=True, slots=True)
class Refused:
    """Conversions that are not in line to be paid: their fate up to `reversed`, with its reason."""

    group: Group
    fate: str
    reason: str
    item: str = ""


@dataclass(frozen=True)
class Ruling:
    """What versions and attributes alone decide: the first condition that fails, and the item."""

    version: ContractVersion | None
    governing: ContractVersion | None
    refused: str = ""
    item: CpaItem | None = None
    asks_amount: bool = False  # whether the sale is priced, or counted by tiers that any version has for the item

    @cached_property
    def scale(self) -> Scale | None:
        """The item's tiers as the walker takes them."""
        return None if self.item is None or self.item.tiers is None else scale_of(self.item.tiers)

    @cached_property
    def least_sale(self) -> Fraction | None:
        """The sale that a conversion must reach, in the contract's currency."""
        terms = self.governing.terms if self.governing is not None else None
        least = terms.eligibility.min_sale if isinstance(terms, CpaTerms) else None
        return None if least is None else Fraction(least)


@dataclass(frozen=True)
class Judge:
    """Decides groups of a period up to `reversed`; what versions and attributes decide is decided once."""

    book: Book
    period: Period
    rates: ExchangeRates
    _rulings: dict[tuple[object, ...], Ruling] = field(default_factory=dict, repr=False)

    def judged(self, group: Group) -> Candidate | Refused:
        """Eligibility, rate and reversal of a group, in the order of the fates (RULES 5.4 to 5.7)."""
        ruling = self.ruling(group)
        version, governing, item = ruling.version, ruling.governing, ruling.item
        if version is None or governing is None:
            return Refused(group, "no_rate", "no version in force on the touch's date")
        sale = None if ruling.refused else self._sale(group, version, ruling)
        refused = ruling.refused or ("" if _is_enough(sale, ruling.least_sale) else "min_sale")
        if refused:
            return Refused(group, "ineligible", refused)
        if item is None or (sale is None and needs_sale(item)):
            reason = "a percentage without a sale amount" if item is not None else "no item for this action"
            return Refused(group, "no_rate", reason)
        if group.is_fully_reversed:
            return Refused(group, "reversed", "", item.item)
        return Candidate(group, version, governing, item, sale, ruling.scale)

    def ruling(self, group: Group) -> Ruling:
        """What versions and attributes alone decide of a group."""
        key = (
            group.contract, group.version, group.governing, group.action, group.geo, group.device, group.customer,
            group.category, group.coupon,
        )  # fmt: skip
        if key not in self._rulings:
            self._rulings[key] = self._ruled(group)
        return self._rulings[key]

    def _ruled(self, group: Group) -> Ruling:
        version = self.book.version(group.contract, group.version)
        governing = None if group.governing is None else self.book.version(group.contract, group.governing)
        if governing is None or not isinstance(governing.terms, CpaTerms):
            return Ruling(version, None)
        item = rate_for(governing.terms, group)
        asks = item is not None and (needs_sale(item) or self._counts_sales(group.contract, item.item))
        return Ruling(version, governing, ineligible(governing.terms.eligibility, group), item, asks)

    def _counts_sales(self, contract: str, item: str) -> bool:
        terms = [one.terms for one in self.book.versions_of(contract) if isinstance(one.terms, CpaTerms)]
        tiers = [one.tiers for stated in terms for one in stated.items if one.item == item and one.tiers is not None]
        return any(one.measure == "sale_amount" for one in tiers)

    def _sale(self, group: Group, version: ContractVersion, ruling: Ruling) -> Sale | None:
        """The sale of each conversion; BadInput where a clause asks for an exchange rate that is not to be had."""
        if group.sale_micros is None:
            return None
        currency = group.currency or version.currency
        is_asked = ruling.least_sale is not None or ruling.asks_amount
        conversion = None
        if currency != version.currency and is_asked:
            conversion = sale_rate(currency, version, group.day, self.period, self.rates)
        return Sale(group.sale_micros, max(0, group.sale_micros - group.reversed_micros), currency, conversion)


def _is_enough(sale: Sale | None, least: Fraction | None) -> bool:
    """Whether the original sale reaches `min_sale`; without one it does not (RULES 5.5, 6.1)."""
    if least is None:
        return True
    rate = sale.conversion.rate if sale is not None and sale.conversion is not None else 1
    return sale is not None and sale.original * rate >= least * MICROS


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


def ineligible(eligibility: Eligibility, group: Group) -> str:
    """The first condition on attributes that does not hold, by name; empty when all do (RULES 5.5)."""
    for name in ALLOWED:
        allowed = getattr(eligibility, name)
        if allowed is not None and getattr(group, name) not in allowed:
            return name
    for clause, name in EXCLUDED:
        if getattr(group, name) in (getattr(eligibility, clause) or ()):
            return clause
    return ""


def rate_for(terms: CpaTerms, group: Group) -> CpaItem | None:
    """The first item whose action and `when` match (RULES 5.6)."""
    return next((item for item in terms.items if item.action == group.action and matches(item.when, group)), None)
