"""Lines of both sides joined by key, each with its status, and their totals per currency (RULES 8.1 to 8.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal, NamedTuple, Protocol

from recon.billed import BilledLine
from recon.expect.lines import ExpectedLine
from recon.money import minor_units

Status = Literal[
    "matched",
    "within_tolerance",
    "over_billed",
    "under_billed",
    "missing",
    "unexpected",
    "currency_mismatch",
]
CLOSED: frozenset[Status] = frozenset({"matched", "within_tolerance"})
NOTHING = Decimal(0)
WIDE = Context(prec=200)  # sums keep every digit, whatever the caller's context


class Tolerance(Protocol):
    """What a line may differ by: an amount in its currency or a percentage of |expected|, the larger counts."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def percent(self) -> Decimal: ...


class Key(NamedTuple):
    """What expected and billed lines join on (RULES 8.1)."""

    contract: str
    item: str
    period: str
    kind: str
    currency: str


@dataclass(frozen=True)
class Line:
    """One row of `lines.csv`: amounts in major units, at least at the minor unit; variance = billed − expected.

    A side that has no line counts as 0; `billed_quantity` is None where a billed line states none.
    """

    contract: str
    item: str
    period: str
    kind: str
    currency: str
    expected_quantity: Decimal
    expected_amount: Decimal
    billed_quantity: Decimal | None
    billed_amount: Decimal
    variance: Decimal
    status: Status
    cause: str = ""
    grade: str = ""

    @property
    def key(self) -> Key:
        """The line's place in the join."""
        return Key(self.contract, self.item, self.period, self.kind, self.currency)


@dataclass(frozen=True)
class Total:
    """A currency's sums over all lines: net = billed − expected, gross = Σ |variance| (RULES 8.3)."""

    currency: str
    billed: Decimal
    expected: Decimal
    net: Decimal
    gross: Decimal


@dataclass
class Sides:
    """What stands under one key on either side."""

    expected: list[ExpectedLine] = field(default_factory=list)
    billed: list[BilledLine] = field(default_factory=list)


def joined_lines(expected: Iterable[ExpectedLine], billed: Iterable[BilledLine]) -> dict[Key, Sides]:
    """The full outer join: every key of either side, in key order (RULES 8.1)."""
    joined: dict[Key, Sides] = defaultdict(Sides)
    for expected_line in expected:
        joined[_key(expected_line)].expected.append(expected_line)
    for billed_line in billed:
        joined[_key(billed_line)].billed.append(billed_line)
    return dict(sorted(joined.items()))


def _key(line: ExpectedLine | BilledLine) -> Key:
    return Key(line.contract, line.item, str(line.period), line.kind, line.currency)


def _line(key: Key, sides: Sides) -> Line:
    """Both sides summed; the status is told afterwards, as a currency mismatch needs to see other lines."""
    expected = total_of(line.amount for line in sides.expected)
    billed = total_of(line.amount for line in sides.billed)
    quantities = [line.quantity for line in sides.billed if line.quantity is not None]
    is_stated = len(quantities) == len(sides.billed)
    return Line(
        *key,
        expected_quantity=_quantity(total_of(line.quantity for line in sides.expected)),
        expected_amount=at_minor_unit(expected, key.currency),
        billed_quantity=_quantity(total_of(quantities)) if is_stated else None,
        billed_amount=at_minor_unit(billed, key.currency),
        variance=at_minor_unit(WIDE.subtract(billed, expected), key.currency),
        status="matched",
    )


def lines_of(joined: Mapping[Key, Sides], tolerance: Tolerance) -> tuple[Line, ...]:
    """One line per key with its status (RULES 8.2)."""
    lines = {key: _line(key, sides) for key, sides in joined.items()}
    one_sided = {key: _one_sided(line, joined[key]) for key, line in lines.items() if line.variance}
    mismatched = _mismatched({key: status for key, status in one_sided.items() if status})
    for key, side in one_sided.items():
        lines[key] = replace(lines[key], status=_status(lines[key], side, key in mismatched, tolerance))
    return tuple(lines.values())


def _mismatched(one_sided: Mapping[Key, Status]) -> set[Key]:
    """The one-sided keys that differ in nothing but the currency: expected in one, billed in another."""
    seen: dict[tuple[str, ...], set[Status]] = defaultdict(set)
    for key, status in one_sided.items():
        seen[key[:4]].add(status)
    return {key for key in one_sided if {"missing", "unexpected"} <= seen[key[:4]]}


def _one_sided(line: Line, sides: Sides) -> Status | None:
    """`missing` or `unexpected` where no line at all stands on the other side of a variance (RULES 8.2)."""
    if not sides.billed:
        return "missing"
    return None if sides.expected else "unexpected"


def _status(line: Line, one_sided: Status | None, is_mismatched: bool, tolerance: Tolerance) -> Status:
    """The status of a line that has a variance."""
    if is_mismatched:
        return "currency_mismatch"
    if one_sided:
        return one_sided
    if _is_within(line, tolerance):
        return "within_tolerance"
    return "over_billed" if line.variance > 0 else "under_billed"


def _is_within(line: Line, tolerance: Tolerance) -> bool:
    """Whether |variance| is at most the larger of the two tolerances, compared exactly."""
    of_expected = Fraction(tolerance.percent) * abs(Fraction(line.expected_amount)) / 100
    return abs(Fraction(line.variance)) <= max(Fraction(tolerance.amount), of_expected)


def totals_of(lines: Iterable[Line]) -> tuple[Total, ...]:
    """Sums per currency, never across (RULES 8.3)."""
    by_currency: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_currency[line.currency].append(line)
    return tuple(_total(currency, by_currency[currency]) for currency in sorted(by_currency))


def _total(currency: str, lines: Sequence[Line]) -> Total:
    return Total(
        currency=currency,
        billed=at_minor_unit(total_of(line.billed_amount for line in lines), currency),
        expected=at_minor_unit(total_of(line.expected_amount for line in lines), currency),
        net=at_minor_unit(total_of(line.variance for line in lines), currency),
        gross=at_minor_unit(total_of(line.variance.copy_abs() for line in lines), currency),
    )


def total_of(values: Iterable[Decimal]) -> Decimal:
    """An exact sum."""
    total = NOTHING
    for value in values:
        total = WIDE.add(total, value)
    return total


def at_minor_unit(value: Decimal, currency: str) -> Decimal:
    """Zeros filled in up to the minor unit; digits that a statement gives beyond it are kept, never rounded away."""
    digits = max(minor_units(currency), _decimals(value))
    return WIDE.add(value.quantize(Decimal(1).scaleb(-digits), context=WIDE), NOTHING)


def _quantity(value: Decimal) -> Decimal:
    """A whole number where it is one, else without trailing zeros (Σ shares)."""
    digits = _decimals(value)
    return value.quantize(Decimal(1).scaleb(-digits), context=WIDE)


def _decimals(value: Decimal) -> int:
    """Digits after the point that are not trailing zeros."""
    exponent = value.normalize(WIDE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
