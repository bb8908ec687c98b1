"""What a line that differs is called: its findings, whose amounts add up to its variance to the cent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from recon.billed import BilledLine
from recon.compare.lines import CLOSED, NOTHING, WIDE, Key, Line, at_minor_unit, total_of
from recon.expect.lines import Remark
from recon.money import plain

MOST_SENTENCES = 20  # of one finding: a cell of a workbook holds 32 767 characters


@dataclass(frozen=True)
class Finding:
    """One row of `findings.csv`: a part of a line's variance, its cause and how sure that is.

    `scope` is how far the cause reaches (item, contract, all contracts), `edit` what would have to be believed,
    `settles` what would prove it or decide between rivals; empty before any diagnosis.
    """

    finding_id: str
    contract: str
    item: str
    kind: str
    currency: str
    amount: Decimal
    cause: str
    grade: str
    rivals: str
    witnesses: str
    sentence: str
    scope: str = ""
    edit: str = ""
    settles: str = ""


def findings_of(line: Line, billed: Sequence[BilledLine], repeated_ids: Collection[str]) -> tuple[Finding, ...]:
    """The line's findings; where it has any, their amounts add up to its variance to the cent."""
    repeated = [entry for entry in billed if entry.billing_line_id in repeated_ids]
    if line.status in CLOSED and not repeated:
        return ()
    if is_awaited(line):
        return (_finding(line, NOT_ARRIVED if not line.billed_amount else DIFFERS, line.variance, billed),)
    copies = _copied_amount(line, repeated)
    rest = at_minor_unit(WIDE.subtract(line.variance, copies), line.currency)
    found = [_finding(line, "duplicate_line", copies, repeated)] if repeated else []
    if rest:
        found.append(_finding(line, "unexplained", rest, billed))
    return tuple(found)


def is_awaited(line: Line) -> bool:
    """Whether an accepted finding of an earlier month asks for the line: its variance has its cause already."""
    return line.kind == "adjustment" and bool(line.expected_amount)


def _copied_amount(line: Line, repeated: Iterable[BilledLine]) -> Decimal:
    """What exact copies beyond the first add to a line, where taking it away brings the line nearer to expected.

    An id that two different lines share is a finding without money in it.
    """
    times = Counter((entry.billing_line_id, entry.amount, entry.quantity) for entry in repeated)
    copies = total_of(WIDE.multiply(amount, Decimal(count - 1)) for (_, amount, _), count in times.items())
    is_nearer = WIDE.subtract(line.variance, copies).copy_abs() < line.variance.copy_abs()
    return at_minor_unit(copies if is_nearer else NOTHING, line.currency)


def _finding(line: Line, cause: str, amount: Decimal, witnesses: Iterable[BilledLine]) -> Finding:
    ids = sorted({entry.billing_line_id for entry in witnesses})
    return Finding(
        finding_id=finding_id(line.key, cause),
        contract=line.contract,
        item=line.item,
        kind=line.kind,
        currency=line.currency,
        amount=amount,
        cause=cause,
        grade=CAUSES[cause].grade,
        rivals="",
        witnesses=" ".join(ids),
        sentence=CAUSES[cause].sentence(line, amount, ids),
    )


def remarked(remarks: Iterable[Remark], period: str) -> tuple[Finding, ...]:
    """Remarks of the recomputation as findings without money; those of one line and cause are one finding."""
    told: dict[tuple[Key, str], list[str]] = defaultdict(list)
    for remark in remarks:
        key = Key(remark.contract, remark.item, period, remark.kind, remark.currency)
        told[key, remark.cause].append(remark.sentence)
    return tuple(_remark(key, cause, sentences) for (key, cause), sentences in sorted(told.items()))


def _remark(key: Key, cause: str, sentences: Sequence[str]) -> Finding:
    more = len(sentences) - MOST_SENTENCES
    return Finding(
        finding_id=finding_id(key, cause),
        contract=key.contract,
        item=key.item,
        kind=key.kind,
        currency=key.currency,
        amount=at_minor_unit(NOTHING, key.currency) if key.currency else NOTHING,
        cause=cause,
        grade="consistent",
        rivals="",
        witnesses="",
        sentence=" ".join(sentences[:MOST_SENTENCES]) + (f" And {more} more like these." if more > 0 else ""),
    )


def finding_id(key: Key, cause: str) -> str:
    """The same name for the same finding in every run: period, contract, item, kind, currency and cause.

    >>> finding_id(Key("ctv", "RUN", "2026-10", "charge", "USD"), "unexplained")
    '2026-10/ctv/RUN/charge/USD/unexplained'
    """
    parts = (key.period, key.contract, key.item, key.kind, key.currency, cause)
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def with_cause(line: Line, findings: Sequence[Finding]) -> Line:
    """The line with the cause that moves most of its variance; all of them stand in the findings."""
    if line.status in CLOSED or not findings:
        return line
    main = max(findings, key=lambda finding: finding.amount.copy_abs())
    return replace(line, cause=main.cause, grade=main.grade)


def _say_unexplained(line: Line, amount: Decimal, ids: Sequence[str]) -> str:
    rest = "" if amount == line.variance else f"; {line.currency} {plain(amount)} of it has no cause yet"
    return f"{_say_variance(line)}{rest}."


def _say_duplicate(line: Line, amount: Decimal, ids: Sequence[str]) -> str:
    effect = f"the copies add {line.currency} {plain(amount)}" if amount else "no variance comes from it"
    return f"The statement repeats the line id {', '.join(ids)}; {effect}."


def _say_variance(line: Line) -> str:
    billed, expected = (f"{line.currency} {plain(amount)}" for amount in (line.billed_amount, line.expected_amount))
    match line.status:
        case "missing":
            return f"Expected {expected}, nothing billed"
        case "unexpected":
            return f"Billed {billed}, nothing expected"
        case "currency_mismatch" if line.billed_amount:
            return f"Billed {billed}, expected in another currency"
        case "currency_mismatch":
            return f"Expected {expected}, billed in another currency"
    way = "more" if line.variance > 0 else "less"
    return (
        f"Billed {billed}, expected {expected}: {line.currency} {plain(line.variance.copy_abs())} {way} than expected"
    )


def _say_not_arrived(line: Line, amount: Decimal, ids: Sequence[str]) -> str:
    return (
        f"{line.contract}, {line.item}: the adjustment of {line.currency} {plain(line.expected_amount)} for findings "
        "accepted in earlier months has not been billed yet."
    )


def _say_differs(line: Line, amount: Decimal, ids: Sequence[str]) -> str:
    return (
        f"{line.contract}, {line.item}: adjustments of {line.currency} {plain(line.billed_amount)} were billed, where "
        f"findings accepted in earlier months ask for {plain(line.expected_amount)}."
    )


class Cause(NamedTuple):
    """How a cause is graded before any diagnosis, and said in words."""

    grade: str
    sentence: Callable[[Line, Decimal, Sequence[str]], str]


NOT_ARRIVED, DIFFERS = "adjustment_missing", "adjustment_differs"
AWAITED = (NOT_ARRIVED, DIFFERS)
CAUSES = {
    NOT_ARRIVED: Cause("consistent", _say_not_arrived),
    DIFFERS: Cause("consistent", _say_differs),
    "duplicate_line": Cause("consistent", _say_duplicate),
    "unexplained": Cause("unexplained", _say_unexplained),
}
