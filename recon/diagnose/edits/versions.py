"""Which version was billed: an older one, one too early, one that was not approved, one that had ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from recon.contracts.terms import ContractVersion, Effective
from recon.diagnose.edits.edit import Asked, Change, Edit, on_versions
from recon.diagnose.world import World
from recon.period import local_date

UNAPPROVED = ("draft", "submitted", "rejected", "withdrawn")


def stale_version(asked: Asked) -> Iterator[Edit]:
    """Later versions were never loaded, or an older one prices the whole period."""
    numbers = [one.version for one in asked.versions]
    for number in reversed(numbers[:-1]):
        words = f"no version after v{number} is known"
        yield Edit("stale_version", words, _up_to(asked.contract, number), "effective")
    numbers = [one.version for one in asked.versions if one.kind != "termination"]
    for number in reversed(numbers[:-1]):
        words = f"v{number} holds throughout, whatever follows it"
        yield Edit("stale_version", words, _alone(asked.contract, number), "effective")


def amendment_all_period(asked: Asked) -> Iterator[Edit]:
    """An amendment of this period prices all of it."""
    first = asked.world.scope.period.first
    for one in asked.versions:
        if first < one.effective.first <= asked.world.scope.period.last:
            yield _dated(asked, "amendment_all_period", one, first)


def amendment_backdated(asked: Asked) -> Iterator[Edit]:
    """An amendment holds from the day on which it was written, submitted or approved."""
    for one in asked.versions:
        days = {local_date(entry.at, one.timezone) for entry in one.history}
        for day in sorted(day for day in days if day < one.effective.first):
            yield _dated(asked, "amendment_backdated", one, day)


def _dated(asked: Asked, code: str, version: ContractVersion, day: date) -> Edit:
    words = f"v{version.version} holds from {day}, not from {version.effective.first}"
    return Edit(code, words, _from(asked.contract, version.version, day), "effective.from")


def unapproved_version(asked: Asked) -> Iterator[Edit]:
    """A version that nobody approved, or that was not known yet, is in force."""
    approved = {one.version for one in asked.versions}
    for one in asked.world.every.versions_of(asked.contract):
        if one.version not in approved:
            words = f"v{one.version} ({one.status}) is taken for approved"
            yield Edit("unapproved_version", words, _approving(asked.contract, one), "status")


def expired_version(asked: Asked) -> Iterator[Edit]:
    """A version goes on after its last day, or after its termination."""
    last = asked.world.scope.period.last
    for one in asked.versions:
        if one.effective.last is not None and one.effective.last < last:
            words = f"v{one.version} goes on after {one.effective.last}"
            yield Edit("expired_version", words, _open_ended(asked.contract, one.version), "effective.to")
        if one.kind == "termination" and one.effective.first <= last:
            words = f"the termination v{one.version} from {one.effective.first} is not known"
            yield Edit("expired_version", words, _without(asked.contract, one.version), "effective.from")


def _up_to(contract: str, number: int) -> Change:
    return on_versions(contract, lambda one: one if one.version <= number else None)


def _without(contract: str, number: int) -> Change:
    return on_versions(contract, lambda one: one if one.version != number else None)


def _alone(contract: str, number: int) -> Change:
    """That version alone, without an end and from its own start."""

    def change(one: ContractVersion) -> ContractVersion | None:
        if one.version != number:
            return None if one.version > number else one
        return _effective(one, one.effective.first, None)

    return on_versions(contract, change)


def _from(contract: str, number: int, day: date) -> Change:
    return on_versions(contract, lambda one: _effective(one, day, one.effective.last) if one.version == number else one)


def _open_ended(contract: str, number: int) -> Change:
    return on_versions(
        contract, lambda one: _effective(one, one.effective.first, None) if one.version == number else one
    )


def _effective(one: ContractVersion, first: date, last: date | None) -> ContractVersion:
    if (first, last) == (one.effective.first, one.effective.last):
        return one
    return one.model_copy(update={"effective": Effective.model_construct(first=first, last=last)})


def _approving(contract: str, version: ContractVersion) -> Change:
    def change(world: World) -> World | None:
        if any(one.version == version.version for one in world.versions(contract)):
            return None
        approved = version.model_copy(update={"status": "approved"})
        return world.with_versions(contract, (*world.versions(contract), approved))

    return change
