"""Billing months, local dates, cut instants and durations (RULES 1.3, 1.4, 1.9).

Instants are whole microseconds since the epoch, UTC. Zones come from the pinned `tzdata` package, never from
the system, so two machines cut the same month at the same instant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

import tzdata

TZDATA_VERSION: str = tzdata.IANA_VERSION
DAY = 86_400_000_000
HOUR = DAY // 24
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_UNITS = {"d": DAY, "h": HOUR, "m": HOUR // 60, "s": HOUR // 3600}
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, order=True)
class Period:
    """A billing month; its bounds depend on the zone it is cut in (RULES 1.4)."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """The month written `YYYY-MM`; ValueError for anything else."""
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
        if not found or found[1] == "0000":
            raise ValueError(f"{text!r} is no month; expected YYYY-MM, such as 2026-10")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Period:
        """The month a date lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return self.next().first - timedelta(days=1)

    @property
    def days(self) -> int:
        return self.last.day

    def shifted(self, months: int) -> Period:
        """The month so many months later (earlier when negative)."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Period(year, month + 1)

    def next(self) -> Period:
        return self.shifted(1)

    def previous(self) -> Period:
        return self.shifted(-1)

    def start(self, zone: str) -> int:
        """The first instant of the month in a zone."""
        return midnight(self.first, zone)

    def end(self, zone: str) -> int:
        """The first instant after the month in a zone: periods are half-open."""
        return midnight(self.next().first, zone)

    def cutoff(self, days: int) -> int:
        """The last instant at which an event may be ingested and count: month end in UTC + days × 24 h (RULES 1.9)."""
        return self.end("UTC") + days * DAY


_FIXED = re.compile(r"UTC([+-])(\d\d):(\d\d)(?::(\d\d))?")


@lru_cache
def zone(name: str) -> tzinfo:
    """A zone of the pinned release by its IANA name, or a fixed offset such as UTC+02:00; ValueError otherwise."""
    fixed = _FIXED.fullmatch(name)
    if fixed:
        sign, hours, minutes, seconds = fixed.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
        return timezone(-offset if sign == "-" else offset)
    parts = name.split("/")
    source = resources.files("tzdata.zoneinfo")
    if not all(re.fullmatch(r"[A-Za-z0-9_+-]+", part) for part in parts) or not source.joinpath(*parts).is_file():
        raise ValueError(f"{name!r} is no IANA time zone")
    with source.joinpath(*parts).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone of the pinned release; a fixed offset is none."""
    try:
        return isinstance(zone(name), ZoneInfo)
    except ValueError:
        return False


def fixed_zone(name: str, us: int) -> str:
    """The offset that a zone has at an instant, as a zone that never changes: no contract has one, an error may.

    >>> fixed_zone("Europe/Berlin", instant("2026-10-01T00:00Z")), fixed_zone("UTC", 0)
    ('UTC+02:00', 'UTC')
    """
    offset = _offset(us, name) or timedelta()
    seconds = abs(offset) // timedelta(seconds=1)
    hours, minutes = divmod(seconds // 60, 60)
    rest = f":{seconds % 60:02d}" if seconds % 60 else ""
    return f"UTC{'-' if offset < timedelta() else '+'}{hours:02d}:{minutes:02d}{rest}" if seconds else "UTC"


@lru_cache(maxsize=65536)
def midnight(day: date, name: str) -> int:
    """The first instant of a date in a zone, also where local midnight is skipped or comes twice (RULES 1.3).

    >>> instant_text(midnight(date(2026, 10, 16), "America/New_York"))
    '2026-10-16T04:00:00Z'
    """
    low, high = _utc_guess(day, -16), _utc_guess(day, 16)
    for earlier, later in _constant_pieces(low, high, name):
        start = local(earlier, name)
        if start.date() >= day:
            return earlier
        wall = datetime(day.year, day.month, day.day, tzinfo=start.tzinfo)
        reached = earlier + _micros(wall.replace(tzinfo=None) - start.replace(tzinfo=None))
        if reached < later:
            return reached
    raise ValueError(f"{day} does not begin in {name}")


def _constant_pieces(low: int, high: int, name: str) -> list[tuple[int, int]]:
    """The stretch cut where the zone's offset changes, so that within a piece wall and universal time run alike."""
    cuts = [low, *_offset_changes(low, high, name), high]
    return list(pairwise(cuts))


def _offset_changes(low: int, high: int, name: str) -> list[int]:
    changes = []
    for hour in range(low, high, HOUR):
        if _offset(hour, name) != _offset(hour + HOUR, name):
            changes.append(_change_between(hour, hour + HOUR, name))
    return changes


def _change_between(low: int, high: int, name: str) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, name) == _offset(low, name) else (low, middle)
    return high


def _offset(us: int, name: str) -> timedelta | None:
    return local(us, name).utcoffset()


def local(us: int, name: str) -> datetime:
    """An instant on the clocks of a zone."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(zone(name))


def _utc_guess(day: date, hours: int) -> int:
    return _micros(datetime(day.year, day.month, day.day) - datetime(1970, 1, 1)) + hours * HOUR


def _micros(delta: timedelta) -> int:
    return delta // timedelta(microseconds=1)


@lru_cache(maxsize=65536)
def local_date(us: int, name: str) -> date:
    """The calendar date of an instant in a zone."""
    return local(us, name).date()


def duration(text: str) -> int:
    """Microseconds of a duration such as `30d`, `36h`, `15m` (a day is 24 h, RULES 5.2); ValueError otherwise.

    >>> duration("36h") == 36 * HOUR
    True
    """
    found = re.fullmatch(r"(\d{1,6})([dhms])", text)
    if not found:
        raise ValueError(f"{text!r} is no duration; expected a number with d, h, m or s, such as 30d")
    return int(found[1]) * _UNITS[found[2]]


def instant(text: str) -> int:
    """The instant an ISO 8601 text names (no offset: UTC); ValueError for a date alone or anything else."""
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no instant; expected ISO 8601, such as 2026-10-14T09:05:00Z")
    moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{(found[3] or 'Z').replace('Z', '+00:00')}")
    return instant_of(moment)


def instant_of(moment: datetime) -> int:
    """The instant of a datetime; one without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return _micros(aware - _EPOCH)


def instant_text(us: int) -> str:
    """An instant as ISO 8601 in UTC, with as many decimals as it needs."""
    at = _EPOCH + timedelta(microseconds=us)
    return at.replace(tzinfo=None).isoformat(timespec="auto") + "Z"


def moment(us: int) -> str:
    """An instant to the second in UTC, as people read it.

    >>> moment(1_790_000_000_123_456)
    '2026-09-21 14:13:20'
    """
    return instant_text(us)[:19].replace("T", " ")
