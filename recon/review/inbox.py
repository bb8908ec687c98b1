"""What waits for a decision: who may decide, what it changes in words and in money; and the decision itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from recon.close import now
from recon.contracting import Effect, Office, Waiting, effects_of
from recon.contracts.lifecycle import APPROVER, Act
from recon.period import instant_text, moment
from recon.problems import BadInput, Problem
from recon.review.kept import ContractBook
from recon.review.words import counted, literal, shown
from recon.workspace import Workspace

INBOX_HEADING = "## Waiting for a decision"
NOTHING_WAITS = f"{INBOX_HEADING}\n\nNothing waits: no version is a draft, none is submitted."
INBOX_COLUMNS = ["contract", "counterparty", "version", "kind", "status", "since", "from", "written by", "changes"]
MONEY_COLUMNS = ["month", "contract", "item", "kind", "currency", "before", "after", "difference"]
NAMELESS = ("", "user")  # what a server without accounts calls everybody
DONE = {"approve": "is approved", "endorse": "is endorsed; a second approval is asked", "reject": "is rejected"}


@dataclass(frozen=True)
class Decision:
    """What became of a decision, in words (Markdown), and whether it is stored."""

    words: str = ""
    is_stored: bool = False

    @property
    def look(self) -> str:
        """How a page frames it."""
        return "success" if self.is_stored else "danger"


@dataclass(frozen=True)
class Moves:
    """What a version would change in the closed months: in words (Markdown), and line by line."""

    words: str
    lines: pd.DataFrame


def inbox_table(kept: ContractBook) -> pd.DataFrame:
    """The open versions, those that wait for an approval first, then the drafts."""
    return pd.DataFrame([_row(one) for one in kept.waiting], columns=INBOX_COLUMNS, dtype=object)


def _row(one: Waiting) -> tuple[str, ...]:
    version = one.version
    return (
        version.contract, version.counterparty.name, f"v{version.version}", version.kind, one.status,
        instant_text(one.since)[:10], str(version.effective.first), ", ".join(one.authors) or "–",
        _summary(one),
    )  # fmt: skip


def _summary(one: Waiting) -> str:
    """The first of the changes; all of them stand below the table once the version is chosen."""
    rest = len(one.words) - 1
    return (one.words[0] + (f"; {counted(rest, 'more change')}" if rest else "")) if one.words else "its first version"


def waiting_one(kept: ContractBook, row: pd.DataFrame) -> Waiting:
    """The open version of a chosen row."""
    key = (row["contract"].iloc[0], row["version"].iloc[0])
    return next(one for one in kept.waiting if (one.version.contract, f"v{one.version.version}") == key)


def waiting_words(kept: ContractBook, one: Waiting) -> str:
    """An open version in Markdown: what it changes, who may decide, who may not and why."""
    name = f"### {literal(one.version.contract)} v{one.version.version}, {one.status}"
    said = [f"- {literal(words)}" for words in one.words] or ["- It is the contract's first version."]
    return "\n".join([name, "", *said, "", *_deciders(kept.workspace, one)])


def _deciders(workspace: Workspace, one: Waiting) -> Iterator[str]:
    able = [name for name in approvers(workspace) if name not in (*one.authors, *one.endorsed_by)]
    if one.status == "draft":
        yield "It is a draft: it can be rejected now, and approved once its author has submitted it."
    elif able:
        yield f"**Can approve it:** {literal(', '.join(able))}."
    else:
        yield "**Nobody can approve it:** a `contract_approver` who did not write it is wanted in `[people]`."
    if one.authors:
        yield f"**May not:** {literal(', '.join(one.authors))}, who wrote or submitted it."
    if one.endorsed_by:
        yield f"**Endorsed by** {literal(', '.join(one.endorsed_by))}; a second person's approval is asked."


def approvers(workspace: Workspace) -> list[str]:
    """The people of `recon.toml` who decide on contracts."""
    return [name for name, roles in workspace.people.items() if APPROVER in roles]


def person(request: Any, said: str | None) -> str:
    """Who decides: the name that somebody is signed in by, else, where the server knows no names, the one they say."""
    name = (getattr(request, "user", None) or {}).get("username", "")
    return (said or "") if name in NAMELESS else str(name)


def effect_label(one: Waiting) -> str:
    """What the button asks for that prices the closed months with a version."""
    return f"Show what {one.version.contract} v{one.version.version} moves in closed months"


def moves(kept: ContractBook, one: Waiting) -> Moves:
    """What an open version would change in the closed months that its dates reach, in money per line."""
    try:
        found = effects_of(kept.workspace, one.version)
    except (BadInput, ValueError) as bad:
        return Moves(f"**The effect can't be told.**\n\n{_problems(bad)}", _money([]))
    if not found:
        return Moves("**No closed month is reached by its dates:** nothing that was closed moves.", _money([]))
    return Moves("\n".join(_month_words(effect) for effect in found), _money(found))


def _month_words(effect: Effect) -> str:
    totals = effect.preview.totals.items()
    worth = " · ".join(f"{currency} {shown(amount, currency, is_signed=True)}" for currency, amount in totals)
    moved, lines = len(effect.preview.moved), len(effect.preview.lines)
    told = f"**{moved} of {lines} lines move: {worth}**" if moved else "**no line moves**"
    return f"- {effect.period}, run {effect.run}, {'locked' if effect.is_locked else 'open'}: {told}"


def _money(effects: Sequence[Effect]) -> pd.DataFrame:
    rows = [
        (
            effect.period, line.contract, line.item, line.kind, line.currency, shown(line.amount_before, line.currency),
            shown(line.amount_after, line.currency), shown(line.difference, line.currency, is_signed=True),
        )
        for effect in reversed(effects) for line in effect.preview.moved
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=MONEY_COLUMNS, dtype=object)


def decided(workspace: Workspace, one: Waiting, action: str, who: str, reason: str) -> Decision:
    """Approve or reject an open version as a person, now; what forbids it is told, and then nothing is stored."""
    try:
        act = _act(Office(workspace, who, now()), one, action, reason.strip())
    except BadInput as bad:
        return Decision(f"**Nothing was stored.**\n\n{_problems(bad)}")
    moved = f" It moves {act.effect} of the last closed month." if act.effect else ""
    told = f"**{literal(act.contract)} v{act.version} {DONE[act.action]}**, by {literal(act.who)}"
    return Decision(f"{told}, at {moment(act.at)} UTC.{moved}", is_stored=True)


def _act(office: Office, one: Waiting, action: str, reason: str) -> Act:
    place = f"{action} {one.version.contract} v{one.version.version}"
    if not office.who:
        raise BadInput([Problem(place, "nobody", "your name under 'You are'")])
    if action == "approve":
        return office.approve(one.version.contract, one.version.version, reason)
    if not reason:
        raise BadInput([Problem(place, "no reason", "why it is not to be: its history tells it")])
    return office.reject(one.version.contract, one.version.version, reason)


def _problems(bad: Exception) -> str:
    found = bad.problems if isinstance(bad, BadInput) else (bad,)
    return "\n".join(f"- {literal(str(one))}" for one in found)
