"""The rates of a version, one by one, and where the total of a volume tier falls (RULES 1.5, 2.8, 4.2)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from recon.contracts.terms import ContractVersion, CpaItem, CpaStep, CpaTiers, CpmItem, CpmStep, CpmTiers, Step

Price = tuple[tuple[object, ...], str, Decimal]  # what is priced, key path, price
_SCALE = {"per_mille": 1000, "flat": 1, "percent_of_sale": 100}


def prices_of(version: ContractVersion) -> Iterator[Price]:
    """(what is priced, key path, price) of every rate of a version."""
    items: Sequence[CpmItem | CpaItem] = version.terms.items if version.terms else ()
    for index, item in enumerate(items):
        path = f"terms.items[{index}]"
        if isinstance(item, CpaItem):
            yield from _priced((item.item,), path, item)
            yield from _tier_prices((item.item,), f"{path}.tiers", item.tiers)
            continue
        for row, rate in enumerate(item.rates):
            key = (item.item, rate.when)
            if rate.per_mille is not None:
                yield (*key, "per_mille"), f"{path}.rates[{row}].per_mille", rate.per_mille
            yield from _tier_prices(key, f"{path}.rates[{row}].tiers", rate.tiers)


def _tier_prices(key: tuple[object, ...], path: str, tiers: CpmTiers | CpaTiers | None) -> Iterator[Price]:
    for index, step in enumerate(steps_of(tiers) if tiers else ()):
        yield from _priced((*key, index), f"{path}.steps[{index}]", step)


def _priced(key: tuple[object, ...], path: str, priced: CpmStep | CpaStep | CpaItem) -> Iterator[Price]:
    for name in ("per_mille", "flat", "percent_of_sale"):
        price = getattr(priced, name, None)
        if price is not None:
            yield (*key, name), f"{path}.{name}", price


def steps_of(tiers: CpmTiers | CpaTiers) -> Sequence[CpmStep | CpaStep]:
    """The steps of either kind of tiers."""
    return tiers.steps


def first_unit(step: Step) -> int:
    """The first whole unit of a tier (1.5)."""
    return math.ceil(step.threshold) if step.is_inclusive else math.floor(step.threshold) + 1


def total_falls(tiers: CpmTiers | CpaTiers, low: CpmStep | CpaStep, high: CpmStep | CpaStep) -> bool:
    """Whether the total at a tier's first unit is below that at the last unit before it: a price cliff (2.8)."""
    (unit, before), (other_unit, after) = _price(low), _price(high)
    if unit != other_unit:
        return False  # a sum and a percentage have no common total
    by_sales = isinstance(tiers, CpaTiers) and tiers.measure == "sale_amount"
    if by_sales != (unit == "percent_of_sale"):
        return after < before and high.fee <= low.fee  # the total needs the other measure too
    last, first = (Fraction(high.threshold),) * 2 if by_sales else (first_unit(high) - 1, first_unit(high))
    return first * after + Fraction(high.fee) * _SCALE[unit] < last * before + Fraction(low.fee) * _SCALE[unit]


def _price(step: CpmStep | CpaStep) -> tuple[str, Fraction]:
    (*_, unit), _, price = next(_priced((), "", step))
    return str(unit), Fraction(price)
