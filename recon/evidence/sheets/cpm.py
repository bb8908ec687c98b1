"""CPM: quantity × rate / 1000 per segment, the rate looked up on Contracts, rounded once per line (RULES 4)."""

from __future__ import annotations

from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.formula import Ref
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet
from recon.evidence.sheets import reperformance
from recon.evidence.style import COUNT, SHARES, Look, unrounded

COLUMNS = (
    Column("quantity", "Impressions", 14),
    Column("rate", "Rate per thousand", 12),
)


def write(pack: Pack) -> None:
    """Write the sheet."""
    reperformance.write(pack, METHOD)


def segment(pack: Pack, sheet: Sheet, row: Record) -> Ref:
    """Amount of one segment (item, version, rate) = quantity × per mille / 1000, unrounded (RULES 4.1)."""
    quantity = exact_or_zero(row["quantity"])
    units = sheet.put("quantity", quantity, Look("input", COUNT if quantity.denominator == 1 else SHARES))
    rate = reperformance.rate(pack, sheet, "rate", row, "per_mille")
    amount = units * rate / pack.names["per_mille"]
    return sheet.put("amount", amount, Look("formula", unrounded(decimals(row["currency"]))))


METHOD = reperformance.Method(
    title="CPM",
    model="cpm",
    heading="CPM: every line re-performed",
    notes=(
        "Impressions come from the events; rates are looked up on Contracts; amount = impressions × rate / 1,000.",
        "A line is the sum of its segments, rounded once; the engine's amount stands beside it. Differences must be 0.",
    ),
    columns=COLUMNS,
    operations={"segment": (("per_mille",), segment)},
)
