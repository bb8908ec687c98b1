"""The month's lines of a contract in another world, from stored observations alone: observe once, price many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recon.diagnose.claimed import Claimed
from recon.diagnose.delivered import Delivered
from recon.diagnose.places import Decisions, WonByPlace
from recon.diagnose.world import LineKey, Lines, Priced, World
from recon.engine import Engine
from recon.expect import ExpectedLine
from recon.observe.impressions import ImpressionCount
from recon.problems import BadInput, Problem

NEEDED = (
    "impression_counts", "impression_days", "impressions_revived", "conversion_rows", "touches",
    "touches_of_repeats", "reversal_rows", "repeats_of_conversions", "input_files",
)  # fmt: skip
Observations = Mapping[str, pa.Table]
# An edit may make terms that no contract could have, which the load would have refused (RULES 2.8).
UNPRICEABLE = (BadInput, AssertionError, ArithmeticError, ValueError)


def observed_by(engine: Engine) -> Observations:
    """The observations of a close that is being made."""
    return {name: engine.arrow(f"SELECT * FROM {name}", f"take {name}") for name in NEEDED}


def observed_in(folder: Path) -> Observations:
    """The observations that a close stored; BadInput where it is of a recon that did not store them all."""
    files = {name: folder / "observations" / f"{name}.parquet" for name in NEEDED}
    if missing := [path for path in files.values() if not path.is_file()]:
        raise BadInput(
            [Problem(str(path), "missing", "an observation of the close; close the month again") for path in missing]
        )
    return {name: pq.read_table(path) for name, path in files.items()}


def lay_observations(engine: Engine, observations: Observations) -> None:
    """Make stored observations relations of an engine again."""
    for name, table in observations.items():
        engine.load(name, {field.name: _sql_type(field.type) for field in table.schema}, table)


class Repricer:
    """Recomputes one contract's lines at a time, in a world; never reads a raw event."""

    def __init__(self, observations: Observations) -> None:
        self._engine = Engine(threads=1)  # many small questions: more threads only wait for each other
        lay_observations(self._engine, observations)
        self._delivered, self._claimed = Delivered(self._engine), Claimed(self._engine)
        self._lines: dict[tuple[str, int], tuple[World, Lines]] = {}  # worlds are kept, so that their ids stay theirs
        self._decided: dict[tuple[str, int], tuple[World, Decisions]] = {}

    def close(self) -> None:
        """End the session."""
        self._engine.close()

    def __enter__(self) -> Repricer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def lines(self, world: World, contract: str) -> Lines:
        """Quantity and amount of each line; BadInput where an exchange rate is missing in that world."""
        found = self._plain_lines(world.root or world, contract)
        for change in world.after:
            found = {key: line for key, line in change(found).items() if any(line)}
        return found

    def _plain_lines(self, world: World, contract: str) -> Lines:
        """The lines before errors on finished lines, recomputed once for all of those."""
        key = (contract, id(world))
        if key not in self._lines:
            self._lines[key] = world, as_lines(self.expected(world, contract, is_told=False))
        return dict(self._lines[key][1])

    def prepare(self, worlds: Iterable[World], contract: str) -> None:
        """Recompute many worlds in one run, so that `lines` has them at hand; those that can't be priced are left."""
        roots = {id(root): root for world in worlds for root in (world.root or world,)}
        asked = [
            root
            for key, root in roots.items()
            if (contract, key) not in self._lines
            and root.is_cpa(contract)
            and not self._claimed.is_laid(root, contract)
        ]
        for root, expected in self._in_runs(asked, contract) if len(asked) > 1 else ():
            self._lines[contract, id(root)] = root, as_lines(expected)

    def _in_runs(self, worlds: Sequence[World], contract: str) -> list[tuple[World, list[ExpectedLine]]]:
        """Worlds with their lines; a run with a world that can't be priced is halved until that one is alone."""
        try:
            return list(self._claimed.lines_abreast(worlds, contract))
        except UNPRICEABLE:
            half = len(worlds) // 2
            return (
                [] if not half else [*self._in_runs(worlds[:half], contract), *self._in_runs(worlds[half:], contract)]
            )

    def expected(self, world: World, contract: str, is_told: bool = True) -> list[ExpectedLine]:
        """The lines with their workings (conversion prices only where told), before errors on finished lines."""
        if world.is_cpa(contract):
            return self._claimed.expected(world, contract, is_told)
        return list(self._delivered.expected(world, contract, self._claimed.exchange(world)))

    def decisions(self, world: World, contract: str) -> Decisions:
        """(conversion_id, fate, reason, touch_id, item, exact amount, share in millionths) of each claim, in order."""
        key = (contract, id(world))
        if key not in self._decided:
            self._decided[key] = world, self._claimed.decisions(world, contract)
        return self._decided[key][1]

    def prepare_decisions(self, worlds: Iterable[World], contract: str) -> None:
        """Decide many worlds in one run, so that `decisions` has them at hand."""
        every = {id(world): world for world in worlds}
        asked = [world for key, world in every.items() if (contract, key) not in self._decided]
        if len(asked) > 1:
            for world, decided in self._claimed.decisions_abreast(asked, contract):
                self._decided[contract, id(world)] = world, decided

    def counts(self, world: World, contract: str, item: str) -> list[ImpressionCount]:
        """The counts of an item, cut as a world's dates ask."""
        return self._delivered.counts(world, contract, item)

    def as_read(self, one: ImpressionCount, world: World) -> ImpressionCount:
        """A count with its marks as they are looked at in a world."""
        return self._delivered.as_read(one, world)

    def days(self, world: World, contract: str, dataset: str) -> tuple[list[int], list[int]]:
        """The UTC days and the files from which events of a contract come; those about the period."""
        if dataset == "impressions":
            return self._delivered.days(world, contract)
        return self._claimed.days(world, contract, dataset)

    def won_by_place(self, world: World, contract: str) -> WonByPlace:
        """Conversions by the day and file of the conversion, and of the click that won it for us or took it from us."""
        return WonByPlace.of(self.decisions(world, contract), self._claimed.places())

    def file_name(self, number: int) -> str:
        """The name of an input file."""
        return str(self._engine.row(f"SELECT file FROM main.input_files WHERE number = {number}")[0])


def as_lines(expected: Iterable[ExpectedLine]) -> Lines:
    """Lines by key; those of nothing are none (RULES 4.5)."""
    return {
        LineKey(one.item, one.kind, one.currency): Priced(one.quantity, one.amount) for one in expected if one.exists
    }


def _sql_type(kind: pa.DataType) -> str:
    names = {pa.bool_(): "BOOLEAN", pa.int32(): "INTEGER", pa.int64(): "BIGINT"}
    return names.get(kind, "TEXT")
