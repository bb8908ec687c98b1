"""Errors about which version of a contract is in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from recon.period import instant, local_date
from recon.trials.planting.month import Document, DocumentEdit
from recon.trials.planting.sites import PlantedError, Planting, Site, by_documents


def stale(site: Site) -> Iterator[Planting]:
    """The highest approved versions were never loaded; an older one is left, known by then."""
    known = [one for one in site.versions if _is_known(one, site.month.as_known_at)]
    approved = sorted((int(one["version"]) for one in known), reverse=True)
    for count in range(1, len(approved)):
        lost = approved[:count]
        words = f"version {', '.join(map(str, sorted(lost)))} never loaded"
        yield from by_documents(site, words, _without(lost))


def _is_known(document: Document, at: int | None) -> bool:
    """Whether a version was approved at or before an instant (RULES 2.2)."""
    steps = [instant(str(step["at"])) for step in document["history"] if step["action"] == "approve"]
    return document["status"] == "approved" and (at is None or (bool(steps) and max(steps) <= at))


def _without(numbers: list[int]) -> DocumentEdit:
    return lambda document: None if int(document["version"]) in numbers else document


def all_period(site: Site) -> Iterator[Planting]:
    """An amendment counts from the month's first day on."""
    first, last = (day.isoformat() for day in (site.month.period.first, site.month.period.last))
    for document in _amendments(site):
        if first < document["effective"]["from"] <= last:
            words = f"version {document['version']} applied from {first} on"
            yield from by_documents(site, words, _moved(document, {"from": first}))


def backdated(site: Site) -> Iterator[Planting]:
    """An amendment counts from the day on which somebody wrote, sent or approved it."""
    for document in _amendments(site):
        steps = [step for step in document["history"] if step["action"] in ("create", "submit", "approve")]
        found = {local_date(instant(str(step["at"])), site.zone).isoformat(): step["action"] for step in steps}
        for day, action in sorted(found.items(), reverse=True):
            if day < document["effective"]["from"] and day <= site.month.period.last.isoformat():
                words = f"version {document['version']} applied from {day} on, the day of its {action}"
                yield from by_documents(site, words, _moved(document, {"from": day}))


def _amendments(site: Site) -> list[Document]:
    """Approved versions with terms after the first that begin after the month does, the highest first."""
    found = [one for one in site.versions[1:] if one["status"] == "approved" and one.get("terms")]
    return [one for one in found[::-1] if one["effective"]["from"] > site.month.period.first.isoformat()]


def _moved(document: Document, span: dict[str, str]) -> DocumentEdit:
    def move(one: Document) -> Document:
        return one | {"effective": one["effective"] | span} if one["version"] == document["version"] else one

    return move


def unapproved(site: Site) -> Iterator[Planting]:
    """A version that nobody approved is billed."""
    for document in site.versions:
        if document["status"] != "approved":
            words = f"version {document['version']} billed though {document['status']}"
            yield from by_documents(site, words, _approved(document))


def _approved(document: Document) -> DocumentEdit:
    def approve(one: Document) -> Document:
        if one["version"] != document["version"]:
            return one
        kept = [step for step in one["history"] if step["action"] in ("create", "submit")]
        signed: dict[str, Any] = {"action": "approve", "by": "nobody", "at": _last(kept)}
        return one | {"status": "approved", "history": [*kept, signed]}

    return approve


def _last(history: list[dict[str, Any]]) -> str:
    return max((str(step["at"]) for step in history), key=datetime.fromisoformat)


def expired(site: Site) -> Iterator[Planting]:
    """The last day of a version is overlooked."""
    for document in reversed(site.versions):
        last_day = document["effective"].get("to") or "9999"
        if document["status"] == "approved" and last_day < site.month.period.last.isoformat():
            words = f"version {document['version']} billed beyond {document['effective']['to']}"
            yield from by_documents(site, words, _open_ended(document))


def _open_ended(document: Document) -> DocumentEdit:
    def open_up(one: Document) -> Document:
        if one["version"] != document["version"]:
            return one
        return one | {"effective": {name: day for name, day in one["effective"].items() if name != "to"}}

    return open_up


ERRORS = (
    PlantedError("stale_version", "an older approved version billed", stale),
    PlantedError("amendment_all_period", "an amendment applied to the whole month", all_period),
    PlantedError("amendment_backdated", "an amendment applied before it took effect", backdated),
    PlantedError("unapproved_version", "a version that was never approved billed", unapproved),
    PlantedError("expired_version", "a version billed after its last day", expired),
)
