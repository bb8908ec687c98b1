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

from recon.contracts.book import ONE_DAY, Book, Span, pieces
from recon.contracts.lifecycle import OPEN, Act, Policy, next_act, status_of
from recon.contracts.terms import ContractVersion
from recon.ledger.database import reading, writing
from recon.ledger.registered import Registered, act_row, as_act, chained, read_version, registered, text_row
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
            acts = acts_by_version(connection, known_at=known_at)
            return Book(tuple(read_version(row, acts[key]) for key, row in texts_of(connection, acts)))

    def versions_of(self, contract: str, known_at: int | None = None) -> tuple[ContractVersion, ...]:
        """A contract's versions by number; none for an unknown contract."""
        with reading(self._engine) as connection:
            acts = acts_by_version(connection, contract, known_at)
            return tuple(read_version(row, acts[key]) for key, row in texts_of(connection, acts, contract))

    def acts(self, contract: str | None = None) -> tuple[Act, ...]:
        """What was done to the versions of a contract, or of all, in the order it was recorded."""
        with reading(self._engine) as connection:
            return tuple(as_act(row) for row in _rows(connection, contract))

    def head(self) -> int:
        """The number of the last act: what was read before is still all there is while it stays."""
        with reading(self._engine) as connection:
            return last_act(connection)

    def in_force(self, first: date, last: date, known_at: int | None = None) -> list[Span[Registered]]:
        """What was in force between two dates, both inclusive, in pieces of one version each (RULES 2.2, 2.3).

        As known at an instant (µs, UTC; None: now); texts are not read, so that a large book answers at once.
        """
        with reading(self._engine) as connection:
            found = list(_approved(connection, first, last, known_at))
        by_contract: dict[str, list[Registered]] = defaultdict(list)
        for one in found:
            by_contract[one.contract].append(one)
        cut = (_within(span, first, last) for own in by_contract.values() for span in pieces(own))
        return [span for span in cut if span.end is not None and span.first < span.end]

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
    for row in _rows(connection, contract, known_at):
        found[row.contract, row.version].append(as_act(row))
    return found


def _rows(connection: Connection, contract: str | None = None, known_at: int | None = None) -> Sequence[Row[Any]]:
    query = select(register_acts).order_by(register_acts.c.contract, register_acts.c.version, register_acts.c.seq)
    if contract is not None:
        query = query.where(register_acts.c.contract == contract)
    if known_at is not None:
        query = query.where(register_acts.c.at <= known_at)
    return connection.execute(query).all()


def texts_of(
    connection: Connection, acts: dict[Key, list[Act]], contract: str | None = None
) -> Iterator[tuple[Key, Row[Any]]]:
    """The text of each version as its last act left it."""
    query = select(register_texts).order_by(register_texts.c.contract, register_texts.c.version)
    if contract is not None:
        query = query.where(register_texts.c.contract == contract)
    for row in connection.execute(query):
        key = (row.contract, row.version)
        if key in acts and acts[key][-1].revision == row.revision:
            yield key, row


def _approved(connection: Connection, first: date, last: date, known_at: int | None) -> Iterator[Registered]:
    """The approved versions whose dates meet two dates, without their texts."""
    texts, acts = register_texts.c, register_acts.c
    columns = [column for column in register_texts.columns if column.name != "content"]
    query = (
        select(*columns, acts.at.label("approved_at"))
        .join(register_acts, (acts.contract == texts.contract) & (acts.version == texts.version)
              & (acts.revision == texts.revision) & (acts.action == "approve"))
        .where(texts.effective_from <= last.isoformat())
        .where(texts.effective_to.is_(None) | (texts.effective_to >= first.isoformat()))
        .order_by(texts.contract, texts.version)
    )  # fmt: skip
    if known_at is not None:
        query = query.where(acts.at <= known_at)
    rows = list(connection.execute(query))
    return (registered(row) for row in rows)


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
