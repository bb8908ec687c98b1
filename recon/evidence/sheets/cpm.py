"""CPM: quantity × rate / 1000 per segment and tier, rates looked up on Contracts, rounded once per line (RULES 4)."""

from __future__ import annotations

from recon.evidence.formula import Ref
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column
from recon.evidence.sheets import deductions, reperformance, tiers
from recon.evidence.sheets.steps import Operation, Step
from recon.evidence.style import COUNT, Look

COLUMNS = (
    Column("quantity", "Impressions", 14),
    Column("rate", "Rate per thousand", 12),
)


def write(pack: Pack) -> None:
    """Write the sheet."""
    reperformance.write(pack, METHOD)


def segment(step: Step) -> Ref:
    """Amount of one segment = quantity × per mille / 1000, unrounded (RULES 4.1)."""
    return _priced(step, step.given("quantity", "quantity"))


def tier(step: Step) -> Ref:
    """The same for what lies in a tier, by the thresholds on Contracts (RULES 4.2)."""
    units = tiers.all_in_tier(step) if step.row["tier_mode"] == "volume" else tiers.in_tier(step)
    return _priced(step, step.sheet.put("quantity", units, Look("formula", COUNT)))


def _priced(step: Step, units: Ref) -> Ref:
    rate = step.stated("rate", "per_mille")
    step.tick("K R")
    return step.amount(units * rate / step.pack.names["per_mille"])


METHOD = reperformance.Method(
    title="CPM",
    model="cpm",
    heading="CPM: every line re-performed",
    notes=(
        "Impressions come from the events; rates are looked up on Contracts; amount = impressions × rate / 1,000.",
        "A tier's impressions are those counted before and after that lie between its threshold and the next.",
        "A line is the sum of its steps, rounded once; the engine's amount stands beside it. Differences must be 0.",
    ),
    columns=(*tiers.COLUMNS, *COLUMNS, *deductions.COLUMNS),
    operations={
        **deductions.OPERATIONS,
        "segment": Operation(segment, leaves=("per_mille",)),
        "tier": Operation(tier, leaves=("over", "from"), inputs=("run_start", "run_end", "reached")),
    },
)
