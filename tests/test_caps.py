"""Caps by day, period and contract: what fits, what closes, what opens again (RULES 5.8)."""

from datetime import date
from fractions import Fraction

import pytest
from programs import OCTOBER, Program, balance, cpa, sale

from recon.contracts.terms import ConversionCap
from recon.expect.caps import Caps

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)


def cap(per, **said):
    return ConversionCap.model_validate({"per": per, **said})


def taken(caps, limits, *units, day=FIRST):
    """Whether each (share, amount) fits, counted where it does."""
    fits = []
    for share, amount in units:
        refusal = caps.refusal(limits, day, Fraction(share), Fraction(amount))
        if refusal is None:
            caps.count(day, Fraction(share), Fraction(amount))
        fits.append(refusal is None)
    return fits


def test_a_cap_is_reached_exactly_and_not_exceeded():
    assert taken(Caps(), [cap("period", amount="30")], (1, 10), (1, 20), (1, 1)) == [True, True, False]


def test_after_the_first_that_did_not_fit_nothing_fits():
    assert taken(Caps(), [cap("period", amount="30")], (1, 20), (1, 11), (1, 10)) == [True, False, False]


def test_with_skip_smaller_ones_still_fit():
    limits = [cap("period", amount="30", crossing="skip")]
    assert taken(Caps(), limits, (1, 20), (1, 11), (1, 10)) == [True, False, True]


def test_shares_count_as_what_they_are():
    assert taken(Caps(), [cap("period", conversions=1)], ("0.6", 5), ("0.4", 5), ("0.1", 1)) == [True, True, False]


def test_a_daily_cap_starts_again_each_day():
    caps, limits = Caps(), [cap("day", conversions=1)]
    assert taken(caps, limits, (1, 1), (1, 1)) == [True, False]
    assert taken(caps, limits, (1, 1), day=SECOND) == [True]


def test_a_closed_cap_opens_under_a_version_with_a_higher_one_alone():
    caps = Caps()
    assert taken(caps, [cap("period", conversions=1)], (1, 1), (1, 1)) == [True, False]
    assert taken(caps, [cap("period", conversions=1, crossing="skip")], (1, 1)) == [False]
    assert taken(caps, [], (1, 1)) == [True]
    assert taken(caps, [cap("period", conversions=1)], (1, 1)) == [False]
    assert taken(caps, [cap("period", conversions=3)], (1, 1), (1, 1)) == [True, False]


def test_all_that_is_payable_counts_under_whatever_version():
    caps = Caps()
    assert taken(caps, [], (1, 10), (1, 10)) == [True, True]
    assert taken(caps, [cap("period", amount="25")], (1, 10)) == [False]


def test_every_cap_that_it_did_not_fit_closes():
    caps, limits = Caps(), [cap("period", amount="10"), cap("period", conversions=5)]
    assert taken(caps, limits, (1, 11), (1, 1)) == [False, False]
    assert taken(caps, [cap("period", conversions=5)], (1, 1)) == [True]


def test_of_two_caps_of_one_kind_the_lower_decides_when_it_opens():
    caps, limits = Caps(), [cap("period", conversions=1), cap("period", conversions=5)]
    assert taken(caps, limits, (1, 1), (1, 1), (1, 1)) == [True, False, False]


def test_a_cap_over_the_contract_counts_on_from_the_openings():
    caps = Caps(Fraction(8), Fraction(90))
    assert taken(caps, [cap("contract", conversions=9)], (1, 1), (1, 1)) == [True, False]
    assert taken(Caps(Fraction(8), Fraction(90)), [cap("contract", amount="100")], (1, 11)) == [False]


# In a month


def test_the_first_in_time_are_paid_and_the_rest_is_over_the_cap():
    program = Program().won("b", "10-05 12:00").won("a", "10-05 12:00").won("c", "10-04 12:00")
    found = program.priced(cpa(items=[sale()], caps=[{"per": "period", "conversions": 2}]))
    assert found.fates() == {"c": "payable", "a": "payable", "b": "over_cap"}
    assert found.amounts() == {("sale", "payout"): 20}
    assert found.decided["ann", "b"]["reason"] == "cap per period: 2 + 1 conversions exceed 2"


def test_an_amendment_raises_the_cap_for_those_that_follow():
    versions = [
        cpa(1, last="2026-10-15", items=[sale()], caps=[{"per": "period", "amount": "15"}]),
        cpa(2, first="2026-10-16", items=[sale(flat="5")], caps=[{"per": "period", "amount": "20"}]),
    ]
    program = Program().won("a", "10-01").won("b", "10-02").won("c", "10-16").won("d", "10-17").won("e", "10-18")
    found = program.priced(*versions)
    assert found.fates() == {"a": "payable", "b": "over_cap", "c": "payable", "d": "payable", "e": "over_cap"}


def test_what_the_month_adds_is_handed_on():
    program = Program().won("a", "10-01").won("b", "10-02")
    versions = [cpa(items=[sale()], caps=[{"per": "contract", "conversions": 4}, {"per": "contract", "amount": "100"}])]
    found = program.priced(*versions, openings=[balance("quantity", "3"), balance("spend", "55")])
    assert found.fates() == {"a": "payable", "b": "over_cap"}
    moved = {(one.item, one.kind): one.value for one in found.result.balances}
    assert moved == {("", "quantity"): 1, ("", "spend"): 10}


BY_CAPS = [{"per": "contract", "amount": "100"}]


@pytest.mark.parametrize(
    "terms, spent",
    [
        ({}, 10),
        ({"caps": BY_CAPS}, 20),
        ({"cap": {"amount": "100", "scope": "contract"}}, 10),
        ({"cap": {"amount": "100", "scope": "period"}, "caps": BY_CAPS}, 20),
        ({"cap": {"amount": "100", "scope": "contract"}, "caps": BY_CAPS}, 10),
    ],
)
def test_a_charge_hands_on_its_spend_once(terms, spent):
    """Half of 20 is discounted: a spend cap counts what is left (4.5), caps on conversions what they earn (5.8)."""
    program = Program().won("a", "10-01").won("b", "10-02")
    found = program.priced(cpa(direction="charge", items=[sale()], discount_percent="50", **terms))
    moved = [one for one in found.result.balances if one.kind == "spend"]
    assert sorted((one.item, one.value) for one in moved) == [("", spent), ("sale", 10)]


@pytest.mark.parametrize("zone, fates", [("UTC", "payable over_cap"), ("Asia/Tokyo", "payable payable")])
def test_the_days_of_a_daily_cap_are_local(zone, fates):
    program = Program().won("a", "10-05 14:00").won("b", "10-05 16:00")
    terms = {"items": [sale()], "caps": [{"per": "day", "conversions": 1}], "timezone": zone}
    assert list(program.priced(cpa(**terms), period=OCTOBER).fates().values()) == fates.split()
