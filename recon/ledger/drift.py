"""Amounts that were let pass, added up over the months: a counterparty's drift in one direction (RULES 8.4).

A month lets pass what it waives, and what lies within tolerance. Such amounts come and go in both directions; where
they keep to one, or add up to what is material, they are no accident any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from recon.money import plain
from recon.period import Period

DRIFT = "drift"
NOTHING = Decimal(0)


class Line(NamedTuple):
    """What names a line in whatever month."""

    contract: str
    item: str
    kind: str
    currency: str


class Party(NamedTuple):
    """Who stands behind a contract, and in which direction money goes."""

    id: str
    name: str
    direction: str


@dataclass(frozen=True)
class DriftRules:
    """How many months count, how many in a row are a drift, and what is material, per currency."""

    months: int = 12
    in_a_row: int = 3
    materiality: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Small:
    """An amount that a month let pass, in major units, billed − expected."""

    period: str
    party: Party
    line: Line
    amount: Decimal
    is_waived: bool
    finding_id: str = ""

    @property
    def group(self) -> Group:
        """What it is added up with."""
        return self.party.id, self.party.direction, self.line.currency


Group = tuple[str, str, str]


@dataclass(frozen=True)
class Passed:
    """What a month let pass: net, in major units."""

    period: str
    waived: Decimal
    below: Decimal

    @property
    def net(self) -> Decimal:
        """Both together."""
        return self.waived + self.below


@dataclass(frozen=True)
class Passing:
    """What was let pass with a counterparty, in one direction and currency, over the months that count.

    `in_a_row` is how many months, up to the one looked at, went the same way; `is_beyond` whether all of them add up to
    more than is material. `line` moved most of it, `parts` are the findings that the month itself waived.
    """

    party: Party
    currency: str
    months: tuple[Passed, ...]
    in_a_row: int
    is_beyond: bool
    is_drift: bool
    line: Line
    parts: tuple[str, ...]

    @property
    def counted(self) -> tuple[Passed, ...]:
        """The months that a drift is made of: all of them where they are material together, else those in a row."""
        return self.months if self.is_beyond else self.months[len(self.months) - self.in_a_row :]

    @property
    def amount(self) -> Decimal:
        """What the drift is worth."""
        return sum((one.net for one in self.counted), NOTHING)

    @property
    def finding_id(self) -> str:
        """The name of the drift as a finding: of a counterparty, where others are of a contract and an item."""
        parts = (self.months[-1].period, self.party.id, "", self.party.direction, self.currency, DRIFT)
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)

    @property
    def words(self) -> str:
        """The drift in a sentence: its months, their amounts, and what it is worth."""
        told = ", ".join(f"{one.period} {plain(one.net)}" for one in self.counted)
        why = "more than is material" if self.is_beyond else f"{self.in_a_row} months in a row the same way"
        who = self.party.name or self.party.id
        return f"Let pass with {who} ({self.party.direction}s): {told}; {self.currency} {plain(self.amount)}, {why}."


def passing(
    period: str, smalls: Iterable[Small], claims: Mapping[Group, str], rules: DriftRules
) -> tuple[Passing, ...]:
    """What was let pass up to a period, by counterparty, direction and currency.

    `claims` are the months up to which a group's amounts were claimed already: they are no longer let pass.
    """
    first = str(Period.parse(period).shifted(1 - rules.months))
    by_group: dict[Group, list[Small]] = defaultdict(list)
    for small in smalls:
        if max(first, _after(claims.get(small.group))) <= small.period <= period:
            by_group[small.group].append(small)
    return tuple(_passing(period, by_group[group], rules) for group in sorted(by_group))


def _after(month: str | None) -> str:
    return "" if month is None else str(Period.parse(month).next())


def _passing(period: str, smalls: Sequence[Small], rules: DriftRules) -> Passing:
    months = tuple(_months(smalls))
    in_a_row = _in_a_row(period, months)
    total, currency = sum((one.net for one in months), NOTHING), smalls[0].line.currency
    is_same_way = bool(in_a_row) and (total > 0) == (months[-1].net > 0)
    limit = rules.materiality.get(currency)
    is_beyond = is_same_way and limit is not None and total.copy_abs() > limit
    return Passing(
        smalls[-1].party, currency, months, in_a_row, is_beyond, is_beyond or in_a_row >= rules.in_a_row,
        _main(smalls), tuple(one.finding_id for one in smalls if one.is_waived and one.period == period),
    )  # fmt: skip


def _months(smalls: Sequence[Small]) -> Iterator[Passed]:
    for month in sorted({one.period for one in smalls}):
        sums = {
            is_waived: sum((one.amount for one in smalls if (one.period, one.is_waived) == (month, is_waived)), NOTHING)
            for is_waived in (True, False)
        }
        yield Passed(month, sums[True], sums[False])


def _in_a_row(period: str, months: Sequence[Passed]) -> int:
    """How many calendar months, one after the other up to the period, went the same way."""
    count, wanted = 0, Period.parse(period)
    for one in reversed(months):
        if one.period != str(wanted) or not one.net or (one.net > 0) != (months[-1].net > 0):
            break
        count, wanted = count + 1, wanted.previous()
    return count


def _main(smalls: Iterable[Small]) -> Line:
    """The line that moved most: where an adjustment of the drift is expected."""
    sums: dict[Line, Decimal] = defaultdict(Decimal)
    for one in smalls:
        sums[one.line] += one.amount
    return min(sums, key=lambda line: (-abs(sums[line]), line))
