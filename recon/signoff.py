"""A period's way to its sign-off: which of its closes stands, said by whom and when (AUDIT, Sign-off)."""

from __future__ import annotations

from recon.ledger import Ledger, RecordedClose
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.workspace import Workspace


def lock(workspace: Workspace, period: Period, who: str, at: int, run: int | None = None) -> RecordedClose:
    """Lock a month with one of its runs, the latest unless named; later months start from it (RULES 4.7).

    `at` is an instant in µs. BadInput where the run is not there, or the month is locked already.
    """
    with _ledger(workspace) as ledger:
        close = ledger.latest(str(period)) if run is None else ledger.find(str(period), run)
        if close is None:
            raise BadInput([Problem(f"closes/{period}", "no run", f"a closed month: run `recon close {period}` first")])
        return ledger.lock(str(period), close.run, who, at)


def locked(workspace: Workspace, period: Period) -> RecordedClose | None:
    """The run that a month is locked with; None while it is open."""
    with _ledger(workspace) as ledger:
        return ledger.locked(str(period))


def _ledger(workspace: Workspace) -> Ledger:
    return Ledger.open(workspace.database_url, workspace.closes)
