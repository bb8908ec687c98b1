"""`recon review`: finds the pages, in a clone or where an installation put them, and serves them with a start page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from recon.problems import BadInput, Problem

FIRST = "1_month_end.py"


def serve(workspaces: Sequence[Path], host: str, port: int, headless: bool, user_header: str) -> int:
    """Serve every page over workspaces until it is stopped; hands back the exit status."""
    folder = pages_folder()
    known = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {"RECON_WORKSPACE": os.pathsep.join(map(str, workspaces)), "PYTHONPATH": os.pathsep.join(known)}
    command = [sys.executable, "-m", "parts.serve", "--host", host, "--port", str(port)]
    command += ["--headless"] if headless else []
    command += ["--user-header", user_header] if user_header else []
    return subprocess.run(command, env={**os.environ, **settings}, check=False).returncode


def pages_folder() -> Path:
    """The folder of the pages; BadInput where neither the clone nor the installation has one."""
    tried = list(_places())
    found = next((place for place in tried if (place / FIRST).is_file()), None)
    if found is None:
        places = ", ".join(map(str, tried))
        raise BadInput([Problem(places, f"no {FIRST}", "the pages that come with recon: install it again")])
    return found


def _places() -> Iterator[Path]:
    """Beside the package, as in a clone (also one installed with `pip install -e`), then where a wheel puts them."""
    yield Path(__file__).resolve().parents[2] / "notebooks"
    try:
        listed = files("recon") or []
    except PackageNotFoundError:
        return
    yield from (Path(str(one.locate())).resolve().parent for one in listed if one.name == FIRST)
