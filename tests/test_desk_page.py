"""Deciding and signing as the page tells it: states, gates, refusals in words, stale signatures, open items, the trend."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from program_months import ProgramMonths

from recon import charts, review
from recon.review import MonthDesk
from recon.workspace import Workspace

FINDING = "2026-08/ann/sale/payout/USD/unexplained"
ITEM = {"item": "sale", "action": "purchase", "percent_of_sale": "10"}


@pytest.fixture
def months(tmp_path: Path) -> ProgramMonths:
    """August and September, in which 10 and 20 should be paid and 12 and 20 are billed."""
    made = ProgramMonths(tmp_path)
    made.version(items=[ITEM])
    made.won("c08", "2026-08-10", "100"), made.won("c09", "2026-09-10", "200")
    made.billed("12.00", "2026-08"), made.billed("20.00", "2026-09")
    return made


def desk_of(months: ProgramMonths, period: str = "2026-08") -> MonthDesk:
    return review.open_desk(review.load(months.workspace(), period))


def chosen(*findings: str) -> pd.DataFrame:
    return pd.DataFrame({"finding": findings})


def missing(desk: MonthDesk) -> list[str]:
    gates = review.gates_table(desk)
    return list(gates["what is wanted"][gates[""] != "✓"])


def locked(months: ProgramMonths) -> MonthDesk:
    months.closed("2026-08")
    close = review.load(months.workspace(), "2026-08")
    assert review.decided_findings(close, chosen(FINDING), "accept", "pat").is_stored
    for action in ("prepare", "review", "lock"):
        done = review.signed_month(close, action, "pat" if action == "prepare" else "rae", "")
        assert done.is_stored, done.words
    return desk_of(months)


def test_an_open_month_says_what_is_missing_worth_and_who_can_go_on(months: ProgramMonths) -> None:
    months.closed("2026-08")
    desk = desk_of(months)
    assert missing(desk) == ["Every finding decided"]
    assert "The month is open" in review.desk_heading(desk) and "**prepare**: pat" in review.desk_heading(desk)
    assert review.open_worth(desk) == [
        {"label": "USD: to be decided", "value": "2.00", "caption": "1 finding · net +2.00"}
    ]
    assert review.stale_words(desk) == "" and review.next_steps(desk) == ("prepare",)


def test_changed_inputs_are_missing_before_anybody_signs(months: ProgramMonths) -> None:
    months.closed("2026-08")
    months.won("late", "2026-08-20", "50")
    assert missing(desk_of(months))[0].startswith("Inputs, contracts")


def test_several_findings_are_decided_at_once_and_refusals_are_told(months: ProgramMonths) -> None:
    months.closed("2026-08")
    close = review.load(months.workspace(), "2026-08")
    done = review.decided_findings(close, chosen(FINDING, "nothing"), "dispute", "pat", reason="asked for")
    assert done.is_stored and "1 finding disputed**, by pat, USD +2.00" in done.words
    assert "Not stored, 1 of 2" in done.words and "nothing" in done.words
    box = review.outcome_box(done)
    assert "<b>1 finding disputed</b>" in box and "<li>" in box and "**" not in box
    told = review.deciding_heading(desk_of(months), chosen(FINDING))
    assert "disputed by pat" in told and "asked for" in told


@pytest.mark.parametrize(
    ("action", "who", "words"),
    [
        ("accept", "vic", "vic: viewer"),
        ("accept", "", "nobody"),
        (None, "pat", "nothing to do"),
        ("waive", "pat", "the reason, in words"),
        ("assign", "pat", "the owner"),
    ],
)
def test_what_may_not_be_is_refused_with_words_and_stores_nothing(
    months: ProgramMonths, action: str | None, who: str, words: str
) -> None:
    months.closed("2026-08")
    close = review.load(months.workspace(), "2026-08")
    done = review.decided_findings(close, chosen(FINDING), action, who)
    assert not done.is_stored and "Nothing was stored" in done.words and words in done.words
    assert desk_of(months).standing.acts == ()


def test_a_month_goes_from_prepared_to_locked_by_two(months: ProgramMonths) -> None:
    months.closed("2026-08")
    close = review.load(months.workspace(), "2026-08")
    assert review.signed_month(close, "prepare", "pat", "").is_stored
    desk = desk_of(months)
    assert review.next_steps(desk) == ("review", "return") and "**review**: rae" in review.signing_heading(desk)
    assert "reviewer" in review.signed_month(close, "review", "pat", "").words
    assert "the reason" in review.signed_month(close, "return", "rae", " ").words
    assert review.signed_month(close, "review", "rae", "").is_stored
    assert "a disposition" in review.signed_month(close, "lock", "rae", "").words
    assert list(review.way_table(desk_of(months))["state"]) == ["reviewed", "prepared"]


def test_a_locked_month_is_reopened_with_a_reason_and_wants_another_run(months: ProgramMonths) -> None:
    desk = locked(months)
    assert missing(desk) == [] and review.next_steps(desk) == ("reopen",)
    assert review.signed_month(desk.close, "reopen", "rae", "late sales").is_stored
    assert "nobody can; expected a run after run 1" in review.desk_heading(desk_of(months))


def test_a_stale_signature_keeps_its_name_and_says_what_it_is_worth(months: ProgramMonths) -> None:
    months.closed("2026-08")
    review.signed_month(review.load(months.workspace(), "2026-08"), "prepare", "pat", "")
    months.won("late", "2026-08-20", "50")
    words = review.stale_words(desk_of(months))
    assert "prepared with run 1 by pat" in words and "input conversions" in words and "recon close 2026-08" in words
    months.closed("2026-08")
    desk = desk_of(months)
    assert "Worth USD −5.00" in review.stale_words(desk) and "1 line to look at again" in review.stale_words(desk)
    assert list(review.stale_lines(desk)["expected"]) == ["10.00 → 15.00"]
    assert "prepare" in review.next_steps(desk)


def test_open_items_roll_forward_with_their_age(months: ProgramMonths) -> None:
    locked(months)
    months.closed("2026-09")
    desk = desk_of(months, "2026-09")
    (sums,) = review.rolled_table(desk).to_dict("records")
    assert sums == {"currency": "USD", "opening": "+2.00", "new": "0.00", "cleared": "0.00", "closing": "+2.00"}
    (item,) = review.items_table(desk).to_dict("records")
    assert (item["decision"], item["month"], item["days"], item["age"]) == ("accept", "2026-08", "30", "0–30")
    assert review.ages(desk).to_dict("records") == [
        {"currency": "USD", "age": "0–30", "decision": "accept", "amount": Decimal("2.00"), "items": 1}
    ]
    assert "USD 2.00" in str(charts.ageing(review.ages(desk)).to_dict())


def test_the_trend_takes_locked_runs_and_leaves_out_months_that_were_not_closed(months: ProgramMonths) -> None:
    locked(months)
    months.closed("2026-08"), months.closed("2026-09")
    found = review.trend(review.load(months.workspace(), "2026-09"))
    told = [(row["month"], row["run"], row["is_locked"], row["net"]) for row in found.to_dict("records")]
    assert told == [("2026-08", 1, True, Decimal("2.00")), ("2026-09", 1, False, Decimal("2.00"))]
    twelve = review.twelve_months(review.load(months.workspace(), "2026-09"))
    assert (twelve[0], twelve[-1], len(twelve)) == ("2025-10", "2026-09", 12)
    assert "2025-10" in str(charts.trend(found, twelve).to_dict())


def test_the_days_of_a_line_are_those_of_its_conversions(months: ProgramMonths) -> None:
    months.won("c08b", "2026-08-11", "55.55"), months.won("c08c", "2026-08-11", "55.55")
    months.version(2, approved="2026-08-01T00:00:00Z", first="2026-08-15", items=[ITEM])
    close = months.closed("2026-08")
    line = review.lines_table(close.lines).query("item == 'sale'")
    days = review.days_of(close, line)
    assert [(str(row.day), row.quantity, row.amount) for row in days.itertuples()] == [
        ("2026-08-10", 1, Decimal("10.0000")), ("2026-08-11", 2, Decimal("11.1200")),
    ]  # fmt: skip
    marks = review.amendments_of(close, line)
    assert list(marks["told"]) == ["v2 from 15 August 2026"]
    assert "v2 from 15 August" in str(charts.days(days, marks, "USD").to_dict())
    assert "No days are kept" in review.days_words(close, line, days.head(0))


def test_variance_is_told_by_counterparty_and_cause(months: ProgramMonths) -> None:
    close = months.closed("2026-08")
    (row,) = review.by_party_and_cause(close, close.lines).to_dict("records")
    assert (row["counterparty"], row["cause"], row["amount"]) == ("Ann", "unexplained", Decimal("2.00"))


def test_only_who_is_signed_in_can_act(months: ProgramMonths) -> None:
    class Request:
        def __init__(self, name: str) -> None:
            self.user = {"username": name}

    place = months.workspace()
    assert list(review.people_listed(place, Request("user")).values()) == ["pat", "rae"]
    assert review.people_listed(place, Request("rae")) == {"rae (reviewer)": "rae"}
    assert review.people_listed(place, Request("eve")) == {"eve (no role here)": "eve"}
    assert review.you_are(Request("rae")) == "You are signed in as rae"


def test_a_new_workspace_says_what_to_do(tmp_path: Path) -> None:
    place = Workspace.init(tmp_path / "new")
    assert "recon close" in review.no_month(place)


# The start page


def test_the_start_page_tells_months_states_and_what_waits(months: ProgramMonths) -> None:
    locked(months)
    months.closed("2026-09")
    ways = {"month-end": "/month-end/", "contracts": "/contracts/"}
    words = review.start_page(months.workspace(), ways)
    assert '<span class="state locked">locked</span>' in words and '<span class="state open">open</span>' in words
    assert 'href="/month-end/?period=2026-08"' in words and ">yes<" in words
    assert "2026-09 waits to be prepared</a>: nothing is left to decide" in words
    months.won("late", "2026-08-20", "50")
    words = review.start_page(months.workspace(), ways)
    assert "2026-08 is stale" in words and "locked by rae" in words
    assert "evidence" not in words.split("<nav")[1].split("</nav>")[0], "a page that is not there has no link"


def test_the_start_page_of_an_empty_and_of_a_broken_workspace_says_what_to_do(tmp_path: Path) -> None:
    place = Workspace.init(tmp_path / "new")
    assert "recon close" in review.start_page(place, {})
    (tmp_path / "new" / "recon.toml").write_text("[workspace]\nname = 5\n")
    with pytest.raises(Exception) as bad:
        Workspace.open(tmp_path / "new")
    assert "recon.toml" in review.trouble_page(bad.value)  # type: ignore[arg-type]
    assert "Mend this" in review.trouble(bad.value)  # type: ignore[arg-type]


def test_what_people_typed_stays_text_on_the_start_page(months: ProgramMonths) -> None:
    months.closed("2026-08")
    words = review.start_page(months.workspace(), {"a <i>page</i>": '/"x'})
    assert "A &lt;i&gt;page&lt;/i&gt;" in words and "<i>" not in words and 'href="/&quot;x"' in words
