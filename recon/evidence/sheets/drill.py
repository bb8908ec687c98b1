"""Drill: which planted billing errors a close of a copy of the month finds and names: the power of the control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recon.diagnose.grades import cause_words
from recon.evidence.facts import Record, joined
from recon.evidence.formula import Range, Ref, Term, count_where, label, number, rows_unlike, total
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import COUNT, TEXT, Look

TITLE = "Drill"
COLUMNS = (
    Column("code", "Planted error", 26),
    Column("known", "In the table", 10),
    Column("verdict", "Verdict", 12),
    Column("contract", "Contract", 24),
    Column("what", "What was done", 46),
    Column("placement", "Placed", 11),
    Column("others", "Together with", 20),
    Column("lines", "Lines it moves", 34),
    Column("amount", "What it moves", 18),
    Column("named", "Named as", 24),
    Column("grade", "Grade", 12),
    Column("rivals", "Rivals", 24),
)
VERDICTS = ("caught", "missed", "misnamed", "no effect")
_BY_VERDICT = {"code": "Verdict", "known": "Errors", "what": "What it means"}
_MEANING = {
    "caught": "a finding on its lines names it, first or among the rivals",
    "missed": "no finding stands on the lines it moves",
    "misnamed": "findings stand on its lines, but none of them names it",
    "no effect": "the error changes no line of this month: nothing to find",
}


def write(pack: Pack) -> None:
    """Write the sheet; where no drill was run, it says so and how to run one."""
    sheet = pack.sheet(TITLE, COLUMNS, "Drill: the power of the control",
        "Errors planted by a separate plain biller in a copy of this month, each in a contract of its own, then closed "
        "as the month itself: what such a close finds, names, and how sure it is.",
    )  # fmt: skip
    drill = pack.facts.drill
    if drill is None:
        period = pack.facts.close.period
        sheet.line(f"No drill was run on this month. `recon drill {period}` runs one; `recon evidence {period}` then "
                   "writes the next pack with it.")  # fmt: skip
        return
    for sentence in _about(drill):
        sheet.line(sentence)
    sheet.next_row()
    first = sheet.row + len(VERDICTS) + 6  # the errors' header stands below the counts
    _counts(pack, sheet, drill, first)
    _errors(sheet, drill, first)


def _about(drill: Record) -> Iterator[str]:
    alarms, clean = drill["clean"]["false_alarms"], drill["clean"]["lines"]
    yield f"Run with {drill['software']}, seed {drill['seed']}; biller: {drill['biller']}"
    rows = drill["sampled"].get("rows", {}) if drill["sampled"] else {}
    if drill["sampled"] and drill["sampled"].get("is_sampled"):
        kept = (f"{one['kept']:,} of {one['read']:,} {name}" for name, one in rows.items())
        yield f"On a sample of the month: {joined(kept)}."
    yield f"With nothing planted: {_alarms(alarms)} on {clean:,} lines billed rightly."
    wrongly = (drill.get("summary") or {}).get("wrongly_proven")
    if wrongly is not None:
        yield f"Called proven although another error was planted: {wrongly}."


def _alarms(alarms: Any) -> str:
    count = alarms if isinstance(alarms, int) else len(alarms)
    return f"{count} false alarm{'' if count == 1 else 's'}"


def _counts(pack: Pack, sheet: Sheet, drill: Record, header_row: int) -> None:
    """Errors per verdict, counted over the rows below."""
    letter, last = sheet.letter("verdict"), header_row + max(1, len(drill["errors"]))
    values = tuple(str(error["verdict"]) for error in drill["errors"]) or (None,)
    verdicts = Range(f"${letter}${header_row + 1}:${letter}${last}", values)
    with sheet.table(_BY_VERDICT):
        cells = [_count(sheet, verdict, count_where((verdicts, label(verdict)))) for verdict in VERDICTS]
        sheet.next_row()
        sheet.put("code", "All planted errors", Look("total-text"))
        planted = sheet.put("known", total(cells), Look("total-formula", COUNT))
    listed = rows_unlike(Range(f"'{TITLE}'!{verdicts.text}", values), label(""))
    pack.check(TITLE, "Every planted error has one verdict", planted.far.same_as(listed))
    for verdict, cell in zip(VERDICTS, cells, strict=True):
        told = (drill.get("summary") or {}).get(verdict.replace(" ", "_"))
        if told is not None:
            pack.check(TITLE, f"Errors {verdict}: as the drill itself counted", cell.far.same_as(number(told)))
    sheet.next_row()


def _count(sheet: Sheet, verdict: str, count: Term) -> Ref:
    sheet.next_row()
    sheet.put("code", verdict, Look("text"))
    sheet.put("what", _MEANING[verdict], Look("text"))
    return sheet.put("known", count, Look("formula", COUNT))


def _errors(sheet: Sheet, drill: Record, header_row: int) -> None:
    while sheet.row < header_row - 1:
        sheet.next_row()
    with sheet.table(is_main=True):
        for error in drill["errors"]:
            _error(sheet, error)
    sheet.is_frozen = False
    sheet.flag("verdict", 'OR({0}="missed",{0}="misnamed")')


def _error(sheet: Sheet, error: Record) -> None:
    sheet.next_row()
    sheet.put("code", cause_words(error["code"]), Look("text", TEXT))
    sheet.put("known", "yes" if error["is_in_table"] else "no", Look("text", TEXT))
    for name in ("verdict", "contract", "placement", "grade"):
        sheet.put(name, str(error.get(name) or ""), Look("text", TEXT))
    sheet.put("what", error.get("what"), Look("prose", TEXT))
    for name, source in (("others", "with"), ("named", "named"), ("rivals", "rivals")):
        sheet.put(name, joined(cause_words(one) for one in error.get(source) or ()), Look("prose", TEXT))
    sheet.put("lines", joined(_line(one) for one in error.get("lines") or ()), Look("prose", TEXT))
    amounts = (error.get("amount") or {}).items()
    sheet.put("amount", joined(f"{currency} {amount}" for currency, amount in amounts), Look("prose", TEXT))


def _line(line: Any) -> str:
    return line if isinstance(line, str) else "/".join(str(part) for part in line)
