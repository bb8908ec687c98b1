"""Several contracts searched at a time: each desk has its own engine over the same observations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from recon.diagnose.case import Case
from recon.diagnose.details import Details, Witness
from recon.diagnose.fits import Fit
from recon.diagnose.reprice import Observations, Repricer
from recon.diagnose.search import Search
from recon.diagnose.world import World

MOST_DESKS = 8


class Desks:
    """As many searches as there are cores and open contracts; which desk has a contract changes no result."""

    def __init__(self, observations: Observations, world: World, details: Details, contracts: Sequence[str]) -> None:
        count = max(1, min(os.cpu_count() or 1, MOST_DESKS, len(contracts)))
        self._repricers = [Repricer(observations) for _ in range(count)]
        self._witnesses = [Witness(repricer, world, details) for repricer in self._repricers]
        self._searches = [Search(*pair, world) for pair in zip(self._repricers, self._witnesses, strict=True)]
        self._desk: dict[str, int] = {}
        self._world = world

    def __enter__(self) -> Desks:
        return self

    def __exit__(self, *error: object) -> None:
        for repricer in self._repricers:
            repricer.close()

    def singles(self, cases: Sequence[Case]) -> dict[str, list[Fit]]:
        """Every fit of every open contract, by contract."""
        free = list(range(len(self._searches)))

        def work(case: Case) -> list[Fit]:
            desk = free.pop()
            self._desk[case.contract] = desk
            try:
                known = self._world.every.versions_of(case.contract)
                return self._searches[desk].singles(case) if known else []
            finally:
                free.append(desk)

        with ThreadPoolExecutor(len(self._searches)) as pool:
            found = list(pool.map(work, cases))
        return {case.contract: fits for case, fits in zip(cases, found, strict=True)}

    @property
    def repricer(self) -> Repricer:
        """Any engine."""
        return self._repricers[0]

    def search(self, contract: str) -> Search:
        """The search that tried a contract's edits; any for others."""
        return self._searches[self._desk.get(contract, 0)]

    def witness(self, contract: str) -> Witness:
        """The witness of that search."""
        return self._witnesses[self._desk.get(contract, 0)]
