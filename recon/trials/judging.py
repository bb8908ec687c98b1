"""What a close says of planted errors: found, named, and how sure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

from recon.close import Outcome, StoredClose
from recon.money import plain
from recon.trials.search import Amounts, Key, Planted

Verdict = Literal["caught", "missed", "misnamed", "no effect"]
WORST = ("unexplained", "ambiguous", "consistent", "proven")
Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """One planted error: where it was, what it moved, and what the close made of it.

    `fits` counts the edits that fit, at most, on a moved line (0: none was found); `others` are the codes planted on
    the same lines.
    """

    code: str
    is_in_table: bool
    contract: str
    what: str
    others: tuple[str, ...] = ()
    placement: str = "alone"
    lines: tuple[str, ...] = ()
    amounts: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = "no effect"
    named: tuple[str, ...] = ()
    grade: str = ""
    rivals: tuple[str, ...] = ()
    fits: int = 0
    is_first: bool = False
    is_rival: bool = False
    is_wrongly_proven: bool = False

    def told(self) -> Row:
        """The error for machines."""
        names = {"others": "with", "amounts": "amount"}
        row = {names.get(name, name): value for name, value in asdict(self).items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


def outcome_of(close: StoredClose) -> Outcome:
    """A stored close as rows."""
    return Outcome(_rows(close.lines), _rows(close.findings))


def _rows(frame: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def findings_of(close: Outcome) -> dict[Key, list[Row]]:
    """The close's findings by line."""
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in close.findings:
        found[_key(row)].append(row)
    return found


def _key(row: Mapping[Any, Any]) -> Key:
    contract, item, kind, currency = (str(row[name] or "") for name in ("contract", "item", "kind", "currency"))
    return contract, item, kind, currency


def judged(planted: Planted, was: Amounts, became: Amounts, findings: Mapping[Key, Sequence[Row]]) -> list[Judged]:
    """One verdict for each error of a planting."""
    codes = {key: {error.code for error, keys in zip(planted.errors, planted.moved, strict=True) if key in keys}
             for keys in planted.moved for key in keys}  # fmt: skip
    return [_one(planted, place, codes, was, became, findings) for place in range(len(planted.errors))]


def _one(  # noqa: PLR0917
    planted: Planted, place: int, codes: Mapping[Key, set[str]], was: Amounts, became: Amounts,
    findings: Mapping[Key, Sequence[Row]],
) -> Judged:  # fmt: skip
    error, keys = planted.errors[place], sorted(planted.moved[place])
    rows = [[row for row in findings.get(key, ()) if row["amount"] or row["cause"] == error.code] for key in keys]
    others = {code for key in keys for code in codes[key]} - {error.code}
    is_first = all(any(row["cause"] == error.code for row in some) for some in rows)
    is_named = all(any(error.code in _said(row, codes[key]) for row in some)
                   for key, some in zip(keys, rows, strict=True))  # fmt: skip
    wrong = any(_is_wrong(row, codes[key] if error.is_in_table else set()) for key, some in zip(keys, rows, strict=True)
                for row in some)  # fmt: skip
    every = [row for some in rows for row in some]
    return Judged(
        error.code, error.is_in_table, ", ".join(sorted(planted.contracts)), _what(planted, place),
        tuple(sorted(others)), planted.placement, tuple("/".join(key) for key in keys), _net(keys, was, became),
        _verdict(error.is_in_table, all(rows), is_named, wrong), tuple(sorted({row["cause"] for row in every})),
        min((row["grade"] for row in every), key=WORST.index, default=""),
        tuple(sorted({code for row in every for code in _rivals(row)})),
        _fits(every, error.code, {error.code, *others}), is_first, is_named and not is_first, wrong,
    )  # fmt: skip


def _what(planted: Planted, place: int) -> str:
    return planted.attempt.plantings[place].what


def _rivals(row: Row) -> list[str]:
    return str(row["rivals"] or "").split()


def _said(row: Row, planted: Collection[str]) -> set[str]:
    """The causes that a finding says could be: its own and its rivals, the planted pair `one+other` among them."""
    pairs = (rival.split("+") for rival in _rivals(row) if "+" in rival)
    return {row["cause"], *_rivals(row), *(code for pair in pairs if set(pair) == set(planted) for code in pair)}


def _is_wrong(row: Row, planted: Collection[str]) -> bool:
    return bool(row["grade"] == "proven" and row["cause"] not in planted)


def _verdict(is_in_table: bool, is_found: bool, is_named: bool, is_wrongly_proven: bool) -> Verdict:
    """Found on every line; of the table also named; outside it not proven to be something else."""
    if not is_found:
        return "missed"
    is_right = is_named if is_in_table else not is_wrongly_proven
    return "caught" if is_right else "misnamed"


def _fits(rows: Iterable[Row], code: str, planted: Collection[str]) -> int:
    """How many edits fit, by the findings that name the error, else by all."""
    some = list(rows)
    naming = [row for row in some if code in _said(row, planted)] or some
    return max((0 if row["grade"] == "unexplained" else 1 + len(_rivals(row)) for row in naming), default=0)


def _net(keys: Iterable[Key], was: Amounts, became: Amounts) -> dict[str, str]:
    """What the lines differ by, per currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for key in keys:
        sums[key[3]] += became.get(key, Decimal(0)) - was.get(key, Decimal(0))
    return {currency: plain(amount) for currency, amount in sorted(sums.items())}


# What must hold in every close, whatever was planted


def faults(close: Outcome, planted: Iterable[Planted], known: Collection[Key] = ()) -> list[str]:
    """Lines whose findings do not add up to the variance, and findings of money where nothing was planted."""
    findings = findings_of(close)
    moved = {key for one in planted for keys in one.moved for key in keys} | set(known)
    told = []
    for row in close.lines:
        key, rows = _key(row), findings.get(_key(row), [])
        total = sum((one["amount"] for one in rows), Decimal(0))
        if rows and total != row["variance"]:
            told.append(f"{'/'.join(key)}: findings of {total}, variance {row['variance']}")
        if key not in moved and any(one["amount"] for one in rows):
            told.append(f"{'/'.join(key)}: {rows[0]['cause']}, though nothing was planted there")
    return told


def false_alarms(close: Outcome) -> list[Row]:
    """Open differences of a close in which nothing was planted."""
    keys = {_key(row) for row in close.lines if row["status"] not in ("matched", "within_tolerance")}
    rows = [row for some in findings_of(close).values() for row in some]
    alarms = [row for row in rows if row["amount"] or _key(row) in keys]
    names = ("contract", "item", "kind", "currency", "cause", "grade")
    return [{name: row[name] for name in names} | {"amount": plain(row["amount"])} for row in alarms]
