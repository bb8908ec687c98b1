"""What the charts show: money on the right side, each currency for itself, names and sentences a person can read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import vl_convert
from stored_close import a_close

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
