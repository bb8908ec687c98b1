"""CPM: quantity × rate / 1000 per segment and tier, rates looked up on Contracts, rounded once per line (RULES 4)."""

from __future__ import annotations

from recon.evidence.formula import Ref
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column
from recon.evidence.sheets import deductions, reperformance
from recon.evidence.sheets.steps import Operation, Step

COLUMNS = (
    Column("quantity", "Impressions", 14),
    Column("rate", "Rate per thousand", 12),
)


def write(pack: Pack) -> None:
    """Write the sheet."""
    reperformance.write(pack, METHOD)


def segment(step: Step) -> Ref:
    """Amount of one segment or tier = quantity × per mille / 1000, unrounded (RULES 4.1, 4.2)."""
    units, rate = step.given("quantity", "quantity"), step.stated("rate", "per_mille")
    step.tick("K R")
    return step.amount(units * rate / step.pack.names["per_mille"])


METHOD = reperformance.Method(
    title="CPM",
    model="cpm",
    heading="CPM: every line re-performed",
    notes=(
        "Impressions come from the events; rates are looked up on Contracts; amount = impressions × rate / 1,000.",
        "A line is the sum of its steps, rounded once; the engine's amount stands beside it. Differences must be 0.",
    ),
    columns=(*COLUMNS, *deductions.COLUMNS),
    operations={
        **deductions.OPERATIONS,
        "segment": Operation(segment, leaves=("per_mille",)),
        "tier": Operation(segment, leaves=("per_mille",)),
    },
)
