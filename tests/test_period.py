"""Billing months and local dates: RULES 1.3, 1.4, 1.9."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.period import DAY, HOUR, Period, duration, instant, instant_text, is_zone, local_date, midnight

ZONES = [
    "UTC",
    "America/New_York",
    "America/Havana",
    "Africa/Casablanca",
    "America/Edmonton",
    "Asia/Beirut",
    "Asia/Tokyo",
]
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@given(days, st.sampled_from(ZONES))
def test_a_date_begins_at_its_first_instant(day, zone):
    begins = midnight(day, zone)
    assert local_date(begins, zone) == day
    assert all(local_date(begins - 1 - minutes * HOUR // 60, zone) != day for minutes in range(0, 181, 15))


@given(days, st.sampled_from(ZONES))
def test_months_follow_one_another_without_gap(day, zone):
    period = Period.of(day)
    assert period.end(zone) == period.next().start(zone)
    assert period.start(zone) <= midnight(day, zone) < period.end(zone)


def test_a_midnight_that_does_not_exist_is_the_first_instant_after():
    assert instant_text(midnight(date(2026, 3, 8), "America/Havana")) == "2026-03-08T05:00:00Z"


def test_a_midnight_that_exists_twice_is_the_first():
    assert instant_text(midnight(date(2026, 11, 1), "America/Havana")) == "2026-11-01T04:00:00Z"


def test_days_of_23_and_25_hours_are_days():
    new_york = "America/New_York"
    assert midnight(date(2026, 3, 9), new_york) - midnight(date(2026, 3, 8), new_york) == 23 * HOUR
    assert midnight(date(2026, 11, 2), new_york) - midnight(date(2026, 11, 1), new_york) == 25 * HOUR


def test_cutoff_counts_from_the_month_end_in_utc():
    assert instant_text(Period.parse("2026-10").cutoff(3)) == "2026-11-04T00:00:00Z"


def test_leap_february_has_29_days():
    assert Period.parse("2028-02").days == 29 and Period.parse("2026-02").days == 28


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-10", "2026-10-01", "", "0000-01"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match="YYYY-MM"):
        Period.parse(text)


def test_a_second_has_a_million_microseconds():
    assert [duration(f"1{unit}") for unit in "smhd"] == [10**6, 60 * 10**6, 3600 * 10**6, 24 * 3600 * 10**6]


def test_durations():
    assert (duration("30d"), duration("36h"), duration("15m"), duration("0d")) == (
        30 * DAY,
        36 * HOUR,
        HOUR // 4,
        0,
    )
    for wrong in ["30", "d", "1.5h", "-1d", "30 d"]:
        with pytest.raises(ValueError, match="duration"):
            duration(wrong)


@given(st.integers(0, 4_000_000_000_000_000))
def test_instants_survive_their_text(us):
    assert instant(instant_text(us)) == us


def test_instants_read_offsets_and_refuse_dates():
    assert instant("2026-10-14T09:05:00+02:00") == instant("2026-10-14T07:05:00Z") == instant("2026-10-14 07:05")
    with pytest.raises(ValueError, match="ISO 8601"):
        instant("2026-10-14")


def test_only_zones_of_the_pinned_release_are_known():
    assert is_zone("America/New_York")
    assert not any(
        map(is_zone, ["America/../America/New_York", "America/Nowhere", "../etc/passwd", "", "America", "zone.tab"])
    )


@pytest.mark.parametrize(
    "day, zone, instant_of_it",
    [
        (date(2026, 3, 8), "America/Los_Angeles", "2026-03-08T08:00:00Z"),  # 02:00 becomes 03:00 at 10:00 UTC
        (date(2026, 3, 9), "America/Los_Angeles", "2026-03-09T07:00:00Z"),
        (date(2026, 11, 1), "America/Los_Angeles", "2026-11-01T07:00:00Z"),
        (date(2026, 11, 2), "America/Los_Angeles", "2026-11-02T08:00:00Z"),
        (date(2026, 3, 30), "Europe/Berlin", "2026-03-29T22:00:00Z"),
        (date(2026, 1, 1), "Pacific/Kiritimati", "2025-12-31T10:00:00Z"),  # UTC+14
        (date(2026, 1, 1), "Etc/GMT+12", "2026-01-01T12:00:00Z"),  # UTC−12
    ],
)
def test_midnights_around_a_change_and_at_the_ends_of_the_earth(day, zone, instant_of_it):
    assert instant_text(midnight(day, zone)) == instant_of_it
