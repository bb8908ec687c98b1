"""How a page shows things: a heading with its tables, a chart with its figures and pictures to keep."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import marimo as mo
import pandas as pd

from recon import charts, review
from recon.close import StoredClose
from recon.review import MonthDesk
from recon.review.audit import tables

MOST_IN_A_ROW = 4  # cards


def headed(words: str, period: str | None = None) -> Any:
    """A page's heading, under the ways to the other pages where those are served too."""
    served = os.environ.get(review.PAGES_SERVED, "").split()
    request = mo.app_meta().request
    path = str(request.url["path"]) if request else ""
    here = next((name for name in served if f"/{name}/" in path), "")
    return mo.md(f"{review.ways_bar(served, period, here)}\n\n{words}")


def listed(words: str, *tables: Any, fold: tuple[str, str] | None = None) -> Any:
    """Tables under their heading, those without rows left out; a fold with more words below."""
    more = [mo.accordion({fold[0]: mo.md(fold[1])})] if fold else []
    return mo.vstack([mo.md(words), *(one for one in tables if not one.data.empty), *more])


def asked(words: str, field: Any, is_asked: bool = True) -> Any:
    """A field under its words, where there is anything to choose."""
    return mo.vstack([mo.md(words), field]) if is_asked else mo.md(words)


def cards(*rows: Sequence[Mapping[str, str]]) -> Any:
    """Figures side by side, those of a row under those of the row before."""
    columns = min(max(1, *map(len, rows)), MOST_IN_A_ROW)
    cells = ["".join(mo.stat(**card, bordered=True).text for card in row) for row in rows]
    return mo.Html("".join(f'<div class="figures" style="--columns: {columns}">{row}</div>' for row in cells))


def state(desk: MonthDesk) -> Any:
    """The month's state, and below it what makes its signature stale, with the lines to look at again."""
    words = review.stale_words(desk)
    lines = mo.ui.table(review.stale_lines(desk), **review.MOVED)
    warning = [mo.callout(listed(words, lines), kind="warn")] if words else []
    return mo.vstack([mo.md(review.desk_heading(desk)), *warning])


def charted(figures: pd.DataFrame, **drawn: Any) -> Any:
    """Charts side by side; behind a fold the figures they are drawn from, and pictures of them to keep.

    A chart that takes clicks comes as a pair: as it is shown, and as it is drawn.
    """
    pairs = {name: one if isinstance(one, tuple) else (one, one) for name, one in drawn.items()}
    table = mo.ui.table(review.figures_table(figures), **review.BEHIND)
    kept = [picture for name, (_, chart) in pairs.items() for picture in _pictures(name, chart)]
    fold = mo.accordion({"Figures and pictures": mo.vstack([table, mo.hstack(kept, justify="start", gap=1)])})
    return mo.vstack([_side_by_side([shown for shown, _ in pairs.values()]), fold])


def _side_by_side(shown: Sequence[Any]) -> Any:
    """Charts in a row; one alone keeps the page's width, which some are drawn to."""
    return shown[0] if len(shown) == 1 else mo.hstack(shown, justify="start", gap=1, wrap=True)


def _pictures(name: str, chart: Any) -> Iterable[Any]:
    file = name.replace("_", "-")
    yield mo.download(lambda: charts.png(chart), f"{file}.png", label=f"{file}.png")
    yield mo.download(lambda: charts.svg(chart).encode(), f"{file}.svg", label=f"{file}.svg")


def finding(close: StoredClose, chosen: pd.DataFrame) -> Any:
    """The first chosen finding in its views: a sentence to paste, workings beside ours, events, how to repeat it."""
    one = review.finding_of(close, chosen)
    beside = mo.ui.table(review.workings_beside(close, one), **review.BESIDE)
    events = mo.ui.table(review.finding_events(close, one), **review.EVENTS)
    return mo.vstack(
        [
            mo.md(review.finding_heading(one)),
            mo.Html(review.to_paste(close, one)),
            listed(review.WORKINGS_HEADING, beside) if review.has_workings(close, one) else mo.md(review.NO_WORKINGS),
            listed(review.EVENTS_HEADING, events) if review.has_events(close, one) else mo.md(review.NO_EVENTS),
            mo.md(review.REPEAT_HEADING),
            mo.Html(review.to_repeat(close, one)),
        ]
    )


def line_by_day(close: StoredClose, line: pd.DataFrame) -> Any:
    """A line's days with the amendments among them, and how the events of its item ended."""
    days, fates = review.days_of(close, line), review.fates_of(close, line)
    drawn = charts.days(days, review.amendments_of(close, line), review.currency_of(line))
    ended = charts.fates(fates, review.fates_title(line))
    return mo.vstack(
        [mo.md(review.days_words(close, line, days)), charted(days, days=drawn), charted(fates, fates=ended)]
    )


def decisions(close: StoredClose, line: pd.DataFrame, step: pd.DataFrame) -> Any:
    """The conversions behind a line or one step of it; of impressions how to see one."""
    said = mo.md(review.said_of_events(close, line, step))
    if not review.has_decisions(close, line):
        return said
    return mo.vstack([said, mo.ui.table(review.decisions_of(close, line, step), **review.DECISIONS)])


def effect(close: StoredClose, version: Any, terms: str) -> Any:
    """What the month would be expected to be with other terms of a version, line by line."""
    with mo.status.spinner("Pricing the month with these terms"):
        found = review.effect(close, version, terms)
    return listed(found.words, mo.ui.table(found.lines, **review.EFFECT))


def fitted(heading: str, table: pd.DataFrame, settings: dict[str, Any]) -> Any:
    """A table under its heading, shown by those of the settings that speak of columns it has."""
    return mo.vstack([mo.md(heading), mo.ui.table(table, **tables.fitting(settings, table))])
