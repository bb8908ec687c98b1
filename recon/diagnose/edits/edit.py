"""What an edit is, and the small changes of contracts that most edits are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from recon.contracts.terms import AnyTerms, ContractVersion, CpaItem, CpaTerms, CpmItem, CpmTerms
from recon.diagnose.world import Ignored, Lines, World

Change = Callable[[World], World | None]
Item = TypeVar("Item", CpmItem, CpaItem)


@dataclass(frozen=True)
class Edit:
    """A change of the world for one contract; `words` say it, `kind` names it alike in every contract.

    The change gives None in a world where it changes nothing. `clause` is the path it is about, below `terms`. Edits
    of one `series` (an item and a path) put one `value` after the other into the same place.
    """

    code: str
    words: str
    change: Change = field(compare=False)
    clause: str = ""
    kind: str = ""
    series: tuple[str, str] = ("", "")
    value: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not self.kind:
            object.__setattr__(self, "kind", self.words)


@dataclass(frozen=True)
class Asked:
    """What an edit may look at to list its parameters: never an amount that was billed.

    `expected` are our lines, `billed_currencies` the labels on the statement; `days` gives the UTC days and files from
    which a dataset's events of the contract come, `file_name` the name of a file by its number.
    """

    world: World
    contract: str
    expected: Lines
    days: Callable[[str], tuple[Sequence[int], Sequence[int]]]
    file_name: Callable[[int], str]
    billed_currencies: frozenset[str] = frozenset()

    @property
    def versions(self) -> tuple[ContractVersion, ...]:
        """The contract's approved versions."""
        return self.world.versions(self.contract)

    @property
    def is_cpa(self) -> bool:
        return self.world.is_cpa(self.contract)

    def cpa_terms(self) -> list[CpaTerms]:
        """The terms of its versions, if they are per action."""
        return [one for one in self.world.terms(self.contract) if isinstance(one, CpaTerms)]

    def cpm_terms(self) -> list[CpmTerms]:
        """The terms of its versions, if they are per mille."""
        return [one for one in self.world.terms(self.contract) if isinstance(one, CpmTerms)]


@dataclass(frozen=True)
class Cause:
    """An entry of the table: a code, what it means for finance, and the edits it can be in a contract.

    `text` completes "The billing system …"; `is_on_line` marks errors on finished lines, which any amount may look
    like and which are named after those that say why.
    """

    code: str
    area: str
    text: str
    edits: Callable[[Asked], Iterator[Edit]]
    is_on_line: bool = False


def on_terms(contract: str, change: Callable[[Any], AnyTerms]) -> Change:
    """The change of every version's terms."""
    return lambda world: world.with_terms(contract, change)


def setting(contract: str, **clauses: Any) -> Change:
    """The change of clauses at the top of the terms."""
    return on_terms(contract, lambda terms: terms.model_copy(update=clauses))


def setting_attribution(contract: str, **clauses: Any) -> Change:
    """The change of clauses of attribution."""

    def change(terms: CpaTerms) -> CpaTerms:
        return terms.model_copy(update={"attribution": terms.attribution.model_copy(update=clauses)})

    return on_terms(contract, change)


def on_items(contract: str, change: Callable[[Any], Any]) -> Change:
    """The change of every item of every version."""
    return on_terms(
        contract, lambda terms: terms.model_copy(update={"items": tuple(change(one) for one in terms.items)})
    )


def on_versions(contract: str, change: Callable[[ContractVersion], ContractVersion | None]) -> Change:
    """The change of versions themselves; None leaves one out."""

    def changed(world: World) -> World | None:
        before = world.versions(contract)
        after = [change(one) for one in before]
        if all(one is other for one, other in zip(before, after, strict=True)):
            return None
        return world.with_versions(contract, [one for one in after if one is not None])

    return changed


def not_looking_at(*marks: Ignored) -> Change:
    """The change of reading in which marks of events are not looked at."""
    return lambda world: world.reads(world.reading.without(*marks))
