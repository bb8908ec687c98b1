"""What reversals of a later period take back (RULES 5.7)."""

from datetime import date
from fractions import Fraction

import pytest
from programs import OCTOBER, Program, balance, cpa, sale, tiers

from recon.expect.clawbacks import SHOWN, SignedOff, StillEarned, unbased
from recon.period import instant

SEPTEMBER = OCTOBER.previous()
PERCENT = {"items": [sale(percent_of_sale="10")]}


def taken(program, **terms):
    return program.priced(cpa(**({"items": [sale()]} | terms))).amounts().get(("sale", "clawback"))


def test_a_full_reversal_takes_back_all():
    assert taken(Program().won("a", "09-20", sale="100").reversal("a", "10-05"), **PERCENT) == -10


def test_a_partial_one_takes_back_the_difference_to_the_price_of_what_is_left():
    assert taken(Program().won("a", "09-20", sale="100").reversal("a", "10-05", "30"), **PERCENT) == -3


def test_amounts_that_add_up_to_the_sale_are_a_full_reversal():
    program = Program().won("a", "09-20", sale="100").reversal("a", "09-25", "60").reversal("a", "10-05", "40")
    assert taken(program, items=[sale(percent_of_sale="10", min="5")]) == -5


def test_a_flat_price_stays_under_a_partial_reversal():
    assert taken(Program().won("a", "09-20", sale="100").reversal("a", "10-05", "30")) is None
    assert taken(Program().won("a", "09-20", sale="100").reversal("a", "10-05", "100")) == -10


def test_nothing_is_taken_back_twice():
    program = Program().won("a", "08-20", sale="100").reversal("a", "09-25").reversal("a", "10-05")
    assert taken(program, **PERCENT) is None


def test_partial_reversals_of_several_months_take_their_own():
    program = Program().won("a", "08-20", sale="100").reversal("a", "09-25", "50").reversal("a", "10-05", "20")
    assert taken(program, **PERCENT) == -2


@pytest.mark.parametrize("day, amount, expired", [("10-20", -10, 0), ("10-21", None, 1)])
def test_after_reversal_days_there_is_no_effect(day, amount, expired):
    found = Program().won("a", "09-20").reversal("a", day).priced(cpa(items=[sale()], reversal_days=30))
    assert found.amounts().get(("sale", "clawback")) == amount
    assert sum(one.quantity for one in found.result.fates if one.fate == "reversal_expired") == expired


def test_an_expired_partial_reversal_does_not_count_towards_later_ones():
    program = (
        Program()
        .won("a", "08-01", sale="100")
        .reversal("a", "09-25", "90")
        .reversal("a", "08-20", "20", ingested_at=instant("2026-10-10T00:00:00Z"))
    )
    assert taken(program, reversal_days=30, **PERCENT) == -2


def test_a_reversal_that_misses_the_cut_off_belongs_to_the_next_period():
    on_time, late = instant("2026-10-04T00:00:00Z"), instant("2026-10-04T00:00:00.000001Z")
    program = Program().won("a", "09-20").won("b", "09-21")
    program.reversal("a", "09-25", ingested_at=on_time).reversal("b", "09-25", ingested_at=late)
    assert program.priced(cpa(items=[sale()]), period=SEPTEMBER).fates() == {"a": "reversed", "b": "payable"}
    assert taken(program) == -10


def test_what_earned_nothing_loses_nothing():
    program = (
        Program().conversion("a", "09-20").reversal("a", "10-05").won("b", "09-20", is_test=True).reversal("b", "10-05")
    )
    assert taken(program) is None


def test_the_tier_is_held_as_it_was():
    program = (
        Program()
        .won("a", "09-01", sale="100")
        .won("b", "09-02", sale="100")
        .reversal("a", "10-01")
        .reversal("b", "10-02", "50")
    )
    steps = tiers({"over": "0", "percent_of_sale": "10"}, {"over": "1", "percent_of_sale": "20"})
    assert taken(program, items=[sale(**steps)]) == -(10 + 10)


def test_sales_are_taken_back_from_where_they_lay():
    """a lies from 0 to 100 (10%), b from 100 to 200 (20%): with half of it left b lies from 100 to 150."""
    steps = tiers(
        {"over": "0", "percent_of_sale": "10"}, {"over": "100", "percent_of_sale": "20"}, measure="sale_amount"
    )
    program = (
        Program()
        .won("a", "09-01", sale="100")
        .won("b", "09-02", sale="100")
        .reversal("a", "10-01")
        .reversal("b", "10-02", "50")
    )
    assert taken(program, items=[sale(**steps)]) == -(10 + 10)


def test_volume_prices_hold_the_tier_of_their_months_total():
    steps = tiers({"over": "0", "flat": "10"}, {"from": "2", "flat": "8"}, mode="volume")
    program = Program().won("a", "09-01").won("b", "09-02").won("c", "10-01").reversal("a", "10-01")
    assert taken(program, items=[sale(**steps)]) == -8


def test_caps_are_held_and_what_was_over_them_is_not_taken_back():
    program = Program().won("a", "09-01").won("b", "09-02").reversal("a", "10-01").reversal("b", "10-02")
    assert taken(program, caps=[{"per": "period", "conversions": 1}]) == -10


def test_both_prices_are_rounded_where_conversions_are():
    program = Program().won("a", "09-01", sale="0.15").reversal("a", "10-01", "0.10")
    assert taken(program, items=[sale(percent_of_sale="30")]) == -(Fraction("0.05") - Fraction("0.02"))


def test_clawbacks_go_on_after_the_end():
    program = Program().won("a", "09-20").reversal("a", "10-05")
    assert taken(program, last="2026-09-30") == -10


def test_a_charge_is_taken_back_as_it_was_billed():
    """100 at 10% less 5% discount, less 15% commission: 8.075; the line rounds once."""
    program = Program().won("a", "09-20", sale="100").reversal("a", "10-05")
    terms = {"direction": "charge", "discount_percent": "5", "bill": "net", "commission_percent": "15"}
    found = program.priced(cpa(**terms, **PERCENT))
    assert found.amounts("shop") == {("sale", "clawback"): -Fraction("8.08")}


def test_the_rate_and_the_exchange_rate_are_the_conversions():
    program = Program().won("a", "09-20", sale="100", currency="EUR").reversal("a", "10-05", "50")
    fx = [(date(2026, 9, 20), "EUR", "USD", Fraction("1.2")), (date(2026, 10, 5), "EUR", "USD", Fraction("2"))]
    versions = [cpa(1, last="2026-09-30", **PERCENT), cpa(2, first="2026-10-01", items=[sale(flat="1")])]
    assert program.priced(*versions, fx=fx).amounts() == {("sale", "clawback"): -6}


def test_a_reversal_of_an_unknown_conversion_is_told_once_for_all():
    program = Program().reversal("x", "10-05").reversal("y", "10-06", "3").reversal("z", "09-06")
    (remark,) = program.priced(cpa(items=[sale()])).result.remarks
    assert remark.cause == "clawback_unbased"
    assert "r0 of x; r1 of y" in remark.sentence and "z" not in remark.sentence


@pytest.mark.parametrize("late, told", [(0, 1), (1, 0)])
def test_an_unknown_one_counts_up_to_the_cut_off(late, told):
    program = Program().reversal("x", "10-05", ingested_at=instant("2026-11-04T00:00:00Z") + late)
    assert len(program.priced(cpa(items=[sale()])).result.remarks) == told


def test_without_a_signed_off_close_the_month_of_earning_is_named():
    found = Program().won("a", "09-20").reversal("a", "10-05").priced(cpa(items=[sale()]))
    told = found.line("sale", "clawback").workings[0].text
    assert told == "10 left before (recomputed as of 2026-09), 0 now: 10 taken back"


def test_many_unknown_ones_are_counted():
    (remark,) = unbased([(f"r{n}", f"v{n}", None) for n in range(SHOWN + 7)])
    assert "and 7 more" in remark.sentence


def signed(**earned):
    return SignedOff({("ann", name): StillEarned("sale", 1, Fraction(amount)) for name, amount in earned.items()})


def test_a_signed_off_close_says_what_was_earned():
    program = Program().won("a", "09-20").reversal("a", "10-05").reversal("x", "10-05").reversal("y", "10-06", "3")
    found = program.priced(cpa(items=[sale()]), signed=signed(a="9.50", x="4", y="7"))
    assert found.amounts() == {("sale", "clawback"): -Fraction("13.50")}
    assert [step.text for step in found.line("sale", "clawback").workings[:-1]] == [
        "9.5 left before (signed-off close), 0 now: 9.5 taken back",
        "4 left before (signed-off close), 0 now: 4 taken back",
    ]
    (remark,) = found.result.remarks
    assert "r2 of y" in remark.sentence


def test_a_conversion_that_two_contracts_paid_is_taken_back_of_both():
    """Its rows are gone; two signed-off closes know it, one of them by an item of a contract that ended long ago."""
    said = {("ann", "x"): StillEarned("sale", 1, Fraction(4)), ("bob", "x"): StillEarned("sale", 1, Fraction(3)),
            ("eve", "x"): StillEarned("sale", 1, Fraction(2))}  # fmt: skip
    program = Program().reversal("x", "10-05")
    found = program.priced(cpa(items=[sale()]), cpa(items=[sale()], partner="bob"), signed=SignedOff(said))
    assert found.amounts() == {("sale", "clawback"): -4} and found.amounts("bob") == {("sale", "clawback"): -3}


@pytest.mark.parametrize("amount", ["0", "0.000000"])
def test_a_reversal_of_nothing_takes_nothing(amount):
    program = Program().won("a", "09-20", sale="100").reversal("a", "10-05", amount)
    assert taken(program, round="line", rounding="up", **PERCENT) is None


def test_a_reversal_dated_years_before_its_conversion_reverses_it():
    program = Program().won("a", "10-05").reversal("a", instant("2020-02-01T00:00:00Z"))
    assert program.priced(cpa(items=[sale()])).fates() == {"a": "reversed"}


def test_a_reversal_that_a_locked_close_counted_stays_there():
    program = Program().won("a", "09-20").reversal("a", "10-05")
    counted = SignedOff(counted={("ann", "r0"): "2026-09"})
    assert program.priced(cpa(items=[sale()]), signed=counted).amounts() == {}


def test_a_clawback_counts_towards_the_minimum_payout():
    program = Program().won("a", "09-20").reversal("a", "10-05").won("b", "10-10").won("c", "10-11")
    terms = {"minimum_payout": {"amount": "25", "below": "carry"}}
    found = program.priced(cpa(items=[sale()], **terms), openings=[balance("hold", "12")])
    assert found.amounts() == {("sale", "payout"): 20, ("sale", "clawback"): -10, ("_hold", "hold"): -10}
