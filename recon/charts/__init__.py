"""Charts that a finance person reads at a glance; the only place where money becomes a float, for drawing.

Those of a month take the tables of `recon.review`, whose amounts are Decimals, one currency per panel: currencies are
never drawn on one scale. Orange is over, blue is under: a pair that colour-blind people tell apart.
"""

from recon.charts.look import money, png, said, svg, theme
from recon.charts.months import ageing, days, trend
from recon.charts.overview import expected_and_billed, fates, variances
from recon.charts.path import path
from recon.charts.spread import by_cause
from recon.charts.timeline import STATES, timeline
from recon.charts.why import causes, waterfall, why

__all__ = [
    "STATES", "ageing", "by_cause", "causes", "days", "expected_and_billed", "fates", "money", "path", "png", "said",
    "svg", "theme", "timeline", "trend", "variances", "waterfall", "why",
]  # fmt: skip
