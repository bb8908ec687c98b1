"""Random months closed without a diagnosis, and opened again."""

from __future__ import annotations

from pathlib import Path

from fixtures.random_months.month import asked, make
from recon.close import Reopened, close_period, reopened
from recon.period import Period
from recon.workspace import Workspace


def reopened_month(seed: int, folder: Path) -> Reopened:
    """The month of a seed, from its stored observations."""
    make(seed, folder)
    wanted = asked(folder)
    period = Period.parse(wanted["period"])
    return reopened(
        close_period(Workspace.open(folder), period, wanted["as_known_at"], wanted["cutoff"], is_diagnosed=False)
    )
