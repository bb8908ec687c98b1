"""Open items from month to month: opening + new − cleared = closing, and it ties to last month's (AUDIT, Sign-off)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from recon.close import StoredClose, load_close
from recon.close.adjustments import ADJUSTMENT, adjustments_of
from recon.ledger import FindingAct, Ledger
from recon.ledger.signing import DISPOSITIONS, SETTLED
from recon.period import Period
from recon.workspace import Workspace

NOTHING = Decimal(0)
AGES = ((30, "0–30"), (60, "31–60"), (90, "61–90"))
OLDEST = "90+"
Line = tuple[str, str, str, str]
Record = Mapping[Any, Any]


@dataclass(frozen=True)
class Item:
    """A finding that is carried: amount in major units (billed − expected), with what was decided about it.

    `days` count from the last day of its month to that of the month looked at; `cleared_by` says how it was settled.
    """

    finding_id: str
    period: str
    contract: str
    item: str
    kind: str
    currency: str
    counterparty: str
    cause: str
    grade: str
    amount: Decimal
    disposition: str = ""
    decided_by: str = ""
    reason: str = ""
    owner: str = ""
    days: int = 0
    cleared_by: str = ""

    @property
    def line(self) -> Line:
        """The line it stands on, in whatever month."""
        return self.contract, self.item, self.kind, self.currency

    @property
    def age(self) -> str:
        """Its class of age in days."""
        return next((name for days, name in AGES if self.days <= days), OLDEST)


@dataclass(frozen=True)
class RollForward:
    """The open items of a period: opening + new − cleared = closing, per currency and item by item."""

    period: str
    run: int
    opening: tuple[Item, ...]
    new: tuple[Item, ...]
    cleared: tuple[Item, ...]
    closing: tuple[Item, ...]

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency of an item, sorted."""
        return tuple(sorted({one.currency for one in (*self.opening, *self.new)}))

    def total(self, part: str, currency: str) -> Decimal:
        """The sum of a part's items in a currency: opening, new, cleared or closing."""
        return sum((one.amount for one in getattr(self, part) if one.currency == currency), NOTHING)


def roll_forward(workspace: Workspace, period: Period, run: int | None = None) -> RollForward:
    """The open items of a month, from all locked months before it; of the locked run, else the latest, unless named."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        locked = ledger.locked(str(period))
    return rolled(load_close(workspace, period, run or (locked.run if locked else None)))


def rolled(close: StoredClose) -> RollForward:
    """The open items of a close, from those that all locked months before it left open."""
    place = close.workspace
    with Ledger.open(place.database_url, place.closes) as ledger:
        before = [one for one in ledger.all_locked() if one.period < close.period]
        acts = ledger.sign_offs.acts()
    months = [*(load_close(place, Period.parse(one.period), one.run) for one in before), close]
    opening: tuple[Item, ...] = ()
    for month in months:
        found = month_rolled(opening, month, [act for act in acts if act.period == month.period])
        opening = found.closing
    return found


def month_rolled(opening: Iterable[Item], close: StoredClose, acts: Iterable[FindingAct]) -> RollForward:
    """A month's items from those that the month before left open."""
    carried = [_aged(one, close.period) for one in opening]
    billed = {row["reference"] for row in adjustments_of(close.folder) if row["billing_line_ids"]}
    new = list(_new_items(close, list(acts), {one.finding_id for one in carried} - billed))
    cleared = [replace(one, cleared_by="adjustment") for one in carried if one.finding_id in billed]
    cleared += [replace(one, cleared_by="waived") for one in new if one.disposition == "waive"]
    cleared += _reversed([one for one in carried if one.finding_id not in billed], new)
    gone = {one.finding_id for one in cleared}
    closing = [one for one in (*carried, *new) if one.finding_id not in gone]
    parts = (sorted(part, key=lambda one: (one.period, one.finding_id)) for part in (carried, new, cleared, closing))
    return RollForward(close.period, close.run, *(tuple(part) for part in parts))


def _reversed(carried: Iterable[Item], new: Iterable[Item]) -> Iterator[Item]:
    """Timing items that the month took back on the same line, to the cent, with what took them back."""
    free = [one for one in new if one.disposition != "waive"]
    for item in carried:
        match = next((one for one in free if one.line == item.line and one.amount == -item.amount), None)
        if item.disposition == "timing" and match is not None:
            free.remove(match)
            yield replace(item, cleared_by=f"reversed by {match.finding_id}")
            yield replace(match, cleared_by=f"reverses {item.finding_id}")


def _new_items(close: StoredClose, acts: list[FindingAct], awaited: set[str]) -> Iterator[Item]:
    """The month's findings above tolerance; an adjustment still awaited is no new item, but the old one."""
    lines = {_line_of(row): row for row in close.lines.to_dict("records")}
    waiting = _still_awaited(close, awaited)
    decided = {act.finding_id: act for act in acts if act.action in DISPOSITIONS}
    owners = {act.finding_id: act.owner for act in acts if act.action == "assign"}
    for row in close.findings.to_dict("records"):
        line = lines.get(_line_of(row))
        is_settled = line is not None and line["status"] in SETTLED
        if row["amount"] and not is_settled and not _is_old(row, line, waiting):
            yield _item(close, row, line, decided.get(row["finding_id"]), owners.get(row["finding_id"], ""))


def _still_awaited(close: StoredClose, awaited: set[str]) -> dict[Line, Decimal]:
    sums: dict[Line, Decimal] = {}
    for row in adjustments_of(close.folder):
        if row["reference"] in awaited:
            key = (row["contract"], row["item"], ADJUSTMENT, row["currency"])
            sums[key] = sums.get(key, NOTHING) + Decimal(row["expected_amount"] or 0)
    return sums


def _is_old(row: Record, line: Record | None, waiting: Mapping[Line, Decimal]) -> bool:
    """Whether a line's variance is just what has not arrived yet."""
    missing = waiting.get(_line_of(row))
    return missing is not None and line is not None and line["variance"] == -missing


def _item(close: StoredClose, row: Record, line: Record | None, act: FindingAct | None, owner: str) -> Item:
    is_for_this = act is not None and act.amount == row["amount"]
    said = (act.action, act.who, act.reason) if act is not None and is_for_this else ("", "", "")
    names = ("finding_id", "contract", "item", "kind", "currency", "cause", "grade")
    told: dict[str, Any] = {name: str(row[name] or "") for name in names}
    counterparty = str((line or {}).get("counterparty") or "")
    return Item(
        period=close.period, counterparty=counterparty, amount=row["amount"], disposition=said[0], decided_by=said[1],
        reason=said[2], owner=owner, **told,
    )  # fmt: skip


def _aged(item: Item, period: str) -> Item:
    return replace(item, days=(Period.parse(period).last - Period.parse(item.period).last).days)


def _line_of(row: Record) -> Line:
    contract, item, kind, currency = (str(row[name] or "") for name in ("contract", "item", "kind", "currency"))
    return contract, item, kind, currency
