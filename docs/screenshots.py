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

ROOT = Path(__file__).parent.parent
WIDTH, SETTLE_SECONDS = 1280, 3


class Shot(NamedTuple):
    """A picture: its file, the page with its filters, words that are there once it is drawn, its height in pixels."""

    file: str
    where: str
    words: str
    height: int


SHOTS = (
    Shot("docs/screenshots/start.png", "", "2026-10", 900),
    Shot("docs/screenshots/month-end.png", "month-end/?period=2026-10", "how it stands", 1500),
    Shot("docs/screenshots/evidence.png", "evidence/?period=2026-10", "grade", 1500),
    Shot(
        "docs/screenshots/debug.png",
        "debug/?period=2026-10&line=streamly-acme-reviews|subscription|payout|USD",
        "cause, grade",
        1700,
    ),
    Shot("docs/screenshots/contracts.png", "contracts/?on=2026-10-31", "what comes next", 1400),
    Shot("notebooks/month_end.png", "month-end/?period=2026-10", "how it stands", 2300),  # README's
)


def take(workspace: Path) -> None:
    """Write every picture."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(shutil.copytree(workspace, Path(place) / "demo"))
        with reviewed(copy, Path(place) / "log.txt") as address, chromium(Path(place) / "p", Path(place)) as browser:
            page = Page(browser, address, "")
            for shot in SHOTS:
                browser.set_window_size(WIDTH, shot.height)
                browser.get(f"{address}/{shot.where}")
                page.until(partial(_is_drawn, page, shot.words), shot.words)
                time.sleep(SETTLE_SECONDS)
                browser.save_screenshot(str(ROOT / shot.file))
                print(shot.file)


def _is_drawn(page: Page, words: str) -> bool:
    """Whether a table has a column of this heading, or the start page these words."""
    return bool(page.rows(words)) or (not page.all("marimo-island, #App") and words in page.browser.page_source)


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
