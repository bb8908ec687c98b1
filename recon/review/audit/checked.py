"""A pack that somebody brought, checked cell by cell, against the packs before it, the inputs and the ledger."""

from __future__ import annotations

import glob
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from recon.evidence import Verdict, verify_pack
from recon.evidence.altered import Alteration
from recon.evidence.verify import inspect
from recon.problems import BadInput
from recon.review.audit.room import Notice
from recon.review.words import counted, literal
from recon.workspace import Workspace

CHECK_HEADING = (
    "### Check a pack\n\nA workbook that you were given, against its own seal, the packs before it, the inputs and the "
    "ledger: every altered cell is named. Nothing of it is kept."
)
PLACE_COLUMNS = ["sheet", "place", "what was altered", "now"]


@dataclass(frozen=True)
class Checked:
    """What a check of a pack found: the verdict in words, and every altered place."""

    verdict: Notice
    places: pd.DataFrame


def check(workspace: Workspace, name: str, content: bytes) -> Checked:
    """Check a pack that somebody brought; the file is put away afterwards, and nothing is stored."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "brought" / "pack.xlsx"  # never under the name it came with
        path.parent.mkdir()
        path.write_bytes(content)
        try:
            _bring_files(workspace, path)
            found = verify_pack(path, workspace)
        except BadInput as bad:
            return Checked(Notice(_refused(name, path, bad), "danger"), _places(()))
    return Checked(Notice("\n".join(_told(found, name)), _look(found)), _places(found.alterations))


def _bring_files(workspace: Workspace, pack: Path) -> None:
    """The files that a pack states beside it, put there where the workspace keeps just those: same name, same SHA-256.

    Who brings a workbook seldom brings them too; without them it would be called not whole.
    """
    for name, sha256 in inspect(pack).beside:
        kept = workspace.folder.glob(f"evidence/*/{glob.escape(name)}")
        same = next((one for one in kept if hashlib.sha256(one.read_bytes()).hexdigest() == sha256), None)
        if same is not None:
            shutil.copyfile(same, pack.with_name(same.name))


def _look(found: Verdict) -> str:
    return "danger" if not found.is_intact else "warn" if found.is_draft else "success"


def _refused(name: str, path: Path, bad: BadInput) -> str:
    told = "\n".join(f"- {literal(str(one).replace(str(path), name))}" for one in bad.problems)
    return f"**{literal(name)} cannot be checked.**\n\n{told}"


def _told(found: Verdict, name: str) -> Iterator[str]:
    """The verdict first, then what does not hold, then what is worth knowing, under the name it was brought with."""
    held = "WAS NEVER ISSUED, a draft whose cells are intact" if found.is_draft else "is intact"
    held = held if found.is_intact else "IS NOT INTACT"
    count = f": {counted(len(found.alterations), 'altered place')}" if found.alterations else ""
    yield f"**{literal(name)} {held}{count}.** Its digest is `{found.digest}`\n"
    yield from (f"- **{literal(one.replace(str(found.file), name))}**" for one in found.problems)
    yield from (f"- {literal(one.replace(str(found.file), name))}" for one in found.notes)


def _places(alterations: Iterable[Alteration]) -> pd.DataFrame:
    rows = [(one.sheet, one.place or "–", one.what, one.now or "–") for one in alterations]
    return pd.DataFrame(rows, columns=PLACE_COLUMNS, dtype=object)
