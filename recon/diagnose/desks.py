"""Several contracts searched at a time: each desk has its own engine over the same observations."""

from __future__ import annotations

import gc
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from recon.diagnose.case import Case
from recon.diagnose.details import Details, Witness
from recon.diagnose.fits import Fit
from recon.diagnose.reprice import Observations, Repricer
from recon.diagnose.search import Search
from recon.diagnose.world import World

MOST_DESKS = 8
ALLOCATIONS = 5_000_000  # of containers, about a gigabyte, between two looks for cycles
Result = TypeVar("Result")


class Desk:
    """An engine, a search and a witness over the same observations."""

    def __init__(self, observations: Observations, world: World) -> None:
        self.repricer = Repricer(observations)
        self.witness = Witness(self.repricer, world)
        self.search = Search(self.repricer, self.witness, world)

    def begin(self, details: Details) -> None:
        """Turn to a new statement; what worlds came to stays known."""
        self.witness.details = details
        self.search.tried.clear()


class Desks:
    """As many searches as there are cores and open contracts; which desk has a contract changes no result.

    They serve one statement after another of the same month. Observations are asked for when the first is searched.
    """

    def __init__(self, observations: Callable[[], Observations], world: World) -> None:
        self._observations, self.world = observations, world
        self._desks: list[Desk] = []
        self._of: dict[str, Desk] = {}  # who searched a contract once knows most about it

    def __enter__(self) -> Desks:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all sessions."""
        for desk in self._desks:
            desk.repricer.close()
        self._desks.clear()
        self._of.clear()

    def begin(self, details: Details, contracts: Sequence[str]) -> None:
        """Turn to a statement with these contracts open."""
        wanted = max(1, min(os.cpu_count() or 1, MOST_DESKS, len(contracts)))
        if len(self._desks) < wanted:
            observed = self._observations()
            self._desks += [Desk(observed, self.world) for _ in range(wanted - len(self._desks))]
        for desk in self._desks:
            desk.begin(details)

    def of(self, contract: str) -> Desk:
        """The desk that searched a contract; any for others."""
        return self._of.get(contract, self._desks[0])

    def singles(self, cases: Sequence[Case]) -> dict[str, list[Fit]]:
        """Every fit of every open contract, by contract; a desk takes what it knows, then what nobody does."""
        ordered = sorted(cases, key=lambda case: not self.world.is_cpa(case.contract))  # the long ones first
        fresh = [case for case in ordered if case.contract not in self._of][::-1]
        found: dict[str, list[Fit]] = {}

        def work(desk: Desk) -> None:
            known = [case for case in ordered if self._of.get(case.contract) is desk]
            while known or fresh:
                try:
                    case = known.pop() if known else fresh.pop()
                except IndexError:  # another desk took the last one
                    return
                self._of[case.contract] = desk
                is_ours = self.world.every.versions_of(case.contract)
                found[case.contract] = desk.search.singles(case) if is_ours else []

        with ThreadPoolExecutor(len(self._desks)) as pool:
            list(pool.map(work, list(self._desks)))
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


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for cycles seldom: worlds are frozen values by the hundred thousand, which hold none."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
