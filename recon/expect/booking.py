"""Booked quantities: units are taken in order until what was bought is reached (RULES 3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol, TypeVar

from recon.contracts.terms import Booked
from recon.expect.lines import Working
from recon.money import told, written

NONE = Fraction(0)


class Ordered(Protocol):
    """Units of one stretch of a period."""

    @property
    def stretch(self) -> int: ...
    @property
    def quantity(self) -> int: ...


Unit = TypeVar("Unit", bound=Ordered)


@dataclass(frozen=True)
class Bought:
    """The booked clause of the version in force in a stretch, and where to find it."""

    clause: Booked
    version: int
    path: str


def taken(units: Sequence[Unit], bought: Mapping[int, Bought], opening: Fraction = NONE) -> list[Unit]:
    """The units that fit, in their order; what does not fit stays out, also when a later version books more.

    `bought` by stretch; a stretch without one takes all. `opening` is the count from before, for `scope: contract`.
    Units taken before count, under whatever version.
    """
    found: list[Unit] = []
    count = 0
    for unit in units:
        clause = bought[unit.stretch].clause if unit.stretch in bought else None
        fits = unit.quantity if clause is None else min(unit.quantity, room_of(clause, count, opening))
        count += fits
        found.append(replace(unit, quantity=fits))  # type: ignore[type-var]
    return found


def room_of(clause: Booked, count: int, opening: Fraction) -> int:
    """How many units still fit after those counted, and after the opening count with `scope: contract`.

    >>> room_of(Booked(quantity=1000, scope="contract"), 200, Fraction(700)), room_of(Booked(quantity=1000), 1200, NONE)
    (100, 0)
    """
    before = opening if clause.scope == "contract" else NONE
    return max(0, int(clause.quantity - count - before))


def cut_back(segments: Sequence[Unit], bought: Bought | None, opening: Fraction = NONE) -> list[Unit]:
    """The same for a third party's count, which has no order: the excess is cut from the last segment back (3.6)."""
    total = sum(segment.quantity for segment in segments)
    excess = max(0, total - room_of(bought.clause, 0, opening)) if bought else 0
    found: list[Unit] = []
    for segment in reversed(segments):
        cut = min(excess, segment.quantity)
        excess -= cut
        found.append(replace(segment, quantity=segment.quantity - cut))  # type: ignore[type-var]
    return found[::-1]


def taken_told(
    units: Sequence[Unit], fitting: Sequence[Unit], bought: Mapping[int, Bought], opening: Fraction = NONE
) -> Iterator[Working]:
    """One step for each stretch with a booked quantity: the room there was, and how much of the units it took."""
    count = 0
    for stretch in sorted({*bought, *(unit.stretch for unit in units)}):
        whole, fits = _sum(units, stretch), _sum(fitting, stretch)
        if stretch in bought:
            yield _working(bought[stretch], whole, fits, count, opening)
        count += fits


def _sum(units: Sequence[Unit], stretch: int) -> int:
    return sum(unit.quantity for unit in units if unit.stretch == stretch)


def _working(bought: Bought, whole: int, fits: int, count: int, opening: Fraction) -> Working:
    clause = bought.clause
    before = opening + count if clause.scope == "contract" else Fraction(count)
    text = f"booked {clause.quantity:,} − {told(before)} taken before leave {room_of(clause, count, opening):,}; "
    text += f"of {whole:,} units {fits:,} are taken, {whole - fits:,} over booked"
    inputs = (("before", str(whole)), ("limit", str(clause.quantity)), ("opening", written(before)))
    label = f"v{bought.version} booked per {clause.scope}"
    return Working("booked", "3.5", label, text, bought.version, bought.path, Fraction(fits), None, None, inputs)


def cut_told(
    segments: Sequence[Unit], fitting: Sequence[Unit], bought: Bought | None, opening: Fraction
) -> list[Working]:
    """What was cut from a third party's count, as a step; none without a booked quantity."""
    if bought is None:
        return []
    whole, fits = (sum(part.quantity for part in parts) for parts in (segments, fitting))
    return [_working(bought, whole, fits, 0, opening)]
