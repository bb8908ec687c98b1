"""Open items from month to month: opening + new − cleared = closing, and it ties to last month's (AUDIT, Sign-off)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from recon.close import StoredClose
from recon.ledger import FindingAct, Item, Ledger, RollForward
from recon.ledger.drift import Line, Party
from recon.ledger.past import adjustments_of, drift_rules
from recon.ledger.rolling import Found, Month, Past, month_rolled
from recon.period import Period
from recon.workspace import Workspace

Record = Mapping[Any, Any]


def roll_forward(workspace: Workspace, period: Period, run: int | None = None) -> RollForward:
    """The open items of a month, from all locked months before it; of the locked run, else the latest, unless named."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        locked = ledger.locked(str(period))
        return ledger.sign_offs.rolled(str(period), run or (locked.run if locked else None))


def rolled(close: StoredClose) -> RollForward:
    """The open items of a close, from those that all locked months before it left open."""
    place = close.workspace
    with Ledger.open(place.database_url, place.closes) as ledger:
        return ledger.sign_offs.rolled(close.period, close.run)


def rolled_alone(
    close: StoredClose, acts: Iterable[FindingAct], opening: Iterable[Item] = (), past: Past | None = None
) -> RollForward:
    """The items of a close that nobody has a ledger for: nothing is carried into it but what is said here."""
    rows = close.lines.to_dict("records")
    lines = {_line(row): row for row in rows}
    parties = {row["contract"]: _party(row) for row in rows if row["counterparty"]}
    below = tuple((_line(row), row["variance"]) for row in rows if row["status"] == "within_tolerance")
    found = tuple(_findings(close, lines))
    rules = drift_rules(close.manifest)
    month = Month(close.period, close.run, "", found, below, adjustments_of(close.folder), rules)
    return month_rolled(opening, month, tuple(acts), parties, past)


def _findings(close: StoredClose, lines: Mapping[Line, Record]) -> Iterator[Found]:
    for row in close.findings.to_dict("records"):
        line = lines.get(_line(row), {})
        told = (row["finding_id"], _line(row), row["amount"], row["cause"], str(row["grade"] or ""))
        yield Found(*told, line.get("status"), line.get("variance"))


def _party(row: Record) -> Party:
    """Who stands behind a line; a close's files tell the name alone."""
    name = str(row["counterparty"])
    return Party(name, name, str(row["direction"] or row["kind"]))


def _line(row: Record) -> Line:
    return Line(*(str(row[name] or "") for name in ("contract", "item", "kind", "currency")))
