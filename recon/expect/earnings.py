"""What each item earned by its conversions: quantity, amount by version, and the workings (RULES 6.3, 6.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from recon.contracts.terms import ContractVersion
from recon.expect.charges import Earned, Part
from recon.expect.claims import MILLION
from recon.expect.cpa_fees import TierFee
from recon.expect.cpa_workings import fee_working, position_workings, price_working, split_of
from recon.expect.in_order import Decision
from recon.expect.lines import Working

Alike = dict[tuple[object, ...], tuple[Decision, int]]


def earned_items(payable: Iterable[Decision], fees: Iterable[TierFee] = (), is_told: bool = True) -> list[Earned]:
    """What each item earned, by version, from payable conversions and the fees of tiers; told in workings or not."""
    by_item: dict[str, list[Decision]] = defaultdict(list)
    for decision in payable:
        by_item[decision.candidate.item.item].append(decision)
    owed: dict[str, list[TierFee]] = defaultdict(list)
    for fee in fees:
        owed[fee.item].append(fee)
    return [_item(item, by_item.get(item, []), owed.get(item, []), is_told) for item in sorted({*by_item, *owed})]


def _item(item: str, paid: Sequence[Decision], fees: Sequence[TierFee], is_told: bool) -> Earned:
    workings = tuple(_workings(paid, fees)) if is_told else ()
    return Earned(item, counted(paid), tuple(_parts(paid, fees)), workings)


def _workings(paid: Sequence[Decision], fees: Sequence[TierFee]) -> Iterator[Working]:
    yield from position_workings(paid)
    yield from (price_working(one, count) for one, count in alike(paid).values())
    yield from (fee_working(owed) for owed in fees)


def counted(paid: Iterable[Decision]) -> Fraction:
    """Payable conversions, split ones by their share (RULES 6.4)."""
    groups = (one.judged.group for one in paid)
    return Fraction(sum(group.share_micros * group.quantity for group in groups), MILLION)


def _parts(paid: Sequence[Decision], fees: Sequence[TierFee]) -> Iterator[Part]:
    """Σ of each version, added up as whole numbers of each denominator: there are many amounts and few of those."""
    sums: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    versions: dict[int, ContractVersion] = {}
    for one in paid:
        governing = one.candidate.governing
        versions[governing.version] = governing
        sums[governing.version][one.each.denominator] += one.each.numerator * one.judged.group.quantity
    for owed in fees:
        versions[owed.version.version] = owed.version
        sums[owed.version.version][owed.amount.denominator] += owed.amount.numerator
    for number in sorted(sums):
        amounts = (Fraction(numerator, denominator) for denominator, numerator in sums[number].items())
        yield Part(versions[number], sum(amounts, Fraction(0)))


def alike(paid: Iterable[Decision]) -> Alike:
    """Conversions of one price together, with how many there are; a sale that a threshold splits stays alone."""
    found: Alike = {}
    for one in paid:
        key = _price_key(one)
        first, count = found.get(key, (one, 0))
        found[key] = first, count + one.judged.group.quantity
    return found


def _price_key(one: Decision) -> tuple[object, ...]:
    candidate, sale = one.candidate, one.candidate.sale
    tier = one.place.tier if one.place is not None else None
    if len(split_of(one)) > 1:
        return candidate.group.earned_in, candidate.group.conversion_id
    left = None if sale is None else (sale.left, sale.currency, sale.conversion.text if sale.conversion else "")
    return candidate.governing.version, candidate.version.version, tier, left, candidate.group.share_micros
