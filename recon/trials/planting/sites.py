"""Where an error can be planted: one contract of a month; and a planting, which is an edit of what the biller has."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.trials.planting.month import BilledLine, Document, DocumentEdit, Month, RowEdit, versions_in_force

MonthEdit = Callable[[Month], Month]
LinesEdit = Callable[[Sequence[BilledLine]], list[BilledLine]]
CPA_ROWS = ("conversions", "clicks", "impressions", "reversals")


@dataclass(frozen=True)
class Planting:
    """One way to make an error: the month is billed again as edited, then lines are edited; `contracts` take them."""

    contracts: tuple[str, ...]
    what: str
    month: MonthEdit | None = None
    lines: LinesEdit | None = None
    has_other_rates: bool = False


@dataclass(frozen=True)
class PlantedError:
    """A row of the table: a code and, per contract, the ways to plant it; none where no clause can go wrong so."""

    code: str
    words: str
    plant: Callable[[Site], Iterator[Planting]]
    is_in_table: bool = True


@dataclass(frozen=True)
class Site:
    """One contract of a month with its lines as billed rightly; `bill` are all lines of the month."""

    month: Month
    contract: str
    bill: tuple[BilledLine, ...]
    seed: int = 0

    @cached_property
    def versions(self) -> list[Document]:
        """All documents of the contract."""
        return self.month.versions(self.contract)

    @cached_property
    def running(self) -> list[Document]:
        """The versions in force in the month that have terms."""
        return [one for one in versions_in_force(self.versions, self.month.period) if one.get("terms")]

    @cached_property
    def terms(self) -> list[dict[str, Any]]:
        """The terms of every version that has any."""
        return [one["terms"] for one in self.versions if one.get("terms")]

    @property
    def is_cpm(self) -> bool:
        """Whether the contract counts impressions."""
        return bool(self.terms) and self.terms[0]["model"] == "cpm"

    @property
    def is_payout(self) -> bool:
        """Whether the contract pays a partner."""
        return bool(self.versions[0]["direction"] == "payout")

    @property
    def zone(self) -> str:
        """The contract's time zone."""
        return str(self.versions[0]["timezone"])

    @property
    def currency(self) -> str:
        """The contract's currency."""
        return str(self.versions[0]["currency"])

    @property
    def program(self) -> str:
        """The program of a CPA contract, empty for CPM."""
        return str(self.terms[0].get("program", "")) if self.terms else ""

    @cached_property
    def items(self) -> list[str]:
        """Every item that some version lists."""
        return sorted({item["item"] for terms in self.terms for item in terms["items"]})

    @cached_property
    def lines(self) -> list[BilledLine]:
        """The contract's own lines of the right bill."""
        return [line for line in self.bill if line.contract == self.contract]

    def draw(self, word: str) -> random.Random:
        """Chance that depends on the seed, the contract and a word alone."""
        return random.Random(f"{self.seed} {self.contract} {word}")

    def shuffled(self, word: str, choices: Sequence[Any], most: int = 4) -> list[Any]:
        """Some of the choices in a drawn order."""
        found = list(choices)
        self.draw(word).shuffle(found)
        return found[:most]

    def owns(self, dataset: str) -> Callable[[Month, pa.Table], Any]:
        """Marks the rows that can matter to the contract: of its items, or of its program."""
        if dataset == "reversals":
            return _reversals_of(self.program)
        if self.is_cpm:
            return lambda month, table: pc.is_in(table.column("item"), pa.array(self.items, pa.string()))
        return lambda month, table: pc.equal(table.column("program"), self.program)

    def own_rows(self, dataset: str) -> pa.Table | None:
        """The contract's rows of a dataset, None where there are none."""
        table = self.month.rows.get(dataset)
        if table is None or (self.is_cpm and dataset != "impressions"):
            return None
        own = table.filter(pc.fill_null(self.owns(dataset)(self.month, table), False))
        return own if own.num_rows else None

    def datasets(self) -> list[str]:
        """The datasets with rows that matter to the contract."""
        names = ("impressions",) if self.is_cpm else CPA_ROWS
        return [name for name in names if self.own_rows(name) is not None]


def _reversals_of(program: str) -> Callable[[Month, pa.Table], Any]:
    def own(month: Month, table: pa.Table) -> Any:
        conversions = month.rows["conversions"]
        of_program = conversions.filter(pc.equal(conversions.column("program"), program))
        return pc.is_in(table.column("conversion_id"), of_program.column("conversion_id").combine_chunks())

    return own


# Plantings by what they edit; each gives none where it would edit nothing


def by_documents(
    site: Site, what: str, edit: DocumentEdit, contracts: Sequence[str] = (), takes: Sequence[str] = ()
) -> Iterator[Planting]:
    """The documents of the contract (or of others) as the billing system has them."""
    touched = tuple(contracts) or (site.contract,)
    if site.month.with_documents(touched, edit).documents != site.month.documents:
        yield Planting(tuple(takes) or (site.contract,), what, lambda month: month.with_documents(touched, edit))


def by_terms(
    site: Site, what: str, change: Callable[[dict[str, Any]], object], contracts: Sequence[str] = (),
    takes: Sequence[str] = (),
) -> Iterator[Planting]:  # fmt: skip
    """The terms of every version, changed in place."""

    def edit(document: Document) -> Document:
        if document.get("terms"):
            change(document["terms"])
        return document

    yield from by_documents(site, what, edit, contracts, takes)


def by_items(site: Site, what: str, change: Callable[[dict[str, Any]], object]) -> Iterator[Planting]:
    """Every item of every version, changed in place."""
    yield from by_terms(site, what, lambda terms: [change(item) for item in terms["items"]])


def by_rows(site: Site, what: str, edits: dict[str, RowEdit]) -> Iterator[Planting]:
    """The contract's rows of some datasets as the billing system has them."""
    found = {name: edit for name, edit in edits.items() if _is_changed(site.own_rows(name), edit)}

    def edited(month: Month) -> Month:
        for name, edit in found.items():
            month = month.with_rows(name, site.owns(name), edit)
        return month

    if found:
        yield Planting((site.contract,), what, edited)


def _is_changed(own: pa.Table | None, edit: RowEdit) -> bool:
    return own is not None and not edit(own).equals(own)


def by_lines(site: Site, what: str, edit: LinesEdit, others: Sequence[str] = ()) -> Iterator[Planting]:
    """The lines of the right bill, edited."""
    yield Planting((site.contract, *others), what, lines=edit)


def one_line(line: BilledLine, change: Callable[[BilledLine], list[BilledLine]]) -> LinesEdit:
    """One line changed, found by what lines join on."""
    return lambda lines: [new for one in lines for new in (change(one) if one.key == line.key else [one])]
