"""Impressions of some items counted again, where only their cuts or their days are asked otherwise than before.

An item's counts follow from its own cuts alone, so those of all other items stay. Whether a row is a duplicate follows
from the rows of its id, whatever their item (RULES 3.2): these were kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from recon.engine import Engine, Scans
from recon.observe.impressions import observe_impressions
from recon.observe.questions import Questions
from recon.observe.scope import Scope, one_of

COUNTED = ("impression_counts", "impression_days", "impressions_revived")


def asked_alike(asked: Questions) -> dict[str, Any]:
    """What must be asked alike for observations to be taken over but for the counts of some items."""
    told = asked.told()
    others = {name: value for name, value in told.items() if name not in ("cuts", "days")}
    return others | {"items": sorted(asked.cuts), "cuts of unknown items": list(asked.cuts[""])}


def asked_otherwise(before: Mapping[str, Any], asked: Questions) -> list[str]:
    """The items whose cuts or days were asked otherwise before, as `Questions.told` said it then."""
    cuts, days = ({item: tuple(said) for item, said in before[name]} for name in ("cuts", "days"))
    return [item for item in sorted(asked.days) if (cuts[item], days[item]) != (asked.cuts[item], asked.days[item])]


def keep_repeated_impressions(engine: Scans) -> None:
    """Create `repeated_impressions`: all rows of the ids that come more than once, numbered, with the gap before."""
    engine.run(
        "repeated impressions",
        """CREATE OR REPLACE TABLE repeated_impressions AS SELECT * FROM copies_of_impressions
        WHERE impression_id IN (SELECT impression_id FROM copies_of_impressions WHERE copy_number = 2)""",
    )


def recount_impressions(engine: Engine, asked: Questions, scope: Scope, items: Sequence[str]) -> None:
    """Replace the counts of some items in the relations of before; needs them, the repeats and the impressions."""
    if not items:
        return
    listed = one_of(frozenset(items))
    engine.run(
        "repeats of items",
        f"""CREATE OR REPLACE TABLE copies_of_impressions AS SELECT * FROM repeated_impressions
        WHERE impression_id IN (SELECT impression_id FROM repeated_impressions WHERE item IN ({listed}))""",
    )
    for relation in COUNTED:
        engine.run(f"keep {relation}", f"ALTER TABLE {relation} RENAME TO {relation}_before")
    with engine.joined_as_written():
        observe_impressions(engine, asked, scope, f"(SELECT * FROM impressions WHERE item IN ({listed}))")
    for relation in COUNTED:
        _join(engine, relation, listed)


def _join(engine: Engine, relation: str, listed: str) -> None:
    """The counts of these items as they are now, those of all others as they were."""
    engine.run(f"others in {relation}", f"DELETE FROM {relation} WHERE item NOT IN ({listed})")
    engine.run(
        f"join {relation}",
        f"INSERT INTO {relation} BY NAME SELECT * FROM {relation}_before WHERE item NOT IN ({listed})",
    )


def are_all(items: Collection[str], asked: Questions) -> bool:
    """Whether so many items are asked otherwise that all may as well be counted."""
    return 2 * len(items) > len(asked.days)
