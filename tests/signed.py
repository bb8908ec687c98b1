"""Months signed off in tests: everything decided, prepared by one and reviewed by another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from recon.ledger import FindingAct, Ledger, RecordedClose, Rules
from recon.ledger.signing import ACCEPT_ROWS

PEOPLE: Mapping[str, Sequence[str]] = {
    "pat": ("preparer",), "rae": ("reviewer",), "kim": ("preparer", "reviewer"), "vic": ("viewer",),
}  # fmt: skip
RULES = Rules(PEOPLE, {currency: Decimal("1e12") for currency in ("USD", "EUR", "GBP", "JPY")})
STEPS = ("prepare", "review", "lock")


def sign_off(
    ledger: Ledger, period: str, at: int, run: int | None = None, *, rules: Rules = RULES, disposition: str = "dispute"
) -> RecordedClose:
    """Take a month to its lock, its findings disputed and its rejected rows accepted; inputs are not looked at again."""
    sight = ledger.sign_offs.sight(period)
    for one in sight.findings:
        ledger.sign_offs.enter(FindingAct(period, 0, one.finding_id, disposition, "pat", at), rules)
    for dataset in sight.rejected:
        ledger.sign_offs.enter(FindingAct(period, 0, dataset, ACCEPT_ROWS, "rae", at, reason="known"), rules)
    for step in STEPS:
        ledger.sign_offs.sign(period, step, "pat" if step == "prepare" else "rae", at, "", rules, run)
    found = ledger.locked(period)
    assert found is not None
    return found
