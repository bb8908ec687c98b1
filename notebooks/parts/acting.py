"""How people act on a page: who they are, forms with their button, and what became of it. recon judges every act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marimo as mo
import pandas as pd

from recon import review
from recon.review import Decision, MonthDesk
from recon.workspace import Workspace

Told = Callable[[Any], None]
KINDS = {"lock": "warn", "return": "danger", "reopen": "danger"}


class Person:
    """Who acts: the name that a proxy or a login gave the request, else the one chosen in the field."""

    def __init__(self, workspace: Workspace) -> None:
        self._request, self._chosen = mo.app_meta().request, ""
        people = review.people_listed(workspace, self._request)
        self.field = mo.ui.dropdown(people, label=review.you_are(self._request), on_change=self._choose)

    def _choose(self, name: str | None) -> None:
        self._chosen = name or ""

    @property
    def name(self) -> str:
        return review.person(mo.app_meta().request or self._request, self._chosen)


def deciding(desk: MonthDesk, chosen: pd.DataFrame, me: Person, tell: Told, refresh: Told) -> Any:
    """The form by which the chosen findings are decided, assigned or commented on, all at once."""

    def enter(_: Any) -> None:
        said = {name: fields[name].value for name in ("action", "owner", "reason")}
        _store(review.decided_findings(desk.close, chosen, **said, who=me.name), tell, refresh)

    fields = mo.ui.dictionary(
        {
            "action": mo.ui.dropdown(review.FINDING_ACTS, label="What becomes of it"),
            "owner": mo.ui.text(label="Owner", placeholder="to assign it to"),
            "reason": _reason("to waive, or to comment"),
            "enter": mo.ui.button(label="Enter", kind="success", on_change=enter),
        }
    )
    return fields


def accepting(desk: MonthDesk, me: Person, tell: Told, refresh: Told) -> Any:
    """The form by which the rejected rows of a dataset are accepted; no fields where no rows wait."""

    def accept(_: Any) -> None:
        dataset, reason = fields["dataset"].value, fields["reason"].value
        _store(review.accepted_rows(desk.close, dataset, me.name, reason), tell, refresh)

    fields = mo.ui.dictionary(
        {
            "dataset": mo.ui.dropdown(desk.rows_left, label="Rejected rows of"),
            "reason": _reason("why they may be left out"),
            "accept": mo.ui.button(label="Accept these rows", kind="success", on_change=accept),
        }
        if desk.rows_left
        else {}
    )
    return fields


def signing(desk: MonthDesk, me: Person, tell: Told, refresh: Told) -> Any:
    """The form with a button for each act that the month's state allows."""

    def button(action: str) -> Any:
        def sign(_: Any) -> None:
            _store(review.signed_month(desk.close, action, me.name, fields["reason"].value), tell, refresh)

        return mo.ui.button(label=action.capitalize(), kind=KINDS.get(action, "success"), on_change=sign)

    buttons = {action: button(action) for action in review.next_steps(desk)}
    fields = mo.ui.dictionary({"reason": _reason("to return or to reopen"), **buttons})
    return fields


def _reason(asked: str) -> Any:
    return mo.ui.text(label="Reason", placeholder=asked, full_width=False)


def _store(decision: Decision, tell: Told, refresh: Told) -> None:
    """Tell what became of an act; what was stored makes the page look again."""
    tell(decision)
    if decision.is_stored:
        refresh(decision)


def form(words: str, fields: Any, *above: Any) -> Any:
    """A form in a row under its words and tables."""
    tables = [one for one in above if not one.data.empty]
    row = mo.hstack(list(fields.values()), justify="start", align="end", gap=1, wrap=True)
    return mo.vstack([mo.md(words), *tables, *([row] if len(fields) else [])])


def outcome(decision: Decision) -> Any:
    """What became of the last act, in a corner that stays in sight and folds away; nothing before the first."""
    return mo.Html(review.outcome_box(decision)) if decision.words else None
