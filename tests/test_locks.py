"""Conversions that earn when they lock (RULES 5.9)."""

from datetime import date

import pytest
from programs import OCTOBER, Program, cpa, sale, tiers

from recon.contracts.terms import Lock
from recon.expect.locks import lock_date
from recon.observe.questions import first_locking_month
from recon.period import Period, instant

MONTH_END = {"earn_on": "lock", "lock": {"after": "month_end", "months": 1, "days": 0}}
SEPTEMBER = OCTOBER.previous()


@pytest.mark.parametrize("lock, day, locked", [
    ({"after": "month_end", "months": 1, "days": 0}, date(2026, 1, 15), date(2026, 2, 28)),
    ({"after": "month_end", "months": 1, "days": 0}, date(2028, 1, 31), date(2028, 2, 29)),
    ({"after": "month_end", "months": 0, "days": 10}, date(2026, 12, 1), date(2027, 1, 10)),
    ({"after": "conversion", "days": 60}, date(2026, 4, 1), date(2026, 5, 31)),
    ({"after": "conversion", "days": 0}, date(2026, 4, 1), date(2026, 4, 1)),
])  # fmt: skip
def test_lock_dates(lock, day, locked):
    assert lock_date(Lock.model_validate(lock), day) == locked


@pytest.mark.parametrize("lock", [
    {"after": "month_end", "months": 2, "days": 35}, {"after": "month_end", "months": 0, "days": 1},
    {"after": "conversion", "days": 45}, {"after": "conversion", "days": 0},
])  # fmt: skip
def test_no_month_before_the_first_can_lock_in_a_period(lock):
    clause = Lock.model_validate(lock)
    first = first_locking_month(clause, OCTOBER)
    assert Period.of(lock_date(clause, first.last)) >= OCTOBER
    assert Period.of(lock_date(clause, first.previous().last)) < OCTOBER


def test_a_conversion_earns_in_the_period_in_which_it_locks():
    program = Program().won("a", "09-10").won("b", "10-10")
    found = program.priced(cpa(items=[sale()], **MONTH_END))
    assert found.fates() == {"a": "payable", "b": "not_locked"}
    assert found.amounts() == {("sale", "payout"): 10}
    assert found.line("sale", "payout").quantity == 1


def test_the_lock_date_decides_day_by_day():
    terms = {"earn_on": "lock", "lock": {"after": "conversion", "days": 30}}
    program = Program().won("a", "08-31").won("b", "09-01").won("c", "09-30").won("d", "10-01")
    found = program.priced(cpa(items=[sale()], **terms))
    assert found.fates() == {"b": "payable", "c": "payable", "d": "payable"}
    assert program.priced(cpa(items=[sale()], **terms), period=SEPTEMBER).fates()["a"] == "payable"


def test_a_reversal_dated_up_to_the_lock_reverses_or_reduces():
    program = Program().won("a", "09-10", sale="100").won("b", "09-11", sale="100").won("c", "09-12", sale="100")
    program.reversal("a", "10-31 23:00").reversal("b", "10-20", "40").reversal("c", "11-01 00:00")
    found = program.priced(cpa(items=[sale(percent_of_sale="10")], **MONTH_END))
    assert found.fates() == {"a": "reversed", "b": "payable", "c": "payable"}
    assert found.amounts() == {("sale", "payout"): 16}


def test_a_reversal_after_the_lock_takes_nothing_back():
    program = Program().won("a", "08-10").reversal("a", "10-01")
    found = program.priced(cpa(items=[sale()], reversal_days=90, **MONTH_END))
    assert found.amounts() == {}


def test_a_reversal_before_the_lock_that_comes_late_is_a_clawback():
    program = Program().won("a", "08-10").reversal("a", "09-30", ingested_at=instant("2026-10-05T00:00:00Z"))
    found = program.priced(cpa(items=[sale()], reversal_days=90, **MONTH_END))
    assert found.amounts() == {("sale", "clawback"): -10}
    assert program.priced(cpa(items=[sale()], reversal_days=50, **MONTH_END)).amounts() == {}


def test_caps_and_tiers_are_those_of_the_conversions_own_month():
    program = Program().won("a", "09-01").won("b", "09-02").won("c", "09-03").won("d", "10-01")
    steps = tiers({"over": "0", "flat": "10"}, {"over": "1", "flat": "7"})
    found = program.priced(cpa(items=[sale(**steps)], caps=[{"per": "period", "conversions": 2}], **MONTH_END))
    assert found.fates() == {"a": "payable", "b": "payable", "c": "over_cap", "d": "not_locked"}
    assert found.amounts() == {("sale", "payout"): 17}


def test_what_has_not_locked_takes_its_room_in_its_own_month():
    terms = {"earn_on": "lock", "lock": {"after": "conversion", "days": 10}}
    program = Program().won("a", "10-25").won("b", "10-26")
    found = program.priced(cpa(items=[sale()], caps=[{"per": "period", "conversions": 1}], **terms))
    assert found.fates() == {"a": "not_locked", "b": "not_locked"}
    terms["lock"] = {"after": "conversion", "days": 6}
    found = program.priced(cpa(items=[sale()], caps=[{"per": "period", "conversions": 1}], **terms))
    assert found.fates() == {"a": "payable", "b": "not_locked"}
    found = program.priced(
        cpa(items=[sale()], caps=[{"per": "period", "conversions": 1}], **terms), period=OCTOBER.next()
    )
    assert found.fates() == {"b": "over_cap"}


def test_one_reversed_before_its_lock_makes_room():
    program = Program().won("a", "09-01").won("b", "09-02").reversal("a", "10-05")
    found = program.priced(cpa(items=[sale()], caps=[{"per": "period", "conversions": 1}], **MONTH_END))
    assert found.fates() == {"a": "reversed", "b": "payable"}


def test_a_bonus_counts_what_earns_in_the_period():
    program = Program().won("a", "09-01").won("b", "09-02").won("c", "10-02")
    found = program.priced(
        cpa(items=[sale()], bonus=[{"at_least": 2, "amount": "5"}, {"at_least": 3, "amount": "9"}], **MONTH_END)
    )
    assert found.amounts() == {("sale", "payout"): 20, ("_bonus", "bonus"): 5}


def test_what_locks_after_the_contracts_end_is_paid():
    program = Program().won("a", "09-10")
    assert program.priced(cpa(last="2026-09-30", items=[sale()], **MONTH_END)).amounts() == {("sale", "payout"): 10}


def test_each_months_places_are_told_of_that_month():
    """Two conversions of September and three of October lock in October: each month begins in the first tier."""
    steps = tiers({"over": "0", "flat": "10"}, {"over": "1", "flat": "7"})
    lock = {"earn_on": "lock", "lock": {"after": "conversion", "days": 15}}
    program = Program().won("a", "09-20").won("b", "09-21").won("c", "10-01").won("d", "10-02").won("e", "10-03")
    line = program.priced(cpa(items=[sale(**steps)], **lock)).line("sale", "payout")
    told = [step.text.split(",")[0] for step in line.workings if step.operation == "position"]
    assert told == ["from 0 to 2 conversions of 2026-09", "from 0 to 3 conversions of 2026-10"]
    assert line.amount == 10 + 7 + 10 + 7 + 7
