"""Conversions of a contract taken in order through its caps and tiers (RULES 5.8, 6.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, ConversionCap, CpaTerms
from recon.expect.caps import Caps
from recon.expect.cpa_fees import TierFee, tier_fees, tiered_items, tiers_of
from recon.expect.eligible import Candidate, Refused, scale_of
from recon.expect.openings import Balance, Openings
from recon.expect.prices import Place, earned, is_split
from recon.period import Period
from recon.problems import BadInput, Problem

NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Decision:
    """How conversions end: fate and reason, and for those in line their place in the tiers and what each earns."""

    judged: Candidate | Refused
    fate: str
    reason: str = ""
    place: Place | None = None
    each: Fraction = NONE

    @property
    def candidate(self) -> Candidate:
        assert isinstance(self.judged, Candidate)
        return self.judged


@dataclass(frozen=True)
class Month:
    """What a contract's conversions of a month come to: decisions, fees of tiers, and what its counts end at."""

    decisions: tuple[Decision, ...]
    fees: tuple[TierFee, ...] = ()
    balances: tuple[Balance, ...] = ()


class Positions:
    """How far each item has come: all its units of the month, and those of each version alone (RULES 4.3)."""

    def __init__(self, openings: Openings, measures: Collection[str]) -> None:
        self._openings, self._measures = openings, measures
        self._all: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self._own: dict[tuple[str, str, int], Fraction] = defaultdict(Fraction)

    def count(self, candidate: Candidate) -> None:
        """Count a payable conversion, in each measure that the contract uses."""
        item, number = candidate.item.item, candidate.governing.version
        for measure in self._measures:
            units = candidate.measured(measure)
            self._all[item, measure] += units
            self._own[item, measure, number] += units

    def reached(self, candidate: Candidate) -> Fraction:
        """Where the next unit of a candidate's version starts: at the end of the month the total that it reached."""
        item, tiers, scale = candidate.item.item, candidate.tiers, candidate.scale
        assert tiers is not None and scale is not None
        if scale.across_versions == "reset":
            return self._own[item, tiers.measure, candidate.governing.version]
        opening = self._openings.quantity(candidate.group.contract, item) if scale.counts_on else NONE
        return opening + self._all[item, tiers.measure]


class InOrder:
    """One contract's candidates of a month, taken in order."""

    def __init__(self, contract: str, book: Book, period: Period, openings: Openings) -> None:
        self._contract, self._book, self._period, self._openings = contract, book, period, openings
        versions = book.versions_of(contract)
        tiers = [tiers_of(one, item) for one in versions for item in tiered_items(one)]
        self._positions = Positions(openings, {one.measure for one in tiers if one is not None})
        counts = openings.quantity(contract) if self._caps_per_contract("conversions") else NONE
        amounts = openings.spend(contract) if self._caps_per_contract("amount") else NONE
        self._caps = Caps(counts, amounts)

    def take(self, candidates: Sequence[Candidate]) -> Month:
        """Decide every candidate: `payable` (or `over_cap`) with its place and price."""
        has_amounts = any(cap.amount is not None for one in candidates for cap in _caps_of(one.governing))
        taken = [self._taken(one, has_amounts) for one in candidates]
        decisions = tuple(self._priced(one) for one in taken)
        payable = [one for one in decisions if one.fate == "payable"]
        units = [one.candidate for one in payable]
        fees = tier_fees(self._book, self._contract, self._period, units, self._openings)
        return Month(decisions, tuple(fees), tuple(self._balances(payable)))

    def _taken(self, candidate: Candidate, has_amounts: bool) -> Decision:
        """Whether a candidate fits the caps, and where it stands."""
        place = self._place(candidate)
        each = earned(candidate, place, candidate.sale) if has_amounts and not self._is_deferred(candidate) else NONE
        share, day = candidate.group.share, candidate.group.day
        refusal = self._caps.refusal(_caps_of(candidate.governing), day, share, each)
        if refusal is not None:
            return Decision(candidate, "over_cap", refusal.reason, place)
        self._caps.count(day, share, each)
        self._positions.count(candidate)
        return Decision(candidate, "payable", "", place, each)

    def _is_deferred(self, candidate: Candidate) -> bool:
        """Whether only the month's total gives a price; BadInput under an amount cap, which needs it at once (2.8).

        Under another version's cap it counts for nothing: no contract can say so, but what is asked of one may.
        """
        tiers = candidate.tiers
        if tiers is None or tiers.mode == "graduated":
            return False
        if not any(cap.amount is not None for cap in _caps_of(candidate.governing)):
            return True
        place = f"{self._contract}/v{candidate.governing.version}.yaml items[{candidate.item.item}].tiers.mode"
        raise BadInput([Problem(place, "volume", "no volume tier beside an amount cap (2.8)")])

    def _place(self, candidate: Candidate) -> Place | None:
        """Where a conversion stands as things are: the tier of the position after it (RULES 6.2)."""
        tiers, scale = candidate.tiers, candidate.scale
        if tiers is None or scale is None:
            return None
        start = self._positions.reached(candidate)
        tier = scale.tier_at(start + candidate.measured(tiers.measure))
        return Place(start, tier, scale.tier_at(start) if is_split(candidate) else tier)

    def _priced(self, decision: Decision) -> Decision:
        """The decision with its final place and price: under `volume` those of the month's total."""
        candidate, place = decision.candidate, decision.place
        if decision.fate != "payable":
            return decision
        if place is not None and candidate.scale is not None and candidate.scale.mode == "volume":
            tier = candidate.scale.tier_at(self._positions.reached(candidate))
            place = Place(place.start, tier, tier)
        each = decision.each or earned(candidate, place, candidate.sale)
        return Decision(candidate, "payable", "", place, each)

    def _balances(self, payable: Sequence[Decision]) -> Iterator[Balance]:
        """What the month adds to the counts over the contract."""
        for item, measure in self._counted_on():
            units = [one.candidate.measured(measure) for one in payable if one.candidate.item.item == item]
            yield Balance(self._contract, item, "quantity", sum(units, NONE))
        if self._caps_per_contract("conversions"):
            yield Balance(self._contract, "", "quantity", sum((one.candidate.group.share for one in payable), NONE))
        if self._caps_per_contract("amount"):
            yield Balance(self._contract, "", "spend", sum((one.each for one in payable), NONE))

    def _counted_on(self) -> list[tuple[str, str]]:
        """Items that some version counts over the contract, with what it counts."""
        versions = self._book.versions_of(self._contract)
        tiers = {item: tiers_of(version, item) for version in versions for item in tiered_items(version)}
        return sorted((item, one.measure) for item, one in tiers.items() if one is not None and scale_of(one).counts_on)

    def _caps_per_contract(self, measure: str) -> bool:
        caps = [cap for version in self._book.versions_of(self._contract) for cap in _caps_of(version)]
        return any(cap.per == "contract" and getattr(cap, measure) is not None for cap in caps)


def _caps_of(version: ContractVersion) -> tuple[ConversionCap, ...]:
    return version.terms.caps if isinstance(version.terms, CpaTerms) else ()
