"""Every hand-checkable case against the plain biller and against the close, at zero tolerance."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.plain_biller.biller import close as bill_plainly
from fixtures.plain_biller.outputs import write as write_plainly
from recon.close import close_period
from recon.period import Period, instant
from recon.problems import BadInput
from recon.workspace import Workspace

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
NAMES = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())
KEYS = {"rule", "title", "period", "why", "lines", "fates", "fates_complete", "conversions", "statuses", "errors",
        "findings", "as_known_at", "cutoff", "zero"}  # fmt: skip
NOT_YET = frozenset({"clawback"})  # kinds of lines that the close does not make yet

LineKey = tuple[str, str, str, str]  # contract, item, kind, currency
FateKey = tuple[str, str, str, str, str]  # direction, dataset, contract, item, fate


@dataclass
class Outcome:
    """What a biller says of a month; `statuses` only from a close, `errors` only from a refusal."""

    lines: dict[LineKey, tuple[Decimal, Decimal]] = field(default_factory=dict)
    fates: dict[FateKey, Decimal] = field(default_factory=dict)
    conversions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    findings: set[tuple[str, str, str]] = field(default_factory=set)
    statuses: dict[LineKey, tuple[str, Decimal]] = field(default_factory=dict)
    errors: str = ""


def expected_of(name: str) -> dict[str, Any]:
    return yaml.safe_load((CASES / name / "expected.yaml").read_text(encoding="utf-8"))


def asked_instant(expected: dict[str, Any], key: str) -> int | None:
    return instant(expected[key]) if key in expected else None


# Two billers, one outcome


def plainly(folder: Path, expected: dict[str, Any]) -> Outcome:
    """The plain biller's month; it prices documents as they are and leaves their refusal (2.8) to others."""
    asked = asked_instant(expected, "cutoff"), asked_instant(expected, "as_known_at")
    try:
        result = bill_plainly(folder, expected["period"], *asked)
    except (LookupError, ValueError) as refusal:
        return Outcome(errors=str(refusal))
    write_plainly(result, folder / "plain")
    return Outcome(
        lines_of(rows_of(folder / "plain" / "lines.csv"), "quantity", "amount"),
        fates_of(rows_of(folder / "plain" / "fates.csv")),
        decisions_of(rows_of(folder / "plain" / "conversions.csv")),
        {(row["cause"], row["contract"], row["item"]) for row in rows_of(folder / "plain" / "findings.csv")},
    )


def closed(folder: Path, expected: dict[str, Any]) -> Outcome:
    """The close's month, read back from its files."""
    asked = {key: asked_instant(expected, key) for key in ("as_known_at", "cutoff")}
    try:
        close = close_period(Workspace.open(folder), Period.parse(expected["period"]), **asked)
    except BadInput as refusal:
        return Outcome(errors="\n".join(str(problem) for problem in refusal.problems))
    if close.not_priced:
        pytest.skip(f"not priced yet: {close.not_priced}")
    lines = close.lines.to_dict("records")
    found = close.findings.to_dict("records")
    return Outcome(
        lines_of(filter(is_expected, lines), "expected_quantity", "expected_amount"),
        fates_of(close.fates.to_dict("records")),
        decisions_of(map(with_share, close.conversions().to_dict("records"))),
        {(row["cause"], row["contract"], row["item"]) for row in found},
        {line_key(row): (row["status"], Decimal(row["variance"])) for row in lines},
    )


def is_expected(row: dict[str, Any]) -> bool:
    """A line exists where its quantity or its amount is not zero (RULES 4.5); others were only billed."""
    return bool(row["expected_quantity"] or row["expected_amount"])


def with_share(row: dict[str, Any]) -> dict[str, Any]:
    """The close keeps shares in whole millionths."""
    return row | {"share": None if row["share"] is None else Decimal(int(row["share"])).scaleb(-6)}


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def line_key(row: dict[str, Any]) -> LineKey:
    return row["contract"], row["item"] or "", row["kind"], row["currency"]


def lines_of(rows: Iterable[dict[str, Any]], quantity: str, amount: str) -> dict[LineKey, tuple[Decimal, Decimal]]:
    return {line_key(row): (Decimal(row[quantity] or 0), Decimal(row[amount])) for row in rows}


def fates_of(rows: Iterable[dict[str, Any]]) -> dict[FateKey, Decimal]:
    names = ("direction", "dataset", "contract", "item", "fate")
    fates: dict[FateKey, Decimal] = {}
    for row in rows:
        key = tuple(row[name] or "" for name in names)
        fates[key] = fates.get(key, Decimal(0)) + Decimal(row["quantity"])
    return fates


def decisions_of(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["contract"], row["conversion_id"]): row for row in rows}


# An outcome against what the case expects


def differences(expected: dict[str, Any], outcome: Outcome) -> list[str]:
    """Everything in which an outcome differs from the case, in words."""
    if "errors" in expected:
        return [
            f"not refused with {text!r}: {outcome.errors!r}"
            for text in expected["errors"]
            if text not in outcome.errors
        ]
    if outcome.errors:
        return [f"refused: {outcome.errors}"]
    checks = (line_differences, fate_differences, decision_differences, finding_differences, status_differences)
    return [difference for check in checks for difference in check(expected, outcome)]


def line_differences(expected: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    wanted = {line_key(row): row for row in expected["lines"]}
    for key in sorted(wanted.keys() | outcome.lines.keys()):
        if key not in wanted or key not in outcome.lines:
            yield f"line {key}: {'not expected' if key in outcome.lines else 'missing'} {outcome.lines.get(key, '')}"
            continue
        quantity, amount = outcome.lines[key]
        if Decimal(wanted[key].get("quantity", quantity)) != quantity or Decimal(wanted[key]["amount"]) != amount:
            yield f"line {key}: {quantity} and {amount}, not {wanted[key].get('quantity')} and {wanted[key]['amount']}"
        if str(wanted[key]["amount"]) != str(amount):
            yield f"line {key}: {amount} is not written at the currency's minor unit: {wanted[key]['amount']}"


def fate_differences(expected: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    wanted = fates_of(expected.get("fates", ()))
    for key, count in wanted.items():
        if outcome.fates.get(key, 0) != count:
            yield f"fate {key}: {outcome.fates.get(key, 0)}, not {count}"
    if expected.get("fates_complete"):
        more = {key for key, count in outcome.fates.items() if count and key[4] != "look_back"} - wanted.keys()
        yield from (f"fate {key}: not expected" for key in sorted(more))


def decision_differences(expected: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    for row in expected.get("conversions", ()):
        key = row["contract"], row["conversion_id"]
        told = outcome.conversions.get(key)
        if told is None:
            yield f"conversion {key}: not told"
            continue
        for name in row.keys() - {"contract", "conversion_id"}:
            if not agrees(name, told[name], row[name]):
                yield f"conversion {key}: {name} {told[name]!r}, not {row[name]!r}"


def agrees(name: str, told: Any, wanted: Any) -> bool:
    if name in ("amount", "share"):
        return told not in (None, "") and Decimal(told) == Decimal(wanted)
    return told == wanted


def finding_differences(expected: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    for row in expected.get("findings", ()):
        if (row["cause"], row["contract"], row["item"]) not in outcome.findings:
            yield f"finding {row} is missing among {sorted(outcome.findings)}"


def status_differences(expected: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    wanted = {line_key(row): row for row in expected.get("statuses", ())}
    for key, row in wanted.items() if outcome.statuses else ():
        status, variance = outcome.statuses.get(key, ("no line", Decimal(0)))
        if (status, variance) != (row["status"], Decimal(row["variance"])):
            yield f"status {key}: {status} {variance}, not {row['status']} {row['variance']}"
    if wanted and outcome.statuses:
        yield from (f"status {key}: not expected" for key in sorted(outcome.statuses.keys() - wanted.keys()))


# The tests


@pytest.fixture
def month(tmp_path: Path) -> Callable[[str], Path]:
    """A case's workspace, copied where a close may write."""
    return lambda name: Path(shutil.copytree(CASES / name, tmp_path / name))


@pytest.mark.parametrize("name", NAMES)
def test_the_plain_biller_finds_what_was_worked_out_by_hand(name: str, month: Callable[[str], Path]) -> None:
    expected = expected_of(name)
    if "errors" in expected and expected["rule"] == "2.8":
        pytest.skip("the plain biller prices documents as they are")
    assert differences(expected, plainly(month(name), expected)) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_close_finds_what_was_worked_out_by_hand(name: str, month: Callable[[str], Path]) -> None:
    expected = expected_of(name)
    if NOT_YET & {line["kind"] for line in expected.get("lines", ())}:
        pytest.skip("a line that the close does not make yet")
    assert differences(expected, closed(month(name), expected)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_whole_and_says_something(name: str) -> None:
    """A case knows its rule and says why; with lines, some amount is not zero or it says `zero: true`."""
    expected = expected_of(name)
    assert expected.keys() <= KEYS, expected.keys() - KEYS
    assert name.startswith(expected["rule"] + "-") and len(expected["why"]) > 20
    if expected.get("errors"):
        return
    amounts = [Decimal(line["amount"]) for line in expected["lines"]]
    assert any(amounts) != expected.get("zero", False)


def test_a_wrong_figure_goes_red() -> None:
    """The comparison itself: a cent, a unit, a fate, a decision, a status and a refusal are each noticed."""
    key = ("adv", "I1", "charge", "USD")
    row = dict(zip(("contract", "item", "kind", "currency"), key, strict=True))
    fate = {
        "direction": "charge",
        "dataset": "impressions",
        "contract": "adv",
        "item": "I1",
        "fate": "billable",
        "quantity": "2",
    }
    expected = {
        "lines": [row | {"quantity": "2", "amount": "20.00"}],
        "fates": [fate],
        "fates_complete": True,
        "conversions": [{"contract": "a", "conversion_id": "s1", "fate": "payable", "amount": "1.00"}],
        "statuses": [row | {"status": "matched", "variance": "0.00"}],
        "findings": [{"contract": "adv", "item": "I1", "cause": "third_party_missing"}],
    }
    wrong = Outcome(
        {key: (Decimal(2), Decimal("20.01"))},
        {("charge", "impressions", "adv", "I1", "late"): Decimal(1)},
        {("a", "s1"): {"fate": "payable", "amount": None}},
        statuses={key: ("over_billed", Decimal("0.01"))},
    )
    told = " / ".join(differences(expected, wrong))
    for part in ("line", "20.01", "billable", "late", "amount None", "finding", "over_billed"):
        assert part in told
    assert differences({"errors": ["EUR"]}, Outcome()) and differences({"lines": []}, Outcome(errors="no"))
