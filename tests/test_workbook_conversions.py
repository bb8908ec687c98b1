"""Conversions one by one: listed where each is rounded, in number and in money as priced, else in a file beside."""

import csv
import hashlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from office import disagreements, recalculate
from stored_close import a_close

from recon.evidence import verify_pack, write_pack


def table(pack: Path) -> list[dict[str, Any]]:
    """The rows of the conversions' table, by its headings."""
    rows = list(openpyxl.load_workbook(pack, data_only=True)["CPA"].iter_rows(values_only=True))
    start = next((place for place, row in enumerate(rows) if row[6] == "Conversion"), len(rows))
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :] if row[0]]


def verdict(pack: Path, statement: str) -> Any:
    rows = openpyxl.load_workbook(pack, data_only=True)["Checks"].iter_rows(values_only=True)
    return next(row[3] for row in rows if row[2] and row[2].startswith(statement))


def test_every_conversion_of_a_line_that_rounds_each_stands_by_its_id(tmp_path: Path) -> None:
    write_pack(a_close(), tmp_path / "1.xlsx")
    rows = [row for row in table(tmp_path / "1.xlsx") if row["Row"] == "conversion"]
    assert {(row["Contract"], row["Item"]) for row in rows} == {("streamly-acme", "sale"), ("streamly-acme", "lead")}
    assert len(rows) == 17 + 12 and len({row["Conversion"] for row in rows}) == 29
    fourths = [row["Amount of each"] for row in rows if row["Conversion"].startswith("sale-5-")]
    assert fourths == [9.77] * 4


def test_their_number_and_money_are_formulas_beside_those_of_the_prices(tmp_path: Path) -> None:
    write_pack(a_close(), tmp_path / "1.xlsx")
    sums = [row for row in table(tmp_path / "1.xlsx") if row["Row"] == "sum"]
    assert [row["Conversions one by one"] for row in sums] == [12, 168, 17, 309.08]
    assert all(row["Conversions one by one"] == row["Prices above"] and row["Difference"] == 0 for row in sums)
    texts = [
        str(c) for row in openpyxl.load_workbook(tmp_path / "1.xlsx")["CPA"].iter_rows(values_only=True) for c in row
    ]
    assert sum(text.startswith("=COUNT(") for text in texts) == 2
    assert verdict(tmp_path / "1.xlsx", "Conversions one by one") is True


def test_one_conversion_left_out_or_priced_wrongly_turns_the_check_false(tmp_path: Path) -> None:
    close = a_close()
    fewer = replace(close, decisions=close.decisions.iloc[:-6])
    write_pack(fewer, tmp_path / "1.xlsx")
    other = close.decisions.copy()
    other.loc[3, "exact_amount"] = "99.00"
    write_pack(replace(close, decisions=other), tmp_path / "2.xlsx")
    assert [verdict(tmp_path / f"{n}.xlsx", "Conversions one by one") for n in (1, 2)] == [False, False]


@pytest.fixture
def with_file(tmp_path: Path) -> tuple[Path, Path]:
    """A pack whose second line has its conversions in a file beside it, in a folder with a space in its name."""
    pack = tmp_path / "a folder" / "my pack.xlsx"
    write_pack(a_close(), pack, conversion_limit=20)
    return pack, pack.with_name("my pack-CPA-conversions.csv")


def test_conversions_beyond_the_limit_go_to_a_file_and_their_sums_stay(with_file: tuple[Path, Path]) -> None:
    pack, beside = with_file
    with beside.open(encoding="utf-8", newline="") as file:
        filed = list(csv.DictReader(file))
    assert len(filed) == 17 and sum(Decimal(row["amount"]) for row in filed) == Decimal("309.08")
    assert [row["Conversion"] for row in table(pack) if row["Row"] == "sum"][2:] == [
        "Conversions of the line, in number, in my pack-CPA-conversions.csv",
        "Conversions of the line, in money, in my pack-CPA-conversions.csv",
    ]
    assert [row["Conversions one by one"] for row in table(pack) if row["Row"] == "sum"] == [12, 168, 17, 309.08]
    assert len([row for row in table(pack) if row["Row"] == "conversion"]) == 12
    about = [str(row[1]) for row in openpyxl.load_workbook(pack)["About"].iter_rows(values_only=True)]
    sha256 = hashlib.sha256(beside.read_bytes()).hexdigest()
    assert f"Conversions one by one stand in {beside.name} (SHA-256 {sha256})." in about
    assert verdict(pack, "Conversions one by one") is True


def test_a_conversion_missing_in_the_file_turns_the_check_false(tmp_path: Path) -> None:
    close = a_close()
    write_pack(replace(close, decisions=close.decisions.iloc[:-6]), tmp_path / "1.xlsx", conversion_limit=0)
    assert verdict(tmp_path / "1.xlsx", "Conversions one by one") is False


def test_verify_names_the_file_that_was_altered_or_is_missing(with_file: tuple[Path, Path]) -> None:
    pack, beside = with_file
    assert verify_pack(pack).is_intact
    assert "1 of 1 files beside the pack are as the pack states" in verify_pack(pack).notes
    beside.write_bytes(beside.read_bytes().replace(b",60\n", b",61\n", 1))
    assert verify_pack(pack).problems == (f"{beside}: another SHA-256 than the pack states",)
    beside.unlink()
    (problem,) = verify_pack(pack).problems
    assert problem.startswith(f"{beside.name} is missing beside the pack")


def test_workings_and_conversions_both_beyond_their_limits_stand_in_two_files(tmp_path: Path) -> None:
    write_pack(a_close(more_groups=400), tmp_path / "1.xlsx", row_limit=200)
    assert {path.name for path in tmp_path.iterdir()} == {"1.xlsx", "1-CPA-workings.csv", "1-CPA-conversions.csv"}
    assert verify_pack(tmp_path / "1.xlsx").is_intact
    assert verdict(tmp_path / "1.xlsx", "Conversions one by one") is True
    assert openpyxl.load_workbook(tmp_path / "1.xlsx")["CPA"].max_row <= 200


@pytest.mark.long
@pytest.mark.xdist_group("office")
def test_it_all_recalculates(with_file: tuple[Path, Path], tmp_path: Path) -> None:
    write_pack(a_close(), tmp_path / "whole.xlsx")
    packs = [tmp_path / "whole.xlsx", with_file[0]]
    for pack, again in zip(packs, recalculate(packs, tmp_path / "office"), strict=True):
        assert disagreements(pack, openpyxl.load_workbook(again, data_only=True)) == []
