"""At what price: tiers, rows, scales, minimums, deductions, bonuses, balances, typing errors in a rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from recon.contracts.terms import (
    AnyTerms,
    CpaItem,
    CpaTerms,
    CpmItem,
    CpmRate,
    CpmWhen,
    Tiers,
)
from recon.diagnose.edits.edit import Asked, Change, Edit, on_items, on_terms, on_versions, setting
from recon.diagnose.edits.rates import at_rate, rates_of, scaled
from recon.diagnose.world import Lines, World
from recon.expect.force import in_force
from recon.money import plain

SCALES = (1, -1, 2, -2, 3, -3)


def tier_mode_swapped(asked: Asked) -> Iterator[Edit]:
    """Volume prices instead of graduated ones, or the reverse."""
    yield from _on_tiers(
        asked, "tier_mode_swapped", "graduated tiers price as volume, or volume as graduated", _swapped
    )


def tier_boundary(asked: Asked) -> Iterator[Edit]:
    """The threshold itself lies in the other tier."""
    yield from _on_tiers(asked, "tier_boundary", "a count exactly at a threshold lies in the other tier", _bounded)


def tier_reset(asked: Asked) -> Iterator[Edit]:
    """Each version counts from zero."""
    yield from _on_tiers(asked, "tier_reset", "each version counts from zero", _across("reset"))
    yield from _on_tiers(asked, "tier_reset", "each period counts from zero", _counting("period"))


def tier_carry(asked: Asked) -> Iterator[Edit]:
    """A later version counts on."""
    yield from _on_tiers(asked, "tier_carry", "a later version counts on from the one before", _across("carry"))
    yield from _on_tiers(asked, "tier_carry", "a later period counts on from the one before", _counting("contract"))


def step_fee_ignored(asked: Asked) -> Iterator[Edit]:
    """Fees of steps are not charged."""
    yield from _on_tiers(asked, "step_fee_ignored", "no fee of a step is charged", _without_fees)


def _swapped(tiers: Any) -> Any:
    """The other mode; a flat price has no part to split at a threshold of sales (RULES 6.2), and stays as it is."""
    if getattr(tiers, "measure", "") == "sale_amount" and any(one.flat is not None for one in tiers.steps):
        return tiers
    return tiers.model_copy(update={"mode": "volume" if tiers.mode == "graduated" else "graduated"})


def _bounded(tiers: Any) -> Any:
    first, *rest = tiers.steps
    flipped = [one.model_copy(update={"over": one.from_, "from_": one.over}) for one in rest]
    return tiers.model_copy(update={"steps": (first, *flipped)})


def _across(how: str) -> Callable[[Any], Any]:
    return lambda tiers: tiers.model_copy(update={"across_versions": how})


def _counting(counter: str) -> Callable[[Any], Any]:
    return lambda tiers: tiers.model_copy(update={"counter": counter})


def _without_fees(tiers: Any) -> Any:
    steps = tuple(one.model_copy(update={"fee": Decimal(0)}) for one in tiers.steps)
    return tiers.model_copy(update={"steps": steps})


def _on_tiers(asked: Asked, code: str, words: str, change: Callable[[Any], Any]) -> Iterator[Edit]:
    if any(True for _ in _tiers(asked)):
        yield Edit(code, words, on_items(asked.contract, lambda item: _with_tiers(item, change)), "tiers")


def _tiers(asked: Asked) -> Iterator[Tiers]:
    for cpm in asked.cpm_terms():
        yield from (rate.tiers for item in cpm.items for rate in item.rates if rate.tiers is not None)
    for cpa in asked.cpa_terms():
        yield from (item.tiers for item in cpa.items if item.tiers is not None)


def _with_tiers(item: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(item, CpmItem):
        rates = tuple(
            one if one.tiers is None else one.model_copy(update={"tiers": change(one.tiers)}) for one in item.rates
        )
        return item.model_copy(update={"rates": rates})
    return item if item.tiers is None else item.model_copy(update={"tiers": change(item.tiers)})


def wrong_rate_row(asked: Asked) -> Iterator[Edit]:
    """A row of the rate card is priced at another row's rate, or one row prices all."""
    for item in dict.fromkeys(one.item for terms in asked.cpm_terms() for one in terms.items):
        yield from _rows_of(asked, item)
    names = list(dict.fromkeys(one.item for terms in asked.cpa_terms() for one in terms.items))
    for name in names:
        for other in names:
            if name != other:
                change = on_terms(asked.contract, partial(_priced_as, name=name, other=other))
                yield Edit("wrong_rate_row", f"{name} is priced as {other}", change, f"items[{name}]")


def _rows_of(asked: Asked, item: str) -> Iterator[Edit]:
    most = max(len(one.rates) for terms in asked.cpm_terms() for one in terms.items if one.item == item)
    for used in range(most) if most > 1 else ():
        change = on_items(asked.contract, partial(_all_at, item=item, used=used))
        yield Edit("wrong_rate_row", f"all of {item} is priced at row {used + 1}", change, f"items[{item}].rates")
        for place in range(most):
            if place != used:
                change = on_items(asked.contract, partial(_row_at, item=item, place=place, used=used))
                words = f"row {place + 1} of {item} is priced at the rate of row {used + 1}"
                yield Edit("wrong_rate_row", words, change, f"items[{item}].rates[{place}]")
        for place in range(used):
            change = on_items(asked.contract, partial(_rows_swapped, item=item, a=place, b=used))
            words = f"the rates of rows {place + 1} and {used + 1} of {item} are swapped"
            yield Edit("wrong_rate_row", words, change, f"items[{item}].rates")


def _all_at(one: CpmItem, item: str, used: int) -> CpmItem:
    if one.item != item or used >= len(one.rates):
        return one
    return one.model_copy(update={"rates": (one.rates[used].model_copy(update={"when": CpmWhen()}),)})


def _row_at(one: CpmItem, item: str, place: int, used: int) -> CpmItem:
    if one.item != item or max(place, used) >= len(one.rates):
        return one
    return one.model_copy(update={"rates": _repriced(one.rates, {place: one.rates[used]})})


def _rows_swapped(one: CpmItem, item: str, a: int, b: int) -> CpmItem:
    if one.item != item or max(a, b) >= len(one.rates):
        return one
    return one.model_copy(update={"rates": _repriced(one.rates, {a: one.rates[b], b: one.rates[a]})})


def _repriced(rates: tuple[CpmRate, ...], prices: dict[int, CpmRate]) -> tuple[CpmRate, ...]:
    return tuple(
        one.model_copy(update={"per_mille": prices[place].per_mille}) if place in prices else one
        for place, one in enumerate(rates)
    )


def _priced_as(terms: CpaTerms, name: str, other: str) -> CpaTerms:
    source = next((one for one in terms.items if one.item == other), None)
    if source is None:
        return terms
    price = {key: getattr(source, key) for key in ("flat", "percent_of_sale", "min", "max", "tiers")}
    items = tuple(one.model_copy(update=price) if one.item == name else one for one in terms.items)
    return terms.model_copy(update={"items": items})


def per_unit_scale(asked: Asked) -> Iterator[Edit]:
    """Rates are ten, a hundred or a thousand times too high or too low, or amounts are."""
    items = dict.fromkeys(
        [one.item for terms in asked.cpm_terms() for one in terms.items]
        + [one.item for terms in asked.cpa_terms() for one in terms.items]
    )
    for power in SCALES:
        value, times = Decimal(power), f"× {plain(Decimal(1).scaleb(power))}"
        change = on_terms(asked.contract, partial(scaled, power=power))
        yield Edit("per_unit_scale", f"every rate {times}", change, "items", value=value)
        for item in items:
            change = on_terms(asked.contract, partial(scaled, power=power, item=item))
            words = f"every rate of {item} {times}"
            yield Edit("per_unit_scale", words, change, f"items[{item}]", f"rates {times}", value=value)
        yield Edit("per_unit_scale", f"every amount {times}", _amounts_scaled(power), value=value)


def _amounts_scaled(power: int) -> Change:
    def change(lines: Lines) -> Lines:
        return {key: line._replace(amount=_shifted(line.amount, power)) for key, line in lines.items()}

    return lambda world: world.on_lines(change)


def _shifted(amount: Decimal, power: int) -> Decimal:
    """An amount moved by places, still at its minor unit."""
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return amount.scaleb(power).quantize(Decimal(1).scaleb(exponent), rounding="ROUND_HALF_UP")


def minimum_ignored(asked: Asked) -> Iterator[Edit]:
    """The minimum is not billed."""
    if any(one.minimum is not None for one in asked.world.terms(asked.contract)):
        yield Edit("minimum_ignored", "no minimum is billed", setting(asked.contract, minimum=None), "minimum")


def minimum_not_prorated(asked: Asked) -> Iterator[Edit]:
    """The whole minimum, or the whole fixed fee, is billed for part of a month."""
    force = in_force(asked.world.book, asked.contract, asked.world.scope.period)
    if force is None or force.day_count == force.period.days:
        return
    times = Fraction(force.period.days, force.day_count)
    words = f"the whole minimum is billed, not {force.day_count} of {force.period.days} days of it"
    change = on_terms(asked.contract, lambda terms: _raised(terms, times))
    yield Edit("minimum_not_prorated", words, change, "minimum")
    change = on_terms(asked.contract, _whole_fees)
    yield Edit("minimum_not_prorated", "fixed fees are billed whole", change, "fixed_fees")


def _raised(terms: AnyTerms, times: Fraction) -> AnyTerms:
    """A minimum that comes to its whole amount after the rule has cut it by the days in force."""
    if terms.minimum is None:
        return terms
    amount = Fraction(terms.minimum.amount) * times
    return terms.model_copy(update={"minimum": terms.minimum.model_copy(update={"amount": amount})})


def _whole_fees(terms: AnyTerms) -> AnyTerms:
    return terms.model_copy(
        update={"fixed_fees": tuple(one.model_copy(update={"prorate": False}) for one in terms.fixed_fees)}
    )


def bonus_ignored(asked: Asked) -> Iterator[Edit]:
    """No bonus is paid."""
    if any(one.bonus for one in asked.cpa_terms()):
        yield Edit("bonus_ignored", "no bonus is paid", setting(asked.contract, bonus=()), "bonus")


def rule_ignored(asked: Asked) -> Iterator[Edit]:
    """A clause of the contract's own is not applied: one of its named rules, or all of them."""
    names = sorted({use.rule for one in asked.world.terms(asked.contract) for use in one.rules})
    for name in names:
        change = on_terms(asked.contract, partial(_without_rule, name=name))
        yield Edit("rule_ignored", f"the rule {name} is not applied", change, f"rules[{name}]")
    if len(names) > 1:
        words = "no rule of the contract's own is applied"
        yield Edit("rule_ignored", words, setting(asked.contract, rules=()), "rules")


def _without_rule(terms: AnyTerms, name: str) -> AnyTerms:
    kept = tuple(use for use in terms.rules if use.rule != name)
    return terms if kept == terms.rules else terms.model_copy(update={"rules": kept})


def hold_ignored(asked: Asked) -> Iterator[Edit]:
    """Nothing is held, forfeited or released below the minimum payout."""
    if any(one.minimum_payout is not None for one in asked.cpa_terms()):
        words = "the minimum payout is not applied"
        yield Edit("hold_ignored", words, setting(asked.contract, minimum_payout=None), "minimum_payout")
        change = lambda world: world.on_lines(_nothing_held)  # noqa: E731
        yield Edit("hold_ignored", "nothing is held, released or forfeited", change, "minimum_payout")


def _nothing_held(lines: Lines) -> Lines:
    return {key: line for key, line in lines.items() if key.kind not in ("hold", "release", "forfeit")}


def discount_ignored(asked: Asked) -> Iterator[Edit]:
    """No discount is taken off."""
    if any(one.discount_percent for one in asked.world.terms(asked.contract)):
        change = setting(asked.contract, discount_percent=Decimal(0))
        yield Edit("discount_ignored", "no discount is taken off", change, "discount_percent")


def commission_basis(asked: Asked) -> Iterator[Edit]:
    """Billed gross instead of net of commission, or net instead of gross."""
    for bill in ("gross", "net"):
        words = f"billed {bill} of the agency's commission"
        yield Edit("commission_basis", words, setting(asked.contract, bill=bill), "bill")


def commission_markup(asked: Asked) -> Iterator[Edit]:
    """The commission is added on top instead of taken off, or taken as a markup on net."""
    if any(one.commission_percent for one in asked.world.terms(asked.contract)):
        words = "the commission is added on top instead of taken off"
        yield Edit("commission_markup", words, on_terms(asked.contract, _added), "commission_percent")
        words = "the amount is taken for net, and the commission added so that it is its share of the gross"
        yield Edit("commission_markup", words, on_terms(asked.contract, _grossed_up), "commission_percent")
        words = "the commission is taken as a markup contained in the amount"
        yield Edit("commission_markup", words, on_terms(asked.contract, _marked_up), "commission_percent")


def _added(terms: AnyTerms) -> AnyTerms:
    return terms.model_copy(update={"bill": "net", "commission_percent": -terms.commission_percent})


def _grossed_up(terms: AnyTerms) -> AnyTerms:
    share = Fraction(terms.commission_percent) / 100
    if not 0 < share < 1:
        return terms
    return terms.model_copy(update={"bill": "net", "commission_percent": -100 * share / (1 - share)})


def _marked_up(terms: AnyTerms) -> AnyTerms:
    share = Fraction(terms.commission_percent) / 100
    if not share:
        return terms
    return terms.model_copy(update={"bill": "net", "commission_percent": 100 * share / (1 + share)})


def spend_cap_ignored(asked: Asked) -> Iterator[Edit]:
    """Caps on spend are not applied: the contract's, its items', or both."""
    terms = asked.world.terms(asked.contract)
    items = [one for cpm in asked.cpm_terms() for one in cpm.items if one.cap is not None]
    has_own = any(one.cap is not None for one in terms)
    uncapped = on_items(asked.contract, lambda one: one.model_copy(update={"cap": None}))
    if has_own:
        words = "the contract's cap is not applied"
        yield Edit("spend_cap_ignored", words, setting(asked.contract, cap=None), "cap")
    if items:
        yield Edit("spend_cap_ignored", "no item's cap is applied", uncapped, "items.cap")
    if items and has_own:
        yield Edit("spend_cap_ignored", "no cap is applied", _both(uncapped, setting(asked.contract, cap=None)), "cap")


def _both(first: Change, second: Change) -> Change:
    def change(world: World) -> World | None:
        one = first(world)
        return None if one is None else second(one)

    return change


def min_max_ignored(asked: Asked) -> Iterator[Edit]:
    """The least and most per conversion are not applied, either of them or both."""
    if not any(item.min is not None or item.max is not None for one in asked.cpa_terms() for item in one.items):
        return
    for names in (("min", "max"), ("min",), ("max",)):
        told = {"min": "least", "max": "most"}
        words = f"no {' and no '.join(told[name] for name in names)} per conversion is applied"
        change = on_items(asked.contract, partial(_unbounded, names=names))
        yield Edit("min_max_ignored", words, change, "items.min, items.max")


def _unbounded(item: CpaItem, names: tuple[str, ...]) -> CpaItem:
    return item.model_copy(update=dict.fromkeys(names))


def opening_ignored(asked: Asked) -> Iterator[Edit]:
    """What was counted, spent or held before is not known."""

    def change(world: World) -> World | None:
        return world.but(opening_balances=(), locked=_nothing_before)

    yield Edit("opening_ignored", "counts, spend and balances from before are not known", change, "opening_balances")


def _nothing_before(period: object) -> tuple[()]:
    return ()


def clawback_ignored(asked: Asked) -> Iterator[Edit]:
    """Nothing is taken back of earlier periods."""
    if asked.cpa_terms():
        change = lambda world: world.on_lines(_nothing_taken_back)  # noqa: E731
        yield Edit("clawback_ignored", "nothing is taken back of earlier periods", change, "reversal_days")
        words = "no reversal of an earlier period's conversion is in time"
        yield Edit("clawback_ignored", words, setting(asked.contract, reversal_days=0), "reversal_days")


def _nothing_taken_back(lines: Lines) -> Lines:
    return {key: line for key, line in lines.items() if key.kind != "clawback"}


def rate_mistyped(asked: Asked) -> Iterator[Edit]:
    """One digit of one rate differs."""
    for place in rates_of(asked.world, asked.contract):
        for typed in mistyped(place.value):
            words = f"{place.words}: {plain(place.value)} typed as {plain(typed)}"
            change = on_versions(asked.contract, partial(at_rate, place=place, typed=typed))
            kind, series = f"{place.path} {plain(typed)}", (place.item, f"{place.words} {place.value}")
            yield Edit("rate_mistyped", words, change, place.path, kind, series, typed)


def mistyped(value: Decimal) -> Iterator[Decimal]:
    """A number with one of its digits replaced by another.

    >>> [str(one) for one in mistyped(Decimal("1.0"))][:3]
    ['0.0', '2.0', '3.0']
    """
    text = plain(value)
    for place, digit in enumerate(text):
        for other in "0123456789" if digit.isdigit() else "":
            if other != digit:
                yield Decimal(text[:place] + other + text[place + 1 :])
