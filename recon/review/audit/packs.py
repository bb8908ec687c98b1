"""Packs that were issued, as they stand, and what else an auditor takes away; nothing of it enters the ledger."""

from __future__ import annotations

import hashlib
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from recon.evidence import journals_of, write_draft
from recon.evidence.bundle import archived, files_of
from recon.evidence.issue import packs_folder
from recon.ledger import IssuedPack, Ledger
from recon.period import moment
from recon.review.audit.link import Filter
from recon.review.audit.room import Room
from recon.review.dispute import dispute
from recon.review.report import report
from recon.review.words import counted

PACKS_HEADING = "## Packs and downloads"
NO_PACKS = "**No pack was issued for this month yet.** `recon evidence` issues one; below, one can be made to look at."
PACK_COLUMNS = ["pack", "of run", "issued (UTC)", "by", "pack digest", "its file now", "SHA-256 of the file"]
AS_ISSUED = "as issued"
_NOT_ENTERED = "not in the ledger"
MEANINGS = {
    "MISSING": "it was issued, but its file is not there any more.",
    "ALTERED since": "its file is not the one that was issued.",
    _NOT_ENTERED: "the ledger does not know that it was issued.",
}
_TAKE = "Take the workbook made now"
Download = dict[str, Any]  # what `mo.download` is made of


def packs_table(room: Room) -> pd.DataFrame:
    """The month's packs, the newest first, each with whether its file is still the one that was issued."""
    with Ledger.open(room.workspace.database_url, room.workspace.closes) as ledger:
        known = {pack.number: pack for pack in ledger.packs.of(room.close.period)}
    standing = _standing(room)
    numbers = sorted(known.keys() | standing.keys(), reverse=True)
    rows = [_pack(number, known.get(number), standing.get(number)) for number in numbers]
    return pd.DataFrame(rows, columns=PACK_COLUMNS, dtype=object)


def _standing(room: Room) -> dict[int, Path]:
    """The files of numbered packs that are there."""
    return {int(path.stem): path for path in packs_folder(room.close).glob("*.xlsx") if path.stem.isdigit()}


def _pack(number: int, pack: IssuedPack | None, path: Path | None) -> tuple[str, ...]:
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path else "–"
    if pack is None:
        return str(number), "–", "–", "–", "–", _NOT_ENTERED, found
    state = "MISSING" if path is None else AS_ISSUED if found == pack.sha256 else "ALTERED since"
    return str(number), str(pack.run), moment(pack.at), pack.who or "–", pack.digest, state, pack.sha256


def packs_verdict(packs: pd.DataFrame) -> str:
    """Whether every issued pack stands as it was issued, in a sentence (Markdown)."""
    if packs.empty:
        return NO_PACKS
    wrong = [row for row in packs.to_dict("records") if row["its file now"] != AS_ISSUED]
    if not wrong:
        return f"{counted(len(packs), 'pack')} issued; every file stands as it was issued. The newest first."
    return "<br>".join(f"**Pack {row['pack']}: {MEANINGS[row['its file now']]}**" for row in wrong)


def made_now(room: Room) -> Download:
    """A draft of the run's pack with all that people decided by now: no number, and the ledger does not know it.

    Where workings go beyond a sheet's rows, the files beside the pack come along in an archive.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = write_draft(room.close, Path(folder) / _name(room, "made-now.xlsx"))
        taken = _taken(path, path.stem)
        return {**taken, "data": taken["data"](), "label": _TAKE}  # now: the folder is about to go


def _taken(pack: Path, name: str) -> Download:
    """A pack as a download: the workbook alone, or an archive with the files beside it."""
    files = files_of(pack)
    if len(files) == 1:
        return {"data": pack.read_bytes, "filename": f"{name}.xlsx"}
    return {"data": partial(archived, files), "filename": f"{name}.zip"}


def _name(room: Room, what: str) -> str:
    return f"{room.close.workspace_name}-{room.close.period}-run{room.close.run}-{what}"


def issued_download(room: Room, chosen: pd.DataFrame) -> Download:
    """The file of a chosen pack, or else of the newest that is there, as it stands; disabled where there is none."""
    asked = None if chosen.empty else int(chosen["pack"].iloc[0])
    path = _standing(room).get(max(_standing(room), default=0) if asked is None else asked)
    if path is None:
        return {"data": b"", "filename": "", "label": "No issued pack is there", "disabled": True}
    name = f"{room.close.workspace_name}-{room.close.period}-pack{path.stem}"
    return {**_taken(path, name), "label": f"Pack {path.stem} as it stands"}


def downloads(room: Room) -> list[Download]:
    """What can be taken away of a run beside its packs: proposed journal entries, and the close as one HTML file."""
    return [
        {"data": lambda: journals_of(room.close).encode(), "filename": _name(room, "journals.csv"),
         "label": "Journal entries (CSV)"},
        {"data": lambda: report(room.close, room.said).encode(), "filename": _name(room, "report.html"),
         "label": "Report (HTML)"},
    ]  # fmt: skip


def parties_filter(room: Room) -> Filter:
    """The counterparties that something is open with; what is claimed from each can be taken away."""
    known = {version["contract"] for version in room.close.versions}
    names = {one.counterparty or one.contract for one in room.said.items.closing if one.contract in known}
    return {"options": sorted(names), "label": "What is claimed from", "searchable": True}


def party_download(room: Room, party: str | None) -> Download:
    """What is claimed from a counterparty as one HTML file; disabled where none is chosen."""
    if party is None:
        return {"data": b"", "filename": "", "label": "Dispute pack (HTML)", "disabled": True}
    said = f"{re.sub(r'[^0-9A-Za-z]+', '-', party).strip('-')}.html"
    return {"data": lambda: dispute(room.close, room.said, party).encode(), "filename": _name(room, said),
            "label": "Dispute pack (HTML)"}  # fmt: skip
