"""A version's life from draft to decision, as pure decisions; the ledger's store applies them (RULES 2.1 to 2.4).

A version is written as a draft, submitted, and then approved, rejected or withdrawn. What it says is fixed from its
submission on; whoever wrote or submitted it never approves it; some contracts need two who approve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from recon.contracts.terms import ContractVersion, Entry
from recon.period import instant_text
from recon.problems import BadInput, Problem

Action = Literal["import", "create", "edit", "submit", "endorse", "approve", "reject", "withdraw"]
Status = Literal["draft", "submitted", "approved", "rejected", "withdrawn"]
AUTHOR, APPROVER = "contract_author", "contract_approver"
OPEN = ("draft", "submitted")
NOT_IN_HISTORY = ("import", "edit")  # documents tell the steps of a version, the trail also how its draft came about


@dataclass(frozen=True)
class Step:
    """One row of the table at the bottom: from which states an act leads to which, and whose it is."""

    of: tuple[str, ...]
    to: Status
    role: str


@dataclass(frozen=True)
class Act:
    """What somebody did to a version, `seq` counting from 1; `at` is an instant in µs, `revision` that of its text."""

    contract: str
    version: int
    seq: int
    action: Action
    who: str
    at: int
    revision: int = 1
    reason: str = ""
    approvers_needed: int = 0
    effect: str = ""


@dataclass(frozen=True)
class Policy:
    """Who may do what, and what needs two who approve: contracts of a counterparty, or an effect above an amount.

    `effect` is per currency: what lines of the last closed month would move by, in all, in major units.
    """

    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counterparties: frozenset[str] = frozenset()
    effect: Mapping[str, Decimal] = field(default_factory=dict)

    def approvers_of(self, version: ContractVersion, moved: Mapping[str, Decimal]) -> int:
        """How many must approve a version that moves these sums of the last closed month, per currency."""
        is_large = any(amount > self.effect[currency] for currency, amount in moved.items() if currency in self.effect)
        return 2 if version.counterparty.id in self.counterparties or is_large else 1


def status_of(acts: Iterable[Act]) -> Status | None:
    """The state that acts on a version leave it in; None before the first."""
    status: Status | None = None
    for act in acts:
        status = STEPS[act.action].to
    return status


def history_of(acts: Iterable[Act]) -> tuple[Entry, ...]:
    """A version's history as its document tells it."""
    told = (act for act in acts if act.action not in NOT_IN_HISTORY)
    return tuple(Entry.model_validate(_entry(act)) for act in told)


def _entry(act: Act) -> dict[str, str | int]:
    said: dict[str, str | int] = {"action": act.action, "by": act.who, "at": act.at}
    return said | ({"reason": act.reason} if act.reason else {})


def authors_of(acts: Iterable[Act]) -> frozenset[str]:
    """Who wrote or submitted a version: none of them approves it."""
    return frozenset(act.who for act in acts if act.action in ("create", "edit", "submit"))


def next_act(acts: Sequence[Act], asked: Act, policy: Policy, revision: int | None = None) -> Act:
    """The act as it is recorded: an approval that is the first of two is an endorsement.

    `acts` are those on the version so far, in order; `revision` is the text that the asker saw. BadInput where the
    state, the role, the separation of duties or a change made meanwhile forbids it.
    """
    step = STEPS[asked.action]
    problems = [*_role(asked, step, policy), *_state(acts, asked, step), *_seen(acts, asked, revision)]
    problems += [*_clock(acts, asked), *_duties(acts, asked)] if not problems else []
    if problems:
        raise BadInput(problems)
    return _numbered(acts, asked)


def _numbered(acts: Sequence[Act], asked: Act) -> Act:
    is_first = not any(act.action == "endorse" for act in acts)
    is_of_two = asked.action == "approve" and asked.approvers_needed > 1 and is_first
    revision = max((act.revision for act in acts), default=0) + (asked.action in ("create", "edit"))
    return Act(
        asked.contract, asked.version, len(acts) + 1, "endorse" if is_of_two else asked.action, asked.who, asked.at,
        revision, asked.reason, asked.approvers_needed, asked.effect,
    )  # fmt: skip


def _place(asked: Act) -> str:
    return f"{asked.action} {asked.contract} v{asked.version}"


def _role(asked: Act, step: Step, policy: Policy) -> Iterator[Problem]:
    roles = policy.people.get(asked.who, ())
    if step.role not in roles:
        expected = f"somebody with the role {step.role} ([people] in recon.toml)"
        yield Problem(_place(asked), f"{asked.who}: {', '.join(roles) or 'no role'}", expected)


def _state(acts: Sequence[Act], asked: Act, step: Step) -> Iterator[Problem]:
    status = status_of(acts)
    if (status or "new") not in step.of:
        last = f", by {acts[-1].who} at {instant_text(acts[-1].at)}" if acts else ""
        yield Problem(_place(asked), f"{status or 'no such version'}{last}", f"a version that is {_either(step.of)}")


def _seen(acts: Sequence[Act], asked: Act, revision: int | None) -> Iterator[Problem]:
    """Nobody writes over, or submits, what somebody else changed meanwhile."""
    last = acts[-1] if acts else None
    if last is not None and revision is not None and last.revision != revision:
        by = f"revision {last.revision}, by {last.who} at {instant_text(last.at)}"
        yield Problem(_place(asked), by, f"revision {revision}, which you saw: look at it again first")


def _clock(acts: Sequence[Act], asked: Act) -> Iterator[Problem]:
    if acts and asked.at < acts[-1].at:
        yield Problem(_place(asked), instant_text(asked.at), f"an instant not before {instant_text(acts[-1].at)}")


def _duties(acts: Sequence[Act], asked: Act) -> Iterator[Problem]:
    if asked.action != "approve":
        return
    if asked.who in authors_of(acts):
        yield Problem(_place(asked), asked.who, "somebody who neither wrote nor submitted it")
    if any(act.who == asked.who for act in acts if act.action == "endorse"):
        yield Problem(_place(asked), asked.who, "a second person: it is the other's approval that lacks")


def _either(words: Sequence[str]) -> str:
    return " or ".join(words)


STEPS: Mapping[Action, Step] = {
    "import": Step(("new",), "draft", AUTHOR),
    "create": Step(("new",), "draft", AUTHOR),
    "edit": Step(("draft",), "draft", AUTHOR),
    "submit": Step(("draft",), "submitted", AUTHOR),
    "endorse": Step(("submitted",), "submitted", APPROVER),
    "approve": Step(("submitted",), "approved", APPROVER),
    "reject": Step(OPEN, "rejected", APPROVER),
    "withdraw": Step(OPEN, "withdrawn", AUTHOR),
}
