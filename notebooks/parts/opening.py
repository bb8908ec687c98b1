"""How a page opens: its workspace, its month and its filters, each with words where it can't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import marimo as mo

from parts.showing import headed
from recon import review
from recon.close import StoredClose
from recon.problems import BadInput
from recon.workspace import Workspace


@contextmanager
def in_words() -> Iterator[None]:
    """Bad input ends the page here with what is wrong and what to do, and no cell after it runs."""
    try:
        yield
    except BadInput as bad:
        mo.stop(True, mo.callout(mo.md(review.trouble(bad)), kind="danger"))


def opened() -> Workspace:
    """The workspace that the page was started over; of several the one whose address it has."""
    request = mo.app_meta().request
    with in_words():
        return review.open_workspace(request.meta.get(review.WORKSPACE) if request else None)


def month(workspace: Workspace, params: Any) -> Any:
    """The field for the month, which stands in the link; words in its place where none was closed."""
    months = review.periods(workspace)
    mo.stop(not months, headed(f"# Month end\n\n{review.no_month(workspace)}"))
    wanted = review.month(workspace, params.get("period"))
    return mo.ui.dropdown(
        months, value=wanted, label="Month", searchable=True, on_change=lambda value: params.set("period", value)
    )


def loaded(workspace: Workspace, period: str) -> StoredClose:
    """The latest run of a month."""
    with in_words():
        return review.load(workspace, period)


def linked(go: Any, name: str, choices: Any, value: Any) -> Any:
    """A field with its name as its label; what is chosen becomes part of the link."""
    return mo.ui.dropdown(
        choices, value=value, label=name.capitalize(), on_change=lambda chosen: go.to(**{name: chosen})
    )


def filters(close: StoredClose, params: Any) -> Any:
    """The fields that choose lines, set as the link says; what is chosen becomes part of the link."""

    def field(name: str) -> Any:
        value = review.chosen(close, name, params.get(name))
        return mo.ui.dropdown(
            review.choices(close, name), value=value, label=name.capitalize(), searchable=True,
            on_change=lambda value: params.set(name, value),
        )  # fmt: skip

    return mo.ui.dictionary({name: field(name) for name in review.FILTERS})
