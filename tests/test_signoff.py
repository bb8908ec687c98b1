"""A month is locked with one of its closes; later months start from it and take back by it (RULES 4.7, 5.7)."""

import pytest
from program_months import ProgramMonths, amounts
from signed import sign_off

from recon.ledger import Ledger
from recon.period import Period, instant
from recon.problems import BadInput
from recon.signoff import locked

SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")
AT = instant("2026-11-20T00:00:00Z")
PERCENT = {"items": [{"item": "sale", "action": "purchase", "percent_of_sale": "10"}]}


@pytest.fixture
def months(tmp_path):
    return ProgramMonths(tmp_path)


def signed(months, period=SEPTEMBER, run=None):
    place = months.workspace()
    with Ledger.open(place.database_url, place.closes) as ledger:
        return sign_off(ledger, str(period), AT, run)


def test_the_latest_run_is_locked_unless_one_is_named(months):
    months.version(**PERCENT)
    months.closed("2026-09"), months.closed("2026-09"), months.closed("2026-10"), months.closed("2026-10")
    assert locked(months.workspace(), SEPTEMBER) is None
    assert (signed(months).run, signed(months, OCTOBER, 1).run) == (2, 1)
    assert locked(months.workspace(), OCTOBER).run == 1


def test_a_month_without_a_close_cannot_be_locked(months):
    months.version(**PERCENT)
    with pytest.raises(BadInput, match="run `recon close 2026-09` first"):
        signed(months)


def test_what_a_locked_month_held_is_released_in_the_next(months):
    months.version(**PERCENT, minimum_payout={"amount": "50", "below": "carry"})
    months.opening("hold", "7", "2026-10")
    months.won("a", "2026-09-10", "100")
    months.won("b", "2026-10-10", "450")
    months.closed("2026-09")
    assert amounts(months.closed("2026-10"))["_release", "release"] == "7.00"
    signed(months)
    october = months.closed("2026-10")
    assert amounts(october) == {("sale", "payout"): "45.00", ("_release", "release"): "10.00"}
    told = [one for one in october.manifest["openings"] if one["kind"] == "hold"]
    assert told == [
        {"contract": "ann", "item": "", "kind": "hold", "value": "10", "source": "locked close",
         "period": "2026-09", "run": 1}
    ]  # fmt: skip
    assert [(one["period"], one["run"]) for one in october.manifest["signed_off"]] == [("2026-09", 1)]


def test_a_lock_that_was_not_known_then_does_not_count(months):
    months.version(**PERCENT, minimum_payout={"amount": "50", "below": "carry"})
    months.won("a", "2026-09-10", "100")
    months.won("b", "2026-10-10", "450")
    months.closed("2026-09")
    before = months.closed("2026-10", as_known_at="2026-11-10T00:00:00Z")
    signed(months)
    again = months.closed("2026-10", as_known_at="2026-11-10T00:00:00Z")
    assert before.manifest["digest"] == again.manifest["digest"]
    assert before.manifest["openings"][0]["source"] == "none"
    assert ("_release", "release") not in amounts(again)


def test_tiers_count_on_from_the_locked_month(months):
    steps = [{"over": 0, "flat": "10"}, {"over": 2, "flat": "20"}]
    tiers = {"mode": "graduated", "counter": "contract", "steps": steps}
    months.version(items=[{"item": "sale", "action": "purchase", "tiers": tiers}])
    for name in ("a", "b"):
        months.won(name, "2026-09-10")
    months.won("c", "2026-10-10")
    months.closed("2026-09")
    assert amounts(months.closed("2026-10")) == {("sale", "payout"): "10.00"}
    signed(months)
    assert amounts(months.closed("2026-10")) == {("sale", "payout"): "20.00"}


def test_a_clawback_takes_what_the_signed_off_close_paid(months):
    months.version(**PERCENT)
    months.won("a", "2026-09-10", "100")
    months.closed("2026-09")
    signed(months)
    months.version(2, approved="2026-11-15T00:00:00Z", first="2026-09-01",
                   items=[{"item": "sale", "action": "purchase", "percent_of_sale": "20"}])  # fmt: skip
    months.reversal("a", "2026-10-05")
    assert amounts(months.closed("2026-10")) == {("sale", "clawback"): "-10.00"}


def test_nothing_is_taken_back_of_what_a_signed_off_close_did_not_pay(months):
    months.version(items=[{"item": "lead", "action": "lead", "flat": "1"}])
    months.won("a", "2026-09-10", "100")
    months.closed("2026-09")
    signed(months)
    months.version(2, approved="2026-11-15T00:00:00Z", first="2026-09-01", **PERCENT)
    months.reversal("a", "2026-10-05")
    assert amounts(months.closed("2026-10")) == {}


def test_clawbacks_of_locked_months_are_not_repeated(months):
    months.version(**PERCENT)
    months.won("a", "2026-08-10", "100")
    months.reversal("a", "2026-09-05", "40")
    for period in ("2026-08", "2026-09"):
        months.closed(period)
        signed(months, Period.parse(period))
    months.reversal("a", "2026-10-05")
    october = months.closed("2026-10")
    assert amounts(october) == {("sale", "clawback"): "-6.00"}
    assert [one["period"] for one in october.manifest["signed_off"]] == ["2026-08", "2026-09"]


def test_a_reversal_that_a_locked_close_counted_stays_there(months):
    months.version(**PERCENT)
    months.won("a", "2026-09-10", "100")
    months.reversal("a", "2026-09-20", known="2026-10-10T00:00:00Z")
    assert amounts(months.closed("2026-09", cutoff="2026-10-15T00:00:00Z")) == {}
    assert amounts(months.closed("2026-10")) == {("sale", "clawback"): "-10.00"}
    signed(months)
    assert amounts(months.closed("2026-10")) == {}


def test_a_conversion_that_is_no_longer_in_the_data_is_taken_back_as_it_was_paid(months):
    months.version(**PERCENT)
    months.won("a", "2026-09-10", "100")
    months.closed("2026-09")
    months.rows["conversions"].clear()
    months.reversal("a", "2026-10-05")
    assert list(months.closed("2026-10").findings["cause"]) == ["clawback_unbased"]
    signed(months)
    october = months.closed("2026-10")
    assert amounts(october) == {("sale", "clawback"): "-10.00"}
    assert "clawback_unbased" not in list(october.findings["cause"])


def test_what_a_later_locked_month_took_back_is_not_taken_off_the_month_itself(months):
    months.version(**PERCENT)
    months.won("a", "2026-09-10", "100")
    months.reversal("a", "2026-09-20", known="2026-10-10T00:00:00Z")
    months.closed("2026-09")
    months.closed("2026-10")
    assert amounts(months.closed("2026-09", cutoff="2026-10-15T00:00:00Z")) == {}
    signed(months, OCTOBER)
    september = months.closed("2026-09", cutoff="2026-10-15T00:00:00Z")
    assert amounts(september) == {("sale", "payout"): "10.00"}
    assert [one["period"] for one in september.manifest["signed_off"]] == ["2026-10"]


def test_a_conversion_that_locked_later_is_taken_back_as_its_own_close_paid_it(months):
    months.version(**PERCENT, earn_on="lock", lock={"after": "month_end", "months": 0, "days": 5})
    months.won("a", "2026-08-10", "100")
    for period in ("2026-08", "2026-09"):
        assert amounts(months.closed(period)) == ({} if period == "2026-08" else {("sale", "payout"): "10.00"})
        signed(months, Period.parse(period))
    months.version(2, approved="2026-11-15T00:00:00Z", first="2026-08-01", earn_on="lock",
                   lock={"after": "month_end", "months": 0, "days": 5},
                   items=[{"item": "sale", "action": "purchase", "percent_of_sale": "20"}])  # fmt: skip
    months.reversal("a", "2026-09-02", known="2026-10-10T00:00:00Z")
    assert amounts(months.closed("2026-10")) == {("sale", "clawback"): "-10.00"}


def test_an_earlier_month_looked_at_again_counts_on_from_the_locked_month_before_it(months):
    tiers = {"mode": "graduated", "counter": "contract", "measure": "conversions",
             "steps": [{"over": 0, "percent_of_sale": "10"}, {"over": 1, "percent_of_sale": "20"}]}  # fmt: skip
    months.version(items=[{"item": "sale", "action": "purchase", "tiers": tiers}])
    months.won("a", "2026-08-10", "100")
    months.won("b", "2026-09-10", "100")
    months.reversal("b", "2026-10-05", "50")
    months.closed("2026-08")
    assert amounts(months.closed("2026-10")) == {("sale", "clawback"): "-5.00"}
    signed(months, Period.parse("2026-08"))
    assert amounts(months.closed("2026-10")) == {("sale", "clawback"): "-10.00"}
