"""The evidence pack, recalculated from scratch by another program and compared with the engine's cents."""

from __future__ import annotations

import re
import zipfile
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from office import disagreements, formulas, recalculate
from stored_close import a_close, a_diagnosed_close

from recon.close.drills import store_drill
from recon.evidence import write_pack
from recon.period import Period

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
    "Bridge",
    "Completeness",
    "Roll-forward",
    "Journals",
    "Sample",
    "Drill",
    "Checks",
    "Changes",
]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "evidence" / "1.xlsx"
    store_drill(SimpleNamespace(folder=path.parent), Period.parse("2026-10"), A_DRILL)
    write_pack(diagnosed(path.parent), path)
    return path


def diagnosed(folder: Path) -> Any:
    """The hand-made close with its causes, and a drill kept in its workspace."""
    return a_diagnosed_close(folder, more_groups=400)


A_DRILL = {
    "period": "2026-10", "seed": 7, "biller": "CMD {workspace} {period} {out}", "software": "recon 0.1.0",
    "sampled": {"is_sampled": True, "rows": {"impressions": {"read": 2000000, "kept": 199000}}},
    "clean": {"lines": 9, "false_alarms": []},
    "errors": [
        {"code": "timezone_cutoff", "is_in_table": True, "contract": "northwind-ctv", "what": "=month cut in UTC", "with": ["ivt_billed"],
         "placement": "pair", "lines": ["northwind-ctv/NW-CTV-RUN/charge/USD"], "amount": {"USD": "-1.20"}, "verdict": "caught",
         "named": ["timezone_cutoff"], "grade": "ambiguous", "rivals": ["dst_offset"]},
        {"code": "tax_added", "is_in_table": False, "contract": "northwind-ctv", "what": "tax added", "with": [], "placement": "alone",
         "lines": [], "amount": {}, "verdict": "missed", "named": [], "grade": "", "rivals": []},
        {"code": "fx_date", "is_in_table": True, "contract": "", "what": "no contract could go wrong so", "verdict": "no effect"},
    ],
    "summary": {"caught": 1, "missed": 1, "misnamed": 0, "no_effect": 1, "wrongly_proven": 0},
}  # fmt: skip


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
    book = openpyxl.load_workbook(pack)
    assert [sheet.title for sheet in book if sheet.sheet_state == "visible"] == ORDER
    assert book.sheetnames == [*ORDER, "Seal"] and book["Seal"].sheet_state == "veryHidden"


def test_the_same_close_gives_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    write_pack(diagnosed(pack.parent), tmp_path / "again.xlsx")
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


def rows_of(pack: Path, title: str) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(pack, data_only=True)[title].iter_rows(values_only=True))


def test_findings_stand_with_their_grade_edit_rivals_and_what_settles_them(pack: Path) -> None:
    rows = rows_of(pack, "Exceptions")
    header = next(row for row in rows if row[0] == "Finding")
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    lead = found["2026-10/streamly-acme/lead/payout/EUR/eligibility_ignored"]
    assert (lead["Grade"], lead["Rivals"], lead["Scope"]) == ("ambiguous", "cap ignored, window off", "contract")
    assert lead["Edit that gives it"] == "min_sale ignored" and lead["What would settle it"].startswith(
        "billing_details"
    )
    assert (lead["Counterparty"], lead["Line is"], lead["Amount"]) == ("Acme Reviews", "under billed", -18)


def test_the_bridge_goes_from_billed_over_every_cause_to_expected(pack: Path) -> None:
    steps = [row[1:7] for row in rows_of(pack, "Bridge") if row[0] == "the month" and row[1] == "USD"]
    assert [step[1] for step in steps] == [
        "billed",
        "less missing line",
        "less rounding grain",
        "less what is unexplained",
        "expected",
    ]
    assert [step[3] for step in steps] == [None, -1340.21, 0.03, 74.98, None]
    assert steps[-2][4] == steps[-1][4] and steps[-1][5] == 0
    assert [step[2] for step in steps] == [None, 1, 1, 2, None]


def test_each_counterparty_has_a_bridge_that_closes(pack: Path) -> None:
    rows = rows_of(pack, "Bridge")
    ends = [
        row for row in rows if row[0] in ("(no contract)", "Acme Reviews", "Northwind Outdoor") and row[2] == "expected"
    ]
    assert len(ends) == 3 and all(row[6] == 0 for row in ends)
    assert not any(row[0] == "Sakura Video KK" for row in rows), "billed as expected: nothing to bridge"


def test_a_finding_whose_money_is_wrong_opens_the_bridge(tmp_path: Path) -> None:
    close = a_diagnosed_close()
    close.findings.loc[close.findings["cause"] == "rounding_grain", "amount"] = Decimal("0.04")
    write_pack(close, tmp_path / "1.xlsx")
    wrong = [row[2] for row in rows_of(tmp_path / "1.xlsx", "Checks") if row[3] is False]
    assert "The bridge from billed to expected closes in USD" in wrong
    assert "The bridge of every counterparty closes" in wrong


def test_what_is_within_tolerance_is_a_step_of_its_own(tmp_path: Path) -> None:
    close = a_diagnosed_close()
    close.lines.loc[close.lines["item"] == "lead", "status"] = "within_tolerance"
    kept = close.findings[close.findings["item"] != "lead"]
    object.__setattr__(close, "findings", kept.reset_index(drop=True))
    write_pack(close, tmp_path / "1.xlsx")
    steps = [row for row in rows_of(tmp_path / "1.xlsx", "Bridge") if row[1] == "EUR" and row[0] == "the month"]
    assert [(row[2], row[3], row[4]) for row in steps[1:-1]] == [("less within tolerance", None, -18)]
    assert all(row[3] is not False for row in rows_of(tmp_path / "1.xlsx", "Checks"))


def test_the_chart_is_excels_own_and_draws_the_cells(pack: Path) -> None:
    with zipfile.ZipFile(pack) as file:
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/chart")]
    charts = [chart for chart in charts if "From billed to expected" in chart]
    assert len(charts) == 2, "one for each currency in which something moves"
    usd = next(chart for chart in charts if "in USD" in chart)
    assert '<grouping val="stacked" />' in usd and '<overlap val="100" />' in usd and "noFill" in usd
    areas = re.findall(r"<f>'Bridge'!\$([A-Z])\$(\d+):\$[A-Z]\$(\d+)</f>", usd)
    cells = openpyxl.load_workbook(pack, data_only=True)["Bridge"]
    first, last = int(areas[0][1]), int(areas[0][2])
    assert [cells[f"C{row}"].value for row in range(first, last + 1)][0::4] == ["billed", "expected"]
    assert re.search(r'<min val="(\d+)" />', usd), "a fitting minimum, or 1 340 of 48 000 would be a hair"


def test_a_month_billed_as_expected_has_nothing_to_bridge(tmp_path: Path) -> None:
    close = a_close()
    equal = close.lines[close.lines["variance"] == 0].reset_index(drop=True)
    object.__setattr__(close, "lines", equal)
    object.__setattr__(close, "findings", close.findings.head(0))
    write_pack(close, tmp_path / "1.xlsx")
    assert any("nothing to bridge" in str(row[0]) for row in rows_of(tmp_path / "1.xlsx", "Bridge"))


def test_the_drill_is_told_error_by_error(pack: Path) -> None:
    rows = rows_of(pack, "Drill")
    told = [str(row[0]) for row in rows if row[0]]
    assert any("199,000 of 2,000,000 impressions" in one for one in told)
    assert any("0 false alarms on 9 lines" in one for one in told)
    counts = {
        row[0]: row[1] for row in rows if row[0] in ("caught", "missed", "misnamed", "no effect", "All planted errors")
    }
    assert counts == {"caught": 1, "missed": 1, "misnamed": 0, "no effect": 1, "All planted errors": 3}
    caught = next(row for row in rows if row[0] == "timezone cutoff")
    assert caught[1:6] == ("yes", "caught", "northwind-ctv", "=month cut in UTC", "pair")
    assert caught[6:] == (
        "ivt billed",
        "northwind-ctv/NW-CTV-RUN/charge/USD",
        "USD -1.20",
        "timezone cutoff",
        "ambiguous",
        "dst offset",
    )


def test_without_a_drill_the_sheet_says_how_to_run_one(tmp_path: Path) -> None:
    write_pack(a_close(tmp_path), tmp_path / "1.xlsx")
    assert any("recon drill 2026-10" in str(row[0]) for row in rows_of(tmp_path / "1.xlsx", "Drill"))


def test_what_grades_claim_stands_on_about(pack: Path) -> None:
    told = {row[0]: row[1] for row in rows_of(pack, "About")}
    assert "no other single edit fits" in told["proven"] and "two or more" in told["ambiguous"]
