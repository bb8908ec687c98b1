"""What people do to a month on its way to its sign-off: sign it, and decide about its findings (AUDIT, Sign-off)."""

from __future__ import annotations

from recon.ledger import FindingAct, Ledger, RecordedClose, Rules, Signed
from recon.ledger.signing import ACCEPT_ROWS
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.signoff.stale import changes_since
from recon.workspace import Workspace

BINDING = ("prepare", "review", "lock")  # acts that say the month is right as it was closed


def sign(  # noqa: PLR0917
    workspace: Workspace, period: Period, action: str, who: str, at: int, reason: str = "", run: int | None = None
) -> Signed:
    """Prepare, review, return, lock or reopen a month; later months start from a locked one (RULES 4.7).

    `at` is an instant in µs; the run under way, or the latest for a new preparation, unless one is named. BadInput with
    everything that forbids it: state, role, separation of duties, open findings, or inputs that changed since the run.
    """
    with _ledger(workspace) as ledger:
        sign_offs = ledger.sign_offs
        if action in BINDING:
            so_far = sign_offs.way(str(period))
            under_way = so_far[-1].run if so_far and action != "prepare" else None
            chosen = sign_offs.sight(str(period), run if run is not None else under_way).run
            _refuse_stale(workspace, ledger.find(str(period), chosen), action)
        return sign_offs.sign(str(period), action, who, at, reason, rules_of(workspace), run)


def dispose(  # noqa: PLR0917
    workspace: Workspace, period: Period, finding_id: str, disposition: str, who: str, at: int, reason: str = ""
) -> FindingAct:
    """Say what becomes of a finding: accept, dispute, timing, or waive with a reason; for the amount it has now."""
    return _entered(workspace, FindingAct(str(period), 0, finding_id, disposition, who, at, reason=reason))


def assign(  # noqa: PLR0917
    workspace: Workspace, period: Period, finding_id: str, owner: str, who: str, at: int, reason: str = ""
) -> FindingAct:
    """Give a finding an owner."""
    return _entered(workspace, FindingAct(str(period), 0, finding_id, "assign", who, at, owner=owner, reason=reason))


def comment(workspace: Workspace, period: Period, finding_id: str, text: str, who: str, at: int) -> FindingAct:  # noqa: PLR0917
    """Say something about a finding."""
    return _entered(workspace, FindingAct(str(period), 0, finding_id, "comment", who, at, reason=text))


def accept_rows(workspace: Workspace, period: Period, dataset: str, who: str, at: int, reason: str) -> FindingAct:  # noqa: PLR0917
    """Accept the rejected rows of a dataset by name, as they are in the latest run (FORMATS, Bad input)."""
    return _entered(workspace, FindingAct(str(period), 0, dataset, ACCEPT_ROWS, who, at, reason=reason))


def locked(workspace: Workspace, period: Period) -> RecordedClose | None:
    """The run that a month is locked with; None while it is open."""
    with _ledger(workspace) as ledger:
        return ledger.locked(str(period))


def rules_of(workspace: Workspace) -> Rules:
    """Who has which roles, and what is material, as the workspace says."""
    return Rules(workspace.people, workspace.materiality)


def _entered(workspace: Workspace, act: FindingAct) -> FindingAct:
    with _ledger(workspace) as ledger:
        return ledger.sign_offs.enter(act, rules_of(workspace))


def _refuse_stale(workspace: Workspace, close: RecordedClose, action: str) -> None:
    place = f"sign {action} {close.period}"
    expected = f"what run {close.run} was made from, or another close first"
    changed = [Problem(place, change.words, expected) for change in changes_since(workspace, close)]
    if changed:
        raise BadInput(changed)


def _ledger(workspace: Workspace) -> Ledger:
    return Ledger.open(workspace.database_url, workspace.closes)
