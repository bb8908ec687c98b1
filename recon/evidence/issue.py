"""A pack gets its number: `evidence/<period>/<n>.xlsx`, n from 1, each superseding the last."""

from __future__ import annotations

from pathlib import Path

from recon.close import StoredClose
from recon.evidence.workbook import write_pack


def issue_pack(close: StoredClose, output: Path | None = None) -> Path:
    """Write the evidence pack of a run to a file, or as the period's next pack; returns where it stands."""
    path = output or next_pack(close.workspace.folder / "evidence" / close.period)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pack(close, path)
    return path


def next_pack(folder: Path) -> Path:
    """The first number that no pack has yet."""
    taken = [int(path.stem) for path in folder.glob("*.xlsx") if path.stem.isdigit()]
    return folder / f"{max(taken, default=0) + 1}.xlsx"
