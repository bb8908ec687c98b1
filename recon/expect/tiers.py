"""The one tier walker: which units lie in which tier, and which fees that brings (RULES 1.5, 4.2 to 4.4, 6.2).

It knows positions and thresholds, nothing of what is counted: whole units (impressions), single units that are never
split (conversions with a share), or amounts that are split exactly at a threshold (sales). Units come as runs in
the order of RULES 3.4, each of one version; a run of zero says that its version was in force.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from recon.contracts.terms import CpaTiers, CpmTiers

Measure = Literal["units", "each", "amount"]
NONE = Fraction(0)


@dataclass(frozen=True)
class Tier:
    """One step: where it begins, whether its threshold belongs to it (`from`), and its fee (contract's currency)."""

    threshold: Fraction
    is_inclusive: bool = False
    fee: Fraction = NONE

    def is_reached(self, position: Fraction) -> bool:
        """Whether a position lies in this tier or beyond (RULES 1.5).

        >>> Tier(Fraction(100)).is_reached(Fraction(100)), Tier(Fraction(100), True).is_reached(Fraction(100))
        (False, True)
        """
        return position >= self.threshold if self.is_inclusive else position > self.threshold


@dataclass(frozen=True)
class Scale:
    """The tiers of one version's item. `measure`: whole units, units that lie where they end (`each`), or amounts."""

    tiers: tuple[Tier, ...]
    mode: Literal["graduated", "volume"] = "graduated"
    counter: Literal["period", "contract"] = "period"
    across_versions: Literal["carry", "reset"] = "carry"
    measure: Measure = "units"

    @classmethod
    def of(cls, clause: CpmTiers | CpaTiers, measure: Measure) -> Scale:
        """The scale of a tiers clause."""
        steps = clause.steps
        tiers = tuple(Tier(Fraction(step.threshold), step.is_inclusive, Fraction(step.fee)) for step in steps)
        return cls(tiers, clause.mode, clause.counter, clause.across_versions, measure)

    @property
    def counts_on(self) -> bool:
        """Whether it counts on from the opening count (RULES 4.2)."""
        return self.counter == "contract" and self.across_versions == "carry"

    def tier_at(self, position: Fraction) -> int:
        """The place of the tier that a position lies in, from 0; nothing counted yet lies in the first.

        >>> scale = Scale((Tier(Fraction(0)), Tier(Fraction(100)), Tier(Fraction(200), is_inclusive=True)))
        >>> [scale.tier_at(Fraction(n)) for n in (0, 1, 100, 101, 199, 200)]
        [0, 0, 0, 1, 1, 2]
        """
        return max((place for place, tier in enumerate(self.tiers) if tier.is_reached(position)), default=0)

    def begins(self, place: int) -> Fraction:
        """How much lies below a tier: of whole units, 99 lie below `from: 100`, and 100 below `over: 100`."""
        tier = self.tiers[place]
        if self.measure != "units":
            return tier.threshold
        return Fraction(math.ceil(tier.threshold) - 1 if tier.is_inclusive else math.floor(tier.threshold))


@dataclass(frozen=True)
class Run:
    """Units of one version that follow one another; zero where it was in force without any."""

    version: int
    quantity: Fraction


@dataclass(frozen=True)
class Piece:
    """The part of a run that lies in one tier: from position `start` on, `quantity` long.

    `reached` is the count that decides its tier: where it ends, or the period's total under `volume`.
    """

    run: int
    version: int
    tier: int
    start: Fraction
    quantity: Fraction
    reached: Fraction


@dataclass(frozen=True)
class Fee:
    """The fee of a tier, owed by the clause of a version (RULES 4.4)."""

    version: int
    tier: int
    amount: Fraction


@dataclass(frozen=True)
class Walk:
    """Pieces in the order of the runs, fees in the order in which they fall due, zero fees left out."""

    pieces: tuple[Piece, ...]
    fees: tuple[Fee, ...]


def walk(runs: Sequence[Run], scales: Mapping[int, Scale], opening: Fraction = NONE) -> Walk:
    """Lay a period's runs over the tiers of their versions (RULES 4.2 to 4.4).

    `scales` by version; the units of a version without one are counted and not priced here. `opening` is the count
    from before the period, for `counter: contract`. Each version counts by its own clauses: `carry` with all units of
    the period before it, `reset` with its own alone.

    >>> scale = Scale((Tier(Fraction(0), fee=Fraction(2)), Tier(Fraction(10), fee=Fraction(3))))
    >>> found = walk([Run(1, Fraction(8)), Run(2, Fraction(5))], {1: scale, 2: scale})
    >>> [(piece.version, piece.tier, int(piece.quantity)) for piece in found.pieces]
    [(1, 0, 8), (2, 0, 2), (2, 1, 3)]
    >>> [(fee.version, fee.tier, int(fee.amount)) for fee in found.fees]
    [(1, 0, 2), (2, 1, 3)]

    The same under `volume`: 13 units reach the second tier, which prices them all; its fee is the last version's.

    >>> scale = Scale(scale.tiers, mode="volume")
    >>> found = walk([Run(1, Fraction(8)), Run(2, Fraction(5))], {1: scale, 2: scale})
    >>> [(piece.version, piece.tier, int(piece.quantity)) for piece in found.pieces]
    [(1, 1, 8), (2, 1, 5)]
    >>> [(fee.version, fee.tier, int(fee.amount)) for fee in found.fees]
    [(2, 1, 3)]
    """
    track = _Track.of(runs, scales, opening)
    pieces = tuple(piece for place in track.priced() for piece in _pieces(place, track))
    fees = [*_graduated_fees(pieces, track), *_volume_fees(track)]
    return Walk(pieces, tuple(fee for fee in fees if fee.amount))


@dataclass(frozen=True)
class _Track:
    """Runs with what was counted before each: of all versions, and of its own alone."""

    runs: Sequence[Run]
    scales: Mapping[int, Scale]
    opening: Fraction
    before: tuple[Fraction, ...]
    own_before: tuple[Fraction, ...]
    own_totals: Mapping[int, Fraction]

    @classmethod
    def of(cls, runs: Sequence[Run], scales: Mapping[int, Scale], opening: Fraction) -> _Track:
        before, own_before, own_totals = [NONE], [], dict.fromkeys((run.version for run in runs), NONE)
        for run in runs:
            before.append(before[-1] + run.quantity)
            own_before.append(own_totals[run.version])
            own_totals[run.version] += run.quantity
        return cls(runs, scales, opening, tuple(before), tuple(own_before), own_totals)

    def priced(self, mode: str | None = None) -> list[int]:
        """The places of the runs whose versions have tiers (of one mode)."""
        scales = [self.scales.get(run.version) for run in self.runs]
        return [place for place, scale in enumerate(scales) if scale is not None and mode in (None, scale.mode)]

    def scale(self, place: int) -> Scale:
        return self.scales[self.runs[place].version]

    def start(self, place: int) -> Fraction:
        """The position that a run starts from (RULES 4.3)."""
        scale = self.scale(place)
        if scale.across_versions == "reset":
            return self.own_before[place]
        return self.before[place] + (self.opening if scale.counts_on else NONE)

    def total(self, version: int) -> Fraction:
        """The count that decides a version's tier under `volume` (RULES 4.2, 4.3)."""
        scale = self.scales[version]
        counted = self.own_totals[version] if scale.across_versions == "reset" else self.before[-1]
        return counted + (self.opening if scale.counts_on else NONE)


def _pieces(place: int, track: _Track) -> list[Piece]:
    run, scale, start = track.runs[place], track.scale(place), track.start(place)
    if not run.quantity:
        return []
    if scale.mode == "volume" or scale.measure == "each":
        reached = track.total(run.version) if scale.mode == "volume" else start + run.quantity
        return [Piece(place, run.version, scale.tier_at(reached), start, run.quantity, reached)]
    return _overlaps(place, run, scale, start)


def _overlaps(place: int, run: Run, scale: Scale, start: Fraction) -> list[Piece]:
    """A graduated run cut where tiers begin."""
    found, end = [], start + run.quantity
    for tier in range(len(scale.tiers)):
        low = max(start, scale.begins(tier))
        high = min(end, scale.begins(tier + 1)) if tier + 1 < len(scale.tiers) else end
        if low < high:
            found.append(Piece(place, run.version, tier, low, high - low, high))
    return found


def _graduated_fees(pieces: Sequence[Piece], track: _Track) -> list[Fee]:
    """Once for each tier that units enter, the first step's in any case; not for tiers that the opening count is in."""
    touched = _touched(pieces, track)
    fees: list[Fee] = []
    entered: set[int] = set()
    for number, place in enumerate(track.priced("graduated")):
        scale, tiers = track.scale(place), touched[place] | (set() if number else {0})
        for tier in sorted(tiers - entered):
            if not (scale.counts_on and scale.tiers[tier].is_reached(track.opening)):
                fees.append(Fee(track.runs[place].version, tier, scale.tiers[tier].fee))
        entered |= tiers
    return fees


def _touched(pieces: Sequence[Piece], track: _Track) -> Mapping[int, set[int]]:
    """The tiers that each run's units lie in, among them one whose `from` an amount reaches exactly."""
    touched: dict[int, set[int]] = defaultdict(set)
    for piece in pieces:
        end = piece.start + piece.quantity
        touched[piece.run] |= (
            {piece.tier, track.scale(piece.run).tier_at(end)} if _ends_run(piece, track) else {piece.tier}
        )
    return touched


def _ends_run(piece: Piece, track: _Track) -> bool:
    return piece.start + piece.quantity == track.start(piece.run) + track.runs[piece.run].quantity


def _volume_fees(track: _Track) -> list[Fee]:
    """The reached tier's alone: by the line's last version, and by each version that starts at zero (`reset`)."""
    last = track.runs[-1].version if track.runs else None
    versions = dict.fromkeys(track.runs[place].version for place in track.priced("volume"))
    owing = [one for one in versions if one == last or track.scales[one].across_versions == "reset"]
    tiers = [(version, track.scales[version].tier_at(track.total(version))) for version in owing]
    return [Fee(version, tier, track.scales[version].tiers[tier].fee) for version, tier in tiers]
