"""Every number that prices something in a contract, where it stands, and the terms with another one in its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recon.contracts.terms import ContractVersion, CpaItem, CpaTerms, CpmItem, CpmTerms
from recon.diagnose.world import World, changed_terms

PRICES = ("per_mille", "flat", "percent_of_sale")


@dataclass(frozen=True)
class RatePlace:
    """A rate: the versions that state it, its item, its path below the item, and its value."""

    item: str
    path: str
    value: Decimal
    versions: tuple[int, ...]
    is_one_of_many: bool = False  # whether other versions state the same there

    @property
    def words(self) -> str:
        only = f", in v{self.versions[0]} alone" if self.is_one_of_many else ""
        return f"{self.item} {self.path}{only}"


def rates_of(world: World, contract: str) -> list[RatePlace]:
    """The rates of a contract: in all versions that state the same in the same place, then in each of those alone."""
    found: dict[tuple[str, str, Decimal], list[int]] = defaultdict(list)
    for one in world.versions(contract):
        for item in one.terms.items if isinstance(one.terms, CpmTerms | CpaTerms) else ():
            for path, value in _prices(item):
                found[item.item, path, value].append(one.version)
    places = [RatePlace(*place, tuple(versions)) for place, versions in found.items()]
    return places + [
        RatePlace(*place, (version,), True)
        for place, versions in found.items()
        if len(versions) > 1
        for version in versions
    ]


def _prices(item: Any) -> Iterator[tuple[str, Decimal]]:
    for path, group in _groups(item):
        for name in PRICES:
            value = getattr(group, name, None)
            if value is not None:
                yield f"{path}{name}", value


def _groups(item: Any) -> Iterator[tuple[str, Any]]:
    """The groups of clauses that state prices: rows, the item itself, steps of tiers."""
    rows = [(f"rates[{n}].", row) for n, row in enumerate(item.rates)] if isinstance(item, CpmItem) else [("", item)]
    for path, row in rows:
        if row.tiers is None:
            yield path, row
        else:
            yield from ((f"{path}tiers.steps[{n}].", step) for n, step in enumerate(row.tiers.steps))


def at_rate(version: ContractVersion, place: RatePlace, typed: Decimal) -> ContractVersion:
    """A version with another number in a rate's place; the same where the place is in others."""
    return (
        changed_terms(version, lambda terms: _typed(terms, place, typed))
        if version.version in place.versions
        else version
    )


def _typed(terms: Any, place: RatePlace, typed: Decimal) -> Any:

    def change(path: str, value: Decimal) -> Decimal:
        return typed if (path, value) == (place.path, place.value) else value

    items = tuple(_priced(one, change) if one.item == place.item else one for one in terms.items)
    return terms.model_copy(update={"items": items})


def scaled(terms: Any, power: int, item: str | None = None) -> Any:
    """The terms with every rate (of one item) moved by powers of ten."""
    items = tuple(
        _priced(one, lambda path, value: value.scaleb(power)) if item in (None, one.item) else one
        for one in terms.items
    )
    return terms.model_copy(update={"items": items})


def _priced(item: Any, change: Callable[[str, Decimal], Decimal]) -> Any:
    if isinstance(item, CpmItem):
        rates = tuple(_row(one, f"rates[{n}].", change) for n, one in enumerate(item.rates))
        return item.model_copy(update={"rates": rates})
    assert isinstance(item, CpaItem)
    return _row(item, "", change)


def _row(row: Any, path: str, change: Callable[[str, Decimal], Decimal]) -> Any:
    if row.tiers is None:
        return _changed(row, path, change)
    steps = tuple(_changed(one, f"{path}tiers.steps[{n}].", change) for n, one in enumerate(row.tiers.steps))
    return row.model_copy(update={"tiers": row.tiers.model_copy(update={"steps": steps})})


def _changed(group: Any, path: str, change: Callable[[str, Decimal], Decimal]) -> Any:
    stated = {name: getattr(group, name, None) for name in PRICES}
    update = {name: change(f"{path}{name}", value) for name, value in stated.items() if value is not None}
    return group.model_copy(update=update)
