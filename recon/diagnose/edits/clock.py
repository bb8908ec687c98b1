"""When the month was cut: in which zone, with which offset, and up to which arrival of events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from recon.contracts.terms import ContractVersion
from recon.diagnose.edits.edit import Asked, Change, Edit, not_looking_at, on_versions
from recon.observe.cuts import cutoffs_in_question
from recon.period import fixed_zone, instant_text


def timezone_cutoff(asked: Asked) -> Iterator[Edit]:
    """Days and month are cut in UTC, or in the billing system's own zone."""
    for zone in dict.fromkeys(["UTC", asked.world.scope.billing_timezone or "UTC"]):
        yield from _in_zone(asked, "timezone_cutoff", zone)


def dst_offset(asked: Asked) -> Iterator[Edit]:
    """One offset holds all month, that of its beginning or that of its end."""
    period = asked.world.scope.period
    for own in dict.fromkeys(one.timezone for one in asked.versions):
        fixed = [fixed_zone(own, period.start(own)), fixed_zone(own, period.end(own))]
        for zone in dict.fromkeys(fixed) if len(set(fixed)) > 1 else ():
            yield from _in_zone(asked, "dst_offset", zone)


def _in_zone(asked: Asked, code: str, zone: str) -> Iterator[Edit]:
    zones = sorted({one.timezone for one in asked.versions})
    if zones and zones != [zone]:
        words = f"days and month are cut in {zone}, not in {', '.join(zones)}"

        def moved(one: ContractVersion) -> ContractVersion:
            return one if one.timezone == zone else one.model_copy(update={"timezone": zone})

        yield Edit(code, words, on_versions(asked.contract, moved), "timezone", kind=f"zone {zone}")


def late_events_billed(asked: Asked) -> Iterator[Edit]:
    """Events that came in after the cut-off count."""
    yield Edit("late_events_billed", "events that came in after the cut-off count", not_looking_at("late"), "cut-off")
    if asked.is_cpa:
        words = "conversions and touches that came in after the cut-off count, reversals do not"
        yield Edit("late_events_billed", words, not_looking_at("late_event"), "cut-off")
        words = "conversions that came in after the cut-off count, touches and reversals do not"
        yield Edit("late_events_billed", words, not_looking_at("late_conversion"), "cut-off")


def late_events_dropped(asked: Asked) -> Iterator[Edit]:
    """Events in time do not count where they came in after an earlier cut-off."""
    for cutoff in cutoffs_in_question(asked.world.scope)[:-1]:
        words = f"events that came in after {instant_text(cutoff)} do not count"
        yield Edit("late_events_dropped", words, _cut_off_at(cutoff), "cut-off")


def _cut_off_at(cutoff: int) -> Change:
    return lambda world: world.reads(replace(world.reading, cutoff=cutoff))
