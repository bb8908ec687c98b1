"""What each item earned by its conversions, with the workings that lead there (RULES 6.1 to 6.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from recon.contracts.terms import ContractVersion, CpaItem, CpaStep, CpaTiers
from recon.expect.charges import Earned, Part
from recon.expect.cpa_fees import TierFee
from recon.expect.in_order import Decision
from recon.expect.lines import Working
from recon.expect.prices import Candidate, Place, is_split, percent_of, pieces_from, priced_by, rate_text, scale_of
from recon.money import plain, written

NONE = Fraction(0)
Inputs = tuple[tuple[str, str], ...]
Alike = dict[tuple[object, ...], tuple[Decision, int]]


def earned_items(payable: Iterable[Decision], fees: Iterable[TierFee] = ()) -> list[Earned]:
    """What each item earned, by version, from payable conversions and the fees of tiers."""
    by_item: dict[str, list[Decision]] = defaultdict(list)
    for decision in payable:
        by_item[decision.candidate.item.item].append(decision)
    owed: dict[str, list[TierFee]] = defaultdict(list)
    for fee in fees:
        owed[fee.item].append(fee)
    return [_item(item, by_item.get(item, []), owed.get(item, [])) for item in sorted({*by_item, *owed})]


def _item(item: str, paid: Sequence[Decision], fees: Sequence[TierFee]) -> Earned:
    quantity = sum((one.candidate.group.share * one.candidate.group.quantity for one in paid), NONE)
    workings = [*_positions(paid), *(_price_working(*one) for one in alike(paid).values()), *map(_fee_working, fees)]
    return Earned(item, quantity, tuple(_parts(paid, fees)), tuple(workings))


def _parts(paid: Sequence[Decision], fees: Sequence[TierFee]) -> Iterator[Part]:
    amounts: dict[int, Fraction] = defaultdict(Fraction)
    versions: dict[int, ContractVersion] = {}
    for one in paid:
        versions[one.candidate.governing.version] = one.candidate.governing
        amounts[one.candidate.governing.version] += one.each * one.candidate.group.quantity
    for owed in fees:
        versions[owed.version.version] = owed.version
        amounts[owed.version.version] += owed.amount
    yield from (Part(versions[number], amounts[number]) for number in sorted(amounts))


def alike(paid: Sequence[Decision]) -> Alike:
    """Conversions of one price together, with how many there are; a sale that a threshold splits stays alone."""
    found: Alike = {}
    for one in paid:
        key = _price_key(one)
        first, count = found.get(key, (one, 0))
        found[key] = first, count + one.candidate.group.quantity
    return found


def _price_key(one: Decision) -> tuple[object, ...]:
    candidate, group = one.candidate, one.candidate.group
    if _tier_span(one) != (0, 0):
        return (group.group_id, group.earned_in, group.day)
    sale = candidate.sale
    left = (
        None
        if sale is None
        else (sale.remaining, sale.currency, sale.day if sale.currency != candidate.version.currency else None)
    )
    tier = one.place.tier if one.place is not None else None
    return (candidate.governing.version, candidate.version.version, candidate.item.item, tier, left, group.share_micros)


def _tier_span(one: Decision) -> tuple[int, int]:
    """First and last tier of a sale that is split over several, else (0, 0)."""
    tiers, place, sale = one.candidate.tiers, one.place, one.candidate.sale
    if tiers is None or place is None or sale is None or not is_split(tiers):
        return 0, 0
    parts = pieces_from(tiers, place.start, one.candidate.group.share * sale.amount)
    return (parts[0].tier, parts[-1].tier) if len(parts) > 1 else (0, 0)


def _price_working(one: Decision, count: int) -> Working:
    if _tier_span(one) != (0, 0):
        return _split_working(one, count)
    candidate, stated = one.candidate, priced_by(one.candidate.item, one.place)
    amount = one.each * count
    words = (
        f"{count:,} × {_price_text(candidate, stated)}{_share_text(candidate)}{_rounded_text(one)} = {written(amount)}"
    )
    label = f"v{candidate.governing.version} {candidate.item.action}{_tier_text(candidate.tiers, one.place)}"
    rate = Fraction(stated.flat if stated.flat is not None else stated.percent_of_sale or 0)
    return Working(
        "price_group", "6.1" if candidate.tiers is None else "6.2", label, words, candidate.governing.version,
        clause_of(candidate.item, one.place), Fraction(count), rate, amount, _inputs(one, stated),
    )  # fmt: skip


def clause_of(item: CpaItem, place: Place | None) -> str:
    """The path of the clause that states a price."""
    path = f"items[{item.item}]" if place is None else f"items[{item.item}].tiers.steps[{place.tier}]"
    return f"{path}.{'flat' if priced_by(item, place).flat is not None else 'percent_of_sale'}"


def _price_text(candidate: Candidate, stated: CpaItem | CpaStep) -> str:
    if stated.flat is not None:
        return plain(stated.flat)
    sale = candidate.sale
    assert sale is not None and stated.percent_of_sale is not None
    converted = (
        f" {sale.currency}"
        if sale.currency == candidate.version.currency
        else f" {sale.currency} × {written(sale.conversion.rate)}"
    )
    text = f"{written(sale.remaining)}{converted} × {plain(stated.percent_of_sale)}%"
    price = sale.amount * Fraction(stated.percent_of_sale) / 100
    low, high = getattr(stated, "min", None), getattr(stated, "max", None)
    if low is not None and price < Fraction(low):
        return f"{text}, at least {plain(low)}"
    return f"{text}, at most {plain(high)}" if high is not None and price > Fraction(high) else text


def _tier_text(tiers: CpaTiers | None, place: Place | None) -> str:
    return "" if tiers is None or place is None else f", tier {place.tier + 1} ({threshold_text(tiers, place.tier)})"


def threshold_text(tiers: CpaTiers, tier: int) -> str:
    """Where a tier begins, as the contract says it: `over 100`."""
    step = tiers.steps[tier]
    return f"{'from' if step.is_inclusive else 'over'} {plain(step.threshold)}"


def _share_text(candidate: Candidate) -> str:
    return "" if candidate.group.share == 1 else f" × share {written(candidate.group.share)}"


def _rounded_text(one: Decision) -> str:
    terms = one.candidate.terms
    return "" if terms.round == "line" else f", rounded {terms.rounding} to {written(one.each)} each"


def _inputs(one: Decision, stated: CpaItem | CpaStep) -> Inputs:
    """What a spreadsheet needs to price the conversions again."""
    named = (("flat", "flat"), ("percent", "percent_of_sale"), ("minimum", "min"), ("maximum", "max"))
    limits = ((column, getattr(stated, clause, None)) for column, clause in named)
    return (
        *_common_inputs(one, stated.percent_of_sale is not None),
        *((column, plain(limit)) for column, limit in limits if limit is not None),
        *_tier_inputs(one),
        *_rounding_inputs(one),
    )


def _common_inputs(one: Decision, is_percentage: bool) -> Iterator[tuple[str, str]]:
    group, sale = one.candidate.group, one.candidate.sale
    if group.share != 1:
        yield "share", written(group.share)
    if sale is not None:
        yield "sale", written(sale.remaining)
        yield "sale_currency", sale.currency
    if sale is not None and is_percentage and sale.currency != one.candidate.version.currency:
        yield "fx", written(sale.conversion.rate)
        yield "fx_source", sale.conversion.text


def _tier_inputs(one: Decision) -> Inputs:
    return () if one.place is None else (("tier", str(one.place.tier + 1)),)


def _rounding_inputs(one: Decision) -> Inputs:
    terms = one.candidate.terms
    return ("round", terms.round), ("mode", terms.rounding), ("each", written(one.each))


def _split_working(one: Decision, count: int) -> Working:
    """A sale that a threshold splits: each part at its own tier's percentage (RULES 6.2)."""
    candidate, place = one.candidate, one.place
    assert candidate.tiers is not None and place is not None and candidate.sale is not None
    steps = candidate.tiers.steps
    parts = pieces_from(candidate.tiers, place.start, candidate.group.share * candidate.sale.amount)
    sums = " + ".join(f"{written(part.quantity)} × {rate_text(candidate, Place(NONE, part.tier))}" for part in parts)
    end = parts[-1].start + parts[-1].quantity
    words = f"sales {written(place.start)} to {written(end)}: {sums}{_rounded_text(one)} = {written(one.each)}"
    split = "; ".join(f"{written(part.quantity)} × {plain(percent_of(steps[part.tier]))}" for part in parts)
    inputs = (*_common_inputs(one, True), ("start", written(place.start)), ("end", written(end)), ("parts", split))
    label = f"v{candidate.governing.version} {candidate.item.action}, over a threshold"
    return Working(
        "split", "6.2", label, words, candidate.governing.version, f"items[{candidate.item.item}].tiers",
        Fraction(count), None, one.each * count, (*inputs, *_rounding_inputs(one)),
    )  # fmt: skip


def _positions(paid: Sequence[Decision]) -> Iterator[Working]:
    """How the units of each version with tiers lie: from which position to which."""
    first: dict[int, Decision] = {}
    ends: dict[int, Fraction] = {}
    for one in paid:
        if one.candidate.tiers is not None and one.place is not None:
            first.setdefault(one.candidate.governing.version, one)
            ends[one.candidate.governing.version] = one.place.start + one.candidate.measured(
                one.candidate.tiers.measure
            )
    for number, one in first.items():
        yield _position_working(one, ends[number])


def _position_working(one: Decision, end: Fraction) -> Working:
    candidate, place = one.candidate, one.place
    assert candidate.tiers is not None and place is not None
    tiers = candidate.tiers
    words = {"conversions": "conversions", "sale_amount": f"{candidate.version.currency} of sales"}[tiers.measure]
    place_text = f"positions {written(place.start)} to {written(end)}"
    if tiers.mode == "volume":
        place_text += f", all at tier {place.tier + 1} ({threshold_text(tiers, place.tier)})"
    else:
        reached = scale_of(tiers).tier_at(end)
        place_text += f", up to tier {reached + 1} ({threshold_text(tiers, reached)})"
    text = f"{words} in order of time: {place_text}; {tiers.counter} count, {tiers.across_versions} across versions"
    inputs = (("start", written(place.start)), ("end", written(end)))
    return Working(
        "position", "6.2", f"v{candidate.governing.version} {tiers.mode} tiers", text, candidate.governing.version,
        f"items[{candidate.item.item}].tiers", end - place.start, None, None, inputs,
    )  # fmt: skip


def _fee_working(owed: TierFee) -> Working:
    tier = owed.tier
    return Working(
        "fee", "4.4", f"v{owed.version.version} fee of tier {tier + 1}", f"{written(owed.amount)} once",
        owed.version.version, f"items[{owed.item}].tiers.steps[{tier}].fee", None, owed.amount, owed.amount,
        (("tier", str(tier + 1)),),
    )  # fmt: skip
