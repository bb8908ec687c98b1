"""What was let pass over the months: added up per counterparty, direction and currency; drift in one direction."""

from __future__ import annotations

from decimal import Decimal

import pytest

from recon.ledger.drift import DriftRules, Line, Party, Small, passing

NORTHWIND, ACME = Party("northwind", "Northwind Outdoor", "charge"), Party("acme", "Acme", "payout")
RULES = DriftRules(12, 3, {"USD": Decimal("5.00")})


def small(period, amount, party=NORTHWIND, *, contract="ctv", currency="USD", is_waived=True):
    line = Line(contract, "RUN", party.direction, currency)
    return Small(period, party, line, Decimal(amount), is_waived, f"{period}/{contract}")


def found(*smalls, period="2026-10", claims=None, rules=RULES):
    return passing(period, smalls, claims or {}, rules)


def drifts(*smalls, **said):
    return [(one.party.id, one.currency, str(one.amount)) for one in found(*smalls, **said) if one.is_drift]


def test_three_months_in_a_row_the_same_way_are_a_drift():
    months = [small("2026-08", "0.40"), small("2026-09", "0.10"), small("2026-10", "0.25", is_waived=False)]
    assert drifts(*months) == [("northwind", "USD", "0.75")]
    (one,) = found(*months)
    assert one.finding_id == "2026-10/northwind//charge/USD/drift"
    assert one.words == (
        "Let pass with Northwind Outdoor (charges): 2026-08 0.40, 2026-09 0.10, 2026-10 0.25; "
        "USD 0.75, 3 months in a row the same way."
    )
    assert drifts(*months[1:]) == []


@pytest.mark.parametrize("middle", ["-0.10", "0.00"])
def test_a_month_the_other_way_breaks_the_row(middle):
    assert drifts(small("2026-08", "0.40"), small("2026-09", middle), small("2026-10", "0.25")) == []


def test_a_month_without_any_breaks_the_row():
    assert drifts(small("2026-06", "1"), small("2026-07", "1"), small("2026-08", "1"), small("2026-10", "1")) == []


def test_a_row_that_ended_before_this_month_is_not_told_again():
    assert drifts(small("2026-07", "1"), small("2026-08", "1"), small("2026-09", "1")) == []


def test_the_row_is_worth_what_it_is_and_not_what_lies_before_it():
    months = [small("2026-07", "-2"), *(small(f"2026-{n:02}", "1") for n in (8, 9, 10))]
    assert drifts(*months) == [("northwind", "USD", "3")]


def test_a_row_counts_back_over_the_turn_of_the_year():
    months = [small("2026-11", "-1"), small("2026-12", "-1"), small("2027-01", "-1")]
    assert drifts(*months, period="2027-01") == [("northwind", "USD", "-3")]


@pytest.mark.parametrize(("amounts", "worth"), [(("3.00", "2.01"), "5.01"), (("-3.00", "-2.01"), "-5.01")])
def test_more_than_is_material_in_all_is_a_drift_without_a_row(amounts, worth):
    assert drifts(small("2026-05", amounts[0]), small("2026-10", amounts[1])) == [("northwind", "USD", worth)]


def test_what_is_material_exactly_is_none():
    assert drifts(small("2026-05", "3.00"), small("2026-10", "2.00")) == []


def test_a_month_that_goes_the_other_way_tells_nothing_again():
    assert drifts(small("2026-05", "9.00"), small("2026-10", "-0.50")) == []


def test_without_a_materiality_only_a_row_counts():
    months = [small("2026-05", "900", currency="EUR"), small("2026-10", "900", currency="EUR")]
    assert drifts(*months) == []


def test_only_the_months_that_count_are_added_up():
    assert drifts(small("2025-11", "3.00"), small("2026-10", "2.01")) == [("northwind", "USD", "5.01")]
    assert drifts(small("2025-10", "3.00"), small("2026-10", "2.01")) == []
    months = [small(f"2026-{n:02}", "1") for n in (8, 9, 10)]
    assert drifts(*months, rules=DriftRules(2, 3)) == []


def test_contracts_of_a_counterparty_are_added_up_and_others_are_not():
    months = [
        small("2026-08", "1"),
        small("2026-09", "-1"),
        small("2026-09", "3", contract="web"),
        small("2026-10", "1"),
    ]
    assert drifts(*months) == [("northwind", "USD", "4")]
    apart = [small("2026-08", "1"), small("2026-09", "1", ACME), small("2026-10", "1", currency="JPY")]
    assert drifts(*apart) == []


def test_an_adjustment_is_expected_on_the_line_that_moved_most():
    months = [small("2026-08", "1"), small("2026-09", "1", contract="web"), small("2026-10", "1.5", contract="web")]
    assert found(*months)[0].line == Line("web", "RUN", "charge", "USD")


def test_what_was_claimed_is_no_longer_let_pass():
    months = [small(f"2026-{n:02}", "1") for n in (7, 8, 9, 10)]
    assert drifts(*months, claims={("northwind", "charge", "USD"): "2026-09"}) == []
    assert drifts(*months, claims={("acme", "payout", "USD"): "2026-09"}) == [("northwind", "USD", "4")]


def test_later_months_have_no_say():
    months = [small(f"2026-{n:02}", "1") for n in (8, 9, 10, 11)]
    assert drifts(*months) == [("northwind", "USD", "3")]


def test_parts_are_what_the_month_itself_waived():
    months = [
        small("2026-08", "1"),
        small("2026-09", "1"),
        small("2026-10", "1"),
        small("2026-10", "1", is_waived=False),
    ]
    assert found(*months)[0].parts == ("2026-10/ctv",)
