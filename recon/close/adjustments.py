"""What accepted findings and true-ups ask for: adjustments, until one names its finding (RULES 8.6)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from recon.billed import Billed
from recon.expect import ExpectedLine
from recon.expect.lines import Working
from recon.ledger import Ledger
from recon.ledger.rolling import ADJUSTMENT
from recon.money import plain
from recon.period import Period

COLUMNS = ("reference", "contract", "item", "currency", "expected_amount", "billed_amount", "billing_line_ids")
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Adjustment:
    """What is to come for a finding: the opposite of its amount, in major units, on the finding's contract and item."""

    reference: str
    contract: str
    item: str
    currency: str
    amount: Decimal
    accepted_by: str


def awaited(ledger: Ledger, period: Period, known_at: int | None = None) -> tuple[Adjustment, ...]:
    """What accepted items of earlier months ask a period's statement for, as known at an instant (µs) (RULES 8.6).

    Their last decision counts, also where the period itself made it; true-ups that it accepted are among them.
    """
    return tuple(
        Adjustment(one.finding_id, one.contract, one.item, one.currency, -one.amount, one.decided_by)
        for one in ledger.sign_offs.awaited(str(period), known_at)
    )


def adjustment_lines(awaited: Sequence[Adjustment], period: Period) -> list[ExpectedLine]:
    """The lines that a statement of the period should have for them, a working for each finding."""
    by_line: dict[tuple[str, str, str], list[Adjustment]] = defaultdict(list)
    for one in awaited:
        by_line[one.contract, one.item, one.currency].append(one)
    return [
        ExpectedLine(
            contract, item, str(period), "adjustment", currency, NOTHING, sum((one.amount for one in some), NOTHING),
            tuple(map(_working, some)),
        )
        for (contract, item, currency), some in sorted(by_line.items())
    ]  # fmt: skip


def _working(one: Adjustment) -> Working:
    text = f"{one.currency} {plain(one.amount)} for the finding {one.reference}, accepted by {one.accepted_by}"
    return Working("fee", "8.6", f"adjustment of {one.reference}", text, amount=Fraction(one.amount))


def write_adjustments(path: Path, awaited: Sequence[Adjustment], billed: Billed) -> None:
    """Every adjustment that was awaited or billed, by reference, both sides side by side."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for one in awaited:
        rows[one.reference, one.contract, one.item, one.currency] = [plain(one.amount), "", ""]
    for line in billed.lines:
        if line.kind == ADJUSTMENT:
            row = rows.setdefault((line.reference, line.contract, line.item, line.currency), ["", "", ""])
            row[1] = plain(Decimal(row[1] or 0) + line.amount)
            row[2] = f"{row[2]} {line.billing_line_id}".strip()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([*key, *rows[key]] for key in sorted(rows))
