"""Sign-offs in the ledger: what a decision looks at and what it enters are one transaction (AUDIT, Sign-off)."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from recon.ledger.database import reading, writing
from recon.ledger.files import run_folder
from recon.ledger.items import Item, RollForward
from recon.ledger.past import History, acts_of, known_at_of
from recon.ledger.rolling import ADJUSTMENT
from recon.ledger.settling import accepted, refusals_of_true_up, settled
from recon.ledger.signing import (
    ACCEPT_ROWS,
    DISPOSITIONS,
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
from recon.ledger.tables import closes, contract_versions, finding_acts, states
from recon.ledger.trail import append
from recon.money import plain
from recon.problems import BadInput, Problem


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
            return tuple(acts_of(connection, period))

    def rolled(self, period: str, run: int | None = None) -> RollForward:
        """The open items of a run, the latest unless one is named, and what was let pass up to it."""
        with reading(self._engine) as connection:
            return History(connection, self._folder).rolled(_close_of(connection, period, run))

    def awaited(self, period: str, known_at: int | None = None) -> tuple[Item, ...]:
        """The accepted items whose adjustment a statement of the period should have, as known at an instant (µs)."""
        with reading(self._engine) as connection:
            return History(connection, self._folder, known_at).awaited(period)

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
            return _entered(connection, act, _close_of(connection, act.period, act.run).id)

    def accept_true_up(self, asked: FindingAct, rules: Rules) -> FindingAct:
        """Accept a line's true-up: `period` and `run` are the trued-up month's; entered in the month now open.

        The amount is what both runs differ by, less what was accepted of it before, as billed − expected. BadInput
        where the month is not locked, the runs agree on the line, or it was accepted already.
        """
        with writing(self._engine) as connection:
            acts = list(acts_of(connection))
            found = settled(connection, History(connection, self._folder), asked, acts)
            _refuse(list(refusals_of_true_up(found, asked, rules)))
            assert found.later is not None
            return _entered(connection, accepted(found, asked), found.later.id)

    def _missed(self, connection: Connection, close: Row[Any]) -> Iterator[Problem]:
        """What decisions since the run ask for otherwise than it expects: adjustments of open items (RULES 8.6)."""
        history = History(connection, self._folder, known_at_of(json.loads(close.manifest)))
        expected = history.expected(close)
        asked = {one.finding_id: -one.amount for one in history.awaited(close.period)}
        return iter(()) if expected is None else _unlike(asked, expected)

    def _sight(self, connection: Connection, period: str, run: int | None) -> Sight:
        latest = _close_of(connection, period, None)
        close = latest if run is None else _close_of(connection, period, run)
        acts, history = list(acts_of(connection, period)), History(connection, self._folder)
        rolled = history.rolled(close)
        billed = {one.finding_id for one in rolled.cleared if one.cleared_by == ADJUSTMENT}
        return Sight(
            period, close.run, close.digest, latest.run, latest.digest,
            so_far=tuple(_way(connection, period)),
            approvers=_approvers(connection, period),
            findings=tuple(_open(one, rolled) for one in rolled.new),
            carried=tuple(_open(one, rolled) for one in rolled.opening if one.finding_id not in billed),
            missed=tuple(self._missed(connection, close)),
            decided={act.finding_id: act for act in acts if act.action in DISPOSITIONS},
            rejected=_rejected(run_folder(self._folder, (period, close.run)) / "rejected.csv"),
            accepted={act.finding_id: act for act in acts if act.action == ACCEPT_ROWS},
        )  # fmt: skip


def _unlike(asked: Mapping[str, Decimal], expected: Mapping[str, Decimal]) -> Iterator[Problem]:
    """Adjustments that a run expects otherwise than what was decided asks for now."""
    for reference in sorted(asked.keys() | expected.keys()):
        now, then = asked.get(reference), expected.get(reference)
        if now != then:
            wanted = "no adjustment" if now is None else f"an adjustment of {plain(now)}"
            made = "none" if then is None else plain(then)
            yield Problem(
                "", f"{reference}: {wanted} is expected since a decision, the run knows {made}", "another close"
            )


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


def _approvers(connection: Connection, period: str) -> Mapping[str, Sequence[str]]:
    """Who approved last the versions that a close of the period used first."""
    query = select(contract_versions).join(closes).where(closes.c.period == period)
    found: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query.order_by(contract_versions.c.contract, contract_versions.c.version)):
        if row.approved_by:
            found[row.approved_by].append(f"{row.contract} v{row.version}")
    return found


def _open(item: Item, rolled: RollForward) -> Open:
    """An item as decisions look at it; a drift of the month with the waivers that it is made of."""
    parts = next((one.parts for one in rolled.passing if one.is_drift and one.finding_id == item.finding_id), ())
    return Open(item.finding_id, item.currency, item.amount, item.cause, parts, item.words)


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
    items = (*sight.findings, *sight.carried)
    found = next((one for one in items if one.finding_id == act.finding_id), None)
    return act if found is None else replace(act, amount=found.amount, currency=found.currency)


def _entered(connection: Connection, act: FindingAct, close_id: int) -> FindingAct:
    said = {name: value for name, value in asdict(act).items() if name != "run"}
    number = (connection.scalar(select(func.max(finding_acts.c.id))) or 0) + 1
    row = {"id": number, "close_id": close_id, **said}
    connection.execute(insert(finding_acts).values(**row))
    append(connection, act.at, act.who, FINDING_ACT, _told(row))
    return act


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "amount": plain(row["amount"])}


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise BadInput(problems)
