"""Every question of the past, answered by the register and by a plain replay of what the trail tells."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import create_engine, text

from benchmarks.histories.desk import Said
from benchmarks.histories.history import FIRST_DAY, MINUTE, Wrong
from benchmarks.histories.plain import DECIDES, IMPORTER, PEOPLE, WRITES, Account, Did, may_follow, until
from recon.ledger import Ledger

ROLES = {"create": WRITES, "edit": WRITES, "submit": WRITES, "withdraw": WRITES}


def told(url: str, contracts: Sequence[str]) -> tuple[Account, list[tuple[Did, str]]]:
    """The account that the trail and the kept texts tell of contracts, read without recon, and who recorded what."""
    engine = create_engine(url)
    with engine.connect() as connection:
        payloads = connection.execute(text("SELECT payload FROM trail WHERE action = 'contract' ORDER BY seq")).all()
        texts = connection.execute(text("SELECT contract, version, revision, content FROM register_texts")).all()
    engine.dispose()
    rows = [
        row for (payload,) in payloads for row in json.loads(payload).get("acts", ()) if row["contract"] in contracts
    ]
    acts = [(_did(row), row["recorded_by"]) for row in rows]
    said = {(one[0], one[1], one[2]): _said(json.loads(one[3])) for one in texts if one[0] in contracts}
    return Account(tuple(did for did, _ in acts), said), acts


def _did(row: dict[str, Any]) -> Did:
    return Did(
        row["contract"], row["version"], row["seq"], row["action"], row["who"], row["at"], row["revision"],
        row["approvers_needed"],
    )  # fmt: skip


def _said(content: dict[str, Any]) -> Said:
    first, last = content["effective"]["from"], content["effective"].get("to")
    rate = int(content["terms"]["items"][0]["rates"][0]["per_mille"]) if "terms" in content else 0
    return Said(content["kind"], rate, date.fromisoformat(first), None if last is None else date.fromisoformat(last))


def check(url: str, ledger: Ledger, account: Account, contracts: Sequence[str], chance: random.Random) -> None:
    """Raises Wrong where state, text, what was in force, duties or the chain are not as the trail tells."""
    replayed, own = told(url, contracts)
    if (replayed.acts, replayed.texts) != (account.acts, account.texts):
        raise Wrong(f"the trail tells {replayed}\nand not {account}")
    if problems := ledger.verify_chain():
        raise Wrong(f"the chain is broken: {problems[0]}")
    for contract in contracts:
        is_legal(contract, own)
    for known_at in _instants([did for did, _ in own], chance):
        _check_then(ledger, until(replayed, known_at), contracts, known_at, chance)


def is_legal(contract: str, acts: Sequence[tuple[Did, str]]) -> None:
    """States, numbers, roles and duties along the whole way."""
    so_far: dict[int, list[Did]] = {}
    for did, recorded_by in acts:
        if did.contract == contract:
            before = so_far.setdefault(did.version, [])
            if faults := list(_faults(did, before, is_imported=recorded_by == IMPORTER)):
                raise Wrong(f"{did}: {faults}")
            before.append(did)
    if list(so_far) != list(range(1, len(so_far) + 1)):
        raise Wrong(f"{contract} has the versions {list(so_far)}")


def _faults(did: Did, before: list[Did], is_imported: bool) -> Iterator[str]:
    if did.seq != len(before) + 1:
        yield f"number {did.seq} after {len(before)}"
    if not may_follow(did, before):
        yield f"after {[was.action for was in before]}"
    if is_imported:
        return  # a document tells what was done elsewhere
    if ROLES.get(did.action, DECIDES) not in PEOPLE[did.who]:
        yield "by somebody without the role"
    if before and did.at < before[-1].at:
        yield "before the act it follows"
    if did.action in ("approve", "endorse"):
        yield from _of_duties(did, before)


def _of_duties(did: Did, before: list[Did]) -> Iterator[str]:
    endorsed = [was.who for was in before if was.action == "endorse"]
    if did.who in endorsed or did.who in {was.who for was in before if was.action != "endorse"}:
        yield "by somebody who had a hand in it"
    if did.action == "approve" and did.needed > 1 + len(endorsed):
        yield "without the other's approval"


def _instants(acts: Sequence[Did], chance: random.Random) -> list[int]:
    at = sorted({did.at for did in acts})
    few = chance.sample(at, min(5, len(at)))
    return [*few, *(one - 1 for one in few[:2]), max(at, default=0) + MINUTE]


def _check_then(
    ledger: Ledger, account: Account, contracts: Sequence[str], known_at: int, chance: random.Random
) -> None:
    for contract in contracts:
        found = [(one.version, one.status) for one in ledger.register.versions_of(contract, known_at)]
        numbers = sorted({did.version for did in account.acts if did.contract == contract})
        wanted = [(number, account.state(contract, number)) for number in numbers]
        if found != wanted:
            raise Wrong(f"{contract} as known at {known_at}: {found}, replayed {wanted}")
    first = FIRST_DAY + timedelta(days=chance.randrange(-3, 45))
    last = first + timedelta(days=chance.randrange(12))
    found_days = {
        (span.contract, day): span.version.version
        for span in ledger.register.in_force(first, last, known_at)
        if span.end is not None
        for day in _days(span.first, span.end - timedelta(days=1))
        if span.contract in contracts
    }
    wanted_days = {
        (contract, day): number
        for contract in contracts
        for day in _days(first, last)
        if (number := in_force(account, contract, day)) is not None
    }
    if found_days != wanted_days:
        raise Wrong(f"in force from {first} to {last} as known at {known_at}: {found_days}, replayed {wanted_days}")


def in_force(account: Account, contract: str, day: date) -> int | None:
    """The highest approved version whose dates hold the day; none under a termination."""
    found = None
    for number in sorted({did.version for did in account.acts if did.contract == contract}):
        said: Said = account.text(contract, number)
        holds = said.first <= day and (said.last is None or day <= said.last)
        if holds and account.state(contract, number) == "approved":
            found = None if said.kind == "termination" else number
    return found


def _days(first: date, last: date) -> Iterator[date]:
    yield from (first + timedelta(days=n) for n in range((last - first).days + 1))
