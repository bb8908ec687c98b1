"""Errors about zones, clock changes and what arrives late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.compute as pc

from recon.period import DAY, HOUR, zone
from recon.trials.planting.month import RowEdit
from recon.trials.planting.sites import PlantedError, Planting, Site, by_documents, by_rows

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def cut_elsewhere(site: Site) -> Iterator[Planting]:
    """Days and month are cut in the billing system's own zone."""
    for name in dict.fromkeys(["UTC", site.month.billing_timezone or "UTC"]):
        yield from in_zone(site, name)


def in_zone(site: Site, name: str) -> Iterator[Planting]:
    """The contract's dates are those of another zone."""
    yield from by_documents(site, f"month cut in {name}, not {site.zone}", lambda one: one | {"timezone": name})


def fixed_offset(site: Site) -> Iterator[Planting]:
    """One offset for the whole month in which the clocks change."""
    period = site.month.period
    offsets = [_offset(at, site.zone) for at in (period.start(site.zone), period.end(site.zone) - 1)]
    if offsets[0] == offsets[1]:
        return
    for offset in offsets:
        if offset % HOUR == 0:
            yield from in_zone(site, f"Etc/GMT{-offset // HOUR:+d}" if offset else "Etc/GMT")


def _offset(at: int, name: str) -> int:
    """Local time less UTC at an instant, in µs."""
    there = (EPOCH + timedelta(microseconds=at)).astimezone(zone(name)).utcoffset()
    assert there is not None
    return there // timedelta(microseconds=1)


def late_billed(site: Site) -> Iterator[Planting]:
    """What came after the cut-off is billed as if it had come in time; what nobody knew of yet stays unknown."""
    edit = _where_ingested_after(site.month.cutoff, _without_arrival, site.month.as_known_at)
    yield from by_rows(site, "late events billed", dict.fromkeys(("impressions", "clicks", "conversions"), edit))


def _without_arrival(table: pa.Table) -> pa.Table:
    place = table.column_names.index("ingested_at")
    return table.set_column(place, "ingested_at", pa.nulls(table.num_rows, pa.int64()))


def _where_ingested_after(at: int, change: Callable[[pa.Table], pa.Table], last: int | None = None) -> RowEdit:
    def edit(table: pa.Table) -> pa.Table:
        arrival = table.column("ingested_at")
        later = pc.fill_null(pc.greater(arrival, at), False)
        if last is not None:
            later = pc.and_(later, pc.fill_null(pc.less_equal(arrival, last), False))
        return pa.concat_tables([table.filter(pc.invert(later)), change(table.filter(later))])

    return edit


def late_dropped(site: Site) -> Iterator[Planting]:
    """What came within the cut-off, but after the billing run, is not billed."""
    end = site.month.period.end("UTC")
    for days in range(site.month.cutoff_days):
        drop = _where_ingested_after(end + days * DAY, lambda table: table.slice(0, 0))
        words = f"nothing billed that came later than {days} days after the month"
        yield from by_rows(site, words, dict.fromkeys(site.datasets(), drop))


ERRORS = (
    PlantedError("timezone_cutoff", "the month cut in another zone", cut_elsewhere),
    PlantedError("dst_offset", "one offset all month though the clocks changed", fixed_offset),
    PlantedError("late_events_billed", "events after the cut-off billed", late_billed),
    PlantedError("late_events_dropped", "events in time but after the billing run lost", late_dropped),
)
