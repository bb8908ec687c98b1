"""A finding's edit made again by its words, to look closer than the finding itself did."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recon.contracts.terms import ContractVersion
from recon.diagnose.edits import CODES, Asked, Edit
from recon.diagnose.reprice import Observations, Repricer
from recon.diagnose.traces import impressions_seen
from recon.diagnose.world import Lines, World
from recon.observe.impressions import ImpressionCount

Named = tuple[str, str]  # a code and an edit's words


def impressions_behind(  # noqa: PLR0917
    world: World, observations: Observations, contract: str, item: str, edits: Sequence[Named],
    billed_currencies: Collection[str],
) -> list[tuple[ImpressionCount, str, str]]:  # fmt: skip
    """The counts of an item that edits, known by code and words, see otherwise, with the fate of either side.

    Empty where an edit can't be made again: the table has changed since, or it is none of a contract's own.
    """
    with Repricer(observations) as repricer:
        asked = Asked(
            world, contract, repricer.lines(world, contract),
            lambda dataset: repricer.days(world, contract, dataset), repricer.file_name, frozenset(billed_currencies),
        )  # fmt: skip
        other: World | None = world
        for code, words in edits:
            edit = _made_again(asked, code, words)
            other = None if edit is None or other is None else edit.change(other)
        if other is None or other is world:
            return []
        return list(impressions_seen(repricer, world, other, contract, item))


def edited_versions(
    world: World, contract: str, edit: Named, expected: Lines, billed_currencies: Collection[str] = ()
) -> tuple[ContractVersion, ...] | None:
    """A contract's versions as a finding's edit has them; None where it is not made again, or leaves them as they are.

    `expected` are the contract's lines. No observation is asked, so edits of days and files are not made.
    """
    asked = Asked(world, contract, expected, _no_days, str, frozenset(billed_currencies))
    found = _made_again(asked, *edit)
    other = None if found is None else found.change(world)
    if other is None or other.versions(contract) == world.versions(contract):
        return None
    return other.versions(contract)


def _made_again(asked: Asked, code: str, words: str) -> Edit | None:
    """The edit of a code that these words say."""
    edits = CODES[code].edits(asked) if code in CODES else ()
    return next((one for one in edits if one.words == words), None)


def _no_days(dataset: str) -> tuple[list[int], list[int]]:
    return [], []
