"""A folder of contract documents into the register, all or nothing; what is known already stays as it is.

A document may tell more of a version than the register knows (it was approved meanwhile), or less. It may not tell
something else of a version that was submitted: what was approved is a new version's to change (RULES 2.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, insert

from recon.contracts.book import Book
from recon.contracts.clauses import differences
from recon.contracts.documents import Document, Told, read_folder, silent
from recon.contracts.lifecycle import Act, history_of, status_of
from recon.contracts.lint import accepted
from recon.contracts.terms import ContractVersion, Entry
from recon.ledger.database import reading, writing
from recon.ledger.register import Key, kept, known_documents, last_act
from recon.ledger.registered import Entered, Kept, act_row, chained, enter_documents, text_row
from recon.ledger.tables import register_acts, register_texts
from recon.period import instant_text
from recon.problems import BadInput, Problem

MOST_CHANGES = 6  # of a document that are named when it is refused


@dataclass(frozen=True)
class Arrival:
    """What a document brings: acts on its version, and a text where that is new."""

    document: Document
    acts: tuple[Act, ...]
    text: ContractVersion | None


@dataclass(frozen=True)
class Plan:
    """What taking a folder in would do to what is known; `head` is the register's last act."""

    folder: Path
    documents: tuple[Document, ...]
    arrivals: tuple[Arrival, ...]
    known: Mapping[Key, Kept]
    head: int

    @cached_property
    def book(self) -> Book:
        """The book as it would be then; what is known is read when it is asked for."""
        brought = {_key(one.document): one.document.version for one in self.arrivals}
        others = (one.read() for key, one in self.known.items() if key not in brought)
        return Book((*others, *brought.values()))

    @property
    def is_empty(self) -> bool:
        """Whether everything is known already."""
        return not self.arrivals and not self.documents


def planned(engine: Engine, folder: Path, who: str, at: int, told: Told = silent) -> Plan:
    """What a folder's documents bring to the register, nothing stored yet; `at` is an instant in µs.

    BadInput with every problem of the documents, and with every document that says something else of a version than
    what was submitted.
    """
    with reading(engine) as connection:
        documents = tuple(read_folder(folder, known_documents(connection), told))
        return _plan(connection, folder, documents, who, at)


def _plan(connection: Connection, folder: Path, documents: Sequence[Document], who: str, at: int) -> Plan:
    known = kept(connection)
    arrivals, problems = [], []
    for document in documents:
        found = _arrival(document, known.get(_key(document)), who, at)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            arrivals.append(found)
    if problems:
        raise BadInput(problems)
    return Plan(folder, tuple(documents), tuple(arrivals), known, last_act(connection))


def _key(document: Document) -> Key:
    return document.version.contract, document.version.version


def take_in(engine: Engine, plan: Plan, who: str, at: int, judge: Callable[[Book], object] = accepted) -> Plan:
    """Record what a plan brings; where somebody recorded something meanwhile, all is looked at again first.

    That look is in the same transaction; `judge` raises BadInput where the folder cannot stand beside what came.
    """
    if plan.is_empty:
        return plan
    with writing(engine) as connection:
        if last_act(connection) != plan.head:
            plan = _plan(connection, plan.folder, plan.documents, who, at)
            if plan.arrivals:
                judge(plan.book)
        _store(connection, plan, who, at)
    return plan


def _store(connection: Connection, plan: Plan, who: str, at: int) -> None:
    number, entered = last_act(connection), []
    for arrival in plan.arrivals:
        rows = [act_row(act, number + n, at, who) for n, act in enumerate(arrival.acts, 1)]
        number += len(rows)
        text = None if arrival.text is None else text_row(arrival.text, arrival.acts[-1].revision)
        entered.append((rows, text))
    _insert(connection, entered)
    known = known_documents(connection)
    seen = {one.sha256: one for one in plan.documents if one.sha256 not in known}
    rows = [
        {"sha256": sha256, "contract": one.version.contract, "version": one.version.version, "recorded_at": at}
        for sha256, one in seen.items()
    ]
    enter_documents(connection, rows, who)


def _insert(connection: Connection, entered: Sequence[Entered]) -> None:
    texts = [text for _, text in entered if text is not None]
    acts = [act for some, _ in entered for act in some]
    for table, rows in ((register_texts, texts), (register_acts, acts)):
        if rows:
            connection.execute(insert(table), rows)
    chained(connection, entered)


def _arrival(document: Document, was: Kept | None, who: str, at: int) -> Arrival | Problem | None:
    """What one document brings; None where the register knows as much, a problem where it contradicts it."""
    version = document.version
    if was is None:
        return Arrival(document, tuple(_acts(version, version.history, [], who, at)), version)
    known, acts = was.read(), was.acts
    is_changed = bool(differences(known, version))
    if is_changed and status_of(acts) != "draft":
        return _changed(document, known)
    told, own = version.history, history_of(acts)
    is_further = told[: len(own)] == own
    if not is_further and own[: len(told)] != told:
        return _other_history(document, own)
    new = told[len(own) :] if is_further else ()
    if is_changed and not is_further:
        return None  # an older draft: the register's own is further
    brought = tuple(_acts(version, new, acts, who, at, is_edited=is_changed))
    return Arrival(document, brought, version if is_changed else None) if brought else None


def _acts(  # noqa: PLR0917
    version: ContractVersion, new: Sequence[Entry], acts: Sequence[Act], who: str, at: int, is_edited: bool = False
) -> Iterator[Act]:
    """The acts that a document tells beyond those known; a draft without a history begins with its import."""
    revision = acts[-1].revision if acts else 1
    plain = Act(version.contract, version.version, len(acts), "import", who, at, revision)
    if is_edited:
        plain = replace(plain, revision=revision + 1)
        yield (plain := replace(plain, seq=plain.seq + 1, action="edit", at=new[0].at if new else at))
    if not acts and not new:
        yield replace(plain, seq=1)
    for entry in new:
        by, reason = entry.by, entry.reason or ""
        plain = replace(plain, seq=plain.seq + 1, action=entry.action, who=by, at=entry.at, reason=reason)
        yield plain


def _changed(document: Document, known: ContractVersion) -> Problem:
    changes = differences(known, document.version)
    told = "; ".join(f"{one.path} {one.before or '–'} → {one.after or '–'}" for one in changes[:MOST_CHANGES])
    more = f"; {len(changes) - MOST_CHANGES} more" if len(changes) > MOST_CHANGES else ""
    expected = f"what was {known.status} (a change of it is a new version, RULES 2.1)"
    return Problem(document.place, f"{told}{more}", expected)


def _other_history(document: Document, own: Sequence[Entry]) -> Problem:
    told = "; ".join(_entry(entry) for entry in document.version.history)
    return Problem(f"{document.place} history", told, f"it to go on from {'; '.join(_entry(entry) for entry in own)}")


def _entry(entry: Entry) -> str:
    return f"{entry.action} by {entry.by} at {instant_text(entry.at)}"
