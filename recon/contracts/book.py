"""All versions of all contracts; which is in force on a date, as known at an instant (RULES 2.2 to 2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypeVar

from recon.contracts.terms import ContractVersion, Effective

ONE_DAY = timedelta(days=1)


class Dates(NamedTuple):
    """The dates of a version, both inclusive; `last` None: open-ended."""

    first: date
    last: date | None


class Dated(Protocol):
    """What tells when a version is in force."""

    @property
    def contract(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def is_approved(self) -> bool: ...
    @property
    def effective(self) -> Effective | Dates: ...


V = TypeVar("V", bound=Dated)


@dataclass(frozen=True)
class Span(Generic[V]):
    """Dates on which one version is in force, from `first` up to but without `end` (None: open-ended)."""

    contract: str
    first: date
    end: date | None
    version: V


@dataclass(frozen=True)
class Book:
    """The contract book: every version, approved or not, in the order of contract and number."""

    versions: tuple[ContractVersion, ...]
    _of: dict[str, tuple[ContractVersion, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.versions, key=lambda one: (one.contract, one.version)))
        object.__setattr__(self, "versions", ordered)
        grouped: dict[str, tuple[ContractVersion, ...]] = {}
        for one in ordered:
            grouped[one.contract] = (*grouped.get(one.contract, ()), one)
        object.__setattr__(self, "_of", grouped)

    @property
    def contracts(self) -> tuple[str, ...]:
        """Ids of all contracts, sorted."""
        return tuple(self._of)

    def versions_of(self, contract: str) -> tuple[ContractVersion, ...]:
        """Every version of a contract by number; none for an unknown contract."""
        return self._of.get(contract, ())

    @cached_property
    def live(self) -> tuple[ContractVersion, ...]:
        """Versions that are or may come in force."""
        return tuple(one for one in self.versions if is_live(one))

    def version(self, contract: str, number: int) -> ContractVersion | None:
        """The version of that number."""
        return next((one for one in self.versions_of(contract) if one.version == number), None)

    def known_at(self, instant: int | None) -> Book:
        """The approved versions alone: those approved at or before an instant (µs, UTC), or all of them (2.2)."""
        return Book(tuple(one for one in self.versions if _is_known(one, instant)))

    def in_force(self, contract: str, day: date) -> ContractVersion | None:
        """The highest-numbered approved version whose dates hold the day; None under a termination (2.2, 2.3)."""
        return on_date(self.versions_of(contract), day)

    def spans(self, contract: str) -> tuple[Span[ContractVersion], ...]:
        """The contract's calendar in maximal pieces of one version each, in date order, gaps left out."""
        return self._spans.get(contract, ())

    @cached_property
    def _spans(self) -> dict[str, tuple[Span[ContractVersion], ...]]:
        return {contract: pieces(self._of[contract]) for contract in self.contracts}


def on_date(versions: Iterable[V], day: date) -> V | None:
    """Of one contract's versions by number, the one in force on a date (2.2, 2.3)."""
    found = None
    for one in versions:
        if one.is_approved and covers(one, day):
            found = one
    return None if found is None or found.kind == "termination" else found


def pieces(versions: Sequence[V]) -> tuple[Span[V], ...]:
    """The calendar of one contract, whose versions come by number, in maximal pieces of one version each."""
    cuts = _bounds(versions)
    spans: list[Span[V]] = []
    for first, end in zip(cuts, [*cuts[1:], None], strict=False):
        version = on_date(versions, first)
        if version is None:
            continue
        if spans and spans[-1].end == first and spans[-1].version is version:
            spans[-1] = replace(spans[-1], end=end)
        else:
            spans.append(Span(version.contract, first, end, version))
    return tuple(spans)


def _bounds(versions: Iterable[Dated]) -> list[date]:
    """Every date on which the version in force can change."""
    approved = [one.effective for one in versions if one.is_approved]
    starts = {dates.first for dates in approved}
    return sorted(starts | {dates.last + ONE_DAY for dates in approved if dates.last is not None})


def is_live(version: ContractVersion) -> bool:
    """Whether a version is or may come in force: not a rejected or withdrawn one."""
    return version.status not in ("rejected", "withdrawn")


def covers(version: Dated, day: date) -> bool:
    """Whether a day lies within a version's dates, both ends inclusive (2.2)."""
    last = version.effective.last
    return version.effective.first <= day and (last is None or day <= last)


def _is_known(version: ContractVersion, instant: int | None) -> bool:
    at = version.approved_at
    return at is not None and (instant is None or at <= instant)
