"""Drawing a sample that anybody can draw again: monetary units at a fixed interval, and events by their SHA-256.

Nothing here depends on the order of what is given, on a clock or on a generator whose numbers could change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from heapq import nsmallest
from itertools import accumulate

from recon.money import round_to


@dataclass(frozen=True)
class Unit:
    """A line of the population in its order; amounts in minor units.

    `reached` is what the lines below the interval have come to with this one; `point` the selection point that lies in
    it. A line of the interval or more is taken whole, apart from the points.
    """

    identity: str
    size: int
    reached: int
    is_key: bool
    point: int | None

    @property
    def is_drawn(self) -> bool:
        """Whether the line is in the sample."""
        return self.is_key or self.point is not None


@dataclass(frozen=True)
class MonetarySample:
    """A population with what was drawn from it: points at `start`, `start` + `interval`, and so on; in minor units."""

    interval: int
    start: int
    units: tuple[Unit, ...]

    @property
    def population(self) -> int:
        """The sizes of all lines."""
        return sum(unit.size for unit in self.units)

    @property
    def drawn(self) -> tuple[Unit, ...]:
        """The lines in the sample, the largest of those taken whole first, then by their points."""
        key = sorted((unit for unit in self.units if unit.is_key), key=lambda unit: (-unit.size, unit.identity))
        return (*key, *(unit for unit in self.units if unit.point is not None))

    @property
    def points(self) -> int:
        """How many selection points there are."""
        return sum(unit.point is not None for unit in self.units)


@dataclass(frozen=True)
class Drawn:
    """An event that was drawn, with the hexadecimal digits it was drawn by."""

    identity: str
    digits: str


def monetary_sample(sizes: Mapping[str, int], interval: int, start: int) -> MonetarySample:
    """Every line of the interval or more, and of the rest those in which a selection point lies (fixed interval).

    Sizes are minor units by identity, 0 or more; a line below the interval is drawn with the chance size / interval.
    ValueError where interval or start are no place to begin.

    >>> found = monetary_sample({"a": 50, "b": 12, "c": 8}, interval=25, start=13)
    >>> [(unit.identity, unit.point) for unit in found.drawn]
    [('a', None), ('c', 13)]
    """
    if not 1 <= start <= interval:
        raise ValueError(f"a start of {start}: expected 1 to the interval, {interval}")
    ordered = sorted(sizes.items())
    reached = accumulate(size if size < interval else 0 for _, size in ordered)
    units = (_unit(*named, upto, interval, start) for named, upto in zip(ordered, reached, strict=True))
    return MonetarySample(interval, start, tuple(units))


def _unit(identity: str, size: int, reached: int, interval: int, start: int) -> Unit:
    """A line is too small for two points: they lie an interval apart."""
    is_key = size >= interval
    last = start + (reached - start) // interval * interval  # the last point up to here, one interval below the first
    is_hit = not is_key and last > max(reached - size, 0)
    return Unit(identity, size, reached, is_key, last if is_hit else None)


def interval_of_selections(population: int, selections: int) -> int:
    """The interval that gives so many selections, in minor units, rounded down, at least one."""
    return max(1, population // selections)


def interval_of_materiality(amount: int, factor: Decimal) -> int:
    """The interval at which a clean sample says that less than `amount` (minor units) is wrong; at least one.

    `factor` is the confidence factor of a sample in which no misstatement is found: 3.00 for 95 %. Rounded to six
    decimals, then down, as a spreadsheet can.
    """
    return max(1, int(round_to(Fraction(amount) / Fraction(factor), 6)))


def start_text(seed: str, population: str) -> str:
    """What is hashed for the random start of a population.

    >>> start_text("2026-10", "USD")
    '2026-10|USD|start'
    """
    return f"{seed}|{population}|start"


def random_start(seed: str, population: str, interval: int) -> int:
    """A minor unit from 1 to the interval: the SHA-256 of the text as a whole number, modulo the interval, plus 1.

    >>> random_start("2026-10", "USD", 1)
    1
    """
    return int(_sha256(start_text(seed, population)), 16) % interval + 1


def drawn_events(identities: Iterable[str], seed: str, count: int) -> tuple[Drawn, ...]:
    """So many of the events, each as likely as the other: those with the smallest SHA-256 of seed, bar and id.

    SHA-256 itself, id by id, so that an auditor finds the same digits with any tool.
    """
    marked = ((_sha256(f"{seed}|{identity}"), identity) for identity in set(identities))
    return tuple(Drawn(identity, digits) for digits, identity in nsmallest(count, marked))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
