"""One contract of the book: what was done to it and by whom, what each version changed, and its clauses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from recon.contracting import history_words
from recon.contracting.questions import before
from recon.contracts.clauses import clauses, head_clauses
from recon.contracts.terms import ContractVersion
from recon.contracts.wording import difference_words
from recon.review.kept import ContractBook
from recon.review.words import literal

CLAUSE_COLUMNS = ["clause", "value", "stated"]
NO_CHOICE = "*No contract chosen: choose a row above or a bar of the timeline.*"


def known_contract(kept: ContractBook, contract: str | None) -> str | None:
    """The contract that is chosen, where it is kept."""
    return contract if contract in kept.book.contracts else None


def chosen_contract(row: Any) -> str | None:
    """The contract of a row that is chosen in a table; None where none is."""
    return None if row is None or row.empty else str(row["contract"].iloc[0])


def clicked_contract(selections: Any) -> str | None:
    """The contract of the bar that is clicked in the timeline; None where none is."""
    for fields in selections.values():
        points = fields.get("vlPoint", {}).get("or") or [{name: values[0] for name, values in fields.items() if values}]
        named = [str(point["contract"]) for point in points if point.get("contract")]
        if named:
            return named[0]
    return None


def contract_heading(kept: ContractBook, contract: str) -> str:
    """A chosen contract by its name and counterparty."""
    return f"## {literal(contract)}\n\n{literal(kept.party(contract))}"


def contract_history(kept: ContractBook, contract: str) -> str:
    """What was done to a contract's versions, by whom, when and why, in Markdown."""
    lines = [_history_line(line) for line in history_words(kept.workspace, contract)]
    return "\n".join(["### History", "", *lines])


def _history_line(line: str) -> str:
    """A version in bold without what it changed, which stands beside; an act as a point of a list."""
    if line.startswith("  "):
        return f"- {literal(line.strip())}"
    return f"\n**{literal(line.partition(': ')[0])}**\n"


def contract_changes(kept: ContractBook, contract: str) -> str:
    """What each version of a contract changed, in sentences, the newest first (Markdown)."""
    known = kept.book.versions_of(contract)
    told = [line for version in reversed(known) for line in _changes(known, version)]
    return "\n".join(["### What each version changed", "", *told])


def _changes(known: tuple[ContractVersion, ...], version: ContractVersion) -> Iterator[str]:
    was = before(known, version)
    if was is None:
        yield f"\n**v{version.version}** is the first.\n"
        return
    yield f"\n**v{version.version}**, {version.status}, beside v{was.version}:\n"
    yield from (f"- {literal(words)}" for words in difference_words(was, version) or ("no difference",))


def contract_versions(kept: ContractBook, contract: str) -> dict[str, int]:
    """The versions of a contract that have clauses, by the name a page shows, the newest first."""
    priced = [one for one in reversed(kept.book.versions_of(contract)) if one.terms is not None]
    return {_version_name(one): one.version for one in priced}


def contract_version(kept: ContractBook, contract: str) -> str | None:
    """The name of the version whose clauses are shown first: the one in force on the date, else the newest."""
    held = kept.in_force.get(contract)
    return _version_name(held) if held is not None else next(iter(contract_versions(kept, contract)), None)


def _version_name(version: ContractVersion) -> str:
    return f"v{version.version}, {version.kind}, {version.status}, from {version.effective.first}"


def contract_clauses(kept: ContractBook, contract: str, number: int | None) -> pd.DataFrame:
    """Every clause of a version as text, the defaults among them."""
    version = None if number is None else kept.book.version(contract, number)
    stated = (*head_clauses(version), *clauses(version)) if version is not None else ()
    rows = [(one.path, one.value, "by default" if one.is_default else "in the contract") for one in stated]
    return pd.DataFrame(rows, columns=CLAUSE_COLUMNS, dtype=object)
