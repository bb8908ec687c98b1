"""The drill: errors planted in a copy of a month, and what its close makes of them: the power of the control."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from recon.close import Outcome, Rehearsal, close_period
from recon.close.drills import latest_drill, store_drill
from recon.period import Period
from recon.trials.billers import Biller, command_biller
from recon.trials.drill_report import summary
from recon.trials.folders import write_bill, write_month, write_statement
from recon.trials.judging import Judged, Row, false_alarms, faults, findings_of, judged, outcome_of
from recon.trials.planting import ERRORS, BilledLine, Month, PlantedError, Site
from recon.trials.rebilling import Billed, Rebilling
from recon.trials.sampling import Sampled, month_of
from recon.trials.search import Planted, Search, amounts
from recon.workspace import Workspace

__all__ = ["PLAIN_BILLER", "Asked", "drill", "latest_drill", "store_drill"]

PLAIN_BILLER = (
    f"{shlex.quote(sys.executable)} -m fixtures.plain_biller {{workspace}} {{period}} {{out}} "
    "--as-known-at={as_known_at} --cutoff-instant={cutoff}"
)


@dataclass(frozen=True)
class Asked:
    """How a drill is run: the biller's command, the seed, how often each error is planted, how many pairs of each kind.

    `most_runs` ends it after so many closes, which leaves some errors out; `codes` are those planted, all unless named.
    """

    command: str = PLAIN_BILLER
    seed: int = 1
    times: int = 2
    pairs: int = 12
    most_runs: int | None = None
    codes: tuple[str, ...] = ()
    as_known_at: int | None = None
    cutoff: int | None = None


def drill(
    workspace: Workspace, period: Period, asked: Asked | None = None, on_step: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Plant every known error, and some unknown ones, in a copy of a month and close it; plain values for JSON.

    Nothing in the workspace changes. Raises BadInput where the month or the biller can't be used.
    """
    asked, told = asked or Asked(), on_step or (lambda step: None)
    told("copying the month")
    month, sampled = month_of(workspace, period, asked.seed, asked.as_known_at, asked.cutoff)
    with tempfile.TemporaryDirectory(prefix="recon-drill-") as folder:
        biller = command_biller(asked.command)
        return _Drill(workspace, month, biller, Path(folder), asked, told).result(sampled)


class _Drill:
    """One drill at work in a folder of its own."""

    def __init__(  # noqa: PLR0917
        self, workspace: Workspace, month: Month, biller: Biller, folder: Path, asked: Asked,
        told: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.workspace, self.month, self.folder, self.asked, self.told = workspace, month, folder, asked, told
        self.rebilling = Rebilling(month, biller, folder)
        self.copy, self.statement = folder / "copy", folder / "statement"

    def result(self, sampled: Sampled) -> dict[str, Any]:
        """The whole drill as plain values."""
        self.told("billing the copy rightly")
        clean = self.rebilling.clean()
        write_month(self.copy, self.month, True, self.workspace)
        write_statement(self.statement, self.month, self.workspace)
        self.told("closing the copy with nothing planted")
        first = self._closed(clean)
        alarms = false_alarms(first)
        judgements, broken, runs = self._planted(clean, alarms)
        errors = [one.told() for one in judgements]
        return {
            "period": str(self.month.period), "seed": self.asked.seed, "biller": self.asked.command,
            "sampled": sampled.told(), "software": f"recon {installed('recon')}",
            "clean": {"lines": len(first.lines), "false_alarms": alarms},
            "closes": runs, "faults": broken, "errors": errors, "summary": summary(errors, alarms, broken),
        }  # fmt: skip

    def _closed(self, lines: Sequence[BilledLine]) -> Outcome:
        """The copy closed against these lines, from reading to storing."""
        write_bill(self.copy / "billing", self.month, lines)
        month, copy = self.month, Workspace.open(self.copy)
        return outcome_of(close_period(copy, month.period, month.as_known_at, month.own_cutoff))

    def _rehearsal(self) -> Rehearsal:
        month, copy = self.month, Workspace.open(self.copy)
        return Rehearsal(copy, month.period, month.as_known_at, month.own_cutoff)

    def _planted(self, clean: Billed, alarms: Sequence[Row]) -> tuple[list[Judged], list[str], int]:
        """Every error planted and judged, what did not hold in some close, and the number of closes."""
        errors = [error for error in ERRORS if not self.asked.codes or error.code in self.asked.codes]
        doubtful = {row["contract"] for row in alarms}
        sites = [Site(self.month, name, tuple(clean), self.asked.seed)
                 for name in self.month.contracts if name not in doubtful]  # fmt: skip
        search = Search(self.rebilling, clean, self.workspace.tolerance, self.asked.seed)
        singles = search.singles(errors, sites, self.asked.times, self.told)
        pairs = search.pairs(singles, self.asked.pairs, self.told)
        runs = packed([*singles, *pairs])[: self.asked.most_runs]
        known = {(row["contract"], row["item"]) for row in alarms}
        found, broken = [], []
        with self._rehearsal() as rehearsal:
            for number, run in enumerate(runs, 1):
                self.told(f"close {number} of {len(runs)}, {len(run)} errors planted")
                judgements, told = self._run(clean, run, known, rehearsal)
                found += judgements
                broken += [f"close {number}: {one}" for one in told]
        return [*found, *_idle(errors, singles, search)], broken, len(runs)

    def _run(
        self, clean: Billed, run: Sequence[Planted], known: set[Any], rehearsal: Rehearsal
    ) -> tuple[list[Judged], list[str]]:
        """One close with plantings in different contracts: the month is read and priced once for all of them."""
        changed = frozenset(name for one in run for name in one.billed)
        lines = [line for line in clean if line.contract not in changed]
        lines += [line for one in run for line in one.lines if line.contract in one.billed]
        was, became = amounts(clean), amounts(lines)
        write_bill(self.statement / "billing", self.month, lines)
        try:
            close = rehearsal.against(Workspace.open(self.statement))
        except Exception as reason:  # a close that breaks off finds nothing, and that is a result, too
            broken = f"broke off, {type(reason).__name__}: {str(reason).splitlines()[0]}"
            return [one for planted in run for one in judged(planted, was, became, {})], [broken]
        findings = findings_of(close)
        alarms = {key for key in findings if key[:2] in known}
        return [one for planted in run for one in judged(planted, was, became, findings)], faults(close, run, alarms)


def packed(planted: Sequence[Planted]) -> list[list[Planted]]:
    """As few closes as possible in which no contract has two plantings."""
    load: dict[str, int] = {}
    for one in planted:
        for name in one.billed:
            load[name] = load.get(name, 0) + 1
    runs: list[list[Planted]] = []
    taken: list[set[str]] = []
    for one in sorted(planted, key=lambda one: -max(load[name] for name in one.billed)):
        place = next((n for n, names in enumerate(taken) if not names & one.billed), None)
        if place is None:
            place = len(runs)
            runs.append([])
            taken.append(set())
        runs[place].append(one)
        taken[place] |= one.billed
    return runs


def _idle(errors: Sequence[PlantedError], singles: Sequence[Planted], search: Search) -> Iterator[Judged]:
    """The errors that change nothing on this month's data."""
    planted = {one.errors[0].code for one in singles}
    for error in errors:
        if error.code not in planted:
            tries = search.tried[error.code]
            what = f"planted in {tries} ways, no line moved" if tries else "no contract could go wrong so"
            yield Judged(error.code, error.is_in_table, "", what)
