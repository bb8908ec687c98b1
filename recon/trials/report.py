"""The report of a conformance run: a table by rule, then each failure with why the figure is what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from recon.trials.conformance import Trial, Verdict

VERDICTS: tuple[Verdict, ...] = ("passed", "failed", "refused", "left out")
SHOWN = 12  # differences of one case that are shown


def report(trials: Sequence[Trial], biller: str) -> str:
    """The whole report as Markdown."""
    return "\n".join([*_head(trials, biller), "", *_by_rule(trials), *_failures(trials)]) + "\n"


def summary(trials: Sequence[Trial], biller: str) -> dict[str, Any]:
    """The report for machines."""
    return {
        "biller": biller,
        **{verdict.replace(" ", "_"): _count(trials, verdict) for verdict in VERDICTS},
        "cases": [_told(trial) for trial in trials],
    }


def _told(trial: Trial) -> dict[str, Any]:
    return {
        "case": trial.case.name,
        "rule": trial.case.rule,
        "title": trial.case.title,
        "verdict": trial.verdict,
        "differences": [{"of": one.of, "expected": one.expected, "found": one.found} for one in trial.differences],
    }


def _count(trials: Sequence[Trial], verdict: str) -> int:
    return sum(trial.verdict == verdict for trial in trials)


def _head(trials: Sequence[Trial], biller: str) -> Iterator[str]:
    yield f"# Conformance of {biller}: {_count(trials, 'passed')} of {len(trials)} cases passed"
    yield ""
    told = ", ".join(f"{_count(trials, verdict)} {verdict}" for verdict in VERDICTS)
    yield f"{told}; amounts compared at zero tolerance."
    if any(trial.has_lines_only for trial in trials):
        yield "Where no fates were written, lines alone were compared."
    if _count(trials, "left out"):
        yield "Left out: cases that ask for `as_known_at` or `cutoff`, which the command has no place for."


def _by_rule(trials: Sequence[Trial]) -> Iterator[str]:
    counts = Counter((trial.case.rule, trial.verdict) for trial in trials)
    yield "| rule | " + " | ".join(VERDICTS) + " |"
    yield "|---|" + "---:|" * len(VERDICTS)
    for rule in sorted({trial.case.rule for trial in trials}, key=_order):
        yield f"| {rule} | " + " | ".join(str(counts[rule, verdict] or "") for verdict in VERDICTS) + " |"


def _order(rule: str) -> tuple[tuple[int, str], ...]:
    """4.10 after 4.9."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in rule.split("."))


def _failures(trials: Sequence[Trial]) -> Iterator[str]:
    for trial in trials:
        if trial.verdict in ("failed", "refused"):
            yield from _failure(trial)


def _failure(trial: Trial) -> Iterator[str]:
    case = trial.case
    yield from ("", f"## {case.rule}, {case.title}", "", f"`{case.name}`, {case.period}: {trial.verdict}.", "")
    yield from (f"> {line}".rstrip() for line in case.why.strip().splitlines())
    yield from ("", "| of | expected | found |", "|---|---|---|")
    for one in trial.differences[:SHOWN]:
        yield "| " + " | ".join(_cell(text) for text in (one.of, one.expected, one.found)) + " |"
    if len(trial.differences) > SHOWN:
        yield f"\nand {len(trial.differences) - SHOWN} more"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
