"""The pack of a month that others went before: carried items decided again, drift, true-ups, tied and recalculated."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from office import disagreements, recalculate
from stored_close import a_diagnosed_close
from test_workbook_signed import rows

from recon.evidence import write_pack
from recon.evidence.journals import proposed
from recon.ledger import FindingAct, Item, RollForward
from recon.ledger.drift import Line, Party, Small
from recon.ledger.rolling import Past
from recon.signoff import Dossier
from recon.signoff.rollforward import rolled_alone
from recon.workspace import Accounts

pytestmark = [pytest.mark.xdist_group("office"), pytest.mark.long]
AT = 1_790_000_000_000_000
NORTHWIND, SAKURA = (
    Party("Northwind Outdoor", "Northwind Outdoor", "charge"),
    Party("Sakura Video KK", "=Sakura", "charge"),
)
PRIME = Line("northwind-ctv", "NW-CTV-PRIME", "charge", "USD")
CARRIED = ("dispute", "timing", "accept", "accept")
DECIDED = ("accept", "waive", "dispute", "")
ADJUSTMENT = {
    "contract": "northwind-ctv", "item": "NW-CTV-RUN", "kind": "adjustment", "currency": "USD", "status": "missing",
    "cause": "adjustment_missing", "grade": "consistent", "counterparty": "Northwind Outdoor", "direction": "charge",
    "expected_quantity": Decimal(0), "billed_quantity": None,
}  # fmt: skip
TRUE_UP = "2026-09/northwind-ctv/NW-CTV-RUN/charge/USD/true_up"


def small(period: str, amount: str, party: Party = NORTHWIND, line: Line = PRIME, is_waived: bool = True) -> Small:
    return Small(period, party, line, Decimal(amount), is_waived)


def carried(number: int) -> Item:
    line = (
        f"2026-0{6 + number}/northwind-ctv/NW-CTV-RUN/charge/USD/stale_version",
        f"2026-0{6 + number}",
        "northwind-ctv",
    )
    said = {"disposition": CARRIED[number], "decided_by": "kim"}
    return Item(
        *line,
        "NW-CTV-RUN",
        "charge",
        "USD",
        "Northwind Outdoor",
        "stale_version",
        "proven",
        Decimal(-7 - number),
        **said,
    )


def said_of(close: Any) -> Dossier:
    """Items of four months before, three decided again; a row of three months with Northwind; one true-up."""
    below = next(row for row in close.lines.to_dict("records") if row["status"] == "within_tolerance")
    waived = next(row for row in close.findings.to_dict("records") if row["finding_id"].endswith("rounding_grain"))
    opening = [carried(number) for number in range(4)]
    told = [(one.finding_id, how, one.amount) for one, how in zip(opening, DECIDED, strict=True) if how]
    told.append((waived["finding_id"], "waive", waived["amount"]))
    acts = [
        FindingAct("2026-10", 1, name, how, "pat", AT, reason="as agreed", amount=amount, currency="USD")
        for name, how, amount in told
    ]
    acts.append(
        FindingAct(
            "2026-10",
            2,
            TRUE_UP,
            "accept",
            "rae",
            AT,
            reason="late",
            amount=Decimal("-4.00"),
            currency="USD",
            bound="d9",
        )
    )
    smalls = [small("2026-08", "-2.50"), small("2026-08", "-0.25", is_waived=False), small("2026-09", "-1.00"),
              small("2026-07", "9.00"), small("2026-09", "30", SAKURA, Line("sakura-video", "SK-1", "charge", "JPY"))]  # fmt: skip
    assert below["currency"] == "JPY"
    found = rolled_alone(close, acts, opening, Past(tuple(smalls), locked={"2026-09": "d9"}))
    return Dossier((), tuple(acts), found)


@pytest.fixture(scope="module")
def close(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The hand-made close with one line within tolerance, and the adjustments that are awaited."""
    made = a_diagnosed_close(tmp_path_factory.mktemp("months"))
    awaited = [(carried(0).finding_id, 7), (carried(3).finding_id, 10), (TRUE_UP, 4)]
    told = ["reference,contract,item,currency,expected_amount,billed_amount,billing_line_ids"]
    told += [f"{name},northwind-ctv,NW-CTV-RUN,USD,{amount},," for name, amount in awaited]
    (made.folder / "adjustments.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
    lines, findings = made.lines.to_dict("records"), made.findings.to_dict("records")
    for line in lines:
        line["status"] = "within_tolerance" if line["item"] == "SK-1" else line["status"]
    lines.append(
        lines[0] | ADJUSTMENT | {"expected_amount": Decimal(21), "billed_amount": Decimal(0), "variance": Decimal(-21)}
    )
    findings = [row for row in findings if row["item"] != "SK-1"]
    findings.append(findings[0] | ADJUSTMENT | {"finding_id": "2026-10/awaited", "amount": Decimal(-21)})
    line = {name: ADJUSTMENT[name] for name in ("contract", "item", "kind", "currency")}
    workings = [line | {"seq": n, "operation": "fee", "rule": "8.6", "label": f"adjustment of {name}", "amount": str(amount)}
                for n, (name, amount) in enumerate(awaited, 1)]  # fmt: skip
    worked = pd.DataFrame([dict.fromkeys(made.workings.columns) | row for row in workings], dtype=object)
    made = replace(made, workings=pd.concat([made.workings, worked], ignore_index=True))
    return replace(made, lines=pd.DataFrame(lines, dtype=object), findings=pd.DataFrame(findings, dtype=object))


@pytest.fixture(scope="module")
def items(close: Any) -> RollForward:
    return said_of(close).items


@pytest.fixture(scope="module")
def packs(close: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The pack as written and recalculated."""
    folder = tmp_path_factory.mktemp("packs")
    write_pack(close, folder / "pack.xlsx", said=said_of(close))
    return folder / "pack.xlsx", recalculate([folder / "pack.xlsx"], folder / "again")[0]


def test_every_formula_recalculates_and_every_check_holds(packs: tuple[Path, Path]) -> None:
    assert disagreements(packs[0], openpyxl.load_workbook(packs[1], data_only=True)) == []
    checks = {row["What must be true"]: row["Result"] for row in rows(packs[1], "Checks", "No")}
    assert {statement: holds for statement, holds in checks.items() if holds is not True} == {}
    for words in (
        "Waivers of the month, over the months",
        "Below tolerance, over",
        "Drifts over the months are",
        "New items are",
    ):
        assert [statement for statement in checks if statement.startswith(words) and statement.endswith("USD")]


def test_the_months_stand_with_their_sums_and_the_drift(packs: tuple[Path, Path], items: RollForward) -> None:
    told = [row for row in rows(packs[1], "Roll-forward", "Let pass with") if row["Currency"] == "USD"]
    assert [(row["Month"], row["Waived"], row["Below tolerance"], row["Months in a row"]) for row in told] == [
        ("2026-07", 9, 0, 1), ("2026-08", -2.5, -0.25, 1), ("2026-09", -1, 0, 2), ("2026-10", -7.97, 0, 3),
    ]  # fmt: skip
    assert told[-1]["Added up"] == pytest.approx(-2.72)
    assert (told[-1]["Drift"], told[-1]["Worth as a finding"]) == (True, pytest.approx(-11.72))
    (drift,) = [one for one in items.new if one.cause == "drift"]
    assert (str(drift.amount), drift.finding_id) == ("-11.72", "2026-10/Northwind Outdoor//charge/USD/drift")


def test_exceptions_list_the_drift_and_the_true_up(packs: tuple[Path, Path]) -> None:
    found = list(openpyxl.load_workbook(packs[1], data_only=True)["Exceptions"].iter_rows(values_only=True))
    told = {row[8]: (row[7], row[10], row[18]) for row in found if row[8] in ("drift", "true up")}
    assert told["drift"][0] == pytest.approx(-11.72) and told["drift"][2] == "open"
    assert "2026-08 -2.75, 2026-09 -1.00, 2026-10 -7.97" in told["drift"][1]
    assert told["true up"] == (-4, "True-up of 2026-09, accepted from its run 2.", "accept, rae, late")


def test_carried_items_show_what_this_month_decided(packs: tuple[Path, Path]) -> None:
    told = {row["Month"]: row for row in rows(packs[1], "Roll-forward", "Open item") if row["Opening"]}
    assert {month: (row["Disposition"], row["Cleared by"], row["Closing"]) for month, row in told.items()} == {
        "2026-06": ("accept", None, -7), "2026-07": ("waive", "waived", 0), "2026-08": ("dispute", None, -9),
        "2026-09": ("accept", None, -10),
    }  # fmt: skip


def test_entries_follow_what_this_month_decided(items: RollForward) -> None:
    postings = proposed(items, {"northwind-ctv": "charge"}, Accounts("1200", "4000", "2100", "5000"))
    debits = {
        one.reference.rsplit("/", 1)[-1] + one.reference[:7]: (one.account, str(one.debit), one.text)
        for one in postings
        if one.debit
    }
    assert debits == {
        "stale_version2026-06": ("1200", "7", "debit note: stale version"),
        "stale_version2026-08": ("4000", "9", "correction taken back: stale version"),
        "true_up2026-09": ("1200", "4.00", "debit note: true up"),
    }


def test_changes_tell_waivers_of_carried_items(packs: tuple[Path, Path]) -> None:
    told = [(row["What"], row["On what"][:7], row["Amount"]) for row in rows(packs[1], "Changes", "When (UTC)")]
    assert ("waived", "2026-07", -8) in told


def test_a_drift_that_a_formula_no_longer_finds_fails_a_check(close: Any, tmp_path: Path) -> None:
    said = said_of(close)
    quiet = replace(said.items, new=tuple(one for one in said.items.new if one.cause != "drift"))
    closing = tuple(one for one in quiet.closing if one.cause != "drift")
    write_pack(close, tmp_path / "pack.xlsx", said=replace(said, items=replace(quiet, closing=closing)))
    failing = [
        row["What must be true"] for row in rows(tmp_path / "pack.xlsx", "Checks", "No") if row["Result"] is not True
    ]
    assert failing[0] == "Drifts over the months are the drifts among the new items in USD"
