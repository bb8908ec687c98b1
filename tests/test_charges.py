"""Deductions, caps, net billing, invoice currency, minimum and fixed fees, in hand-sized figures (RULES 4.5, 4.6)."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from versions import book, item, version

from recon.expect.charges import Charged, Earned, Part, charge_lines
from recon.expect.currency import ExchangeRates
from recon.expect.force import InForce, in_force
from recon.expect.openings import Balance, Openings
from recon.period import Period
from recon.problems import BadInput

OCTOBER = Period.parse("2026-10")
CASES = json.loads((Path(__file__).parents[1] / "fixtures/oracles/pricing.json").read_text(encoding="utf-8"))
TWO = [item("A"), item("B")]


def force(*versions) -> InForce:
    found = in_force(book(*versions), "acme", OCTOBER)
    assert found is not None
    return found


def charged(contract: InForce, opening=(), rates=(), **amounts) -> Charged:
    """Lines where each item earned an amount under the last version (a list: under each version)."""
    versions = [span.version for span in contract.spans]
    earned = []
    for name, amount in amounts.items():
        parts = list(zip(versions, amount, strict=True)) if isinstance(amount, list) else [(versions[-1], amount)]
        earned.append(Earned(name, Fraction(1), tuple(Part(one, Fraction(value)) for one, value in parts)))
    return charge_lines(contract, earned, Openings(locked=opening), ExchangeRates(rates))


def amounts(*args, **kwargs) -> dict[str, Decimal]:
    return {line.item: line.amount for line in charged(*args, **kwargs).lines}


# Discount


def test_discount_is_each_versions_own():
    terms = {"items": TWO}
    both = force(version(discount_percent="10", **terms), version(2, "2026-10-16", discount_percent="50", **terms))
    assert amounts(both, A=["100", "100"]) == {"A": Decimal("140.00")}


def test_nothing_is_rounded_before_the_line():
    both = force(version(discount_percent="10", items=TWO), version(2, "2026-10-16", items=TWO))
    assert amounts(both, A=["0.005", "0.0005"]) == {"A": Decimal("0.01")}  # 0.0045 + 0.0005 = 0.005


# Caps


def test_item_cap_then_contract_cap_in_document_order():
    terms = {"items": [item("A", cap={"amount": "80"}), item("B")], "cap": {"amount": "100"}}
    assert amounts(force(version(**terms)), B="50", A="90") == {"A": Decimal("80.00"), "B": Decimal("20.00")}


def test_document_order_is_that_of_the_last_version_and_dropped_items_come_after():
    first = version(items=[item("A"), item("B"), item("C")], cap={"amount": "100"})
    second = version(2, "2026-10-16", items=[item("C"), item("B")], cap={"amount": "100"})
    found = amounts(force(first, second), A=["60", "0"], B=["60", "0"], C=["60", "0"])
    assert found == {"C": Decimal("60.00"), "B": Decimal("40.00"), "A": Decimal("0.00")}


def test_cap_is_taken_after_the_discount():
    terms = {"items": [item("A", cap={"amount": "80"})], "discount_percent": "10"}
    assert amounts(force(version(**terms)), A="100") == {"A": Decimal("80.00")}
    assert amounts(force(version(**terms)), A="80") == {"A": Decimal("72.00")}


def test_cap_over_the_contract_counts_on_from_the_opening_spend():
    terms = {"items": [item("A", cap={"amount": "100", "scope": "contract"})]}
    opening = [Balance("acme", "A", "spend", Fraction("70.005"))]
    assert amounts(force(version(**terms)), opening, A="50") == {"A": Decimal("30.00")}  # 29.995 rounded half up
    assert amounts(force(version(**terms)), [Balance("acme", "A", "spend", Fraction(120))], A="50") == {"A": 0}


def test_contract_cap_over_the_contract_counts_on_from_the_contracts_spend():
    terms = {"items": TWO, "cap": {"amount": "100", "scope": "contract"}}
    opening = [Balance("acme", "", "spend", Fraction(60)), Balance("acme", "A", "spend", Fraction(60))]
    assert amounts(force(version(**terms)), opening, A="30", B="30") == {"A": Decimal("30.00"), "B": Decimal("10.00")}


def test_cap_of_the_period_knows_no_opening():
    terms = {"items": TWO, "cap": {"amount": "100"}}
    opening = [Balance("acme", "", "spend", Fraction(90))]
    assert amounts(force(version(**terms)), opening, A="99") == {"A": Decimal("99.00")}


def test_caps_and_commission_are_those_of_the_last_day_in_force():
    first = version(items=[item("A", cap={"amount": "1"})], cap={"amount": "1"}, bill="net", commission_percent="50")
    second = version(2, "2026-10-31", items=[item("A")])
    assert amounts(force(first, second), A=["100", "0"]) == {"A": Decimal("100.00")}


def test_spend_is_what_caps_leave_before_commission():
    terms = {"items": [item("A", cap={"amount": "80"}), item("B")], "cap": {"amount": "100"}}
    found = charged(force(version(**terms, bill="net", commission_percent="15")), A="90", B="50")
    assert {(one.item, one.value) for one in found.spent} == {("A", 80), ("B", 20), ("", 100)}


# Net billing and invoice currency


@pytest.mark.parametrize(("bill", "amount"), [("net", "85.00"), ("gross", "100.00")])
def test_commission_is_taken_off_only_when_billed_net(bill, amount):
    terms = {"items": TWO, "bill": bill, "commission_percent": "15"}
    assert amounts(force(version(**terms)), A="100") == {"A": Decimal(amount)}


def test_commission_comes_after_the_cap():
    terms = {"items": TWO, "bill": "net", "commission_percent": "15", "cap": {"amount": "50"}}
    assert amounts(force(version(**terms)), A="100") == {"A": Decimal("42.50")}


def test_invoice_currency_at_the_rate_of_the_periods_last_date_rounded_at_its_own_minor_unit():
    rates = [(date(2026, 10, 31), "USD", "JPY", Decimal("150.5")), (date(2026, 10, 30), "USD", "JPY", Decimal("140"))]
    line = charged(force(version(items=TWO, invoice_currency="JPY")), rates=rates, A="10.01").lines[0]
    assert (line.currency, line.amount) == ("JPY", Decimal(1507))  # 1506.505


def test_a_missing_rate_stops_only_what_needs_it():
    terms = version(items=TWO, invoice_currency="JPY")
    assert amounts(force(terms), A="0") == {"A": 0}
    with pytest.raises(BadInput, match="USD/JPY"):
        charged(force(terms), A="1")


MODES = [("half_up", "0.13"), ("half_even", "0.12"), ("up", "0.13"), ("down", "0.12")]


@pytest.mark.parametrize(("mode", "amount"), MODES)
def test_line_is_rounded_by_its_mode(mode, amount):
    assert amounts(force(version(items=TWO, rounding=mode)), A="0.125") == {"A": Decimal(amount)}


def test_cpm_payouts_follow_the_same_rules():
    line = charged(force(version(direction="payout", items=TWO, discount_percent="10")), A="100").lines[0]
    assert (line.kind, line.amount) == ("payout", Decimal("90.00"))


# Minimum and fixed fees (4.6)


def test_shortfall_to_the_minimum():
    found = charged(force(version(items=TWO, minimum={"amount": "100"})), A="30.005", B="10").lines
    assert [(line.item, line.kind, line.amount) for line in found][-1] == ("_minimum", "shortfall", Decimal("59.99"))


@pytest.mark.parametrize("earned, told", [("100", "minimum 100 − 100 charged = 0, nothing is missing"),
                                          ("99.99", "minimum 100 − 99.99 charged = 0.01")])  # fmt: skip
def test_a_shortfall_is_told_in_words(earned, told):
    line = charged(force(version(items=TWO, minimum={"amount": "100"})), A=earned).lines[-1]
    assert line.workings[-1].text == told


def test_no_shortfall_above_the_minimum():
    assert amounts(force(version(items=TWO, minimum={"amount": "40"})), A="30", B="10")["_minimum"] == 0


def test_minimum_by_the_days_in_force():
    late = version(1, "2026-10-22", items=TWO, minimum={"amount": "310"})  # 10 of 31 days
    assert amounts(force(late), A="0") == {"A": 0, "_minimum": Decimal("100.00")}


def test_days_in_force_count_across_versions_and_gaps():
    first = version(1, "2026-10-01", "2026-10-05", items=TWO, minimum={"amount": "1"})
    second = version(2, "2026-10-11", "2026-10-15", items=TWO, minimum={"amount": "310"})
    assert force(first, second).day_count == 10
    assert amounts(force(first, second))["_minimum"] == Decimal("100.00")


def test_fixed_fees_are_lines_and_count_towards_the_minimum():
    fees = [{"item": "SERVING", "amount": "62"}, {"item": "DESK", "amount": "62", "prorate": True}]
    late = version(1, "2026-10-17", items=TWO, fixed_fees=fees, minimum={"amount": "310"})  # 15 of 31 days
    found = amounts(force(late), A="10")
    assert found == {"A": 10, "SERVING": 62, "DESK": 30, "_minimum": Decimal("48.00")}


def test_fixed_fees_are_neither_discounted_nor_capped_nor_net():
    fees = [{"item": "SERVING", "amount": "60"}]
    terms = {"discount_percent": "10", "cap": {"amount": "5"}, "bill": "net", "commission_percent": "15"}
    found = amounts(force(version(items=TWO, fixed_fees=fees, **terms)), A="100")
    assert found == {"A": Decimal("4.25"), "SERVING": 60}


def test_minimum_and_fees_in_the_invoice_currency():
    rates = [(date(2026, 10, 31), "USD", "JPY", Decimal("150"))]
    fees = [{"item": "SERVING", "amount": "1"}]
    terms = version(items=TWO, invoice_currency="JPY", fixed_fees=fees, minimum={"amount": "10"})
    assert amounts(force(terms), rates=rates, A="2") == {"A": 300, "SERVING": 150, "_minimum": 1050}


# Published true-ups: in cents there, in dollars here; what was billed stands as the items' amounts. A commitment is
# prorated there by 6 of 7 days and rounded before the subtraction, as our minimum is; 6/7 of October is no whole
# number of days, so the days in force are given.


TRUE_UPS = [case for case in CASES if case["model"] == "min_commit_trueup"]


@pytest.mark.parametrize("case", TRUE_UPS, ids=lambda case: case["note"])
def test_published_true_up(case, monkeypatch):
    committed, billed = case["params"]["commitment_cents"], case["params"]["billed_cents"]
    days, of_days = map(int, case["params"].get("proration", "1/1").split("/"))
    names = [f"I{place}" for place in range(len(billed))] or ["I0"]
    terms = version(items=[item(name) for name in names], minimum={"amount": str(Decimal(committed) / 100)})
    monkeypatch.setattr(InForce, "day_count", days)
    monkeypatch.setattr(Period, "days", of_days)
    found = amounts(force(terms), **{name: Fraction(cents) / 100 for name, cents in zip(names, billed, strict=False)})
    assert found["_minimum"] * 100 == Decimal(case["expected_amount"])


# Workings and properties


def test_workings_lead_from_what_was_earned_to_the_line():
    terms = {"items": [item("A", cap={"amount": "80"})], "discount_percent": "10", "bill": "net"}
    contract = force(version(**terms, commission_percent="15", cap={"amount": "70"}))
    line = charged(contract, A="100").lines[0]
    assert [(step.operation, step.amount) for step in line.workings] == [
        ("discount", -10), ("cap", -10), ("cap", -10), ("commission", Fraction("-10.5")), ("round", Fraction("59.5")),
    ]  # fmt: skip
    assert [step.clause for step in line.workings] == [
        "discount_percent", "items[A].cap.amount", "cap.amount", "commission_percent", "rounding",
    ]  # fmt: skip
    assert line.workings[1].text == "cap 80 leaves 80; of 90 10 is cut"


AMOUNTS = st.lists(st.integers(0, 5000), min_size=2, max_size=2)


@given(AMOUNTS, st.integers(0, 6000), st.integers(0, 3000))
def test_a_contract_never_spends_more_than_its_cap(cents, cap, opening):
    terms = version(items=TWO, cap={"amount": f"{cap / 100:.2f}", "scope": "contract"})
    spent = [Balance("acme", "", "spend", Fraction(opening, 100))]
    found = charged(force(terms), spent, A=Fraction(cents[0], 100), B=Fraction(cents[1], 100))
    total = sum(line.amount for line in found.lines) * 100
    assert total == min(sum(cents), max(0, cap - opening))


@given(AMOUNTS, st.integers(1, 9000))
def test_with_the_shortfall_a_contract_bills_at_least_its_minimum(cents, minimum):
    terms = version(items=TWO, minimum={"amount": f"{minimum / 100:.2f}"})
    found = charged(force(terms), A=Fraction(cents[0], 100), B=Fraction(cents[1], 100))
    assert sum(line.amount for line in found.lines) * 100 == max(sum(cents), minimum)


def test_a_cap_is_its_own_items_alone():
    capped = force(version(items=[item("A", cap={"amount": "5"}), item("B")]))
    assert amounts(capped, A="10", B="10") == {"A": Decimal("5.00"), "B": Decimal("10.00")}


def test_versions_after_the_period_decide_nothing_in_it():
    """An amendment and a whole contract that begin on the first day after it."""
    now, later = version(items=TWO), version(2, "2026-11-01", items=TWO, discount_percent="50", cap={"amount": "1"})
    assert amounts(force(now, later), A="10") == {"A": Decimal("10.00")}
    assert force(now, later).last.version == 1
    assert in_force(book(version(1, "2026-11-01", items=TWO)), "acme", OCTOBER) is None
