"""Acts as they are asked of the real register, each from a ledger of its own, and what it answers."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks.histories.plain import IMPORTER, PEOPLE, Asked, Did, Outcome
from recon.contracts.documents import document_text
from recon.contracts.lifecycle import Act, Policy
from recon.contracts.terms import ContractVersion, CpmTerms
from recon.ledger import Ledger, Moved, Plan
from recon.problems import BadInput

POLICY = Policy(PEOPLE)
WHY = {  # what is expected instead, by its beginning
    "somebody with the role": "role", "a version that is": "state", "revision": "revision", "an instant not": "clock",
    "somebody who neither": "own work", "a second person": "second person", "v": "not the last",
    "no other version": "still open", "what was": "changed", "it to go on": "other history",
}  # fmt: skip
LEAVES = {"submit": "submitted", "endorse": "submitted", "approve": "approved", "reject": "rejected",
          "withdraw": "withdrawn"}  # fmt: skip


class Said(NamedTuple):
    """What a version says, as far as these histories tell one from another."""

    kind: str
    rate: int
    first: date
    last: date | None


def version_of(contract: str, number: int, said: Said, told: Sequence[tuple[str, str, int]] = ()) -> ContractVersion:
    """A version that says it, with a document's history."""
    dates = {"from": str(said.first)} | ({"to": str(said.last)} if said.last else {})
    items = [{"item": f"run of {contract}", "rates": [{"per_mille": str(said.rate)}]}]
    status = LEAVES.get(told[-1][0] if told else "", "draft")
    history = [{"action": action, "by": who, "at": at} for action, who, at in told]
    return ContractVersion.model_validate(
        {
            "contract": contract, "version": number, "kind": said.kind, "direction": "charge", "currency": "USD",
            "counterparty": {"id": "a", "name": "A", "role": "advertiser"}, "timezone": "UTC", "effective": dates,
            "status": status, **({"history": history} if history else {}),
            **({} if said.kind == "termination" else {"terms": {"model": "cpm", "items": items}}),
        }
    )  # fmt: skip


class Desk:
    """One writer with a connection of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.ledger, self.folder = Ledger.open(url, folder / "closes"), folder

    def prepared(self, asked: Asked, folder: Path) -> Callable[[], object]:
        """An act made ready, so that two can begin at one moment; a document is planned upon what is there now."""
        if asked.action == "import":
            plan = self._planned(asked, folder)
            return lambda: self._taken_in(plan, asked)
        act = Act(
            asked.contract, asked.version, 0, asked.action, asked.who, asked.at,  # type: ignore[arg-type]
            approvers_needed=asked.needed,
        )  # fmt: skip
        text = None if asked.text is None else version_of(asked.contract, asked.version, asked.text)
        if asked.action == "create":
            assert text is not None
            return lambda: self.ledger.register.create(text, act, POLICY, asked.last_seen)
        return lambda: self.ledger.register.record(act, POLICY, asked.revision, text, asked.head)

    def _planned(self, asked: Asked, folder: Path) -> Plan | BadInput:
        made = version_of(asked.contract, asked.version, asked.text, asked.told)
        path = folder / asked.contract / f"v{asked.version}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document_text(made), encoding="utf-8")
        try:
            return self.ledger.plan_import(folder, IMPORTER, asked.at)
        except BadInput as refused:
            return refused

    def _taken_in(self, plan: Plan | BadInput, asked: Asked) -> None:
        if isinstance(plan, BadInput):
            raise plan
        self.ledger.take_in(plan, IMPORTER, asked.at)

    def acts(self, contract: str) -> list[Did]:
        """What was done to a contract, as the register has it."""
        return [
            Did(one.contract, one.version, one.seq, one.action, one.who, one.at, one.revision, one.approvers_needed)
            for one in self.ledger.register.acts(contract)
        ]

    def texts(self, contract: str) -> dict[int, Said]:
        """What the versions of a contract say."""
        return {one.version: said_by(one) for one in self.ledger.register.versions_of(contract)}


def said_by(one: ContractVersion) -> Said:
    """What a version says, the other way round."""
    rate = one.terms.items[0].rates[0].per_mille if isinstance(one.terms, CpmTerms) else 0
    return Said(one.kind, int(rate or 0), one.effective.first, one.effective.last)


def outcome(work: Callable[[], object]) -> Outcome:
    """What an act comes to: why it is refused, empty where it is done."""
    try:
        work()
    except Moved:
        return frozenset({"moved"})
    except BadInput as refused:
        return frozenset(_why(problem.expected) for problem in refused.problems)
    return frozenset()


def _why(expected: str) -> str:
    return next(why for begin, why in WHY.items() if expected.startswith(begin))


def raced(pool: ThreadPoolExecutor, works: Sequence[Callable[[], object]], chance: random.Random) -> list[Outcome]:
    """What acts come to that begin at one moment, each in a thread of its own; neither thread is favoured."""
    gate = threading.Barrier(len(works))

    def begun(work: Callable[[], object]) -> Outcome:
        gate.wait()
        return outcome(work)

    begin = chance.sample(range(len(works)), len(works))
    running = {index: pool.submit(begun, works[index]) for index in begin}
    return [running[index].result() for index in range(len(works))]
