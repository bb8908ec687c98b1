"""Worlds side by side: a run over many gives each what it gives alone, from stored observations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from shares import share

from recon.diagnose.case import Case
from recon.diagnose.details import Witness
from recon.diagnose.edits import CAUSES, Edit
from recon.diagnose.reprice import UNPRICEABLE, Repricer
from recon.diagnose.search import Search
from recon.diagnose.world import Lines, World
from tests.reopening import reopened_month

SEEDS = (7100,)
MOST = 25  # worlds of a contract that are recomputed alone as well


@pytest.mark.parametrize("seed", share(SEEDS, 0))
def test_worlds_abreast_are_worlds_alone(seed: int, tmp_path: Path) -> None:
    again = reopened_month(seed, tmp_path)
    compared = 0
    with Repricer(again.observations) as abreast, Repricer(again.observations) as alone:
        for contract in again.world.book.contracts:
            worlds = [world for _, world in _edited(again.world, contract, abreast)]
            abreast.lines(again.world, contract)
            abreast.prepare(worlds, contract)
            for world in random.Random(seed).sample(worlds, min(MOST, len(worlds))):
                assert _lines(abreast, world, contract) == _lines(alone, world, contract)
                compared += 1
    assert compared > 40


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_edits_of_a_contract_are_called_the_same(seed: int, tmp_path: Path) -> None:
    again = reopened_month(seed, tmp_path)
    with Repricer(again.observations) as repricer:
        for contract in again.world.book.contracts:
            edits = [edit for edit, _ in _edited(again.world, contract, repricer)]
            assert len(set(edits)) == len(edits)


def _edited(world: World, contract: str, repricer: Repricer) -> Iterator[tuple[Edit, World]]:
    """Every edit of the table with the world that it makes."""
    case = Case(contract, _lines(repricer, world, contract) or {}, {}, frozenset())
    asked_of = Search(repricer, Witness(repricer, world), world).asked(case)
    for cause in CAUSES:
        for edit in cause.edits(asked_of):
            changed = edit.change(world)
            if changed is not None:
                yield edit, changed


def _lines(repricer: Repricer, world: World, contract: str) -> Lines | None:
    try:
        return repricer.lines(world, contract)
    except UNPRICEABLE:
        return None
