"""Why a month differs, as the page tells it: bars, the findings behind them, and each finding in its three views."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
from stored_close import a_close, a_diagnosed_close

from recon import review, views
from recon.close import StoredClose
from recon.diagnose.grades import cause_words


def closed() -> Any:
    return a_diagnosed_close()


def found(cause: str, close: Any = None) -> dict[str, Any]:
    table = review.findings_table(close or closed(), closed().lines, [])
    return review.finding_of(close or closed(), table[table["cause"] == cause_words(cause)])


def test_the_heading_counts_grades_and_names_what_is_left() -> None:
    words = review.why_heading(closed(), closed().lines)
    assert "6 findings: 1 proven, 2 consistent, 1 ambiguous, 2 unexplained" in words
    assert "unexplained USD +74.98" in words


def test_a_month_without_variance_says_so() -> None:
    close = a_close()
    equal = close.lines[close.lines["variance"] == 0]
    assert "no variance to explain" in review.why_heading(close, equal)
    assert not review.has_variance(close, equal) and review.has_variance(close, close.lines)


def test_remarks_on_no_line_are_told_where_every_line_is_shown() -> None:
    close = closed()
    assert "third_party_missing" in set(review.findings_of(close, close.lines)["cause"])
    some = review.passing(close, status=review.OPEN)
    assert "third_party_missing" not in set(review.findings_of(close, some)["cause"])


def test_the_bridge_starts_at_expected_and_ends_at_billed() -> None:
    steps = review.bridge_steps(closed(), closed().lines)
    usd = steps[steps["currency"] == "USD"]
    assert list(usd["step"]) == ["expected", "missing line", "rounding grain", "unexplained", "billed"]
    assert list(usd["amount"].iloc[1:-1]) == [Decimal("-1340.21"), Decimal("0.03"), Decimal("74.98")]
    assert list(usd["start"].iloc[1:-1]) == list(usd["end"].iloc[:-2])
    assert usd["end"].iloc[-2] == usd["end"].iloc[-1]
    assert set(steps["currency"]) == {"EUR", "USD"}, "nothing moves in the other currencies"


def test_causes_are_ranked_by_money_or_by_lines() -> None:
    money, count = (review.causes(closed(), closed().lines, by) for by in ("money", "count"))
    assert list(money[money["currency"] == "USD"]["cause"]) == ["missing_line", "unexplained", "rounding_grain"]
    assert count[count["currency"] == "USD"]["cause"].iloc[0] == "unexplained"
    assert "third_party_missing" in set(count["cause"]) - set(money["cause"])


def test_a_click_is_read_however_the_browser_tells_it() -> None:
    both = {"vlPoint": {"or": [{"currency": "USD", "cause": "fx_date"}]}, "currency": ["USD"], "cause": ["fx_date"]}
    assert review.clicked({"chosen": both}) == [("USD", "fx_date")]
    assert review.clicked({"chosen": {"currency": ["USD"], "cause": ["fx_date"]}}) == [("USD", "fx_date")]
    assert review.clicked({}) == [] == review.clicked({"chosen": {}})
    assert review.clicked({"chosen": {"currency": ["USD"], "cause": ["billed"]}}) == [], "a total is no cause"


def test_a_bar_lists_its_lines() -> None:
    table = review.findings_table(closed(), closed().lines, [("USD", "unexplained")])
    assert list(zip(table["item"], table["amount"], strict=True)) == [("OLD-1", "+75.00"), ("NW-CTV-RUN", "−0.02")]
    assert list(table["counterparty"]) == ["(no contract)", "Northwind Outdoor"]
    assert "unexplained in USD" in review.findings_title([("USD", "unexplained")])
    everything = review.findings_table(closed(), closed().lines, [])
    assert everything["amount"].iloc[0] == "−1,340.21" and len(everything) == 6


def test_grades_are_told_with_their_meaning_rivals_and_what_settles_them() -> None:
    words = review.finding_heading(found("eligibility_ignored"))
    assert "Ambiguous: two or more edits fit" in words
    assert "cap ignored, or window off" in words and "What would settle it: billing_details of line BL-9." in words
    assert "no other single edit fits" in review.finding_heading(found("rounding_grain"))


def test_the_sentence_can_be_pasted_as_it_stands() -> None:
    text = views.sentence_of(closed(), found("rounding_grain"))
    assert text.startswith("The segments were rounded one by one. (2026-10, run 1; finding 2026-10/northwind-ctv/")
    assert "&lt;b&gt;" in review.to_paste(closed(), {**found("rounding_grain"), "sentence": "<b>bold</b>"})


def test_workings_stand_side_by_side_with_changes_marked() -> None:
    close = closed()
    table = review.workings_beside(close, found("eligibility_ignored"))
    assert list(table["changed"]) == ["", ""] and list(table["ours"]) == list(table["theirs, under the edit"])
    theirs = close.finding_workings
    theirs["text"] = ["12 × 14", "10 × 14 = 140"]
    assert list(review.workings_beside(close, found("eligibility_ignored"))["changed"]) == ["≠", "≠"]
    theirs.loc[0, "label"] = "another step"
    assert [pair.is_changed for pair in views.workings_of(close, found("eligibility_ignored"))] == [True, True]
    longer = pd.concat([theirs, theirs.tail(1).assign(label="one more")], ignore_index=True)
    object.__setattr__(close, "finding_workings", longer)
    pairs = views.workings_of(close, found("eligibility_ignored"))
    assert pairs[-1].ours is None and pairs[-1].theirs is not None
    assert not review.has_workings(close, found("missing_line"))


def test_events_come_with_ids_fates_and_money_of_both_sides() -> None:
    events = review.finding_events(closed(), found("eligibility_ignored"))
    assert events.iloc[0].to_dict() == {
        "event": "c001", "dataset": "conversions", "quantity": "1", "ours": "ineligible", "theirs": "payable",
        "our amount": "0.00", "their amount": "14.00", "place": "lead, 2026-10-03, geo US",
    }  # fmt: skip
    counted = review.finding_events(closed(), found("rounding_grain")).iloc[0]
    assert (counted["event"], counted["quantity"], counted["our amount"]) == ("(counted)", "1,000,001", "")
    assert not review.has_events(closed(), found("missing_line"))


def test_the_command_that_repeats_it_can_be_typed() -> None:
    class Workspace:
        folder = "/tmp/my month"

    close: StoredClose = closed()
    object.__setattr__(close, "workspace", Workspace())
    block = review.to_repeat(close, found("eligibility_ignored"))
    assert "recon explain 2026-10 2026-10/streamly-acme/lead/payout/EUR/eligibility_ignored --run 1" in block
    assert "recon explain 2026-10 c001 --run 1 --workspace &#x27;/tmp/my month&#x27;" in block


def test_findings_that_name_an_event_are_found() -> None:
    ((finding, event),) = views.findings_naming(closed(), "c002")
    assert (finding["cause"], event["ours"], event["theirs"]) == ("eligibility_ignored", "payable", "ineligible")
