"""What lives on from the months before, read in one transaction: open items, what was let pass, what is awaited."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from recon.ledger.drift import DriftRules, Line, Party
from recon.ledger.files import run_folder
from recon.ledger.items import Item, RollForward
from recon.ledger.rolling import (
    Found,
    Month,
    Past,
    accepted_true_ups,
    decided_again,
    month_rolled,
    past_with,
)
from recon.ledger.signing import LOCKED, FindingAct, contract_of
from recon.ledger.states import states_of
from recon.ledger.tables import closes, finding_acts, findings, lines, register_texts
from recon.period import instant

ADJUSTMENTS = "adjustments.csv"
LINE = ("contract", "item", "kind", "currency")
MOST_NAMED = 500  # contracts in one question: SQLite takes a limited number of values


@dataclass(frozen=True)
class Before:
    """What all locked months before a period leave: their open items, and what lives on beside them."""

    opening: tuple[Item, ...]
    past: Past
    months: tuple[RollForward, ...]


class History:
    """The months of a ledger as known at an instant (µs), or now, seen in one transaction."""

    def __init__(self, connection: Connection, folder: Path, known_at: int | None = None) -> None:
        self._connection, self._folder, self._known_at = connection, folder, known_at
        self._acts = [act for act in acts_of(connection) if known_at is None or act.at <= known_at]

    def rolled(self, close: Row[Any]) -> RollForward:
        """The open items of a run, from what all locked months before its period left."""
        month, before = self._month(close), self.before(close.period)
        return month_rolled(before.opening, month, self._of(close.period), self._parties([month]), before.past)

    def before(self, period: str) -> Before:
        """What all locked months before a period leave."""
        locked = [row for row in states_of(self._connection, self._known_at) if row.state == LOCKED]
        months = [self._month(row) for row in locked if row.period < period]
        parties = self._parties(months)
        opening: tuple[Item, ...] = ()
        past, found = Past(locked={row.period: row.digest for row in locked}), []
        for month in months:
            rolled = month_rolled(opening, month, self._of(month.period), parties, past)
            opening, past = rolled.closing, past_with(past, month, rolled, parties)
            found.append(rolled)
        return Before(opening, past, tuple(found))

    def awaited(self, period: str) -> tuple[Item, ...]:
        """The accepted items of earlier months, as the period decided about them, and the true-ups it accepted."""
        before, acts = self.before(period), self._of(period)
        standing = [
            *decided_again(before.opening, acts),
            *accepted_true_ups(period, acts, self._parties(), before.past),
        ]
        return tuple(sorted((one for one in standing if one.disposition == "accept"), key=lambda one: one.finding_id))

    def expected(self, close: Row[Any]) -> Mapping[str, Decimal] | None:
        """The adjustments that a run expects, by finding; None for a run of an earlier release, which knew none."""
        folder = run_folder(self._folder, (close.period, close.run))
        return self._month(close).expected if (folder / ADJUSTMENTS).is_file() else None

    def _of(self, period: str) -> list[FindingAct]:
        return [act for act in self._acts if act.period == period]

    def _month(self, close: Row[Any]) -> Month:
        folder = run_folder(self._folder, (close.period, close.run))
        return Month(
            close.period, close.run, close.digest, tuple(self._findings(close.id)), tuple(self._below(close.id)),
            adjustments_of(folder), drift_rules(json.loads(close.manifest)),
        )  # fmt: skip

    def _findings(self, close_id: int) -> Iterator[Found]:
        """The findings with money in them, beside their lines."""
        same = [lines.c.close_id == findings.c.close_id, *(lines.c[name] == findings.c[name] for name in LINE)]
        joined = findings.outerjoin(lines, and_(*same))
        query = select(findings, lines.c.status, lines.c.variance).select_from(joined)
        for row in self._connection.execute(
            query.where(findings.c.close_id == close_id).order_by(findings.c.finding_id)
        ):
            if row.amount:
                yield Found(row.finding_id, _line(row), row.amount, row.cause, row.grade, row.status, row.variance)

    def _below(self, close_id: int) -> Iterator[tuple[Line, Decimal]]:
        query = select(lines).where(lines.c.close_id == close_id, lines.c.status == "within_tolerance")
        return (
            (_line(row), row.variance) for row in self._connection.execute(query.order_by(*(lines.c[n] for n in LINE)))
        )

    def _parties(self, months: Iterable[Month] = ()) -> Mapping[str, Party]:
        """Who stands behind the contracts of what lives on, as the newest version names them.

        The id and the direction of a contract's counterparty never change (RULES 2.6).
        """
        lines_of = (line for month in months for line in month.lines)
        named = {line.contract for line in lines_of} | {contract_of(act.finding_id) for act in self._acts}
        found: dict[str, Party] = {}
        asked = sorted(named)
        columns = (register_texts.c[name] for name in ("contract", "counterparty_id", "counterparty", "direction"))
        query = select(*columns).order_by(
            register_texts.c.contract, register_texts.c.version, register_texts.c.revision
        )
        for start in range(0, len(asked), MOST_NAMED):
            some = query.where(register_texts.c.contract.in_(asked[start : start + MOST_NAMED]))
            found |= {row.contract: Party(*row[1:]) for row in self._connection.execute(some)}
        return found


def acts_of(connection: Connection, period: str | None = None) -> Iterator[FindingAct]:
    """What was done about findings, in the order it was entered."""
    columns = [column for column in finding_acts.columns if column.name not in ("id", "close_id")]
    query = select(*columns, closes.c.run).join(closes, closes.c.id == finding_acts.c.close_id)
    if period is not None:
        query = query.where(finding_acts.c.period == period)
    return (FindingAct(**row._mapping) for row in connection.execute(query.order_by(finding_acts.c.id)))


def adjustments_of(folder: Path) -> list[dict[str, str]]:
    """The rows of a run's adjustments, as text; none for a close of an earlier release."""
    path = folder / ADJUSTMENTS
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def drift_rules(manifest: Mapping[str, Any]) -> DriftRules | None:
    """How a run looks at drift, by its own settings; None for a run that was made without any."""
    settings = manifest.get("settings") or {}
    said = settings.get("drift")
    if not said:
        return None
    material = {currency: Decimal(amount) for currency, amount in settings.get("materiality", {}).items()}
    return DriftRules(int(said["months"]), int(said["in_a_row"]), material)


def known_at_of(manifest: Mapping[str, Any]) -> int | None:
    """The instant (µs) that a run was closed as known at; None for one that knew all there was."""
    known = manifest.get("as_known_at")
    return None if known is None else instant(known)


def _line(row: Row[Any]) -> Line:
    return Line(*(getattr(row, name) for name in LINE))
