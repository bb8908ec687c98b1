"""The bridge of a month: from what was expected, cause by cause, to what was billed, exact at every level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

from recon.compare.lines import NOTHING, WIDE, total_of

Level = Literal["line", "contract", "counterparty", "month"]
WITHIN, UNEXPLAINED = "within_tolerance", "unexplained"
NO_CONTRACT = "(no contract)"
LINE = ("contract", "item", "kind", "currency")
LEVELS: dict[Level, tuple[str, ...]] = {  # the currency is part of each: money is never added across currencies
    "line": LINE,
    "contract": ("contract", "currency"),
    "counterparty": ("counterparty", "currency"),
    "month": ("currency",),
}


@dataclass(frozen=True)
class Movement:
    """What one cause moves on one line, billed − expected; a remark moves nothing."""

    line: tuple[str, ...]
    counterparty: str
    cause: str
    amount: Decimal

    @property
    def currency(self) -> str:
        """The currency of the line."""
        return self.line[-1]


@dataclass(frozen=True)
class Step:
    """A cause in a bridge: its net amount, the sum of its amounts without signs, and the lines it is found on."""

    cause: str
    amount: Decimal
    gross: Decimal
    lines: int


@dataclass(frozen=True)
class Bridge:
    """Expected + every step = billed, in one currency; `scope` names the line, contract or counterparty."""

    scope: tuple[str, ...]
    currency: str
    expected: Decimal
    steps: tuple[Step, ...]
    billed: Decimal

    @property
    def variance(self) -> Decimal:
        """Billed − expected (RULES 1.6)."""
        return WIDE.subtract(self.billed, self.expected)

    @property
    def closes(self) -> bool:
        """Whether the steps add up to the variance, to the last digit."""
        return total_of(step.amount for step in self.steps) == self.variance

    @property
    def levels(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Where each step starts and ends, counting on from what was expected."""
        reached, spans = self.expected, []
        for step in self.steps:
            spans.append((reached, WIDE.add(reached, step.amount)))
            reached = spans[-1][1]
        return tuple(spans)


def movements(lines: pd.DataFrame, findings: pd.DataFrame) -> tuple[Movement, ...]:
    """Each line's variance by cause; what a line within tolerance has no finding for is a cause of its own."""
    found: dict[tuple[str, ...], list[Decimal]] = defaultdict(list)
    for line, amount in zip(_texts(findings, LINE), findings["amount"], strict=True):
        found[line].append(amount or NOTHING)
    compared = [one for one in _compared(lines) if one[0] in found or one[2] == WITHIN]
    parties = {line: party for line, party, *_ in compared}
    causes = zip(_texts(findings, LINE), findings["cause"], findings["amount"], strict=True)
    told = [Movement(line, parties.get(line, NO_CONTRACT), str(why), moved or NOTHING) for line, why, moved in causes]
    return (*told, *_tolerated(compared, found))


def _compared(lines: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], str, str, Decimal]]:
    """Each line with its counterparty, status and variance; of a million lines only these columns are looked at."""
    parties = (str(one or NO_CONTRACT) for one in lines["counterparty"])
    return zip(_texts(lines, LINE), parties, lines["status"], lines["variance"], strict=True)


def _tolerated(
    compared: Iterable[tuple[tuple[str, ...], str, str, Decimal]], found: Mapping[tuple[str, ...], list[Decimal]]
) -> Iterator[Movement]:
    for line, party, status, variance in compared:
        rest = WIDE.subtract(variance, total_of(found.get(line, ())))
        if status == WITHIN and rest:
            yield Movement(line, party, WITHIN, rest)


def _texts(rows: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Some columns of each row as text."""
    return zip(*([str(value or "") for value in rows[name]] for name in names), strict=True)


def bridges(lines: pd.DataFrame, findings: pd.DataFrame, level: Level = "month") -> tuple[Bridge, ...]:
    """The bridges of all lines at a level, in order of scope; never across currencies (RULES 8.3).

    `lines` and `findings` are the frames of a stored close, money as Decimals.
    """
    moved: dict[tuple[str, ...], list[Movement]] = defaultdict(list)
    for movement in movements(lines, findings):
        moved[_scope(_named(movement), level)].append(movement)
    sides: dict[tuple[str, ...], list[tuple[Decimal, Decimal]]] = defaultdict(list)
    named = lines.assign(counterparty=[one or NO_CONTRACT for one in lines["counterparty"]])
    for scope, *amounts in zip(
        _texts(named, LEVELS[level]), lines["expected_amount"], lines["billed_amount"], strict=True
    ):
        sides[scope].append((amounts[0], amounts[1]))
    with_money = {scope for scope, found in moved.items() if any(movement.amount for movement in found)}
    return tuple(_bridge(scope, sides[scope], moved[scope]) for scope in sorted({*sides, *with_money}))


def _named(movement: Movement) -> dict[str, str]:
    return {**dict(zip(LINE, movement.line, strict=True)), "counterparty": movement.counterparty}


def _scope(row: Any, level: Level) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in LEVELS[level])


def _bridge(scope: tuple[str, ...], sides: Sequence[tuple[Decimal, Decimal]], moved: Sequence[Movement]) -> Bridge:
    return Bridge(
        scope=scope,
        currency=scope[-1],
        expected=total_of(expected for expected, _ in sides),
        steps=tuple(step for step in steps(moved) if step.amount or step.gross),
        billed=total_of(billed for _, billed in sides),
    )


def steps(moved: Iterable[Movement]) -> list[Step]:
    """The causes of some movements, those that move most money first, what has no cause last."""
    by_cause: dict[str, list[Movement]] = defaultdict(list)
    for movement in moved:
        by_cause[movement.cause].append(movement)
    return sorted((_step(cause, found) for cause, found in by_cause.items()), key=_by_money)


def _step(cause: str, moved: Sequence[Movement]) -> Step:
    return Step(
        cause=cause,
        amount=total_of(movement.amount for movement in moved),
        gross=total_of(movement.amount.copy_abs() for movement in moved),
        lines=len({movement.line for movement in moved}),
    )


def _by_money(step: Step) -> tuple[int, Decimal, int, str]:
    last = {WITHIN: 1, UNEXPLAINED: 2}.get(step.cause, 0)
    return last, -step.gross, -step.lines, step.cause


def ranked(found: Iterable[Step], by: Literal["money", "count"] = "money") -> list[Step]:
    """Causes, the unexplained among them, with most money (signs aside) or most lines first."""
    if by == "count":
        return sorted(found, key=lambda step: (-step.lines, -step.gross, step.cause))
    return sorted((step for step in found if step.gross), key=lambda step: (-step.gross, -step.lines, step.cause))


def gaps(lines: pd.DataFrame, findings: pd.DataFrame) -> tuple[Bridge, ...]:
    """The lines whose causes do not add up to their variance: none, or the diagnosis is wrong."""
    return tuple(bridge for bridge in bridges(lines, findings, "line") if not bridge.closes)
