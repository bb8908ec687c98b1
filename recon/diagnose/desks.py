"""Several contracts searched at a time: each desk has its own engine over the same observations."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from recon.diagnose.case import Case
from recon.diagnose.details import Details, Witness
from recon.diagnose.fits import Fit
from recon.diagnose.reprice import Observations, Repricer
from recon.diagnose.search import Search
from recon.diagnose.world import World

MOST_DESKS = 8
Result = TypeVar("Result")


class Desk:
    """An engine, a search and a witness over the same observations."""

    def __init__(self, observations: Observations, world: World, details: Details) -> None:
        self.repricer = Repricer(observations)
        self.witness = Witness(self.repricer, world, details)
        self.search = Search(self.repricer, self.witness, world)


class Desks:
    """As many searches as there are cores and open contracts; which desk has a contract changes no result."""

    def __init__(self, observations: Observations, world: World, details: Details, contracts: Sequence[str]) -> None:
        count = max(1, min(os.cpu_count() or 1, MOST_DESKS, len(contracts)))
        self._desks = [Desk(observations, world, details) for _ in range(count)]
        self._of: dict[str, Desk] = {}
        self._world = world

    def __enter__(self) -> Desks:
        return self

    def __exit__(self, *error: object) -> None:
        for desk in self._desks:
            desk.repricer.close()

    def of(self, contract: str) -> Desk:
        """The desk that searched a contract; any for others."""
        return self._of.get(contract, self._desks[0])

    def singles(self, cases: Sequence[Case]) -> dict[str, list[Fit]]:
        """Every fit of every open contract, by contract; whichever desk is free takes the next, the long ones first."""
        free = list(self._desks)

        def work(case: Case) -> list[Fit]:
            desk = self._of[case.contract] = free.pop()
            try:
                known = self._world.every.versions_of(case.contract)
                return desk.search.singles(case) if known else []
            finally:
                free.append(desk)

        ordered = sorted(cases, key=lambda case: not self._world.is_cpa(case.contract))
        with ThreadPoolExecutor(len(self._desks)) as pool:
            found = dict(zip((case.contract for case in ordered), pool.map(work, ordered), strict=True))
        return {case.contract: found[case.contract] for case in cases}

    def each(self, contracts: Sequence[str], work: Callable[[Desk, str], Result]) -> Mapping[str, Result]:
        """What some work gives for each contract, each done at its own desk."""
        shares: dict[int, list[str]] = defaultdict(list)
        for contract in contracts:
            shares[self._desks.index(self.of(contract))].append(contract)

        def share(place: int) -> list[tuple[str, Result]]:
            return [(contract, work(self._desks[place], contract)) for contract in shares[place]]

        with ThreadPoolExecutor(len(self._desks)) as pool:
            found = dict(pair for pairs in pool.map(share, shares) for pair in pairs)
        return {contract: found[contract] for contract in contracts}
