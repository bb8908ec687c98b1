"""Worlds side by side: contracts and programs carry their world's mark, so that one run of the steps decides all.

The steps of `recon.expect` take no notice: to them there are merely more contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms
from recon.diagnose.world import World
from recon.expect import SignedOff, openings_of
from recon.expect.openings import BalanceKind, Opening, Openings
from recon.period import Period

END = "|"  # of a mark


@dataclass(frozen=True)
class Abreast:
    """Worlds of one contract that share scope, rates, balances and what locked closes said, each with its mark."""

    contract: str
    worlds: Mapping[str, World]

    @classmethod
    def of(cls, contract: str, worlds: Sequence[World]) -> Abreast:
        """Worlds with their marks; a world by itself has an empty one, so that names stay as they are."""
        if len(worlds) == 1:
            return cls(contract, {"": worlds[0]})
        return cls(contract, {f"{number}{END}": world for number, world in enumerate(worlds)})

    @property
    def any(self) -> World:
        """Any of the worlds, for what they share."""
        return next(iter(self.worlds.values()))

    @property
    def names(self) -> frozenset[str]:
        """The contract's names, one for each world."""
        return frozenset(mark + self.contract for mark in self.worlds)

    @property
    def versions(self) -> list[ContractVersion]:
        """The contract's versions in any of the worlds, as they are written."""
        return [one for world in self.worlds.values() for one in world.versions(self.contract)]

    @property
    def book(self) -> Book:
        """The contract's versions in every world, and those of its rivals: no other contract has a say."""
        return Book(tuple(_marked(mark, one) for mark, world in self.worlds.items() for one in self._competing(world)))

    def _competing(self, world: World) -> Iterable[ContractVersion]:
        mine = {self.contract, *world.rivals(self.contract)}
        return (one for contract in sorted(mine) for one in world.versions(contract))

    @property
    def signed(self) -> SignedOff:
        """What locked closes said of the contract, in every world."""
        said = self.any.signed
        earned = {key: one for key, one in said.earned.items() if key[0] == self.contract}
        counted = {key: one for key, one in said.counted.items() if key[0] == self.contract}
        return SignedOff(
            {(mark + c, mark + conversion): one for mark in self.worlds for (c, conversion), one in earned.items()},
            {(mark + c, reversal): one for mark in self.worlds for (c, reversal), one in counted.items()},
        )

    @property
    def strays(self) -> frozenset[str]:
        """The conversions of which a locked close said something: a reversal may know them though the data do not."""
        return frozenset(conversion for contract, conversion in self.any.signed.earned if contract == self.contract)

    @property
    def openings_of(self) -> Callable[[Period], Openings]:
        """The openings of any period, under the contract's names."""
        world = self.any
        found = openings_of(world.scope.period, world.opening_balances, world.locked)
        return lambda period: _OwnOpenings(self.contract, found(period))


class _OwnOpenings(Openings):
    """A contract's openings, by whatever name a world asks for them."""

    def __init__(self, contract: str, openings: Openings) -> None:
        super().__init__()
        self._contract, self._openings = contract, openings

    def opening(self, contract: str, item: str, kind: BalanceKind) -> Opening:
        return self._openings.opening(self._contract, item, kind)


def sharing(world: World) -> tuple[object, ...]:
    """What worlds must have in common to stand side by side."""
    return world.scope, id(world.fx_rates), id(world.opening_balances), id(world.locked), id(world.signed)


def _marked(mark: str, version: ContractVersion) -> ContractVersion:
    terms = version.terms
    if not mark:
        return version
    if isinstance(terms, CpaTerms):
        terms = terms.model_copy(update={"program": mark + terms.program})
    return version.model_copy(update={"contract": mark + version.contract, "terms": terms})
