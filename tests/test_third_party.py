"""A third party's count in place of ours, and booked quantities (RULES 3.5, 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from versions import item, version

from recon.contracts.terms import Booked, ThirdParty
from recon.expect.booking import Bought, cut_back, taken
from recon.expect.third_party import missing_days, shared, shares_told, their_count, verdict, verdict_told


@dataclass(frozen=True)
class Part:
    stretch: int
    quantity: int


def own(percent="10", **said):
    return ThirdParty(tolerance_percent=percent, **said)


def parts(*quantities):
    return [Part(stretch, quantity) for stretch, quantity in enumerate(quantities)]


def sizes(found):
    return [part.quantity for part in found]


def bought(quantity, scope="period"):
    return Bought(Booked(quantity=quantity, scope=scope), 1, "items[RUN].booked.quantity")


# Which count is billed


@pytest.mark.parametrize(
    ("theirs", "billed"),
    [(900, 1000), (899, 899), (1000, 1000), (1200, 1000), (0, 0), (None, 1000)],
    ids=["on the tolerance", "beyond it", "equal", "more than ours", "nothing", "missing"],
)
def test_theirs_is_billed_beyond_the_tolerance(theirs, billed):
    assert verdict(own(), 1000, theirs).billed == billed


@pytest.mark.parametrize(("theirs", "billed"), [(900, 900), (1200, 1200), (0, 0), (None, 1000)])
def test_theirs_is_billed_where_they_control(theirs, billed):
    assert verdict(ThirdParty(controlling="third_party"), 1000, theirs).billed == billed


@pytest.mark.parametrize(
    ("clause", "theirs", "sentence", "inputs"),
    [
        (ThirdParty(controlling="third_party", tolerance_percent="10"), 5,
         "ours is 10, the third party's is 5; the third party controls: the third party's is billed, 5",
         {"own": "10", "third_party": "5", "source": "third_party"}),
        (own(), 5,
         "ours is 10, the third party's is 5; (10 − 5) / 10 × 100 = 50, above 10: the third party's is billed, 5",
         {"own": "10", "third_party": "5", "tolerance": "10", "source": "third_party"}),
        (own(), None,
         "ours is 10, the third party's is missing; ours is billed, 10",
         {"own": "10", "tolerance": "10", "source": "own"}),
    ],
    ids=["they control", "beyond the tolerance", "missing"],
)  # fmt: skip
def test_both_counts_and_the_verdict_are_told(clause, theirs, sentence, inputs):
    told = verdict_told(clause, verdict(clause, 10, theirs), 1, "third_party")
    assert told.text == sentence and dict(told.inputs) == inputs


@pytest.mark.parametrize(("theirs", "billed"), [(801, 901), (800, 900), (900, 1000)])
def test_the_mean_is_rounded_half_up(theirs, billed):
    assert verdict(own(beyond="split"), 1000, theirs).billed == billed


def test_without_delivery_ours_is_billed():
    assert verdict(ThirdParty(controlling="third_party"), 0, 50).billed == 0


def test_zero_tolerance_is_exceeded_by_one_impression():
    assert verdict(own("0"), 1_000_000, 999_999).billed == 999_999


def test_their_count_needs_a_row_for_every_date_with_delivery():
    days = [date(2026, 10, day) for day in (1, 2, 3)]
    assert their_count({days[0]: 5, days[1]: 0}, {days[0]: 4, days[2]: 3}) == 7
    assert their_count({days[0]: 5, days[1]: 1}, {days[0]: 4, days[2]: 3}) is None
    assert missing_days({days[2]: 1, days[1]: 1}, {}) == [days[1], days[2]]


# Sharing and booking


def test_segments_share_by_largest_remainder_ties_to_the_earlier():
    assert sizes(shared(10, parts(1, 1, 1))) == [4, 3, 3]
    assert sizes(shared(85, parts(600, 400))) == [51, 34]


def test_booked_units_are_taken_in_order():
    assert sizes(taken(parts(60, 60), {0: bought(100), 1: bought(100)})) == [60, 40]


def test_what_was_over_booked_stays_so_when_a_later_version_books_more():
    assert sizes(taken(parts(60, 60), {0: bought(50), 1: bought(100)})) == [50, 50]


def test_a_later_version_that_books_less_takes_nothing_more():
    assert sizes(taken(parts(60, 60), {0: bought(100), 1: bought(50)})) == [60, 0]


def test_a_version_without_booked_quantity_takes_all_and_counts():
    assert sizes(taken(parts(60, 60), {1: bought(100)})) == [60, 40]


def test_booked_over_the_contract_counts_on_from_the_opening():
    assert sizes(taken(parts(60), {0: bought(100, "contract")}, Fraction(70))) == [30]
    assert sizes(taken(parts(60), {0: bought(100, "contract")}, Fraction(170))) == [0]
    assert sizes(taken(parts(60), {0: bought(100)}, Fraction(70))) == [60]


def test_a_third_partys_count_is_cut_from_the_last_segment_back():
    assert sizes(cut_back(parts(60, 30, 20), bought(80))) == [60, 20, 0]
    assert sizes(cut_back(parts(60, 30), bought(80, "contract"), Fraction(40))) == [40, 0]
    assert sizes(cut_back(parts(60, 30), None)) == [60, 30]


QUANTITIES = st.lists(st.integers(0, 500), min_size=1, max_size=5)


@given(QUANTITIES, st.integers(0, 3000))
def test_segments_share_everything(quantities, total):
    found = sizes(shared(total, parts(*quantities)))
    assert sum(found) == (total if any(quantities) else 0)
    assert all(part >= 0 for part in found)


@given(QUANTITIES, st.integers(0, 1000))
def test_one_booked_quantity_is_filled_and_not_exceeded(quantities, limit):
    clauses = {stretch: bought(limit) for stretch in range(len(quantities))}
    found = sizes(taken(parts(*quantities), clauses))
    assert sum(found) == min(sum(quantities), limit)
    assert found == sizes(cut_back(parts(*quantities), bought(limit)))


@dataclass(frozen=True)
class VersionsPart:
    version: object
    quantity: int


def test_shares_are_told_where_versions_share():
    both = [VersionsPart(version(items=[item()]), 1), VersionsPart(version(2, items=[item()]), 2)]
    told = list(shares_told(both, shared(5, both)))
    assert [step.text for step in told] == ["5 × 1 / 3, by largest remainder 2", "5 × 2 / 3, by largest remainder 3"]
    assert list(shares_told(both[:1], shared(5, both[:1]))) == []
