"""What may happen to contract versions, told a second time: nothing of recon's lifecycle is used here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "dana": ("contract_author",), "rosa": ("contract_author",), "omar": ("contract_approver",),
    "lee": ("contract_approver",), "ida": ("contract_approver", "contract_author"), "mia": ("preparer",),
}  # fmt: skip
IMPORTER = "iris"
WRITES, DECIDES = "contract_author", "contract_approver"
OPEN = ("draft", "submitted")
LEGAL = {
    ("import", "new"): "draft", ("create", "new"): "draft", ("edit", "draft"): "draft",
    ("submit", "draft"): "submitted", ("endorse", "submitted"): "submitted", ("approve", "submitted"): "approved",
    ("reject", "draft"): "rejected", ("reject", "submitted"): "rejected",
    ("withdraw", "draft"): "withdrawn", ("withdraw", "submitted"): "withdrawn",
}  # fmt: skip
TO = {action: to for (action, _), to in LEGAL.items()}
STATES = ("new", "draft", "submitted", "approved", "rejected", "withdrawn")
ROLE = {"create": WRITES, "edit": WRITES, "submit": WRITES, "withdraw": WRITES, "approve": DECIDES, "reject": DECIDES}


@dataclass(frozen=True)
class Did:
    """An act as it must stand in the register; `at` in µs."""

    contract: str
    version: int
    seq: int
    action: str
    who: str
    at: int
    revision: int
    needed: int = 0


@dataclass(frozen=True)
class Asked:
    """What somebody asks for, upon what they saw: the last version, the revision, the register's last act."""

    action: str
    contract: str
    version: int
    who: str
    at: int
    last_seen: int = 0
    revision: int | None = None
    needed: int = 0
    head: int | None = None
    text: Any = None
    told: tuple[tuple[str, str, int], ...] = ()  # of a document: action, who, when


Outcome = frozenset[str]  # why something is refused; empty where it is done


@dataclass(frozen=True)
class Account:
    """Every act so far, in the order of its recording, every text by contract, number and revision, documents met.

    `before` counts the acts that the register held on other contracts when the account began.
    """

    acts: tuple[Did, ...] = ()
    texts: Mapping[tuple[str, int, int], Any] = field(default_factory=dict)
    met: frozenset[tuple[Any, ...]] = frozenset()
    before: int = 0

    @property
    def head(self) -> int:
        """The number of the register's last act."""
        return self.before + len(self.acts)

    def of(self, contract: str, version: int) -> list[Did]:
        """The acts on one version."""
        return [did for did in self.acts if (did.contract, did.version) == (contract, version)]

    def last(self, contract: str) -> int:
        """The number of a contract's last version; 0 for none."""
        return max((did.version for did in self.acts if did.contract == contract), default=0)

    def state(self, contract: str, version: int) -> str:
        """The state that its last act leaves a version in."""
        return _left(self.of(contract, version))

    def text(self, contract: str, version: int) -> Any:
        """What one version says."""
        return self.texts[contract, version, self.of(contract, version)[-1].revision]

    def after(self, asked: Asked) -> tuple[Outcome, Account]:
        """What an act comes to, and the account afterwards."""
        if asked.action == "import":
            document = (asked.contract, asked.version, asked.text, asked.told)
            if document in self.met:
                return frozenset(), self  # its bytes are known
            refused, account = self._after_import(asked)
            return refused, account if refused else replace(account, met=self.met | {document})
        if asked.head is not None and asked.head != self.head:
            return frozenset({"moved"}), self
        wrong = frozenset(self._wrong(asked))
        return wrong, self if wrong else self._with(asked)

    def _wrong(self, asked: Asked) -> list[str]:
        if asked.action == "create":
            stale = list(self._stale(asked))
            return stale or [why for why in ("role",) if WRITES not in PEOPLE.get(asked.who, ())]
        done, state = self.of(asked.contract, asked.version), self.state(asked.contract, asked.version)
        first = ["role"] if ROLE[asked.action] not in PEOPLE.get(asked.who, ()) else []
        first += ["state"] if (asked.action, state) not in LEGAL else []
        first += ["revision"] if done and asked.revision not in (None, done[-1].revision) else []
        return first or list(_later(asked, done))

    def _stale(self, asked: Asked) -> Iterator[str]:
        last = self.last(asked.contract)
        if (asked.last_seen, asked.version) != (last, last + 1):
            yield "not the last"
        if any(self.state(asked.contract, number) in OPEN for number in range(1, last + 1)):
            yield "still open"

    def _with(self, asked: Asked) -> Account:
        done = self.of(asked.contract, asked.version)
        is_endorsed = any(did.action == "endorse" for did in done)
        action = "endorse" if asked.action == "approve" and asked.needed > 1 and not is_endorsed else asked.action
        revision = (done[-1].revision if done else 0) + (action in ("create", "edit"))
        did = Did(
            asked.contract, asked.version, len(done) + 1, action, asked.who, asked.at, revision, asked.needed
        )  # fmt: skip
        return self._told([did], asked.text if action in ("create", "edit") else None)

    def _told(self, dids: list[Did], text: Any) -> Account:
        texts = self.texts
        if text is not None:
            texts = {**texts, (dids[-1].contract, dids[-1].version, dids[-1].revision): text}
        return replace(self, acts=(*self.acts, *dids), texts=texts)

    # Documents

    def _after_import(self, asked: Asked) -> tuple[Outcome, Account]:
        done = self.of(asked.contract, asked.version)
        if not done:
            told = asked.told or (("import", asked.who, asked.at),)
            return frozenset(), self._told(list(_following(asked, [], told, 1)), asked.text)
        own = tuple((did.action, did.who, did.at) for did in done if did.action not in ("import", "edit"))
        is_changed = self.text(asked.contract, asked.version) != asked.text
        if is_changed and _left(done) != "draft":
            return frozenset({"changed"}), self
        size = min(len(own), len(asked.told))
        if own[:size] != asked.told[:size]:
            return frozenset({"other history"}), self
        return frozenset(), self._further(asked, done, own, is_changed)

    def _further(self, asked: Asked, done: list[Did], own: tuple[Any, ...], is_changed: bool) -> Account:
        if len(asked.told) < len(own) and is_changed:
            return self  # an older draft
        new, revision = asked.told[len(own) :], done[-1].revision + is_changed
        edits = (("edit", asked.who, new[0][2] if new else asked.at),) if is_changed else ()
        dids = list(_following(asked, done, (*edits, *new), revision))
        return self._told(dids, asked.text if is_changed else None) if dids else self


def _later(asked: Asked, done: list[Did]) -> Iterator[str]:
    """What is looked at once state, role and revision are right."""
    if done and asked.at < done[-1].at:
        yield "clock"
    if asked.action == "approve":
        if asked.who in {did.who for did in done if did.action in ("create", "edit", "submit")}:
            yield "own work"
        if asked.who in {did.who for did in done if did.action == "endorse"}:
            yield "second person"


def _following(asked: Asked, done: list[Did], steps: tuple[Any, ...], revision: int) -> Iterator[Did]:
    for seq, (action, who, at) in enumerate(steps, len(done) + 1):
        yield Did(asked.contract, asked.version, seq, action, who, at, revision)


def _left(done: list[Did]) -> str:
    return TO[done[-1].action] if done else "new"


def may_follow(did: Did, before: list[Did]) -> bool:
    """Whether an act may follow others; who wrote a draft that came as a bare document may be told afterwards."""
    is_told_late = did.action == "create" and {was.action for was in before} in ({"import"}, {"import", "edit"})
    return is_told_late or (did.action, _left(before)) in LEGAL


def until(account: Account, known_at: int) -> Account:
    """The account without what came after an instant."""
    return replace(account, acts=tuple(did for did in account.acts if did.at <= known_at))
