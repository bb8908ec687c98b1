"""The rules of a sign-off, as pure decisions: states, roles, separation of duties, and what must be settled (AUDIT).

A period is prepared, reviewed and locked with one of its runs; it can be returned, and reopened. What a decision looks
at is read in the transaction that enters it, so that two who sign at once cannot both be right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal, get_args

from recon.money import plain
from recon.period import moment
from recon.problems import Problem

OPEN, PREPARED, REVIEWED, RETURNED, LOCKED, REOPENED = (
    "open", "prepared", "reviewed", "returned", "locked", "reopened",
)  # fmt: skip
PREPARER, REVIEWER = "preparer", "reviewer"
Disposition = Literal["accept", "dispute", "timing", "waive"]
DISPOSITIONS = get_args(Disposition)
SAID = {"accept": "accepted", "dispute": "disputed", "timing": "taken for timing", "waive": "waived"}
REMARKS = ("assign", "comment")
ACCEPT_ROWS = "accept_rows"
SETTLED = ("matched", "within_tolerance")
TRUE_UP = "true_up"
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Step:
    """One row of the table at the bottom: from which states an act leads to which, whose it is, and what it needs."""

    of: tuple[str, ...]
    to: str
    role: str
    needs_reason: bool = False


@dataclass(frozen=True)
class Signed:
    """A state that a period entered: for which run, with which digest, by whom, when (µs) and why."""

    period: str
    run: int
    digest: str
    state: str
    who: str
    at: int
    reason: str = ""


@dataclass(frozen=True)
class FindingAct:
    """What somebody did about a finding, or about the rejected rows of a dataset; `at` in µs.

    `amount` is the finding's when it was decided, or how many rows were accepted; `bound` the digest of those rows.
    """

    period: str
    run: int
    finding_id: str
    action: str
    who: str
    at: int
    owner: str = ""
    reason: str = ""
    amount: Decimal = NOTHING
    currency: str = ""
    bound: str = ""


@dataclass(frozen=True)
class Open:
    """A finding that asks for a disposition, its line being above tolerance: major units, billed − expected.

    `parts` are the findings of the month that a drift is made of, `words` say what it is.
    """

    finding_id: str
    currency: str
    amount: Decimal
    cause: str
    parts: Sequence[str] = ()
    words: str = ""


@dataclass(frozen=True)
class RejectedRows:
    """The rows of a dataset that a run set aside, and their digest."""

    count: int
    sha256: str


@dataclass(frozen=True)
class Rules:
    """Who has which roles, and what counts as material, per currency and month (none named: nothing does)."""

    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    materiality: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """What a decision on a period looks at: its way so far, the run that is asked for and the latest, what is open.

    `approvers` are who approved last the versions that this period used first, with those versions; `decided` the last
    disposition of each finding, `accepted` the last acceptance of each dataset's rejected rows. `findings` ask for a
    disposition; `carried` are open items of earlier months, which may be decided again; `missed` are adjustments that
    the run does not expect as decisions are now.
    """

    period: str
    run: int
    digest: str
    latest_run: int
    latest_digest: str
    so_far: Sequence[Signed] = ()
    approvers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    findings: Sequence[Open] = ()
    carried: Sequence[Open] = ()
    missed: Sequence[Problem] = ()
    decided: Mapping[str, FindingAct] = field(default_factory=dict)
    rejected: Mapping[str, RejectedRows] = field(default_factory=dict)
    accepted: Mapping[str, FindingAct] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The state entered last; `open` before the first."""
        return self.so_far[-1].state if self.so_far else OPEN

    def last(self, state: str) -> Signed | None:
        """When a state was entered last."""
        return next((one for one in reversed(self.so_far) if one.state == state), None)


def is_true_up(finding_id: str) -> bool:
    """Whether a finding is a line's true-up (RULES 2.7)."""
    return finding_id.endswith(f"/{TRUE_UP}")


def parts_of(finding_id: str) -> list[str]:
    """What a finding's name is made of: period, contract, item, kind, currency and cause.

    >>> parts_of("2026-10/a%2Fb/RUN/charge/USD/true_up")
    ['2026-10', 'a/b', 'RUN', 'charge', 'USD', 'true_up']
    """
    return [part.replace("%2F", "/").replace("%25", "%") for part in finding_id.split("/")]


def contract_of(finding_id: str) -> str:
    """The contract that a finding's name tells; nothing for the name of a dataset."""
    return next(iter(parts_of(finding_id)[1:]), "")


def refusals(sight: Sight, action: str, who: str, reason: str, rules: Rules) -> list[Problem]:
    """What stands against an act on a period; nothing where it may be entered."""
    step = STEPS[action]
    place = f"sign {action} {sight.period}"
    found = [*_role(place, who, step.role, rules), *_state(place, sight, action), *_reason(place, step, reason)]
    if not found:
        found = [*_run(place, sight, action), *_duties(place, sight, action, who)]
        found += _gates(place, sight, action, rules)
    return found


def _role(place: str, who: str, role: str, rules: Rules) -> Iterator[Problem]:
    roles = rules.people.get(who, ())
    if role not in roles:
        expected = f"somebody with the role {role} ([people] in recon.toml)"
        yield Problem(place, f"{who}: {', '.join(roles) or 'no role'}", expected)


def _state(place: str, sight: Sight, action: str) -> Iterator[Problem]:
    step = STEPS[action]
    is_prepared_anew = action == "prepare" and sight.state in (PREPARED, REVIEWED) and _moved_on(sight)
    if sight.state not in step.of and not is_prepared_anew:
        last = sight.so_far[-1] if sight.so_far else None
        by = f" with run {last.run}, by {last.who} at {moment(last.at)} UTC" if last else ""
        yield Problem(place, f"{sight.state}{by}", f"a period that is {' or '.join(step.of)}")


def _moved_on(sight: Sight) -> bool:
    """Whether another run is asked for than the one that was signed last: then it may be prepared again."""
    return bool(sight.so_far) and sight.so_far[-1].run != sight.run


def _reason(place: str, step: Step, reason: str) -> Iterator[Problem]:
    if step.needs_reason and not reason.strip():
        yield Problem(place, "no reason", "the reason, in words")


def _run(place: str, sight: Sight, action: str) -> Iterator[Problem]:
    """A signature is for the run that stands: the one prepared, and nothing that came in since (AUDIT, stale)."""
    before = sight.last(LOCKED) if action == "prepare" else None
    if before is not None and sight.run <= before.run:
        yield Problem(place, f"run {sight.run}", f"a run after run {before.run}, which was locked: close it again")
    prepared = sight.last(PREPARED)
    if action in ("review", "lock") and prepared is not None and prepared.run != sight.run:
        yield Problem(place, f"run {sight.run}", f"run {prepared.run}, as prepared by {prepared.who}")
    if action in ("prepare", "review", "lock") and sight.digest != sight.latest_digest:
        value = f"run {sight.run} is stale: run {sight.latest_run} was made from something else"
        yield Problem(place, value, f"run {sight.latest_run}, prepared and reviewed")
    if action in ("prepare", "review", "lock"):
        yield from (Problem(place, one.value, one.expected) for one in sight.missed)


def _duties(place: str, sight: Sight, action: str, who: str) -> Iterator[Problem]:
    """Preparer and reviewer differ, and neither was the last to approve a version first used here (AUDIT)."""
    prepared = sight.last(PREPARED)
    if action in ("review", "lock") and prepared is not None and prepared.who == who:
        yield Problem(place, who, "somebody else than the preparer")
    if action in ("prepare", "review", "lock") and who in sight.approvers:
        versions = ", ".join(sight.approvers[who])
        expected = f"nobody who approved a version that {sight.period} used first: {versions}"
        yield Problem(place, who, expected)


def _gates(place: str, sight: Sight, action: str, rules: Rules) -> Iterator[Problem]:
    if action in ("review", "lock"):
        yield from rejected_left(place, sight)
    if action == "lock":
        yield from undecided(place, sight)
        yield from above_materiality(place, sight, rules)


def rejected_left(place: str, sight: Sight) -> Iterator[Problem]:
    """Datasets with rejected rows that nobody accepted, or that are others now (FORMATS, Bad input)."""
    for dataset, rows in sorted(sight.rejected.items()):
        accepted = sight.accepted.get(dataset)
        if accepted is None or accepted.bound != rows.sha256:
            value = f"{rows.count} rejected rows of {dataset}"
            yield Problem(place, value, "their acceptance by name: `recon findings accept-rows`")


def undecided(place: str, sight: Sight) -> Iterator[Problem]:
    """Findings above tolerance without a disposition, or with one that was made for another amount."""
    for one in sight.findings:
        decided = sight.decided.get(one.finding_id)
        if decided is None or decided.amount != one.amount:
            was = "" if decided is None else f", {SAID[decided.action]} at {plain(decided.amount)} by {decided.who}"
            told = f" ({one.words})" if one.words else ""
            value = f"{one.finding_id} {one.currency} {plain(one.amount)}{was}{told}"
            yield Problem(place, value, "a disposition: accept, dispute, timing or waive (`recon findings dispose`)")


def above_materiality(place: str, sight: Sight, rules: Rules) -> Iterator[Problem]:
    """What is unexplained, and what was waived in the month, must each stay within materiality per currency."""
    waived = _waived(sight)
    unexplained = _gross(one for one in sight.findings if one.cause == "unexplained")
    for what, sums in (("unexplained", unexplained), ("waived", _gross_of(sight, waived))):
        for currency, gross in sorted(sums.items()):
            limit = rules.materiality.get(currency, NOTHING)
            if gross > limit:
                yield Problem(place, f"{what} {currency} {plain(gross)}", f"at most {plain(limit)}, the materiality")


def _waived(sight: Sight) -> set[str]:
    return {key for key, act in sight.decided.items() if act.action == "waive"}


def _gross_of(sight: Sight, wanted: set[str]) -> Mapping[str, Decimal]:
    """The gross of findings and carried items; what a drift among them is made of counts once, with the drift."""
    chosen = {one.finding_id: one for one in (*sight.findings, *sight.carried) if one.finding_id in wanted}
    inside = {part for one in chosen.values() for part in one.parts}
    return _gross(
        replace(
            one,
            amount=max(
                abs(one.amount), sum((abs(chosen[part].amount) for part in one.parts if part in chosen), NOTHING)
            ),
        )
        for one in chosen.values()
        if one.finding_id not in inside
    )


def _gross(findings: Iterable[Open]) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in findings:
        sums[one.currency] += abs(one.amount)
    return sums


def refusals_of_act(sight: Sight, act: FindingAct, rules: Rules) -> list[Problem]:
    """What stands against an act on a finding, or on the rejected rows of a dataset."""
    place = f"findings {act.action} {act.period} {act.finding_id}"
    found = [*_any_role(place, act, rules), *_what(place, sight, act), *_why(place, act)]
    if sight.state == LOCKED and act.action not in REMARKS:
        locked = sight.so_far[-1]
        found.append(
            Problem(place, f"locked by {locked.who} at {moment(locked.at)} UTC", "an open period: reopen it")
        )
    if not found and act.action == "waive":
        found += _waived_too_much(place, sight, act, rules)
    return found


def _any_role(place: str, act: FindingAct, rules: Rules) -> Iterator[Problem]:
    roles = rules.people.get(act.who, ())
    if not {PREPARER, REVIEWER} & set(roles):
        expected = f"somebody with the role {PREPARER} or {REVIEWER} ([people] in recon.toml)"
        yield Problem(place, f"{act.who}: {', '.join(roles) or 'no role'}", expected)


def _what(place: str, sight: Sight, act: FindingAct) -> Iterator[Problem]:
    items = (*sight.findings, *sight.carried)
    known = set(sight.rejected) if act.action == ACCEPT_ROWS else {one.finding_id for one in items}
    if act.finding_id not in known:
        is_rows = act.action == ACCEPT_ROWS
        what = "a dataset with rejected rows" if is_rows else "an open item, or a finding above tolerance"
        yield Problem(place, act.finding_id, f"{what} of run {sight.run}: {', '.join(sorted(known)) or 'none'}")


def _why(place: str, act: FindingAct) -> Iterator[Problem]:
    if act.action in ("waive", "comment", ACCEPT_ROWS) and not act.reason.strip():
        yield Problem(place, "no words", "the reason, in words")
    if act.action == "assign" and not act.owner.strip():
        yield Problem(place, "nobody", "the owner's name")


def _waived_too_much(place: str, sight: Sight, act: FindingAct, rules: Rules) -> Iterator[Problem]:
    waived = _waived(sight) | {act.finding_id}
    gross, limit = _gross_of(sight, waived)[act.currency], rules.materiality.get(act.currency, NOTHING)
    if gross > limit:
        yield Problem(
            place, f"{act.currency} {plain(gross)} waived in all", f"at most {plain(limit)}, the month's materiality"
        )


STEPS: Mapping[str, Step] = {
    "prepare": Step((OPEN, RETURNED, REOPENED), PREPARED, PREPARER),
    "review": Step((PREPARED,), REVIEWED, REVIEWER),
    "return": Step((PREPARED, REVIEWED), RETURNED, REVIEWER, needs_reason=True),
    "lock": Step((REVIEWED,), LOCKED, REVIEWER),
    "reopen": Step((LOCKED,), REOPENED, REVIEWER, needs_reason=True),
}
