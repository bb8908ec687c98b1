"""How far a long step is, told while it runs: rows of how many, and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

EVERY_SECONDS = 0.5


@contextmanager
def watched(name: str, rows: int, percentage: Callable[[], float], tell: Callable[[str], None]) -> Iterator[None]:
    """Tell a step's name with what `percentage` says of its rows, twice a second until the step ends."""
    ended = Event()

    def watch() -> None:
        began = time.monotonic()
        while not ended.wait(EVERY_SECONDS):
            tell(f"{name}: {how_far(percentage() / 100, rows, time.monotonic() - began)}")

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def how_far(share: float, rows: int, seconds: float) -> str:
    """Rows done of all, and the time left at the pace so far.

    >>> how_far(0.25, 40_000_000, 30)
    '10,000,000 of 40,000,000 rows, 1:30 left'
    >>> how_far(-1, 40_000_000, 0)
    '40,000,000 rows'
    """
    if share <= 0:
        return f"{rows:,} rows"
    left = round(seconds * (1 - min(share, 1)) / share)
    return f"{int(rows * min(share, 1)):,} of {rows:,} rows, {left // 60}:{left % 60:02} left"
