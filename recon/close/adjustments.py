"""What accepted findings of locked months ask for: adjustments, until one names its finding (RULES 8.6)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from recon.billed import Billed
from recon.expect import ExpectedLine
from recon.expect.lines import Working
from recon.ledger import FindingAct, Ledger, RecordedClose
from recon.ledger.signing import DISPOSITIONS
from recon.money import plain
from recon.period import Period

ADJUSTMENT = "adjustment"
FILE = "adjustments.csv"
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
    """The accepted findings of earlier locked months whose adjustment has not arrived, as known at an instant (µs)."""
    waiting: dict[str, Adjustment] = {}
    accepted = _accepted(ledger.sign_offs.acts(), known_at)
    for close in ledger.all_locked(known_at):
        if close.period < str(period):
            for reference in references_billed(close):
                waiting.pop(reference, None)
            waiting |= {one.reference: one for one in _asked(ledger, close, accepted)}
    return tuple(waiting[reference] for reference in sorted(waiting))


def _accepted(acts: Iterable[FindingAct], known_at: int | None) -> dict[tuple[str, str], FindingAct]:
    """The last disposition of each finding where that accepts it, by period and finding."""
    last = {
        (act.period, act.finding_id): act
        for act in acts
        if act.action in DISPOSITIONS and (known_at is None or act.at <= known_at)
    }
    return {key: act for key, act in last.items() if act.action == "accept"}


def _asked(
    ledger: Ledger, close: RecordedClose, accepted: Mapping[tuple[str, str], FindingAct]
) -> Iterator[Adjustment]:
    for finding in ledger.findings(close):
        act = accepted.get((close.period, finding["finding_id"]))
        if act is not None and act.amount == finding["amount"]:
            yield Adjustment(
                finding["finding_id"], finding["contract"], finding["item"], finding["currency"], -finding["amount"],
                act.who,
            )  # fmt: skip


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


def references_billed(close: RecordedClose) -> frozenset[str]:
    """The findings that an adjustment billed in the close's period names; none for a close of an earlier release."""
    return frozenset(row["reference"] for row in adjustments_of(close.folder) if row["billing_line_ids"])


def adjustments_of(folder: Path) -> list[dict[str, str]]:
    """The rows of a run's adjustments, as text."""
    path = folder / FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
