"""Where each error is planted: contracts in a drawn order until enough of them are billed otherwise by it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, islice

from recon.trials.planting import BilledLine, PlantedError, Planting, Site
from recon.trials.rebilling import Attempt, Billed, Rebilling
from recon.workspace import Tolerance

ROUNDS = 3
Key = tuple[str, str, str, str]
Amounts = dict[Key, Decimal]
OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Planted:
    """An error (two for a pair) in a bill: what the contracts' lines became, and the lines that each error moved."""

    errors: tuple[PlantedError, ...]
    attempt: Attempt
    lines: tuple[BilledLine, ...]
    moved: tuple[frozenset[Key], ...]
    placement: str = "alone"

    @property
    def contracts(self) -> frozenset[str]:
        """The contracts whose lines differ beyond tolerance."""
        return frozenset(key[0] for keys in self.moved for key in keys)

    @property
    def billed(self) -> frozenset[str]:
        """The contracts whose lines stand in the bill as planted, some perhaps within tolerance."""
        return self.attempt.contracts | self.contracts


def amounts(lines: Iterable[BilledLine]) -> Amounts:
    """Money by what lines join on, repeated lines counted as often as they are sent."""
    found: Amounts = {}
    for line in lines:
        found[line.key] = found.get(line.key, Decimal(0)) + line.amount * line.times_sent
    return found


class Search:
    """Tries errors on the contracts of a month and keeps those that matter there."""

    def __init__(self, rebilling: Rebilling, clean: Billed, tolerance: Tolerance, seed: int) -> None:
        self.rebilling, self.clean, self.tolerance, self.seed = rebilling, clean, tolerance, seed
        self.was = amounts(clean)
        self.tried: Counter[str] = Counter()
        self.load: Counter[str] = Counter()

    def singles(
        self, errors: Sequence[PlantedError], sites: Sequence[Site], wanted: int, told: OnStep
    ) -> list[Planted]:
        """Each error alone, on as many contracts as wanted where it moves a line beyond tolerance."""
        queues = {error.code: self._candidates(error, sites) for error in errors}
        found: dict[str, list[Planted]] = {error.code: [] for error in errors}
        for turn in range(ROUNDS):
            told(f"planting, round {turn + 1}: {sum(map(len, found.values()))} errors planted")
            tries = 1 + turn  # more at a time of what had no effect so far
            batch = [(error, one) for error in errors
                     for one in islice(queues[error.code], tries * (wanted - len(found[error.code])))]  # fmt: skip
            if not batch:
                break
            for one in self._planted(batch):
                self._keep(one, found[one.errors[0].code], wanted)
        return [one for some in found.values() for one in some]

    def _keep(self, planted: Planted, found: list[Planted], wanted: int) -> None:
        """Keep what is still wanted, on a contract that has not had this error."""
        if len(found) < wanted and not any(one.contracts & planted.contracts for one in found):
            self.load.update(planted.contracts)
            found.append(planted)

    def _planted(self, batch: Sequence[tuple[PlantedError, Planting]]) -> Iterator[Planted]:
        self.tried.update(error.code for error, _ in batch)
        attempts = [Attempt((planting,)) for _, planting in batch]
        for (error, _), attempt, lines in zip(
            batch, attempts, self.rebilling.attempted(attempts, self.clean), strict=True
        ):
            moved = self.moved(attempt, lines)
            if lines is not None and moved:
                yield Planted((error,), attempt, tuple(lines), (moved,))

    def moved(self, attempt: Attempt, lines: Billed | None) -> frozenset[Key]:
        """The lines whose amount is no longer the right one, beyond tolerance."""
        if lines is None:
            return frozenset()
        became = amounts(lines)
        was = {key: amount for key, amount in self.was.items() if key[0] in attempt.contracts}
        return frozenset(key for key in was.keys() | became.keys() if not self._is_within(key, was, became))

    def _is_within(self, key: Key, was: Amounts, became: Amounts) -> bool:
        variance = became.get(key, Decimal(0)) - was.get(key, Decimal(0))
        if not variance or key not in was or key not in became:
            return not variance
        allowed = Fraction(self.tolerance.percent) * abs(Fraction(was[key])) / 100
        return abs(Fraction(variance)) <= max(Fraction(self.tolerance.amount), allowed)

    def _candidates(self, error: PlantedError, sites: Sequence[Site]) -> Iterator[Planting]:
        """The first way to plant on every contract, the second on every contract, and so on."""
        drawn = list(sites)
        random.Random(f"{self.seed} {error.code}").shuffle(drawn)
        drawn.sort(key=lambda site: self.load[site.contract])
        waiting = [error.plant(site) for site in drawn]
        while waiting:
            left = []
            for ways in waiting:
                planting = next(ways, None)
                if planting is not None:
                    left.append(ways)
                    self.load.update(planting.contracts[:1])
                    yield planting
            waiting = left

    def pairs(self, singles: Sequence[Planted], most: int, told: OnStep) -> list[Planted]:
        """Two errors of one contract at once: on one line, and on different lines; at most so many of each."""
        told("planting pairs")
        drawn = [one for one in singles if len(one.contracts) == 1 and one.errors[0].is_in_table]
        couples = [(one, two) for one, two in combinations(drawn, 2) if _is_couple(one, two)]
        random.Random(f"{self.seed} pairs").shuffle(couples)
        same = [couple for couple in couples if couple[0].moved[0] & couple[1].moved[0]]
        apart = [couple for couple in couples if not couple[0].moved[0] & couple[1].moved[0]]
        load = Counter(name for one in singles for name in one.contracts)
        chosen = [couple for some in (same, apart) for couple in _spread(some, most + most // 2, load)]
        attempts = [Attempt((*one.attempt.plantings, *two.attempt.plantings)) for one, two in chosen]
        billed = self.rebilling.attempted(attempts, self.clean)
        found = [
            pair for couple, attempt, lines in zip(chosen, attempts, billed, strict=True)
            if (pair := self._pair(couple, attempt, lines))
        ]  # fmt: skip
        return [one for name in ("same line", "pair") for one in [p for p in found if p.placement == name][:most]]

    def _pair(self, couple: tuple[Planted, Planted], attempt: Attempt, lines: Billed | None) -> Planted | None:
        """The pair, where both errors still show in it."""
        if lines is None:
            return None
        became = amounts(lines)
        alone = [amounts(one.lines) for one in couple]
        moved = [
            frozenset(key for key in one.moved[0] if became.get(key) not in (self.was.get(key), alone[1 - n].get(key)))
            for n, one in enumerate(couple)
        ]  # fmt: skip
        if not all(moved) or self.moved(attempt, lines) != moved[0] | moved[1]:
            return None
        errors = tuple(one.errors[0] for one in couple)
        placement = "same line" if moved[0] & moved[1] else "pair"
        return Planted(errors, attempt, tuple(lines), tuple(moved), placement)


def _is_couple(one: Planted, two: Planted) -> bool:
    return one.contracts == two.contracts and one.errors[0].code != two.errors[0].code


def _spread(couples: Sequence[tuple[Planted, Planted]], most: int, seen: Counter[str]) -> list[tuple[Planted, Planted]]:
    """At most so many couples, each code and contract about equally often; `seen` counts what there is already."""
    chosen: list[tuple[Planted, Planted]] = []
    left = list(couples)
    while left and len(chosen) < most:
        best = min(left, key=lambda couple: sum(seen[word] for word in _words(couple)))
        left.remove(best)
        chosen.append(best)
        seen.update(_words(best))
    return chosen


def _words(couple: tuple[Planted, Planted]) -> list[str]:
    codes = [one.errors[0].code for one in couple]
    return [*codes, *couple[0].contracts]
