"""Exact money: RULES 1.1, 1.2, 3.6 and 5.3 (largest remainder)."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.money import (
    exact,
    largest_remainder,
    minor_units,
    plain,
    round_amount,
    round_to,
    round_whole,
    written,
)

STANDARD = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}
amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@given(amounts, st.sampled_from(sorted(STANDARD)), st.integers(0, 4))
def test_rounding_is_the_standard_library_s(value, mode, digits):
    assert round_to(value, digits, mode) == value.quantize(Decimal(1).scaleb(-digits), STANDARD[mode])


@given(st.integers(-(10**9), 10**9))
def test_a_tie_goes_away_from_zero(whole):
    tie = Fraction(2 * whole + 1, 2)
    assert abs(round_whole(tie)) == abs(tie) + Fraction(1, 2)


def test_ties_in_each_mode():
    assert [round_whole(Fraction(5, 2), m) for m in ("half_up", "half_even", "up", "down")] == [3, 2, 3, 2]
    assert [round_whole(Fraction(-5, 2), m) for m in ("half_up", "half_even", "up", "down")] == [
        -3,
        -2,
        -3,
        -2,
    ]
    with pytest.raises(ValueError, match="rounding mode"):
        round_whole(Fraction(1, 2), "sideways")


@pytest.mark.parametrize("mode", sorted(STANDARD))
def test_small_fractions_round_as_the_standard_library_does(mode):
    """All of them, by halves, quarters, fifths and eighths: zero, both signs, and every tie to an even and an odd."""
    for parts in (1, 2, 4, 5, 8):
        for number in range(-4 * parts, 4 * parts + 1):
            asked = Decimal(number) / parts
            wanted = int(asked.quantize(Decimal(1), STANDARD[mode]))
            assert round_whole(Fraction(number, parts), mode) == wanted, (number, parts)
    assert round_whole(Fraction(-1, 3), mode) == (-1 if mode == "up" else 0)


def test_numbers_are_taken_as_they_are():
    assert exact(3) == exact(Decimal("3.0")) == exact(Fraction(3)) == exact("3.00") == 3
    assert exact("-0.125") == Fraction(-1, 8)


def test_the_example_of_the_rules_is_rounded_once():
    first, second = Fraction(25) * 1_000_001 / 1000, Fraction(22) * 999_999 / 1000
    assert round_amount(first + second, "USD") == Decimal("47000.00")
    assert round_amount(first, "USD") + round_amount(second, "USD") == Decimal("47000.01")


def test_minor_units_are_those_of_iso_4217():
    assert [minor_units(code) for code in ("USD", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]
    for wrong in ("XAU", "usd", "ZZZ", ""):
        with pytest.raises(ValueError, match="ISO 4217"):
            minor_units(wrong)


def test_floats_are_no_money():
    for wrong in (0.1, True, "abc", "NaN", "1e999999x", None):
        with pytest.raises(ValueError, match="number"):
            exact(wrong)


def test_amounts_are_written_plainly():
    assert plain(Decimal("-0.00")) == "0.00" and plain(Decimal("1E+3")) == "1000"
    assert (
        written(Fraction(1, 8)) == "0.125"
        and written(Fraction(-1, 8)) == "-0.125"
        and written(Fraction(-2, 3)) == "-2/3"
        and written(7) == "7"
    )


weights = st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any)


@given(st.integers(0, 10**6), weights)
def test_largest_remainder_gives_all_and_no_part_is_off_by_one(total, values):
    parts = largest_remainder(total, list(enumerate(values)))
    assert sum(parts.values()) == total
    assert all(abs(parts[i] - Fraction(total * value, sum(values))) < 1 for i, value in enumerate(values))


def test_largest_remainder_ties_go_to_the_earlier():
    assert largest_remainder(1, [("b", 1), ("a", 1)]) == {"b": 1, "a": 0}
    with pytest.raises(ValueError, match="positive sum"):
        largest_remainder(3, [("a", 0)])


@given(st.fractions(max_denominator=10**7))
def test_a_written_number_is_the_same_number(value):
    text = written(value)
    assert Fraction(text) == value
    assert "/" in text or len(text.partition(".")[2]) <= 12


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=12))
def test_what_ends_is_written_without_trailing_zeros(value):
    assert written(value) == plain(value.normalize() + 0 if value else Decimal(0))
