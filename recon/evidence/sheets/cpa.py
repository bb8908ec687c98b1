"""CPA: conversions of one price in a row, the price by formula from sale, exchange rate and clause (RULES 6, 7.2)."""

from __future__ import annotations

from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.formula import Ref, Term, greatest, least, rounded
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet
from recon.evidence.sheets import reperformance
from recon.evidence.sheets.parameters import exchange_rate
from recon.evidence.sheets.reperformance import is_stated, rate, rounding_of
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


def price_group(pack: Pack, sheet: Sheet, row: Record) -> Ref:
    """Amount of the conversions of one price = conversions × price of one, rounded where the contract says so (6.3)."""
    quantity = exact_or_zero(row["quantity"])
    conversions = sheet.put("quantity", quantity, Look("input", COUNT if quantity.denominator == 1 else SHARES))
    price = _flat(pack, sheet, row) if is_stated(pack, row, "flat") else _percentage(pack, sheet, row)
    if row.get("share"):
        price = sheet.put("share", exact_or_zero(row["share"]), Look("input", SHARES)) * price
    if pack.clause(row["contract"], row["version"], "round") != "line":
        mode = rounding_of(pack, row["contract"], row["version"])
        price = rounded(price, pack.digits(row["currency"]), mode)
    shape = unrounded(decimals(row["currency"]))
    each = sheet.put("each", price, Look("formula", shape))
    return sheet.put("amount", conversions * each, Look("formula", shape))


def _flat(pack: Pack, sheet: Sheet, row: Record) -> Term:
    return rate(pack, sheet, "flat", row, "flat")


def _percentage(pack: Pack, sheet: Sheet, row: Record) -> Term:
    """Sale × exchange rate × percent / 100, not below `min`, not above `max` (RULES 6.1)."""
    sale = _sale(pack, sheet, row)
    price = sale * rate(pack, sheet, "percent", row, "percent_of_sale") / pack.names["per_cent"]
    if is_stated(pack, row, "min"):
        price = greatest(rate(pack, sheet, "minimum", row, "min"), price)
    if is_stated(pack, row, "max"):
        price = least(rate(pack, sheet, "maximum", row, "max"), price)
    return price


def _sale(pack: Pack, sheet: Sheet, row: Record) -> Term:
    """The sale in the contract's currency: converted only where it was made in another (RULES 7.2)."""
    currency = row.get("sale_currency") or row["currency"]
    sale = sheet.put("sale", exact_or_zero(row["sale"]), Look("input", unrounded(decimals(currency))))
    sheet.put("sale_currency", currency, Look("text", TEXT))
    if not row.get("fx"):
        return sale
    return sale * sheet.put("fx", exchange_rate(pack, row), Look("formula", "0.00000000"))


METHOD = reperformance.Method(
    title="CPA",
    model="cpa",
    heading="CPA: every line re-performed",
    notes=(
        "One row per price: sale × exchange rate × percent, within minimum and maximum, or the flat rate.",
        "The price of one is rounded where the contract rounds per conversion; a shared conversion earns its share.",
        "A line is the sum of its rows, rounded once; the engine's amount stands beside it. Differences must be zero.",
    ),
    columns=COLUMNS,
    operations={"price_group": (("flat", "percent_of_sale"), price_group)},
    optional=("share", "fx"),
)
