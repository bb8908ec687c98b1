"""Why a line differs: the finding's grade and rivals, the edit as a clause before and after, workings on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from recon import views
from recon.close import StoredClose, believed
from recon.contracts.clauses import differences
from recon.contracts.terms import ContractVersion
from recon.diagnose import LineKey, Priced, World, edited_versions
from recon.diagnose.grades import cause_words
from recon.problems import BadInput
from recon.review.words import as_text, literal, matching, readable, shown
from recon.views import LINE

EDIT_COLUMNS = ["clause", "as the contract says", "as it seems to have been billed"]
BESIDE_COLUMNS = ["no", "step", "ours", "theirs, under the edit", "changed", "rule"]
AGREES = "**It agrees**, or within tolerance: nothing is to be explained. The line's own workings stand below."
NO_CLAUSE = "The edit changes no clause of the contract"


def finding_choices(close: StoredClose, line: pd.DataFrame) -> dict[str, str]:
    """The findings on a line by the name that a page shows, the largest first; their ids."""
    found = matching(close.findings, line, list(LINE)).to_dict("records")
    ordered = sorted(found, key=lambda row: (-abs(row["amount"]), row["finding_id"]))
    return {_named(row): str(row["finding_id"]) for row in ordered}


def _named(row: dict[Any, Any]) -> str:
    amount = f"{row['currency']} {shown(row['amount'], row['currency'], is_signed=True)}" if row["currency"] else ""
    return f"{cause_words(row['cause'])}, {row['grade']}, {amount}".rstrip(", ")


def finding_chosen(close: StoredClose, line: pd.DataFrame, wanted: str | None) -> str | None:
    """The name of the finding that an address asks for, else of the largest; None where there is none."""
    choices = finding_choices(close, line)
    named = [name for name, identity in choices.items() if identity == wanted]
    return named[0] if named else next(iter(choices), None)


def _record(close: StoredClose, finding: str) -> views.Record:
    (row,) = close.findings[close.findings["finding_id"] == finding].to_dict("records")
    return {str(name): value for name, value in row.items()}


def verdict(close: StoredClose, finding: str | None) -> str:
    """A finding's sentence, its grade, its rivals and what would decide between them, in Markdown."""
    if finding is None:
        return AGREES
    row = _record(close, finding)
    meaning = literal(views.grade_meaning(row)).replace(str(row["grade"]).capitalize(), f"**{row['grade']}**", 1)
    told = [literal(str(row["sentence"] or "")), "", f"Grade {meaning}"]
    scope = f" · found for the {row['scope']}" if row["scope"] else ""
    witnesses = f" · billed in {literal(', '.join(str(row['witnesses']).split()))}" if row["witnesses"] else ""
    return "\n".join([*told, "", f"finding `{row['finding_id']}`{scope}{witnesses}"])


def edit_rows(close: StoredClose, finding: str | None) -> pd.DataFrame:
    """The clauses that a finding's edit changes, version by version, before and after; empty where it changes none."""
    rows = [] if finding is None else list(_changed(close, _record(close, finding)))
    return pd.DataFrame(rows, columns=EDIT_COLUMNS, dtype=object)


def edit_words(close: StoredClose, finding: str | None, changed: pd.DataFrame) -> str:
    """What the edit is, in words; where no clause is `changed`, that it is about the clock, the events or the line."""
    if finding is None:
        return ""
    row = _record(close, finding)
    if not row["edit"]:
        return "### The edit\n\nNo edit is known for it."
    told = f"### The edit\n\n{literal(str(row['edit']))}"
    if not changed.empty:
        return told
    return f"{told}\n\n*{NO_CLAUSE}: it is about the clock, how events are read, the inputs or the finished line.*"


def _changed(close: StoredClose, row: views.Record) -> Iterator[tuple[str, ...]]:
    try:
        known = believed(close)
    except BadInput as changed:
        yield "(the contracts changed since)", *(str(one) for one in changed.problems[:1]), ""
        return
    world = World(known.book, known.every, known.scope)
    lines = close.lines[close.lines["contract"] == row["contract"]].to_dict("records")
    expected = {LineKey(*(one[name] for name in LINE[1:])): _priced(one) for one in lines}
    currencies = {str(one["currency"]) for one in lines}
    contract, named = str(row["contract"]), (str(row["cause"]), str(row["edit"]))
    after = edited_versions(world, contract, named, expected, currencies)
    yield from () if after is None else _differences(world.versions(contract), after)


def _priced(line: dict[Any, Any]) -> Priced:
    return Priced(line["expected_quantity"], line["expected_amount"])


def _differences(
    before: Sequence[ContractVersion], after: Sequence[ContractVersion]
) -> Iterator[tuple[str, str, str]]:  # fmt: skip
    """Clause by clause; versions that the edit leaves out or brings in as wholes."""
    then = {one.version: one for one in after}
    for version in before:
        edited = then.pop(version.version, None)
        if edited is None:
            yield f"v{version.version}", f"in force from {version.effective.first}", "not known"
            continue
        for change in differences(version, edited):
            yield f"v{version.version} {change.path}", change.before or "–", change.after or "–"
    for version in then.values():
        yield f"v{version.version}", "not in force", f"in force from {version.effective.first}"


def workings_words(close: StoredClose, finding: str | None) -> str:
    """What stands in the table of workings."""
    if finding is not None and views.has_workings(close, _record(close, finding)):
        return "### Workings: as expected, beside what they are under the edit"
    return "### Workings, as expected (no arithmetic is kept under an edit)"


def workings_rows(close: StoredClose, line: pd.DataFrame, finding: str | None) -> pd.DataFrame:
    """The line's steps as expected, beside those under the finding's edit; both sides' amounts at the foot."""
    one = line.iloc[0]
    row = dict(one) if finding is None else _record(close, finding)
    pairs = views.workings_of(close, {"finding_id": "", **{str(name): value for name, value in row.items()}})
    has_theirs = finding is not None and views.has_workings(close, row)
    rows = [_beside(number, pair, has_theirs) for number, pair in enumerate(pairs, 1)]
    amounts = (f"{one['currency']} {shown(one[name], one['currency'])}" for name in AMOUNTS)
    foot = ("", "expected, and billed", *amounts, "≠" if one["variance"] else "", "8.2")
    return as_text(pd.DataFrame([*rows, foot], columns=BESIDE_COLUMNS, dtype=object))


AMOUNTS = ("expected_amount", "billed_amount")


def _beside(number: int, pair: views.Pair, has_theirs: bool) -> tuple[Any, ...]:
    ours, theirs = (readable(str(side["text"] or "")) if side else None for side in pair)
    step: views.Record = pair.ours or pair.theirs or {}
    return number, step["label"], ours, theirs, "≠" if pair.is_changed and has_theirs else "", step["rule"]
