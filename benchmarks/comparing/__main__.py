"""One contestant's differences, told as a digest: `python -m benchmarks.comparing CONTESTANT FOLDER TOLD`."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.comparing import CONTESTANTS, SCANNED
from benchmarks.racing import SCAN, digest


def answered(contestant: str, folder: Path) -> str | None:
    """The digest of what a contestant found; the bare scan finds nothing."""
    if contestant == SCAN:
        import_module(SCANNED.module).scanned(folder)
        return None
    one = CONTESTANTS[contestant]
    return digest(getattr(import_module(one.module), one.function)(folder))


if __name__ == "__main__":
    name, place, told = sys.argv[1:]
    Path(told).write_text(json.dumps(answered(name, Path(place))), encoding="utf-8")
