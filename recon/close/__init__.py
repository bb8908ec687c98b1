"""The month closes: from what came in to a run that never changes."""

from __future__ import annotations

import time
from collections.abc import Callable

from recon.billed import read_billed
from recon.close.clock import now, today
from recon.close.observing import Observing
from recon.close.recomputed import recomputed
from recon.close.rehearsal import DETAILS, Outcome, Rehearsal
from recon.close.reopened import Believed, Reopened, believed, reopened
from recon.close.run import RunFacts, record
from recon.close.standing import standing_on
from recon.close.stored import StoredClose, load_close, periods
from recon.diagnose import Desks, Details, Diagnosis, diagnose, observed_by
from recon.inputs import open_engine
from recon.observe import Scope, not_known_yet
from recon.period import Period
from recon.workspace import Workspace

__all__ = [
    "Believed", "Outcome", "Rehearsal", "Reopened", "StoredClose", "believed", "close_period", "load_close", "now",
    "periods", "reopened", "standing_on", "today",
]  # fmt: skip


def close_period(  # noqa: PLR0917
    workspace: Workspace,
    period: Period,
    as_known_at: int | None = None,
    cutoff: int | None = None,
    on_step: Callable[[str], None] | None = None,
    is_diagnosed: bool = True,
) -> StoredClose:
    """Recompute a month, compare it with what was billed, diagnose what differs, store the run; instants in µs, UTC.

    Without a diagnosis every variance stays `unexplained`, but for lines that came twice.

    Raises BadInput with every problem of workspace, contracts and data before anything is stored.
    """
    started, began = now(), time.monotonic()
    scope = Scope(period, workspace.cutoff_days, cutoff, as_known_at, workspace.billing_timezone)
    with open_engine(workspace, on_step) as engine:
        observing = Observing(workspace, scope)
        month = recomputed(workspace, engine, scope, started, observing)
        billed = read_billed(month.inputs, period)
        comparison = month.against(billed)
        diagnosis = Diagnosis(comparison.findings, comparison.lines)
        if is_diagnosed:
            details = Details.of(engine.rows(DETAILS, "billing details"), billed.lines)
            with Desks(lambda: observed_by(engine), month.world) as desks:
                diagnosis = diagnose(comparison, billed, details, desks)
        facts = RunFacts(month, comparison, started, began, not_known_yet(engine, scope), diagnosis, billed, observing)
        run = record(engine, facts)
        observing.forget()
    return load_close(workspace, period, run)
