"""A pack gets its number: `evidence/<period>/<n>.xlsx`, n from 1, each superseding the last and known to the ledger."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from recon.close import StoredClose
from recon.close.clock import now
from recon.evidence.entries import entries_kept
from recon.evidence.facts import Facts
from recon.evidence.journals import journals_csv, proposed
from recon.evidence.workbook import write_pack
from recon.ledger import IssuedPack, Ledger
from recon.period import Period
from recon.signoff import Dossier


@dataclass(frozen=True)
class _Next:
    """The number that the period's next pack gets, and how Cover names the packs before it."""

    number: int
    supersedes: str | None
    last_month: str | None


def issue_pack(close: StoredClose, output: Path | None = None, who: str = "", at: int | None = None) -> Path:
    """Write the evidence pack of a run to a file, or as the period's next pack; returns where it stands.

    A numbered pack is entered in the ledger as issued by `who`, at an instant in µs (now, unless told).
    """
    place = close.workspace
    with Ledger.open(place.database_url, place.closes) as ledger:
        turn = _next(close, ledger)
        path = output or packs_folder(close) / f"{turn.number}.xlsx"
        supersedes = None if output else turn.supersedes
        said, entries = Dossier.of(close), entries_kept(latest_pack(close), path)
        digest = write_pack(close, path, supersedes=supersedes, last_month=turn.last_month, said=said, entries=entries)
        if output is None:
            issued = (digest, _sha256(path), who, now() if at is None else at)
            ledger.packs.enter(IssuedPack(close.period, turn.number, close.run, *issued))
    return path


def _next(close: StoredClose, ledger: Ledger) -> _Next:
    """Packs are counted where they stand and where they are known, so that none is written over."""
    last, known = latest_pack(close), ledger.packs.latest(close.period)
    before = ledger.packs.latest(str(Period.parse(close.period).previous()))
    last_month = named(before) if before else None
    standing = int(last.stem) if last else 0
    if known and known.number >= standing:
        return _Next(known.number + 1, named(known), last_month)
    return _Next(standing + 1, f"pack {last.stem}, SHA-256 {_sha256(last)}" if last else None, last_month)


def named(pack: IssuedPack) -> str:
    """A pack by its number and digests, so that the one it was is known for ever."""
    return f"pack {pack.number} of {pack.period}, digest {pack.digest}, SHA-256 {pack.sha256}"


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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
