"""Renewals: the version that a renewal clause asks for, and which contracts are waiting for one (RULES 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from recon import money
from recon.contracts.book import ONE_DAY, Book, Span
from recon.contracts.documents import checked, content_of
from recon.contracts.terms import ContractVersion, Renewal
from recon.contracts.yamltext import keys_text
from recon.period import Period
from recon.problems import BadInput, Problem

ESCALATED = ("per_mille", "flat")
NOT_CARRIED = ("history", "document")  # a draft has no acts yet, and a paper of its own is still to be signed


@dataclass(frozen=True)
class Due:
    """A contract that ends unless it is renewed: its last version, its last day, and until when notice can be given."""

    contract: str
    version: int
    ends: date
    notice_by: date
    is_auto: bool
    is_overdue: bool
    term_months: int
    escalator_percent: Decimal


def term_end(first: date, months: int) -> date:
    """The last day of a term of so many calendar months: the day before the same day number so many months later.

    A month that has no such day counts by its last day.

    >>> str(term_end(date(2027, 1, 1), 12)), str(term_end(date(2026, 1, 31), 1))
    ('2027-12-31', '2026-02-27')
    >>> str(term_end(date(2028, 2, 29), 12)), str(term_end(date(2026, 10, 16), 6))
    ('2029-02-27', '2027-04-15')
    """
    month = Period.of(first).shifted(months)
    return month.first.replace(day=min(first.day, month.days)) - ONE_DAY


def escalated(price: Decimal, percent: Decimal) -> Decimal:
    """A price raised by an escalator, rounded half up to the decimals it is written with (RULES 2.4).

    >>> escalated(Decimal("22.50"), Decimal(3)), escalated(Decimal("18"), Decimal(3))
    (Decimal('23.18'), Decimal('19'))
    """
    raised = Fraction(price) * (100 + Fraction(percent)) / 100
    return money.round_to(raised, max(0, -int(price.as_tuple().exponent)))


def renewed(last: ContractVersion, number: int) -> ContractVersion:
    """The draft that renews a version for one more term, by its own renewal clause (RULES 2.1, 2.4).

    It begins on the day after the last one's end and carries everything on, the renewal clause with it. The escalator
    raises what a unit costs, in items, rates and tier steps: prices per thousand and flat payouts. Percentages of a
    sale rise with the sale by themselves; fees, minimums, caps, bonuses, fixed fees and limits are sums agreed for
    their own sake. Raises BadInput where there is no renewal clause or no end, or where the number is not a later one.
    """
    renewal, ends = _renewable(last, number)
    content = {key: value for key, value in content_of(last).items() if key not in NOT_CARRIED}
    first = ends + ONE_DAY
    dates = {"from": str(first), "to": str(term_end(first, renewal.term_months))}
    content |= {"version": number, "kind": "renewal", "effective": dates, "status": "draft"}
    content["terms"] |= {"items": _escalated(content["terms"]["items"], renewal.escalator_percent)}
    version, faults = checked(content)
    if version is None:
        place = f"{last.contract}/v{number}.yaml"
        raise BadInput(Problem(f"{place} {keys_text(one.path)}", one.value, one.expected) for one in faults)
    return version


def _renewable(last: ContractVersion, number: int) -> tuple[Renewal, date]:
    """The renewal clause and the last day of a version that can be renewed; BadInput with all that is in the way."""
    if last.renewal is None or last.effective.last is None or number <= last.version:
        raise BadInput(_hindrances(last, number))
    return last.renewal, last.effective.last


def _hindrances(last: ContractVersion, number: int) -> Iterator[Problem]:
    place = f"{last.contract}/v{last.version}.yaml"
    if last.renewal is None:
        yield Problem(f"{place} renewal", "none", "a renewal clause in a version that is renewed (2.4)")
    if last.effective.last is None:
        yield Problem(f"{place} effective.to", "none", "an end, after which a renewal begins (2.4)")
    if number <= last.version:
        yield Problem(f"{last.contract} version", str(number), f"a number above {last.version} (2.1)")


def _escalated(value: Any, percent: Decimal) -> Any:
    """Items as a document has them, with every price per thousand and flat payout raised."""
    if isinstance(value, list):
        return [_escalated(entry, percent) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: money.plain(escalated(Decimal(one), percent)) if key in ESCALATED else _escalated(one, percent)
        for key, one in value.items()
    }


def due(book: Book, today: date) -> tuple[Due, ...]:
    """Every contract that ends with a renewal clause and no version to extend it, by notice date (RULES 2.4, 2.8).

    `today` is a date in the contract's zone; from the day after `notice_by` on a row is overdue. Only approved
    versions extend; a contract that a later termination ends is not waiting for a renewal.
    """
    last = (span for contract in book.contracts for span in book.spans(contract)[-1:])
    rows = (_due(span, span.version.renewal, today) for span in last if not _is_terminated(book, span))
    return tuple(sorted((row for row in rows if row), key=lambda row: (row.notice_by, row.contract)))


def _due(span: Span, renewal: Renewal | None, today: date) -> Due | None:
    """The row of a contract's last span; None where its version asks for no renewal or is not what ends it."""
    version, ends = span.version, span.version.effective.last
    if renewal is None or ends is None or span.end != ends + ONE_DAY:
        return None
    notice_by = ends - timedelta(days=renewal.notice_days)
    return Due(
        contract=version.contract,
        version=version.version,
        ends=ends,
        notice_by=notice_by,
        is_auto=renewal.auto,
        is_overdue=today > notice_by,
        term_months=renewal.term_months,
        escalator_percent=renewal.escalator_percent,
    )


def _is_terminated(book: Book, span: Span) -> bool:
    """Whether a termination numbered after the last version in force ends the contract, if only on its last day."""
    after = (one for one in book.versions_of(span.contract) if one.version > span.version.version)
    return any(one.is_approved and one.kind == "termination" for one in after)
