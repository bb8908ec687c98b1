"""A month as a billing system has it: contract documents as plain mappings, rows of events as tables."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.period import Period

Document = dict[str, Any]
DocumentEdit = Callable[[Document], Document | None]
RowEdit = Callable[[pa.Table], pa.Table]
AGAIN = "¦"  # between the identifier of a row that is there again and the copy's number; sorts after the mark of a part
IDS = {"impressions": "impression_id", "clicks": "click_id", "conversions": "conversion_id", "reversals": "reversal_id"}


@dataclass(frozen=True)
class BilledLine:
    """One line of a bill: amount in major units, what each conversion earned in it, how often it is sent."""

    contract: str
    item: str
    kind: str
    currency: str
    quantity: Decimal
    amount: Decimal
    version: int | None = None
    details: tuple[tuple[str, Decimal], ...] = ()
    note: str = ""
    times_sent: int = 1

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What lines join on within a month (RULES 8.1)."""
        return self.contract, self.item, self.kind, self.currency


@dataclass(frozen=True)
class Month:
    """The contract book, all rows by dataset (times in µs, UTC; `file` is the source's file), and how it is closed."""

    period: Period
    documents: tuple[Document, ...]
    rows: Mapping[str, pa.Table]
    cutoff_days: int = 3
    billing_timezone: str | None = None
    as_known_at: int | None = None
    own_cutoff: int | None = None

    @property
    def cutoff(self) -> int:
        """The instant after which an event is late (RULES 1.9)."""
        return self.period.cutoff(self.cutoff_days) if self.own_cutoff is None else self.own_cutoff

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts, by name."""
        return tuple(sorted({document["contract"] for document in self.documents}))

    def versions(self, contract: str) -> list[Document]:
        """The documents of one contract, by number."""
        own = [document for document in self.documents if document["contract"] == contract]
        return sorted(own, key=lambda document: int(document["version"]))

    def with_documents(self, contracts: Sequence[str], edit: DocumentEdit) -> Month:
        """The month with the documents of some contracts changed; one that an edit gives up is not there."""
        edited = [
            edit(copy.deepcopy(document)) if document["contract"] in contracts else document
            for document in self.documents
        ]
        return replace(self, documents=tuple(document for document in edited if document is not None))

    def with_rows(self, dataset: str, own: Callable[[Month, pa.Table], Any], edit: RowEdit) -> Month:
        """The month with some rows of a dataset, those that `own` marks, changed."""
        table = self.rows.get(dataset)
        if table is None or not table.num_rows:
            return self
        mask = pc.fill_null(own(self, table), False)
        changed = pa.concat_tables([table.filter(pc.invert(mask)), edit(table.filter(mask))])
        return replace(self, rows={**self.rows, dataset: changed})


def in_force(versions: Sequence[Document], day: date) -> Document | None:
    """The approved version in force on a date, whenever it was approved (RULES 2.2, 2.3)."""
    text = day.isoformat()
    begun = [one for one in versions if one["status"] == "approved" and one["effective"]["from"] <= text]
    ended = max((int(one["version"]) for one in begun if one["kind"] == "termination"), default=0)
    running = [one for one in begun if text <= (one["effective"].get("to") or "9999") and int(one["version"]) > ended]
    return max(running, key=lambda one: int(one["version"]), default=None)


def dates(period: Period) -> list[date]:
    """The dates of a month."""
    return [period.first + timedelta(days=n) for n in range(period.days)]


def versions_in_force(versions: Sequence[Document], period: Period) -> list[Document]:
    """The versions in force on some date of a month, in the order of their first such date."""
    found: dict[int, Document] = {}
    for day in dates(period):
        version = in_force(versions, day)
        if version is not None:
            found.setdefault(int(version["version"]), version)
    return list(found.values())
