"""What two closes of a month differ by, line by line, with the reasons: the true-up (RULES 2.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from recon.close import StoredClose, load_close
from recon.compare import Key, finding_id
from recon.ledger import Ledger
from recon.money import plain
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.trueup.reasons import Reason, reasons_of
from recon.workspace import Workspace

NOTHING = Decimal(0)


class _Side(NamedTuple):
    """What one close expected on a line."""

    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True)
class TrueUpLine:
    """A line whose expected amount changed: amounts in major units, difference = after − before.

    `finding_id` is what an adjustment line of a later statement refers to (RULES 8.6).
    """

    finding_id: str
    contract: str
    item: str
    kind: str
    currency: str
    before_quantity: Decimal
    after_quantity: Decimal
    before_amount: Decimal
    after_amount: Decimal
    difference: Decimal
    reasons: tuple[Reason, ...]

    @property
    def words(self) -> str:
        """The line in a sentence, each reason in one of its own."""
        name = "/".join((self.contract, self.item, self.kind, self.currency))
        amounts = f"expected {plain(self.before_amount)} before, {plain(self.after_amount)} now"
        return "\n".join([f"{name}: {amounts}, {signed(self.difference)}", *(f"  {one.words}" for one in self.reasons)])


@dataclass(frozen=True)
class TrueUpTotal:
    """All that the two closes expected in a currency; difference = after − before."""

    currency: str
    before_amount: Decimal
    after_amount: Decimal
    difference: Decimal

    @property
    def words(self) -> str:
        """The total in a sentence."""
        amounts = f"expected {plain(self.before_amount)} before, {plain(self.after_amount)} now"
        return f"total {self.currency}: {amounts}, {signed(self.difference)}"


@dataclass(frozen=True)
class TrueUp:
    """The difference of two runs of a period; Σ differences of the lines = difference of the totals, per currency."""

    period: str
    before_run: int
    after_run: int
    lines: tuple[TrueUpLine, ...]
    totals: tuple[TrueUpTotal, ...]


def chosen_closes(
    workspace: Workspace, period: Period, before: int | None = None, after: int | None = None
) -> tuple[StoredClose, StoredClose]:
    """The two runs to compare: unless named, the locked one or else the first, with the latest.

    BadInput where there is no run, or only one.
    """
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        runs = [close.run for close in ledger.closes(str(period))]
        locked = ledger.locked(str(period))
    if not runs:
        raise BadInput([Problem(f"closes/{period}", "no run", f"a closed month: run `recon close {period}` first")])
    first = before or (locked.run if locked else runs[0])
    last = after or runs[-1]
    if first == last:
        problem = Problem(f"closes/{period}", f"run {first} alone", f"another run: `recon close {period}` makes one")
        raise BadInput([problem])
    return load_close(workspace, period, first), load_close(workspace, period, last)


def true_up(before: StoredClose, after: StoredClose) -> TrueUp:
    """What became of a month's expected lines from one close to another (RULES 2.7)."""
    if before.period != after.period:
        raise ValueError(f"{before.period} and {after.period} are different months")
    earlier, later = _sides(before), _sides(after)
    nothing = _Side(NOTHING, NOTHING)
    changed = [key for key in sorted({*earlier, *later}) if _amount(earlier, key) != _amount(later, key)]
    lines = [_line(key, earlier.get(key, nothing), later.get(key, nothing), before, after) for key in changed]
    return TrueUp(before.period, before.run, after.run, tuple(lines), _totals(earlier, later))


def _sides(close: StoredClose) -> dict[Key, _Side]:
    return {
        _key(row): _Side(row["expected_quantity"], row["expected_amount"]) for row in close.lines.to_dict("records")
    }


def _key(row: dict[Any, Any]) -> Key:
    return Key(row["contract"], row["item"] or "", row["period"], row["kind"], row["currency"])


def _amount(sides: dict[Key, _Side], key: Key) -> Decimal:
    return sides[key].amount if key in sides else NOTHING


def _line(key: Key, earlier: _Side, later: _Side, before: StoredClose, after: StoredClose) -> TrueUpLine:
    return TrueUpLine(
        finding_id(key, "true_up"), key.contract, key.item, key.kind, key.currency,
        earlier.quantity, later.quantity, earlier.amount, later.amount, later.amount - earlier.amount,
        reasons_of(key.contract, key.item, before, after),
    )  # fmt: skip


def _totals(earlier: dict[Key, _Side], later: dict[Key, _Side]) -> tuple[TrueUpTotal, ...]:
    """Every line of both closes, those that agree among them."""
    before, after = (dict(_added(sides.items())) for sides in (earlier, later))
    return tuple(
        TrueUpTotal(
            one, before.get(one, NOTHING), after.get(one, NOTHING), after.get(one, NOTHING) - before.get(one, NOTHING)
        )
        for one in sorted({*before, *after})
    )


def _added(sides: Iterable[tuple[Key, _Side]]) -> Iterator[tuple[str, Decimal]]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for key, side in sides:
        totals[key.currency] += side.amount
    yield from totals.items()


def signed(amount: Decimal) -> str:
    """An amount with its sign.

    >>> signed(Decimal("2.50")), signed(Decimal("-1.00"))
    ('+2.50', '-1.00')
    """
    return f"+{plain(amount)}" if amount > 0 else plain(amount)
