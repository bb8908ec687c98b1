"""A pack gets its number: `evidence/<period>/<n>.xlsx`, n from 1, each superseding the last."""

from __future__ import annotations

import hashlib
from pathlib import Path

from recon.close import StoredClose
from recon.evidence.facts import Facts
from recon.evidence.journals import journals_csv, proposed
from recon.evidence.workbook import write_pack
from recon.signoff import Dossier


def issue_pack(close: StoredClose, output: Path | None = None) -> Path:
    """Write the evidence pack of a run to a file, or as the period's next pack; returns where it stands."""
    last = latest_pack(close)
    path = output or packs_folder(close) / f"{int(last.stem) + 1 if last else 1}.xlsx"
    write_pack(close, path, supersedes=None if output else _named(last), said=Dossier.of(close))
    return path


def journals_of(close: StoredClose) -> str:
    """The journal entries proposed for a close, as a CSV that a general ledger imports."""
    facts = Facts(close, Dossier.of(close))
    directions = {contract: facts.direction(contract) for contract in facts.parties}
    return journals_csv(proposed(facts.dossier.items, directions, facts.accounts))


def latest_pack(close: StoredClose) -> Path | None:
    """The last numbered pack of a close's period; None before the first."""
    packs = (path for path in packs_folder(close).glob("*.xlsx") if path.stem.isdigit())
    return max(packs, key=lambda path: int(path.stem), default=None)


def packs_folder(close: StoredClose) -> Path:
    """Where the packs of a close's period stand."""
    return close.workspace.folder / "evidence" / close.period


def _named(pack: Path | None) -> str | None:
    """A pack by its number and hash, so that the one it was is known for ever."""
    return f"pack {pack.stem}, SHA-256 {hashlib.sha256(pack.read_bytes()).hexdigest()}" if pack else None
