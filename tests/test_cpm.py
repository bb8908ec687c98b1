"""CPM from counts to lines, clause by clause, with the workings that lead there (RULES 3 and 4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from versions import book, counts, item, tiered, version

from recon.expect.cpm import CpmMonth, expected_cpm
from recon.expect.currency import ExchangeRates
from recon.expect.openings import Balance, Openings
from recon.inputs.rows import ThirdPartyCount
from recon.observe.scope import Scope
from recon.period import Period

SCOPE = Scope(Period.parse("2026-10"), 3)
STEPS = ({"over": 0, "per_mille": "20"}, {"over": 1000, "per_mille": "10"})


def month(versions, observed, opening=(), theirs=None) -> CpmMonth:
    """A month of these versions; `theirs` are a third party's counts of RUN by day of October."""
    rows = [ThirdPartyCount("RUN", date(2026, 10, day), count, "", 0) for day, count in (theirs or {}).items()]
    openings, rates = Openings(locked=opening), ExchangeRates([])
    return expected_cpm(tuple(observed), book(*versions), SCOPE, rates=rates, openings=openings, third_party=rows)


def lines(*args, **kwargs) -> dict[str, tuple[int, Decimal]]:
    found = month(*args, **kwargs).lines
    return {line.item: (int(line.quantity), line.amount) for line in found if line.quantity or line.amount}


def fates(*args, **kwargs) -> dict[str, int]:
    return {
        one.fate: one.quantity for one in month(*args, **kwargs).fates if one.quantity and one.direction == "charge"
    }


def steps(*args, **kwargs) -> list[tuple[str, int | None, object, object]]:
    line = month(*args, **kwargs).lines[0]
    return [(step.operation, step.version, step.quantity, step.amount) for step in line.workings]


# Segments (4.1)


def test_the_example_of_the_rules():
    versions = version(items=[item(per_mille="25.00")]), version(2, "2026-10-16", items=[item(per_mille="22.00")])
    assert lines(versions, counts({3: 1_000_001, 20: 999_999})) == {"RUN": (2_000_000, Decimal("47000.00"))}


def test_a_version_that_returns_is_one_segment():
    versions = version(items=[item()]), version(2, "2026-10-10", "2026-10-20", items=[item(per_mille="20")])
    found = steps(versions, counts({1: 10, 15: 5, 25: 10}))
    assert found == [
        ("segment", 1, 20, Fraction(1, 5)),
        ("segment", 2, 5, Fraction(1, 10)),
        ("round", 1, 25, Fraction(3, 10)),
    ]


def test_a_make_good_is_a_line_of_nothing_but_units():
    assert lines([version(items=[item(per_mille="0")])], counts({1: 500})) == {"RUN": (500, Decimal("0.00"))}


def test_clauses_are_named_as_the_contract_prints_them():
    line = month([version(items=[tiered("RUN", *STEPS)])], counts({1: 1500})).lines[0]
    paths = [step.clause for step in line.workings]
    assert paths == [*(f"items[RUN].rates[0].tiers.steps[{place}].per_mille" for place in (0, 1)), "rounding"]


# Tiers and fees (4.2 to 4.4)


def test_graduated_tiers():
    assert lines([version(items=[tiered("RUN", *STEPS)])], counts({1: 1500})) == {"RUN": (1500, Decimal("25.00"))}


def test_volume_tiers():
    versions = [version(items=[tiered("RUN", *STEPS, mode="volume")])]
    assert lines(versions, counts({1: 1500})) == {"RUN": (1500, Decimal("15.00"))}


def test_tiers_go_on_from_the_opening_count():
    versions = [version(items=[tiered("RUN", *STEPS, counter="contract")])]
    opening = [Balance("acme", "RUN", "quantity", Fraction(900))]
    assert lines(versions, counts({1: 200}), opening) == {"RUN": (200, Decimal("3.00"))}
    assert steps(versions, counts({1: 200}), opening)[0] == ("opening", None, 900, None)


def test_versions_follow_one_another_by_date_not_by_number():
    steep = tiered("RUN", {"over": 0, "per_mille": "0"}, {"over": 100, "per_mille": "1000"})
    versions = [version(items=[steep]), version(2, "2026-10-10", "2026-10-20", items=[item(per_mille="0")])]
    assert lines(versions, counts({5: 60, 15: 50, 25: 10})) == {"RUN": (120, Decimal("10.00"))}


def test_a_fee_makes_a_line_without_units():
    versions = [version(items=[tiered("RUN", {"over": 0, "per_mille": "20", "fee": "50"})])]
    assert lines(versions, []) == {"RUN": (0, Decimal("50.00"))}


def test_a_fee_is_discounted_with_its_version():
    free = tiered("RUN", {"over": 0, "per_mille": "0", "fee": "50"}, {"over": 10, "per_mille": "0", "fee": "30"})
    versions = [version(items=[free]), version(2, "2026-10-16", items=[free], discount_percent="10")]
    assert lines(versions, counts({1: 10, 20: 1})) == {"RUN": (11, Decimal("77.00"))}


def test_no_fee_out_of_force():
    ended = version(1, "2026-01-01", "2026-09-30", items=[tiered("RUN", {"over": 0, "per_mille": "1", "fee": "50"})])
    assert lines([ended], []) == {}


# Booked quantity (3.5)


def test_units_beyond_the_booked_quantity_are_over_booked():
    versions = [version(items=[item(booked={"quantity": 100})])]
    assert lines(versions, counts({1: 60, 2: 60})) == {"RUN": (100, Decimal("1.00"))}
    assert fates(versions, counts({1: 60, 2: 60})) == {"billable": 100, "over_booked": 20}


def test_booked_units_by_date_and_within_a_date_as_the_rates_stand():
    rates = [{"when": {"geo": ["US"]}, "per_mille": "100"}, {"per_mille": "10"}]
    versions = [version(items=[{"item": "RUN", "rates": rates, "booked": {"quantity": 100}}])]
    observed = [*counts({1: 30, 2: 50}), *counts({1: 40, 2: 50}, geo="US")]
    assert lines(versions, observed) == {"RUN": (100, Decimal("7.30"))}  # 40 + 30 US, 30 others


def test_dates_are_the_contracts_whatever_other_zone_cuts_the_day():
    versions = [version(timezone="Asia/Tokyo", items=[item(booked={"quantity": 100})])]
    observed = [*counts({2: 80}, zone="Asia/Tokyo"), *counts({1: 80}, zone="UTC")]  # both lie on 1 and 2 October
    assert fates(versions, observed) == {"billable": 100, "over_booked": 60}


# Third-party count (3.6)


def test_fates_keep_telling_our_count():
    versions = [version(items=[item(booked={"quantity": 70})], third_party={"controlling": "third_party"})]
    assert lines(versions, counts({1: 60, 2: 40}), theirs={1: 50, 2: 30}) == {"RUN": (70, Decimal("0.70"))}
    assert fates(versions, counts({1: 60, 2: 40}), theirs={1: 50, 2: 30}) == {"billable": 100}


def test_versions_share_the_third_partys_count():
    clause = {"controlling": "third_party"}
    versions = [version(items=[item()]), version(2, "2026-10-16", items=[item(per_mille="20", third_party=clause)])]
    found = month(versions, counts({1: 600, 20: 400}), theirs={1: 500, 20: 350})
    assert [(step.operation, step.quantity) for step in found.lines[0].workings] == [
        ("count", 850), ("share", 510), ("share", 340), ("segment", 510), ("segment", 340), ("round", 850),
    ]  # fmt: skip
    assert found.lines[0].workings[0].text == "ours is 1,000, the third party's is 850; the third party controls: " + (
        "the third party's is billed, 850"
    )


def test_the_version_of_the_items_last_day_decides():
    clause = {"controlling": "third_party"}
    dropped = [version(items=[item(third_party=clause), item("B")]), version(2, "2026-10-16", items=[item("B")])]
    assert lines(dropped, counts({1: 600}), theirs={1: 500}) == {"RUN": (500, Decimal("5.00"))}
    freed = [version(items=[item(third_party=clause)]), version(2, "2026-10-16", items=[item()])]
    assert lines(freed, counts({1: 600}), theirs={1: 500}) == {"RUN": (600, Decimal("6.00"))}


def test_third_party_rows_of_dates_out_of_force_do_not_count():
    ended = [version(1, "2026-10-01", "2026-10-15", items=[item(third_party={"controlling": "third_party"})])]
    assert lines(ended, counts({1: 600}), theirs={1: 500, 16: 70}) == {"RUN": (500, Decimal("5.00"))}


def test_an_items_clause_comes_before_that_of_the_terms():
    own = item(third_party={"tolerance_percent": "50"})
    versions = [version(items=[own, item("B")], third_party={"controlling": "third_party"})]
    assert lines(versions, counts({1: 600}), theirs={1: 500}) == {"RUN": (600, Decimal("6.00"))}


def test_a_missing_count_is_a_remark():
    versions = [version(items=[item(third_party={"tolerance_percent": "10"})])]
    found = month(versions, counts({1: 600, 2: 5}), theirs={1: 300})
    assert [(one.cause, one.contract, one.item, one.currency) for one in found.remarks] == [
        ("third_party_missing", "acme", "RUN", "USD")
    ]
    assert "for 1 of 2 dates with delivery (2026-10-02)" in found.remarks[0].sentence
    assert found.lines[0].quantity == 605


@pytest.mark.parametrize("days, named", [(3, "2026-10-02, 2026-10-03, 2026-10-04)"), (4, "2026-10-04 and others)")])
def test_a_remark_names_three_dates(days, named):
    versions = [version(items=[item(third_party={"tolerance_percent": "10"})])]
    found = month(versions, counts(dict.fromkeys(range(1, days + 2), 5)), theirs={1: 5})
    assert named in found.remarks[0].sentence and "10-05" not in found.remarks[0].sentence


def test_nothing_is_missed_without_delivery():
    versions = [version(items=[item(third_party={"tolerance_percent": "10"})])]
    assert month(versions, []).remarks == []


# Contracts and months


def owners(*versions):
    """Days of October → contract of an impression of RUN on it that has no version."""
    found = {}
    for day in (5, 12, 20, 28):
        (fate,) = [one for one in month(versions, counts({day: 1})).fates if one.quantity and one.direction == "charge"]
        found[day] = (fate.contract, fate.fate)
    return found


def test_out_of_force_an_impression_stays_with_the_contract_that_listed_its_item_last():
    early = version(1, "2026-09-01", "2026-10-03", contract="b", items=[item()])
    later = version(1, "2026-10-07", "2026-10-10", contract="c", items=[item()])
    last = version(1, "2026-10-23", "2026-10-25", contract="a", items=[item()])
    assert owners(early, later, last) == {
        5: ("b", "no_version"), 12: ("c", "no_version"), 20: ("c", "no_version"), 28: ("a", "no_version"),
    }  # fmt: skip


def test_before_any_listing_an_impression_belongs_to_the_first_one_after():
    first = version(1, "2026-10-29", contract="b", items=[item()])
    second = version(1, "2026-10-30", contract="a", items=[item("OTHER"), item()])
    assert set(owners(first, second).values()) == {("b", "no_version")}


def test_minimum_of_a_contract_without_delivery():
    assert lines([version(items=[item()], minimum={"amount": "50"})], []) == {"_minimum": (0, Decimal("50.00"))}


def test_a_charge_and_a_payout_of_one_item_are_both_priced():
    payout = version(contract="pub", direction="payout", items=[item(per_mille="4")])
    found = month([version(items=[item()]), payout], counts({1: 1000}))
    assert [(line.contract, line.kind, line.amount) for line in found.lines] == [
        ("acme", "charge", 10),
        ("pub", "payout", 4),
    ]


def test_what_the_next_month_starts_from():
    found = month(
        [version(items=[item(), item("B")], cap={"amount": "12"})], [*counts({1: 1000}), *counts({1: 500}, "B")]
    )
    assert {(one.item, one.kind): one.value for one in found.moved} == {
        ("RUN", "quantity"): 1000, ("B", "quantity"): 500, ("RUN", "spend"): 10, ("B", "spend"): 2, ("", "spend"): 12,
    }  # fmt: skip


DAYS = st.dictionaries(st.integers(1, 31), st.integers(0, 300), max_size=6)


@given(DAYS, st.integers(0, 900), st.integers(1, 1000))
def test_units_are_billable_or_over_booked_and_the_line_is_the_sum_of_its_steps(by_day, limit, threshold):
    tiers = tiered("RUN", {"over": 0, "per_mille": "7", "fee": "1"}, {"over": threshold, "per_mille": "3"})
    versions = [version(items=[tiers | {"booked": {"quantity": limit}}]), version(2, "2026-10-16", items=[tiers])]
    found = month(versions, counts(by_day))
    assert sum(fate.quantity for fate in found.fates if fate.direction == "charge") == sum(by_day.values())
    for line in found.lines:
        *before, last = [step.amount for step in line.workings if step.amount is not None]
        assert abs(sum(before, Fraction(0)) - last) <= Fraction(1, 200)
