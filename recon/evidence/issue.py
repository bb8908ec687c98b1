"""A pack gets its number: `evidence/<period>/<n>.xlsx`, n from 1, each superseding the last and known to the ledger.

What is written elsewhere is a draft: it has no number, and it says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from recon.close import StoredClose
from recon.close.clock import now
from recon.evidence.entries import Entries, entries_of
from recon.evidence.facts import Facts
from recon.evidence.journals import journals_csv, proposed
from recon.evidence.pack import Issue
from recon.evidence.verify import inspect
from recon.evidence.workbook import write_pack
from recon.ledger import IssuedPack, Ledger, Staging, Turn
from recon.problems import BadInput, Problem
from recon.signoff import Dossier

Told = Callable[[str], None]


def issue_pack(close: StoredClose, who: str, at: int | None = None, told: Told = lambda words: None) -> Path:
    """Write the evidence pack of a run as the period's next one and enter it in the ledger; returns where it stands.

    It is issued by `who`, at an instant in µs (now, unless told). `told` hears, in sentences, what others who were
    stopped while issuing have left. BadInput where nobody issues it, or the run is not recorded.
    """
    if not who.strip():
        raise BadInput([Problem("who", who, "the name of the person who issues the pack")])
    place = close.workspace
    with Ledger.open(place.database_url, place.closes) as ledger:
        issuing = ledger.issuing(_packs(close))
        for words in issuing.sweep():
            told(words)
        with issuing.staging(close.period) as staging:
            while True:  # once more whenever another pack was issued meanwhile: number and Supersedes have changed
                turn = issuing.turn(close.period)
                path = issuing.issue(staging, turn, _written(close, staging, turn, who, at))
                if path is not None:
                    _tell_unknown(turn, told)
                    return path
                staging.empty()


def _written(close: StoredClose, staging: Staging, turn: Turn, who: str, at: int | None) -> IssuedPack:
    """The pack of a turn, written aside under the name it is to have."""
    path = staging.folder / f"{turn.number}.xlsx"
    last_month = named(turn.last_month) if turn.last_month else None
    issue = Issue(turn.number, _supersedes(turn), last_month)
    digest = write_pack(close, path, issue=issue, said=Dossier.of(close), entries=_entries_so_far(close, turn))
    return IssuedPack(close.period, turn.number, close.run, digest, _sha256(path), who, now() if at is None else at)


def _supersedes(turn: Turn) -> str | None:
    """The pack issued before, and files that stand beside it though no ledger knows them."""
    unknown = [f"{one.name} (SHA-256 {one.sha256})" for one in turn.unknown]
    beside = f"not known to the ledger, so not superseded: {', '.join(unknown)}" if unknown else ""
    return "; ".join(part for part in (named(turn.before) if turn.before else "", beside) if part) or None


def _tell_unknown(turn: Turn, told: Told) -> None:
    for one in turn.unknown:
        told(f"the ledger does not know {one.name}, which stands among the packs: the new one is pack {turn.number}")


def write_draft(close: StoredClose, path: Path) -> Path:
    """Write the evidence pack of a run to any file: a draft, which has no number and which no ledger knows."""
    place = close.workspace
    with Ledger.open(place.database_url, place.closes) as ledger:
        turn = ledger.issuing(_packs(close)).turn(close.period)
    issue = Issue(last_month=named(turn.last_month) if turn.last_month else None)
    entries = {**_entries_so_far(close, turn), **(entries_of(path) if path.exists() else {})}
    write_pack(close, path, issue=issue, said=Dossier.of(close), entries=entries)
    return path


def entries_at_hand(close: StoredClose) -> Entries:
    """What an auditor wrote into the month's last pack, as it stands now; BadInput where its file is no pack."""
    with Ledger.open(close.workspace.database_url, close.workspace.closes) as ledger:
        return _entries_so_far(close, ledger.issuing(_packs(close)).turn(close.period))


def _entries_so_far(close: StoredClose, turn: Turn) -> Entries:
    """What an auditor wrote into the last numbered pack, as it stands now; a file no ledger knows may be no pack."""
    numbered = [path for path in packs_folder(close).glob("*.xlsx") if path.stem.isdigit()]
    unknown = {one.name for one in turn.unknown}
    for path in sorted(numbered, key=lambda path: int(path.stem), reverse=True):
        try:
            return entries_of(path)
        except BadInput:
            if path.name not in unknown:
                raise
    return {}


def named(pack: IssuedPack) -> str:
    """A pack by its number and digests, so that the one it was is known for ever."""
    return f"pack {pack.number} of {pack.period}, digest {pack.digest}, SHA-256 {pack.sha256}"


def journals_of(close: StoredClose) -> str:
    """The journal entries proposed for a close, as a CSV that a general ledger imports."""
    facts = Facts(close, Dossier.of(close))
    directions = {contract: facts.direction(contract) for contract in facts.parties}
    return journals_csv(proposed(facts.dossier.items, directions, facts.accounts))


def latest_pack(close: StoredClose) -> Path | None:
    """The last pack of a close's period, where it tells of this run and stands as it was issued; None otherwise."""
    place = close.workspace
    with Ledger.open(place.database_url, place.closes) as ledger:
        known = ledger.packs.latest(close.period)
    if known is None or known.run != close.run:
        return None
    path = packs_folder(close) / f"{known.number}.xlsx"
    return path if path.is_file() and _is_as_issued(path, known) else None


def _is_as_issued(path: Path, pack: IssuedPack) -> bool:
    """Whether a file is the pack that was issued; saved again with the auditor's entries, it is the same."""
    if _sha256(path) == pack.sha256:
        return True
    try:
        found = inspect(path)
    except BadInput:
        return False
    return found.digest == pack.digest and not found.alterations


def packs_folder(close: StoredClose) -> Path:
    """Where the packs of a close's period stand."""
    return _packs(close) / close.period


def _packs(close: StoredClose) -> Path:
    return close.workspace.folder / "evidence"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
