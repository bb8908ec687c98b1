"""What is recomputed: days and files that may hold what differs, though others of their orders count instead."""

from __future__ import annotations

from decimal import Decimal

import pytest

from recon.diagnose.case import Case, Side
from recon.diagnose.places import Places, WonByPlace
from recon.diagnose.screen import Screen
from recon.diagnose.world import LineKey, Priced

DAY, NEXT = 20_000, 20_001
HERE = ("conversions", "utc_day", DAY)
PAID = "1000000"


def won(*decided: tuple[str, str, str], alone: str = "", at: dict[str, int] | None = None) -> WonByPlace:
    """Decisions (conversion, fate, reason); conversions of the first day unless said."""
    days = {one: DAY for one, _, _ in decided} | (at or {})
    rows = [(one, fate, reason, f"click of {one}", "sale", None, PAID) for one, fate, reason in decided]
    places = Places(
        {one: (day, 1) for one, day in days.items()},
        {f"click of {one}": (DAY - 1, 2) for one in days},
        frozenset(alone.split()),
        tuple((one, (DAY - 2, 2)) for one in days if one.startswith("old")),
    )
    return WonByPlace.of(rows, places)


class Asked(Screen):
    """A screen of which only what is asked is known."""

    def __init__(self, found: WonByPlace, has_shares: bool = False, is_by_touch: bool = False) -> None:
        self.__dict__ |= {"_won": found, "_has_shares": has_shares, "_is_by_touch": is_by_touch}


def test_only_what_is_paid_goes_with_its_day() -> None:
    found = won(("a", "payable", ""), ("b", "ineligible", "geo"), ("c", "lost", "to bob by x"))
    assert (found.paid[HERE], found.claimed[HERE], found.lost[HERE]) == (1, 2, 1)
    assert found.paid["clicks", "utc_day", DAY - 1] == found.paid["conversions", "file_number", 1] == 1


def test_an_order_is_paid_by_its_next_conversion() -> None:
    found = won(("a", "payable", ""), ("b", "duplicate", "of a"), at={"b": NEXT})
    assert found.freed[HERE] == 1
    assert found.freed["conversions", "file_number", 1] == 0  # they come in one file and go together
    assert Asked(found)._may_count(HERE, Decimal(0), times=0)
    assert not Asked(found)._may_count(HERE, Decimal(0), times=2)
    assert not Asked(won(("a", "payable", "")))._may_count(HERE, Decimal(0), times=0)


def test_a_copy_of_what_was_reversed_is_paid() -> None:
    found = won(*((f"r{n}", "reversed", "by r") for n in range(9)), alone=" ".join(f"r{n}" for n in range(9)))
    assert Asked(found)._may_count(HERE, Decimal(9), times=2)
    assert not Asked(found)._may_count(HERE, Decimal(-9), times=0)


@pytest.mark.parametrize("is_by_touch", [False, True])
def test_without_its_click_a_conversion_may_have_other_terms(is_by_touch: bool) -> None:
    place = ("clicks", "utc_day", DAY - 1)
    screen = Asked(won(("a", "payable", "")), is_by_touch=is_by_touch)
    assert screen._may_win(place, Decimal(0)) is is_by_touch
    assert screen._may_win(place, Decimal(-1))


def test_what_was_reversed_of_earlier_months_is_known_by_its_day_and_clicks() -> None:
    found = won(("a", "payable", ""), at={"old": DAY - 1})
    assert found.taken["conversions", "utc_day", DAY - 1] == found.taken["clicks", "utc_day", DAY - 2] == 1


def test_conversions_may_be_missing_on_a_line_whose_amount_is_right() -> None:
    paid, bonus = LineKey("sale", "payout", "USD"), LineKey("_bonus", "bonus", "USD")
    ours = {paid: Priced(Decimal(2), Decimal(10)), bonus: Priced(Decimal(0), Decimal(5))}
    for stated, gap in ((Decimal(1), -1), (None, None)):
        case = Case("ann", ours, {paid: Side(stated, Decimal(10), True)}, frozenset([bonus]))
        screen = Asked(won())
        screen.__dict__["_case"] = case
        assert screen._gap == gap


@pytest.mark.parametrize(("other", "is_taken_back"), [("bonus", True), ("payout", False)])
def test_what_is_left_out_of_earlier_months_moves_nothing_that_is_paid(other: str, is_taken_back: bool) -> None:
    keys = frozenset(LineKey("sale", kind, "USD") for kind in ("clawback", other))
    screen = Asked(won())
    screen.__dict__["_case"] = Case("ann", {}, {}, keys)
    assert screen._is_taken_back is is_taken_back
