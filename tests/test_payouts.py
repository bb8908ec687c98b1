"""Bonuses and minimum payouts (RULES 6.5, 6.6)."""

from fractions import Fraction

import pytest
from programs import Program, balance, cpa, sale

from recon.expect.payouts import bonus, held


def kinds(version, total, balance_held=0, has_ended=False):
    found = held(version, [Fraction(total)], Fraction(balance_held), has_ended)
    return {kind: due.amount for kind, due in found}


CARRY = cpa(items=[sale()], minimum_payout={"amount": "50", "below": "carry"})
FORFEIT = cpa(items=[sale()], minimum_payout={"amount": "50", "below": "forfeit"})
NEITHER = cpa(items=[sale()])


@pytest.mark.parametrize("total, before, lines", [
    ("49.99", 0, {"hold": Fraction("-49.99")}),
    ("50", 0, {}),
    ("30", "19.99", {"hold": -30}),
    ("30", "20", {"release": 20}),
    ("0", "20", {"hold": 0}),
    ("-10", "20", {"hold": 10}),
    ("-10", "0", {"hold": 10}),
    ("80", "-10", {"release": -10}),
])  # fmt: skip
def test_carry(total, before, lines):
    assert kinds(CARRY, total, before) == lines


def test_at_the_contracts_end_everything_is_released():
    assert kinds(CARRY, 10, 20, has_ended=True) == {"release": 20}
    assert kinds(CARRY, 10, 0, has_ended=True) == {}


@pytest.mark.parametrize("total, lines", [("0", {}), ("0.01", {"forfeit": Fraction("-0.01")}), ("50", {}), ("-5", {})])
def test_forfeit(total, lines):
    assert kinds(FORFEIT, total) == lines


def test_a_balance_that_no_clause_holds_any_more_is_released():
    assert kinds(NEITHER, 5, 20) == {"release": 20}
    assert kinds(FORFEIT, 5, 20) == {"forfeit": -5, "release": 20}


STEPS = [{"at_least": 5, "amount": "30"}, {"at_least": 2, "amount": "10"}]


@pytest.mark.parametrize("count, amount", [("1.999999", None), ("2", 10), ("4.5", 10), ("5", 30), ("50", 30)])
def test_the_highest_bonus_reached(count, amount):
    found = bonus(cpa(items=[sale()], bonus=STEPS), Fraction(count))
    assert (found and found.amount) == amount


# In a month


def test_held_in_one_month_released_in_the_next():
    program = Program().won("a", "09-10").won("b", "10-10").won("c", "10-11").won("d", "10-12").won("e", "10-13")
    terms = {"items": [sale()], "minimum_payout": {"amount": "50", "below": "carry"}}
    found = program.priced(cpa(**terms), openings=[balance("hold", "10")])
    assert found.amounts() == {("sale", "payout"): 40, ("_release", "release"): 10}
    assert [(one.kind, one.value) for one in found.result.balances] == [("hold", -10)]


def test_what_is_held_is_handed_on():
    found = Program().won("a", "10-10").priced(cpa(items=[sale()], minimum_payout={"amount": "50", "below": "carry"}))
    assert found.amounts() == {("sale", "payout"): 10, ("_hold", "hold"): -10}
    assert [(one.kind, one.value) for one in found.result.balances] == [("hold", 10)]


@pytest.mark.parametrize("last, lines", [
    ("2026-10-31", {("sale", "payout"): 10, ("_release", "release"): 5}),
    ("2026-11-01", {("sale", "payout"): 10, ("_hold", "hold"): -10}),
    ("2026-10-20", {("sale", "payout"): 10, ("_release", "release"): 5}),
])  # fmt: skip
def test_the_first_day_after_the_period_tells_the_end(last, lines):
    version = cpa(last=last, items=[sale()], minimum_payout={"amount": "50", "below": "carry"})
    assert Program().won("a", "10-10").priced(version, openings=[balance("hold", "5")]).amounts() == lines


def test_the_version_of_the_last_day_decides():
    versions = [
        cpa(1, last="2026-10-15", items=[sale()], bonus=[{"at_least": 1, "amount": "99"}]),
        cpa(2, first="2026-10-16", items=[sale()], bonus=[{"at_least": 2, "amount": "7"}]),
    ]
    assert Program().won("a", "10-01").won("b", "10-02").priced(*versions).amounts() == {
        ("sale", "payout"): 20, ("_bonus", "bonus"): 7,
    }  # fmt: skip


def test_a_charges_bonus_is_neither_discounted_nor_net():
    terms = {"direction": "charge", "discount_percent": "50", "bill": "net", "commission_percent": "50"}
    found = Program().won("a", "10-01").priced(cpa(items=[sale()], bonus=[{"at_least": 1, "amount": "8"}], **terms))
    assert found.amounts("shop") == {("sale", "charge"): Fraction("2.5"), ("_bonus", "bonus"): 8}


def test_what_is_forfeited_is_not_handed_on():
    terms = {"items": [sale()], "minimum_payout": {"amount": "50", "below": "forfeit"}}
    found = Program().won("a", "10-10").priced(cpa(**terms), openings=[balance("hold", "4")])
    assert found.amounts() == {("sale", "payout"): 10, ("_forfeit", "forfeit"): -10, ("_release", "release"): 4}
    assert [(one.kind, one.value) for one in found.result.balances] == [("hold", -4)]
