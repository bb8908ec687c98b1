"""The measured power of the control: which planted errors a close of a copy of the month found and named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pandas as pd

from recon.diagnose.grades import cause_words
from recon.review.audit.room import Room
from recon.review.audit.totals import share
from recon.review.words import counted, literal

TITLE = "## Drill: the power of the control"
VERDICTS = ("caught", "misnamed", "missed", "no effect")
CODE_COLUMNS = ["planted error", "in the table", "planted", *VERDICTS, "found and named"]
ERROR_COLUMNS = ["verdict", "contract", "what was done", "placed", "moves", "named as", "grade"]
MEANINGS = {
    "caught": "found, and named by a finding",
    "misnamed": "found, but named otherwise",
    "missed": "no finding on its lines",
    "no effect": "no line of the month moves",
}
Drill = dict[str, Any]


def drill_heading(room: Room) -> str:
    """What the drill was, and what it showed, in a few lines of Markdown; how to run one where there is none."""
    drill = room.facts.drill
    if drill is None:
        return (
            f"{TITLE}\n\n**No drill was run on this month**, so what a close would miss is not measured. "
            f"`recon drill {room.close.period}` plants known billing errors in a copy of it and tells."
        )
    told = " ".join(_about(drill))
    return f"{TITLE}\n\n{told}"


def _about(drill: Drill) -> Iterator[str]:
    counts = _counts(drill["errors"])
    effective = sum(counts[verdict] for verdict in VERDICTS[:3])
    power = share(counts["caught"], effective)
    planted = f"{counted(effective, 'planted error')} that change{'s' if effective == 1 else ''} a line"
    yield f"**Of {planted}, {counts['caught']:,} were found and named ({power}).**"
    alarms = drill["clean"]["false_alarms"]
    false = alarms if isinstance(alarms, int) else len(alarms)
    yield f"With nothing planted: {counted(false, 'false alarm')} on {counted(drill['clean']['lines'], 'line')}."
    wrongly = (drill.get("summary") or {}).get("wrongly_proven")
    if wrongly is not None:
        yield f"Called proven although another error was planted: {wrongly}."
    yield f"Seed {drill['seed']}, {literal(str(drill['software']))}{_sampled(drill)}."


def _sampled(drill: Drill) -> str:
    sampled = drill.get("sampled") or {}
    if not sampled.get("is_sampled"):
        return ", on the whole month"
    rows = (f"{one['kept']:,} of {one['read']:,} {name}" for name, one in sampled.get("rows", {}).items())
    return f", on a sample of the month: {', '.join(rows)}"


def drill_cards(room: Room) -> list[dict[str, str]]:
    """A card per verdict for `mo.stat`, with what it means; none without a drill."""
    if room.facts.drill is None:
        return []
    counts = _counts(room.facts.drill["errors"])
    return [{"label": name, "value": f"{counts[name]:,}", "caption": MEANINGS[name]} for name in VERDICTS]


def _counts(errors: list[Drill]) -> Counter[str]:
    return Counter(str(error["verdict"]) for error in errors)


def codes_table(room: Room) -> pd.DataFrame:
    """Each kind of error with how many were planted and what became of them, the worst first."""
    by_code: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    for error in (room.facts.drill or {"errors": []})["errors"]:
        by_code[str(error["code"]), bool(error["is_in_table"])][str(error["verdict"])] += 1
    ordered = sorted(by_code.items(), key=lambda one: (-_bad(one[1]), not one[1]["caught"], one[0]))
    return pd.DataFrame([_code(*one) for one in ordered], columns=CODE_COLUMNS, dtype=object)


def _bad(counts: Counter[str]) -> int:
    return counts["missed"] + counts["misnamed"]


def _code(key: tuple[str, bool], counts: Counter[str]) -> tuple[str, ...]:
    effective = counts.total() - counts["no effect"]
    named = (cause_words(key[0]), "yes" if key[1] else "no", f"{counts.total():,}")
    return (
        *named,
        *(f"{counts[one]:,}" if counts[one] else "–" for one in VERDICTS),
        share(counts["caught"], effective),
    )


def errors_table(room: Room, row: pd.DataFrame) -> pd.DataFrame:
    """Every planting of a chosen kind of error: where, what was done, what it moves, what it was named."""
    wanted = str(row["planted error"].iloc[0])
    found = (room.facts.drill or {"errors": []})["errors"]
    rows = [_error(one) for one in found if cause_words(one["code"]) == wanted]
    return pd.DataFrame(rows, columns=ERROR_COLUMNS, dtype=object)


def _error(error: Drill) -> tuple[str, ...]:
    amounts = (error.get("amount") or {}).items()
    beside = "".join(f", with {cause_words(one)}" for one in error.get("with") or ())
    return (
        str(error["verdict"]), str(error.get("contract") or "–"), str(error.get("what") or "–"),
        f"{error.get('placement') or '–'}{beside}",
        ", ".join(f"{currency} {amount}" for currency, amount in amounts) or "–",
        ", ".join(map(cause_words, error.get("named") or ())) or "–", str(error.get("grade") or "–"),
    )  # fmt: skip
