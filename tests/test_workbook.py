"""The evidence pack, recalculated from scratch by another program and compared with the engine's cents."""

from __future__ import annotations

import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from office import disagreements, formulas, recalculate
from stored_close import a_close

from recon.evidence import write_pack

pytestmark = pytest.mark.xdist_group("office")  # the pack is recalculated once
ORDER = [
    "Cover",
    "About",
    "Inputs",
    "Tie-out",
    "Contracts",
    "Parameters",
    "Summary",
    "CPM",
    "CPA",
    "Exceptions",
    "Completeness",
    "Checks",
]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "evidence" / "1.xlsx"
    write_pack(a_close(more_groups=400), path)
    return path


@pytest.fixture(scope="module")
def recalculated(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    return openpyxl.load_workbook(recalculate([pack], tmp_path_factory.mktemp("office"))[0], data_only=True)


def corrupted(pack: Path, target: Path, sheet_number: int, address: str, value: str) -> Path:
    """A copy of the pack with another cached value in one cell."""
    with zipfile.ZipFile(pack) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name).decode()
            if name == f"xl/worksheets/sheet{sheet_number}.xml":
                content, count = re.subn(rf'(<c r="{address}"[^>]*><f>[^<]*</f><v>)[^<]*', rf"\g<1>{value}", content)
                assert count == 1
            copy.writestr(name, content)
    return target


def test_a_corrupted_cached_value_is_noticed(pack: Path, recalculated: openpyxl.Workbook, tmp_path: Path) -> None:
    line = next(
        address
        for sheet, address, text, _ in formulas(pack)
        if sheet == "CPM" and text.startswith("=ROUND(") and "minor_units" in text
    )
    wrong = corrupted(pack, tmp_path / "wrong.xlsx", ORDER.index("CPM") + 1, line, "47000.01")
    found = disagreements(wrong, recalculated)
    assert len(found) == 1 and found[0].startswith(f"CPM!{line}: 47000.01")


def test_recalculation_replaces_a_corrupted_value(pack: Path, tmp_path: Path) -> None:
    """The recalculation is a real one: it does not hand back what stood in the file."""
    line = next(address for sheet, address, text, _ in formulas(pack) if sheet == "CPA" and "per_cent" in text)
    wrong = corrupted(pack, tmp_path / "wrong.xlsx", ORDER.index("CPA") + 1, line, "123456.78")
    after = openpyxl.load_workbook(recalculate([wrong], tmp_path / "office")[0], data_only=True)
    assert after["CPA"][line].value != pytest.approx(123456.78)


def test_every_formula_recalculates_to_its_cached_value(pack: Path, recalculated: openpyxl.Workbook) -> None:
    assert sum(1 for _ in formulas(pack)) > 2000
    assert disagreements(pack, recalculated) == []


@pytest.mark.parametrize("title", ["CPM", "CPA"])
def test_every_line_recalculates_to_the_engines_cents(recalculated: openpyxl.Workbook, title: str) -> None:
    close, rows = a_close(more_groups=400), _table(recalculated[title])
    lines = [row for row in rows if row["Row"] == "line"]
    engine = {(line["contract"], line["item"]): line["expected_amount"] for line in close.lines.to_dict("records")}
    assert lines
    for row in lines:
        assert Decimal(repr(row["Line amount, rounded once"])) == engine[row["Contract"], row["Item"]]
        assert row["Difference"] == 0


def _table(sheet: Any) -> list[dict[str, Any]]:
    rows = list(sheet.iter_rows(values_only=True))
    header = next(i for i, row in enumerate(rows) if row[0] == "Row")
    return [dict(zip(rows[header], row, strict=True)) for row in rows[header + 1 :]]


def test_one_verdict_over_all_checks(recalculated: openpyxl.Workbook) -> None:
    results = [row[3] for row in recalculated["Checks"].iter_rows(min_row=6, values_only=True) if row[3] is not None]
    assert len(results) > 10 and all(result is True for result in results)


def test_a_wrong_engine_amount_turns_the_verdict_false(tmp_path: Path) -> None:
    close = a_close()
    close.lines.loc[close.lines["item"] == "SK-1", "expected_amount"] = Decimal(7503)
    write_pack(close, tmp_path / "1.xlsx")
    checks = openpyxl.load_workbook(tmp_path / "1.xlsx", data_only=True)["Checks"]
    wrong = [row[2] for row in checks.iter_rows(values_only=True) if row[3] is False]
    assert "Every amount re-performed equals the engine's amount" in wrong
    assert wrong[-1] == "All checks together"


def test_sheets_stand_in_the_auditors_order(pack: Path) -> None:
    assert openpyxl.load_workbook(pack).sheetnames == ORDER


def test_the_same_close_gives_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    write_pack(a_close(more_groups=400), tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == pack.read_bytes()


def test_text_that_looks_like_a_formula_stays_text(pack: Path) -> None:
    book = openpyxl.load_workbook(pack)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    foreign = [cell for cell in cells if cell.value in ("=1+1", '=HYPERLINK("x")', "@bad")]
    assert len(foreign) >= 4
    for cell in foreign:
        assert cell.data_type == "s" or cell.value == "@bad"
        assert cell.quotePrefix


def test_long_ids_stay_text(pack: Path, recalculated: openpyxl.Workbook) -> None:
    values = [row for row in recalculated["Summary"].iter_rows(values_only=True) if "1234567890123456" in row]
    assert values


@pytest.mark.parametrize("title", ["Cover", "About", "Summary", "Exceptions"])
def test_contracts_that_were_not_priced_are_named_in_words(pack: Path, title: str) -> None:
    texts = [
        str(cell) for row in openpyxl.load_workbook(pack)[title].iter_rows(values_only=True) for cell in row if cell
    ]
    assert any("kumo-press" in text and "third_party" in text for text in texts)


def test_defaults_are_printed_as_defaults(pack: Path) -> None:
    rows = openpyxl.load_workbook(pack)["Contracts"].iter_rows(values_only=True)
    origins = {row[1:4]: row[5] for row in rows}
    assert origins["northwind-ctv", "1", "exclude_ivt"] == "default"
    assert origins["sakura-video", "1", "rounding"] == "stated"


def test_headers_are_frozen_repeated_filtered_and_pages_numbered(pack: Path) -> None:
    book = openpyxl.load_workbook(pack)
    digest = next(row[1] for row in book["Cover"].iter_rows(values_only=True) if row[0] == "Pack digest")
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToWidth == 1
        assert digest in sheet.oddFooter.left.text and sheet.oddFooter.right.text == "Page &P of &N"
    for title in ("Inputs", "Contracts", "CPM", "CPA", "Exceptions"):
        assert book[title].print_title_rows and book[title].auto_filter.ref and book[title].freeze_panes


def test_names_are_kept_for_parameters_only(pack: Path) -> None:
    book = openpyxl.load_workbook(pack)
    assert {"per_mille", "per_cent", "minor_units_KWD", "tolerance_amount", "materiality_USD"} <= set(
        book.defined_names
    )
    assert all(name.attr_text.startswith("'Parameters'!") for name in book.defined_names.values())


def test_no_amount_is_typed_into_a_formula(pack: Path) -> None:
    numbers = re.compile(r"(?<![A-Za-z_$\d.])\d+(?:\.\d+)?(?![\d:]*[A-Za-z])")
    for sheet, address, text, _ in formulas(pack):
        bare = re.sub(r'"[^"]*"|\$?[A-Z]{1,3}\$?\d+|\'[^\']*\'!', "", text)
        assert set(numbers.findall(bare)) <= {"0", "1", "2", "6", "8", "10", "0.5"}, f"{sheet}!{address}: {text}"


def test_workings_beyond_the_row_limit_go_to_a_csv_whose_hash_the_pack_states(tmp_path: Path) -> None:
    import hashlib

    write_pack(a_close(more_groups=400), tmp_path / "1.xlsx", row_limit=200)
    beside = tmp_path / "1-CPA-workings.csv"
    sha256 = hashlib.sha256(beside.read_bytes()).hexdigest()
    book = openpyxl.load_workbook(tmp_path / "1.xlsx", data_only=True)
    texts = [str(cell) for row in book["About"].iter_rows(values_only=True) for cell in row if cell]
    assert any(beside.name in text and sha256 in text for text in texts)
    assert book["CPA"].max_row <= 200
    assert beside.read_text().count("\n") > 400
