"""What a person does on the month's page: decide about findings, accept rejected rows, sign. The ledger judges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from recon.close import StoredClose, now
from recon.ledger import FindingAct
from recon.ledger.signing import PREPARER, REVIEWER
from recon.period import Period, moment
from recon.problems import BadInput, Problem
from recon.review.desk import MonthDesk, said_of
from recon.review.inbox import Decision, person
from recon.review.words import counted, literal, shown
from recon.signoff import accept_rows, assign, comment, dispose, sign
from recon.workspace import Workspace

FINDING_ACTS: Mapping[str, str] = {
    "accept: true, to be credited or debited": "accept",
    "dispute: claimed back": "dispute",
    "timing: reverses next month": "timing",
    "waive: within materiality, with a reason": "waive",
    "assign to an owner": "assign",
    "comment": "comment",
}
DONE: Mapping[str, str] = {
    "accept": "accepted", "dispute": "disputed", "timing": "taken for timing", "waive": "waived",
    "assign": "assigned", "comment": "commented on",
}  # fmt: skip
SIGNED: Mapping[str, str] = {
    "prepare": "prepared", "review": "reviewed", "lock": "locked", "return": "returned", "reopen": "reopened",
}  # fmt: skip


def you_are(request: Any) -> str:
    """The label of the field for one's name; where the server knows who is signed in, nothing else counts."""
    name = person(request, "")
    return f"You are signed in as {name}" if name else "You are"


def people_listed(workspace: Workspace, request: Any) -> dict[str, str]:
    """The people of `recon.toml` who decide and sign, by the name a page shows; only who is signed in, if anybody."""
    signed_in = person(request, "")
    known = {name: roles for name, roles in workspace.people.items() if {PREPARER, REVIEWER} & set(roles)}
    names = [signed_in] if signed_in else list(known)
    return {f"{name} ({', '.join(known.get(name, ())) or 'no role here'})": name for name in names}


def decided_findings(  # noqa: PLR0917
    close: StoredClose, rows: pd.DataFrame, action: str | None, who: str, owner: str = "", reason: str = ""
) -> Decision:
    """Do the same about each chosen finding, one after the other; what is refused is told with what was stored."""
    found = [str(one) for one in rows["finding"]] if len(rows) else []
    faults = list(_asked(found, action, who))
    if faults:
        return _refused(faults)
    place, month, at = close.workspace, Period.parse(close.period), now()

    def enter(finding: str) -> FindingAct:
        if action == "assign":
            return assign(place, month, finding, owner.strip(), who, at, reason.strip())
        if action == "comment":
            return comment(place, month, finding, reason.strip(), who, at)
        return dispose(place, month, finding, str(action), who, at, reason.strip())

    return _each(found, enter)


def _asked(found: Sequence[str], action: str | None, who: str) -> Iterable[Problem]:
    if not found:
        yield Problem("findings", "none chosen", "a finding of the table above, or several")
    if not action:
        yield Problem("findings", "nothing to do", "accept, dispute, timing, waive, assign or comment")
    if not who:
        yield Problem("findings", "nobody", "your name under 'You are'")


def _each(found: Sequence[str], enter: Callable[[str], FindingAct]) -> Decision:
    stored: list[FindingAct] = []
    faults: list[Problem] = []
    for one in found:
        try:
            stored.append(enter(one))
        except BadInput as bad:
            faults += bad.problems
    if not stored:
        return _refused(faults)
    told = _told(stored)
    rest = f"\n\n**Not stored, {len(found) - len(stored)} of {len(found)}:**\n\n{_listed(faults)}" if faults else ""
    return Decision(f"{told}{rest}", is_stored=True)


def _told(stored: Sequence[FindingAct]) -> str:
    act = stored[0]
    to = f" to {literal(act.owner)}" if act.owner else ""
    worth = f", {_sums(stored)}" if act.action not in ("assign", "comment") else ""
    return f"**{counted(len(stored), 'finding')} {DONE[act.action]}{to}**, by {literal(act.who)}{worth}"


def _sums(stored: Sequence[FindingAct]) -> str:
    sums: dict[str, Decimal] = {}
    for act in stored:
        sums[act.currency] = sums.get(act.currency, Decimal(0)) + act.amount
    return ", ".join(f"{name} {shown(amount, name, is_signed=True)}" for name, amount in sorted(sums.items()))


def accepted_rows(close: StoredClose, dataset: str | None, who: str, reason: str) -> Decision:
    """Accept the rejected rows of a dataset by name, with a reason; what forbids it is told."""
    place = f"accept the rejected rows of {dataset or 'a dataset'}"
    faults = [] if dataset else [Problem(place, "none chosen", "a dataset with rejected rows")]
    faults += [] if who else [Problem(place, "nobody", "your name under 'You are'")]
    if faults:
        return _refused(faults)
    try:
        act = accept_rows(close.workspace, Period.parse(close.period), str(dataset), who, now(), reason.strip())
    except BadInput as bad:
        return _refused(bad.problems)
    return Decision(f"**{act.amount} rejected rows of {literal(act.finding_id)} accepted**, by {literal(who)}", True)


def signed_month(close: StoredClose, action: str, who: str, reason: str) -> Decision:
    """Prepare, review, return, lock or reopen the month as a person, now; what forbids it is told (AUDIT, Sign-off)."""
    if not who:
        return _refused([Problem(f"sign {action} {close.period}", "nobody", "your name under 'You are'")])
    try:
        one = sign(close.workspace, Period.parse(close.period), action, who, now(), reason.strip())
    except BadInput as bad:
        return _refused(bad.problems)
    told = f"**{one.period} is {SIGNED[action]}** with run {one.run}, by {literal(one.who)}, at {moment(one.at)} UTC"
    return Decision(told, is_stored=True)


def _refused(problems: Iterable[Problem]) -> Decision:
    return Decision(f"**Nothing was stored.**\n\n{_listed(problems)}")


def _listed(problems: Iterable[Problem]) -> str:
    return "\n".join(f"- {literal(str(one))}" for one in problems)


def deciding_heading(desk: MonthDesk, rows: pd.DataFrame) -> str:
    """How many findings are decided about at once, and what was decided and said about them so far, in Markdown."""
    found = [str(one) for one in rows["finding"]]
    told = [f"- {_act_words(act, len(found) > 1)}" for one in found for act in said_of(desk, one)]
    return "\n".join([f"#### Decide about {counted(len(found), 'chosen finding')}", "", *told])


def _act_words(act: FindingAct, is_named: bool) -> str:
    name = f"{act.finding_id}: " if is_named else ""
    to = f" to {act.owner}" if act.owner else ""
    reason = f": {act.reason}" if act.reason else ""
    return literal(f"{name}{DONE[act.action]}{to} by {act.who} at {moment(act.at)} UTC{reason}")


def outcome_box(decision: Decision) -> str:
    """What became of the last act, as a box that stays in sight and folds away (HTML); its look is the page's."""
    first, _, rest = decision.words.partition("\n\n")
    lines = "".join(f"<li>{one.removeprefix('- ')}</li>" for one in rest.splitlines() if one.startswith("- "))
    said = "".join(f"<p>{_bold(one)}</p>" for one in rest.split("\n\n") if one and not one.startswith("- "))
    body = f"{said}<ul>{lines}</ul>" if lines else said
    return (
        f'<details open class="outcome {decision.look}" role="status"><summary>{_bold(first)}</summary>{body}</details>'
    )


def _bold(words: str) -> str:
    """Markdown's bold as HTML; everything else was made literal when the words were put together."""
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", words)
