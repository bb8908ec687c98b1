"""The bridge from expected to billed as a waterfall, and its causes by money and by count; bars can be clicked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import altair as alt
import pandas as pd

from recon.charts.look import BILLED, INK, OVER, QUIET, SIDES, UNDER, Panel, by_currency, floats, money, said, stacked

BRIDGE_WIDTH, CAUSES_WIDTH, STEP = 430, 260, 28
ROOM = 0.42  # beside the longest bar, for its amount
NO_CAUSE, NOTHING, TOTAL = "no cause found", "tolerated, or nets to zero", "expected, billed"
PALETTE = {SIDES[0]: OVER, SIDES[1]: UNDER, NO_CAUSE: "#7f6b9b", NOTHING: QUIET, TOTAL: BILLED}
WORTH_CUTTING = 3  # the scale starts at zero unless what moves would be smaller than a third of it
_BRIDGE = "From expected to billed: each bar is one cause, to the right more than expected, to the left less"
_CAUSES = {
    "money": "Causes by money, amounts added up without their signs",
    "count": "Causes by number of lines",
}


def waterfall(steps: pd.DataFrame) -> Panel:
    """Expected, each cause, what has none, billed: a waterfall per currency.

    `steps`: currency, cause, step, role, start, end, amount, lines (see `review.bridge_steps`).
    """
    panels = [_bridge_panel(currency, rows) for currency, rows in by_currency(steps)]
    return _clickable(panels, alt.TitleParams("From expected to billed", subtitle=_BRIDGE))


def causes(ranked: pd.DataFrame, by: str) -> Panel:
    """Causes with most money, or most lines, first; a panel per currency.

    `ranked`: currency, cause, step, role, amount, gross, lines (see `review.causes`); `by` is money or count.
    """
    panels = [_causes_panel(currency, rows, by) for currency, rows in by_currency(ranked)]
    return _clickable(panels, alt.TitleParams("Causes", subtitle=_CAUSES[by]))


def why(steps: pd.DataFrame, ranked: pd.DataFrame, by: str) -> Panel:
    """The waterfall of each currency with its causes beside it; a click on a bar of either chooses its cause."""
    beside = dict(by_currency(ranked))
    rows = [_side_by_side(currency, own, beside.get(currency), by) for currency, own in by_currency(steps)]
    title = alt.TitleParams("From expected to billed, and the causes beside it", subtitle=[_BRIDGE, _CAUSES[by]])
    return _clickable(rows, title)


def _side_by_side(currency: str, steps: pd.DataFrame, ranked: pd.DataFrame | None, by: str) -> Any:
    bridge = _bridge_panel(currency, steps)
    if ranked is None or ranked.empty:
        return bridge
    return alt.hconcat(bridge, _causes_panel(currency, ranked, by), spacing=30)


def _clickable(panels: Sequence[Any], title: alt.TitleParams) -> Panel:
    """Panels that share one click: the chosen bar stays dark, all others fade."""
    if not panels:
        return said("There is no variance: expected and billed are the same.")
    chart = stacked(panels, title, stroke="shared")
    click = alt.PointSelectionConfig(type="point", fields=["currency", "cause"], toggle=False)
    chart.params = [alt.TopLevelSelectionParameter(name="chosen", select=click, views=list(_views(chart.vconcat)))]
    return chart


def _views(panels: Iterable[Any]) -> Iterator[str]:
    """The layers that take a click, as joining the panels named them; altair's own way to share one warns of each."""
    for panel in panels:
        if isinstance(panel, alt.HConcatChart):
            yield from _views(panel.hconcat)
        else:
            yield panel.layer[-1].name


def _bridge_panel(currency: str, steps: pd.DataFrame) -> Any:
    shown = _bridge_rows(currency, steps)
    lowest, highest = _reach(steps)
    scale = alt.Scale(domain=[lowest, highest + (highest - lowest) * ROOM], zero=False, nice=False)
    title = _axis_title(currency, lowest, highest)
    x = alt.X("start:Q", title=title, axis=_money_axis(lowest, highest), scale=scale)
    base = alt.Chart(shown).encode(x=x, y=alt.Y("step:N", sort=None, title=None, axis=_names()))
    bars = _bars(base).encode(x2="end:Q")
    joints = base.mark_rule(color=QUIET, strokeDash=[2, 2]).encode(x="end:Q", y2="next:N")
    text = base.mark_text(align="left", dx=6, color=INK).encode(x="right:Q", text="label:N")
    return _sized(alt.layer(joints, bars, text, _hits(base, f"bridge_{currency}")), BRIDGE_WIDTH)


def _sized(chart: Any, width: int) -> Any:
    return chart.properties(width=width, height=alt.Step(STEP))


def _bridge_rows(currency: str, steps: pd.DataFrame) -> pd.DataFrame:
    """Numbers to draw and words to show; a total's bar starts where the scale does."""
    lowest, highest = _reach(steps)
    is_total = [role == "total" for role in steps["role"]]
    origin = min(max(0.0, lowest), highest)
    starts = [origin if total else start for total, start in zip(is_total, floats(steps["start"]), strict=True)]
    ends = floats(steps["end"])
    names = list(steps["step"])
    labels = [
        money(amount, currency, is_signed=not total) for amount, total in zip(steps["amount"], is_total, strict=True)
    ]
    return pd.DataFrame(
        {
            "currency": steps["currency"], "cause": steps["cause"], "step": names, "next": [*names[1:], names[-1]],
            "start": starts, "end": ends, "right": [max(pair) for pair in zip(starts, ends, strict=True)],
            "label": labels, "kind": _kinds(steps), "told": [_lines(count) for count in steps["lines"]],
        }
    )  # fmt: skip


def _reach(steps: pd.DataFrame) -> tuple[float, float]:
    """The scale's ends: from a fitting minimum where the causes are small beside the totals, else from zero."""
    levels = floats(steps["end"])
    low, high = min(levels), max(levels)
    room = max((high - low) * 0.35, abs(high) * 1e-6, 1e-6)
    if low > 0 and (high - low) * WORTH_CUTTING < high and low - room > 0:
        return low - room, high
    return min(low, 0.0), max(high, 0.0)


def _axis_title(currency: str, lowest: float, highest: float) -> str:
    if lowest <= 0:
        return currency
    start = f"{lowest:,.0f}" if highest - lowest >= 5 else f"{lowest:,.2f}"
    return f"{currency} · the scale starts at {start}, not at zero"


def _money_axis(lowest: float, highest: float) -> alt.Axis:
    return alt.Axis(format=",.0f" if highest - lowest >= 5 else ",.2f", tickCount=4, titleAnchor="start")


def _names() -> alt.Axis:
    return alt.Axis(minExtent=150, grid=False, labelLimit=220, labelPadding=6)


def _kinds(rows: pd.DataFrame) -> list[str]:
    fixed = {"total": TOTAL, "unexplained": NO_CAUSE, "within_tolerance": NOTHING}
    sides = [SIDES[amount < 0] if amount else NOTHING for amount in rows["amount"]]
    return [fixed.get(role, side) for role, side in zip(rows["role"], sides, strict=True)]


def _bars(base: alt.Chart) -> alt.Chart:
    """Bars with an edge of their own colour, so that a cent beside a million is still a line."""
    scale = alt.Scale(domain=list(PALETTE), range=list(PALETTE.values()))
    faded = alt.condition({"param": "chosen"}, alt.value(1), alt.value(0.3))
    return base.mark_bar(height=16, strokeWidth=1.5).encode(
        color=alt.Color("kind:N", scale=scale), opacity=faded, stroke=alt.Stroke("kind:N", scale=scale)
    )


def _hits(base: alt.Chart, name: str) -> alt.Chart:
    """The whole row of a bar takes the click: the bar of a cent is too thin to be met."""
    titles = {"step": "cause", "label": "amount", "told": "lines"}
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]
    whole = {"x": alt.value(0), "x2": alt.value("width")}
    return base.mark_bar(opacity=0, height=STEP, cursor="pointer").encode(**whole, tooltip=tips).properties(name=name)


def _causes_panel(currency: str, ranked: pd.DataFrame, by: str) -> Any:
    sizes = floats(ranked["gross"] if by == "money" else ranked["lines"])
    shown = pd.DataFrame(
        {
            "currency": ranked["currency"], "cause": ranked["cause"], "step": ranked["step"], "size": sizes,
            "label": list(_sizes(currency, ranked, by)), "kind": _kinds(ranked),
            "told": [_lines(count) for count in ranked["lines"]],
        }
    )  # fmt: skip
    x = alt.X("size:Q", title=None, axis=None, scale=alt.Scale(domain=[0, (max(sizes) or 1) * 1.9]))
    base = alt.Chart(shown).encode(x=x, y=alt.Y("step:N", sort=None, title=None, axis=_names()))
    text = base.mark_text(align="left", dx=6, color=INK).encode(text="label:N")
    return _sized(alt.layer(_bars(base), text, _hits(base, f"causes_{currency}")), CAUSES_WIDTH)


def _sizes(currency: str, ranked: pd.DataFrame, by: str) -> Iterable[str]:
    """Money without signs; where over and under meet in one cause, also what is left of it."""
    for amount, gross, lines in zip(ranked["amount"], ranked["gross"], ranked["lines"], strict=True):
        if by == "count":
            yield f"{_lines(lines)} · {money(amount, currency, is_signed=True)}"
        else:
            yield money(gross, currency) + (f" (net {_net(amount)})" if abs(amount) != gross else "")


def _net(amount: Decimal) -> str:
    sign = "−" if amount < 0 else "+" if amount > 0 else ""
    return f"{sign}{abs(amount):,f}"


def _lines(count: Any) -> str:
    return "" if count is None else f"{count} line{'' if count == 1 else 's'}"
