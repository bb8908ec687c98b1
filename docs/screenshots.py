"""Takes the guide's pictures of a closed demo month, in headless Chromium.

    python -m docs.screenshots demo

Needs Debian's chromium and chromium-driver, as the tests of the pages do. The workspace is copied first.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.pages import Page, chromium, reviewed

HERE = Path(__file__).parent / "screenshots"
WIDTH, SETTLE_SECONDS = 1280, 3


class Shot(NamedTuple):
    """A picture: its name, the page with its filters, words that are there once it is drawn, its height in pixels."""

    name: str
    where: str
    words: str
    height: int


SHOTS = (
    Shot("start", "", "2026-10", 900),
    Shot("month-end", "month-end/?period=2026-10", "billed", 1500),
    Shot("evidence", "evidence/?period=2026-10", "grade", 1500),
    Shot("debug", "debug/?period=2026-10&line=streamly-acme-reviews|subscription|payout|USD", "cause, grade", 1700),
    Shot("contracts", "contracts/?on=2026-10-31", "what comes next", 1400),
)


def take(workspace: Path, folder: Path = HERE) -> None:
    """Write every picture into a folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(shutil.copytree(workspace, Path(place) / "demo"))
        with reviewed(copy, Path(place) / "log.txt") as address, chromium(Path(place) / "p", Path(place)) as browser:
            page = Page(browser, address, "")
            for shot in SHOTS:
                browser.set_window_size(WIDTH, shot.height)
                browser.get(f"{address}/{shot.where}")
                page.until(partial(_is_drawn, page, shot.words), shot.words)
                time.sleep(SETTLE_SECONDS)
                browser.save_screenshot(str(folder / f"{shot.name}.png"))
                print(folder / f"{shot.name}.png")


def _is_drawn(page: Page, words: str) -> bool:
    """Whether a table has a column of this heading, or the start page these words."""
    return bool(page.rows(words)) or (not page.all("marimo-island, #App") and words in page.browser.page_source)


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
