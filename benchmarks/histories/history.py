"""One random history: single acts and races on two contracts, each step compared with the plain account."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

from benchmarks.histories.desk import Desk, Said, outcome, raced, version_of
from benchmarks.histories.plain import IMPORTER, OPEN, PEOPLE, STATES, Account, Asked, Outcome
from recon.contracts.documents import content_hash
from recon.period import instant

MINUTE = 60_000_000
BEGIN = instant("2026-10-01T00:00:00Z")
FIRST_DAY = date(2026, 10, 1)
AUTHORS, APPROVERS = ("dana", "rosa", "ida"), ("omar", "lee", "ida")
NOT_IN_DOCUMENTS = ("import", "edit")


class Wrong(AssertionError):
    """What no order of the acts would give, or what is not as it was."""


class History:
    """Two contracts, two desks, and the account of what must have happened so far."""

    def __init__(self, name: str, desks: Sequence[Desk], pool: ThreadPoolExecutor) -> None:
        self.chance = random.Random(name)
        self.contracts = (f"a-{name}", f"b-{name}")
        self.name, self.desks, self.pool = name, desks, pool
        self.account = Account(before=desks[0].ledger.register.head())
        self.now = BEGIN
        self.reached: Counter[str] = Counter()
        self.told: list[str] = []
        self.documents = 0
        self.approved: dict[tuple[str, int], str] = {}

    def step(self) -> None:
        """One act, or a race of two."""
        self.now += MINUTE
        contract = self.chance.choice(self.contracts)
        if self.chance.random() < 0.45:
            self.race(contract, *self.chance.choice(RACES))
        else:
            kind = self.chance.choice(KINDS)
            if kind in ("approve", "submit") and self.chance.random() < 0.3:
                self.lead_to(contract, "draft" if kind == "submit" else "submitted")
            self.settle(kind, [self.asked(kind, contract)])
        self.look(contract)

    def race(self, contract: str, one: str, other: str) -> None:
        """Two acts on one contract at one moment; mostly where both could go through."""
        if self.chance.random() < 0.85:
            self.lead_to(contract, FROM[one, other])
        first, second = self.asked(one, contract, is_able=True), self.asked(other, contract, is_able=True)
        if first.who == second.who and one == other == "approve" and self.chance.random() < 0.8:
            second = replace(second, who="lee" if first.who == "omar" else "omar")
        if self.chance.random() < 0.1:
            second = replace(second, at=second.at - 1)
        self.settle(f"{one}/{other}", [first, second])

    def lead_to(self, contract: str, wanted: str) -> None:
        """The last version of a contract brought into a state by plain acts, a new one made where none is open."""
        last = self.account.last(contract)
        state = self.account.state(contract, last) if last else "new"
        if wanted == "closed":
            actions = {"draft": ["withdraw"], "submitted": ["withdraw"]}.get(state, [])
        elif wanted == "draft":
            actions = {"draft": [], "submitted": ["withdraw", "create"]}.get(state, ["create"])
        else:
            actions = {"draft": ["submit"], "submitted": []}.get(state, ["create", "submit"])
        for action in actions:
            self.settle(action, [self.asked(action, contract, is_able=True, is_simple=True)])
            self.now += MINUTE

    # What is asked

    def asked(self, action: str, contract: str, is_able: bool = False, is_simple: bool = False) -> Asked:
        """An act upon what is there now, or upon what was there before; by somebody who may, or by anybody."""
        if action == "import":
            return self.document(contract, is_new=is_able)
        last, is_plain = self.account.last(contract), is_simple or self.chance.random() < 0.75
        who = self.chance.choice(APPROVERS if action in ("approve", "reject") else AUTHORS)
        who = who if is_able or self.chance.random() < 0.8 else self.chance.choice(sorted(PEOPLE))
        if action == "create":
            seen = last if is_plain else max(0, last + self.chance.choice([-1, 1]))
            return Asked(action, contract, seen + 1, who, self.at(is_able), seen, text=self.said(seen + 1))
        number = last or 1
        if not is_able and last > 1 and self.chance.random() < 0.2:
            number = self.chance.randrange(1, last)
        if not is_able and self.chance.random() < 0.05:
            number = last + 1
        return self.upon(Asked(action, contract, number, who, self.at(is_able)), is_plain)

    def upon(self, asked: Asked, is_plain: bool) -> Asked:
        """An act with the revision and the register's head that its asker saw."""
        done = self.account.of(asked.contract, asked.version)
        seen = (done[-1].revision if done else 1) - (0 if is_plain else 1)
        head = self.account.head - (0 if is_plain else self.chance.randrange(2))
        if asked.action == "edit":
            return replace(asked, revision=seen, text=self.edited(asked))
        if asked.action == "submit":
            return replace(asked, revision=seen, head=self.chance.choice([None, head]))
        if asked.action == "approve":
            needed = next((did.needed for did in done if did.action == "endorse"), self.chance.choice([1, 1, 2]))
            who = self.chance.choice([asked.who, *(did.who for did in done if did.action == "endorse")])
            return replace(asked, who=who, needed=needed, head=self.chance.choice([None, None, head]))
        return asked

    def at(self, is_able: bool) -> int:
        """Now; sometimes a clock that is behind."""
        return self.now if is_able or self.chance.random() < 0.9 else self.now - 40 * MINUTE

    def said(self, number: int) -> Said:
        """What a new version says."""
        first = FIRST_DAY + timedelta(days=self.chance.randrange(40))
        if number > 1 and self.chance.random() < 0.2:
            return Said("termination", 0, first, None)
        last = first + timedelta(days=self.chance.randrange(20)) if self.chance.random() < 0.5 else None
        return Said("amendment" if number > 1 else "original", self.chance.randrange(1, 10), first, last)

    def edited(self, asked: Asked) -> Said:
        """Another text of a version of the same kind."""
        made = self.said(asked.version)
        if not self.account.of(asked.contract, asked.version):
            return made
        was: Said = self.account.text(asked.contract, asked.version)
        return was._replace(first=made.first, last=None) if was.kind == "termination" else was._replace(rate=made.rate)

    def document(self, contract: str, is_new: bool = False) -> Asked:
        """A document of the next version, or of the last one: further in its life, changed, or another story."""
        last = self.account.last(contract)
        done = self.account.of(contract, last)
        told = tuple((did.action, did.who, did.at) for did in done if did.action not in NOT_IN_DOCUMENTS)
        state, text = (self.account.state(contract, last), self.account.text(contract, last)) if last else ("new", None)
        if not last or (state not in OPEN and (is_new or self.chance.random() < 0.6)):
            last, told, text = last + 1, self.life(), self.said(last + 1)
        elif self.chance.random() < 0.4:
            text = self.edited(Asked("edit", contract, last, "", 0))
        if told and state == "draft" and self.chance.random() < 0.5:
            told = (*told, ("submit", "dana", self.now))
        if told and self.chance.random() < 0.1:
            told = ((*told[0][:2], told[0][2] - 1), *told[1:])
        return Asked("import", contract, last, IMPORTER, self.now, text=text, told=told)

    def life(self) -> tuple[tuple[str, str, int], ...]:
        """The history that a document from elsewhere tells."""
        steps = (("create", "dana"), ("submit", "dana"), ("approve", "omar"))
        return tuple((action, who, self.now - 3 + n) for n, (action, who) in enumerate(steps))[
            : self.chance.randrange(4)
        ]

    # What comes of it

    def settle(self, kind: str, asked: list[Asked]) -> None:
        """Acts made at one moment; what came of them must be what some order of them gives."""
        states = [self.account.state(one.contract, one.version) for one in asked]
        works = [self.prepared(desk, one) for desk, one in zip(self.desks, asked, strict=False)]
        got = raced(self.pool, works, self.chance) if len(works) > 1 else [outcome(works[0])]
        contract = asked[0].contract
        there, texts = self.desks[0].acts(contract), self.desks[0].texts(contract)
        for order in permutations(range(len(asked))):
            expected, account = in_order(self.account, asked, order)
            mine = [did for did in account.acts if did.contract == contract]
            says = {number: account.text(contract, number) for number in {did.version for did in mine}}
            if (expected, sorted(mine, key=by_key), says) == (got, there, texts):
                self.account = account
                self.count(kind, asked, states, got, order)
                return
        raise Wrong(
            f"{kind}: {asked}\ngave {[sorted(one) for one in got]}\nand {there}\nsaying {texts}\nafter {self.account.acts}"
        )

    def prepared(self, desk: Desk, asked: Asked) -> Callable[[], object]:
        self.documents += 1
        return desk.prepared(asked, desk.folder / "documents" / f"{self.name}-{self.documents}")

    def count(self, kind: str, asked: list[Asked], states: list[str], got: list[Outcome], order: Sequence[int]) -> None:
        """What this step reached."""
        for one, state, refused in zip(asked, states, got, strict=True):
            if len(asked) == 1:
                self.reached[f"{one.action} from {state}, {'refused' if refused else 'done'}"] += 1
            self.reached.update(f"refused: {why}" for why in refused)
        if len(asked) > 1:
            done = [not refused for refused in got]
            ends = {
                (True, True): "both",
                (False, False): "neither",
                (True, False): "the first",
                (False, True): "the other",
            }
            self.reached[f"race {kind}: {ends[done[0], done[1]]}"] += 1
            self.reached["race in the other order"] += order[0] == 1

    def look(self, contract: str) -> None:
        """What was approved says what it said."""
        for one in self.desks[1].ledger.register.versions_of(contract):
            said = self.account.text(contract, one.version)
            wanted = content_hash(version_of(contract, one.version, said))
            if content_hash(one) != wanted:
                raise Wrong(f"{one} does not say {said} after {self.account.of(contract, one.version)}")
            if one.is_approved and self.approved.setdefault((contract, one.version), wanted) != wanted:
                raise Wrong(f"{contract} v{one.version} was approved and changed")


def in_order(account: Account, asked: list[Asked], order: Sequence[int]) -> tuple[list[Outcome], Account]:
    """What acts come to one after another; their outcomes in the order in which they were asked."""
    got: list[Outcome] = [frozenset()] * len(asked)
    for index in order:
        got[index], account = account.after(asked[index])
    return got, account


def by_key(did: object) -> tuple[int, int]:
    return did.version, did.seq  # type: ignore[attr-defined]


KINDS = ("create", "create", "edit", "edit", "submit", "submit", "approve", "approve", "approve", "reject", "withdraw",
         "import", "import")  # fmt: skip
FROM = {
    ("submit", "edit"): "draft", ("edit", "edit"): "draft", ("approve", "approve"): "submitted",
    ("approve", "withdraw"): "submitted", ("approve", "reject"): "submitted", ("create", "create"): "closed",
    ("import", "create"): "closed", ("import", "import"): "closed", ("import", "edit"): "draft",
    ("import", "submit"): "draft", ("submit", "withdraw"): "draft",
}  # fmt: skip
RACES = tuple(FROM)
WANTED = (
    *(f"{action} from {state}, {'done' if state in can else 'refused'}"
      for action, can in {"edit": ("draft",), "submit": ("draft",), "approve": ("submitted",), "reject": OPEN,
                          "withdraw": OPEN}.items() for state in STATES),
    "create from new, done", "create from new, refused", "import from new, done",
    *(f"import from {state}, done" for state in STATES if state != "new"),
    *(f"refused: {why}" for why in ("role", "state", "revision", "clock", "own work", "second person", "not the last",
                                    "still open", "moved", "changed", "other history")),
    *(f"race {one}/{other}: the first" for one, other in RACES if (one, other) not in {("import", "edit"), ("import", "submit"), ("import", "import"), ("submit", "withdraw")}),
    *(f"race {one}/{other}: the other" for one, other in RACES if one != "import"),
    "race import/create: the other", "race submit/withdraw: both", "race import/edit: both", "race import/submit: both", "race import/import: both",
    "race approve/approve: both", "race in the other order",
)  # fmt: skip
