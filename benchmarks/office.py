"""LibreOffice as the second opinion on a pack: every formula calculated anew, by a program that isn't ours."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>"""


def missing() -> bool:
    """Whether LibreOffice is not installed."""
    return shutil.which("soffice") is None


def recalculated(packs: Sequence[Path], folder: Path, seconds: int = 300) -> list[Path]:
    """The packs after every formula was calculated anew, in a profile of its own that says so."""
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(_ALWAYS_RECALCULATE)
    command = ["soffice", f"-env:UserInstallation={profile.parent.as_uri()}", "--headless", "--convert-to", "xlsx"]
    command += ["--outdir", str(folder), *map(str, packs)]
    subprocess.run(command, check=True, capture_output=True, timeout=seconds)
    return [folder / pack.name for pack in packs]
