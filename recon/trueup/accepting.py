"""A line's true-up is accepted: it is settled in the month now open, by an adjustment (RULES 2.7, 8.6)."""

from __future__ import annotations

from recon.close import StoredClose
from recon.ledger import FindingAct, Ledger, Rules
from recon.ledger.signing import is_true_up
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.trueup.compared import TrueUp, true_up
from recon.workspace import Workspace


def accept_true_up(  # noqa: PLR0917
    workspace: Workspace, before: StoredClose, after: StoredClose, finding_id: str, who: str, at: int, reason: str
) -> FindingAct:
    """Accept the true-up of one line, `before` being the month's locked run; `at` is an instant in µs.

    The act stands in the month after the last locked one, for billed − expected: what the line is expected to be less.
    BadInput with everything that forbids it.
    """
    _known(true_up(before, after), finding_id)
    asked = FindingAct(after.period, after.run, finding_id, "accept", who, at, reason=reason)
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        locked = ledger.locked(after.period)
        if locked is not None and locked.run != before.run:
            place = f"true-up {after.period} {finding_id}"
            raise BadInput([Problem(place, f"from run {before.run}", f"run {locked.run}, which is locked")])
        return ledger.sign_offs.accept_true_up(asked, Rules(workspace.people, workspace.materiality))


def accepted_of(workspace: Workspace, period: Period) -> dict[str, FindingAct]:
    """The true-ups of a month that were accepted, each with its last acceptance."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        acts = ledger.sign_offs.acts()
    true_ups = (act for act in acts if act.bound and is_true_up(act.finding_id))
    return {act.finding_id: act for act in true_ups if act.finding_id.startswith(f"{period}/")}


def _known(found: TrueUp, finding_id: str) -> None:
    there = [line.finding_id for line in found.lines]
    if finding_id not in there:
        place = f"true-up {found.period}, run {found.before_run} → run {found.after_run}"
        raise BadInput([Problem(place, finding_id, f"a line that changed: {', '.join(there) or 'none'}")])
