"""The look that all charts share: one theme, colours that colour-blind people tell apart, money as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

import altair as alt
import pandas as pd
import vl_convert

OVER, UNDER, EXPECTED, BILLED, QUIET, INK = "#d55e00", "#0072b2", "#c3ccd6", "#1f3a5f", "#8a97a6", "#1f2933"
WIDTH, ROW = 330, 26
LONGEST = 26  # letters of a name
SIDES = ["over-billed or over-paid", "under-billed or under-paid"]
FAINT = "#5b6876"  # words that stand back, still 5.7 : 1 on paper
PICTURE_WIDTH = 1000  # pixels of what is as wide as the page it stands on
Panel = alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart | alt.Chart


_TEXT: dict[str, Any] = {
    "labelColor": INK,
    "titleColor": FAINT,
    "labelFontSize": 12,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
}


@alt.theme.register("recon", enable=True)
def theme() -> alt.theme.ThemeConfig:
    """One calm look for all charts: plain type, light grid, no frame, and no menu: pages give pictures themselves."""
    axis = {**_TEXT, "gridColor": "#e7ebf0", "domain": False, "ticks": False, "labelLimit": 220}
    title = {"anchor": "start", "color": INK, "fontSize": 14, "offset": 10}
    subtitle = {"subtitleColor": FAINT, "subtitleFontSize": 12}
    look: dict[str, Any] = {
        "font": "Arial, Helvetica, sans-serif",
        "background": "white",
        "view": {"stroke": None},
        "axis": axis,
        "title": {**title, **subtitle},
        "legend": {**_TEXT, "orient": "top", "title": None},
    }
    return {"config": look, "usermeta": {"embedOptions": {"actions": False}}}  # type: ignore[typeddict-item]


def said(sentence: str) -> Panel:
    """A sentence in place of a chart that has nothing to draw."""
    shown = pd.DataFrame({"sentence": [sentence]})
    return (
        alt.Chart(shown)
        .mark_text(align="left", fontSize=13, color=FAINT)
        .encode(x=alt.value(0), text="sentence:N")
        .properties(width=WIDTH, height=30, description=sentence)
    )


def money(amount: Decimal, currency: str, *, is_signed: bool = False) -> str:
    """An amount as charts write it: thousands apart, a true minus, the currency in front.

    >>> money(Decimal("-1234.50"), "USD"), money(Decimal("20"), "JPY", is_signed=True)
    ('USD −1,234.50', 'JPY +20')
    """
    sign = "−" if amount < 0 else "+" if is_signed and amount > 0 else ""
    return f"{currency} {sign}{abs(amount):,f}"


def by_currency(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """A frame cut by its currencies: each gets a panel of its own."""
    return [(str(currency), own) for currency, own in rows.groupby("currency", sort=True)]


def floats(amounts: Iterable[Any]) -> list[float]:
    """Amounts as positions on a scale: for drawing alone."""
    return [float(amount) for amount in amounts]


def amounts(reach: float) -> alt.Axis:
    """An axis of money: whole units, decimals where all is below a few units; never 1e+3."""
    return alt.Axis(format=",.0f" if reach >= 5 else ",.2f", tickCount=4)


def stacked(panels: Sequence[Any], title: alt.TitleParams, **keys: Literal["shared", "independent"]) -> Panel:
    """Panels under one title, with one key to their colours, or a key each.

    All is said as they are joined: each later word would copy every panel again, which takes most of a click's time.
    """
    resolve = alt.Resolve(scale=alt.ScaleResolveMap(**{"color": "shared", **keys}))
    return alt.vconcat(*panels, spacing=14, resolve=resolve, title=title, description=_described(title))


def titled(chart: Any, title: alt.TitleParams) -> Any:
    """A chart with its title, which is also read out to those who can't see it."""
    return chart.properties(title=title, description=_described(title))


def _described(title: alt.TitleParams) -> str:
    under = title.subtitle if isinstance(title.subtitle, (str, list)) else []
    words = [title.text, *([under] if isinstance(under, str) else under)]
    return ". ".join(map(str, words))


def svg(chart: Panel) -> str:
    """A chart as an SVG element, drawn here: nothing is fetched when it is shown."""
    return str(vl_convert.vegalite_to_svg(_on_paper(chart)))


def png(chart: Panel) -> bytes:
    """A chart as a picture at twice the size of the screen's, for slides and letters."""
    return bytes(vl_convert.vegalite_to_png(_on_paper(chart), scale=2))


def _on_paper(chart: Panel) -> dict[str, Any]:
    """A chart as Vega-Lite, where no page gives it a width with one of its own."""
    drawn: dict[str, Any] = chart.to_dict()
    return {**drawn, "width": PICTURE_WIDTH} if drawn.get("width") == "container" else drawn
