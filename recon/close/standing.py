"""What a close of a month would be made from now, without closing it: files, versions, settings, software (AUDIT)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recon.close.contracts import contracts_of
from recon.close.run import contracts_listed, rules_listed, settings_listed, software
from recon.inputs.again import inputs_now
from recon.ledger import Ledger
from recon.period import TZDATA_VERSION, Period, instant
from recon.workspace import Workspace


def standing_on(workspace: Workspace, period: Period, before: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a run's manifest that a sign-off is bound to, as they are now; queries are taken as they were."""
    known = before.get("as_known_at")
    book = contracts_of(workspace).book.known_at(None if known is None else instant(known))
    return {
        "inputs": inputs_now(workspace, before["inputs"]),
        "contracts": contracts_listed(book, period),
        "rules": rules_listed(book, period),
        "signed_off": _locked(workspace, period, before),
        "settings": settings_listed(workspace),
        "software": software(),
        "tzdata": TZDATA_VERSION,
    }


def _locked(workspace: Workspace, period: Period, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The locked runs that had a say, and that of the month before, as they are now."""
    known = before.get("as_known_at")
    named = {one["period"] for one in before["signed_off"]} | {str(period.previous())}
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        there = ledger.all_locked(None if known is None else instant(known))
    return [{"period": one.period, "run": one.run, "digest": one.digest} for one in there if one.period in named]
