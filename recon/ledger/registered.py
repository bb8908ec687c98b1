"""Rows of the register into the tables and out again, and what the trail tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from recon.contracts.book import Dates
from recon.contracts.documents import content_hash, content_of
from recon.contracts.lifecycle import Act, history_of, status_of
from recon.contracts.terms import ContractVersion
from recon.ledger.tables import register_acts, register_documents, register_texts
from recon.ledger.trail import append, append_all, canonical, sha256
from recon.problems import Problem

CONTRACT = "contract"
ACT_COLUMNS = tuple(one.name for one in fields(Act))
TOLD_COLUMNS = (
    "contract", "version", "kind", "direction", "model", "currency", "timezone", "counterparty", "effective_from",
    "effective_to", "hash",
)  # fmt: skip
NOT_IN_TEXT = ("status", "history")
Payload = dict[str, Any]
Entered = tuple[Sequence[Payload], Payload | None]  # rows of acts, the row of the text that they made


@dataclass(frozen=True)
class Registered:
    """An approved version without its text; `approved_at` is an instant in µs."""

    contract: str
    version: int
    kind: str
    direction: str
    model: str
    currency: str
    timezone: str
    counterparty: str
    effective: Dates
    hash: str
    approved_at: int

    @property
    def is_approved(self) -> bool:
        return True


def registered(row: Row[Any]) -> Registered:
    """An approved version from a row of the columns that tell it, and the instant of its approval."""
    said = dict(zip(TOLD_COLUMNS, row, strict=False))
    starts, ends = said.pop("effective_from"), said.pop("effective_to")
    dates = Dates(date.fromisoformat(starts), None if ends is None else date.fromisoformat(ends))
    return Registered(**said, effective=dates, approved_at=row[-1])


def as_registered(version: ContractVersion) -> Registered:
    """An approved version without its text."""
    assert version.approved_at is not None
    row, dates = text_row(version, 0), Dates(version.effective.first, version.effective.last)
    said = {one.name: row[one.name] for one in fields(Registered) if one.name in row}
    return Registered(**said, effective=dates, approved_at=version.approved_at)


def text_row(version: ContractVersion, revision: int) -> Payload:
    """What a version says, for the table of texts: status and history are told by its acts."""
    said = {name: value for name, value in content_of(version).items() if name not in NOT_IN_TEXT}
    last = version.effective.last
    return {
        "contract": version.contract, "version": version.version, "revision": revision, "kind": version.kind,
        "direction": version.direction, "model": version.terms.model if version.terms else "",
        "currency": version.currency, "timezone": version.timezone, "counterparty_id": version.counterparty.id,
        "counterparty": version.counterparty.name, "effective_from": version.effective.first.isoformat(),
        "effective_to": None if last is None else last.isoformat(), "hash": content_hash(version),
        "content": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """A version as it is kept: its text, not read yet, and what was done to it."""

    content: str
    acts: Sequence[Act]

    def read(self) -> ContractVersion:
        """The version, every clause checked again."""
        history = history_of(self.acts)
        said = json.loads(self.content) | {"status": status_of(self.acts)} | ({"history": history} if history else {})
        return ContractVersion.model_validate(said)


def act_row(act: Act, number: int, recorded_at: int, recorded_by: str) -> Payload:
    """An act for the table of acts: `recorded_at` is later than `at` where a document told of it."""
    said = {name: getattr(act, name) for name in ACT_COLUMNS}
    return {"id": number, **said, "recorded_at": recorded_at, "recorded_by": recorded_by}


def as_act(row: Row[Any]) -> Act:
    """An act as it was recorded: a row of the columns that tell it."""
    return Act(*tuple(row))


def chained(connection: Connection, entered: Iterable[Entered]) -> None:
    """Tell the trail of acts and texts, one entry per version."""
    append_all(
        connection,
        ((acts[-1]["recorded_at"], acts[-1]["recorded_by"], CONTRACT, _told(acts, text)) for acts, text in entered),
    )


def _told(acts: Sequence[Payload], text: Payload | None) -> Payload:
    said = {} if text is None else {"text": [text["contract"], text["version"], text["revision"], _digest(text)]}
    return {"acts": list(acts), **said}


def enter_documents(connection: Connection, rows: Sequence[Payload], who: str) -> None:
    """Remember documents that were read, with one entry in the trail."""
    if rows:
        connection.execute(insert(register_documents), rows)
        append(connection, rows[0]["recorded_at"], who, CONTRACT, {"documents": list(rows)})


def _digest(text: Mapping[str, Any]) -> str:
    return sha256(canonical(text))


def altered_register(connection: Connection, entries: Sequence[Row[Any]]) -> Iterator[Problem]:
    """Acts, texts and documents that are not as the trail says they were entered."""
    payloads = list(_payloads(entries))
    acts = {act["id"]: act for payload in payloads for act in payload.get("acts", ())}
    texts = {tuple(text[:3]): text[3] for payload in payloads if (text := payload.get("text"))}
    documents = {one["sha256"]: one for payload in payloads for one in payload.get("documents", ())}
    yield from _altered("act", {row.id: dict(row._mapping) for row in connection.execute(select(register_acts))}, acts)
    found = (dict(row._mapping) for row in connection.execute(select(register_texts)))
    yield from _altered(
        "text", {(row["contract"], row["version"], row["revision"]): _digest(row) for row in found}, texts
    )
    there = {row.sha256: dict(row._mapping) for row in connection.execute(select(register_documents))}
    yield from _altered("document", there, documents)


def _altered(what: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Iterator[Problem]:
    for key in sorted(found.keys() | wanted.keys(), key=str):
        if found.get(key) != wanted.get(key):
            there, told = (canonical(one[key]) if key in one else "missing" for one in (found, wanted))
            yield Problem(f"register {what} {key}", there, f"{told}, as the trail tells")


def _payloads(entries: Sequence[Row[Any]]) -> Iterator[Payload]:
    for entry in entries:
        try:
            payload = json.loads(entry.payload)
        except ValueError:
            continue  # what was made unreadable is a broken link already
        if entry.action == CONTRACT and isinstance(payload, dict):
            yield payload
