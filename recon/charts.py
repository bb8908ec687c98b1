"""Charts of a close that a finance person reads at a glance; the only place where money becomes a float, for drawing.

They take the tables of `recon.review`, whose amounts are Decimals, one currency per panel: currencies are never
drawn on one scale. Orange is over, blue is under: a pair that colour-blind people tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import altair as alt
import pandas as pd

OVER, UNDER, EXPECTED, BILLED, QUIET, INK = "#d55e00", "#0072b2", "#c3ccd6", "#1f3a5f", "#8a97a6", "#1f2933"
WIDTH, ROW = 400, 26
LONGEST = 26  # letters of a name
SIDES = ["over-billed or over-paid", "under-billed or under-paid"]
Panel = alt.LayerChart | alt.FacetChart | alt.VConcatChart | alt.Chart


_TEXT: dict[str, Any] = {
    "labelColor": INK,
    "titleColor": QUIET,
    "labelFontSize": 12,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
}


@alt.theme.register("recon", enable=True)
def theme() -> alt.theme.ThemeConfig:
    """One calm look for all charts: plain type, light grid, no frame."""
    axis = {**_TEXT, "gridColor": "#e7ebf0", "domain": False, "ticks": False, "labelLimit": 220}
    title = {"anchor": "start", "color": INK, "fontSize": 14, "offset": 10}
    subtitle = {"subtitleColor": QUIET, "subtitleFontSize": 12}
    look: dict[str, Any] = {
        "font": "Arial, Helvetica, sans-serif",
        "background": "white",
        "view": {"stroke": None},
        "axis": axis,
        "title": {**title, **subtitle},
        "legend": {**_TEXT, "orient": "top", "title": None},
    }
    return {"config": look}  # type: ignore[typeddict-item]


def variances(parties: pd.DataFrame) -> Panel:
    """Billed − expected per counterparty, over to the right and under to the left, a panel per currency.

    `parties`: counterparty, currency, variance (see `review.by_counterparty`); equal ones are left out of the panels.
    """
    panels = [
        _variance_panel(currency, rows) for currency, rows in _by_currency(parties) if (rows["variance"] != 0).any()
    ]
    title = alt.TitleParams(
        "Billed against expected", subtitle="Difference per counterparty; nothing drawn means billed as expected"
    )
    return _stacked(panels, title) if panels else said("Every counterparty was billed as expected.")


def _variance_panel(currency: str, rows: pd.DataFrame) -> Panel:
    """Bars that leave zero to both sides, each with its money beside it."""
    rows = rows[rows["variance"] != 0]
    shown = pd.DataFrame(
        {
            "counterparty": rows["counterparty"],
            "variance": _floats(rows["variance"]),
            "label": [money(amount, currency, is_signed=True) for amount in rows["variance"]],
            "side": [SIDES[amount < 0] for amount in rows["variance"]],
        }
    )
    reach = shown["variance"].abs().max() * 1.9  # room for the labels at both ends
    scale = alt.Scale(domain=[-reach, reach])
    x = alt.X("variance:Q", title=f"{currency}, billed − expected", scale=scale, axis=_amounts(reach))
    colour = alt.Color("side:N", scale=alt.Scale(domain=SIDES, range=[OVER, UNDER]))
    tips = [alt.Tooltip("counterparty:N"), alt.Tooltip("label:N", title="variance")]
    base = alt.Chart(shown).encode(y=_parties(_by_size(shown)), x=x, tooltip=tips)
    right = base.transform_filter("datum.variance > 0").mark_text(align="left", dx=5, color=INK).encode(text="label:N")
    left = base.transform_filter("datum.variance < 0").mark_text(align="right", dx=-5, color=INK).encode(text="label:N")
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=QUIET).encode(x="at:Q")
    bars = base.mark_bar(height=15).encode(color=colour)
    return alt.layer(zero, bars, right, left).properties(width=WIDTH, height=alt.Step(ROW))


def expected_and_billed(parties: pd.DataFrame) -> Panel:
    """What was expected (light bar) and what was billed (dark mark) per counterparty, a panel per currency.

    `parties`: counterparty, currency, expected_amount, billed_amount (see `review.by_counterparty`).
    """
    panels = [_overview_panel(currency, rows) for currency, rows in _by_currency(parties)]
    title = alt.TitleParams(
        "Expected and billed", subtitle="Light bar: expected · dark mark: billed; where they meet, all is well"
    )
    return _stacked(panels, title) if panels else said("There are no lines.")


def _overview_panel(currency: str, rows: pd.DataFrame) -> Panel:
    shown = pd.DataFrame(
        {
            "counterparty": rows["counterparty"],
            "expected": _floats(rows["expected_amount"]),
            "billed": _floats(rows["billed_amount"]),
            "expected_text": [money(amount, currency) for amount in rows["expected_amount"]],
            "billed_text": [money(amount, currency) for amount in rows["billed_amount"]],
        }
    )
    most = shown[["expected", "billed"]].max(axis=1)
    order = list(shown.assign(most=most).sort_values("most", ascending=False)["counterparty"])
    told = {"counterparty": "counterparty", "expected_text": "expected", "billed_text": "billed"}
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in told.items()]
    base = alt.Chart(shown).encode(y=_parties(order), tooltip=tips)
    x = alt.X("expected:Q", title=currency, axis=_amounts(most.max()))
    bars = base.mark_bar(height=15, color=EXPECTED).encode(x=x)
    marks = base.mark_tick(thickness=3, size=21, color=BILLED).encode(x="billed:Q")
    return alt.layer(bars, marks).properties(width=WIDTH, height=alt.Step(ROW))


def fates(counts: pd.DataFrame, title: str) -> Panel:
    """How the events of a dataset ended, the counted ones in dark, each with its number and part of all.

    `counts`: fate, quantity, is_counted (see `review.fate_counts`).
    """
    if counts.empty:
        return said("There are no events.")
    total = sum(counts["quantity"], Decimal(0)) or Decimal(1)
    labels = [f"{quantity:,f}  ({quantity / total:.1%})" for quantity in counts["quantity"]]
    shown = pd.DataFrame(
        {
            "fate": counts["fate"],
            "quantity": _floats(counts["quantity"]),
            "label": labels,
            "is_counted": counts["is_counted"].astype(bool),
        }
    )
    x = alt.X("quantity:Q", title=None, axis=None, scale=alt.Scale(domain=[0, shown["quantity"].max() * 1.35]))
    base = alt.Chart(shown).encode(y=alt.Y("fate:N", sort=None, title=None), x=x, tooltip=["fate:N", "label:N"])
    bars = base.mark_bar(height=15).encode(
        color=alt.condition("datum.is_counted", alt.value(BILLED), alt.value(EXPECTED))
    )
    text = base.mark_text(align="left", dx=5, color=INK).encode(text="label:N")
    return alt.layer(bars, text).properties(width=WIDTH, height=alt.Step(ROW), title=title)


def said(sentence: str) -> Panel:
    """A sentence in place of a chart that has nothing to draw."""
    shown = pd.DataFrame({"sentence": [sentence]})
    return (
        alt.Chart(shown)
        .mark_text(align="left", fontSize=13, color=QUIET)
        .encode(x=alt.value(0), text="sentence:N")
        .properties(width=WIDTH, height=30)
    )


def money(amount: Decimal, currency: str, *, is_signed: bool = False) -> str:
    """An amount as charts write it: thousands apart, a true minus, the currency in front.

    >>> money(Decimal("-1234.50"), "USD"), money(Decimal("20"), "JPY", is_signed=True)
    ('USD −1,234.50', 'JPY +20')
    """
    sign = "−" if amount < 0 else "+" if is_signed and amount > 0 else ""
    return f"{currency} {sign}{abs(amount):,f}"


def _by_currency(parties: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(currency), rows) for currency, rows in parties.groupby("currency", sort=True)]


def _by_size(shown: pd.DataFrame) -> list[str]:
    order = shown.assign(size=shown["variance"].abs()).sort_values(["size", "counterparty"], ascending=[False, True])
    return list(order["counterparty"])


def _floats(amounts: Iterable[Any]) -> list[float]:
    return [float(amount) for amount in amounts]


def _parties(order: list[str]) -> alt.Y:
    """Counterparties from top to bottom, long names shortened, every panel's names equally wide."""
    text = f"length(datum.label) > {LONGEST} ? slice(datum.label, 0, {LONGEST - 1}) + '…' : datum.label"
    return alt.Y("counterparty:N", sort=order, title=None, axis=alt.Axis(labelExpr=text, minExtent=150, grid=False))


def _amounts(reach: float) -> alt.Axis:
    """An axis of money: whole units, decimals where all is below a few units; never 1e+3."""
    return alt.Axis(format=",.0f" if reach >= 5 else ",.2f", tickCount=4)


def _stacked(panels: Sequence[Any], title: alt.TitleParams) -> Panel:
    return alt.vconcat(*panels, spacing=14, title=title).resolve_scale(color="shared")
