"""Caps on conversions and amounts by day, period and contract: what still fits, in order (RULES 5.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from recon.contracts.terms import ConversionCap
from recon.money import plain, written

NONE = Fraction(0)
Key = tuple[str, str, date | None]  # per, measure, the day of a daily cap


@dataclass(frozen=True)
class Refusal:
    """The cap that a conversion did not fit: its place in the clause, and why in words."""

    cap_index: int
    reason: str


class Caps:
    """What is payable so far in every scope, and which caps have closed; counts on from the contract's openings.

    >>> caps = Caps()
    >>> limits = [ConversionCap(per="day", conversions=1)]
    >>> first = date(2026, 10, 1)
    >>> caps.refusal(limits, first, Fraction(1), Fraction(10)) is None
    True
    >>> caps.count(first, Fraction(1), Fraction(10))
    >>> caps.refusal(limits, first, Fraction(1), Fraction(10)).reason
    'cap per day: 1 + 1 conversions exceed 1'
    """

    def __init__(self, opening_count: Fraction = NONE, opening_amount: Fraction = NONE) -> None:
        self._used: dict[Key, Fraction] = defaultdict(Fraction)
        self._used["contract", "conversions", None] = opening_count
        self._used["contract", "amount", None] = opening_amount
        self._closed: dict[Key, Fraction] = {}

    def used(self, per: str, measure: str, day: date | None = None) -> Fraction:
        """What is counted in a scope: conversions (Σ shares), or an amount in the contract's currency."""
        return self._used[per, measure, day]

    def refusal(self, caps: Sequence[ConversionCap], day: date, share: Fraction, amount: Fraction) -> Refusal | None:
        """The first cap of the governing version that a conversion does not fit; None when it fits all.

        Under `crossing: stop` every cap that it did not fit is closed until a version states a higher one.
        """
        if self._closed:
            self._reopen(caps, day)
        found = [self._against(index, cap, day, share, amount) for index, cap in enumerate(caps)]
        return next((refusal for refusal in found if refusal is not None), None)

    def count(self, day: date, share: Fraction, amount: Fraction) -> None:
        """Count a payable conversion in every scope, under whatever version."""
        for per, in_scope in (("day", day), ("period", None), ("contract", None)):
            self._used[per, "conversions", in_scope] += share
            self._used[per, "amount", in_scope] += amount

    def _reopen(self, caps: Sequence[ConversionCap], day: date) -> None:
        lowest: dict[Key, Fraction] = {}
        for cap in caps:
            key = _key(cap, day)
            lowest[key] = min(limit_of(cap), lowest.get(key, limit_of(cap)))
        for key, limit in lowest.items():
            if key in self._closed and limit > self._closed[key]:
                del self._closed[key]

    def _against(self, index: int, cap: ConversionCap, day: date, share: Fraction, amount: Fraction) -> Refusal | None:
        key, limit = _key(cap, day), limit_of(cap)
        more = share if cap.conversions is not None else amount
        if key in self._closed:
            return Refusal(index, f"cap per {cap.per}: closed at {written(self._closed[key])}")
        if self._used[key] + more <= limit:
            return None
        if cap.crossing == "stop":
            self._closed[key] = limit
        sums = f"{written(self._used[key])} + {written(more)}"
        words = (
            f"{sums} conversions exceed {cap.conversions}"
            if cap.conversions is not None
            else f"{sums} exceeds {_amount(cap)}"
        )
        return Refusal(index, f"cap per {cap.per}: {words}")


def limit_of(cap: ConversionCap) -> Fraction:
    """What a cap allows: conversions, or an amount."""
    return Fraction(cap.conversions if cap.conversions is not None else cap.amount or 0)


def _amount(cap: ConversionCap) -> str:
    return "" if cap.amount is None else plain(cap.amount)


def _key(cap: ConversionCap, day: date) -> Key:
    measure = "conversions" if cap.conversions is not None else "amount"
    return cap.per, measure, day if cap.per == "day" else None
