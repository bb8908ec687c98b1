"""The month closes: from what came in to a run that never changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone

from recon.billed import read_billed
from recon.close.run import RunFacts, record
from recon.close.signed import signed_months
from recon.close.stored import StoredClose, load_close, periods
from recon.compare import compare
from recon.contracts.documents import load_book
from recon.contracts.lint import accepted
from recon.diagnose import Details, Diagnosis, World, diagnose, observed_by
from recon.engine import Engine
from recon.expect import expect
from recon.inputs import read_inputs
from recon.observe import Scope, not_known_yet, observe
from recon.period import Period, instant_of
from recon.workspace import Workspace

__all__ = ["StoredClose", "close_period", "load_close", "periods"]

DETAILS = "SELECT billing_line_id, conversion_id, amount_micros FROM billing_details ORDER BY ALL"


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
    started, began = instant_of(datetime.now(timezone.utc)), time.monotonic()
    every = load_book(workspace.contracts)
    book = accepted(every, as_known_at).known_at(as_known_at)
    scope = Scope(period, workspace.cutoff_days, cutoff, as_known_at, workspace.billing_timezone)
    with Engine(on_step=on_step) as engine:
        inputs = read_inputs(workspace, engine, period)
        observe(engine, book, scope, every)
        signed = signed_months(workspace, engine, scope)
        rates = [(row.date, row.base, row.quote, row.rate) for row in inputs.fx_rates]
        expectation = expect(
            engine, book, scope, rates,
            third_party=inputs.third_party, opening_balances=inputs.opening_balances,
            locked=signed.balances, signed=signed.said,
        )  # fmt: skip
        billed = read_billed(inputs, period)
        comparison = compare(
            expectation.lines, billed, workspace.tolerance,
            contracts=every.contracts, period=str(period), remarks=expectation.remarks,
        )  # fmt: skip
        diagnosis = Diagnosis(comparison.findings, comparison.lines)
        if is_diagnosed:
            world = World(
                book, every, scope, tuple(rates), inputs.third_party, inputs.opening_balances, signed.balances,
                signed.said,
            )  # fmt: skip
            details = Details.of(engine.rows(DETAILS, "billing details"), billed.lines)
            diagnosis = diagnose(comparison, billed, world, observed_by(engine), details)
        facts = RunFacts(workspace, scope, every, book, inputs, expectation, comparison, started, began, signed,
                         not_known_yet(engine, scope), diagnosis)  # fmt: skip
        run = record(engine, facts)
    return load_close(workspace, period, run)
