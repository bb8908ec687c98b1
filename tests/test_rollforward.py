"""Open items over three months: what was accepted is expected as an adjustment until it comes, and everything ties."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from program_months import ProgramMonths

from recon.close import load_close
from recon.explain import explain
from recon.ledger import Ledger
from recon.period import Period, instant
from recon.problems import BadInput
from recon.signoff import Standing, accept_rows, assign, dispose, roll_forward, sign, standing
from recon.trueup import accept_true_up, chosen_closes

AUGUST, SEPTEMBER, OCTOBER = (Period.parse(f"2026-{month}") for month in ("08", "09", "10"))
AT = instant("2026-11-20T00:00:00Z")
ITEM = {"item": "sale", "action": "purchase", "percent_of_sale": "10"}
LINE = "ann/sale/payout/USD"


@pytest.fixture
def months(tmp_path):
    """Three months that should pay 10, 20 and 30; what is billed is up to each test."""
    made = ProgramMonths(tmp_path)
    made.version(items=[ITEM])
    for month, sale in (("08", "100"), ("09", "200"), ("10", "300")):
        made.won(f"c{month}", f"2026-{month}-10", sale)
    return made


def finding(period, cause="unexplained", kind="payout"):
    return f"{period}/ann/sale/{kind}/USD/{cause}"


def locked(months, period, how="accept", reason=""):
    """The month closed and signed off, its findings decided one way."""
    months.closed(str(period))
    place = months.workspace()
    for one in roll_forward(place, period).new:
        dispose(place, period, one.finding_id, how, "pat", AT, reason)
    for action in ("prepare", "review", "lock"):
        sign(place, period, action, "pat" if action == "prepare" else "rae", AT)
    return roll_forward(place, period)


def sums(found):
    return tuple(str(found.total(part, "USD")) for part in ("opening", "new", "cleared", "closing"))


def test_an_accepted_finding_is_expected_back_until_its_adjustment_arrives(months):
    months.billed("12.00", "2026-08"), months.billed("20.00", "2026-09"), months.billed("30.00", "2026-10")
    assert sums(locked(months, AUGUST)) == ("0", "2.00", "0", "2.00")
    september = months.closed("2026-09")
    rows = {(row["item"], row["kind"]): row for row in september.lines.to_dict("records")}
    waiting = rows["sale", "adjustment"]
    assert (str(waiting["expected_amount"]), waiting["status"], waiting["cause"]) == (
        "-2.00", "missing", "adjustment_missing",
    )  # fmt: skip
    assert sums(locked(months, SEPTEMBER)) == ("2.00", "0", "0", "2.00")
    months.billed("-2.00", "2026-10", "adjustment", finding("2026-08"))
    found = locked(months, OCTOBER)
    assert sums(found) == ("2.00", "0", "2.00", "0")
    assert [(one.finding_id, one.cleared_by, one.days, one.age) for one in found.cleared] == [
        (finding("2026-08"), "adjustment", 61, "61–90")
    ]


def test_months_in_a_row_tie(months):
    months.billed("12.00", "2026-08"), months.billed("19.00", "2026-09"), months.billed("30.50", "2026-10")
    found = [locked(months, period) for period in (AUGUST, SEPTEMBER, OCTOBER)]
    for before, after in pairwise(found):
        assert [one.finding_id for one in before.closing] == [one.finding_id for one in after.opening]
    for one in found:
        assert one.total("opening", "USD") + one.total("new", "USD") - one.total("cleared", "USD") == one.total(
            "closing", "USD"
        )
    assert sums(found[-1]) == ("1.00", "0.50", "0", "1.50")
    assert [item.age for item in found[-1].closing] == ["61–90", "31–60", "0–30"]
    told = explain(load_close(months.workspace(), OCTOBER), finding("2026-08"))
    assert told.startswith(f"{finding('2026-08')}: unexplained (")
    assert "2.00 USD, of 2026-08" in told and "open for 61 days (61–90)" in told
    assert f"how it was found: recon explain 2026-08 {finding('2026-08')}" in told


def test_an_adjustment_of_another_amount_clears_the_old_item_and_is_a_new_one(months):
    months.billed("12.00", "2026-08"), months.billed("20.00", "2026-09")
    locked(months, AUGUST)
    months.billed("-1.50", "2026-09", "adjustment", finding("2026-08"))
    found = locked(months, SEPTEMBER)
    assert sums(found) == ("2.00", "0.50", "2.00", "0.50")
    assert [one.cause for one in found.new] == ["adjustment_differs"]


def test_an_adjustment_that_nobody_accepted_is_unexpected(months):
    months.billed("10.00", "2026-08"), months.billed("-3.00", "2026-08", "adjustment", "2026-07/x")
    rows = {row["kind"]: row for row in months.closed("2026-08").lines.to_dict("records")}
    assert rows["adjustment"]["status"] == "unexpected"


def test_what_is_disputed_is_carried_and_not_expected_back(months):
    months.billed("12.00", "2026-08"), months.billed("20.00", "2026-09")
    locked(months, AUGUST, "dispute")
    found = locked(months, SEPTEMBER)
    assert sums(found) == ("2.00", "0", "0", "2.00")
    assert [(one.disposition, one.decided_by) for one in found.closing] == [("dispute", "pat")]


def test_what_was_timing_is_cleared_by_its_reversal(months):
    months.billed("12.00", "2026-08"), months.billed("18.00", "2026-09")
    locked(months, AUGUST, "timing")
    found = locked(months, SEPTEMBER, "timing")
    assert sums(found) == ("2.00", "-2.00", "0.00", "0")
    assert [one.cleared_by.split()[0] for one in found.cleared] == ["reversed", "reverses"]


def test_what_was_timing_stays_where_nothing_reverses_it(months):
    months.billed("12.00", "2026-08"), months.billed("20.00", "2026-09")
    locked(months, AUGUST, "timing")
    assert sums(locked(months, SEPTEMBER)) == ("2.00", "0", "0", "2.00")


def test_what_is_waived_is_not_carried(months):
    months.billed("12.00", "2026-08"), months.billed("20.00", "2026-09")
    assert sums(locked(months, AUGUST, "waive", "less than the letter costs")) == ("0", "2.00", "2.00", "0")
    assert sums(locked(months, SEPTEMBER)) == ("0", "0", "0", "0")


def test_an_acceptance_that_was_not_known_then_asks_for_nothing(months):
    months.billed("12.00", "2026-08"), months.billed("20.00", "2026-09")
    locked(months, AUGUST)
    before = months.closed("2026-09", as_known_at="2026-11-19T00:00:00Z")
    assert "adjustment" not in set(before.lines["kind"])


def test_what_lies_within_tolerance_three_months_the_same_way_asks_for_a_decision(months):
    months.materiality += '\n[tolerance]\namount = "0.50"\n[drift]\nmonths = 6'
    for amount, period in (("10.30", AUGUST), ("20.40", SEPTEMBER), ("30.10", OCTOBER)):
        months.billed(amount, str(period))
    assert [locked(months, period).new for period in (AUGUST, SEPTEMBER)] == [(), ()]
    months.closed("2026-10")
    place = months.workspace()
    (one,) = roll_forward(place, OCTOBER).new
    assert (one.finding_id, str(one.amount)) == ("2026-10/ann//payout/USD/drift", "0.80")
    assert "2026-08 0.30, 2026-09 0.40, 2026-10 0.10" in standing(place, OCTOBER).left[0].value
    told = explain(load_close(place, OCTOBER), one.finding_id)
    assert told.split("\n")[1:] == [f"  {one.words}", "  not decided yet", "  open for 0 days (0–30)"]
    found = locked(months, OCTOBER)
    assert sums(found) == ("0", "0.80", "0", "0.80") and found.passing[0].party.name == "Ann"


def test_an_accepted_true_up_is_expected_in_the_month_after_the_last_locked_one(months):
    for amount, period in (("10.00", "2026-08"), ("20.00", "2026-09")):
        months.billed(amount, period)
    locked(months, AUGUST)
    months.won("late", "2026-08-20", "50", known="2026-09-20T00:00:00Z")
    months.closed("2026-08", cutoff="2026-10-01T00:00:00Z")
    place = months.workspace()
    runs = chosen_closes(place, AUGUST)
    entered = accept_true_up(place, *runs, finding("2026-08", "true_up"), "pat", AT, "late events")
    assert (entered.period, str(entered.amount)) == ("2026-09", "-5.00")
    with pytest.raises(BadInput, match="a line that changed: 2026-08/ann/sale/payout/USD/true_up"):
        accept_true_up(place, *runs, finding("2026-08", "other"), "pat", AT, "late events")
    september = months.closed("2026-09")
    (waiting,) = [row for row in september.lines.to_dict("records") if row["kind"] == "adjustment"]
    assert (str(waiting["expected_amount"]), waiting["cause"]) == ("5.00", "adjustment_missing")
    assert sums(roll_forward(place, SEPTEMBER)) == ("0", "-5.00", "0", "-5.00")


def test_an_owner_goes_with_the_item(months):
    months.billed("12.00", "2026-08")
    months.closed("2026-08")
    assign(months.workspace(), AUGUST, finding("2026-08"), "sam", "pat", AT)
    assert [one.owner for one in roll_forward(months.workspace(), AUGUST).closing] == ["sam"]


# A signature stands on inputs, versions, settings and software


def prepared(months) -> Standing:
    months.billed("12.00", "2026-08")
    months.closed("2026-08")
    sign(months.workspace(), AUGUST, "prepare", "pat", AT)
    found = standing(months.workspace(), AUGUST)
    assert found.stale is None and found.state == "prepared"
    return found


def refused(months, action="review"):
    with pytest.raises(BadInput) as error:
        sign(months.workspace(), AUGUST, action, "rae", AT)
    return [problem.value for problem in error.value.problems]


def test_a_changed_input_makes_a_signature_stale_and_says_what_it_is_worth(months):
    prepared(months)
    months.won("late", "2026-08-20", "50")
    months.workspace()
    names = ["input clicks data/clicks.csv", "input conversions data/conversions.csv"]
    assert [value.split(" changed")[0] for value in refused(months)] == names
    stale = standing(months.workspace(), AUGUST).stale
    assert not stale.is_closed_again and "known once 2026-08 is closed again" in stale.words
    months.closed("2026-08")
    stale = standing(months.workspace(), AUGUST).stale
    assert stale.is_closed_again and stale.worth == {"USD": Decimal("-5.00")}
    assert [line.words for line in stale.lines] == [f"{LINE}: expected 10.00 → 15.00, billed 12.00"]
    assert stale.words.startswith("stale: prepared by pat at 2026-11-20 00:00:00 UTC with run 1. Since then: input clicks")
    sign(months.workspace(), AUGUST, "prepare", "pat", AT)
    assert standing(months.workspace(), AUGUST).stale is None


def test_a_version_of_the_month_makes_it_stale_and_one_of_a_later_month_does_not(months):
    prepared(months)
    months.version(2, approved="2026-11-15T00:00:00Z", first="2026-09-01", items=[ITEM])
    assert standing(months.workspace(), AUGUST).stale is None
    months.version(3, approved="2026-11-16T00:00:00Z", first="2026-08-31", items=[ITEM])
    assert refused(months) == ["contract version ann v3 is new"]


def test_a_rule_that_only_a_later_version_uses_makes_nothing_stale(months):
    prepared(months)
    kicker = {"rule": "new_customer_kicker", "with": {"item": "sale", "percent": "5", "amount": "1.00"}}
    months.version(2, approved="2026-11-15T00:00:00Z", first="2026-09-01", items=[ITEM], rules=[kicker])
    assert standing(months.workspace(), AUGUST).stale is None


def test_a_changed_setting_makes_it_stale(months):
    prepared(months)
    months.materiality = '[materiality]\nUSD = "5000.00"'
    assert refused(months) == ["setting materiality changed from USD 100.00 to USD 5000.00"]


def test_a_locked_month_before_it_makes_it_stale(months):
    months.won("c07", "2026-07-10", "70")
    months.billed("7.00", "2026-07")
    prepared(months)
    months.closed("2026-07")
    place = months.workspace()
    july = Period.parse("2026-07")
    for one in roll_forward(place, july).new:
        dispose(place, july, one.finding_id, "dispute", "pat", AT)
    for action in ("prepare", "review", "lock"):
        sign(place, july, action, "pat" if action == "prepare" else "rae", AT)
    assert refused(months) == ["locked month 2026-07 is new"]


def test_what_is_left_is_told_before_anybody_locks(months):
    found = prepared(months)
    assert [problem.value for problem in found.left] == [f"{finding('2026-08')} USD 2.00"]
    dispose(months.workspace(), AUGUST, finding("2026-08"), "accept", "pat", AT)
    assert standing(months.workspace(), AUGUST).left == ()
    with pytest.raises(BadInput, match="a dataset with rejected rows"):
        accept_rows(months.workspace(), AUGUST, "clicks", "rae", AT, "none")
    with Ledger.open(months.workspace().database_url, months.workspace().closes) as ledger:
        assert ledger.verify_chain() == []
