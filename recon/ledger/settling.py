"""A true-up is accepted: what a later run of a locked month expects otherwise is settled in the open month (2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, select

from recon.ledger.past import LINE, History
from recon.ledger.signing import LOCKED, PREPARER, REVIEWER, FindingAct, Rules, parts_of
from recon.ledger.states import states_of
from recon.ledger.tables import closes, lines
from recon.money import plain
from recon.period import Period
from recon.problems import Problem

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Settled:
    """What accepting a true-up looks at: the two runs, the month that is open, what was accepted of it before.

    Amounts are billed − expected, in major units: `worth` is that of both runs, `earlier` what locked months settled.
    """

    locked: Row[Any] | None
    later: Row[Any] | None
    month: str
    worth: Decimal
    earlier: Decimal
    is_open: bool
    last: FindingAct | None

    @property
    def rest(self) -> Decimal:
        """What is still to be settled."""
        return self.worth - self.earlier


def settled(connection: Connection, history: History, act: FindingAct, acts: Sequence[FindingAct]) -> Settled:
    """What the ledger says of a true-up that somebody wants to accept; `act` names its month, run and finding."""
    every = [row for row in states_of(connection) if row.state == LOCKED]
    locked = next((row for row in every if row.period == act.period), None)
    query = select(closes).where(closes.c.period == act.period, closes.c.run == act.run)
    later = connection.execute(query).first()
    if locked is None or later is None:
        return Settled(locked, later, act.period, NOTHING, NOTHING, False, None)
    month = str(Period.parse(max(row.period for row in every)).next())
    before = history.before(month)
    earlier = (one.amount for found in before.months for one in found.new if one.finding_id == act.finding_id)
    own = [one for one in acts if (one.period, one.finding_id) == (month, act.finding_id) and one.bound]
    worth = _expected(connection, locked.id, act) - _expected(connection, later.id, act)
    is_open = any(one.finding_id == act.finding_id for one in before.opening)
    return Settled(locked, later, month, worth, sum(earlier, NOTHING), is_open, own[-1] if own else None)


def accepted(found: Settled, act: FindingAct) -> FindingAct:
    """The act as it is entered: in the month that is open, for what is left of the true-up."""
    bound = found.locked.digest if found.locked is not None else ""
    currency = parts_of(act.finding_id)[4]
    return replace(act, period=found.month, amount=found.rest, currency=currency, bound=bound)


def refusals_of_true_up(found: Settled, act: FindingAct, rules: Rules) -> Iterator[Problem]:
    """What stands against accepting a true-up."""
    place = f"true-up {act.period} {act.finding_id}"
    if not {PREPARER, REVIEWER} & set(rules.people.get(act.who, ())):
        expected = f"somebody with the role {PREPARER} or {REVIEWER} ([people] in recon.toml)"
        yield Problem(place, f"{act.who}: {', '.join(rules.people.get(act.who, ())) or 'no role'}", expected)
    if not act.reason.strip():
        yield Problem(place, "no words", "the reason, in words")
    if found.locked is None:
        yield Problem(place, f"{act.period} is not locked", "a locked month: an open one is closed again")
    elif found.later is None or found.later.run == found.locked.run:
        yield Problem(place, f"run {act.run}", f"a later run than run {found.locked.run}, which is locked")
    elif found.is_open:
        expected = "its adjustment first, or another decision on it (`recon findings dispose`)"
        yield Problem(place, f"accepted before and still open, {plain(found.earlier)}", expected)
    elif not found.rest:
        yield Problem(place, f"nothing is left of {plain(found.worth)}", "a line that the later run expects otherwise")
    elif found.last is not None and found.last.amount == found.rest and found.last.bound == found.locked.digest:
        yield Problem(place, f"accepted by {found.last.who} at {plain(found.rest)} already", "one that is not yet")


def _expected(connection: Connection, close_id: int, act: FindingAct) -> Decimal:
    """What a run expected on the line of a true-up; nothing where it has no such line."""
    wanted = zip(LINE, parts_of(act.finding_id)[1:5], strict=True)
    query = select(lines.c.expected_amount).where(lines.c.close_id == close_id, *(lines.c[n] == v for n, v in wanted))
    return connection.scalar(query) or NOTHING
