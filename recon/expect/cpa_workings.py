"""The steps of CPA prices in words and numbers, to be done again by hand or in a spreadsheet (RULES 6.1, 6.2, 4.4).

What each step's inputs mean stands in lines.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from recon.contracts.terms import CpaItem, CpaStep, CpaTiers
from recon.expect.cpa_fees import TierFee
from recon.expect.eligible import Candidate
from recon.expect.in_order import Decision
from recon.expect.lines import Working
from recon.expect.prices import Place, percent_of, percentage, pieces_from, priced_by
from recon.expect.tiers import Piece
from recon.money import plain, told, written
from recon.period import Period

Inputs = tuple[tuple[str, str], ...]


def split_of(one: Decision) -> tuple[Piece, ...]:
    """The parts of a sale that lie in different tiers; none where it lies in one."""
    candidate, place = one.candidate, one.place
    if place is None or place.first == place.tier or candidate.scale is None:
        return ()
    return pieces_from(candidate.scale, place.start, candidate.measured("sale_amount"))


def price_working(one: Decision, count: int) -> Working:
    """So many conversions of one price."""
    parts = split_of(one)
    if len(parts) > 1:
        return _split_working(one, parts, count)
    candidate, stated = one.candidate, priced_by(one.candidate.item, one.place)
    number, amount = candidate.governing.version, one.each * count
    price = f"{_price_text(candidate, stated)}{_share_text(candidate)}{_rounded_text(one)}"
    label = f"v{number} {candidate.item.action}{_tier_text(candidate.tiers, one.place)}"
    rate = Fraction(stated.flat if stated.flat is not None else percent_of(stated))
    return Working(
        "price_group", "6.1" if candidate.tiers is None else "6.2", label, f"{count:,} × {price} = {told(amount)}",
        number, clause_of(candidate.item, one.place), Fraction(count), rate, amount, _inputs(one, stated),
    )  # fmt: skip


def clause_of(item: CpaItem, place: Place | None) -> str:
    """The path of the clause that states a price."""
    path = f"items[{item.item}]"
    if item.tiers is not None and place is not None:
        path = f"{path}.tiers.steps[{place.tier}]"
    return f"{path}.{'flat' if priced_by(item, place).flat is not None else 'percent_of_sale'}"


def _price_text(candidate: Candidate, stated: CpaItem | CpaStep) -> str:
    if stated.flat is not None:
        return plain(stated.flat)
    sale, percent = candidate.sale, percent_of(stated)
    assert sale is not None
    converted = f" × {told(sale.conversion.rate)}" if sale.conversion else ""
    text = f"{written(sale.remaining)} {sale.currency}{converted} × {plain(percent)}%"
    return f"{text}{_limit_text(candidate, stated)}" if isinstance(stated, CpaItem) else text


def _limit_text(candidate: Candidate, item: CpaItem) -> str:
    """The limit that decides the price, where one does."""
    if item.min is None and item.max is None:
        return ""
    assert candidate.sale is not None
    bare = Fraction(*percentage(item, candidate.sale))
    if item.min is not None and bare < item.min:
        return f", at least {plain(item.min)}"
    return f", at most {plain(item.max)}" if item.max is not None and bare > item.max else ""


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
    return "" if terms.round == "line" else f", rounded {terms.rounding} to {told(one.each)} each"


def _inputs(one: Decision, stated: CpaItem | CpaStep) -> Inputs:
    """What a spreadsheet needs to price the conversions again."""
    named = (("flat", "flat"), ("percent", "percent_of_sale"), ("minimum", "min"), ("maximum", "max"))
    limits = ((column, getattr(stated, clause, None)) for column, clause in named)
    return (
        *_common_inputs(one.candidate),
        *((column, plain(limit)) for column, limit in limits if limit is not None),
        *((("tier", str(one.place.tier + 1)),) if one.place is not None else ()),
        *_rounding_inputs(one),
    )


def _common_inputs(candidate: Candidate) -> Iterator[tuple[str, str]]:
    sale = candidate.sale
    if candidate.group.share != 1:
        yield "share", written(candidate.group.share)
    if sale is not None:
        yield "sale", written(sale.remaining)
        yield "sale_currency", sale.currency
    if sale is not None and sale.conversion is not None:
        yield "fx", written(sale.conversion.rate)
        yield "fx_source", sale.conversion.text


def _rounding_inputs(one: Decision) -> Inputs:
    terms, currency = one.candidate.terms, one.candidate.version.currency
    return ("round", terms.round), ("mode", terms.rounding), ("price_currency", currency), ("each", written(one.each))


def _split_working(one: Decision, parts: Sequence[Piece], count: int) -> Working:
    """A sale that a threshold splits: each part at its own tier's percentage (RULES 6.2)."""
    candidate, number = one.candidate, one.candidate.governing.version
    assert candidate.tiers is not None
    start, end = parts[0].start, parts[-1].start + parts[-1].quantity
    percents = [plain(percent_of(candidate.tiers.steps[part.tier])) for part in parts]
    priced = [f"{written(part.quantity)} × {percent}" for part, percent in zip(parts, percents, strict=True)]
    sums = " + ".join(f"{told(part.quantity)} × {percent}%" for part, percent in zip(parts, percents, strict=True))
    words = f"sales {told(start)} to {told(end)}: {sums}{_rounded_text(one)} = {told(one.each)}"
    span = ("start", written(start)), ("end", written(end))
    inputs = (*_common_inputs(candidate), *span, ("parts", "; ".join(priced)))
    return Working(
        "split", "6.2", f"v{number} {candidate.item.action}, over a threshold", words, number,
        f"items[{candidate.item.item}].tiers", Fraction(count), None, one.each * count,
        (*inputs, *_rounding_inputs(one)),
    )  # fmt: skip


def position_workings(paid: Sequence[Decision]) -> Iterator[Working]:
    """How the units of each version with tiers lie in each month: from which position to which.

    Conversions that lock later than they happened hold the place that they had in their own month (RULES 5.9).
    """
    ends: dict[tuple[int, Period], tuple[Decision, Decision]] = {}
    for one in paid:
        if one.candidate.tiers is not None and one.place is not None:
            key = one.candidate.governing.version, Period.of(one.candidate.group.day)
            ends[key] = ends.get(key, (one, one))[0], one
    for (_, month), (first, last) in sorted(ends.items(), key=lambda one: one[0][1]):
        yield _position_working(first, last, month)


def _position_working(first: Decision, last: Decision, month: Period) -> Working:
    tiers, scale = first.candidate.tiers, first.candidate.scale
    assert tiers is not None and scale is not None and first.place is not None and last.place is not None
    number = first.candidate.governing.version
    start, end = first.place.start, last.place.start + last.candidate.measured(tiers.measure)
    reached = first.place.tier if tiers.mode == "volume" else scale.tier_at(end)
    counted = "conversions" if tiers.measure == "conversions" else f"{first.candidate.version.currency} of sales"
    span = f"from {told(start)} to {told(end)} {counted} of {month}, in order of time"
    which = "all at" if tiers.mode == "volume" else "up to"
    text = f"{span}, {which} tier {reached + 1} ({threshold_text(tiers, reached)}); counter {tiers.counter}, "
    return Working(
        "position", "6.2", f"v{number} {tiers.mode} tiers", f"{text}{tiers.across_versions} across versions", number,
        f"items[{first.candidate.item.item}].tiers", end - start, None, None,
        (
            ("start", written(start)), ("end", written(end)), ("tier_mode", tiers.mode), ("measure", tiers.measure),
        ),
    )  # fmt: skip


def fee_working(owed: TierFee) -> Working:
    """The fee of a tier."""
    return Working(
        "fee", "4.4", f"v{owed.version.version} fee of tier {owed.tier + 1}", f"{written(owed.amount)} once",
        owed.version.version, f"items[{owed.item}].tiers.steps[{owed.tier}].fee", None, owed.amount, owed.amount,
        (("tier", str(owed.tier + 1)),),
    )  # fmt: skip
