"""Errors about where and how amounts are rounded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from recon.period import local_date
from recon.trials.planting.counting import with_column
from recon.trials.planting.month import BilledLine, Document, Month, in_force
from recon.trials.planting.sites import PlantedError, Planting, Site, by_terms

MODES = ("half_up", "half_even", "up", "down")
APART = "~"  # between an item and the version that it is billed apart for


def mode(site: Site) -> Iterator[Planting]:
    """Cents are rounded in another way."""
    for name in site.shuffled("mode", MODES):
        yield from by_terms(site, f"rounded {name.replace('_', ' ')}", _set_rounding(name))


def _set_rounding(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda terms: terms.update(rounding=name)


def grain(site: Site) -> Iterator[Planting]:
    """Conversions rounded one by one instead of the line, or the reverse; for CPM, each version's part of a line."""
    if site.program:
        yield from by_terms(site, "rounded at the other grain", _swap_grain)
    elif simple := _split_items(site):
        what = f"each version's part of {', '.join(simple)} rounded by itself"
        yield Planting((site.contract,), what, lambda month: _apart(month, site, simple), _together)


def _swap_grain(terms: dict[str, Any]) -> None:
    terms["round"] = "line" if terms.get("round", "conversion") == "conversion" else "conversion"


def _split_items(site: Site) -> list[str]:
    """Items of several versions in force whose parts can be billed by themselves: one rate, no limits, no counts."""
    listed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for version in site.running:
        for item in version["terms"]["items"]:
            listed[item["item"]].append(item)
    is_bound = any({"cap", "third_party"} & terms.keys() for terms in site.terms)
    found = [name for name, some in listed.items() if len(some) > 1 and all(map(_is_simple, some))]
    return [] if is_bound else found


def _is_simple(item: dict[str, Any]) -> bool:
    is_bound = bool({"cap", "booked", "third_party"} & item.keys())
    return len(item["rates"]) == 1 and "per_mille" in item["rates"][0] and not is_bound


def _apart(month: Month, site: Site, names: Sequence[str]) -> Month:
    """The month with each version's units of these items under a name of their own."""
    numbers = Counter({int(version["version"]): 1 for version in site.running})

    def rename(document: Document) -> Document:
        number = int(document["version"])
        for item in (document.get("terms") or {"items": ()})["items"]:
            if item["item"] in names and number in numbers:
                item["item"] += f"{APART}{number}"
        return document

    renamed = month.with_documents((site.contract,), rename)
    return renamed.with_rows("impressions", site.owns("impressions"), _named_by_version(site, names))


def _named_by_version(site: Site, names: Sequence[str]) -> Callable[[pa.Table], pa.Table]:
    def edit(table: pa.Table) -> pa.Table:
        found = []
        for item, ts in zip(table.column("item").to_pylist(), table.column("ts").to_pylist(), strict=True):
            version = in_force(site.versions, local_date(ts, site.zone)) if item in names else None
            found.append(item if version is None else f"{item}{APART}{version['version']}")
        return with_column(table, "item", found)

    return edit


def _together(lines: Sequence[BilledLine]) -> list[BilledLine]:
    """The parts of each line added up again."""
    sums: dict[tuple[str, ...], BilledLine] = {}
    for line in lines:
        part = replace(line, item=line.item.partition(APART)[0])
        before = sums.get(part.key)
        if before is not None:
            part = replace(part, quantity=part.quantity + before.quantity, amount=part.amount + before.amount)
        sums[part.key] = part
    return list(sums.values())


ERRORS = (
    PlantedError("rounding_grain", "rounded at another grain", grain),
    PlantedError("rounding_mode", "rounded in another way", mode),
)
