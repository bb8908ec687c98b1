"""Errors about which events count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import chain, zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.period import DAY
from recon.trials.planting.month import AGAIN, IDS, RowEdit
from recon.trials.planting.sites import PlantedError, Planting, Site, by_items, by_rows, by_terms

BASES = ("delivered", "viewable", "completed")
WHOLE = ("conversions", "clicks", "impressions")


def duplicates(site: Site) -> Iterator[Planting]:
    """Rows sent twice count twice: every row has an identifier of its own."""
    for name in ("impressions",) if site.is_cpm else ("conversions", "clicks"):
        is_named = name == "conversions"  # by their reversals
        yield from by_rows(site, f"repeated {name} counted again", {name: each_its_own(IDS[name], is_named)})


def each_its_own(column: str, is_first_kept: bool) -> RowEdit:
    """Identifiers made unique, by time, text and arrival (RULES 1.7); the first row may keep its own."""

    def edit(table: pa.Table) -> pa.Table:
        arrival = pc.fill_null(table.column("ingested_at"), 0).to_pylist()
        order = list(zip(table.column("ts").to_pylist(), table.column(column).to_pylist(), arrival, strict=True))
        ordered = table.take(pa.array(sorted(range(len(order)), key=order.__getitem__), pa.int64()))
        seen: Counter[str] = Counter()
        return with_column(ordered, column, [
            _numbered(one, seen, is_first_kept) for one in ordered.column(column).to_pylist()
        ])  # fmt: skip

    return edit


def _numbered(identity: str, seen: Counter[str], is_first_kept: bool) -> str:
    seen[identity] += 1
    return identity if seen[identity] == 1 and is_first_kept else f"{identity}{AGAIN}{seen[identity]}"


def with_column(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    """The table with other values in one column."""
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))


def ivt(kinds: list[str], words: str) -> Callable[[Site], Iterator[Planting]]:
    """Only these kinds of invalid traffic are left out."""
    return lambda site: by_terms(site, words, lambda terms: terms.update(exclude_ivt=kinds))


def basis(site: Site) -> Iterator[Planting]:
    """Other impressions are counted than the contract says."""
    for name in site.shuffled("basis", BASES) if site.is_cpm else ():
        yield from by_terms(site, f"{name} impressions counted", _set_basis(name))


def _set_basis(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda terms: terms.update(basis=name)


def mark_cleared(column: str, datasets: tuple[str, ...], words: str) -> Callable[[Site], Iterator[Planting]]:
    """A mark in the data is not looked at."""

    def clear(table: pa.Table) -> pa.Table:
        return with_column(table, column, [False] * table.num_rows)

    def plant(site: Site) -> Iterator[Planting]:
        names = [name for name in datasets if (name == "impressions") == site.is_cpm]
        return by_rows(site, words, dict.fromkeys(names, clear))

    return plant


def third_party(site: Site) -> Iterator[Planting]:
    """The clause on somebody else's count is left out, or the other party's count controls."""

    def drop(terms: dict[str, Any]) -> None:
        for clause in (terms, *terms["items"]):
            clause.pop("third_party", None)

    def swap(terms: dict[str, Any]) -> None:
        for clause in (terms, *terms["items"]):
            if said := clause.get("third_party"):
                is_theirs = said.get("controlling", "own") == "third_party"
                said["controlling"] = "own" if is_theirs else "third_party"
                if is_theirs and "tolerance_percent" not in said:
                    said["tolerance_percent"] = "10"

    yield from by_terms(site, "the third party's count not looked at", drop)
    yield from by_terms(site, "the other party's count controls", swap)


def over_delivery(site: Site) -> Iterator[Planting]:
    """Units beyond the booked quantity are billed."""
    yield from by_items(site, "units beyond the booking billed", lambda item: item.pop("booked", None))


def partial(site: Site) -> Iterator[Planting]:
    """A day or a file of one dataset is left out."""
    yield from _parts(site, "left out", lambda name: lambda table: table.slice(0, 0))


def double(site: Site) -> Iterator[Planting]:
    """A day or a file of one dataset is there a second time, under new identifiers."""
    yield from _parts(site, "loaded twice", lambda name: _twice(IDS[name]))


def _twice(column: str) -> RowEdit:
    def edit(table: pa.Table) -> pa.Table:
        again = [f"{one}{AGAIN}2" for one in table.column(column).to_pylist()]
        return pa.concat_tables([table, with_column(table, column, again)])

    return edit


def _parts(site: Site, words: str, change: Callable[[str], RowEdit]) -> Iterator[Planting]:
    """Plantings on days and files, the datasets taking turns."""
    names = [name for name in WHOLE if name in site.datasets()]
    turns = [_parts_of(site, name, words, change(name)) for name in names]
    yield from (one for one in chain.from_iterable(zip_longest(*turns)) if one is not None)


def _parts_of(site: Site, name: str, words: str, edit: RowEdit) -> Iterator[Planting]:
    table = site.own_rows(name)
    assert table is not None
    days = sorted(set(pc.divide(_of_period(site, table).column("ts"), DAY).to_pylist()))
    files = sorted(set(table.column("file").to_pylist()))
    for day in site.shuffled(f"{name} days {words}", days, 2):
        yield from by_rows(site, f"{name} of {_date(day)} (UTC) {words}", {name: on_day(day, edit)})
    for file in site.shuffled(f"{name} files {words}", files, 2) if len(files) > 1 else ():
        yield from by_rows(site, f"{name} of the file {file} {words}", {name: _on_file(file, edit)})


def _of_period(site: Site, table: pa.Table) -> pa.Table:
    ts, period = table.column("ts"), site.month.period
    return table.filter(pc.and_(pc.greater_equal(ts, period.start("UTC")), pc.less(ts, period.end("UTC"))))


def _date(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)).date().isoformat()


def on_day(day: int, edit: RowEdit) -> RowEdit:
    """An edit of the rows of one UTC day, counted from 1970."""
    return where(lambda table: pc.equal(pc.divide(table.column("ts"), DAY), day), edit)


def _on_file(file: str, edit: RowEdit) -> RowEdit:
    return where(lambda table: pc.equal(table.column("file"), file), edit)


def where(mask: Callable[[pa.Table], Any], edit: RowEdit) -> RowEdit:
    """An edit of the rows that a mask marks."""

    def changed(table: pa.Table) -> pa.Table:
        marked = pc.fill_null(mask(table), False)
        return pa.concat_tables([table.filter(pc.invert(marked)), edit(table.filter(marked))])

    return changed


ERRORS = (
    PlantedError("duplicates_counted", "repeated rows counted again", duplicates),
    PlantedError("ivt_billed", "invalid traffic billed", ivt([], "no invalid traffic left out")),
    PlantedError("givt_only_filtered", "only general invalid traffic left out", ivt(["givt"], "only givt left out")),
    PlantedError("basis_swapped", "impressions counted on another basis", basis),
    PlantedError(
        "tests_billed", "test events billed",
        mark_cleared("is_test", ("impressions", "conversions"), "test events billed"),
    ),
    PlantedError("third_party_clause", "the clause on a third party's count misread", third_party),
    PlantedError("over_delivery_billed", "units beyond the booking billed", over_delivery),
    PlantedError("partial_data", "a day or a file left out", partial),
    PlantedError("double_load", "a day or a file loaded twice", double),
)  # fmt: skip
