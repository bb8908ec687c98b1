"""What a recomputation believes: contracts, clock, rates, balances, how events are read; an edit makes another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from recon.contracts.book import Book
from recon.contracts.terms import AnyTerms, ContractVersion, CpaTerms, CpmTerms
from recon.expect import LockedBefore, SignedOff, nothing_locked
from recon.inputs.rows import OpeningBalance, ThirdPartyCount
from recon.observe import Scope

NONE = Decimal(0)
FxRow = tuple[date, str, str, Decimal]
Ignored = Literal[
    "duplicate", "test", "fraud", "late", "late_event", "late_conversion", "test_conversion", "repeated_row", "reversal"
]


class LineKey(NamedTuple):
    """What a contract's lines of a period are known by."""

    item: str
    kind: str
    currency: str


class Priced(NamedTuple):
    """A line's quantity and amount; nothing where there is no line."""

    quantity: Decimal = NONE
    amount: Decimal = NONE


Lines = dict[LineKey, Priced]
NO_LINE = Priced()


@dataclass(frozen=True)
class Replay:
    """Events of one UTC day (days since 1970) or file (its number), read `times` times: not at all, or twice."""

    dataset: Literal["impressions", "clicks", "conversions"]
    by: Literal["utc_day", "file_number"]
    value: int
    times: int


@dataclass(frozen=True)
class Reading:
    """How events are read: marks not looked at, an earlier cut-off (µs), a day or file left out or doubled.

    Partial reversals of conversions from `twice_from` (µs) on count twice.
    """

    ignored: frozenset[Ignored] = frozenset()
    cutoff: int | None = None
    replay: Replay | None = None
    twice_from: int | None = None

    def without(self, *marks: Ignored) -> Reading:
        """The same, with marks not looked at."""
        return replace(self, ignored=self.ignored | set(marks))


@dataclass(frozen=True)
class World:
    """Everything that an amount follows from, beside the observations.

    `every` are all versions, whatever their status; `after` are errors on finished lines, in their order,
    and `root` the world without them.
    """

    book: Book
    every: Book
    scope: Scope
    fx_rates: tuple[FxRow, ...] = ()
    third_party: tuple[ThirdPartyCount, ...] = ()
    opening_balances: tuple[OpeningBalance, ...] = ()
    locked: LockedBefore = nothing_locked
    signed: SignedOff = field(default_factory=SignedOff)
    reading: Reading = field(default_factory=Reading)
    rounds_parts: bool = False
    after: tuple[Callable[[Lines], Lines], ...] = ()
    root: World | None = None

    def versions(self, contract: str) -> tuple[ContractVersion, ...]:
        """The versions of a contract that are approved and known."""
        return self.book.versions_of(contract)

    def terms(self, contract: str) -> tuple[AnyTerms, ...]:
        """The terms of those versions."""
        return tuple(one.terms for one in self.versions(contract) if one.terms is not None)

    def is_cpa(self, contract: str) -> bool:
        """Whether the contract is priced per action."""
        return any(isinstance(one.terms, CpaTerms) for one in self.every.versions_of(contract))

    def rivals(self, contract: str) -> tuple[str, ...]:
        """The payout contracts of the same program, itself among them; none for another kind of contract."""
        programs = {one.program for one in self.terms(contract) if isinstance(one, CpaTerms)}
        own = self.versions(contract)
        if not programs or own[-1].direction != "payout":
            return ()
        found = (one for one in self.book.versions if one.direction == "payout" and isinstance(one.terms, CpaTerms))
        return tuple(
            sorted({one.contract for one in found if isinstance(one.terms, CpaTerms) and one.terms.program in programs})
        )

    def with_versions(self, contract: str, versions: Iterable[ContractVersion]) -> World:
        """The world in which a contract has these versions."""
        others = (one for one in self.book.versions if one.contract != contract)
        return self.but(book=Book((*others, *versions)))

    def with_terms(self, contract: str, change: Callable[[AnyTerms], AnyTerms]) -> World | None:
        """The world in which every version of a contract has changed terms; None where none changes."""
        changed = tuple(changed_terms(one, change) for one in self.versions(contract))
        if all(one is other for one, other in zip(changed, self.versions(contract), strict=True)):
            return None
        return self.with_versions(contract, changed)

    def but(self, **changes: Any) -> World:
        """The world with other beliefs; errors on finished lines stay."""
        root = None if self.root is None else self.root.but(**changes)
        return replace(self, **changes, root=root)

    def reads(self, reading: Reading) -> World:
        """The world in which events are read otherwise."""
        return self.but(reading=reading)

    def on_lines(self, change: Callable[[Lines], Lines]) -> World:
        """The world in which finished lines are changed once more."""
        return replace(self, after=(*self.after, change), root=self.root or self)


def changed_terms(version: ContractVersion, change: Callable[[AnyTerms], AnyTerms]) -> ContractVersion:
    """A version with other terms; the very same where the change leaves them as they are."""
    if version.terms is None:
        return version
    terms = change(version.terms)
    return version if terms == version.terms else version.model_copy(update={"terms": terms})


def items_of(world: World, contract: str) -> Iterator[str]:
    """The items of a contract, each once, in the order of its versions."""
    listed = [item.item for one in world.terms(contract) if isinstance(one, CpmTerms | CpaTerms) for item in one.items]
    yield from dict.fromkeys(listed)
