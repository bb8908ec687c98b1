"""What the pages are told: filters, sums per currency, a line's story, its steps and its events."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pandas as pd
import pytest
from stored_close import a_close

from recon import review
from recon.problems import BadInput
from recon.review.words import all_shown, shown


def line(item: str) -> pd.DataFrame:
    lines = review.lines_table(a_close().lines)
    return lines[lines["item"] == item]


def test_the_headline_says_what_is_open_and_what_was_left_out() -> None:
    words = review.headline(a_close())
    assert "4 of 9 lines are open" in words and "5 rows set aside" in words and "not priced: kumo-press" in words


def test_open_lines_are_those_beyond_tolerance() -> None:
    assert list(review.passing(a_close(), status=review.OPEN)["item"]) == [
        "OLD-1",
        "NW-CTV-PRIME",
        "NW-CTV-RUN",
        "lead",
    ]


def test_filters_are_joined() -> None:
    assert list(review.passing(a_close(), counterparty="Northwind Outdoor", status="missing")["item"]) == [
        "NW-CTV-PRIME"
    ]


def test_a_link_to_something_unknown_shows_all() -> None:
    assert review.chosen(a_close(), "currency", "XXX") == review.ALL
    assert review.chosen(a_close(), "currency", "JPY") == "JPY"


def test_totals_are_per_currency_with_net_and_gross() -> None:
    cards = {card["label"][:3]: card for card in review.totals(a_close().lines)}
    assert cards["USD"]["value"] == "−1,265.20" and "gross 1,415.22" in cards["USD"]["caption"]
    assert cards["JPY"]["value"] == "0" and cards["KWD"]["caption"].startswith("expected 2.919")


def test_sums_per_counterparty_are_exact() -> None:
    parties = review.by_counterparty(a_close().lines).set_index(["counterparty", "currency"])
    assert parties.loc[("Northwind Outdoor", "USD"), "variance"] == Decimal("-1340.20")
    assert parties.loc[("(no contract)", "USD"), "billed_amount"] == Decimal("75.00")


def test_a_chosen_line_is_told_with_its_findings() -> None:
    assert "expected 1340.21" in review.said_of_line(a_close(), line("NW-CTV-PRIME"))
    assert "as expected" in review.said_of_line(a_close(), line("SK-1"))
    assert "No line chosen" in review.said_of_line(a_close(), line("nothing"))


def test_steps_of_a_line_stand_in_order() -> None:
    steps = review.workings_of(a_close(), line("NW-CTV-RUN"))
    assert list(steps["no"]) == ["1", "2", "3"] and list(steps["step"]) == [
        "version 1, rate 1",
        "version 2, rate 1",
        "rounded once",
    ]
    assert review.workings_of(a_close(), line("nothing")).empty


def test_only_cpa_lines_have_conversions_behind_them() -> None:
    assert review.has_decisions(a_close(), line("lead")) and not review.has_decisions(a_close(), line("SK-1"))


def test_conversions_of_a_step_are_those_of_its_price() -> None:
    rows = [{"conversion_id": f"c{n}", "item": "sale", "exact_amount": "12" if n < 3 else "4"} for n in range(5)]
    same = {
        "contract": "streamly-acme",
        "fate": "payable",
        "reason": None,
        "touch_id": "t",
        "version": 1,
        "rate": "12%",
        "amount": "1",
    }
    close = dataclasses.replace(a_close(), decisions=pd.DataFrame([{**same, **row} for row in rows], dtype=object))
    sale = review.lines_table(close.lines[(close.lines["item"] == "sale") & (close.lines["currency"] == "EUR")])
    steps = review.workings_of(close, sale)
    assert len(review.decisions_of(close, sale, steps.head(0))) == 5
    assert list(review.decisions_of(close, sale, steps.head(1))["conversion_id"]) == ["c0", "c1", "c2"]


def test_fates_of_an_item_are_counted_most_first() -> None:
    counts = review.fates_of(a_close(), line("SK-1"))
    assert list(counts["fate"]) == ["billable"] and list(counts["quantity"]) == [Decimal(2500)]


def test_what_was_left_out_is_in_words() -> None:
    words = review.left_out(a_close())
    assert "kumo-press" in words and "third_party" in words and "5 rows" in words


def test_long_quotients_are_cut_for_reading() -> None:
    assert review.readable("2 × 1/3") == "2 × 1/3"
    assert review.readable("= 11147502339331/8387306761644 EUR") == "= 1.3290920024… EUR"


def test_without_a_closed_month_it_says_what_to_do() -> None:
    class Nothing:
        folder = "demo"

    with pytest.raises(BadInput, match="recon close"):
        review.load(Nothing(), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_column_of_amounts_is_written_as_each_of_them(is_signed: bool) -> None:
    texts = ("0.00", "-0.01", "999", "1000.5", "-12345678901234567.89", "1E+3", "0.001", "-7")
    for currencies in (("USD", "JPY"), ("KWD", "USD"), ("USD", "USD")):
        amounts = pd.Series([Decimal(text) for text in texts], dtype=object)
        of = pd.Series([currencies[place % 2] for place in range(len(texts))])
        one_by_one = [shown(amount, name, is_signed=is_signed) for amount, name in zip(amounts, of, strict=True)]
        assert list(all_shown(amounts, of, is_signed=is_signed)) == one_by_one
        whole = amounts[amounts.map(lambda one: one == one.to_integral_value())]
        assert list(all_shown(whole, of[whole.index])) == [shown(whole[n], of[n]) for n in whole.index]
