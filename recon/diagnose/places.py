"""Which conversions a day or a file holds, by what was decided of them: how much can go with it, or come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Decisions = list[tuple[Any, ...]]
At = tuple[int | None, int | None]  # UTC day (since 1970) and number of the file
Place = tuple[str, str, int | None]  # dataset, by day or file, which
Counts = defaultdict[Place, Decimal]


@dataclass(frozen=True)
class Places:
    """Where conversions and clicks come from; which have no order; the clicks before each that is reversed."""

    conversions: Mapping[str, At]
    clicks: Mapping[str, At]
    alone: frozenset[str]
    reversed_clicks: tuple[tuple[str, At], ...]


def _counts() -> Counts:
    return defaultdict(Decimal)


@dataclass(frozen=True)
class WonByPlace:
    """Shares of conversions by day and file of the conversion, or of the click that won it for us or took it from us.

    `paid` are paid, `claimed` are those and all others that we decided of, `lost` went to somebody else. Copies of
    `again` would be paid, for no reversal is of a copy; `alone` are those of them without an order, by which a copy is
    found. `freed` would be paid but for an order before them, in that place; `taken` are of earlier months and
    reversed.
    """

    paid: Counts = field(default_factory=_counts)
    claimed: Counts = field(default_factory=_counts)
    lost: Counts = field(default_factory=_counts)
    again: Counts = field(default_factory=_counts)
    alone: Counts = field(default_factory=_counts)
    freed: Counts = field(default_factory=_counts)
    taken: Counts = field(default_factory=_counts)

    @classmethod
    def of(cls, decided: Decisions, places: Places) -> WonByPlace:
        """What was decided, by where it comes from."""
        found, own = cls(), {row[0] for row in decided}
        for row in decided:
            if row[0] in places.conversions:
                found._add(row, places)
        for conversion_id, click in places.reversed_clicks:
            if conversion_id in places.conversions and conversion_id not in own:
                _add(found.taken, "conversions", places.conversions[conversion_id])
                _add(found.taken, "clicks", click)
        return found

    def _add(self, row: tuple[Any, ...], places: Places) -> None:
        """Count a decision at its conversion's place and at that of the click which won."""
        conversion_id, fate, reason, touch, *_, share = row
        at, click = places.conversions[conversion_id], places.clicks.get(touch)
        whole = Decimal(1) if fate == "lost" else Decimal(int(share)).scaleb(-6)
        counts = [self.lost] if fate == "lost" else [self.claimed]
        counts += [self.paid] if fate == "payable" else []
        if fate in ("payable", "reversed"):
            counts += [self.again, self.alone] if conversion_id in places.alone else [self.again]
        for count in counts:
            _add(count, "conversions", at, whole)
            if click is not None:
                _add(count, "clicks", click, whole)
        if fate == "duplicate":
            self._free(at, places.conversions.get(reason.removeprefix("of ")))

    def _free(self, at: At, prior: At | None) -> None:
        """Count what would be paid without the order before it, unless both go together."""
        for by, own, before in zip(("utc_day", "file_number"), at, prior or at, strict=True):
            if own != before:
                self.freed["conversions", by, before] += 1


def _add(counts: Counts, dataset: str, at: At, share: Decimal = Decimal(1)) -> None:
    counts[dataset, "utc_day", at[0]] += share
    counts[dataset, "file_number", at[1]] += share
