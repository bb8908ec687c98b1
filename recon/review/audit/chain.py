"""The trail as an auditor reads it: who did what to what, when, and whether the chain of entries holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from recon.ledger import Entry, Ledger
from recon.period import moment
from recon.problems import Problem
from recon.review.audit.link import Filter, Link
from recon.review.audit.room import Notice
from recon.review.month import ALL
from recon.review.words import counted, literal
from recon.workspace import Workspace

TRAIL_HEADING = "## Trail\n\nEvery entry holds the digest of the one before, so a change anywhere breaks the chain."
TRAIL_FILTERS = ("kind", "person", "object")
TRAIL_COLUMNS = ["no", "when (UTC)", "kind", "person", "object", "what", "digest"]
KINDS = {"close": "close", "contract": "contract", "state": "sign-off", "finding": "finding", "pack": "pack"}
NOBODY = "–"
MOST, LONGEST = 20, 70  # problems shown, and the characters of each
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """An entry in words: what kind of act, by whom, on what, and what was done."""

    entry: Entry
    kind: str
    people: tuple[str, ...]
    subject: str
    what: str

    def value(self, name: str) -> tuple[str, ...]:
        """What a filter looks at."""
        return {"kind": (self.kind,), "person": self.people, "object": (self.subject,)}[name]


@dataclass(frozen=True)
class Trail:
    """The entries in words, the newest first, the digest of the last, and all that is not as it was recorded."""

    entries: tuple[Told, ...]
    head: str
    problems: tuple[Problem, ...]


def open_trail(workspace: Workspace) -> Trail:
    """The trail of a workspace's ledger, its chain and the tables that it tells of verified."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        entries, problems, head = ledger.entries(), ledger.verify_chain(), ledger.head()
    runs = {one.payload.get("close"): _run(one.payload) for one in entries if one.action == "close"}
    return Trail(tuple(_told(one, runs) for one in reversed(entries)), head, tuple(problems))


def _run(payload: Payload) -> str:
    return f"run {payload.get('run')}"


def _told(entry: Entry, runs: Mapping[Any, str]) -> Told:
    words = _WORDS.get(entry.action, _other)
    people, subject, what = words(entry.payload, runs) if entry.payload else ((), NOBODY, "cannot be read any more")
    named = dict.fromkeys(one for one in (*people, entry.who) if one)
    return Told(entry, KINDS.get(entry.action, entry.action), tuple(named) or (NOBODY,), subject, what)


Words = tuple[tuple[str, ...], str, str]  # people beside the one who entered it, the object, what was done


def _close(payload: Payload, _: Mapping[Any, str]) -> Words:
    files, versions = len(payload.get("files", ())), len(payload.get("versions", ()))
    held = f"{counted(files, 'file')}, {counted(versions, 'contract version')}"
    return (), _period(payload), f"{_run(payload)} recorded over digest {str(payload.get('digest'))[:16]}: {held}"


def _contract(payload: Payload, _: Mapping[Any, str]) -> Words:
    acts = payload.get("acts") or ()
    if not acts:
        documents = payload.get("documents") or ()
        return (), "documents", f"{counted(len(documents), 'document')} of contracts read"
    done = ", ".join(f"{one['action']} by {one['who']}{_why(one)}" for one in acts)
    return tuple(str(one["who"]) for one in acts), str(acts[0]["contract"]), f"v{acts[0]['version']}: {done}"


def _state(payload: Payload, runs: Mapping[Any, str]) -> Words:
    return (
        (),
        _period(payload),
        f"{payload.get('state')} with {runs.get(payload.get('close_id'), 'a run')}{_why(payload)}",
    )


def _finding(payload: Payload, _: Mapping[Any, str]) -> Words:
    owner = f" to {payload['owner']}" if payload.get("owner") else ""
    worth = f" at {payload['currency']} {payload['amount']}" if payload.get("currency") else ""
    action = str(payload.get("action")).replace("_", " ")
    return (), _period(payload), f"{action}{owner} {payload.get('finding_id')}{worth}{_why(payload)}"


def _pack(payload: Payload, runs: Mapping[Any, str]) -> Words:
    of = runs.get(payload.get("close_id"), "a run")
    return (
        (),
        _period(payload),
        f"pack {payload.get('number')} issued, of {of}, digest {str(payload.get('digest'))[:16]}",
    )


def _other(payload: Payload, _: Mapping[Any, str]) -> Words:
    return (), str(payload.get("period") or NOBODY), ", ".join(f"{name} {value}" for name, value in payload.items())


def _period(payload: Payload) -> str:
    return str(payload.get("period") or NOBODY)


def _why(payload: Payload) -> str:
    return f" ({payload['reason']})" if payload.get("reason") else ""


_WORDS: dict[str, Callable[[Payload, Mapping[Any, str]], Words]] = {
    "close": _close, "contract": _contract, "state": _state, "finding": _finding, "pack": _pack,
}  # fmt: skip


def chain_verdict(trail: Trail) -> Notice:
    """Whether the chain holds, and the tables say what the trail says of them; what is altered is named."""
    if trail.problems:
        return Notice("\n".join(_altered(trail)), "danger")
    if not trail.entries:
        return Notice("The trail has no entry yet.")
    entries = f"all {len(trail.entries):,} entries" if len(trail.entries) > 1 else "its one entry"
    return Notice(
        f"**The chain holds** over {entries}, and every table says what the trail says of it. Its last digest, to be "
        f"kept elsewhere: `{trail.head}`", "success",
    )  # fmt: skip


def _altered(trail: Trail) -> Iterator[str]:
    """Each place by its name, with the beginning of what stands there and of what the trail expects."""
    yield f"**The ledger is not as it was recorded**, in {counted(len(trail.problems), 'place')}:\n"
    for one in trail.problems[:MOST]:
        there, wanted = (literal(_short(text)) for text in (one.value, one.expected))
        yield f"- **{literal(one.place)}**: there stands {there}; the trail expects {wanted}"
    more = len(trail.problems) - MOST
    if more > 0:
        yield f"- … and {more:,} more"
    yield "\n`recon verify` names them all, each in full."


def _short(text: str) -> str:
    """The beginning of a text, long enough to find it again."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def trail_filter(trail: Trail, link: Link, name: str) -> Filter:
    """A filter of the trail by the kind of act, the people or the object."""
    return link.filter(name, sorted({value for one in trail.entries for value in one.value(name)}))


def trail_table(trail: Trail, **filters: str) -> pd.DataFrame:
    """The entries that pass the filters, the newest first."""
    kept = [one for one in trail.entries if all(_passes(one, *pair) for pair in filters.items())]
    broken = {one.place.split()[1] for one in trail.problems if one.place.startswith("trail ")}
    return pd.DataFrame(list(_rows(kept, broken)), columns=TRAIL_COLUMNS, dtype=object)


def _passes(one: Told, name: str, value: str) -> bool:
    return value == ALL or value in one.value(name)


def _rows(kept: Sequence[Told], broken: set[str]) -> Iterator[tuple[str, ...]]:
    for one in kept:
        entry, number = one.entry, str(one.entry.seq)
        told = (one.kind, ", ".join(one.people), one.subject, one.what)
        yield number, moment(entry.at), *told, "BROKEN" if number in broken else entry.digest[:12]
