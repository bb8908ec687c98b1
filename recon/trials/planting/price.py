"""Errors about rates, minimums, discounts and what else makes a price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.money import written
from recon.trials.planting.month import Document, DocumentEdit, Month, dates, in_force
from recon.trials.planting.sites import (
    PlantedError,
    Planting,
    Site,
    by_documents,
    by_items,
    by_lines,
    by_terms,
)
from recon.trials.planting.tiers import prices

Terms = dict[str, Any]
Item = dict[str, Any]
PRICE_KEYS = ("flat", "percent_of_sale", "min", "max", "tiers")


def wrong_row(site: Site) -> Iterator[Planting]:
    """An item at the price of another of its rows (CPM), or of another item (CPA)."""
    yield from _other_row(site) if site.is_cpm else _other_item(site)


def _other_row(site: Site) -> Iterator[Planting]:
    for name in site.shuffled("rows", _billed_items(site)):
        most = max(len(item["rates"]) for terms in site.terms for item in terms["items"] if item["item"] == name)
        for row in site.shuffled(f"row of {name}", range(most), 2) if most > 1 else ():
            yield from by_items(site, f"all of {name} at the rate of its row {row + 1}", _at_row(name, row))


def _at_row(name: str, row: int) -> Callable[[Item], object]:
    def change(item: Item) -> None:
        rates = item.get("rates", ())
        if item["item"] == name and row < len(rates) and "per_mille" in rates[row]:
            for rate in rates:
                rate["per_mille"] = rates[row]["per_mille"]

    return change


def _other_item(site: Site) -> Iterator[Planting]:
    pairs = [(one, other) for one in _billed_items(site) for other in site.items if one != other]
    for name, other in site.shuffled("items", pairs):
        yield from by_terms(site, f"{name} at the price of {other}", _priced_as(name, other))


def _priced_as(name: str, other: str) -> Callable[[Terms], object]:
    def change(terms: Terms) -> None:
        model = next((item for item in terms["items"] if item["item"] == other), None)
        for item in terms["items"]:
            if item["item"] == name and model is not None:
                kept = {key: value for key, value in item.items() if key not in PRICE_KEYS}
                item.clear()
                item.update(kept | {key: model[key] for key in PRICE_KEYS if key in model})

    return change


def _billed_items(site: Site) -> list[str]:
    """The items with a line of money."""
    return sorted({line.item for line in site.lines if line.amount and line.item in site.items})


def scaled(site: Site) -> Iterator[Planting]:
    """The rates of an item times or through 10, 100 or 1000."""
    factors = [Fraction(10) ** power for power in (-3, -2, -1, 1, 2, 3)]
    tries = [(name, factor) for name in _billed_items(site) for factor in factors]
    for name, factor in site.shuffled("scale", tries):
        yield from by_items(site, f"the rates of {name} times {written(factor)}", _times(name, factor))


def _times(name: str, factor: Fraction) -> Callable[[Item], object]:
    def change(item: Item) -> None:
        if item["item"] == name:
            for holder, key in prices(item):
                holder[key] = written(Fraction(str(holder[key])) * factor)

    return change


def mistyped(site: Site) -> Iterator[Planting]:
    """One rate differs in one digit."""
    numbers = [int(one["version"]) for one in site.running]
    places = [(number, item) for number in numbers for item in _billed_items(site)]
    for number, item in site.shuffled("typing", places):
        yield from by_documents(site, f"a digit of a rate of {item} in version {number} wrong",
                                _typed(site, number, item))  # fmt: skip


def _typed(site: Site, number: int, name: str) -> DocumentEdit:
    def edit(document: Document) -> Document:
        if int(document["version"]) == number and document.get("terms"):
            found = [price for item in document["terms"]["items"] if item["item"] == name for price in prices(item)]
            if found:
                draw = site.draw(f"digit {number} {name}")
                holder, key = found[draw.randrange(len(found))]
                holder[key] = other_digit(str(holder[key]), draw.randrange(99), draw.randrange(1, 10))
        return document

    return edit


def other_digit(written_rate: str, place: int, step: int) -> str:
    """A number with one of its digits another.

    >>> other_digit("18.00", 1, 1), other_digit("0.5", 5, 9)
    ('19.00', '0.4')
    """
    digits = [at for at, sign in enumerate(written_rate) if sign.isdigit()]
    at = digits[place % len(digits)]
    return f"{written_rate[:at]}{(int(written_rate[at]) + step) % 10}{written_rate[at + 1 :]}"


def without(clause: str, words: str) -> Callable[[Site], Iterator[Planting]]:
    """A clause of the terms is overlooked."""
    return lambda site: by_terms(site, words, lambda terms: terms.pop(clause, None))


def whole_minimum(site: Site) -> Iterator[Planting]:
    """The whole month's minimum though the contract was in force for a part of it."""
    days = dates(site.month.period)
    held = sum(in_force(site.versions, day) is not None for day in days)

    def change(terms: Terms) -> None:
        if "minimum" in terms:
            amount = Fraction(str(terms["minimum"]["amount"])) * len(days) / held
            terms["minimum"] = terms["minimum"] | {"amount": _twelve_places(amount, terms.get("rounding"))}

    if 0 < held < len(days):
        yield from by_terms(site, f"the whole minimum for {held} of {len(days)} days", change)


def _twelve_places(amount: Fraction, rounding: str | None) -> str:
    """A number that gives the exact one's cents once it is prorated again and rounded."""
    whole = floor(amount * 10**12) if rounding == "up" else ceil(amount * 10**12)
    return f"{Decimal(whole).scaleb(-12):f}"


def basis_of_bill(site: Site) -> Iterator[Planting]:
    """Gross billed net, or net gross."""

    def flip(terms: Terms) -> None:
        if "commission_percent" in terms:
            terms["bill"] = "gross" if terms.get("bill", "gross") == "net" else "net"

    yield from by_terms(site, "gross and net swapped", flip)


def commission_added(site: Site) -> Iterator[Planting]:
    """Commission is added to gross instead of taken off."""

    def negate(terms: Terms) -> None:
        if terms.get("bill") == "net" and "commission_percent" in terms:
            terms["commission_percent"] = written(-Fraction(str(terms["commission_percent"])))

    yield from by_terms(site, "commission added instead of taken off", negate)


def no_spend_cap(site: Site) -> Iterator[Planting]:
    """Spend caps of contract and items are overlooked."""

    def drop(terms: Terms) -> None:
        for holder in (terms, *terms["items"]):
            holder.pop("cap", None)

    yield from by_terms(site, "spend caps overlooked", drop)


def no_bounds(site: Site) -> Iterator[Planting]:
    """The least and the most of a conversion are overlooked."""
    yield from by_items(site, "min and max overlooked", lambda item: (item.pop("min", None), item.pop("max", None)))


def no_opening(site: Site) -> Iterator[Planting]:
    """Counts, spend and held balances start at zero."""

    def edit(month: Month) -> Month:
        return month.with_rows("opening_balances", _of_contract(site.contract), lambda table: table.slice(0, 0))

    table = site.month.rows.get("opening_balances")
    if table is not None and site.contract in table.column("contract").to_pylist():
        yield Planting((site.contract,), "opening balances forgotten", edit)


def _of_contract(contract: str) -> Callable[[Month, pa.Table], Any]:
    return lambda month, table: pc.equal(table.column("contract"), contract)


def no_clawback(site: Site) -> Iterator[Planting]:
    """Reversals of earlier months take nothing back."""
    kinds = {line.kind for line in site.lines}
    if "clawback" in kinds and not kinds & {"hold", "release", "forfeit"}:
        kept = "clawbacks not taken"
        yield from by_lines(site, kept, lambda lines: [line for line in lines if line.kind != "clawback"])
    elif site.program:
        yield from by_terms(site, "clawbacks not taken", lambda terms: terms.update(reversal_days="0"))


ERRORS = (
    PlantedError("wrong_rate_row", "priced at another row or item", wrong_row),
    PlantedError("per_unit_scale", "a rate 10, 100 or 1000 times off", scaled),
    PlantedError("minimum_ignored", "the minimum not charged", without("minimum", "no minimum")),
    PlantedError("minimum_not_prorated", "the whole minimum for part of a month", whole_minimum),
    PlantedError("bonus_ignored", "the bonus not paid", without("bonus", "no bonus")),
    PlantedError("rule_ignored", "a named rule not applied", without("rules", "no rule of its own")),
    PlantedError("hold_ignored", "paid below the minimum payout", without("minimum_payout", "no minimum payout")),
    PlantedError("discount_ignored", "the discount not given", without("discount_percent", "no discount")),
    PlantedError("commission_basis", "gross billed for net, or net for gross", basis_of_bill),
    PlantedError("commission_markup", "commission added instead of taken off", commission_added),
    PlantedError("spend_cap_ignored", "billed beyond a spend cap", no_spend_cap),
    PlantedError("min_max_ignored", "a least or most per conversion overlooked", no_bounds),
    PlantedError("opening_ignored", "opening balances forgotten", no_opening),
    PlantedError("clawback_ignored", "nothing taken back for earlier months", no_clawback),
    PlantedError("rate_mistyped", "a digit of a rate wrong", mistyped),
)  # fmt: skip
