"""A version clause by clause, as text: what was stated, which defaults were used, what changed (RULES 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from recon import money
from recon.contracts.rules import Parameters
from recon.contracts.terms import NOT_FOR_CPA_PAYOUTS, ContractVersion, CpaItem, CpaTerms, Term, When, key_of

HEAD = ("kind", "counterparty", "direction", "currency", "timezone", "effective", "renewal", "document")
ONLY_FOR_PAYOUTS = ("partner", "minimum_payout")
NONE = "none"


@dataclass(frozen=True)
class Clause:
    """One clause: its path below `terms` (items by name), its value as text, whether it is an unstated default."""

    path: str
    value: str
    is_default: bool


@dataclass(frozen=True)
class Change:
    """A clause that differs between two versions; empty where it does not stand."""

    path: str
    before: str
    after: str


def clauses(version: ContractVersion) -> tuple[Clause, ...]:
    """Every clause of the terms in the order of the model, used defaults among them; a termination has none."""
    if version.terms is None:
        return ()
    foreign = NOT_FOR_CPA_PAYOUTS if version.direction == "payout" else ONLY_FOR_PAYOUTS
    left_out = set(foreign) if isinstance(version.terms, CpaTerms) else set()
    return tuple(clause for clause in _of_term(version.terms, "", False) if clause.path not in left_out)


def differences(before: ContractVersion, after: ContractVersion) -> tuple[Change, ...]:
    """What differs in identity, dates and terms; a default stated is no difference, nor are status and history."""
    old, new = texts_of(before), texts_of(after)
    paths = list(dict.fromkeys([*new, *old]))
    return tuple(Change(path, old.get(path, ""), new.get(path, "")) for path in paths if old.get(path) != new.get(path))


def texts_of(version: ContractVersion) -> dict[str, str]:
    """Identity, dates and terms as texts by their paths: what is compared between two versions."""
    return {clause.path: clause.value for clause in (*head_clauses(version), *clauses(version))}


def head_clauses(version: ContractVersion) -> tuple[Clause, ...]:
    """What stands above the terms, without id, number, status and history."""
    unstated = {name for name in HEAD if name not in version.model_fields_set}
    return tuple(
        clause for name in HEAD for clause in _of_value(getattr(version, name), name, is_default=name in unstated)
    )


def _of_term(term: Term, path: str, is_default: bool) -> Iterator[Clause]:
    alternatives = {name for names in term.one_of for name in names}
    if isinstance(term, CpaItem) and term.percent_of_sale is None:
        alternatives |= {"min", "max"}
    for name in type(term).model_fields:
        value = getattr(term, name)
        if (value is None and name in alternatives) or name == "item":
            continue  # another alternative was chosen; an item's name stands in its path
        key = f"{path}.{key_of(type(term), name)}".lstrip(".")
        yield from _of_value(value, key, is_default or name not in term.model_fields_set)


def _of_value(value: Any, path: str, is_default: bool) -> Iterator[Clause]:
    if isinstance(value, When):
        yield Clause(path, _condition(value), is_default)
    elif isinstance(value, Term):
        yield from _of_term(value, path, is_default)
    elif isinstance(value, tuple) and value and isinstance(value[0], Term):
        if hasattr(value[0], "item") or hasattr(value[0], "rule"):
            names = tuple(_name_of(entry, 0) for entry in value)
            yield Clause(path, text_of(names), is_default)  # the order of items matters
        for index, entry in enumerate(value):
            yield from _of_value(entry, f"{path}[{_name_of(entry, index)}]", is_default)
    elif isinstance(value, Parameters) and value:
        yield from (Clause(f"{path}.{key}", said, is_default) for key, said in value.items())
    else:
        yield Clause(path, text_of(value), is_default)


def _name_of(entry: Term, index: int) -> str:
    """What an entry of a list is called by: its item, its rule, else its place."""
    return str(getattr(entry, "item", getattr(entry, "rule", index)))


def _condition(when: When) -> str:
    """A condition in a line: `geo US, CA; device ctv`."""
    return "; ".join(f"{name} {', '.join(values)}" for name, values in when.conditions) or "always"


def text_of(value: Any) -> str:
    """A clause's value as people read it."""
    if value is None or value == () or (isinstance(value, Parameters) and not value):
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(entry) for entry in value)
    if isinstance(value, Decimal):
        return money.plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)
