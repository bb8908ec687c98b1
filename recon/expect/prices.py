"""What one conversion earns at its place in the tiers, rounded where the contract says so (RULES 6.1 to 6.3).

Prices are whole numerators and denominators until they are rounded or handed on: there are as many of them as
conversions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from recon.contracts.terms import CpaItem, CpaStep
from recon.expect.claims import MICROS, MILLION
from recon.expect.eligible import Candidate, Sale
from recon.expect.tiers import Piece, Run, Scale, walk
from recon.money import Rounding, minor_units, plain, round_whole

NONE = Fraction(0)
Ratio = tuple[int, int]  # numerator, denominator above 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversion stands in its item's tiers: the position before it, and the tier that prices it (from 0).

    A sale that is split lies in the tiers from `first` to `tier`, and is priced where its parts lie.
    """

    start: Fraction
    tier: int
    first: int


def is_split(candidate: Candidate) -> bool:
    """Whether a sale is split exactly at the thresholds: graduated tiers over sales (RULES 6.2)."""
    scale = candidate.scale
    return scale is not None and scale.mode == "graduated" and scale.measure == "amount"


def pieces_from(scale: Scale, start: Fraction, quantity: Fraction) -> tuple[Piece, ...]:
    """How a sale lies over the tiers from a position on."""
    return walk([Run(0, quantity)], {0: replace(scale, counter="contract", across_versions="carry")}, start).pieces


def earned(candidate: Candidate, place: Place | None, sale: Sale | None) -> Fraction:
    """What each conversion earns on a sale at its place: share × price, rounded if so agreed (RULES 6.1 to 6.3)."""
    if place is not None and is_split(candidate):
        return rounded_each(_split_price(candidate, place, sale).as_integer_ratio(), candidate)
    price = unit_price(priced_by(candidate.item, place), sale)
    micros = candidate.group.share_micros
    return rounded_each(price if micros == MILLION else (price[0] * micros, price[1] * MILLION), candidate)


def _split_price(candidate: Candidate, place: Place, sale: Sale | None) -> Fraction:
    """F(position after) − F(position before), exact (RULES 6.2)."""
    tiers, scale = candidate.tiers, candidate.scale
    assert tiers is not None and scale is not None and sale is not None
    left = candidate.group.share * sale.amount
    if place.first == place.tier:  # of what is left of the sale, too
        return left * Fraction(percent_of(tiers.steps[place.tier])) / 100
    parts = pieces_from(scale, place.start, left)
    return sum((part.quantity * Fraction(percent_of(tiers.steps[part.tier])) for part in parts), NONE) / 100


def rounded_each(amount: Ratio, candidate: Candidate) -> Fraction:
    """An amount of one conversion, rounded under `round: conversion` (RULES 6.3)."""
    terms = candidate.terms
    if terms.round == "line":
        return Fraction(*amount)
    return _rounded(*amount, candidate.version.currency, terms.rounding)


@lru_cache(maxsize=65536)
def _rounded(numerator: int, denominator: int, currency: str, mode: Rounding) -> Fraction:
    scale = 10 ** _digits(currency)
    return Fraction(round_whole(Fraction(numerator * scale, denominator), mode), scale)


_digits = lru_cache(maxsize=256)(minor_units)


def priced_by(item: CpaItem, place: Place | None) -> CpaItem | CpaStep:
    """What states the price: the item itself, or the step of the tier."""
    if item.tiers is None or place is None:
        return item
    return item.tiers.steps[place.tier]


def unit_price(stated: CpaItem | CpaStep, sale: Sale | None) -> Ratio:
    """What one whole conversion earns, unrounded: flat, or a percentage of the sale within `min` and `max`."""
    if stated.flat is not None:
        return stated.flat.as_integer_ratio()
    assert sale is not None
    return _within(percentage(stated, sale), stated) if isinstance(stated, CpaItem) else percentage(stated, sale)


def percentage(stated: CpaItem | CpaStep, sale: Sale) -> Ratio:
    """The stated percentage of what is left of a sale, in the contract's currency."""
    numerator, denominator = _per_millionth(percent_of(stated), sale.conversion.rate if sale.conversion else None)
    return sale.left * numerator, denominator


@lru_cache(maxsize=65536)
def _per_millionth(percent: Decimal, rate: Fraction | None) -> Ratio:
    """What a millionth of a sale earns, in the contract's currency."""
    return (Fraction(percent) / 100 * (rate if rate is not None else 1) / MICROS).as_integer_ratio()


def _within(price: Ratio, item: CpaItem) -> Ratio:
    for limit, sign in ((item.min, 1), (item.max, -1)):
        if limit is not None:
            bound = limit.as_integer_ratio()
            if sign * price[0] * bound[1] < sign * bound[0] * price[1]:
                price = bound
    return price


def rate_text(candidate: Candidate, place: Place | None) -> str:
    """The rate in short: a flat amount, or a percentage."""
    stated = priced_by(candidate.item, place)
    return plain(stated.flat) if stated.flat is not None else f"{plain(percent_of(stated))}%"


def percent_of(stated: CpaItem | CpaStep) -> Decimal:
    """The percentage of the sale that a clause states."""
    assert stated.percent_of_sale is not None
    return stated.percent_of_sale
