"""What was billed against what was expected per counterparty, and how events ended."""

from __future__ import annotations

from decimal import Decimal

import altair as alt
import pandas as pd

from recon.charts.look import (
    BILLED,
    EXPECTED,
    INK,
    LONGEST,
    OVER,
    QUIET,
    ROW,
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


def variances(parties: pd.DataFrame) -> Panel:
    """Billed − expected per counterparty, over to the right and under to the left, a panel per currency.

    `parties`: counterparty, currency, variance (see `review.by_counterparty`); equal ones are left out of the panels.
    """
    panels = [
        _variance_panel(currency, rows) for currency, rows in by_currency(parties) if (rows["variance"] != 0).any()
    ]
    title = alt.TitleParams(
        "Billed against expected", subtitle="Difference per counterparty; nothing drawn means billed as expected"
    )
    return stacked(panels, title) if panels else said("Every counterparty was billed as expected.")


def _variance_panel(currency: str, rows: pd.DataFrame) -> Panel:
    """Bars that leave zero to both sides, each with its money beside it."""
    rows = rows[rows["variance"] != 0]
    shown = pd.DataFrame(
        {
            "counterparty": rows["counterparty"],
            "variance": floats(rows["variance"]),
            "label": [money(amount, currency, is_signed=True) for amount in rows["variance"]],
            "side": [SIDES[amount < 0] for amount in rows["variance"]],
        }
    )
    reach = shown["variance"].abs().max() * 1.9  # room for the labels at both ends
    scale = alt.Scale(domain=[-reach, reach])
    x = alt.X("variance:Q", title=f"{currency}, billed − expected", scale=scale, axis=amounts(reach))
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
    panels = [_overview_panel(currency, rows) for currency, rows in by_currency(parties)]
    title = alt.TitleParams(
        "Expected and billed", subtitle="Light bar: expected · dark mark: billed; where they meet, all is well"
    )
    return stacked(panels, title) if panels else said("There are no lines.")


def _overview_panel(currency: str, rows: pd.DataFrame) -> Panel:
    shown = pd.DataFrame(
        {
            "counterparty": rows["counterparty"],
            "expected": floats(rows["expected_amount"]),
            "billed": floats(rows["billed_amount"]),
            "expected_text": [money(amount, currency) for amount in rows["expected_amount"]],
            "billed_text": [money(amount, currency) for amount in rows["billed_amount"]],
        }
    )
    most = shown[["expected", "billed"]].max(axis=1)
    order = list(shown.assign(most=most).sort_values("most", ascending=False)["counterparty"])
    told = {"counterparty": "counterparty", "expected_text": "expected", "billed_text": "billed"}
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in told.items()]
    base = alt.Chart(shown).encode(y=_parties(order), tooltip=tips)
    x = alt.X("expected:Q", title=currency, axis=amounts(most.max()))
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
            "quantity": floats(counts["quantity"]),
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
    return titled(alt.layer(bars, text).properties(width=WIDTH, height=alt.Step(ROW)), alt.TitleParams(title))


def _by_size(shown: pd.DataFrame) -> list[str]:
    order = shown.assign(size=shown["variance"].abs()).sort_values(["size", "counterparty"], ascending=[False, True])
    return list(order["counterparty"])


def _parties(order: list[str]) -> alt.Y:
    """Counterparties from top to bottom, long names shortened, every panel's names equally wide."""
    text = f"length(datum.label) > {LONGEST} ? slice(datum.label, 0, {LONGEST - 1}) + '…' : datum.label"
    return alt.Y("counterparty:N", sort=order, title=None, axis=alt.Axis(labelExpr=text, minExtent=150, grid=False))
