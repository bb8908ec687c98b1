"""Which changes between two versions are told together: an act, an item, a list, a price, or a clause by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from recon.contracts.clauses import HEAD, NONE, Change, differences, texts_of
from recon.contracts.phrases import UNIT
from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms

LISTS = ("caps", "bonus")
NAMED_LISTS = ("items", "fixed_fees", "rules")
DOCUMENT_ORDER = list(dict.fromkeys([*HEAD, *CpaTerms.model_fields, *CpmTerms.model_fields]))
PRICING = re.compile(r"(rates|tiers|flat|percent_of_sale|min|max)(\W.*)?")
SHAPE = re.compile(r".*\b(when|over|from)")


@dataclass(frozen=True)
class Subject:
    """What a sentence is about: the act itself, or a place in the contract and what happened there."""

    kind: Literal["act", "paper", "list", "order", "entry", "price", "group", "clause"]
    path: str = ""

    @property
    def top(self) -> str:
        """The clause of the contract it lies in."""
        return top_of(self.path)

    @property
    def is_price(self) -> bool:
        """Whether it is about what a unit costs."""
        is_rate = self.top == "items" and self.path.rpartition(".")[2] in UNIT
        return self.kind == "price" or is_rate or (self.kind == "entry" and self.top == "items")

    @property
    def rank(self) -> tuple[bool, int]:
        """Prices first, then the order of the document."""
        return (False, 0) if self.is_price else (True, DOCUMENT_ORDER.index(self.top))


@dataclass(frozen=True)
class Pair:
    """Two versions and their clauses as texts."""

    before: ContractVersion
    after: ContractVersion

    @cached_property
    def was(self) -> dict[str, str]:
        return texts_of(self.before)

    @cached_property
    def now(self) -> dict[str, str]:
        return texts_of(self.after)

    @cached_property
    def is_act(self) -> bool:
        """Whether a version of another kind or from another day follows, not the same one edited."""
        return any(self.was[path] != self.now[path] for path in ("kind", "effective.from"))

    def by_subject(self) -> dict[Subject, tuple[Change, ...]]:
        """Every change under the one subject that it is told with."""
        gathered: dict[Subject, tuple[Change, ...]] = {}
        found = differences(self.before, self.after)
        for change in sorted(found, key=lambda one: one.path in NAMED_LISTS):  # items stand where their clauses do
            subject = self._subject(change.path)
            gathered[subject] = (*gathered.get(subject, ()), change)
        return gathered

    def _subject(self, path: str) -> Subject:
        top = top_of(path)
        if path in ("kind", "effective.from") or self._is_of_act(path, top):
            return Subject("act")
        if top == "document":
            return Subject("paper", top)
        if top in LISTS:
            return Subject("list", top)
        return self._of_named_list(path, top) if top in NAMED_LISTS else self._by_itself(path)

    def _is_of_act(self, path: str, top: str) -> bool:
        """A termination ends all terms, a resumption brings all of them back, a renewal has its own end."""
        if self.before.terms is None or self.after.terms is None:
            is_told = top in HEAD and top not in ("effective", "renewal")
            return not is_told and not (top == "items" and self.after.terms is not None)
        return path == "effective.to" and self.after.kind == "renewal" and self.is_act

    def _of_named_list(self, path: str, top: str) -> Subject:
        old, new = names(self.before, top), names(self.after, top)
        moved = [f"{top}[{name}]" for name in [*new, *old] if (name in old) != (name in new)]
        if path == top:
            has_new_order = [name for name in old if name in new] != [name for name in new if name in old]
            if has_new_order:
                return Subject("order", top)
            return Subject("entry", moved[0]) if moved else Subject("clause", top)
        entry = entry_of(path, [*old, *new])
        if entry in moved:
            return Subject("entry", entry)
        is_price = top == "items" and PRICING.fullmatch(path[len(entry) + 1 :]) and self._is_reshaped(entry)
        return Subject("price", entry) if is_price else self._by_itself(path)

    def _is_reshaped(self, entry: str) -> bool:
        """Whether an item is priced in another way, so that its rates can't be told one beside the other."""
        return _shape(within(self.was, entry)) != _shape(within(self.now, entry))

    def _by_itself(self, path: str) -> Subject:
        """A clause, or the group around it where that came or went as a whole."""
        ends = [found.start() for found in re.finditer(r"[.\[]|$", path)]
        gone = (path[:end] for end in ends if NONE in (self.was.get(path[:end]), self.now.get(path[:end])))
        group = next((one for one in gone if within(self.was, one) or within(self.now, one)), None)
        return Subject("clause", path) if group is None else Subject("group", group)


def names(version: ContractVersion, top: str) -> tuple[str, ...]:
    """The names of a version's items, fixed fees or rules."""
    key = "rule" if top == "rules" else "item"
    return tuple(getattr(entry, key) for entry in getattr(version.terms, top, ()))


def entry_of(path: str, known: Iterable[str]) -> str:
    """The entry of a named list that a path lies in: `items[RUN]`."""
    top = top_of(path)
    found = (f"{top}[{name}]" for name in known)
    return max((one for one in found if path == one or path.startswith(f"{one}.")), key=len)


def top_of(path: str) -> str:
    """The first key of a path."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def within(said: Mapping[str, str], group: str) -> dict[str, str]:
    """The clauses within a group, by their paths in it."""
    return {path[len(group) + 1 :]: text for path, text in said.items() if path.startswith(f"{group}.")}


def _shape(said: Mapping[str, str]) -> dict[str, str]:
    """How an item is priced, without the prices: its conditions, thresholds and kinds of price."""
    priced = (path for path in said if PRICING.fullmatch(path))
    return {path: said[path] if SHAPE.fullmatch(path) else "" for path in priced}
