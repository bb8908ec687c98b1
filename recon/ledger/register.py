"""The register of contracts: what every version says, and what was done to it by whom and when (RULES 2.1 to 2.4).

Texts and acts are only ever added. What held at an instant follows from the acts until then, so that any question of
the past can be asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from recon.contracts.book import ONE_DAY, Book, Span, covers, pieces
from recon.contracts.lifecycle import OPEN, Act, Policy, next_act, status_of
from recon.contracts.terms import ContractVersion
from recon.ledger.database import reading, writing
from recon.ledger.registered import (
    ACT_COLUMNS,
    TOLD_COLUMNS,
    Kept,
    Registered,
    act_row,
    as_act,
    chained,
    registered,
    text_row,
)
from recon.ledger.tables import register_acts, register_documents, register_texts
from recon.problems import BadInput, Problem

Key = tuple[str, int]  # a contract and the number of a version


class Moved(Exception):
    """Somebody else's act came between a look at the register and what was to be recorded upon it."""


class Register:
    """Contract versions in the ledger's database; one writer at a time, readers any time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def book(self, known_at: int | None = None) -> Book:
        """Every version, whatever its status, as known at an instant (µs, UTC; None: now)."""
        with reading(self._engine) as connection:
            found = kept(connection, known_at=known_at)
        return Book(tuple(one.read() for one in found.values()))

    def kept(self) -> dict[Key, Kept]:
        """Every version by contract and number, its text not read yet."""
        with reading(self._engine) as connection:
            return kept(connection)

    def versions_of(self, contract: str, known_at: int | None = None) -> tuple[ContractVersion, ...]:
        """A contract's versions by number; none for an unknown contract."""
        with reading(self._engine) as connection:
            return tuple(one.read() for one in kept(connection, contract, known_at).values())

    def acts(self, contract: str | None = None) -> tuple[Act, ...]:
        """What was done to the versions of a contract, or of all, in the order it was recorded."""
        with reading(self._engine) as connection:
            return tuple(as_act(row) for row in _rows(connection, contract))

    def documents(self) -> dict[str, Key]:
        """Contract and version by the SHA-256 of documents that were taken in."""
        with reading(self._engine) as connection:
            return known_documents(connection)

    def head(self) -> int:
        """The number of the last act: what was read before is still all there is while it stays."""
        with reading(self._engine) as connection:
            return last_act(connection)

    def in_force(self, first: date, last: date, known_at: int | None = None) -> list[Span[Registered]]:
        """What was in force between two dates, both inclusive, in pieces of one version each (RULES 2.2, 2.3).

        As known at an instant (µs, UTC; None: now); texts are not read, so that a large book answers at once.
        """
        with reading(self._engine) as connection:
            rows = _approved(connection, first, last, known_at)
        by_contract: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            by_contract[row[0]].append(row)
        return [span for own in by_contract.values() for span in _spans(own, first, last)]

    def create(self, version: ContractVersion, asked: Act, policy: Policy, last_seen: int) -> Act:
        """Enter a new draft after the version that its author saw as the last one (0: the contract is new).

        BadInput where somebody else was first, or another version of the contract is still open.
        """
        with writing(self._engine) as connection:
            _refuse(_before(connection, asked, last_seen))
            act = next_act([], asked, policy)
            return self._entered(connection, act, version)

    def record(
        self, asked: Act, policy: Policy, revision: int | None = None, text: ContractVersion | None = None,
        head: int | None = None,
    ) -> Act:  # fmt: skip
        """Enter an act on a version, with its new text where it edits one.

        `revision` is the text that the asker saw, `head` the last act of the register that a judgement was made upon:
        Moved where it is not the last any more. BadInput where the act is not allowed.
        """
        with writing(self._engine) as connection:
            if head is not None and last_act(connection) != head:
                raise Moved
            so_far = acts_by_version(connection, asked.contract).get((asked.contract, asked.version), [])
            return self._entered(connection, next_act(so_far, asked, policy, revision), text)

    def _entered(self, connection: Connection, act: Act, text: ContractVersion | None) -> Act:
        enter(connection, [act], text, recorded_at=act.at, recorded_by=act.who)
        return act


def enter(
    connection: Connection, acts: Sequence[Act], text: ContractVersion | None, *, recorded_at: int, recorded_by: str
) -> None:
    """Add acts on one version, and the text that they made, in a writing transaction, with their entry in the trail."""
    first = last_act(connection) + 1
    rows = [act_row(act, first + n, recorded_at, recorded_by) for n, act in enumerate(acts)]
    said = None if text is None else text_row(text, acts[-1].revision)
    if said is not None:
        connection.execute(insert(register_texts).values(**said))
    connection.execute(insert(register_acts), rows)
    chained(connection, [(rows, said)])


def last_act(connection: Connection) -> int:
    """The number of the register's last act; 0 before the first."""
    return connection.scalar(select(func.max(register_acts.c.id))) or 0


def acts_by_version(
    connection: Connection, contract: str | None = None, known_at: int | None = None
) -> dict[Key, list[Act]]:
    """The acts on each version in their order, those after an instant left out."""
    found: dict[Key, list[Act]] = defaultdict(list)
    for act in map(as_act, _rows(connection, contract, known_at)):
        found[act.contract, act.version].append(act)
    return found


def _rows(connection: Connection, contract: str | None = None, known_at: int | None = None) -> Sequence[Row[Any]]:
    columns = (register_acts.c[name] for name in ACT_COLUMNS)
    query = select(*columns).order_by(register_acts.c.contract, register_acts.c.version, register_acts.c.seq)
    if contract is not None:
        query = query.where(register_acts.c.contract == contract)
    if known_at is not None:
        query = query.where(register_acts.c.at <= known_at)
    return list(connection.execute(query))


def kept(connection: Connection, contract: str | None = None, known_at: int | None = None) -> dict[Key, Kept]:
    """The text of each version as its last act left it, with its acts; those after an instant left out."""
    acts, texts = acts_by_version(connection, contract, known_at), register_texts.c
    query = select(texts.contract, texts.version, texts.revision, texts.content)
    if contract is not None:
        query = query.where(texts.contract == contract)
    found = {}
    for name, version, revision, content in connection.execute(query.order_by(texts.contract, texts.version)):
        done = acts.get((name, version))
        if done and done[-1].revision == revision:
            found[name, version] = Kept(content, done)
    return found


def _approved(connection: Connection, first: date, last: date, known_at: int | None) -> Sequence[Row[Any]]:
    """The approved versions whose dates meet two dates, without their texts, by contract and number."""
    texts, acts = register_texts.c, register_acts.c
    query = (
        select(*(texts[name] for name in TOLD_COLUMNS), acts.at)
        .join(register_acts, (acts.contract == texts.contract) & (acts.version == texts.version)
              & (acts.revision == texts.revision) & (acts.action == "approve"))
        .where(texts.effective_from <= last.isoformat())
        .where(texts.effective_to.is_(None) | (texts.effective_to >= first.isoformat()))
        .order_by(texts.contract, texts.version)
    )  # fmt: skip
    if known_at is not None:
        query = query.where(acts.at <= known_at)
    return list(connection.execute(query))


def _spans(rows: Sequence[Row[Any]], first: date, last: date) -> Iterator[Span[Registered]]:
    """One contract's pieces between two dates, of its versions by number."""
    highest = registered(rows[-1])
    if covers(highest, first) and covers(highest, last):  # it alone decides, as it nearly always does
        if highest.kind != "termination":
            yield Span(highest.contract, first, last + ONE_DAY, highest)
        return
    cut = (_within(span, first, last) for span in pieces([registered(row) for row in rows]))
    yield from (span for span in cut if span.end is not None and span.first < span.end)


def _within(span: Span[Registered], first: date, last: date) -> Span[Registered]:
    """The part of a span between two dates; empty, its end before its first, where there is none."""
    after = last + ONE_DAY
    return replace(span, first=max(span.first, first), end=min(span.end or after, after))


def _before(connection: Connection, asked: Act, last_seen: int) -> Iterator[Problem]:
    """What stands against a new version of a contract."""
    acts = acts_by_version(connection, asked.contract)
    last = max((version for _, version in acts), default=0)
    place = f"{asked.action} {asked.contract} v{asked.version}"
    if last != last_seen or asked.version != last + 1:
        by = f"v{last}, by {acts[asked.contract, last][0].who}" if last else "no version"
        yield Problem(place, by, f"v{last_seen} as the last version, which you saw: look at the contract again first")
    for (_, version), done in acts.items():
        if (status := status_of(done)) in OPEN:
            yield Problem(place, f"v{version} is {status}, by {done[-1].who}", "no other version that is still open")


def known_documents(connection: Connection) -> dict[str, Key]:
    """Contract and version by the SHA-256 of documents that were taken in."""
    return {row.sha256: (row.contract, row.version) for row in connection.execute(select(register_documents))}


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise BadInput(found)
