"""The contract book on a time axis: which version holds when, what is proposed; a click chooses a contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd

from recon.charts.look import BILLED, EXPECTED, INK, OVER, QUIET, UNDER, Panel, said, titled

LEAST_WIDTH, STEP, BAR = 800, 27, 17  # the picture is as wide as its page, but labels fit already here
BEFORE, AFTER = timedelta(days=365), timedelta(days=460)  # of the date: what the axis reaches at most
LETTER = 6.2  # pixels
ONE_DAY = timedelta(days=1)
# what fills a bar, its edge and the edge's dashes: lightness alone tells them apart, too
STATES = {
    "was in force": (EXPECTED, EXPECTED, [1, 0]),
    "in force": (BILLED, BILLED, [1, 0]),
    "comes into force": (UNDER, UNDER, [1, 0]),
    "submitted": ("#fdebdd", OVER, [5, 3]),
    "draft": ("#ffffff", QUIET, [2, 3]),
}
CHOSEN = "#ffe9b8"  # behind the rows of the contract that is chosen
DARK = ("in force", "comes into force")
ENDED = "terminated"
DAY_ROW = " "


def timeline(bars: pd.DataFrame, day: date) -> Panel:
    """The versions of each contract as bars, with the date as a line; a click on a row chooses its contract.

    `bars`: row, contract, counterparty, version, kind, state, first, last, told (see `review.timeline_bars`).
    """
    if bars.empty:
        return said("No version has dates to draw.")
    start, end = _reach(bars, day)
    shown = _drawn(bars, start, end)
    rule, words = _date(day, shown)
    drawn = (rule, _hits(shown), _bars(shown), _labels(shown), _beyond(shown), *_ends(shown), words)
    chart: alt.LayerChart = alt.layer(*drawn).encode(x=_axis(start, end))
    chart = titled(chart.properties(width="container", height=alt.Step(STEP)), _title(start, end))
    click = alt.PointSelectionConfig(type="point", fields=["contract"], toggle=False)
    chart.params = [alt.TopLevelSelectionParameter(name="chosen", select=click, views=["contract_rows"])]
    return chart


def _reach(bars: pd.DataFrame, day: date) -> tuple[date, date]:
    """The axis's ends: the dates of all bars, but about a year before the date and a year and a quarter after it."""
    lasts = [last + ONE_DAY for last in bars["last"] if last is not None]
    start = max(min([*bars["first"], day]), day - BEFORE).replace(day=1)
    return start, min(max([*lasts, *bars["first"], day]) + timedelta(days=31), day + AFTER)


def _drawn(bars: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """The bars cut to the axis, each with the label that fits it; rows without a bar on the axis keep their name."""
    rows = []
    for bar in bars.to_dict("records"):
        first, past = max(bar["first"], start), min(bar["last"] + ONE_DAY if bar["last"] else end, end)
        is_seen = first < past
        rows.append({
            "row": bar["row"], "contract": bar["contract"], "counterparty": bar["counterparty"], "state": bar["state"],
            "from": str(first if is_seen else start), "until": str(past if is_seen else start), "is_seen": is_seen,
            "label": _label(bar, bar["first"] < start, (past - first) / (end - start) * LEAST_WIDTH),
            "is_dark": bar["state"] in DARK, "beyond": _past(bar["last"], end), "told": bar["told"],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _label(bar: Mapping[Any, Any], is_cut: bool, width: float) -> str:
    """Number and kind of a version, its number alone, or nothing: what fits its bar; marked where it began before."""
    mark = "◂ " if is_cut else ""
    texts = (f"{mark}v{bar['version']} {bar['kind']}", f"{mark}v{bar['version']}")
    return next((text for text in texts if len(text) * LETTER + 8 <= width), "")


def _past(last: date | None, end: date) -> str:
    """What is written at the right edge of a bar that goes on beyond it."""
    return "no end ▸" if last is None else f"to {last} ▸" if last >= end else ""


def _axis(start: date, end: date) -> alt.X:
    """Dates in UTC on both sides, so that no reader's zone moves a day."""
    scale = alt.Scale(type="utc", domain=[_moment(start), _moment(end)], nice=False, clamp=True)
    ticks: dict[str, object] = {"interval": "month", "step": 3 if (end - start).days > 300 else 1}
    axis = alt.Axis(orient="top", format="%b %Y", tickCount=ticks, labelAlign="left", labelOffset=2)
    return alt.X("from:T", title=None, scale=scale, axis=axis)


def _moment(day: date) -> int:
    """The day's first instant in UTC, in ms, as scales count."""
    return (day - date(1970, 1, 1)).days * 86_400_000


def _rows(shown: pd.DataFrame) -> alt.Y:
    """Contracts from top to bottom as they come; a proposed version has a row of its own below."""
    text = "indexof(datum.label, '↳') > 0 ? slice(datum.label, indexof(datum.label, '↳')) : datum.label"
    axis = alt.Axis(labelExpr=text, minExtent=170, labelLimit=240, grid=False, labelPadding=8)
    return alt.Y("row:N", sort=[DAY_ROW, *dict.fromkeys(shown["row"])], title=None, axis=axis)


def _hits(shown: pd.DataFrame) -> alt.Chart:
    """The whole row of a contract takes the click, and is lit by it: the bar of a week is too thin to be met."""
    rows = shown.drop_duplicates("row")
    whole = {"x": alt.value(0), "x2": alt.value("width")}
    tips = [alt.Tooltip("contract:N"), alt.Tooltip("counterparty:N")]
    band = alt.condition({"param": "chosen", "empty": False}, alt.value(1), alt.value(0))
    hits = alt.Chart(rows).mark_bar(height=STEP, color=CHOSEN, cursor="pointer")
    return hits.encode(y=_rows(shown), tooltip=tips, opacity=band, **whole).properties(name="contract_rows")


def _base(shown: pd.DataFrame) -> alt.Chart:
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in (
        ("contract", "contract"), ("counterparty", "counterparty"), ("told", "version"))]  # fmt: skip
    return alt.Chart(shown).encode(y=_rows(shown), tooltip=tips)


def _bars(shown: pd.DataFrame) -> alt.Chart:
    names = list(STATES)
    fill = alt.Scale(domain=names, range=[STATES[name][0] for name in names])
    edge = alt.Scale(domain=names, range=[STATES[name][1] for name in names])
    dashes = alt.Scale(domain=names, range=[STATES[name][2] for name in names])
    rows = shown[shown["is_seen"] & (shown["state"] != ENDED)]
    return _base(rows).mark_bar(height=BAR, strokeWidth=1.5, cursor="pointer").encode(
        y=_rows(shown), x2="until:T", color=alt.Color("state:N", scale=fill), stroke=alt.Stroke("state:N", scale=edge),
        strokeDash=alt.StrokeDash("state:N", scale=dashes),
    )  # fmt: skip


def _labels(shown: pd.DataFrame) -> alt.Chart:
    """Number and kind within the bar, light on dark."""
    rows = shown[shown["is_seen"] & (shown["state"] != ENDED) & (shown["label"] != "")]
    colour = alt.condition("datum.is_dark", alt.value("white"), alt.value(INK))
    text = _base(rows).mark_text(align="left", dx=5, fontSize=11, cursor="pointer")
    return text.encode(y=_rows(shown), text="label:N", color=colour)


def _beyond(shown: pd.DataFrame) -> alt.Chart:
    """At the right edge of a bar that goes on behind it: until when."""
    rows = shown[shown["is_seen"] & (shown["beyond"] != "")]
    colour = alt.condition("datum.is_dark", alt.value("white"), alt.value(INK))
    text = _base(rows).mark_text(align="right", dx=-6, fontSize=11, cursor="pointer")
    return text.encode(y=_rows(shown), x="until:T", text="beyond:N", color=colour)


def _ends(shown: pd.DataFrame) -> tuple[alt.Chart, ...]:
    """The day from which a contract is ended, as a stroke with the word, on a light edge over the date's line."""
    rows = _base(shown[shown["is_seen"] & (shown["state"] == ENDED)]).encode(y=_rows(shown))
    word: dict[str, Any] = {"align": "left", "dx": 6, "fontSize": 11}
    edge = rows.mark_text(**word, color="white", stroke="white", strokeWidth=4).encode(text="state:N")
    text = rows.mark_text(**word, color=INK).encode(text="state:N")
    return rows.mark_tick(thickness=3, size=BAR + 6, color=INK), edge, text


def _date(day: date, shown: pd.DataFrame) -> tuple[alt.Chart, alt.Chart]:
    """The date that all is seen from, a line behind the bars, named in a row of its own above them."""
    at = alt.Chart(pd.DataFrame({"from": [str(day)], "row": [DAY_ROW], "words": [f"{day.day} {day:%B %Y}"]}))
    words = at.mark_text(align="left", dx=6, fontWeight="bold", color=INK)
    return at.mark_rule(color=INK, strokeWidth=2), words.encode(y=_rows(shown), text="words:N")


def _title(start: date, end: date) -> alt.TitleParams:
    words = "A bar ends where another version takes over (light: earlier ones); proposed ones stand below, dashed."
    edges = f"Drawn from {start} to {end}: ◂ began before, ▸ goes on. Click a row to choose its contract."
    return alt.TitleParams("Which version holds when", subtitle=[words, edges])
