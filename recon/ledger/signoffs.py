"""Sign-offs in the ledger: what a decision looks at and what it enters are one transaction (AUDIT, Sign-off)."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from recon.ledger.database import reading, writing
from recon.ledger.files import run_folder
from recon.ledger.signing import (
    ACCEPT_ROWS,
    CARRIED,
    DISPOSITIONS,
    SETTLED,
    STEPS,
    FindingAct,
    Open,
    RejectedRows,
    Rules,
    Sight,
    Signed,
    refusals,
    refusals_of_act,
)
from recon.ledger.states import FINDING_ACT, enter_state
from recon.ledger.tables import closes, contract_versions, finding_acts, findings, lines, states
from recon.ledger.trail import append
from recon.money import plain
from recon.problems import BadInput, Problem

LINE = ("contract", "item", "kind", "currency")


class SignOffs:
    """The states of periods and what was done about findings; one writer at a time, readers any time."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder

    def way(self, period: str | None = None) -> tuple[Signed, ...]:
        """The states that a period, or each, went through, in the order they were entered."""
        with reading(self._engine) as connection:
            return tuple(_way(connection, period))

    def acts(self, period: str | None = None) -> tuple[FindingAct, ...]:
        """What was done about the findings of a period, or of all, in the order it was entered."""
        with reading(self._engine) as connection:
            return tuple(_acts(connection, period))

    def sight(self, period: str, run: int | None = None) -> Sight:
        """What a decision on a period would look at now; BadInput where the run is not there."""
        with reading(self._engine) as connection:
            return self._sight(connection, period, run)

    def sign(self, period: str, action: str, who: str, at: int, reason: str, rules: Rules, run: int | None) -> Signed:  # noqa: PLR0917
        """Enter an act on a period: for the run named, else the one under way, else the latest.

        `at` is an instant in µs. BadInput with everything that stands against it; nothing is entered then.
        """
        with writing(self._engine) as connection:
            sight = self._sight(connection, period, run if run is not None else _under_way(connection, period, action))
            _refuse(refusals(sight, action, who, reason, rules))
            state = STEPS[action].to
            close_id = _close_of(connection, period, sight.run).id
            enter_state(connection, period, close_id, state, who=who, at=at, reason=reason)
            return Signed(period, sight.run, sight.digest, state, who, at, reason)

    def enter(self, asked: FindingAct, rules: Rules) -> FindingAct:
        """Enter an act on a finding of the period's latest run, with the amount that it has there; BadInput if refused.

        For ACCEPT_ROWS `finding_id` names a dataset, and the number of its rejected rows is the amount.
        """
        with writing(self._engine) as connection:
            sight = self._sight(connection, asked.period, None)
            act = _completed(sight, replace(asked, run=sight.run))
            _refuse(refusals_of_act(sight, act, rules))
            row = _row(connection, act)
            connection.execute(insert(finding_acts).values(**row))
            append(connection, act.at, act.who, FINDING_ACT, _told(row))
            return act

    def _sight(self, connection: Connection, period: str, run: int | None) -> Sight:
        latest = _close_of(connection, period, None)
        close = latest if run is None else _close_of(connection, period, run)
        acts = list(_acts(connection, period))
        return Sight(
            period, close.run, close.digest, latest.run, latest.digest,
            so_far=tuple(_way(connection, period)),
            approvers=_approvers(connection, period),
            findings=tuple(_open(connection, close.id)),
            decided={act.finding_id: act for act in acts if act.action in DISPOSITIONS},
            rejected=_rejected(run_folder(self._folder, (period, close.run)) / "rejected.csv"),
            accepted={act.finding_id: act for act in acts if act.action == ACCEPT_ROWS},
        )  # fmt: skip


def _close_of(connection: Connection, period: str, run: int | None) -> Row[Any]:
    query = select(closes).where(closes.c.period == period).order_by(closes.c.run.desc())
    found = {row.run: row for row in connection.execute(query)}
    if not found:
        raise BadInput([Problem(f"closes/{period}", "no run", f"a closed month: run `recon close {period}` first")])
    if run is not None and run not in found:
        raise BadInput([Problem(f"closes/{period}", str(run), f"a recorded run: {', '.join(map(str, sorted(found)))}")])
    return found[run] if run is not None else next(iter(found.values()))


def _under_way(connection: Connection, period: str, action: str) -> int | None:
    """The run that was signed last, for all but a new preparation."""
    so_far = list(_way(connection, period))
    return None if action == "prepare" or not so_far else so_far[-1].run


def _way(connection: Connection, period: str | None) -> Iterable[Signed]:
    columns = (closes.c.run, closes.c.digest, states.c.period, states.c.state, states.c.who, states.c.at)
    query = select(*columns, states.c.reason).join(closes, closes.c.id == states.c.close_id).order_by(states.c.id)
    if period is not None:
        query = query.where(states.c.period == period)
    return (Signed(**row._mapping) for row in connection.execute(query))


def _acts(connection: Connection, period: str | None) -> Iterable[FindingAct]:
    columns = [column for column in finding_acts.columns if column.name not in ("id", "close_id")]
    query = select(*columns, closes.c.run).join(closes, closes.c.id == finding_acts.c.close_id)
    if period is not None:
        query = query.where(finding_acts.c.period == period)
    return (FindingAct(**row._mapping) for row in connection.execute(query.order_by(finding_acts.c.id)))


def _approvers(connection: Connection, period: str) -> Mapping[str, Sequence[str]]:
    """Who approved last the versions that a close of the period used first."""
    query = select(contract_versions).join(closes).where(closes.c.period == period)
    found: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query.order_by(contract_versions.c.contract, contract_versions.c.version)):
        if row.approved_by:
            found[row.approved_by].append(f"{row.contract} v{row.version}")
    return found


def _open(connection: Connection, close_id: int) -> Iterable[Open]:
    """The findings with money in them whose line is not settled within tolerance, nor decided in an earlier month."""
    on_line = select(lines).where(lines.c.close_id == close_id, lines.c.status.in_(SETTLED))
    settled = {tuple(getattr(row, name) for name in LINE) for row in connection.execute(on_line)}
    query = select(findings).where(findings.c.close_id == close_id, findings.c.cause != CARRIED)
    rows = connection.execute(query.order_by(findings.c.finding_id))
    found = (row for row in rows if row.amount and tuple(getattr(row, name) for name in LINE) not in settled)
    return (Open(row.finding_id, row.currency, row.amount, row.cause) for row in found)


def _rejected(path: Path) -> Mapping[str, RejectedRows]:
    """The rejected rows of a run by dataset: how many, and a digest over all their cells."""
    texts: dict[str, list[str]] = defaultdict(list)
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                texts[row["dataset"]].append("\x1f".join(str(value) for value in row.values()))
    return {name: RejectedRows(len(rows), _digest(rows)) for name, rows in texts.items()}


def _digest(rows: Iterable[str]) -> str:
    return hashlib.sha256("\x1e".join(rows).encode("utf-8", "surrogatepass")).hexdigest()


def _completed(sight: Sight, act: FindingAct) -> FindingAct:
    """The act with what it is about: the finding's amount as it is now, or the rows that are accepted."""
    if act.action == ACCEPT_ROWS:
        rows = sight.rejected.get(act.finding_id)
        return act if rows is None else replace(act, amount=type(act.amount)(rows.count), bound=rows.sha256)
    found = next((one for one in sight.findings if one.finding_id == act.finding_id), None)
    return act if found is None else replace(act, amount=found.amount, currency=found.currency)


def _row(connection: Connection, act: FindingAct) -> dict[str, Any]:
    said = {name: value for name, value in asdict(act).items() if name != "run"}
    number = (connection.scalar(select(func.max(finding_acts.c.id))) or 0) + 1
    return {"id": number, "close_id": _close_of(connection, act.period, act.run).id, **said}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "amount": plain(row["amount"])}


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise BadInput(problems)
