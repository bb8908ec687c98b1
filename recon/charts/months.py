"""A month beside others and beside its days: ageing of open items, the trend of variance, a line day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from recon.charts.look import (
    BILLED,
    EXPECTED,
    INK,
    OVER,
    QUIET,
    SIDES,
    UNDER,
    WIDTH,
    Panel,
    amounts,
    by_currency,
    floats,
    money,
    said,
    stacked,
    titled,
)

AGES = ["0–30", "31–60", "61–90", "90+"]
DECISIONS = {
    "no decision yet": OVER, "accept": BILLED, "dispute": UNDER, "timing": QUIET, "waive": EXPECTED,
}  # fmt: skip
AMENDED = "#7f6b9b"
DAYS_WIDTH, PLOT = 860, 150


def ageing(items: pd.DataFrame) -> Panel:
    """Open items by age in days, gross, with what was decided about them; a panel per currency.

    `items`: currency, age, decision, amount, items (see `review.ages`).
    """
    panels = [_ages_panel(currency, rows) for currency, rows in by_currency(items)]
    title = alt.TitleParams("Age of open items", subtitle="Days since the end of their month; amounts without signs")
    return stacked(panels, title) if panels else said("Nothing is open.")


def _ages_panel(currency: str, rows: pd.DataFrame) -> Any:
    shown = pd.DataFrame(
        {
            "age": rows["age"], "decision": rows["decision"], "amount": floats(rows["amount"]),
            "label": [money(amount, currency) for amount in rows["amount"]], "items": rows["items"].astype(int),
        }
    )  # fmt: skip
    reach = shown.groupby("age")["amount"].sum().max()
    colour = alt.Color("decision:N", scale=alt.Scale(domain=list(DECISIONS), range=list(DECISIONS.values())))
    tips = ["age:N", "decision:N", alt.Tooltip("label:N", title="amount"), "items:Q"]
    y = alt.Y("age:N", sort=AGES, title=None, scale=alt.Scale(domain=AGES), axis=alt.Axis(minExtent=60, grid=False))
    x = alt.X("sum(amount):Q", title=f"{currency}, gross", axis=amounts(reach))
    bars = alt.Chart(shown).mark_bar(height=15).encode(x=x, y=y, color=colour, tooltip=tips)
    return bars.properties(width=WIDTH, height=alt.Step(24))


def trend(months: pd.DataFrame, order: Sequence[str]) -> Panel:
    """Variance per month, net as bars and gross as a mark, a panel per currency with a scale of its own.

    `months`: month, currency, run, is_locked, expected, billed, net, gross (see `review.trend`); `order` are the months
    along the axis, so that one that was not closed leaves a gap.
    """
    panels = [_trend_panel(currency, rows, order) for currency, rows in by_currency(months)]
    subtitle = "Bar: billed − expected · dark mark: without signs · only months that were closed"
    title = alt.TitleParams("Variance from month to month", subtitle=subtitle)
    return stacked(panels, title) if panels else said("No month was closed.")


def _trend_panel(currency: str, rows: pd.DataFrame, order: Sequence[str]) -> Any:
    shown = pd.DataFrame(
        {
            "month": rows["month"], "net": floats(rows["net"]), "gross": floats(rows["gross"]),
            "net_text": [money(amount, currency, is_signed=True) for amount in rows["net"]],
            "gross_text": [money(amount, currency) for amount in rows["gross"]],
            "side": [SIDES[amount < 0] for amount in rows["net"]],
            "state": ["locked" if one else "not locked" for one in rows["is_locked"]],
        }
    )  # fmt: skip
    reach = shown[["net", "gross"]].abs().to_numpy().max()
    titles = {"month": "month", "net_text": "net", "gross_text": "gross", "state": "state"}
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]
    x = alt.X(
        "month:N",
        sort=list(order),
        title=None,
        scale=alt.Scale(domain=list(order)),
        axis=alt.Axis(labelAngle=0, grid=False),
    )
    base = alt.Chart(shown).encode(x=x, tooltip=tips)
    y = alt.Y("net:Q", title=currency, axis=amounts(reach))
    colour = alt.Color("side:N", scale=alt.Scale(domain=SIDES, range=[OVER, UNDER]))
    bars = base.mark_bar(size=22).encode(y=y, color=colour)
    marks = base.mark_tick(thickness=3, size=30, color=BILLED, opacity=1).encode(y="gross:Q")
    return alt.layer(bars, marks).properties(width=alt.Step(48), height=PLOT)


def days(rows: pd.DataFrame, amendments: pd.DataFrame, currency: str) -> Panel:
    """A line day by day: what is expected where days have amounts, else how many events; amendments as marked lines.

    `rows`: day, quantity, amount (see `review.days_of`); `amendments`: day, told (see `review.amendments_of`).
    """
    if rows.empty:
        return said("No days are kept for this line.")
    is_money = rows["amount"].notna().all()
    values = rows["amount"] if is_money else rows["quantity"]
    label = [money(amount, currency) for amount in values] if is_money else [f"{count:,}" for count in values]
    shown = pd.DataFrame(
        {"day": [str(day) for day in rows["day"]], "value": floats(values), "label": label,
         "events": [f"{count:,}" for count in rows["quantity"]]}
    )  # fmt: skip
    x = alt.X("day:N", title=None, axis=alt.Axis(labelExpr="slice(datum.label, 8)", labelAngle=0, grid=False))
    title = f"{currency}, expected" if is_money else "events"
    y = alt.Y("value:Q", title=title, axis=amounts(shown["value"].max()))
    tips = ["day:N", alt.Tooltip("label:N", title=title), "events:N"]
    bars = alt.Chart(shown).mark_bar(color=EXPECTED).encode(x=x, y=y, tooltip=tips)
    drawn = alt.layer(bars, *_marks(amendments)).properties(width=DAYS_WIDTH, height=PLOT)
    own: Panel = titled(drawn, alt.TitleParams("Per UTC day"))
    return own


def _marks(amendments: pd.DataFrame) -> list[alt.Chart]:
    """A line where an amendment came into force, with its words beside it."""
    if amendments.empty:
        return []
    at = pd.DataFrame({"day": [str(day) for day in amendments["day"]], "told": amendments["told"]})
    base = alt.Chart(at).encode(x="day:N")
    words = base.mark_text(align="left", dx=5, color=INK, fontSize=11).encode(y=alt.value(-6), text="told:N")
    return [base.mark_rule(color=AMENDED, strokeWidth=2, strokeDash=[4, 3]), words]
