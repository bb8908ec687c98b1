"""Parts of a month: what the lines of some contracts depend on, under names of their own, side by side in one month."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.trials.planting.month import Document, Month

# What a part renames, by dataset: all by which rows are told apart, or belong to a contract
NAMES = {
    "impressions": ("impression_id", "program", "item"),
    "clicks": ("click_id", "program"),
    "conversions": ("conversion_id", "program"),
    "reversals": ("reversal_id", "conversion_id"),
    "third_party": ("item",),
    "opening_balances": ("contract", "item"),
}


class Parts:
    """Cuts a month into what contracts depend on: their items' impressions, or their program's events and rivals."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self.of = cache(self._of)
        counts = month.rows["impressions"].column("impression_id").value_counts()
        self.repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))

    def rows(self, contracts: frozenset[str]) -> int:
        """How many events a part has."""
        return sum(self.of(contracts).rows[name].num_rows for name in ("impressions", "clicks", "conversions"))

    def _of(self, contracts: frozenset[str]) -> Month:
        kept = contracts | self._rivals(contracts)
        documents = tuple(one for one in self.month.documents if one["contract"] in kept)
        terms = [one["terms"] for one in documents if one.get("terms")]
        items = sorted({item["item"] for one in terms if one["model"] == "cpm" for item in one["items"]})
        programs = sorted({one["program"] for one in terms if one["model"] == "cpa"})
        return replace(self.month, documents=documents, rows={**self.month.rows, **self._rows(items, programs)})

    def _rivals(self, contracts: frozenset[str]) -> set[str]:
        """Payouts of the same programs decide with a payout who is paid."""
        payouts = [one for one in self.month.documents if one["direction"] == "payout" and one.get("terms")]
        own = {one["terms"].get("program") for one in payouts if one["contract"] in contracts} - {None}
        return {one["contract"] for one in payouts if one["terms"].get("program") in own}

    def _rows(self, items: Sequence[str], programs: Sequence[str]) -> dict[str, pa.Table]:
        """Impressions of the items and of the programs' converting users; clicks and conversions of the programs."""
        rows = self.month.rows
        found = {name: rows[name].filter(_is_of(rows[name], programs)) for name in ("clicks", "conversions")}
        users, ids = (found["conversions"].column(name).combine_chunks() for name in ("user_id", "conversion_id"))
        table = rows["impressions"]
        of_items = pc.is_in(table.column("item"), pa.array(items, pa.string()))
        of_users = pc.and_(_is_of(table, programs), pc.is_in(table.column("user_id"), users))
        own = pc.or_(of_items, of_users)
        ids_of_own = table.filter(own).column("impression_id").combine_chunks()
        repeated = pc.is_in(ids_of_own, self.repeated)  # a duplicate needs the row before it, whatever its item
        reversals = rows["reversals"].filter(pc.is_in(rows["reversals"].column("conversion_id"), ids))
        kept = pc.or_(own, pc.is_in(table.column("impression_id"), ids_of_own.filter(repeated)))
        return found | {"impressions": table.filter(kept), "reversals": reversals}


def _is_of(table: pa.Table, programs: Sequence[str]) -> Any:
    return pc.is_in(table.column("program"), pa.array(programs, pa.string()))


def renamed(month: Month, mark: str) -> Month:
    """The month with a mark behind every name by which it could meet another part."""
    documents = tuple(_renamed_document(one, mark) for one in month.documents)
    rows = {name: _renamed_rows(table, NAMES.get(name, ()), mark) for name, table in month.rows.items()}
    return replace(month, documents=documents, rows=rows)


def _renamed_document(document: Document, mark: str) -> Document:
    marked = copy.deepcopy(document) | {"contract": document["contract"] + mark}
    terms = marked.get("terms") or {}
    if "program" in terms:
        terms["program"] += mark
    items = (*terms.get("items", ()), *(terms.get("fixed_fees") or ()))
    names = {item["item"] for item in items}
    for rule in terms.get("rules") or ():  # a rule speaks of items by their names
        said = rule.get("with") or {}
        said |= {key: value + mark for key, value in said.items() if value in names}
    for item in items:
        item["item"] += mark
    return marked


def _renamed_rows(table: pa.Table, names: Iterable[str], mark: str) -> pa.Table:
    for name in names:
        place = table.column_names.index(name)
        table = table.set_column(place, name, pc.binary_join_element_wise(table.column(name), mark, ""))
    return table


def joined(months: Sequence[Month]) -> Month:
    """Several parts as one month; the first one's exchange rates are everybody's."""
    first = months[0]
    rows = {
        name: table if name == "fx_rates" else pa.concat_tables([one.rows[name] for one in months])
        for name, table in first.rows.items()
    }
    return replace(first, documents=tuple(document for one in months for document in one.documents), rows=rows)
