"""A finding in its three views: a sentence for finance, workings for the auditor, events for the engineer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

import pandas as pd

from recon.close import StoredClose
from recon.diagnose.grades import GRADES, cause_words

LINE = ("contract", "item", "kind", "currency")
SAME_STEP = ("clause", "label", "sale", "sale_currency", "share")
Record = dict[str, Any]


class Pair(NamedTuple):
    """A step of a line's arithmetic as we believe it and under the finding's edit; None on the side that has none."""

    ours: Record | None
    theirs: Record | None

    @property
    def is_changed(self) -> bool:
        """Whether the edit changes this step."""
        return self.ours is None or self.theirs is None or self.ours["text"] != self.theirs["text"]


def grade_meaning(finding: Record) -> str:
    """A finding's grade and what it means, its rivals, and what would prove it or decide between them."""
    grade = str(finding["grade"] or "")
    meaning = f"{grade}: {GRADES[grade]}." if grade in GRADES else f"{grade}."
    return " ".join((meaning[:1].upper() + meaning[1:], *_doubts(finding)))


def _doubts(finding: Record) -> Iterator[str]:
    if finding["rivals"]:
        yield f"It may as well be {', or '.join(map(cause_words, str(finding['rivals']).split()))}."
    if finding["settles"]:
        yield f"What would settle it: {finding['settles']}."


def sentence_of(close: StoredClose, finding: Record) -> str:
    """The view for finance: a paragraph that can be pasted into a mail, with the id that finds it again."""
    return f"{finding['sentence'] or ''} ({close.period}, run {close.run}; finding {finding['finding_id']})".strip()


def fate_words(fate: object) -> str:
    """A fate as people read it: what was read for look-back alone lies outside the period."""
    return cause_words(fate).replace("look back", "outside the period")


def has_workings(close: StoredClose, finding: Record) -> bool:
    """Whether arithmetic under the finding's edit is kept."""
    return finding["finding_id"] in set(close.finding_workings["finding_id"])


def has_events(close: StoredClose, finding: Record) -> bool:
    """Whether events are kept with a finding."""
    return finding["finding_id"] in set(close.finding_events["finding_id"])


def workings_of(close: StoredClose, finding: Record) -> list[Pair]:
    """The view for the auditor: the line's steps as we believe them, beside those under the edit, in order."""
    ours = _rows(close.workings, **{name: finding[name] for name in LINE})
    theirs = _rows(close.finding_workings, finding_id=finding["finding_id"])
    return list(_beside(ours, theirs))


def _beside(ours: Sequence[Record], theirs: Sequence[Record]) -> Iterator[Pair]:
    """Steps of the same clause, name and sale stand side by side; what lies between them is paired as it comes."""
    names = [[tuple(row.get(name) for name in SAME_STEP) for row in side] for side in (ours, theirs)]
    for _, a, b, c, d in SequenceMatcher(a=names[0], b=names[1], autojunk=False).get_opcodes():
        yield from (Pair(*pair) for pair in zip_longest(ours[a:b], theirs[c:d]))


def events_of(close: StoredClose, finding: Record) -> pd.DataFrame:
    """The view for the engineer: the events the finding turns on, with the fate either side gives them."""
    events = close.finding_events
    return events[events["finding_id"] == finding["finding_id"]].reset_index(drop=True)


def findings_naming(close: StoredClose, event: str) -> list[tuple[Record, Record]]:
    """The findings that turn on an event, each with what it says of the event."""
    named = _rows(close.finding_events, event=event)
    return [(finding, row) for row in named for finding in _rows(close.findings, finding_id=row["finding_id"])]


def command(close: StoredClose, identity: str) -> str:
    """The command that tells a finding or an event again."""
    folder = shlex.quote(str(close.workspace.folder))
    return f"recon explain {close.period} {shlex.quote(identity)} --run {close.run} --workspace {folder}"


def _rows(frame: pd.DataFrame, **wanted: Any) -> list[Record]:
    for column, value in wanted.items():
        frame = frame[frame[column].isna() if value is None else frame[column] == value]
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
