"""A month on its way to its sign-off, as the page shows it: its state, what is open and worth, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd

from recon.close import StoredClose
from recon.ledger import FindingAct, Ledger, Rules, Sight, Signed
from recon.ledger.signing import (
    ACCEPT_ROWS,
    PREPARED,
    REVIEWED,
    STEPS,
    Open,
    above_materiality,
    refusals,
    rejected_left,
    undecided,
)
from recon.period import Period, moment
from recon.review.month import left_out
from recon.review.words import counted, literal, shown, total
from recon.signoff import Change, Dossier, RollForward, Standing, rules_of, standing
from recon.signoff.stale import changes_since

GATE_COLUMNS = ["", "what is wanted", "before it is", "how it stands"]
WAY_COLUMNS = ["state", "run", "by", "at", "reason"]
MOVED_COLUMNS = ["contract", "item", "kind", "currency", "expected", "billed", "variance moved by"]
NOBODY_SIGNED = "Nobody has signed this month yet."
MET, MISSING = "✓", "missing"
MOST_CHANGES = 3  # named in one cell


@dataclass(frozen=True)
class MonthDesk:
    """A close with all that people said of its month: where it stands, what a signature looks at, its open items.

    `changes` are what was other when the page looked than what the run under way was made from.
    """

    close: StoredClose
    standing: Standing
    sight: Sight
    items: RollForward
    rules: Rules
    changes: tuple[Change, ...]

    @property
    def undecided(self) -> tuple[Open, ...]:
        """The findings above tolerance without a disposition for the amount they have."""
        decided = self.sight.decided
        return tuple(
            one for one in self.sight.findings
            if one.finding_id not in decided or decided[one.finding_id].amount != one.amount
        )  # fmt: skip

    @property
    def rows_left(self) -> tuple[str, ...]:
        """The datasets with rejected rows that nobody accepted."""
        rows, accepted = self.sight.rejected, self.sight.accepted
        left = (name for name in rows if name not in accepted or accepted[name].bound != rows[name].sha256)
        return tuple(sorted(left))


def open_desk(close: StoredClose) -> MonthDesk:
    """What people said of a close's month, and whether it still stands; files are read again for that."""
    place = close.workspace
    found = standing(place, Period.parse(close.period))
    with Ledger.open(place.database_url, place.closes) as ledger:
        sight = ledger.sign_offs.sight(close.period, found.run)
        run = ledger.find(close.period, found.run)
    changes = found.stale.changes if found.stale else tuple(changes_since(place, run))
    return MonthDesk(close, found, sight, Dossier.of(close).items, rules_of(place), changes)


def desk_heading(desk: MonthDesk) -> str:
    """The state of the month with who brought it there, who can go on, and what is left, in Markdown."""
    signed = desk.standing.signed
    told = f", {_signed(signed)}" if signed else ""
    return f"**The month is {desk.standing.state}** with run {desk.standing.run}{told}. {_next(desk)}"


def _signed(one: Signed) -> str:
    reason = f" ({literal(one.reason)})" if one.reason else ""
    return f"by {literal(one.who)} at {moment(one.at)} UTC{reason}"


def _next(desk: MonthDesk) -> str:
    return "Next · " + " · ".join(f"**{action}**: {literal(_who_can(desk, action))}" for action in next_steps(desk))


def _who_can(desk: MonthDesk, action: str) -> str:
    """The people who may do what comes next, or what stands against all of them."""
    names = able(desk, action)
    if names:
        return ", ".join(names)
    wanted = STEPS[action].role
    people = [name for name, roles in desk.rules.people.items() if wanted in roles]
    faults = refusals(_clean(desk, action), action, people[0], "asked", desk.rules) if people else ()
    missing = f"somebody with the role {wanted} ([people] in recon.toml)"
    return f"nobody can; expected {faults[0].expected if faults else missing}"


def next_steps(desk: MonthDesk) -> tuple[str, ...]:
    """The acts that the month's state allows; a month closed again may be prepared again."""
    is_behind = desk.standing.run != desk.sight.latest_run or desk.standing.stale is not None
    again = ("prepare",) if is_behind and desk.standing.state in (PREPARED, REVIEWED) else ()
    return (*again, *(action for action, step in STEPS.items() if desk.standing.state in step.of))


def able(desk: MonthDesk, action: str) -> tuple[str, ...]:
    """The people whose role and duties allow an act, were everything else in order."""
    sight, rules = _clean(desk, action), desk.rules
    return tuple(name for name in rules.people if not refusals(sight, action, name, "asked", rules))


def _clean(desk: MonthDesk, action: str) -> Sight:
    """What a decision looks at, were all findings and rows settled and nothing changed since."""
    sight = desk.sight
    run = sight.latest_run if action == "prepare" else sight.run
    return replace(sight, findings=(), decided={}, rejected={}, run=run, digest=sight.latest_digest)


def gates_table(desk: MonthDesk) -> pd.DataFrame:
    """What is wanted before the month can be prepared, reviewed and locked, and how each stands."""
    return pd.DataFrame(list(_gates(desk)), columns=GATE_COLUMNS, dtype=object)


def _gates(desk: MonthDesk) -> Iterator[tuple[str, str, str, str]]:
    month, sight = desk.close.period, desk.sight
    changed = [one.words for one in desk.changes]
    words = "; ".join(changed[:MOST_CHANGES]) + (
        f"; {len(changed) - MOST_CHANGES} more" * (len(changed) > MOST_CHANGES)
    )
    yield _gate("Inputs, contracts, settings, software as closed", "prepared", not changed, words or "unchanged")
    left = [one.value for one in rejected_left(month, sight)]
    yield _gate("Rejected rows accepted by name", "reviewed", not left, "; ".join(left) or _rows(sight))
    missing, all_of = len(list(undecided(month, sight))), len(sight.findings)
    yield _gate("Every finding decided", "locked", not missing, f"{all_of - missing} of {all_of} decided")
    over = list(above_materiality(month, sight, desk.rules))
    for what in ("unexplained", "waived"):
        found = [f"{one.value}, {one.expected}" for one in over if one.value.startswith(what)]
        yield _gate(f"{what.capitalize()} amounts within materiality", "locked", not found, "; ".join(found) or "yes")


def _rows(sight: Sight) -> str:
    return f"{counted(len(sight.rejected), 'dataset')} accepted" if sight.rejected else "no row was set aside"


def _gate(wanted: str, before: str, is_met: bool, words: str) -> tuple[str, str, str, str]:
    return (MET if is_met else MISSING, wanted, before, words)


def way_table(desk: MonthDesk) -> pd.DataFrame:
    """The states that the month went through, the last on top."""
    way = reversed(desk.standing.way)
    rows = [(one.state, str(one.run), one.who, f"{moment(one.at)} UTC", one.reason) for one in way]
    return pd.DataFrame(rows, columns=WAY_COLUMNS, dtype=object)


def open_worth(desk: MonthDesk) -> list[dict[str, str]]:
    """A card per currency for `mo.stat`: the findings nobody decided, gross, with their number and net (RULES 8.3)."""
    currencies = sorted({one.currency for one in desk.sight.findings})
    return [_card(currency, desk.undecided) for currency in currencies]


def _card(currency: str, findings: Iterable[Open]) -> dict[str, str]:
    amounts = [one.amount for one in findings if one.currency == currency]
    net, gross = total(amounts), total(abs(amount) for amount in amounts)
    told = f"{counted(len(amounts), 'finding')} · net {shown(net, currency, is_signed=True)}"
    value = shown(gross, currency)
    return {"label": f"{currency}: to be decided", "value": value, "caption": told if amounts else "all are decided"}


def stale_words(desk: MonthDesk) -> str:
    """A signature that no longer stands, in Markdown: whose and when, what changed, what it is worth; else empty."""
    stale = desk.standing.stale
    if stale is None:
        return ""
    signed = stale.signed
    was = f"**Stale:** {signed.state} with run {signed.run} {_signed(signed)}. Since then:"
    changes = [f"- {literal(one.words)}" for one in stale.changes]
    return "\n".join([was, "", *changes, "", _to_do(desk)])


def _to_do(desk: MonthDesk) -> str:
    stale = desk.standing.stale
    assert stale is not None
    if not stale.is_closed_again:
        return (
            f"What that is worth is known once the month is closed again: `recon close {desk.close.period}`; "
            f"then prepare it again{_after_lock(desk)}."
        )
    worth = ", ".join(f"{name} {shown(sum_, name, is_signed=True)}" for name, sum_ in sorted(stale.worth.items()))
    told = f"**Worth {worth or 'nothing net'}** in variance, on {counted(len(stale.lines), 'line')} to look at again"
    return f"{told if stale.lines else 'No line moves by it'}. Prepare run {desk.sight.latest_run}{_after_lock(desk)}."


def _after_lock(desk: MonthDesk) -> str:
    return " once the month is reopened" if desk.standing.state == "locked" else ""


def stale_lines(desk: MonthDesk) -> pd.DataFrame:
    """The lines to look at again of a signature that no longer stands, those that moved most first."""
    stale = desk.standing.stale
    rows = [] if stale is None else [(
        one.key.contract, one.key.item, one.key.kind, one.key.currency, _arrow(one.expected, one.key.currency),
        _arrow(one.billed, one.key.currency), shown(one.worth, one.key.currency, is_signed=True),
    ) for one in stale.lines]  # fmt: skip
    return pd.DataFrame(rows, columns=MOVED_COLUMNS, dtype=object)


def _arrow(pair: tuple[Decimal, Decimal], currency: str) -> str:
    before, now = (shown(amount, currency) for amount in pair)
    return now if before == now else f"{before} → {now}"


def said_of(desk: MonthDesk, finding_id: str) -> tuple[FindingAct, ...]:
    """What was done about a finding or a dataset's rejected rows, in the order of its recording."""
    return tuple(act for act in desk.standing.acts if act.finding_id == finding_id)


def left_out_heading(desk: MonthDesk) -> str:
    """Contracts not priced and rows set aside; which rows wait for their acceptance, and who accepted the others."""
    accepted = [act for name in desk.sight.rejected for act in said_of(desk, name) if act.action == ACCEPT_ROWS]
    told = [f"- {act.amount} rows of {literal(act.finding_id)} accepted {_by(act)}" for act in accepted]
    left = ", ".join(f"{desk.sight.rejected[name].count} of {name}" for name in desk.rows_left)
    wait = [f"**To be accepted before a review:** {literal(left)}."] if left else []
    return "\n".join([left_out(desk.close), "", *wait, *told])


def _by(act: FindingAct) -> str:
    return f"by {literal(act.who)} at {moment(act.at)} UTC: {literal(act.reason)}"


def signing_heading(desk: MonthDesk) -> str:
    """What the sign-off stands on, and who can do what comes next, in Markdown."""
    told = "" if desk.standing.way else f"{NOBODY_SIGNED} "
    return f"## Prepare, review, lock\n\n{told}{_next(desk)}"
