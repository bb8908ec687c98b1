"""CPA: conversions of one price in a row, the price by formula from sale, exchange rate and clause (RULES 6, 7.2)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import count

from recon.evidence.facts import Record, exact_or_zero, line_key
from recon.evidence.formula import Ref, Term, greatest, least, rounded, total
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column
from recon.evidence.sheets import conversions, deductions, reperformance, tiers
from recon.evidence.sheets.parameters import exchange_rate
from recon.evidence.sheets.steps import Operation, Step
from recon.evidence.style import COUNT, SHARES, TEXT, Look, unrounded

COLUMNS = (
    Column("quantity", "Conversions", 11),
    Column("share", "Share of each", 9),
    Column("sale", "Sale", 12),
    Column("sale_currency", "Sale currency", 9),
    Column("fx", "Exchange rate", 12),
    Column("percent", "Percent of sale", 9),
    Column("minimum", "Minimum", 9),
    Column("maximum", "Maximum", 9),
    Column("flat", "Flat", 9),
    Column("each", "Price of one", 14),
)


def write(pack: Pack) -> None:
    """Write the sheet."""
    reperformance.write(pack, METHOD)


def price_group(step: Step) -> Ref:
    """Amount of the conversions of one price = conversions × price of one, rounded where the contract says so (6.3)."""
    quantity = _conversions(step)
    price: Term = step.stated("flat", "flat") if step.states("flat") else _percentage(step)
    if step.row.get("share"):
        price = step.sheet.put("share", exact_or_zero(step.row["share"]), Look("input", SHARES)) * price
    price = _rounded(step, price)
    each = step.sheet.put("each", price, Look("formula", unrounded(decimals(step.currency))))
    step.tick("K R")
    return _priced(step, quantity, each)


def _priced(step: Step, quantity: Ref, each: Ref) -> Ref:
    """The amount of so many conversions, remembered for the table in which they stand one by one."""
    amount = step.amount(quantity * each)
    step.pack.priced.setdefault(line_key(step.row), []).append({"quantity": quantity, "amount": amount})
    return amount


def _rounded(step: Step, price: Term) -> Term:
    """The price of one at the minor unit of the contract's currency, where its conversion's version says so (6.3)."""
    if step.row["round"] == "line":
        return price
    return rounded(price, step.pack.digits(str(step.row["price_currency"])), step.row["mode"])


def _conversions(step: Step) -> Ref:
    """How many: counted, or by the thresholds on Contracts where conversions one after the other lie in tiers (6.2)."""
    if step.row.get("run_start") is None or not tiers.is_stated(step):
        return step.given("quantity", "quantity")
    return step.sheet.put("quantity", tiers.in_tier(step), Look("formula", COUNT))


def _percentage(step: Step) -> Term:
    """Sale × exchange rate × percent / 100, not below `min`, not above `max` (RULES 6.1)."""
    price = _sale(step) * step.stated("percent", "percent_of_sale") / step.pack.names["per_cent"]
    if step.states("min"):
        price = greatest(step.stated("minimum", "min"), price)
    if step.states("max"):
        price = least(step.stated("maximum", "max"), price)
    return price


def _sale(step: Step) -> Term:
    """The sale in the contract's currency: converted only where it was made in another (RULES 7.2)."""
    currency = step.row.get("sale_currency") or step.currency
    sale = step.sheet.put("sale", exact_or_zero(step.row["sale"]), Look("input", unrounded(decimals(currency))))
    step.sheet.put("sale_currency", currency, Look("text", TEXT))
    if not step.row.get("fx"):
        return sale
    return sale * step.sheet.put("fx", exchange_rate(step.pack, step.row), Look("formula", "0.00000000"))


def split_parts(step: Step) -> list[Record]:
    """The parts of a sale that a threshold splits, each with the tier it lies in; none where they disagree (6.2)."""
    parts = [part.split(" × ") for part in str(step.row["parts"]).split("; ")]
    stated = list(_tiers(step))
    start = exact_or_zero(step.row["start"])
    first = max((place for place, threshold, _ in stated if threshold <= start), default=0)
    reached = [percent for place, _, percent in stated if first <= place < first + len(parts)]
    if reached != [exact_or_zero(percent) for _, percent in parts]:
        return []
    return [
        {
            **step.row,
            "run_start": step.row["start"],
            "run_end": step.row["end"],
            "clause": f"{step.row['clause']}.steps[{place}]",
            "label": f"part in tier {place + 1}",
        }
        for place in range(first, first + len(parts))
    ]


def _tiers(step: Step) -> Iterator[tuple[int, Fraction, Fraction]]:
    """Place, threshold and percentage of the tiers on Contracts."""
    for place in count():
        path = f"{step.row['clause']}.steps[{place}]"
        stated = {leaf: step.clause(f"{path}.{leaf}") for leaf in ("over", "from", "percent_of_sale")}
        threshold = stated["over"] if stated["from"] is None else stated["from"]
        if not isinstance(threshold, Fraction) or not isinstance(stated["percent_of_sale"], Fraction):
            return
        yield place, threshold, stated["percent_of_sale"]


def part_price(step: Step) -> Ref:
    """A part of a sale, in the contract's currency and by its share, × its tier's percentage."""
    lying = tiers.in_tier(step, is_whole=False)
    sale = step.sheet.put("sale", lying, Look("formula", unrounded(decimals(step.currency))))
    price = sale * step.stated("percent", "percent_of_sale") / step.pack.names["per_cent"]
    step.tick("K R")
    return step.sheet.put("each", price, Look("formula", unrounded(decimals(step.currency))))


def split(step: Step) -> Ref:
    """Amount of split sales = conversions × Σ of the parts, rounded where the contract says so (6.2, 6.3)."""
    quantity, price = step.given("quantity", "quantity"), total(step.parts)
    price = _rounded(step, price)
    each = step.sheet.put("each", price, Look("formula", unrounded(decimals(step.currency))))
    step.tick("F R")
    return _priced(step, quantity, each)


METHOD = reperformance.Method(
    title="CPA",
    model="cpa",
    heading="CPA: every line re-performed",
    notes=(
        "One row per price: sale × exchange rate × percent, within minimum and maximum, or the flat rate.",
        "The price of one is rounded where the contract rounds per conversion; a shared conversion earns its share.",
        "A line is the sum of its steps, rounded once; the engine's amount stands beside it. Differences must be zero.",
        "Below the lines, conversions that are rounded one by one are listed by their ids.",
    ),
    columns=(*tiers.COLUMNS, *COLUMNS, *(column for column in deductions.COLUMNS if column.name != "fx")),
    operations={
        **deductions.OPERATIONS,
        "price_group": Operation(price_group, leaves=("flat", "percent_of_sale")),
        "split": Operation(split, split=split_parts, part=part_price, inputs=("parts", "start")),
    },
    below=conversions.write,
)
