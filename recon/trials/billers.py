"""Billers on trial: recon's own close, and any command that takes a folder and leaves a folder."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from recon.close import StoredClose, close_period
from recon.period import Period, instant_text
from recon.problems import BadInput, Problem
from recon.trials.cases import Case, Outcome, fates_of, line_key, lines_of
from recon.workspace import Workspace

NEEDED = ("{workspace}", "{period}", "{out}")
OPTIONAL = {"{as_known_at}": "as_known_at", "{cutoff}": "cutoff"}
SECONDS = 300.0  # after which a command is given up
LAST_WORDS = 400  # characters of a refusal that are shown

# Bills one case from a copy of its workspace into an output folder; None: it has no way to be asked for it.
Biller = Callable[[Case, Path, Path], Outcome | None]


def recon_biller(case: Case, workspace: Path, out: Path) -> Outcome:
    """The close of the case's month by recon itself, read back from what it stored."""
    known, cutoff = case.instant("as_known_at"), case.instant("cutoff")
    try:
        close = close_period(Workspace.open(workspace), Period.parse(case.period), known, cutoff, is_diagnosed=False)
    except BadInput as refusal:
        return Outcome(refusal="\n".join(str(problem) for problem in refusal.problems), has_reasons=True)
    if close.not_priced:
        return Outcome(refusal="not priced: " + "; ".join(" ".join(map(str, one)) for one in close.not_priced))
    return outcome_of_close(close)


def outcome_of_close(close: StoredClose) -> Outcome:
    """What a stored close says of its month."""
    lines, fates, findings = _records(close.lines), _records(close.fates), _records(close.findings)
    decisions = _records(close.conversions())
    return Outcome(
        lines_of(lines, "expected_quantity", "expected_amount"),
        fates_of(fates),
        {(row["contract"], row["conversion_id"]): _with_share(row) for row in decisions},
        frozenset((row["cause"], row["contract"] or "", row["item"] or "") for row in findings),
        {line_key(row): (row["status"], Decimal(row["variance"])) for row in lines},
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _with_share(row: dict[str, Any]) -> dict[str, Any]:
    """A close keeps shares in whole millionths."""
    return row | {"share": None if row["share"] is None else Decimal(int(row["share"])).scaleb(-6)}


def command_biller(command: str) -> Biller:
    """A biller behind a command such as `mybiller {workspace} {period} {out}`; BadInput where it can't be one.

    An argument that holds `{as_known_at}` or `{cutoff}` (instants as text) is left out where a case asks for none.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadInput([Problem("--command", command, f"a command line ({error})")]) from error
    missing = [name for name in NEEDED if not any(name in word for word in words)]
    if missing:
        raise BadInput([Problem("--command", command, f"a command with {', '.join(missing)}")])
    return lambda case, workspace, out: _run(words, case, workspace, out)


def _run(words: list[str], case: Case, workspace: Path, out: Path) -> Outcome | None:
    asked = {mark: case.instant(name) for mark, name in OPTIONAL.items()}
    if any(at is not None and not any(mark in word for word in words) for mark, at in asked.items()):
        return None
    known = {"{workspace}": str(workspace), "{period}": case.period, "{out}": str(out)}
    known |= {mark: instant_text(at) for mark, at in asked.items() if at is not None}
    told = _call([_filled(word, known) for word in words if not _is_idle(word, known)])
    return told if told is not None else _read(out)


def _is_idle(word: str, known: Mapping[str, str]) -> bool:
    return any(mark in word for mark in OPTIONAL if mark not in known)


def _filled(word: str, known: Mapping[str, str]) -> str:
    for mark, value in known.items():
        word = word.replace(mark, value)
    return word


def _call(words: list[str]) -> Outcome | None:
    """Runs the command; a refusal where it ends with a status other than 0 or takes too long."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome(refusal=f"no end after {SECONDS:.0f} seconds")
    except OSError as error:
        raise BadInput([Problem("--command", words[0], f"a command that runs ({error.strerror})")]) from error
    if done.returncode == 0:
        return None
    words_said = " ".join((done.stderr or done.stdout).split())[-LAST_WORDS:]
    return Outcome(refusal=f"status {done.returncode}: {words_said}")


def _read(out: Path) -> Outcome:
    """What a command wrote; files that can't be read are a refusal, for nothing can be compared."""
    try:
        decisions = _rows(out / "conversions.csv")
        fates = _rows(out / "fates.csv")
        return Outcome(
            lines_of(_lines_written(out / "lines.csv")),
            None if fates is None else fates_of(fates),
            None if decisions is None else {(row["contract"], row["conversion_id"]): row for row in decisions},
        )
    except KeyError as error:
        return Outcome(refusal=f"a file has no column {error}")
    except (ValueError, ArithmeticError, csv.Error) as error:
        return Outcome(refusal=f"a file can't be read: {error or type(error).__name__}")


def _lines_written(path: Path) -> Iterator[dict[str, str]]:
    rows = _rows(path)
    if rows is None:
        raise ValueError(f"{path.name} was not written")
    seen = set()
    for row in rows:
        if line_key(row) in seen:
            raise ValueError(f"{path.name} has two lines {'/'.join(line_key(row))}")
        seen.add(line_key(row))
        yield row


def _rows(path: Path) -> list[dict[str, str]] | None:
    if not path.exists():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
