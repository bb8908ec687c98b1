"""The sheets that people's decisions enter: Cover, Exceptions, Roll-forward, Journals, Changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from office import disagreements, recalculate
from stored_close import a_diagnosed_close

from recon.evidence import write_pack
from recon.ledger import FindingAct, Signed
from recon.ledger.signing import ACCEPT_ROWS
from recon.signoff import Dossier

pytestmark = pytest.mark.xdist_group("office")
AT = 1_790_000_000_000_000
DECISIONS = ("accept", "timing", "waive", "dispute")


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A pack with decisions of every kind and a returned month, as written and recalculated."""
    folder = tmp_path_factory.mktemp("signed")
    close = a_diagnosed_close(folder)
    findings = [row for row in close.findings.to_dict("records") if row["amount"]]
    acts = [_act(close, row, action) for row, action in zip(findings, DECISIONS, strict=False)]
    acts.append(FindingAct(close.period, close.run, "clicks", ACCEPT_ROWS, "rae", AT, reason="test rows", amount=acts[0].amount * 0 + 2))
    way = [
        Signed(close.period, close.run, "d" * 64, state, who, AT, reason)
        for state, who, reason in (
            ("prepared", "pat", ""), ("returned", "rae", "the Kumo rate first"), ("prepared", "pat", ""), ("reviewed", "rae", ""),
        )
    ]  # fmt: skip
    write_pack(close, folder / "pack.xlsx", said=Dossier.unsigned(close, way, acts))
    return folder / "pack.xlsx", recalculate([folder / "pack.xlsx"], folder / "again")[0]


def _act(close: Any, row: dict[str, Any], action: str) -> FindingAct:
    said = {"amount": row["amount"], "currency": row["currency"], "reason": f"{action}: as agreed"}
    return FindingAct(close.period, close.run, row["finding_id"], action, "pat", AT, **said)


def rows(path: Path, title: str, first: str) -> list[dict[str, Any]]:
    """The rows of the table whose header begins with a word."""
    found = list(openpyxl.load_workbook(path, data_only=True)[title].iter_rows(values_only=True))
    start = next(place for place, row in enumerate(found) if row[0] == first)
    stop = next((place for place, row in enumerate(found) if place > start and row[0] is None), len(found))
    return [dict(zip(found[start], row, strict=True)) for row in found[start + 1 : stop]]


def test_every_formula_recalculates_to_its_cached_value(packs: tuple[Path, Path]) -> None:
    assert disagreements(packs[0], openpyxl.load_workbook(packs[1], data_only=True)) == []


def test_every_check_holds(packs: tuple[Path, Path]) -> None:
    checks = {row["What must be true"]: row["Result"] for row in rows(packs[1], "Checks", "No")}
    assert {statement: holds for statement, holds in checks.items() if holds is not True} == {}
    assert "Debit = credit in USD" in checks and "Opening + new − cleared = closing in USD" in checks


def test_each_item_closes_with_what_is_left_of_it(packs: tuple[Path, Path]) -> None:
    items = rows(packs[1], "Roll-forward", "Open item")
    assert {row["Disposition"] for row in items} >= set(DECISIONS[:4])
    for row in items:
        assert row["Closing"] == row["Opening"] + row["New"] - row["Cleared"]
        assert (row["Closing"] == 0) == (row["Disposition"] == "waive")


def test_decisions_stand_on_exceptions(packs: tuple[Path, Path]) -> None:
    told = [row["Disposition"] for row in rows(packs[1], "Exceptions", "Finding") if row["Asks for a decision"] == "yes"]
    assert "accept, pat, accept: as agreed" in told and "open" in told


def test_journals_are_proposed_for_what_was_accepted_or_is_timing(packs: tuple[Path, Path]) -> None:
    entries = rows(packs[1], "Journals", "Entry")
    assert len(entries) == 4
    assert [row["Reverses on"] is not None for row in entries] == [False, False, True, True]


def test_the_cover_says_who_signed_and_what_is_not_signed_yet(packs: tuple[Path, Path]) -> None:
    cover = {row[0]: row[1] for row in openpyxl.load_workbook(packs[1])["Cover"].iter_rows(values_only=True) if row[0]}
    assert cover["Prepared by"].startswith("pat, 2026-09-21T")
    assert cover["Reviewed by"].startswith("rae, ") and cover["Locked by"] == "not yet"


def test_changes_tell_returns_waivers_and_accepted_rows(packs: tuple[Path, Path]) -> None:
    told = [(row["What"], row["Who"], row["Why"]) for row in rows(packs[1], "Changes", "When (UTC)")]
    assert told[:3] == [
        ("returned", "rae", "the Kumo rate first"), ("waived", "pat", "waive: as agreed"), ("rows accepted", "rae", "test rows"),
    ]  # fmt: skip


def test_nothing_said_leaves_nothing_out(tmp_path: Path) -> None:
    write_pack(a_diagnosed_close(tmp_path), tmp_path / "pack.xlsx")
    book = openpyxl.load_workbook(tmp_path / "pack.xlsx")
    assert "None: no finding of the month was accepted" in str([row[0] for row in book["Journals"].iter_rows(values_only=True)])
    assert "None: the month was not returned" in str([row[0] for row in book["Changes"].iter_rows(values_only=True)])
