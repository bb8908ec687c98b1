"""Acts on contracts by somebody, now: drafts are written and decided, the register keeps them (RULES 2.1 to 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from recon.contracting.effects import gross_of_last
from recon.contracts.book import Book
from recon.contracts.changing import changed
from recon.contracts.documents import checked, content_of
from recon.contracts.lifecycle import Act, Action, Policy
from recon.contracts.lint import accepted
from recon.contracts.renewing import renewed
from recon.contracts.terms import ContractVersion, Entry
from recon.ledger import Ledger, Moved, Register
from recon.money import plain
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

TRIES = 5  # judgements upon a register that somebody else moved on meanwhile
NOT_CARRIED = ("history", "document")  # a draft has no acts yet, and its paper is still to be signed


@dataclass(frozen=True)
class Office:
    """Somebody at work on the contracts of a workspace; `at` is an instant in µs.

    Every act raises BadInput where state, role, separation of duties, lint or somebody else's change forbids it;
    then nothing is recorded.
    """

    workspace: Workspace
    who: str
    at: int

    # Drafts

    def new(self, version: ContractVersion, reason: str = "") -> ContractVersion:
        """A contract's first draft, or its next one, as a document states it."""
        with self._ledger() as ledger:
            known = ledger.register.versions_of(version.contract)
            return self._created(ledger.register, _as_draft(version), len(known), reason)

    def amend(
        self, contract: str, first: date, settings: Mapping[str, str], last: date | None = None, reason: str = ""
    ) -> ContractVersion:
        """The last version with other clauses from a date on, until its end or another."""
        return self._next(contract, "amendment", first, settings, last, reason)

    def correct(self, contract: str, number: int, settings: Mapping[str, str], reason: str = "") -> ContractVersion:
        """A version as it should have been, for the same dates."""
        with self._ledger() as ledger:
            known = self._known(ledger.register, contract)
            wrong = _numbered(known, number)
            draft = changed(_following(wrong, known, "correction"), settings)
            return self._created(ledger.register, draft, len(known), reason)

    def renew(self, contract: str, settings: Mapping[str, str], reason: str = "") -> ContractVersion:
        """The renewal that the last version's clause asks for: its term, its escalator (2.4)."""
        with self._ledger() as ledger:
            known = self._known(ledger.register, contract)
            draft = changed(renewed(_last_priced(known), len(known) + 1), settings)
            return self._created(ledger.register, draft, len(known), reason)

    def terminate(self, contract: str, first: date, reason: str = "") -> ContractVersion:
        """The end of a contract: from a date on nothing is in force (2.3)."""
        with self._ledger() as ledger:
            known = self._known(ledger.register, contract)
            draft = _following(_last_priced(known), known, "termination", first)
            return self._created(ledger.register, draft, len(known), reason)

    def reinstate(
        self, contract: str, first: date, settings: Mapping[str, str], last: date | None = None, reason: str = ""
    ) -> ContractVersion:
        """A contract that was ended goes on from a date, on the terms it had."""
        return self._next(contract, "amendment", first, settings, last, reason, is_after_end=True)

    def _next(  # noqa: PLR0917
        self, contract: str, kind: str, first: date, settings: Mapping[str, str], last: date | None, reason: str,
        is_after_end: bool = False,
    ) -> ContractVersion:  # fmt: skip
        with self._ledger() as ledger:
            known = self._known(ledger.register, contract)
            _refuse_after_end(contract, known, is_after_end)
            was = _last_priced(known)
            end = last or (None if is_after_end else was.effective.last)
            draft = changed(_following(was, known, kind, first, end), settings)
            return self._created(ledger.register, draft, len(known), reason)

    def edit(self, draft: ContractVersion, revision: int, reason: str = "") -> ContractVersion:
        """A draft's new text, upon the revision that its author saw."""
        with self._ledger() as ledger:
            asked = self._act("edit", draft, reason)
            ledger.register.record(asked, self._policy, revision, _as_draft(draft))
            return _numbered(ledger.register.versions_of(draft.contract), draft.version)

    # Decisions

    def submit(self, contract: str, number: int, revision: int | None = None, reason: str = "") -> Act:
        """A draft to be decided upon: what it says is fixed from now on; lint must let it pass."""
        return self._judged("submit", contract, number, revision, reason)

    def approve(self, contract: str, number: int, reason: str = "") -> Act:
        """A submitted version into force; an endorsement where it takes two and this is the first."""
        return self._judged("approve", contract, number, None, reason)

    def reject(self, contract: str, number: int, reason: str) -> Act:
        """A version that is not to be; the reason is told in its history."""
        return self._plain("reject", contract, number, reason)

    def withdraw(self, contract: str, number: int, reason: str = "") -> Act:
        """A version that its author takes back."""
        return self._plain("withdraw", contract, number, reason)

    def _plain(self, action: Action, contract: str, number: int, reason: str) -> Act:
        with self._ledger() as ledger:
            version = _numbered(self._known(ledger.register, contract), number)
            return ledger.register.record(self._act(action, version, reason), self._policy)

    def _judged(self, action: Action, contract: str, number: int, revision: int | None, reason: str) -> Act:
        """An act upon a judgement of the whole book, which is made again where the book moved on meanwhile."""
        with self._ledger() as ledger:
            for _ in range(TRIES):
                head, book = ledger.register.head(), ledger.register.book()
                version = _numbered(self._known(ledger.register, contract), number)
                accepted(_with(book, self._as_if_approved(version)))
                asked = self._asked(action, version, reason)
                try:
                    return ledger.register.record(asked, self._policy, revision, head=head)
                except Moved:
                    continue
        raise BadInput([Problem(f"{action} {contract} v{number}", "others are at work", "a moment of rest; try again")])

    def _as_if_approved(self, version: ContractVersion) -> ContractVersion:
        """The version as it is once it is in force: what it then says beside the others is judged."""
        approval = Entry(action="approve", by=self.who, at=max([self.at, *(one.at for one in version.history)]))
        return version.model_copy(update={"status": "approved", "history": (*version.history, approval)})

    def _asked(self, action: Action, version: ContractVersion, reason: str) -> Act:
        if action != "approve":
            return self._act(action, version, reason)
        moved = gross_of_last(self.workspace, version) if self._policy.effect else {}
        effect = ", ".join(f"{currency} {plain(amount)}" for currency, amount in moved.items())
        return self._act(action, version, reason, self._policy.approvers_of(version, moved), effect)

    def _created(self, register: Register, draft: ContractVersion, last_seen: int, reason: str) -> ContractVersion:
        register.create(draft, self._act("create", draft, reason), self._policy, last_seen)
        return _numbered(register.versions_of(draft.contract), draft.version)

    def _act(self, action: Action, version: ContractVersion, reason: str, needed: int = 0, effect: str = "") -> Act:
        return Act(
            version.contract, version.version, 0, action, self.who, self.at, reason=reason, approvers_needed=needed,
            effect=effect,
        )  # fmt: skip

    def _known(self, register: Register, contract: str) -> tuple[ContractVersion, ...]:
        known = register.versions_of(contract)
        if not known:
            there = ", ".join(register.book().contracts) or "none yet"
            raise BadInput([Problem("contract", contract, f"a contract of the register: {there}")])
        return known

    @property
    def _policy(self) -> Policy:
        said = self.workspace
        return Policy(said.people, frozenset(said.two_approvers_for), said.two_approvers_above)

    def _ledger(self) -> Ledger:
        return Ledger.open(self.workspace.database_url, self.workspace.closes)


def _following(
    version: ContractVersion, known: tuple[ContractVersion, ...], kind: str, first: date | None = None,
    last: date | None = None,
) -> ContractVersion:  # fmt: skip
    """A draft that says what a version says, as the next of its contract; for other dates where `first` is said."""
    left_out = (*NOT_CARRIED, *(("terms", "renewal") if kind == "termination" else ()))
    content = {name: value for name, value in content_of(version).items() if name not in left_out}
    dates = {} if first is None else {"from": first.isoformat()} | ({"to": last.isoformat()} if last else {})
    head = {"version": len(known) + 1, "kind": kind, "status": "draft"}
    return _version(content | head | ({"effective": dates} if dates else {}))


def _as_draft(version: ContractVersion) -> ContractVersion:
    content = {name: value for name, value in content_of(version).items() if name != "history"}
    return _version(content | {"status": "draft"})


def _version(content: dict[str, Any]) -> ContractVersion:
    version, faults = checked(content)
    if version is None or faults:
        place = f"{content['contract']} v{content['version']}"
        raise BadInput([Problem(f"{place} {'.'.join(map(str, one.path))}", one.value, one.expected) for one in faults])
    return version


def _numbered(known: tuple[ContractVersion, ...], number: int) -> ContractVersion:
    found = next((one for one in known if one.version == number), None)
    if found is None:
        there = ", ".join(str(one.version) for one in known) or "none"
        raise BadInput([Problem("version", str(number), f"one of {there}")])
    return found


def _last_priced(known: tuple[ContractVersion, ...]) -> ContractVersion:
    """The version that a next one goes on from: the last approved with terms, else the last with terms."""
    priced = [one for one in known if one.terms is not None]
    return ([one for one in priced if one.is_approved] or priced)[-1]


def _refuse_after_end(contract: str, known: tuple[ContractVersion, ...], is_after_end: bool) -> None:
    """A contract that was ended is reinstated, one that was not is amended."""
    approved = [one for one in known if one.is_approved]
    is_ended = bool(approved) and approved[-1].kind == "termination"
    if is_ended != is_after_end:
        wanted = "a contract that was terminated" if is_after_end else "a contract that goes on; reinstate it"
        raise BadInput([Problem("contract", f"{contract} is {'terminated' if is_ended else 'not terminated'}", wanted)])


def _with(book: Book, version: ContractVersion) -> Book:
    others = (one for one in book.versions if (one.contract, one.version) != (version.contract, version.version))
    return Book((*others, version))
