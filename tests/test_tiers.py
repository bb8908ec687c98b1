"""The tier walker: boundaries, openings, versions, fees, and the price cases that billing systems publish."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.expect.tiers import Run, Scale, Tier, Walk, walk

CASES = json.loads((Path(__file__).parents[1] / "fixtures/oracles/pricing.json").read_text(encoding="utf-8"))
TIERED = [case for case in CASES if "tiers" in case["params"]]


def scale(*steps: str, fees: tuple[int, ...] = (), **clauses: Any) -> Scale:
    """A scale written as `over 0`, `over 100`, `from 200`."""
    tiers = []
    for place, step in enumerate(steps):
        word, number = step.split()
        tiers.append(Tier(Fraction(number), word == "from", Fraction(fees[place] if fees else 0)))
    return Scale(tuple(tiers), **clauses)


def runs(*quantities: int | str, versions: tuple[int, ...] = ()) -> list[Run]:
    """Runs of the versions given, by default of 1, 2, 3 …"""
    return [Run(versions[n] if versions else n + 1, Fraction(units)) for n, units in enumerate(quantities)]


def quantities(found: Walk) -> list[tuple[int, int, Fraction]]:
    return [(piece.version, piece.tier, piece.quantity) for piece in found.pieces]


def fees(found: Walk) -> list[tuple[int, int]]:
    return [(fee.version, fee.tier) for fee in found.fees]


def priced(found: Walk, prices: list[Fraction]) -> Fraction:
    """Every unit at its own tier's price, and the fees."""
    units = sum((piece.quantity * prices[piece.tier] for piece in found.pieces), Fraction(0))
    return units + sum((fee.amount for fee in found.fees), Fraction(0))


# Published cases. How their conventions map to ours:
# - Lago's discrete tiers (0-10, 11-20, from 21 on) and adjacent ones (0-10, 10-20) both begin where the one before
#   ends: `over: 10`, `over: 20`. Between two discrete tiers (100.5) Lago takes the next, as does `over: 100`.
# - a tier's `flat` is our `fee`; `unit` a price per unit; `rate_pct` a percentage of an amount: a tier over sales.
# - units may be fractions there, so they are measured as amounts, which are split exactly at a threshold.


def mapped(case: dict[str, Any]) -> tuple[Scale, list[Fraction]]:
    """A published case as our scale and the price of a unit in each tier."""
    stated = case["params"]["tiers"]
    bounds = ["0", *(tier["up_to"] for tier in stated[:-1])]
    tiers = tuple(
        Tier(Fraction(bound), fee=Fraction(tier["flat"] or 0)) for bound, tier in zip(bounds, stated, strict=True)
    )
    mode = "volume" if case["model"] == "volume" else "graduated"
    prices = [Fraction(tier["unit"]) if "unit" in tier else Fraction(tier["rate_pct"]) / 100 for tier in stated]
    return Scale(tiers, mode, measure="amount"), prices


@pytest.mark.parametrize("case", TIERED, ids=lambda case: f"{case['model']}-{case['units']}-{case['expected_amount']}")
def test_published_price(case):
    tiers, prices = mapped(case)
    found = walk([Run(1, Fraction(case["units"]))], {1: tiers})
    assert priced(found, prices) == Fraction(case["expected_amount"])


def test_every_published_tier_case_is_used():
    assert {case["model"] for case in CASES} == {"graduated", "volume", "graduated_percentage", "min_commit_trueup"}
    assert len(TIERED) + 6 == len(CASES)


# Boundaries (1.5)


@pytest.mark.parametrize(
    ("step", "units", "upper"), [("over 100", 100, 0), ("over 100", 101, 1), ("from 100", 99, 0), ("from 100", 100, 1)]
)
def test_threshold_belongs_below_over_and_above_from(step, units, upper):
    found = walk(runs(units), {1: scale("over 0", step)})
    assert sum(piece.quantity for piece in found.pieces if piece.tier == 1) == upper
    assert sum(piece.quantity for piece in found.pieces) == units


@pytest.mark.parametrize(("step", "tier"), [("over 100", 0), ("from 100", 1)])
def test_volume_at_the_threshold(step, tier):
    found = walk(runs(100), {1: scale("over 0", step, mode="volume")})
    assert quantities(found) == [(1, tier, 100)]


def test_threshold_between_whole_units():
    assert quantities(walk(runs(12), {1: scale("over 0", "over 10.5")})) == [(1, 0, 10), (1, 1, 2)]
    assert quantities(walk(runs(12), {1: scale("over 0", "from 10.5")})) == [(1, 0, 10), (1, 1, 2)]


def test_amount_is_split_exactly_at_a_threshold():
    found = walk(runs("1000.25"), {1: scale("over 0", "over 1000.1", measure="amount")})
    assert quantities(found) == [(1, 0, Fraction("1000.1")), (1, 1, Fraction("0.15"))]


def test_single_units_lie_where_they_end():
    found = walk(runs("99.5", "1", "0.5", versions=(1, 1, 1)), {1: scale("over 0", "over 100", measure="each")})
    assert quantities(found) == [(1, 0, Fraction("99.5")), (1, 1, 1), (1, 1, Fraction("0.5"))]


# Opening count (4.2)


def test_contract_counter_goes_on_from_the_opening_count():
    found = walk(runs(150), {1: scale("over 0", "over 1000", counter="contract")}, Fraction(900))
    assert quantities(found) == [(1, 0, 100), (1, 1, 50)]


def test_period_counter_knows_no_opening():
    assert quantities(walk(runs(150), {1: scale("over 0", "over 1000")}, Fraction(900))) == [(1, 0, 150)]


def test_volume_of_a_contract_counter_prices_only_the_period():
    found = walk(runs(150), {1: scale("over 0", "over 1000", mode="volume", counter="contract")}, Fraction(900))
    assert quantities(found) == [(1, 1, 150)]


# Versions (4.3)


def test_carry_goes_on_from_the_position_reached():
    both = {1: scale("over 0", "over 100"), 2: scale("over 0", "over 150")}
    assert quantities(walk(runs(120, 60), both)) == [(1, 0, 100), (1, 1, 20), (2, 0, 30), (2, 1, 30)]


def test_carry_counts_units_of_a_version_without_tiers():
    assert quantities(walk(runs(80, 60), {2: scale("over 0", "over 100")})) == [(2, 0, 20), (2, 1, 40)]


def test_reset_starts_each_version_at_zero():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", across_versions="reset"))
    assert quantities(walk(runs(120, 110), both)) == [(1, 0, 100), (1, 1, 20), (2, 0, 100), (2, 1, 10)]


def test_a_version_that_returns_goes_on_with_its_own_count_under_reset():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", across_versions="reset"))
    found = walk(runs(80, 10, 40, versions=(1, 2, 1)), both)
    assert quantities(found) == [(1, 0, 80), (2, 0, 10), (1, 0, 20), (1, 1, 20)]


def test_volume_prices_each_versions_units_for_the_periods_total():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", mode="volume"))
    assert quantities(walk(runs(60, 50), both)) == [(1, 1, 60), (2, 1, 50)]


def test_volume_under_reset_looks_at_each_version_alone():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", mode="volume", across_versions="reset"))
    assert quantities(walk(runs(60, 110), both)) == [(1, 0, 60), (2, 1, 110)]


# Fees (4.4)


def test_first_fee_also_at_zero_units_by_the_first_version():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", fees=(5, 7)))
    assert fees(walk(runs(0, 0), both)) == [(1, 0)]


def test_each_tier_once_by_the_version_whose_unit_enters():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", fees=(5, 7)))
    assert fees(walk(runs(100, 1), both)) == [(1, 0), (2, 1)]
    assert fees(walk(runs(101, 1), both)) == [(1, 0), (1, 1)]


def test_each_tier_once_also_where_versions_reset():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", fees=(5, 7), across_versions="reset"))
    assert fees(walk(runs(120, 120), both)) == [(1, 0), (1, 1)]


def test_a_tier_left_and_entered_again_is_charged_once():
    both = {1: scale("over 0", "over 100", fees=(5, 7)), 2: scale("over 0", "over 200", fees=(5, 7))}
    assert fees(walk(runs(120, 100), both)) == [(1, 0), (1, 1)]


def test_a_version_with_lower_thresholds_enters_the_tier():
    both = {1: scale("over 0", "over 100", fees=(5, 7)), 2: scale("over 0", "over 50", fees=(5, 7))}
    assert fees(walk(runs(80, 1), both)) == [(1, 0), (2, 1)]


def test_first_fee_of_a_contract_counter_only_while_nothing_is_counted():
    counting = {1: scale("over 0", "over 100", fees=(5, 7), counter="contract")}
    assert fees(walk(runs(0), counting)) == [(1, 0)]
    assert fees(walk(runs(10), counting, Fraction(1))) == []


def test_tiers_of_the_opening_count_are_not_entered_again():
    counting = {1: scale("over 0", "over 100", "over 200", fees=(5, 7, 9), counter="contract")}
    assert fees(walk(runs(10), counting, Fraction(150))) == []
    assert fees(walk(runs(100), counting, Fraction(150))) == [(1, 2)]
    assert fees(walk(runs(1), counting, Fraction(100))) == [(1, 1)]


def test_volume_fee_of_the_reached_tier_by_the_last_version():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", fees=(5, 7), mode="volume"))
    assert fees(walk(runs(60, 0), both)) == [(2, 0)]
    assert fees(walk(runs(60, 50), both)) == [(2, 1)]
    assert fees(walk(runs(0, 0), both)) == [(2, 0)]


def test_volume_fee_of_each_version_under_reset():
    both = dict.fromkeys((1, 2), scale("over 0", "over 100", fees=(5, 7), mode="volume", across_versions="reset"))
    assert fees(walk(runs(160, 0), both)) == [(1, 1), (2, 0)]


def test_fee_where_an_amount_reaches_a_threshold_exactly():
    over, begins = (scale("over 0", step, fees=(0, 7), measure="amount") for step in ("over 100", "from 100"))
    assert fees(walk(runs(100), {1: over})) == []
    assert fees(walk(runs(100), {1: begins})) == [(1, 1)]


def test_every_tier_passed_is_entered():
    assert fees(walk(runs(300), {1: scale("over 0", "over 100", "from 200", fees=(1, 2, 3))})) == [
        (1, 0),
        (1, 1),
        (1, 2),
    ]


def test_nothing_in_force_has_neither_pieces_nor_fees():
    assert walk([], {}) == Walk((), ())


# Properties

COUNTS = st.integers(0, 400)
STEPS = st.lists(st.integers(1, 300), unique=True, max_size=4).map(sorted)


@st.composite
def scales(draw: st.DrawFn, **clauses: Any) -> Scale:
    bounds = draw(STEPS)
    inclusive = draw(st.lists(st.booleans(), min_size=len(bounds), max_size=len(bounds)))
    tiers = [Tier(Fraction(0), fee=Fraction(1)), *map(Tier, map(Fraction, bounds), inclusive)]
    return Scale(tuple(tiers), **clauses)


@given(scales(), COUNTS, COUNTS, COUNTS)
def test_splitting_a_run_changes_nothing(tiers, first, second, opening):
    whole = walk(runs(first + second), {1: tiers}, Fraction(opening))
    split = walk(runs(first, second, versions=(1, 1)), {1: tiers}, Fraction(opening))
    assert whole.fees == split.fees
    for tier in range(len(tiers.tiers)):
        parts = [sum(piece.quantity for piece in one.pieces if piece.tier == tier) for one in (whole, split)]
        assert parts[0] == parts[1]


@given(scales(counter="contract"), COUNTS, COUNTS, COUNTS)
def test_two_months_are_one_long_month_on_a_contract_counter(tiers, opening, first, second):
    prices = [Fraction(7 - place) for place in range(len(tiers.tiers))]
    long = walk(runs(first + second), {1: tiers}, Fraction(opening))
    short = walk(runs(first), {1: tiers}, Fraction(opening)), walk(runs(second), {1: tiers}, Fraction(opening + first))
    fee = sum((f.amount for f in short[1].fees), Fraction(0)) if not opening + first else 0
    assert priced(long, prices) == sum(priced(one, prices) for one in short) - fee


@given(scales(), COUNTS)
def test_graduated_total_grows_by_the_price_of_the_units_tier(tiers, count):
    prices = [Fraction(7 - place) for place in range(len(tiers.tiers))]
    low, high = (priced(walk(runs(units), {1: tiers}), prices) for units in (count, count + 1))
    assert high - low == prices[tiers.tier_at(Fraction(count + 1))]


@given(scales(), COUNTS, COUNTS)
def test_every_unit_lies_in_one_tier_where_it_ends(tiers, count, opening):
    found = walk(runs(count), {1: tiers}, Fraction(opening))
    assert sum(piece.quantity for piece in found.pieces) == count
    for piece in found.pieces:
        assert tiers.tier_at(piece.start + 1) == piece.tier == tiers.tier_at(piece.start + piece.quantity)


@given(COUNTS, COUNTS, st.sampled_from(["period", "contract"]))
def test_with_one_tier_volume_and_graduated_agree(count, opening, counter):
    both = [walk(runs(count), {1: scale("over 0", mode=mode, counter=counter)}, Fraction(opening)) for mode in MODES]
    assert both[0].pieces == both[1].pieces


MODES = ("graduated", "volume")
