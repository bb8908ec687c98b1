"""A conversion on a time axis: a lane per contract with its version, its windows and the touches in them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import altair as alt
import pandas as pd

from recon.charts.look import BILLED, INK, OVER, QUIET, UNDER, Panel, said, titled

STEP, LABEL = 36, 0.32  # pixels of a lane; the part of the axis that an instant's words take
SHADES = {"version": ("#e9edf2", 30), "click window": ("#cfe3f3", 20), "view window": ("#9cc4e4", 10)}
STATES = {"wins": OVER, "shares": OVER, "qualifies": UNDER, "does not qualify": "#ffffff", "out of reach": "#ffffff"}
EDGES = {"wins": OVER, "shares": OVER, "qualifies": UNDER, "does not qualify": INK, "out of reach": QUIET}
SHAPES = {"click": "circle", "view": "square"}
ROLES = {"conversion": INK, "cut-off": "#7f6b9b", "reversal": "#9c2a5b", "month": QUIET, "lock": BILLED}


def path(
    spans: pd.DataFrame, touches: pd.DataFrame, instants: pd.DataFrame, bounds: tuple[datetime, datetime],
    title: tuple[str, str],
) -> Panel:  # fmt: skip
    """Touches, windows, version bounds and the instants that decide, on the clocks of one zone.

    `spans`: lane, what, role, first, last (None: no end); `touches`: lane, at, kind, touch, partner, state, told;
    `instants`: at, words, role, lane (empty: all); `bounds`: from when to when; times as the zone's clocks show them.
    """
    if spans.empty and touches.empty:
        return said("No touch was in anybody's reach: there is nothing to draw.")
    whole = _at(instants[instants["lane"] == ""], bounds)
    heads = _packed(whole, bounds)
    lanes = [*dict.fromkeys(heads["lane"]), *dict.fromkeys([*spans["lane"], *touches["lane"]])]
    y = alt.Y("lane:N", title=None, scale=alt.Scale(domain=lanes), axis=_names())
    behind = [_stretches(spans, y, bounds), _begins(spans, y, bounds), _rules(whole), *_heads(heads, y)]
    chart: Any = alt.layer(*behind, *_locks(instants, y, bounds), *_touches(touches, y, bounds))
    chart = chart.encode(x=_axis(bounds)).properties(width="container", height=alt.Step(STEP))
    chart = titled(chart, alt.TitleParams(title[0], subtitle=title[1]))
    own: Panel = chart.resolve_scale(color="independent", fill="independent", stroke="independent")
    return own


def _packed(instants: pd.DataFrame, bounds: tuple[datetime, datetime]) -> pd.DataFrame:
    """Instants in as few rows above the lanes as keep their words apart; near the right edge they stand on the left."""
    start, end = (_moment(one) for one in bounds)
    taken: list[float] = []
    places = []
    for at in instants.sort_values("first")["first"]:
        part = (at - start) / (end - start)
        is_late = part > 1 - LABEL
        left = part - LABEL if is_late else part
        row = next((n for n, until in enumerate(taken) if until <= left), len(taken))
        taken[row:] = [left + LABEL, *taken[row + 1 :]]
        places.append({"lane": " " * (row + 1), "is_late": is_late})
    named = instants.sort_values("first").reset_index(drop=True).drop(columns="lane")
    return named.join(pd.DataFrame(places, columns=["lane", "is_late"]))


def _moment(at: datetime) -> int:
    """Milliseconds as scales count, of a clock's reading taken for UTC: no reader's zone moves it."""
    return int(at.replace(tzinfo=timezone.utc).timestamp() * 1000)


def _axis(bounds: tuple[datetime, datetime]) -> alt.X:
    scale = alt.Scale(type="utc", domain=[_moment(one) for one in bounds], nice=False, clamp=True)
    is_close = (bounds[1] - bounds[0]).days < 3
    axis = alt.Axis(orient="top", format="%-d %b %H:%M" if is_close else "%-d %b", labelOverlap=True, tickCount=10)
    return alt.X("first:T", title=None, scale=scale, axis=axis)


def _names() -> alt.Axis:
    return alt.Axis(labelLimit=280, minExtent=270, grid=False, labelPadding=8)


def _stretches(spans: pd.DataFrame, y: alt.Y, bounds: tuple[datetime, datetime]) -> alt.Chart:
    """Version, click window, view window: each narrower and darker than the one before."""
    rows = [
        {"lane": one["lane"], "what": one["what"], "role": one["role"], **_cut(one["first"], one["last"], bounds)}
        for one in spans.to_dict("records")
        if one["first"] < bounds[1] and (one["last"] is None or one["last"] > bounds[0])
    ]
    shown = pd.DataFrame(rows, columns=["lane", "what", "role", "first", "last"])
    roles = list(SHADES)
    colour = alt.Color("role:N", scale=alt.Scale(domain=roles, range=[SHADES[one][0] for one in roles]))
    height = alt.Size("role:N", scale=alt.Scale(domain=roles, range=[SHADES[one][1] for one in roles]), legend=None)
    tips = [alt.Tooltip("lane:N", title="contract"), alt.Tooltip("what:N", title="stretch")]
    return alt.Chart(shown).mark_bar().encode(y=y, x2="last:T", color=colour, size=height, tooltip=tips)


def _cut(first: datetime, last: datetime | None, bounds: tuple[datetime, datetime]) -> dict[str, int]:
    return {"first": _moment(max(first, bounds[0])), "last": _moment(min(last or bounds[1], bounds[1]))}


def _at(rows: pd.DataFrame, bounds: tuple[datetime, datetime]) -> pd.DataFrame:
    """Instants within the axis, placed on it."""
    is_within = [bounds[0] <= at <= bounds[1] for at in rows["at"]]
    kept = rows[pd.Series(is_within, index=rows.index, dtype=bool)]
    return kept.drop(columns="at").assign(
        first=[_moment(at) for at in kept["at"]], told_at=[_told(at) for at in kept["at"]]
    )


def _told(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")


def _coloured(channel: Any) -> Any:
    return channel("role:N", scale=alt.Scale(domain=list(ROLES), range=list(ROLES.values())), legend=None)


def _begins(spans: pd.DataFrame, y: alt.Y, bounds: tuple[datetime, datetime]) -> alt.Chart:
    """Where a version begins or ends within the axis: a stroke across its lane."""
    versions = spans[spans["role"] == "version"]
    edges = [
        (one["lane"], at, one["what"]) for one in versions.to_dict("records") for at in (one["first"], one["last"])
    ]
    rows = pd.DataFrame([one for one in edges if one[1] is not None], columns=["lane", "at", "what"])
    drawn = alt.Chart(_at(rows, bounds)).mark_tick(thickness=2, size=30, color=INK)
    return drawn.encode(y=y, tooltip=[alt.Tooltip("what:N", title="version"), alt.Tooltip("told_at:N", title="edge")])


def _rules(instants: pd.DataFrame) -> alt.Chart:
    """The instants of all lanes as lines from top to bottom."""
    dashes = alt.condition("datum.role == 'conversion'", alt.value([1, 0]), alt.value([4, 3]))
    tips = [alt.Tooltip("words:N", title="instant"), alt.Tooltip("told_at:N", title="on these clocks")]
    drawn = alt.Chart(instants).mark_rule(strokeWidth=1.5)
    return drawn.encode(color=_coloured(alt.Color), strokeDash=dashes, tooltip=tips)


def _heads(heads: pd.DataFrame, y: alt.Y) -> list[alt.Chart]:
    """Each instant's words beside its line, above the lanes."""
    shown = heads.assign(label=heads["words"] + " · " + heads["told_at"])
    sides: tuple[tuple[bool, dict[str, Any]], ...] = (
        (False, {"align": "left", "dx": 6, "fontSize": 11}), (True, {"align": "right", "dx": -6, "fontSize": 11}),
    )  # fmt: skip
    drawn = []
    for is_late, placed in sides:
        base = alt.Chart(shown[shown["is_late"] == is_late]).encode(y=y, text="label:N")
        halo = base.mark_text(**placed, color="white", stroke="white", strokeWidth=4)
        drawn += [halo, base.mark_text(**placed).encode(color=_coloured(alt.Color))]
    return drawn


def _locks(instants: pd.DataFrame, y: alt.Y, bounds: tuple[datetime, datetime]) -> list[alt.Chart]:
    """What decides in one lane alone: the end of its lock date."""
    own = _at(instants[instants["lane"] != ""], bounds)
    base = alt.Chart(own).encode(y=y, color=_coloured(alt.Color), tooltip=[alt.Tooltip("words:N", title="lock")])
    text = base.mark_text(align="right", dx=-6, fontSize=11).encode(text="words:N")
    return [base.mark_tick(thickness=3, size=30), text]


def _touches(touches: pd.DataFrame, y: alt.Y, bounds: tuple[datetime, datetime]) -> list[alt.Chart]:
    """Clicks round, views square: the winner filled in orange and named, those that qualify in blue, others hollow."""
    shown = _at(touches, bounds)
    states = list(STATES)
    present = [state for state in states if state in set(shown["state"])]
    legend = alt.Legend(values=present, symbolStrokeColor=INK, symbolSize=90)
    fill = alt.Fill("state:N", scale=alt.Scale(domain=states, range=list(STATES.values())), legend=legend)
    edge = alt.Stroke("state:N", scale=alt.Scale(domain=states, range=list(EDGES.values())), legend=None)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())))
    names = {
        "touch": "touch",
        "kind": "kind",
        "partner": "partner",
        "told": "how it counts",
        "told_at": "on these clocks",
    }
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in names.items()]
    points = alt.Chart(shown).mark_point(size=110, strokeWidth=1.8, opacity=1)
    winner = alt.Chart(shown[shown["state"].isin(["wins", "shares"])]).mark_text(dy=-17, fontSize=11, color=INK)
    return [
        points.encode(y=y, fill=fill, stroke=edge, shape=shape, tooltip=tips),
        winner.encode(y=y, text="touch:N"),
    ]
