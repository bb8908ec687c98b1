"""Drills as they are kept: what planted errors did to a month's close, `drills/<period>/<n>.json`, n from 1."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from recon.period import Period
from recon.workspace import Workspace

NUMBERED = re.compile(r"([1-9]\d*)\.json")


def store_drill(workspace: Workspace, period: Period, result: dict[str, Any]) -> Path:
    """Keep a drill beside the earlier ones of its month; returns the file."""
    folder = _folder(workspace, period)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    number = max((number for number, _ in _numbered(folder)), default=0)
    while True:
        number += 1
        path = folder / f"{number}.json"
        try:
            with path.open("x", encoding="utf-8") as file:  # another drill may have taken the number meanwhile
                file.write(text)
        except FileExistsError:
            continue
        return path


def latest_drill(workspace: Workspace, period: Period) -> dict[str, Any] | None:
    """The last drill of a month, None where there is none."""
    found = sorted(_numbered(_folder(workspace, period)))
    if not found:
        return None
    drill: dict[str, Any] = json.loads(found[-1][1].read_text(encoding="utf-8"))
    return drill


def _folder(workspace: Workspace, period: Period) -> Path:
    return workspace.folder / "drills" / str(period)


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    matched = ((NUMBERED.fullmatch(path.name), path) for path in folder.glob("*.json"))
    return [(int(name[1]), path) for name, path in matched if name]
