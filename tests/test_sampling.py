"""Samples drawn by hand and at random: key items, points, chances, and that nothing but the seed decides."""

from __future__ import annotations

import hashlib
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.evidence.sampling import (
    drawn_events,
    interval_of_materiality,
    interval_of_selections,
    monetary_sample,
    random_start,
)

HAND = {"a": 50, "b": 30, "c": 12, "d": 8, "e": 0}
sizes = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=4), st.integers(0, 500), max_size=25)


@pytest.mark.parametrize(
    ("start", "points"),
    [(1, {"c": 1}), (12, {"c": 12}), (13, {"d": 13}), (20, {"d": 20}), (21, {}), (25, {})],
)
def test_a_population_drawn_by_hand(start: int, points: dict[str, int]) -> None:
    """100 in all, four selections: the interval is 25; a and b are key items, c ends at 12 and d at 20 of the rest."""
    found = monetary_sample(HAND, interval_of_selections(100, 4), start)
    assert (found.interval, found.population) == (25, 100)
    assert [unit.identity for unit in found.drawn] == ["a", "b", *points]
    assert {unit.identity: unit.point for unit in found.drawn if not unit.is_key} == points
    assert {unit.identity: unit.reached for unit in found.units} == {"a": 0, "b": 0, "c": 12, "d": 20, "e": 20}


def test_several_points_by_hand() -> None:
    """Seven lines of 4: they end at 4, 8, 12 … 28; every tenth unit from the third: 3, 13, 23."""
    found = monetary_sample(dict.fromkeys("abcdefg", 4), 10, 3)
    assert [(unit.identity, unit.point) for unit in found.drawn] == [("a", 3), ("d", 13), ("f", 23)]


def test_a_line_of_just_the_interval_is_a_key_item_and_one_below_it_is_not() -> None:
    found = monetary_sample({"a": 25, "b": 24}, 25, 25)
    assert [(unit.identity, unit.is_key, unit.is_drawn) for unit in found.units] == [
        ("a", True, True),
        ("b", False, False),
    ]


def test_intervals_are_rounded_down_and_never_nothing() -> None:
    assert interval_of_selections(1003, 4) == 250
    assert interval_of_selections(3, 4) == 1
    assert interval_of_materiality(10_000, Decimal("3.00")) == 3333
    assert interval_of_materiality(2, Decimal("3.00")) == 1


@pytest.mark.parametrize("start", [0, 26, -1])
def test_a_start_outside_the_first_interval_is_refused(start: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to the interval, 25"):
        monetary_sample(HAND, 25, start)


@given(sizes, st.integers(1, 300), st.data())
def test_key_items_points_and_their_number(population: dict[str, int], interval: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(1, interval))
    found = monetary_sample(population, interval, start)
    assert {unit.identity for unit in found.units if unit.is_key} == {
        k for k, size in population.items() if size >= interval
    }
    rest = sum(size for size in population.values() if size < interval)
    wanted = list(range(start, rest + 1, interval))
    assert [unit.point for unit in found.units if unit.point is not None] == wanted
    for unit in found.units:
        assert unit.point is None or unit.reached - unit.size < unit.point <= unit.reached
    assert len(found.drawn) == len(wanted) + sum(unit.is_key for unit in found.units)


@given(sizes, st.integers(1, 60))
def test_over_all_starts_a_line_is_drawn_as_often_as_it_has_units(population: dict[str, int], interval: int) -> None:
    """The chance is exactly size / interval: of the interval's starts just as many hit a line as it has minor units."""
    hits = dict.fromkeys(population, 0)
    for start in range(1, interval + 1):
        for unit in monetary_sample(population, interval, start).drawn:
            hits[unit.identity] += 1
    assert hits == {name: min(size, interval) for name, size in population.items()}


@given(sizes, st.integers(1, 300), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(
    population: dict[str, int], interval: int, chance: random.Random
) -> None:
    mixed = list(population.items())
    chance.shuffle(mixed)
    assert monetary_sample(dict(mixed), interval, 1) == monetary_sample(population, interval, 1)


def test_the_random_start_is_what_an_auditor_finds_by_hand() -> None:
    digest = hashlib.sha256(b"2026-10|USD|start").hexdigest()
    assert random_start("2026-10", "USD", 484_138) == int(digest, 16) % 484_138 + 1
    assert random_start("2026-10", "USD", 484_138) != random_start("2026-10", "EUR", 484_138)


def test_starts_lie_evenly_in_the_interval() -> None:
    """2 000 seeds over ten tenths: chi-square 21.67 would be one in a hundred; the seeds are fixed, so is the figure."""
    tenths = [0] * 10
    for seed in range(2000):
        tenths[(random_start(str(seed), "USD", 1000) - 1) // 100] += 1
    assert sum((count - 200) ** 2 / 200 for count in tenths) < 21.67


def test_events_are_those_with_the_smallest_digits() -> None:
    ids = [f"cv-{n}" for n in range(100)]
    marks = sorted((hashlib.sha256(f"s|{one}".encode()).hexdigest(), one) for one in ids)
    assert [(one.digits, one.identity) for one in drawn_events([*ids, *ids], "s", 7)] == marks[:7]
    assert len(drawn_events(ids[:3], "s", 7)) == 3 and drawn_events([], "s", 7) == ()


@given(st.lists(st.text(max_size=5), max_size=30), st.randoms(use_true_random=False), st.integers(0, 10))
def test_the_order_of_events_changes_nothing(ids: list[str], chance: random.Random, count: int) -> None:
    mixed = list(ids)
    chance.shuffle(mixed)
    assert drawn_events(mixed, "s", count) == drawn_events(ids, "s", count)


def test_every_event_is_as_likely() -> None:
    """2 000 fixed seeds, 5 of 20 events each: about 500 times every one; chi-square 36.19 is one in a hundred at 19."""
    ids = [f"cv-{n}" for n in range(20)]
    hits = dict.fromkeys(ids, 0)
    for seed in range(2000):
        for one in drawn_events(ids, str(seed), 5):
            hits[one.identity] += 1
    assert sum((count - 500) ** 2 / 500 for count in hits.values()) < 36.19
