"""Why a month differs: the bridge and its causes, the findings behind a bar, and one finding in its three views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

from recon import views
from recon.close import StoredClose
from recon.diagnose.bridge import LINE, UNEXPLAINED, WITHIN, Bridge, Movement, Step, bridges, movements, ranked, steps
from recon.diagnose.grades import GRADES, cause_words
from recon.review.desk import MonthDesk
from recon.review.words import as_text, copyable, readable, shown

TOTALS = ("expected", "billed")
UNDECIDED, NOT_ASKED = "to be decided", ("–", "")  # a line within tolerance asks for no decision
RANKS = {"by money": "money", "by number of lines": "count"}
STEP_COLUMNS = ["currency", "cause", "step", "role", "start", "end", "amount", "lines"]
CAUSE_COLUMNS = ["currency", "cause", "step", "role", "amount", "gross", "lines"]
FINDING_COLUMNS = [
    "counterparty", "contract", "item", "kind", "currency", "amount", "cause", "grade", "decision", "owner", "finding",
]  # fmt: skip
BESIDE_COLUMNS = ["no", "step", "ours", "theirs, under the edit", "changed", "rule"]
GRADES_MEANING = "\n".join(f"- **{grade}**: {words}." for grade, words in GRADES.items())
WORKINGS_HEADING = "#### Workings: ours beside theirs"
NO_WORKINGS = "#### Workings\n\nNo arithmetic is kept under this finding's edit; the line's own stands under Lines."
EVENTS_HEADING = "#### Events it turns on, with the fate and the money that either side gives them (at most 50)"
NO_EVENTS = "#### Events\n\nNo events are kept with this finding: it does not turn on single ones."
REPEAT_HEADING = "#### To repeat it"
_NO_VARIANCE = "## Why\n\nThese lines were billed as expected: there is no variance to explain."
Selections = Mapping[str, Mapping[str, Any]]


def findings_of(close: StoredClose, lines: pd.DataFrame) -> pd.DataFrame:
    """The findings of some lines; those of no line at all (remarks) only where every line is shown."""
    if len(lines) == len(close.lines):
        return close.findings.reset_index(drop=True)
    wanted = set(_keys(close.findings))
    shown_keys = {key for key in _keys(lines) if key in wanted}
    return close.findings[[key in shown_keys for key in _keys(close.findings)]].reset_index(drop=True)


def _keys(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return zip(*([str(value or "") for value in frame[name]] for name in LINE), strict=True)


def why_heading(close: StoredClose, lines: pd.DataFrame) -> str:
    """How much of the variance has a cause, in a few lines of Markdown; or that there is none."""
    found = findings_of(close, lines)
    if found.empty and not any(lines["variance"]):
        return _NO_VARIANCE
    counts = Counter(str(grade) for grade in found["grade"])
    told = ", ".join(f"{counts[grade]} {grade}" for grade in GRADES if counts[grade])
    rest = " · ".join(_unexplained(bridges(lines, found))) or "nothing is left unexplained"
    return f"## Why\n\n{len(found)} findings: {told} · **{rest}**\n\nClick a bar to see the lines it stands for."


def _unexplained(month: Iterable[Bridge]) -> Iterator[str]:
    for bridge in month:
        for step in bridge.steps:
            if step.cause == UNEXPLAINED:
                yield f"unexplained {bridge.currency} {shown(step.amount, bridge.currency, is_signed=True)}"


def has_variance(close: StoredClose, lines: pd.DataFrame) -> bool:
    """Whether there is anything to explain about some lines."""
    return bool(any(lines["variance"]) or len(findings_of(close, lines)))


def bridge_steps(close: StoredClose, lines: pd.DataFrame) -> pd.DataFrame:
    """The bridge of some lines step by step: expected, each cause, what has none, billed; per currency, exact."""
    month = bridges(lines, findings_of(close, lines))
    rows = [row for bridge in month if bridge.steps for row in _bridge_rows(bridge)]
    return pd.DataFrame(rows, columns=STEP_COLUMNS, dtype=object)


def _bridge_rows(bridge: Bridge) -> Iterator[tuple[Any, ...]]:
    zero = Decimal(0)
    yield bridge.currency, "expected", "expected", "total", zero, bridge.expected, bridge.expected, None
    for step, (start, end) in zip(bridge.steps, bridge.levels, strict=True):
        names = (step.cause, cause_words(step.cause), _role(step))
        yield bridge.currency, *names, start, end, step.amount, step.lines
    yield bridge.currency, "billed", "billed", "total", zero, bridge.billed, bridge.billed, None


def _role(step: Step) -> str:
    return step.cause if step.cause in (UNEXPLAINED, WITHIN) else "cause"


def causes(close: StoredClose, lines: pd.DataFrame, by: Literal["money", "count"]) -> pd.DataFrame:
    """The causes of some lines per currency, with most money (signs aside) or most lines first."""
    per_currency: dict[str, list[Movement]] = {}
    for movement in movements(lines, findings_of(close, lines)):
        per_currency.setdefault(movement.currency, []).append(movement)
    rows = [
        (currency, step.cause, cause_words(step.cause), _role(step), step.amount, step.gross, step.lines)
        for currency, moved in sorted(per_currency.items())
        for step in ranked(steps(moved), by)
    ]
    return pd.DataFrame(rows, columns=CAUSE_COLUMNS, dtype=object)


def clicked(selections: Selections) -> list[tuple[str, str]]:
    """Currency and cause of the bars that are clicked in a chart; the totals stand for no cause."""
    pairs = []
    for fields in selections.values():
        points = fields.get("vlPoint", {}).get("or") or _points(fields)
        pairs += [(str(point["currency"]), str(point["cause"])) for point in points if "cause" in point]
    return [pair for pair in pairs if pair[1] not in TOTALS]


def _points(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = [name for name in ("currency", "cause") if name in fields]
    return [dict(zip(names, values, strict=True)) for values in zip(*(fields[name] for name in names), strict=False)]


def findings_table(
    close: StoredClose, lines: pd.DataFrame, chosen: list[tuple[str, str]], desk: MonthDesk | None = None
) -> pd.DataFrame:
    """The findings behind the clicked bars, or all of them, the largest first; a desk says what was decided of each."""
    found = [row for row in findings_of(close, lines).to_dict("records") if _is_behind(row, chosen)]
    parties = dict(zip(_keys(close.lines), close.lines["counterparty"], strict=True))
    ordered = sorted(found, key=lambda row: (-abs(row["amount"]), row["finding_id"]))
    decided = {one.finding_id: (one.disposition or UNDECIDED, one.owner) for one in (desk.items.new if desk else ())}
    rows = [_finding_row(row, parties, decided.get(row["finding_id"], NOT_ASKED)) for row in ordered]
    return pd.DataFrame(rows, columns=FINDING_COLUMNS, dtype=object)


def _is_behind(finding: Mapping[Any, Any], chosen: list[tuple[str, str]]) -> bool:
    return not chosen or (finding["currency"], finding["cause"]) in chosen


def _finding_row(
    row: Mapping[Any, Any], parties: Mapping[tuple[str, ...], Any], decided: tuple[str, str]
) -> tuple[str, ...]:
    key = tuple(str(row[name] or "") for name in LINE)
    amount = shown(row["amount"], key[-1], is_signed=True) if key[-1] else "–"
    party = parties.get(key) or "(no contract)"
    return party, *key, amount, cause_words(row["cause"]), str(row["grade"]), *decided, str(row["finding_id"])


def findings_title(chosen: list[tuple[str, str]]) -> str:
    """What the findings listed below are."""
    bars = ", ".join(f"{cause_words(cause)} in {currency}" for currency, cause in chosen)
    listed = f"Lines with {bars}" if chosen else "All findings, the largest first"
    return f"### {listed}\n\nChoose one to see what it rests on, or several to decide about them at once."


def finding_of(close: StoredClose, row: pd.DataFrame) -> views.Record:
    """The finding of a selected row."""
    wanted = close.findings[close.findings["finding_id"] == row["finding"].iloc[0]]
    return {str(name): value for name, value in wanted.iloc[0].items()}


def finding_heading(finding: views.Record) -> str:
    """A chosen finding in one line with its grade and what the grade means."""
    line = " / ".join(str(finding[name] or "") for name in LINE)
    title = f"### {cause_words(finding['cause'])}: {line}"
    return f"{title}\n\n{views.grade_meaning(finding)}\n\n#### In a sentence, to copy and paste"


def to_paste(close: StoredClose, finding: views.Record) -> str:
    """The sentence for finance as a block with a button that copies it (HTML)."""
    return copyable(views.sentence_of(close, finding))


def workings_beside(close: StoredClose, finding: views.Record) -> pd.DataFrame:
    """The line's arithmetic as we believe it, beside the same under the finding's edit, changed steps marked."""
    rows = [_beside(number, pair) for number, pair in enumerate(views.workings_of(close, finding), 1)]
    return as_text(pd.DataFrame(rows, columns=BESIDE_COLUMNS, dtype=object))


def _beside(number: int, pair: views.Pair) -> tuple[Any, ...]:
    ours, theirs = (readable(str(side["text"] or "")) if side else None for side in pair)
    step: views.Record = pair.ours or pair.theirs or {}
    return number, step["label"], ours, theirs, "≠" if pair.is_changed else "", step["rule"]


def finding_events(close: StoredClose, finding: views.Record) -> pd.DataFrame:
    """The events a finding turns on, as text: ids, the fate and the money either side gives them, where they are."""
    events = views.events_of(close, finding)
    listed = pd.DataFrame(
        {
            "event": [event or "(counted)" for event in events["event"]],
            "dataset": events["dataset"],
            "quantity": [f"{quantity:,f}" for quantity in events["quantity"]],
            "ours": [views.fate_words(fate) for fate in events["ours"]],
            "theirs": [views.fate_words(fate) for fate in events["theirs"]],
            "our amount": [_money(amount, finding["currency"]) for amount in events["our_amount"]],
            "their amount": [_money(amount, finding["currency"]) for amount in events["their_amount"]],
            "place": events["place"],
        }
    )
    return as_text(listed)


def _money(amount: Decimal | None, currency: str | None) -> str:
    return "" if amount is None else shown(amount, str(currency))


def to_repeat(close: StoredClose, finding: views.Record) -> str:
    """The commands that tell the finding, and the first of its events, again: a block to copy (HTML)."""
    ids = [event for event in views.events_of(close, finding)["event"] if event][:1]
    return copyable("\n".join(views.command(close, identity) for identity in (finding["finding_id"], *ids)))
