"""Errors that no cause of the table describes: they must be found, and must not be proven to be something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.money import minor_units, round_amount, written
from recon.period import DAY
from recon.trials.planting.attribution import payouts
from recon.trials.planting.clock import in_zone
from recon.trials.planting.counting import where, with_column
from recon.trials.planting.line import on_a_line
from recon.trials.planting.month import BilledLine, RowEdit
from recon.trials.planting.sites import PlantedError, Planting, Site, by_lines, by_rows, by_terms
from recon.trials.planting.tiers import prices

Terms = dict[str, Any]
FAR_OFF = ("Pacific/Chatham", "Asia/Kathmandu", "America/St_Johns")
MODELS = ("last_touch", "first_touch", "linear", "position_based", "time_decay")


def on_amounts(words: str, change: Callable[[BilledLine], Decimal]) -> Callable[[Site], Iterator[Planting]]:
    """Every amount of the contract computed otherwise."""

    def edit(lines: Sequence[BilledLine]) -> list[BilledLine]:
        return [replace(line, amount=round_amount(change(line), line.currency)) for line in lines]

    return lambda site: by_lines(site, words, edit)


def _to_units(line: BilledLine, how: str | None) -> Decimal:
    return line.amount.quantize(Decimal(1), rounding=how)


def each_seventh_lost(site: Site) -> Iterator[Planting]:
    """Every seventh event is lost on its way."""

    def edit(table: pa.Table) -> pa.Table:
        return table.filter(pa.array([place % 7 != 6 for place in range(table.num_rows)], pa.bool_()))

    name = "impressions" if site.is_cpm else "conversions"
    yield from by_rows(site, f"every seventh of the {name} lost", {name: edit})


def far_off_zone(site: Site) -> Iterator[Planting]:
    """The month is cut in a zone that no contract and no setting mentions."""
    known = {str(one["timezone"]) for one in site.month.documents} | {site.month.billing_timezone}
    yield from (one for name in FAR_OFF if name not in known for one in in_zone(site, name))


def _last_months(line: BilledLine, draw: Any) -> list[BilledLine]:
    earlier = round_amount(line.amount * Decimal(draw.randrange(81, 119)) / 100, line.currency)
    return [line, replace(line, amount=earlier, details=(), quantity=line.quantity)]


def items_swapped(site: Site) -> Iterator[Planting]:
    """Two items of a contract carry each other's amounts."""
    own = [line for line in site.lines if line.kind in ("charge", "payout")]
    pairs = [(one, two) for one in own for two in own if one.item < two.item and one.amount != two.amount]
    for one, two in site.shuffled("swapped", pairs):
        if one.kind == two.kind and one.currency == two.currency:
            amounts = {one.key: two.amount, two.key: one.amount}
            yield from by_lines(site, f"amounts of {one.item} and {two.item} swapped", _with_amounts(amounts))


def _with_amounts(amounts: dict[tuple[str, ...], Decimal]) -> Callable[[Sequence[BilledLine]], list[BilledLine]]:
    return lambda lines: [replace(line, amount=amounts.get(line.key, line.amount)) for line in lines]


def one_lost(column: str, datasets: tuple[str, ...], words: str) -> Callable[[Site], Iterator[Planting]]:
    """All rows with one value of an attribute are lost."""

    def plant(site: Site) -> Iterator[Planting]:
        for name in datasets:
            table = site.own_rows(name)
            values = [] if table is None else sorted({one for one in table.column(column).to_pylist() if one})
            for value in site.shuffled(f"{name} {column}", values, 3):
                yield from by_rows(site, words.format(value=value), {name: _rows_lost(column, value)})

    return plant


def _rows_lost(column: str, value: str) -> RowEdit:
    return where(lambda table: pc.equal(table.column(column), value), lambda table: table.slice(0, 0))


def weekends_lost(site: Site) -> Iterator[Planting]:
    """What happens on Saturdays and Sundays is not loaded."""

    def is_weekend(table: pa.Table) -> Any:
        days = pc.divide(table.column("ts"), DAY).to_pylist()  # 1 January 1970 was a Thursday
        return pa.array([(day + 3) % 7 >= 5 for day in days], pa.bool_())

    name = "impressions" if site.is_cpm else "conversions"
    yield from by_rows(site, f"{name} of weekends lost", {name: where(is_weekend, lambda table: table.slice(0, 0))})


def up_to_thousands(site: Site) -> Iterator[Planting]:
    """Impressions are sold by the thousand begun."""

    def change(line: BilledLine) -> BilledLine:
        quantity = Decimal(ceil(line.quantity / 1000) * 1000)
        if not line.quantity:
            return line
        amount = Fraction(line.amount) * Fraction(quantity) / Fraction(line.quantity)
        return replace(line, quantity=quantity, amount=round_amount(amount, line.currency))

    if site.is_cpm:
        yield from by_lines(site, "quantities rounded up to thousands", lambda lines: [change(line) for line in lines])


def discount_twice(site: Site) -> Iterator[Planting]:
    """The discount is taken off what was already discounted."""

    def change(terms: Terms) -> None:
        if "discount_percent" in terms:
            left = 1 - Fraction(str(terms["discount_percent"])) / 100
            terms["discount_percent"] = written(100 * (1 - left * left))

    yield from by_terms(site, "discounted twice", change)


def minimum_per_item(site: Site) -> Iterator[Planting]:
    """Each item is charged at least the contract's minimum."""
    amounts = {Decimal(str(terms["minimum"]["amount"])) for terms in site.terms if "minimum" in terms}
    own = [line for line in site.lines if line.kind == "charge"]
    if len(amounts) == 1 and len(own) > 1:
        least = round_amount(amounts.pop(), own[0].currency)
        edit = _at_least(least)
        yield from by_lines(site, "the minimum charged for each item", edit)


def _at_least(least: Decimal) -> Callable[[Sequence[BilledLine]], list[BilledLine]]:
    def edit(lines: Sequence[BilledLine]) -> list[BilledLine]:
        kept = [line for line in lines if line.kind != "shortfall"]
        return [replace(line, amount=max(line.amount, least)) if line.kind == "charge" else line for line in kept]

    return edit


def mean_rates(site: Site) -> Iterator[Planting]:
    """Versions with the same items are priced at the mean of their rates."""
    listed = [prices(item) for terms in site.terms for item in terms["items"]]
    shapes = {tuple(len(prices(item)) for item in terms["items"]) for terms in site.terms}
    if len(site.running) < 2 or len(shapes) != 1 or not listed:
        return
    rates = [[Fraction(str(at[key])) for item in one["terms"]["items"] for at, key in prices(item)]
             for one in site.running]  # fmt: skip
    means = [sum(some, Fraction(0)) / len(rates) for some in zip(*rates, strict=True)]

    def change(terms: Terms) -> None:
        holders = [price for item in terms["items"] for price in prices(item)]
        for (holder, key), mean in zip(holders, means, strict=True):
            holder[key] = f"{Decimal(round(mean * 10**6)).scaleb(-6):f}"

    yield from by_terms(site, "the mean of the versions' rates", change)


def unconverted(site: Site) -> Iterator[Planting]:
    """Sales in another currency are taken as if they were in the contract's."""
    edit = where(lambda table: pc.is_valid(table.column("currency")),
                 lambda table: with_column(table, "currency", [site.currency] * table.num_rows))  # fmt: skip
    yield from by_rows(site, f"all sales taken for {site.currency}", {"conversions": edit})


def other_model(site: Site) -> Iterator[Planting]:
    """The whole program's payouts are attributed by another model; one contract's lines are taken."""
    for name in site.shuffled("model", MODELS) if site.program and site.is_payout else ():
        yield from by_terms(site, f"attributed by {name.replace('_', ' ')}", _set_model(name), payouts(site),
                            [site.contract])  # fmt: skip


def _set_model(name: str) -> Callable[[Terms], object]:
    return lambda terms: terms.setdefault("attribution", {}).update(model=name)


def other_date_basis(site: Site) -> Iterator[Planting]:
    """The terms of the touch's date instead of the conversion's, or the other way round."""

    def flip(terms: Terms) -> None:
        terms["date_basis"] = "touch" if terms.get("date_basis", "conversion") == "conversion" else "conversion"

    if site.program:
        yield from by_terms(site, "terms of the other date", flip)


def no_least_age(site: Site) -> Iterator[Planting]:
    """Touches just before the conversion qualify."""
    yield from by_terms(
        site, "touches of any age qualify", lambda terms: (terms.get("attribution") or {}).pop("min_age", None)
    )


def outside(code: str, words: str, plant: Callable[[Site], Iterator[Planting]]) -> PlantedError:
    """An error that the table of causes does not know."""
    return PlantedError(code, words, plant, is_in_table=False)


ERRORS = (
    outside("tax_added", "value added tax added",
            on_amounts("19 % tax added", lambda line: line.amount * Decimal("1.19"))),
    outside("seventh_lost", "every seventh event lost", each_seventh_lost),
    outside("cents_cut_off", "cents cut off", on_amounts("cents cut off", lambda line: _to_units(line, ROUND_DOWN))),
    outside("rounded_like_yen", "rounded to another currency's minor unit",
            on_amounts("rounded to whole units", lambda line: _to_units(line, None) if minor_units(line.currency) else
                       line.amount.quantize(Decimal(100)))),
    outside("fee_added", "a fee of the platform added",
            on_amounts("2.5 % platform fee added", lambda line: line.amount * Decimal("1.025"))),
    outside("far_off_zone", "the month cut in a zone that nobody mentions", far_off_zone),
    outside("last_month_again", "last month's line billed again", on_a_line("last month's {item} again", _last_months)),
    outside("items_swapped", "two items' amounts swapped", items_swapped),
    outside("geo_lost", "impressions of one country lost",
            one_lost("geo", ("impressions",), "impressions of {value} lost")),
    outside("device_lost", "events of one device lost",
            one_lost("device", ("conversions",), "conversions on {value} lost")),
    outside("user_lost", "one user's conversions lost",
            one_lost("user_id", ("conversions",), "conversions of user {value} lost")),
    outside("weekends_lost", "weekends not loaded", weekends_lost),
    outside("up_to_thousands", "quantities rounded up to thousands", up_to_thousands),
    outside("discount_twice", "the discount taken twice", discount_twice),
    outside("minimum_per_item", "the minimum charged for each item", minimum_per_item),
    outside("mean_rate", "the mean of two versions' rates", mean_rates),
    outside("sales_unconverted", "sales taken as if in the contract's currency", unconverted),
    outside("model_swapped", "attributed by another model", other_model),
    outside("date_basis_swapped", "the terms of the other date", other_date_basis),
    outside("least_age_ignored", "touches of any age qualify", no_least_age),
)  # fmt: skip
