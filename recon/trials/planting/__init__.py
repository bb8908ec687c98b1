"""What a billing system may get wrong, planted as such a system would make it: edits of its contracts, data and lines.

It knows the errors from their descriptions alone and shares no code with the diagnosis that is to find them.
"""

from __future__ import annotations

from recon.trials.planting import (
    attribution,
    clock,
    counting,
    currency,
    line,
    outside,
    price,
    rounding,
    tiers,
    version,
)
from recon.trials.planting.month import BilledLine, Month
from recon.trials.planting.sites import PlantedError, Planting, Site

__all__ = ["ERRORS", "BilledLine", "Month", "PlantedError", "Planting", "Site"]

ERRORS: tuple[PlantedError, ...] = (
    *version.ERRORS,
    *clock.ERRORS,
    *counting.ERRORS,
    *attribution.ERRORS,
    *price.ERRORS,
    *tiers.ERRORS,
    *rounding.ERRORS,
    *currency.ERRORS,
    *line.ERRORS,
    *outside.ERRORS,
)
