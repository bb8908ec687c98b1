"""Where a month stands: its state, what is left to do before it can be locked, and whether its signature holds."""

from __future__ import annotations

from dataclasses import dataclass

from recon.ledger import FindingAct, Ledger, Sight, Signed
from recon.ledger.signing import OPEN, above_materiality, rejected_left, undecided
from recon.period import Period
from recon.problems import Problem
from recon.signoff.desk import rules_of
from recon.signoff.stale import Staleness, staleness
from recon.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """A month on its way to its sign-off: `left` is what stands against locking it, findings and rows alone."""

    period: str
    run: int
    state: str
    way: tuple[Signed, ...]
    acts: tuple[FindingAct, ...]
    left: tuple[Problem, ...]
    stale: Staleness | None

    @property
    def signed(self) -> Signed | None:
        """The state entered last; None while the month was never prepared."""
        return self.way[-1] if self.way else None


def standing(workspace: Workspace, period: Period) -> Standing:
    """Where a month stands now; BadInput where it was never closed."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        sign_offs = ledger.sign_offs
        way, acts = sign_offs.way(str(period)), sign_offs.acts(str(period))
        sight = sign_offs.sight(str(period), _run_under_way(way))
    state = sight.state if way else OPEN
    left = tuple(_left(sight, workspace))
    return Standing(str(period), sight.run, state, way, acts, left, staleness(workspace, period))


def _run_under_way(way: tuple[Signed, ...]) -> int | None:
    """The run that was signed; the latest where the month is open."""
    return way[-1].run if way and way[-1].state in ("prepared", "reviewed", "locked") else None


def _left(sight: Sight, workspace: Workspace) -> list[Problem]:
    place = str(sight.period)
    rules = rules_of(workspace)
    return [*rejected_left(place, sight), *undecided(place, sight), *above_materiality(place, sight, rules)]
