"""Errors about tiers: their mode, thresholds, fees, and where a version starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from recon.trials.planting.sites import PlantedError, Planting, Site, by_items

Terms = dict[str, Any]
Item = dict[str, Any]
PRICES = ("per_mille", "flat", "percent_of_sale")


def tier_clauses(item: Item) -> list[Terms]:
    """The tiers of an item, of either model."""
    holders = [item, *item.get("rates", ())]
    return [holder["tiers"] for holder in holders if "tiers" in holder]


def prices(item: Item) -> list[tuple[Terms, str]]:
    """Every price of an item: where it stands and under which name."""
    steps = [step for tiers in tier_clauses(item) for step in tiers["steps"]]
    holders = [item, *item.get("rates", ()), *steps]
    return [(holder, name) for holder in holders for name in PRICES if name in holder]


def on_tiers(words: str, change: Callable[[Terms], object]) -> Callable[[Site], Iterator[Planting]]:
    """An edit of all tiers of the contract."""
    return lambda site: by_items(site, words, lambda item: [change(tiers) for tiers in tier_clauses(item)])


def _mode_swapped(tiers: Terms) -> None:
    is_flat_by_sale = tiers.get("measure") == "sale_amount" and any("flat" in step for step in tiers["steps"])
    if not is_flat_by_sale:
        tiers["mode"] = "volume" if tiers["mode"] == "graduated" else "graduated"


def _bounds_swapped(tiers: Terms) -> None:
    for step in tiers["steps"][1:]:
        was, becomes = ("over", "from") if "over" in step else ("from", "over")
        step[becomes] = step.pop(was)


def _started_again(tiers: Terms) -> None:
    """Each version starts at zero; a count over the contract can't, so that it is one of the period (RULES 2.8)."""
    if tiers.get("across_versions", "carry") == "carry":
        tiers.update(across_versions="reset", counter="period")


def _carried_on(tiers: Terms) -> None:
    if tiers.get("across_versions") == "reset":
        tiers["across_versions"] = "carry"


def _without_fees(tiers: Terms) -> None:
    for step in tiers["steps"]:
        step.pop("fee", None)


ERRORS = (
    PlantedError("tier_mode_swapped", "graduated tiers priced by volume, or volume tiers graduated",
                 on_tiers("graduated and volume swapped", _mode_swapped)),
    PlantedError("tier_boundary", "a threshold in the other tier",
                 on_tiers("thresholds in the other tier", _bounds_swapped)),
    PlantedError("tier_reset", "tiers started again with a version",
                 on_tiers("each version starts at zero", _started_again)),
    PlantedError("tier_carry", "tiers carried over a version that starts again",
                 on_tiers("counted on over versions", _carried_on)),
    PlantedError("step_fee_ignored", "fees of steps not charged", on_tiers("no fees of steps", _without_fees)),
)  # fmt: skip
