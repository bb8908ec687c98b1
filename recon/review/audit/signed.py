"""Who signed a run, over what, and whether that still holds; what people see first where it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from recon.ledger import Signed
from recon.ledger.signing import LOCKED, PREPARED, REVIEWED
from recon.period import moment
from recon.review.audit.room import DIGEST, Notice, Room
from recon.review.words import counted, literal, shown
from recon.signoff import Change

NAMES = ((PREPARED, "Prepared"), (REVIEWED, "Reviewed"), (LOCKED, "Locked"))
WAY_TITLE = "The month's way to its sign-off"
WAY_COLUMNS = ["when (UTC)", "state", "by", "run", "over digest", "reason"]


def signatures(room: Room) -> str:
    """Who prepared, reviewed and locked this run, when and over which digest, and whether that stands (Markdown)."""
    rows = (_signature(room, name, room.said.signature(state, room.close.run)) for state, name in NAMES)
    return "\n".join(["| | by | when (UTC) | over digest | stands |", "|:--|:--|:--|:--|:--|", *rows])


def _signature(room: Room, name: str, one: Signed | None) -> str:
    if one is None:
        return f"| {name} | not yet | – | – | – |"
    stands = "**no: stale**" if room.is_stale else "yes"
    return f"| **{name}** | **{literal(one.who)}** | {moment(one.at)} | `{one.digest[:DIGEST]}` | {stands} |"


def way(room: Room) -> pd.DataFrame:
    """Every state that the month went through, the latest first, returns and reopenings with their reasons."""
    rows = [
        (moment(one.at), one.state, one.who, f"run {one.run}", one.digest[:DIGEST], one.reason or "–")
        for one in reversed(room.standing.way)
    ]
    return pd.DataFrame(rows, columns=WAY_COLUMNS, dtype=object)


def notice(room: Room) -> Notice:
    """Whether the run still stands on what it was made from, and its files are as they were recorded."""
    if room.altered_files:
        told = "\n".join(f"- {literal(str(one))}" for one in room.altered_files)
        return Notice(f"**Files of run {room.close.run} are not as they were recorded.**\n\n{told}", "danger")
    if room.is_stale:
        return Notice("\n".join(_stale(room)), "warn")
    if room.since:
        lead = f"**What run {room.close.run} was made from has changed since.** No signature rests on this run."
        return Notice("\n".join([lead, "", *_changes(room.since)]), "warn")
    return Notice(
        f"Inputs, contract versions, settings and software are what run {room.close.run} was made from, "
        "and its files are as they were recorded.", "success",
    )  # fmt: skip


def _stale(room: Room) -> Iterator[str]:
    """The old name and time, what changed since, what it is worth and the lines to look at again."""
    stale = room.standing.stale
    assert stale is not None
    one = stale.signed
    yield f"**The signature is stale:** {one.state} by {literal(one.who)} at {moment(one.at)} UTC. Since then:\n"
    yield from _changes(stale.changes)
    if not stale.is_closed_again:
        yield f"\nWhat that is worth is known once {one.period} is closed again."
    elif not stale.lines:
        yield "\nThe month was closed again: no line moves by it."
    else:
        worth = ", ".join(f"{name} {shown(sum_, name, is_signed=True)}" for name, sum_ in sorted(stale.worth.items()))
        yield f"\nThe month was closed again; it is worth {worth or 'nothing net'} in variance. To look at again:\n"
        yield from (f"- {literal(line.words)}" for line in stale.lines)


def _changes(changes: tuple[Change, ...]) -> Iterator[str]:
    return (f"- {literal(change.words)}" for change in changes)


def left(room: Room) -> str:
    """What stands against locking the month, in Markdown; that nothing does, where it is so."""
    told = [f"- {literal(str(one))}" for one in room.standing.left]
    return "\n".join(told) if told else "Every finding is decided, every rejected row accepted, all within materiality."


def left_title(room: Room) -> str:
    """How much stands against locking the month."""
    many = len(room.standing.left)
    return f"What stands against locking: {counted(many, 'point')}" if many else "Nothing stands against locking"
