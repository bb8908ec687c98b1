"""Cases that a person can check by hand: a folder each, with a whole workspace and what its month must give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from recon.period import Period, instant
from recon.problems import BadInput, Problem

EXPECTED = "expected.yaml"
CASES = Path(__file__).resolve().parents[2] / "fixtures" / "cases"
NEEDED = ("rule", "title", "period", "why")

LineKey = tuple[str, str, str, str]  # contract, item, kind, currency
FateKey = tuple[str, str, str, str, str]  # direction, dataset, contract, item, fate
FATE_NAMES = ("direction", "dataset", "contract", "item", "fate")
LINE_NAMES = ("contract", "item", "kind", "currency")


@dataclass(frozen=True)
class Case:
    """One case: its folder, the rule it is about, and what its month must give (`expected`, as written)."""

    folder: Path
    rule: str
    title: str
    period: str
    why: str
    expected: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def is_refusal(self) -> bool:
        """Whether the month must be refused rather than billed."""
        return "errors" in self.expected

    def instant(self, name: str) -> int | None:
        """`as_known_at` or `cutoff` (µs, UTC), None where the case asks for none."""
        return instant(str(self.expected[name])) if name in self.expected else None


@dataclass(frozen=True)
class Outcome:
    """What a biller says of a month; None for what it does not tell, `refusal` (in words) where it bills nothing."""

    lines: Mapping[LineKey, tuple[Decimal, Decimal]] = field(default_factory=dict)
    fates: Mapping[FateKey, Decimal] | None = None
    conversions: Mapping[tuple[str, str], Mapping[str, Any]] | None = None
    findings: frozenset[tuple[str, str, str]] | None = None
    statuses: Mapping[LineKey, tuple[str, Decimal]] | None = None
    refusal: str | None = None
    has_reasons: bool = False


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the case expects: of what, what was expected, and what was found."""

    of: str
    expected: str
    found: str


def find_cases(folder: Path, only: str = "") -> tuple[Case, ...]:
    """The cases in a folder whose names hold a text, by name; BadInput where there are none or one can't be read."""
    files = sorted(folder.glob(f"*/{EXPECTED}")) if folder.is_dir() else []
    asked = [file for file in files if only in file.parent.name]
    if not asked:
        wanted = f"a folder of cases, each with {EXPECTED}" if not files else f"part of one of {len(files)} names"
        raise BadInput([Problem("--only" if files else "--cases", only if files else str(folder), wanted)])
    return tuple(read_case(file) for file in asked)


def read_case(file: Path) -> Case:
    """A case from its expected.yaml; BadInput where something is wanting."""
    try:
        stated = yaml.safe_load(file.read_text(encoding="utf-8"))
        Period.parse(str(stated["period"]))
        if "errors" not in stated:
            lines_of(stated["lines"])
        rule, title, period, why = (str(stated[name]) for name in NEEDED)
        return Case(file.parent, rule, title, period, why, stated)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        reason = " ".join(str(error).split())
        raise BadInput([Problem(str(file), reason, "a case as fixtures/cases/README.md describes it")]) from error


def lines_of(
    rows: Iterable[Mapping[str, Any]], quantity: str = "quantity", amount: str = "amount"
) -> dict[LineKey, tuple[Decimal, Decimal]]:
    """Lines by key with quantity and amount (0 where empty); those of nothing at all are left out (RULES 4.5)."""
    found = {line_key(row): (number(row.get(quantity)), number(row[amount])) for row in rows}
    return {key: line for key, line in found.items() if any(line)}


def line_key(row: Mapping[str, Any]) -> LineKey:
    """What a line is known by within its month."""
    contract, item, kind, currency = (str(row[name] or "") for name in LINE_NAMES)
    return contract, item, kind, currency


def fates_of(rows: Iterable[Mapping[str, Any]]) -> dict[FateKey, Decimal]:
    """Fates by key, rows of one key added up."""
    fates: dict[FateKey, Decimal] = {}
    for row in rows:
        direction, dataset, contract, item, fate = (str(row[name] or "") for name in FATE_NAMES)
        key = direction, dataset, contract, item, fate
        fates[key] = fates.get(key, Decimal(0)) + number(row["quantity"])
    return fates


def number(value: object) -> Decimal:
    """A number from text; empty is zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


# An outcome against what the case expects


def differences(case: Case, outcome: Outcome) -> list[Difference]:
    """Everything in which an outcome differs from its case, at zero tolerance; what was not told is not asked."""
    if case.is_refusal:
        return list(_refusal_differences(case, outcome))
    if outcome.refusal is not None:
        return [Difference("the month", "billed", f"refused: {outcome.refusal}")]
    checks = (_lines, _fates, _decisions, _findings, _statuses)
    return [difference for check in checks for difference in check(case.expected, outcome)]


def _refusal_differences(case: Case, outcome: Outcome) -> Iterator[Difference]:
    """Whether it refuses; where its problems are to be read, whether they name what they must."""
    if outcome.refusal is None:
        yield Difference("the month", f"refused ({', '.join(case.expected['errors'])})", "billed")
    elif outcome.has_reasons:
        missing = [text for text in case.expected["errors"] if text not in outcome.refusal]
        yield from (Difference("the refusal", f"named {text!r}", outcome.refusal) for text in missing)


def _lines(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    wanted = {line_key(row): row for row in expected["lines"]}
    for key in sorted(wanted.keys() | outcome.lines.keys()):
        row, line = wanted.get(key), outcome.lines.get(key)
        stated = "no such line" if row is None else _stated(row)
        if row is None or line is None or not _is_equal(row, line):
            yield Difference(f"line {'/'.join(key)}", stated, "no such line" if line is None else _said(*line))


def _is_equal(row: Mapping[str, Any], line: tuple[Decimal, Decimal]) -> bool:
    quantity, amount = line
    return number(row.get("quantity", quantity)) == quantity and number(row["amount"]) == amount


def _stated(row: Mapping[str, Any]) -> str:
    return _said(row["quantity"], row["amount"]) if "quantity" in row else f"amount {row['amount']}"


def _said(quantity: object, amount: object) -> str:
    return f"quantity {quantity}, amount {amount}"


def _fates(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    if outcome.fates is None:
        return
    wanted, told = fates_of(expected.get("fates", ())), outcome.fates
    more = {key for key in told if key[4] != "look_back"} - wanted.keys() if expected.get("fates_complete") else set()
    for key in [*wanted, *sorted(more)]:
        count, found = wanted.get(key, Decimal(0)), told.get(key, Decimal(0))
        if count != found:
            yield Difference(f"fate {'/'.join(key)}", str(count), str(found))


def _decisions(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    rows = expected.get("conversions", ()) if outcome.conversions is not None else ()
    for row in rows:
        key = row["contract"], row["conversion_id"]
        told = (outcome.conversions or {}).get(key)
        if told is None:
            yield Difference(f"conversion {'/'.join(key)}", str(row["fate"]), "not told")
            continue
        for name in sorted(row.keys() - {"contract", "conversion_id"}):
            if not _agrees(name, told.get(name), row[name]):
                yield Difference(f"{name} of conversion {'/'.join(key)}", str(row[name]), str(told.get(name)))


def _agrees(name: str, told: object, wanted: object) -> bool:
    if name in ("amount", "share"):
        return told not in (None, "") and number(told) == number(wanted)
    return str(told) == str(wanted)


def _findings(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    if outcome.findings is None:
        return
    for row in expected.get("findings", ()):
        key = row["cause"], row["contract"], row["item"]
        if key not in outcome.findings:
            told = "; ".join("/".join(one) for one in sorted(outcome.findings))
            yield Difference("findings", "/".join(key), told or "none")


def _statuses(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    wanted = {line_key(row): (row["status"], number(row["variance"])) for row in expected.get("statuses", ())}
    told = outcome.statuses or {}
    for key in sorted(wanted.keys() | told.keys()) if wanted and told else ():
        if wanted.get(key) != told.get(key):
            stated, found = (_status(one) for one in (wanted.get(key), told.get(key)))
            yield Difference(f"status of {'/'.join(key)}", stated, found)


def _status(one: tuple[str, Decimal] | None) -> str:
    return "no such line" if one is None else f"{one[0]}, variance {one[1]}"
