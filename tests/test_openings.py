"""Opening balances: the locked close before the dataset before zero, and what the period hands on (RULES 4.7)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from recon.expect.openings import Balance, Openings
from recon.inputs.rows import OpeningBalance


def row(value, name="RUN", kind="quantity", period=None, contract="acme"):
    return OpeningBalance(contract, name, kind, Decimal(value), period, "opening.csv", 1)


def test_locked_close_before_the_dataset():
    openings = Openings("2026-10", [row(5)], [Balance("acme", "RUN", "quantity", Fraction(7))])
    found = openings.opening("acme", "RUN", "quantity")
    assert (found.value, found.source) == (7, "locked close")


def test_dataset_where_the_locked_close_says_nothing_of_it():
    openings = Openings("2026-10", [row("5.25", kind="spend")], [Balance("acme", "RUN", "quantity", Fraction(7))])
    found = openings.opening("acme", "RUN", "spend")
    assert (found.value, found.source) == (Fraction("5.25"), "opening_balances")


def test_a_locked_zero_stays_zero():
    openings = Openings("2026-10", [row(5)], [Balance("acme", "RUN", "quantity", Fraction(0))])
    assert openings.quantity("acme", "RUN") == 0


def test_only_rows_for_this_period_or_for_none():
    openings = Openings("2026-10", [row(5, period="2026-09"), row(6, "A"), row(7, "B", period="2026-10")])
    assert [openings.quantity("acme", name) for name in ("RUN", "A", "B")] == [0, 6, 7]


def test_a_row_for_the_period_before_one_without():
    rows = [row(7, period="2026-10"), row(6)]
    assert Openings("2026-10", rows).quantity("acme", "RUN") == 7
    assert Openings("2026-10", rows[::-1]).quantity("acme", "RUN") == 7


def test_balances_of_the_contract_have_no_item():
    openings = Openings("2026-10", [row(9, None, "hold"), row(4, None, "spend"), row(3)])
    assert (openings.hold("acme"), openings.spend("acme"), openings.quantity("acme")) == (9, 4, 0)


def test_what_was_asked_for_is_told_with_its_source():
    openings = Openings("2026-10", [row(5)])
    openings.spend("acme")
    openings.quantity("acme", "RUN")
    openings.quantity("acme", "RUN")
    assert [one.words for one in openings.asked] == [
        "opening spend of acme: 0, nothing is known from before",
        "opening quantity of acme RUN: 5, from opening_balances",
    ]


def test_closing_hands_on_what_nothing_moved():
    openings = Openings("2026-10", [row(5), row(2, "OLD")])
    moved = [Balance("acme", "RUN", "quantity", Fraction(3)), Balance("acme", "RUN", "spend", Fraction(1, 3))]
    assert {(one.item, one.kind): one.value for one in openings.closing(moved)} == {
        ("OLD", "quantity"): 2, ("RUN", "quantity"): 8, ("RUN", "spend"): Fraction(1, 3),
    }  # fmt: skip
