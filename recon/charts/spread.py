"""Where the variance sits: counterparties down, causes as the parts of their bars."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from recon.charts.look import QUIET, ROW, WIDTH, Panel, amounts, by_currency, floats, money, said, stacked

# colours that colour-blind people tell apart; orange and blue stay kept for over and under
COLOURS = ["#1f3a5f", "#009e73", "#b8860b", "#cc79a7", "#7f6b9b", "#56b4e9", "#8c510a"]
REST, REST_COLOUR = "other causes", QUIET


def by_cause(rows: pd.DataFrame) -> Panel:
    """The findings' money per counterparty, cut by cause, over to the right and under to the left.

    `rows`: counterparty, currency, cause, amount, lines (see `review.by_party_and_cause`); a panel per currency.
    """
    panels = [_panel(currency, own) for currency, own in by_currency(rows)]
    title = alt.TitleParams("Who, and why", subtitle="Variance per counterparty, cut by its causes")
    if not panels:
        return said("There is no variance.")
    return stacked(panels, title, color="independent", stroke="independent")


def _panel(currency: str, rows: pd.DataFrame) -> Any:
    shown = pd.DataFrame(
        {
            "counterparty": rows["counterparty"], "cause": rows["cause"], "amount": floats(rows["amount"]),
            "label": [money(amount, currency, is_signed=True) for amount in rows["amount"]],
            "lines": rows["lines"].astype(int),
        }
    )  # fmt: skip
    sizes = shown.assign(size=shown["amount"].abs()).groupby("counterparty")["size"].sum()
    order = list(sizes.sort_values(ascending=False).index)
    scale = _colours(shown)
    colour = alt.Color("part:N", scale=scale, legend=alt.Legend(columns=3))
    edge = alt.Stroke("part:N", scale=scale, legend=None)
    x = alt.X("amount:Q", title=f"{currency}, billed − expected", axis=amounts(sizes.max()))
    y = alt.Y("counterparty:N", sort=order, title=None, axis=alt.Axis(minExtent=150, grid=False, labelLimit=200))
    tips = ["counterparty:N", "cause:N", alt.Tooltip("label:N", title="amount"), "lines:Q"]
    bars = alt.Chart(shown).mark_bar(height=15, strokeWidth=1.5)
    bars = bars.encode(x=x, y=y, color=colour, stroke=edge, tooltip=tips)
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=QUIET).encode(x="at:Q")
    return alt.layer(bars, zero).properties(width=WIDTH, height=alt.Step(ROW))


def _colours(shown: pd.DataFrame) -> alt.Scale:
    """A colour for each of the causes with most money; the others share one. Sets what each bar is a `part` of."""
    sizes = shown.assign(size=shown["amount"].abs()).groupby("cause")["size"].sum().sort_values(ascending=False)
    named = list(sizes.index[: len(COLOURS)])
    shown["part"] = [cause if cause in named else REST for cause in shown["cause"]]
    rest = [REST] if len(sizes) > len(named) else []
    return alt.Scale(domain=[*named, *rest], range=[*COLOURS[: len(named)], *([REST_COLOUR] if rest else [])])
