"""What the charts show: money on the right side, each currency for itself, names and sentences a person can read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import vl_convert
from stored_close import a_close, a_diagnosed_close

from recon import charts, review

PARTIES = pd.DataFrame(
    [
        ("Northwind Outdoor", "USD", Decimal("48340.21"), Decimal("47000.01"), Decimal("-1340.20")),
        ("Acme Reviews", "EUR", Decimal("477.08"), Decimal("477.08"), Decimal("0.00")),
        ("A very long name of a publisher on the far side", "USD", Decimal("0.00"), Decimal("75.00"), Decimal("75.00")),
    ],
    columns=["counterparty", "currency", "expected_amount", "billed_amount", "variance"],
    dtype=object,
)  # fmt: skip


def rows_of(chart: Any) -> list[dict[str, Any]]:
    """Every row that a chart draws from, of all its panels."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def drawn(chart: Any) -> str:
    """The chart as SVG: what it looks like, in text."""
    return vl_convert.vegalite_to_svg(chart.to_dict())


def test_over_and_under_are_told_apart_and_labelled_in_money() -> None:
    rows = {row["counterparty"]: row for row in rows_of(charts.variances(PARTIES)) if "counterparty" in row}
    assert rows["Northwind Outdoor"]["side"] == "under-billed or under-paid"
    assert rows["Northwind Outdoor"]["label"] == "USD −1,340.20"
    assert "Acme Reviews" not in rows, "nothing is drawn for those billed as expected"


def test_each_currency_has_a_panel_of_its_own() -> None:
    both = PARTIES.assign(variance=[Decimal(1), Decimal(2), Decimal(3)])
    titles = [panel["layer"][1]["encoding"]["x"]["title"] for panel in charts.variances(both).to_dict()["vconcat"]]
    assert titles == ["EUR, billed − expected", "USD, billed − expected"]


def test_long_names_are_shortened_and_amounts_never_scientific() -> None:
    svg = drawn(charts.variances(PARTIES))
    assert "A very long name of a pub…" in svg
    assert "e+" not in svg and "−1,340.20" in svg


def test_nothing_to_show_is_said_in_a_sentence() -> None:
    none = PARTIES[PARTIES["variance"] == 0]
    assert "billed as expected" in drawn(charts.variances(none))
    assert "no lines" in drawn(charts.expected_and_billed(PARTIES.head(0)))
    assert "no events" in drawn(charts.fates(review.fate_counts(a_close().fates.head(0)), ""))


def test_expected_and_billed_stand_side_by_side() -> None:
    rows = {row["counterparty"]: row for row in rows_of(charts.expected_and_billed(PARTIES))}
    assert rows["Northwind Outdoor"]["expected_text"] == "USD 48,340.21"
    assert rows["Northwind Outdoor"]["billed"] == 47000.01


def test_fates_show_their_number_and_part_of_all() -> None:
    counts = review.fate_counts(
        pd.DataFrame({"fate": ["billable", "ivt"], "quantity": [Decimal(3), Decimal(1)]}, dtype=object)
    )
    rows = rows_of(charts.fates(counts, "How they ended"))
    assert [row["label"] for row in rows] == ["3  (75.0%)", "1  (25.0%)"]
    assert [row["is_counted"] for row in rows] == [True, False]


def test_the_frames_keep_their_decimals() -> None:
    before = PARTIES.copy(deep=True)
    charts.variances(PARTIES), charts.expected_and_billed(PARTIES)
    pd.testing.assert_frame_equal(before, PARTIES)


def test_pictures_are_the_same_every_time() -> None:
    assert drawn(charts.variances(PARTIES)) == drawn(charts.variances(PARTIES))


def test_a_close_draws_without_a_float_among_its_amounts() -> None:
    lines = a_close().lines
    assert "KWD" not in drawn(charts.variances(review.by_counterparty(lines)))
    assert "KWD" in drawn(charts.expected_and_billed(review.by_counterparty(lines)))


def bridge() -> tuple[pd.DataFrame, pd.DataFrame]:
    close = a_diagnosed_close()
    return review.bridge_steps(close, close.lines), review.causes(close, close.lines, "money")


def test_a_waterfall_goes_from_expected_over_its_causes_to_billed() -> None:
    rows = [row for row in rows_of(charts.waterfall(bridge()[0])) if row["currency"] == "USD"]
    assert [row["step"] for row in rows] == ["expected", "missing line", "rounding grain", "unexplained", "billed"]
    assert [row["label"] for row in rows][1:4] == ["USD −1,340.21", "USD +0.03", "USD +74.98"]
    assert [row["end"] for row in rows[:-2]] == [row["start"] for row in rows[1:-1]], "each starts where one ended"
    assert rows[-2]["end"] == rows[-1]["end"]


def test_the_scale_says_where_it_starts() -> None:
    assert "not at zero" in drawn(charts.waterfall(bridge()[0])), "1 340 of 48 000 would be a hair"
    rows = [
        ("USD", "expected", "expected", "total", Decimal(0), Decimal(90), Decimal(90), None),
        ("USD", "missing_line", "missing line", "cause", Decimal(90), Decimal(10), Decimal(-80), 1),
        ("USD", "billed", "billed", "total", Decimal(0), Decimal(10), Decimal(10), None),
    ]
    large = pd.DataFrame(rows, columns=list(bridge()[0]), dtype=object)
    assert "not at zero" not in drawn(charts.waterfall(large)), "what is large enough is drawn from zero"


def test_layers_share_their_axes_and_bars_have_no_rounded_corners() -> None:
    chart = charts.waterfall(bridge()[0]).to_dict()
    for panel in chart["vconcat"]:
        drawn_on = {layer["encoding"]["y"]["field"] for layer in panel["layer"]}
        assert drawn_on == {"step"}
    assert "cornerRadius" not in str(chart)


def test_the_bars_of_both_sides_share_one_click() -> None:
    steps, ranked = bridge()
    chart = charts.why(steps, ranked, "money").to_dict()
    (param,) = chart["params"]
    assert param["select"] == {"type": "point", "fields": ["currency", "cause"], "toggle": False}
    units = {layer.get("name") for row in chart["vconcat"] for panel in row["hconcat"] for layer in panel["layer"]}
    assert set(param["views"]) <= units and len(param["views"]) == 4


def test_a_waterfall_may_cross_zero() -> None:
    rows = [
        ("USD", "expected", "expected", "total", Decimal(0), Decimal(-3), Decimal(-3), None),
        ("USD", "fx_date", "fx date", "cause", Decimal(-3), Decimal(5), Decimal(8), 1),
        ("USD", "billed", "billed", "total", Decimal(0), Decimal(5), Decimal(5), None),
    ]
    steps = pd.DataFrame(rows, columns=list(bridge()[0]), dtype=object)
    assert [(row["start"], row["end"]) for row in rows_of(charts.waterfall(steps))] == [(0, -3), (-3, 5), (0, 5)]


def test_causes_say_their_money_or_their_lines() -> None:
    close = a_diagnosed_close()
    money = rows_of(charts.causes(review.causes(close, close.lines, "money"), "money"))
    assert "USD 75.02 (net +74.98)" in [row["label"] for row in money], "over and under in one cause"
    count = {row["cause"]: row for row in rows_of(charts.causes(review.causes(close, close.lines, "count"), "count"))}
    assert count["unexplained"]["label"] == "2 lines · USD +74.98"
    assert count["third_party_missing"]["kind"] == "tolerated, or nets to zero"


def test_no_variance_is_a_sentence_in_place_of_a_bridge() -> None:
    steps, ranked = (frame.head(0) for frame in bridge())
    for chart in (charts.why(steps, ranked, "money"), charts.waterfall(steps), charts.causes(ranked, "count")):
        assert "no variance" in drawn(chart)
