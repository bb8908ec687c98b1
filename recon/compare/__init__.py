"""Expected against billed: one full outer join, a status per line, nothing left out on either side (RULES 8)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from recon.billed import Billed, BilledLine
from recon.compare.findings import Finding, finding_id, findings_of, remarked, with_cause
from recon.compare.lines import Key, Line, Status, Tolerance, Total, joined_lines, lines_of, totals_of
from recon.expect.lines import ExpectedLine, Remark

__all__ = [
    "Comparison", "Completeness", "Finding", "Key", "Line", "Status", "Tolerance", "Total",
    "compare", "finding_id",
]  # fmt: skip


@dataclass(frozen=True)
class Completeness:
    """Both ways: contracts that delivered without a billed line, billed lines whose contract is unknown (RULES 8.5)."""

    unbilled_contracts: tuple[str, ...] = ()
    orphan_lines: tuple[BilledLine, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """A period's lines sorted by key, their findings, the totals per currency and the completeness."""

    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    totals: tuple[Total, ...]
    completeness: Completeness


def compare(
    expected: Sequence[ExpectedLine],
    billed: Billed,
    tolerance: Tolerance,
    *,
    contracts: Collection[str] | None = None,
    delivered: Collection[str] | None = None,
    period: str = "",
    remarks: Sequence[Remark] = (),
) -> Comparison:
    """Join what is expected with what was billed, and tell every line's status (RULES 8.1 to 8.6).

    `contracts` are all ids known (by default those expected), `delivered` those in force with delivery
    (by default those with a charge or payout of some quantity). `remarks` of the recomputation are findings of the
    period without money in them, after those of the lines.
    """
    joined = joined_lines(expected, billed.lines)
    lines = lines_of(joined, tolerance)
    findings = {line.key: findings_of(line, joined[line.key].billed, billed.repeated_ids) for line in lines}
    return Comparison(
        lines=tuple(with_cause(line, findings[line.key]) for line in lines),
        findings=(
            *(finding for line in lines for finding in findings[line.key]),
            *remarked(remarks, period),
        ),
        totals=totals_of(lines),
        completeness=_completeness(expected, billed.lines, contracts, delivered),
    )


def _completeness(
    expected: Sequence[ExpectedLine],
    billed: Sequence[BilledLine],
    contracts: Collection[str] | None,
    delivered: Collection[str] | None,
) -> Completeness:
    known = {line.contract for line in expected} if contracts is None else set(contracts)
    moving = {line.contract for line in expected if line.quantity and line.kind in ("charge", "payout")}
    moving = moving if delivered is None else set(delivered)
    return Completeness(
        unbilled_contracts=tuple(sorted(moving - {line.contract for line in billed})),
        orphan_lines=tuple(line for line in billed if line.contract not in known),
    )
