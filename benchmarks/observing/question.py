"""What every contestant is asked, with the bounds of months and windows worked out beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recon.close.contracts import contracts_of
from recon.contracts.book import Book
from recon.contracts.lint import accepted
from recon.contracts.terms import CpmTerms
from recon.observe import Scope
from recon.observe.conversions import SPARE
from recon.observe.questions import widest_windows
from recon.period import DAY, Period
from recon.workspace import Workspace

WORKS = {
    "counts": "impressions per item, month in its own zone and marks",
    "duplicates": "the same, with copies of an id within 24 hours told apart",
    "touches": "touches in reach of each conversion, and the latest of them",
    "everything": "all observations of a close: what prices the month and what a diagnosis asks",
}
COUNTED = "ts item geo device placement partner is_viewable is_completed ivt is_test ingested_at"
TOUCHED = "ts program user_id partner ivt is_test ingested_at"


@dataclass(frozen=True)
class Question:
    """A month's files, its items' months (µs, half-open), its cut-off, and its programs' windows (click, view)."""

    workspace: Workspace
    scope: Scope
    every: Book
    book: Book
    months: dict[str, tuple[int, int]]
    windows: dict[str, tuple[int, int]]

    @property
    def cutoff(self) -> int:
        return self.scope.cutoff_of(self.scope.period)

    @property
    def around(self) -> tuple[int, int]:
        """The month in UTC and a day on both sides: whose conversions are asked for."""
        return self.scope.period.start("UTC") - DAY, self.scope.period.end("UTC") + DAY

    def files(self, dataset: str) -> str:
        return f"{self.workspace.folder}/data/{dataset}/*.parquet"


def question(folder: Path, period: str) -> Question:
    """The question about a workspace's month."""
    workspace, month = Workspace.open(folder), Period.parse(period)
    every = contracts_of(workspace, 0).book
    scope = Scope(month, workspace.cutoff_days, billing_timezone=workspace.billing_timezone)
    months = {
        item.item: (month.start(version.timezone), month.end(version.timezone))
        for version in every.versions
        if isinstance(version.terms, CpmTerms)
        for item in version.terms.items
    }
    windows = {name: (click + SPARE, view + SPARE) for name, (click, view) in sorted(widest_windows(every).items())}
    return Question(workspace, scope, every, accepted(every, None).known_at(None), months, windows)
