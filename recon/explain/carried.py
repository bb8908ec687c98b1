"""An open item that is no finding of the run itself: carried from a month before, a drift, or a true-up."""

from __future__ import annotations

from collections.abc import Iterator

from recon.close import StoredClose
from recon.explain.written import money
from recon.signoff import Dossier, Item


def carried(close: StoredClose, identity: str) -> list[str]:
    """What is carried under a name, as it stands in the run's month; nothing where nothing is."""
    if "/" not in identity:  # the names of events have no bars, and the ledger need not be asked for them
        return []
    items = Dossier.of(close).items
    cleared = next((one for one in items.cleared if one.finding_id == identity), None)
    known = (*items.closing, *items.new, *items.opening)
    found = cleared or next((one for one in known if one.finding_id == identity), None)
    return list(_told(close, found)) if found is not None else []


def _told(close: StoredClose, item: Item) -> Iterator[str]:
    grade = f" ({item.grade})" if item.grade else ""
    since = "" if item.period == close.period else f", of {item.period}"
    yield f"{item.finding_id}: {item.cause}{grade}, {money(item.amount)} {item.currency}{since}"
    if item.words:
        yield f"  {item.words}"
    reason = f": {item.reason}" if item.reason else ""
    yield f"  decided: {item.disposition} by {item.decided_by}{reason}" if item.disposition else "  not decided yet"
    if item.owner:
        yield f"  owner: {item.owner}"
    yield f"  cleared by {item.cleared_by}" if item.cleared_by else f"  open for {item.days} days ({item.age})"
    if item.period != close.period and not item.words:
        yield f"  how it was found: recon explain {item.period} {item.finding_id}"
