"""What the billing system says of single conversions, and whether a world agrees with it event by event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from recon.billed import BilledLine
from recon.diagnose.case import Case
from recon.diagnose.fits import Fit
from recon.diagnose.proof import NO_DETAILS, Events
from recon.diagnose.reading import AGAIN
from recon.diagnose.reprice import Repricer
from recon.diagnose.statement import Place, place_of
from recon.diagnose.world import LineKey, World
from recon.money import minor_units

MICROS = 1_000_000
Paid = Counter[tuple[str, int]]  # how often a conversion stands for so many millionths
DETAILED = ("charge", "payout")


@dataclass(frozen=True)
class Details:
    """`billing_details` by line: which conversions were billed, and for how many millionths of the major unit."""

    of_lines: Mapping[Place, Paid] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, int]], billed: Sequence[BilledLine]) -> Details:
        """From (billing_line_id, conversion_id, millionths) and the lines they belong to."""
        places = {one.billing_line_id: place_of(one) for one in billed}
        found: dict[Place, Paid] = defaultdict(Counter)
        for line_id, conversion_id, micros in rows:
            if line_id in places:
                found[places[line_id]][conversion_id, micros] += 1
        return cls(dict(found))


class Witness:
    """Asks the details about fits, conversion by conversion."""

    def __init__(self, repricer: Repricer, world: World, details: Details | None = None) -> None:
        self._repricer, self._world, self.details = repricer, world, details or Details()
        self._known: dict[tuple[object, ...], dict[str, Paid]] = {}

    def every(self, case: Case, fits: Sequence[Fit]) -> dict[int, Events]:
        """What details say of each fit, by its id; their worlds decided side by side."""
        asked = [fit.world for fit in fits if self._keys(case, fit)]
        self._repricer.prepare_decisions([self._world, *asked] if asked else [], case.contract)
        return {id(fit): self.events(case, fit) for fit in fits}

    def _keys(self, case: Case, fit: Fit) -> list[LineKey]:
        """The lines that a fit confirms and details tell of."""
        if not self._world.is_cpa(case.contract) or fit.codes[0] in NOT_EVENTS:
            return []
        of_lines = self.details.of_lines
        return [key for key in sorted(fit.confirmed) if (case.contract, key) in of_lines and key.kind in DETAILED]

    def events(self, case: Case, fit: Fit) -> Events:
        """Whether details of the lines that a fit confirms name its conversions, at its amounts."""
        keys = self._keys(case, fit)
        if not keys:
            return NO_DETAILS
        ours, theirs = self._paid(case, self._world), self._paid(case, fit.world)
        changed = counted = 0
        for key in keys:
            told = self.details.of_lines[case.contract, key]
            step = self._step(case, key, told)
            may_scale = not _is_near(told, ours[key.item], step)  # where ours are told, nothing is in another unit
            is_near = _is_near(told, theirs[key.item], step)
            if not (is_near or (may_scale and _is_alike(told, theirs[key.item], step))):
                return Events("contradict")
            before, after = (_shown(paid[key.item], step) for paid in (ours, theirs))
            changed += len((after - before) + (before - after))
            counted += sum(after.values())
        return Events("agree", changed, counted)

    def _step(self, case: Case, key: LineKey, told: Paid) -> int:
        """How exact details are, in millionths: minor units of the line's or the contract's currency, or one."""
        currencies = {key.currency, *(one.currency for one in self._world.versions(case.contract))}
        return exactness([micros for _, micros in told], currencies)

    def names_ours(self, case: Case) -> bool:
        """Whether the details of every open line name the conversions that we pay, no other and none less."""
        ours = self._paid(case, self._world)
        places = [self.details.of_lines.get((case.contract, key)) for key in case.open if key.kind in DETAILED]
        if len(places) != len(case.open) or any(place is None for place in places):
            return False
        pairs = zip((key for key in case.open), places, strict=True)
        return all(told is not None and _ids(told) == _ids(ours[key.item]) for key, told in pairs)

    def _paid(self, case: Case, world: World) -> dict[str, Paid]:
        """What is payable by item, in a world."""
        key = (case.contract, id(world))
        if key not in self._known:
            found: dict[str, Paid] = defaultdict(Counter)
            for conversion_id, fate, _, _, item, exact, _ in self._repricer.decisions(world, case.contract):
                if fate == "payable":
                    found[item][conversion_id.split(AGAIN)[0], round(Fraction(exact) * MICROS)] += 1
            self._known[key] = found
        return self._known[key]


def exactness(micros: Collection[int], currencies: Iterable[str]) -> int:
    """How exact amounts in millionths are told: in whole minor units of one of the currencies, or in millionths.

    >>> exactness([9_580_000, 3_070_000], {"USD"}), exactness([9_579_985], {"USD"})
    (10000, 1)
    """
    steps = sorted({10 ** (6 - minor_units(currency)) for currency in currencies}, reverse=True)
    return next((step for step in steps if all(not one % step for one in micros)), 1)


NOT_EVENTS = ("orphan_line", "wrong_counterparty", "manual_override")


def _is_near(told: Paid, found: Paid, step: int) -> bool:
    """Whether the same conversions are named, at the same amounts to within a step."""
    return _ids(told) == _ids(found) and all(abs(one - other) <= step for one, other in _amounts(told, found))


def _is_alike(told: Paid, found: Paid, step: int) -> bool:
    """Whether the same conversions are named, at amounts in one proportion: those of another currency."""
    amounts = _amounts(told, found) if _ids(told) == _ids(found) else []
    whole, own = sum(one for one, _ in amounts), sum(other for _, other in amounts)
    return bool(amounts) and all(abs(one * own - other * whole) <= step * own for one, other in amounts)


def _amounts(told: Paid, found: Paid) -> list[tuple[int, int]]:
    """The amounts of the same conversions, as told and as found."""
    pairs = zip(sorted(told.elements()), sorted(found.elements()), strict=True)
    return [(one[1], other[1]) for one, other in pairs]


def _shown(paid: Paid, step: int) -> Paid:
    """What is paid, as exactly as the details tell it."""
    rounded: Paid = Counter()
    for (conversion_id, micros), count in paid.items():
        rounded[conversion_id, (micros + step // 2) // step * step] += count
    return rounded


def _ids(paid: Paid) -> Counter[str]:
    return Counter(conversion_id for conversion_id, _ in paid.elements())
