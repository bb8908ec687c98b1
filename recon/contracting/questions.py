"""What people ask of the contracts that are kept: what waits for whom, what was done, and the documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recon.contracts.documents import write_version
from recon.contracts.lifecycle import OPEN, Act, authors_of, status_of
from recon.contracts.terms import ContractVersion
from recon.contracts.wording import difference_words, summary_words
from recon.ledger import Ledger
from recon.period import instant_text
from recon.workspace import Workspace

DID = {
    "import": "brought in as a draft", "create": "written", "edit": "changed", "submit": "submitted",
    "endorse": "endorsed, the first of two", "approve": "approved", "reject": "rejected", "withdraw": "withdrawn",
}  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """An open version, who may not decide it because they wrote it, and what it changes in words."""

    version: ContractVersion
    status: str
    since: int
    revision: int
    authors: tuple[str, ...]
    endorsed_by: tuple[str, ...]
    words: tuple[str, ...]


def waiting(workspace: Workspace) -> list[Waiting]:
    """The versions that are drafts or wait for an approval, those that wait longest first; `since` in µs."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        acts = ledger.register.acts()
        book = ledger.register.book()
    by_version: dict[tuple[str, int], list[Act]] = {}
    for act in acts:
        by_version.setdefault((act.contract, act.version), []).append(act)
    found = []
    for (contract, number), done in by_version.items():
        version = book.version(contract, number)
        if version is not None and status_of(done) in OPEN:
            found.append(_waiting(version, done, before(book.versions_of(contract), version)))
    return sorted(found, key=lambda one: (one.status != "submitted", one.since))


def _waiting(version: ContractVersion, done: list[Act], was: ContractVersion | None) -> Waiting:
    endorsed = tuple(act.who for act in done if act.action == "endorse")
    words = difference_words(was, version) if was is not None else ()
    authors = tuple(sorted(authors_of(done)))
    return Waiting(version, version.status, done[-1].at, done[-1].revision, authors, endorsed, words)


def before(known: tuple[ContractVersion, ...], version: ContractVersion) -> ContractVersion | None:
    """The version that another is compared with: the last approved before it, else the last before it."""
    lower = [one for one in known if one.version < version.version]
    found = [one for one in lower if one.is_approved] or lower
    return found[-1] if found else None


def history_words(workspace: Workspace, contract: str) -> Iterator[str]:
    """What was done to a contract's versions, an act a line, each version with what it changed."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        known = ledger.register.versions_of(contract)
        acts = ledger.register.acts(contract)
    for version in known:
        was = before(known, version)
        summary = f": {summary_words(was, version)}" if was is not None else ""
        yield f"v{version.version}, {version.kind}, {version.status}, from {version.effective.first}{summary}"
        yield from (f"  {_told(act)}" for act in acts if act.version == version.version)


def _told(act: Act) -> str:
    effect = f" (moves {act.effect} of the last closed month)" if act.effect else ""
    reason = f": {act.reason}" if act.reason else ""
    return f"{instant_text(act.at)}  {DID[act.action]} by {act.who}{effect}{reason}"


def exported(workspace: Workspace, folder: Path, contract: str | None = None) -> list[Path]:
    """The register's documents of a contract, or of all, written into a folder; drafts tell their revision."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        book = ledger.register.book()
        revisions = {(act.contract, act.version): act.revision for act in ledger.register.acts(contract)}
    chosen = [one for one in book.versions if contract in (None, one.contract)]
    return [
        write_version(folder, one, _opening(one, before(book.versions_of(one.contract), one), revisions))
        for one in chosen
    ]


def _opening(version: ContractVersion, was: ContractVersion | None, revisions: dict[tuple[str, int], int]) -> str:
    said = f"v{version.version}: {summary_words(was, version) if was else version.kind}"
    revision = revisions.get((version.contract, version.version), 1)
    return f"{said}\nrevision {revision}" if version.status == "draft" else said
