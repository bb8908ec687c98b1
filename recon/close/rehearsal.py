"""A month observed and priced once, then held against one statement after another; nothing is stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from recon.billed import read_billed
from recon.close.recomputed import recomputed
from recon.diagnose import Desks, Details, diagnose, observed_by
from recon.engine import Engine
from recon.inputs import open_engine, read_inputs
from recon.observe import Scope
from recon.period import Period
from recon.workspace import Workspace

DETAILS = "SELECT billing_line_id, conversion_id, amount_micros FROM billing_details ORDER BY ALL"
Row = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Lines and findings as a close would store them."""

    lines: list[Row]
    findings: list[Row]


class Rehearsal:
    """The closes of a month against several statements: what no statement can change is done once."""

    def __init__(
        self, workspace: Workspace, period: Period, as_known_at: int | None = None, cutoff: int | None = None
    ) -> None:
        """Reads, observes and prices the month; BadInput as a close raises it."""
        scope = Scope(period, workspace.cutoff_days, cutoff, as_known_at, workspace.billing_timezone)
        with open_engine(workspace) as engine:
            self._month = recomputed(workspace, engine, scope)
            observations = observed_by(engine)
        self._desks = Desks(lambda: observations, self._month.world)

    def against(self, statement: Workspace) -> Outcome:
        """The close against the billing lines and details of another workspace."""
        period = self._month.scope.period
        with Engine(threads=1) as engine:
            billed = read_billed(read_inputs(statement, engine, period), period)
            details = Details.of(engine.rows(DETAILS, "billing details"), billed.lines)
        diagnosis = diagnose(self._month.against(billed), billed, details, self._desks)
        return Outcome([asdict(line) for line in diagnosis.lines], [asdict(one) for one in diagnosis.findings])

    def close(self) -> None:
        """End its sessions."""
        self._desks.close()

    def __enter__(self) -> Rehearsal:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
