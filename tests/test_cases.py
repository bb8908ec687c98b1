"""Every hand-checkable case against the plain biller and against the close, at zero tolerance."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from shares import share

from fixtures.plain_biller.biller import close as bill_plainly
from fixtures.plain_biller.outputs import write as write_plainly
from fixtures.pocket_calculator import redone
from fixtures.random_months.tables import table
from recon.close import StoredClose, close_period
from recon.period import Period
from recon.problems import BadInput
from recon.trials.billers import outcome_of_close
from recon.trials.cases import CASES, Case, Outcome, differences, fates_of, lines_of, read_case
from recon.workspace import Workspace

NAMES = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())
KEYS = {"rule", "title", "period", "why", "lines", "fates", "fates_complete", "conversions", "statuses", "errors",
        "findings", "as_known_at", "cutoff", "zero"}  # fmt: skip


def case_of(name: str) -> Case:
    return read_case(CASES / name / "expected.yaml")


CASE_OF = {name: case_of(name) for name in NAMES}
FIRST = [next(name for name in NAMES if CASE_OF[name].rule == rule) for rule in {one.rule for one in CASE_OF.values()}]
CLOSED = share(sorted(NAMES, key=lambda name: (name not in FIRST, name)), len(FIRST))
PLAIN = [name for name, case in CASE_OF.items() if not (case.is_refusal and case.rule in ("2.8", "9"))]


# Two billers, one outcome


def plainly(folder: Path, case: Case) -> Outcome:
    """The plain biller's month; it prices documents as they are and leaves their refusal (2.8, 9) to others."""
    try:
        result = bill_plainly(folder, case.period, case.instant("cutoff"), case.instant("as_known_at"))
    except (LookupError, ValueError) as refusal:
        return Outcome(refusal=str(refusal), has_reasons=True)
    write_plainly(result, folder / "plain")
    return Outcome(
        lines_of(table(folder / "plain" / "lines.csv")),
        fates_of(table(folder / "plain" / "fates.csv")),
        {(row["contract"], row["conversion_id"]): row for row in table(folder / "plain" / "conversions.csv")},
        frozenset((row["cause"], row["contract"], row["item"]) for row in table(folder / "plain" / "findings.csv")),
    )


def closed(folder: Path, case: Case) -> StoredClose | Outcome:
    """The close of the month, or its refusal."""
    asked = {"as_known_at": case.instant("as_known_at"), "cutoff": case.instant("cutoff")}
    try:
        close = close_period(Workspace.open(folder), Period.parse(case.period), **asked, is_diagnosed=False)
    except BadInput as refusal:
        return Outcome(refusal="\n".join(str(problem) for problem in refusal.problems), has_reasons=True)
    assert not close.not_priced
    return close


def as_told(close: StoredClose) -> list[dict]:
    """The lines by the names that the pocket calculator reads."""
    rows = close.lines.to_dict("records")
    return [{**row, "quantity": row["expected_quantity"], "amount": row["expected_amount"]} for row in rows]


# The tests


@pytest.fixture
def month(tmp_path: Path) -> Callable[[str], Path]:
    """A case's workspace, copied where a close may write."""
    return lambda name: Path(shutil.copytree(CASES / name, tmp_path / name))


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_biller_finds_what_was_worked_out_by_hand(name: str, month: Callable[[str], Path]) -> None:
    assert differences(CASE_OF[name], plainly(month(name), CASE_OF[name])) == []


@pytest.mark.parametrize("name", CLOSED)
def test_the_close_finds_what_was_worked_out_by_hand(name: str, month: Callable[[str], Path]) -> None:
    """Lines, fates, decisions, findings and statuses; amounts at the minor unit; every working done again."""
    found = closed(month(name), CASE_OF[name])
    if isinstance(found, Outcome):
        assert differences(CASE_OF[name], found) == []
        return
    assert differences(CASE_OF[name], outcome_of_close(found)) == []
    assert redone(found.workings.to_dict("records"), as_told(found)) == []
    written = {(line["contract"], line["item"], line["kind"], line["currency"]): str(line["amount"])
               for line in CASE_OF[name].expected["lines"]}  # fmt: skip
    told = outcome_of_close(found).lines
    figures = ("expected_quantity", "expected_amount", "billed_quantity", "billed_amount")
    assert all(any(row[name] for name in figures) for row in found.lines.to_dict("records"))
    assert {key: str(amount) for key, (_, amount) in told.items()} == written


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_whole_and_says_something(name: str) -> None:
    """A case knows its rule and says why; with lines, some amount is not zero or it says `zero: true`."""
    expected = CASE_OF[name].expected
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
    expected: dict = {
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
        frozenset(),
        {key: ("over_billed", Decimal("0.01"))},
    )
    told = " / ".join(map(str, differences(case_with(expected), wrong)))
    for part in ("line", "20.01", "billable", "late", "found='None'", "finding", "over_billed"):
        assert part in told
    assert differences(case_with({"errors": ["EUR"]}), Outcome())
    assert differences(case_with({"lines": []}), Outcome(refusal="no"))


def case_with(expected: dict) -> Case:
    return Case(CASES, "4.1", "a case", "2026-10", "", expected)
