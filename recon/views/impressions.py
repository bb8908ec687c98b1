"""A single impression, read again from the raw events: whose it is, how it ends, if it was booked (RULES 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow.parquet as pq

from recon.close import Believed, StoredClose, believed
from recon.engine import literal
from recon.expect.booking import taken
from recon.expect.counted import Listing
from recon.expect.cpm import billable_of
from recon.expect.delivery import Delivered, Units, deliver, units_of
from recon.expect.force import in_force
from recon.inputs import open_engine, read_inputs
from recon.observe import questions_of
from recon.observe.impressions import COUNT_COLUMNS, ImpressionCount, impression_counts, observe_impressions
from recon.observe.repeats import find_repeats
from recon.period import local_date

DIRECTIONS = ("charge", "payout")
EITHER = "billable or over_booked"


@dataclass(frozen=True)
class Seen:
    """How the rows of one id end in one direction, alike ones together; `note` says how a booked quantity cut."""

    direction: str
    contract: str
    item: str
    version: int | None
    fate: str
    quantity: int
    note: str = ""


def impression_of(close: StoredClose, identity: str) -> list[Seen]:
    """How an impression ends for charges and payouts; empty where the raw events have no such id.

    Reads the events again: single impressions are not kept with a close. Whether a billable one was over the booked
    quantity is told from the counts that are. Raises BadInput where a version is not kept as the close used it.
    """
    known = believed(close)
    with open_engine(close.workspace) as engine:
        read_inputs(close.workspace, engine, known.scope.period)
        one = f"SELECT * FROM impressions WHERE impression_id = {literal(identity)}"
        engine.run("one impression", f"CREATE TABLE one AS {one}")
        engine.run(
            "only this", "DROP VIEW IF EXISTS impressions; CREATE OR REPLACE VIEW impressions AS SELECT * FROM one"
        )
        find_repeats(engine, "impressions", known.scope)
        observe_impressions(engine, questions_of(engine, known.book, known.scope), known.scope)
        counts = impression_counts(engine)
    return [
        _seen(close, known, side, one) for side in DIRECTIONS for one in deliver(counts, known.book, known.scope, side)
    ]


def _seen(close: StoredClose, known: Believed, direction: str, one: Delivered) -> Seen:
    version = one.listing.version.version if one.listing else None
    is_over = one.fate == "billable" and over_booked(close, one.contract, one.item)
    fate, note = _booked(close, known, one) if is_over else (one.fate, "")
    return Seen(direction, one.contract, one.item, version, fate, one.quantity, note)


def over_booked(close: StoredClose, contract: str, item: str) -> int:
    """How many units of an item the close found over the booked quantity."""
    fates = close.fates
    own = fates[(fates["contract"] == contract) & (fates["item"] == item) & (fates["fate"] == "over_booked")]
    return int(sum(own["quantity"]))


def _booked(close: StoredClose, known: Believed, one: Delivered) -> tuple[str, str]:
    """Whether a billable impression was taken: all units of its date and rate fit, none does, or it is not told."""
    for unit, fits in _fitting(close, known, one.contract, one.item):
        if (unit.day, unit.rate_index) == (_day(one), one.rate_index):
            told = f"{fits:,} of {unit.quantity:,} units of {unit.day}"
            if fits == 0:
                return "over_booked", f"{told} fit the booked quantity"
            if fits == unit.quantity:
                return "billable", f"all {told} fit the booked quantity"
            which = "which of them is over is not told: units are taken by date and rate, not one by one (3.4)"
            return EITHER, f"{told} at its rate fit the booked quantity; {which}"
    return one.fate, "the stored counts do not hold its date: close the month again"


def _day(one: Delivered) -> Any:
    assert one.listing is not None
    return local_date(one.start, one.listing.version.timezone)


def _fitting(close: StoredClose, known: Believed, contract: str, item: str) -> Iterator[tuple[Units, int]]:
    """The item's units of the month by date and rate, each with how many fit (RULES 3.4, 3.5)."""
    force = in_force(known.book, contract, known.scope.period)
    assert force is not None
    billable = billable_of(_counts(close, item), contract, known.book, known.scope)
    units = units_of(billable[item], force)
    fitting = taken(units, Listing(item, force).bought, _opening(close, contract, item))
    yield from ((unit, fits.quantity) for unit, fits in zip(units, fitting, strict=True))


def _counts(close: StoredClose, item: str) -> list[ImpressionCount]:
    path = close.folder / "observations" / "impression_counts.parquet"
    rows = pq.read_table(path, columns=list(COUNT_COLUMNS), filters=[("item", "=", item)]).to_pylist()
    return [ImpressionCount(**row) for row in rows]


def _opening(close: StoredClose, contract: str, item: str) -> Fraction:
    """The count that the close started from, as its manifest says; zero where none was asked for."""
    asked = close.manifest.get("openings", ())
    own = (one for one in asked if (one["contract"], one["item"], one["kind"]) == (contract, item, "quantity"))
    return next((Fraction(one["value"]) for one in own), Fraction(0))
