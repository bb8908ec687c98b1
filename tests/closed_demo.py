"""A small demo month, made and closed once per test run: what the pages are looked at with."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from recon.close import StoredClose, close_period, load_close
from recon.evidence import issue_pack
from recon.period import Period
from recon.workspace import Workspace

OCTOBER = Period.parse("2026-10")


@cache
def closed_demo() -> Path:
    """The workspace of a closed October with planted billing errors and its first evidence pack."""
    folder = Path(tempfile.mkdtemp(prefix="recon-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "fixtures.demo",
        str(folder / "demo"),
        "--impressions",
        "20000",
        "--conversions",
        "600",
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parent.parent)
    issue_pack(close_period(Workspace.open(folder / "demo"), OCTOBER), "pat")
    return folder / "demo"


def october() -> StoredClose:
    """The close of that month."""
    return load_close(Workspace.open(closed_demo()), OCTOBER)
