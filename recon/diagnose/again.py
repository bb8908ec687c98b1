"""A finding's edit made again by its words, to look closer than the finding itself did."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recon.diagnose.edits import CODES, Asked
from recon.diagnose.reprice import Observations, Repricer
from recon.diagnose.traces import impressions_seen
from recon.diagnose.world import World
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
            edit = (
                next((one for one in CODES[code].edits(asked) if one.words == words), None) if code in CODES else None
            )
            other = None if edit is None or other is None else edit.change(other)
        if other is None or other is world:
            return []
        return list(impressions_seen(repricer, world, other, contract, item))
