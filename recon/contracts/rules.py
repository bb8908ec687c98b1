"""Clauses of a partner's own: named rules that a package brings, priced like the built-in ones (RULES 9).

A package registers a `Rule` as an entry point of the group `recon.rules`; it is found by its metadata, never by import.
A rule is a pure function of the contract's month and of the clause's parameters. It hands back steps, each a quantity
times one of the parameters, so that the amount is what its workings come to and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, NamedTuple

GROUP = "recon.rules"
NUMBER = r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?"  # as every clause writes one
NAME = r"[a-z][a-z0-9_]{0,59}"
TAKEN = ("bonus", "minimum", "hold", "release", "forfeit")  # lines `_bonus`, `_minimum` … are the built-in clauses'
_EARNED = ("charge", "payout")


@dataclass(frozen=True)
class Parameters(Mapping[str, str]):
    """What a contract says beside a rule's name, in the order in which it stands there."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, key: str) -> str:
        return dict(self.pairs)[key]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def is_number(self, key: str) -> bool:
        """Whether a parameter is there and is a number as contracts write them, not negative."""
        return re.fullmatch(NUMBER, self.get(key, "")) is not None

    def number(self, key: str) -> Fraction:
        """A parameter as an exact number; ValueError where it is none.

        >>> Parameters((("amount", "2.50"),)).number("amount")
        Fraction(5, 2)
        """
        if not self.is_number(key):
            raise ValueError(f"{key}: a number such as 22.50, not {self.get(key, 'nothing')!r}")
        return Fraction(self[key])


class RuleLine(NamedTuple):
    """An expected line of the month as a rule sees it: units, and the amount in major units, rounded once."""

    item: str
    kind: str
    quantity: Fraction
    amount: Fraction


@dataclass(frozen=True)
class RuleMonth:
    """A contract's month as a rule sees it: its expected lines before any rule, and how long it was in force.

    `period` is a month `YYYY-MM` in the contract's zone, `days` of its `of_days` days are in force.
    """

    contract: str
    period: str
    direction: Literal["charge", "payout"]
    currency: str
    lines: tuple[RuleLine, ...]
    days: int
    of_days: int

    def quantity(self, *items: str) -> Fraction:
        """Billable units or payable conversions (Σ shares) of these items, of all where none is named."""
        return sum((one.quantity for one in self._earned(items)), Fraction(0))

    def amount(self, *items: str) -> Fraction:
        """What these items' lines of the contract's direction come to, of all where none is named."""
        return sum((one.amount for one in self._earned(items)), Fraction(0))

    def _earned(self, items: Sequence[str]) -> Iterator[RuleLine]:
        return (one for one in self.lines if one.kind in _EARNED and (not items or one.item in items))


@dataclass(frozen=True)
class RuleStep:
    """One step of a rule: quantity × the parameter `rate` / `per`; without a quantity it tells something in words.

    `per` is 100 where the parameter is a percentage, 1000 where it is a price per thousand.
    """

    words: str
    quantity: Fraction | None = None
    rate: str = ""
    per: Literal[1, 100, 1000] = 1


class RuleContract(NamedTuple):
    """The version that a rule stands in, as its check sees it; `items` in document order."""

    direction: Literal["charge", "payout"]
    model: Literal["cpm", "cpa"]
    currency: str
    items: tuple[str, ...]


class RuleFault(NamedTuple):
    """A parameter that a rule can't work with, and what it expects in its place."""

    key: str
    expected: str


RuleCheck = Callable[[Parameters, RuleContract], Iterable[RuleFault]]


@dataclass(frozen=True)
class Rule:
    """A named rule: its text as the contract means it, where it is agreed, its price and the check of its parameters.

    `price` may not look at anything but its two arguments; it is called again for every what-if and diagnosis.
    """

    name: str
    text: str
    reference: str
    price: Callable[[RuleMonth, Parameters], Sequence[RuleStep]]
    check: RuleCheck

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name) or self.name in TAKEN:
            raise ValueError(f"{self.name!r} is no name for a rule: small letters, digits and _, none of {TAKEN}")
        if not self.text.strip():
            raise ValueError(f"the rule {self.name} needs a text")


@dataclass(frozen=True)
class Installed:
    """A rule and the package that brings it."""

    rule: Rule
    distribution: str
    version: str

    @property
    def text_sha256(self) -> str:
        """SHA-256 of the rule's text, to which a sign-off is bound."""
        return hashlib.sha256(self.rule.text.encode()).hexdigest()


@cache
def installed(name: str) -> Installed:
    """The installed rule of a name; ValueError that says what was expected, where there is none or more than one."""
    found = [one for one in entry_points(group=GROUP) if one.name == name]
    if not found:
        raise ValueError(f"the name of an installed rule ({', '.join(rule_names()) or 'none is installed'})")
    if len(found) > 1:
        packages = " and ".join(sorted(_distribution(one)[0] for one in found))
        raise ValueError(f"a rule of one package alone, not of {packages}")
    return Installed(_loaded(found[0]), *_distribution(found[0]))


def rule_names() -> list[str]:
    """The names of all installed rules, sorted."""
    return sorted({one.name for one in entry_points(group=GROUP)})


def _loaded(entry: EntryPoint) -> Rule:
    try:
        rule = entry.load()
    except Exception as error:  # whatever a foreign package does when it is imported, its name must be told
        raise ValueError(f"a rule that can be loaded from {entry.value}: {error}") from error
    if not isinstance(rule, Rule) or rule.name != entry.name:
        raise ValueError(f"a Rule named {entry.name} at {entry.value}")
    return rule


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist is not None else ("", "")
