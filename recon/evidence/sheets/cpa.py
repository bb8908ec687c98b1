"""CPA: conversions of one price in a row, the price by formula from sale, exchange rate and clause (RULES 6, 7.2)."""

from __future__ import annotations

from recon.evidence.facts import exact_or_zero
from recon.evidence.formula import Ref, Term, greatest, least
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column
from recon.evidence.sheets import deductions, reperformance
from recon.evidence.sheets.parameters import exchange_rate
from recon.evidence.sheets.steps import Operation, Step
from recon.evidence.style import SHARES, TEXT, Look, unrounded

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
    conversions = step.given("quantity", "quantity")
    price: Term = step.stated("flat", "flat") if step.states("flat") else _percentage(step)
    if step.row.get("share"):
        price = step.sheet.put("share", exact_or_zero(step.row["share"]), Look("input", SHARES)) * price
    if step.pack.clause(step.row["contract"], step.row["version"], "round") != "line":
        price = step.rounded(price)
    each = step.sheet.put("each", price, Look("formula", unrounded(decimals(step.currency))))
    step.tick("K R")
    return step.amount(conversions * each)


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


METHOD = reperformance.Method(
    title="CPA",
    model="cpa",
    heading="CPA: every line re-performed",
    notes=(
        "One row per price: sale × exchange rate × percent, within minimum and maximum, or the flat rate.",
        "The price of one is rounded where the contract rounds per conversion; a shared conversion earns its share.",
        "A line is the sum of its steps, rounded once; the engine's amount stands beside it. Differences must be zero.",
    ),
    columns=(*COLUMNS, *(column for column in deductions.COLUMNS if column.name != "fx")),
    operations={
        **deductions.OPERATIONS,
        "price_group": Operation(price_group, leaves=("flat", "percent_of_sale")),
    },
)
