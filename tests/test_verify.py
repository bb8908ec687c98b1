"""Packs altered by others: every altered place is named, what is the auditor's own is not, forged digests are caught.

All 500 altered cells: `RECON_ALL_ALTERATIONS=1 pytest -n0 tests/test_verify.py -k single_cell`; otherwise a share of them.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import uuid
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from forging import ROW, Parts, altered, cells, renumbered, shifted
from hypothesis import given
from hypothesis import strategies as st
from office import recalculate
from openpyxl.utils import get_column_letter
from shares import share
from sqlalchemy import create_engine, text
from stored_close import a_diagnosed_close
from typer.testing import CliRunner

from recon.cli import app
from recon.close import load_close
from recon.evidence import issue_pack, verify_pack, workbook, write_draft, write_pack
from recon.evidence.altered import _along
from recon.evidence.formula import Term
from recon.evidence.pack import Issue
from recon.evidence.seal import known_value
from recon.evidence.sheet import Column, _number_cell
from recon.evidence.sheets.sample_columns import COLUMNS
from recon.evidence.style import Look
from recon.ledger import CloseMeta, Ledger
from recon.period import Period
from recon.problems import BadInput
from recon.workspace import Workspace

AT = 1_790_000_000_000_000
SEEDS = 500 if os.environ.get("RECON_ALL_ALTERATIONS") else 60


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verified")
    write_pack(a_diagnosed_close(folder), folder / "pack.xlsx", issue=Issue(1))
    return folder / "pack.xlsx"


@pytest.fixture(scope="module")
def parts(pack: Path) -> Parts:
    return Parts.of(pack)


def places(path: Path, **asked: Any) -> list[str]:
    return [f"{one.sheet}!{one.place}: {one.what}" for one in verify_pack(path, **asked).alterations]


def test_a_pack_as_written_is_intact(pack: Path) -> None:
    found = verify_pack(pack)
    assert found.is_intact and found.alterations == () and found.problems == ()
    cover = {row[0]: row[1] for row in openpyxl.load_workbook(pack)["Cover"].iter_rows(max_col=2, values_only=True)}
    assert found.digest == cover["Pack digest"]


def test_the_same_close_gives_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    write_pack(a_diagnosed_close(pack.parent), tmp_path / "again.xlsx", issue=Issue(1))
    assert (tmp_path / "again.xlsx").read_bytes() == pack.read_bytes()


def test_the_digest_can_be_made_from_the_cells_as_about_says(pack: Path) -> None:
    """By hand, as an auditor would: nothing of recon.evidence but what About says."""
    import hashlib

    book, values = openpyxl.load_workbook(pack), openpyxl.load_workbook(pack, data_only=True)
    texts = [row[0] for row in book["Seal"].iter_rows(values_only=True)]
    assert hashlib.sha256("".join(f"{one}\n" for one in texts).encode()).hexdigest() == verify_pack(pack).digest
    told = next(one.split(" ") for one in texts if one.startswith("sheet ") and " Exceptions ~" in one)
    first = second = ""
    for row in book["Exceptions"].iter_rows():
        for cell in (cell for cell in row if cell.value is not None):
            if cell.data_type == "f":
                first += f"{cell.coordinate}\tf\t{cell.value[1:].replace(chr(39), '')}\n"
                second += _line(cell.coordinate, values["Exceptions"][cell.coordinate].value, "{:.9f}")
            else:
                first += _line(cell.coordinate, cell.value, "{:.15g}")
    assert told[1:3] == [hashlib.sha256(one.encode()).hexdigest() for one in (first, second)]


def _line(address: str, value: Any, digits: str) -> str:
    if isinstance(value, bool):
        return f"{address}\tb\t{int(value)}\n"
    return f"{address}\ts\t{value}\n" if isinstance(value, str) else f"{address}\tn\t{digits.format(value)}\n"


AUDITORS = {get_column_letter(n) for n, one in enumerate(COLUMNS, 1) if one.is_auditors or one.follows_auditor}


def test_every_single_cell_that_was_altered_is_named_and_no_other(parts: Parts, tmp_path: Path) -> None:
    every = [(title, cell) for title, cell in cells(parts) if title != "Sample" or cell[1] not in AUDITORS]
    for seed in range(SEEDS):
        chance = random.Random(seed)
        title, cell = chance.choice(every)
        xml = parts.content[parts.sheets[title]]
        changed = xml[: cell.start()] + altered(cell, chance) + xml[cell.end() :]
        path = parts.written(tmp_path / "altered.xlsx", {parts.sheets[title]: changed})
        found = [(one.sheet, one.place) for one in verify_pack(path).alterations]
        assert found == [(title, cell[1] + cell[2])], f"seed {seed}: {cell[0]}"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<v>1000</v>", '<v>1000.01</v>', "value altered"),
        ("<v>1000</v></c>", "@text", "type altered from a number to text"),
        ("<v>1000</v>", "<f>1000</f><v>1000</v>", "a constant was replaced by a formula"),
        ("<v>1000</v>", "", "cell emptied"),
    ],
)  # fmt: skip
def test_it_is_said_what_was_altered(parts: Parts, tmp_path: Path, old: str, new: str, what: str) -> None:
    def change(xml: str) -> str:
        start = xml.rindex("<c ", 0, xml.index(old))
        end = xml.index("</c>", start) + 4
        whole = xml[start:end]
        text = (
            whole.replace(">" + old, ' t="inlineStr"><is><t>1000</t></is></c>')
            if new == "@text"
            else whole.replace(old, new)
        )
        return xml[:start] + text + xml[end:]

    (found,) = places(parts.with_sheet(tmp_path / "1.xlsx", "CPM", change))
    assert found.endswith(what)


def test_a_name_that_points_elsewhere_is_told(parts: Parts, tmp_path: Path) -> None:
    book = parts.content["xl/workbook.xml"]
    changed = book.replace("per_mille\">'Parameters'!$B$6<", "per_mille\">'Parameters'!$B$7<")
    path = parts.written(tmp_path / "1.xlsx", {"xl/workbook.xml": changed})
    assert changed != book and places(path) == ["(defined names)!per_mille: name altered"]


# Rows


def test_a_row_put_in_by_a_program_is_named_alone(parts: Parts, tmp_path: Path) -> None:
    row = '<row r="9"><c r="A9"><v>5</v></c><c r="B9"><v>6</v></c></row>'

    def put_in(xml: str) -> str:
        moved = shifted(xml, 9, 1, is_by_hand=False)
        return moved.replace('<row r="10"', f'{row}<row r="10"', 1)

    for title in ("CPM", "Contracts", "About"):
        last = max(int(row[1]) for row in ROW.finditer(parts.content[parts.sheets[title]]))
        found = places(parts.with_sheet(tmp_path / "1.xlsx", title, put_in))
        whole = [f"{title}!10:{last + 1}: moved here from 9:{last}", f"{title}!9:9: row added"]
        assert [one for one in found if "formula altered" not in one] == whole
        assert len(found) == 2 or title == "CPM", "absolute references do not go along"


def test_a_row_taken_out_is_named(parts: Parts, tmp_path: Path) -> None:
    def take_out(xml: str) -> str:
        return shifted(ROW.sub(lambda row: "" if row[1] == "20" else row[0], xml), 21, -1)

    found = places(parts.with_sheet(tmp_path / "1.xlsx", "Contracts", take_out))
    assert "Contracts!20:20: row removed" in found and not any("value altered" in one for one in found)


def test_a_row_emptied_at_its_place_is_named(parts: Parts, tmp_path: Path) -> None:
    gone = parts.with_sheet(
        tmp_path / "1.xlsx", "Contracts", lambda xml: ROW.sub(lambda row: "" if row[1] == "20" else row[0], xml)
    )
    assert places(gone) == ["Contracts!20:20: row removed"]


def test_two_rows_that_changed_places_are_named(parts: Parts, tmp_path: Path) -> None:
    def swap(xml: str) -> str:
        rows = {int(row[1]): row for row in ROW.finditer(xml)}
        return ROW.sub(
            lambda row: {20: renumbered(rows[25], 20), 25: renumbered(rows[20], 25)}.get(int(row[1]), row[0]), xml
        )

    found = places(parts.with_sheet(tmp_path / "1.xlsx", "Contracts", swap))
    assert found == ["Contracts!20:20: moved here from 25:25", "Contracts!25:25: moved here from 20:20"]


# Sheets


def saved(pack: Path, target: Path, change: Any) -> Path:
    """The pack changed and saved by openpyxl, which drops the values of formulas."""
    book = openpyxl.load_workbook(pack)
    change(book)
    book.save(target)
    return target


def test_sheets_removed_renamed_added_or_moved_are_named(pack: Path, tmp_path: Path) -> None:
    def rename(book: Any) -> None:
        book["Journals"].title = "Entries"

    target = tmp_path / "1.xlsx"
    assert "Drill!: sheet removed" in places(saved(pack, target, lambda book: book.remove(book["Drill"])))
    assert "Mine!: sheet added" in places(saved(pack, target, lambda book: book.create_sheet("Mine")))
    assert any("another order" in one for one in places(saved(pack, target, lambda book: book.move_sheet("CPM", 3))))
    assert [one for one in places(saved(pack, target, rename)) if "sheet" in one.partition(": ")[2]] == [
        "Journals!: sheet renamed"
    ]


def test_without_its_seal_a_pack_is_not_intact(pack: Path, tmp_path: Path) -> None:
    (found,) = places(saved(pack, tmp_path / "1.xlsx", lambda book: book.remove(book["Seal"])))
    assert found.startswith("Seal!: the sheet that seals the others is gone")


# Saved by other programs


def test_saving_in_openpyxl_alters_nothing_and_says_that_values_are_gone(pack: Path, tmp_path: Path) -> None:
    found = verify_pack(saved(pack, tmp_path / "1.xlsx", lambda book: None))
    assert found.is_intact and "CPM: values not stored; its formulas and constants were checked" in found.notes
    assert len([note for note in found.notes if note.startswith("CPM:")]) == 1


@given(st.fractions(max_denominator=10**9) | st.integers(10**14, 10**15 - 1).map(lambda n: Fraction(n * 100 + 49, 10**17)))
def test_a_number_that_another_program_writes_with_sixteen_digits_stays_the_same(value: Fraction) -> None:
    """Of 0.12345678901234549 the 15th digit is 5; rounded to sixteen digits first it would be 6."""
    cell, known = _number_cell("A1", 0, None, value)
    written = re.findall("<v>(.*)</v>", cell)[0]
    assert known_value("n", f"{float(written):.16g}") == known
    assert abs(Fraction(written) - value) <= abs(value) / 10**14


def test_values_gone_do_not_hide_an_altered_formula(pack: Path, tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book["Checks"]["D6"] = "=TRUE"

    assert places(saved(pack, tmp_path / "1.xlsx", change)) == ["Checks!D6: formula altered"]


@pytest.mark.long
@pytest.mark.xdist_group("office")
def test_calculating_anew_in_libreoffice_alters_nothing(pack: Path, tmp_path: Path) -> None:
    found = verify_pack(recalculate([pack], tmp_path / "office")[0])
    assert found.is_intact and not any("not stored" in note for note in found.notes)


@pytest.mark.long
@pytest.mark.xdist_group("office")
def test_opening_and_saving_in_libreoffice_alters_nothing(pack: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice") or pytest.skip("soffice is missing")
    command = [office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(pack)], check=True, capture_output=True, timeout=300)
    assert verify_pack(tmp_path / pack.name).is_intact


# The auditor's own columns


@pytest.fixture
def with_sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pack with a sheet in which the auditor writes."""

    def write(made: Any) -> None:
        sheet = made.sheet(
            "Sample",
            (
                Column("line", "Line", 20), Column("seen", "Seen", 20, is_auditors=True),
                Column("doubled", "Doubled", 20, follows_auditor=True),
            ),
            "Sample",
        )  # fmt: skip
        with sheet.table():
            sheet.next_row()
            sheet.put("line", "RUN", Look("text"))
            sheet.put("doubled", Term("2*B5", Fraction(0)), Look("text"))

    monkeypatch.setitem(workbook.SHEETS, "Sample", write)
    write_pack(a_diagnosed_close(tmp_path), tmp_path / "sample.xlsx")
    return tmp_path / "sample.xlsx"


def test_what_the_auditor_writes_in_their_columns_alters_nothing(with_sample: Path, tmp_path: Path) -> None:
    def write(book: Any) -> None:
        book["Sample"]["B4"] = "my own heading"
        book["Sample"]["B5"], book["Sample"]["B6"] = "agreed", 17.5

    def write_beside(book: Any) -> None:
        book["Sample"]["A5"] = "another line"

    assert verify_pack(with_sample).is_intact
    assert verify_pack(saved(with_sample, tmp_path / "1.xlsx", write)).is_intact
    assert places(saved(with_sample, tmp_path / "1.xlsx", write_beside)) == ["Sample!A5: value altered"]


def test_what_follows_the_auditors_entries_is_free_but_its_formula_is_not(with_sample: Path, tmp_path: Path) -> None:
    parts = Parts.of(with_sample)
    kept = "<f>2*B5</f><v>0</v>"

    def placed(old: str, new: str) -> list[str]:
        return places(parts.with_sheet(tmp_path / "1.xlsx", "Sample", lambda xml: xml.replace(old, new, 1)))

    assert kept in parts.content[parts.sheets["Sample"]]
    assert placed(kept, "<f>2*B5</f><v>35</v>") == []
    assert placed(kept, "<f>2*B5</f>") == []
    assert placed(kept, "<f>0*B5</f><v>0</v>") == ["Sample!C5: formula altered"]
    assert placed(kept, "<v>0</v>") == ["Sample!C5: a formula was replaced by a constant"]
    assert placed("RUN", "run") == ["Sample!A5: value altered"], "one alteration more does not hide in what is free"


# The ledger, the chain, the inputs


@pytest.fixture(params=share(["sqlite", "postgresql"], 1))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A workspace with a ledger of either kind in which September and October are closed."""
    url = f"sqlite:///{tmp_path}/recon.db"
    if request.param == "postgresql":
        server, name = request.getfixturevalue("postgres_url"), f"packs_{uuid.uuid4().hex}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        url = server.rsplit("/", 1)[0] + "/" + name
    with Ledger.open(url, tmp_path / "closes") as ledger:
        for period in ("2026-09", "2026-10"):
            ledger.record_close(period, "d", CloseMeta(AT, "{}"), lines=[], findings=[], files=lambda folder: None)
    return SimpleNamespace(folder=tmp_path, database_url=url, closes=tmp_path / "closes")


def close_at(place: Any, period: str = "2026-10") -> Any:
    return replace(a_diagnosed_close(place.folder), workspace=place, period=period)


def issued(place: Any) -> Path:
    """September's pack and then October's."""
    issue_pack(close_at(place, "2026-09"), "pat", AT)
    return issue_pack(close_at(place), "pat", AT)


def test_an_issued_pack_is_known_and_its_chain_holds(place: Any) -> None:
    pack = issued(place)
    found = verify_pack(pack, place)
    assert pack == place.folder / "evidence" / "2026-10" / "1.xlsx"
    assert found.is_intact, found
    assert any("Last month's pack: pack 1 of 2026-09: the chain holds" in note for note in found.notes)
    assert any(note.startswith("the ledger knows it as pack 1 of 2026-10, run 1") for note in found.notes)
    second = verify_pack(issue_pack(close_at(place), "pat", AT), place)
    assert second.is_intact and any("Supersedes: pack 1 of 2026-10: the chain holds" in note for note in second.notes)


def test_a_pack_whose_digests_were_all_made_anew_is_caught_by_the_ledger(place: Any) -> None:
    pack = issued(place)
    stated = {row[0]: row[1] for row in openpyxl.load_workbook(pack)["Cover"].iter_rows(max_col=2, values_only=True)}
    close = close_at(place)
    close.lines.loc[close.lines["item"] == "SK-1", "billed_amount"] += Decimal(5)
    write_pack(close, pack, issue=Issue(1, last_month=stated["Last month's pack"]))
    assert verify_pack(pack).is_intact, "by itself it cannot be told"
    found = verify_pack(pack, place)
    assert not found.is_intact
    assert any("the ledger knows pack 1 of 2026-10 by another digest" in problem for problem in found.problems)


def test_a_pack_under_another_number_and_one_never_issued_are_told(place: Any) -> None:
    pack = issued(place)
    renamed = Path(shutil.copy(pack, pack.with_name("7.xlsx")))
    assert any("but it stands as pack 7" in problem for problem in verify_pack(renamed, place).problems)
    write_pack(close_at(place), place.folder / "forged.xlsx", issue=Issue(2, "pack 1 of 2026-10"))
    (said,) = [one for one in verify_pack(place.folder / "forged.xlsx", place).problems if "ledger" in one]
    assert said == "the ledger knows no pack 2 of 2026-10: this one was never issued"


def test_a_draft_says_that_it_is_one_and_no_ledger_speaks_for_it(place: Any) -> None:
    issued(place)
    draft = write_draft(close_at(place), place.folder / "draft.xlsx")
    alone, asked = verify_pack(draft), verify_pack(draft, place)
    assert alone.is_draft and alone.is_intact and asked.is_draft and asked.is_intact
    assert any(note.startswith("a draft: it was never issued") for note in asked.notes)
    assert any("Last month's pack: pack 1 of 2026-09: the chain holds" in note for note in asked.notes)
    with Ledger.open(place.database_url, place.closes) as ledger:
        assert [one.number for one in ledger.packs.of("2026-10")] == [1]


def test_the_chain_to_last_month_breaks_where_its_pack_was_altered_or_replaced(place: Any) -> None:
    pack = issued(place)
    before = place.folder / "evidence" / "2026-09" / "1.xlsx"
    kept = Path(shutil.copy(before, place.folder / "kept.xlsx"))
    close = close_at(place, "2026-09")
    close.lines.loc[close.lines["item"] == "SK-1", "billed_amount"] += Decimal(5)
    write_pack(close, before)
    assert any("the chain is broken" in problem for problem in verify_pack(pack).problems)
    assert verify_pack(pack, previous=kept).is_intact
    before.unlink()
    found = verify_pack(pack)
    assert found.is_intact and any("is not there" in note for note in found.notes)


def test_an_input_that_changed_since_is_named(place: Any) -> None:
    pack = issued(place)
    names = [row[1] for row in openpyxl.load_workbook(pack)["Inputs"].iter_rows(min_row=6, values_only=True) if row[1]]
    (place.folder / names[0]).parent.mkdir(parents=True, exist_ok=True)
    (place.folder / names[0]).write_text("changed")
    found = verify_pack(pack, place)
    assert [problem for problem in found.problems if names[0] in problem]
    assert len([note for note in found.notes if "not there, not checked" in note]) == len(names) - 1


def test_a_ledger_that_was_altered_itself_says_so(place: Any) -> None:
    if not place.database_url.startswith("sqlite"):
        pytest.skip("one database is enough")
    pack = issued(place)
    engine = create_engine(place.database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER packs_no_update"))
        connection.execute(text("UPDATE packs SET digest = 'x' WHERE period = '2026-10'"))
    engine.dispose()
    assert any("the ledger itself was altered" in problem for problem in verify_pack(pack, place).problems)


# The command


def test_the_command_says_what_was_altered_and_ends_with_2(pack: Path, tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book["CPM"]["A3"] = "altered"

    good, bad = CliRunner().invoke(app, ["verify", str(pack)]), saved(pack, tmp_path / "1.xlsx", change)
    assert good.exit_code == 0 and "intact: " in good.output
    wrong = CliRunner().invoke(app, ["verify", str(bad), "--json"])
    assert wrong.exit_code == 2
    told = json.loads(wrong.output)
    assert told["is_intact"] is False and [one["place"] for one in told["alterations"]] == ["A3"]
    assert told["alterations"][0]["now"] == "altered"


def said(*words: Any) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["verify", *map(str, words)])
    return done.exit_code, done.output


@pytest.mark.long
def test_the_command_on_a_closed_month_says_what_holds_and_what_does_not(a_month: Path, tmp_path: Path) -> None:
    """A month closed and issued by the commands: fine, altered, forged, a draft, and without last month's pack."""
    close = ["2026-10", "--workspace", str(a_month)]
    assert CliRunner().invoke(app, ["close", *close, "--no-diagnosis"]).exit_code == 0
    pack, asked = a_month / "evidence" / "2026-10" / "1.xlsx", ("--workspace", a_month)
    status, words = said(pack, *asked)
    assert (
        status == 0 and "\nintact: " in words and "the ledger knows it as pack 1 of 2026-10, run 1, issued by" in words
    )
    assert "files of Inputs are as the pack states" in words and "the chain begins here" in words

    altered_pack = saved(pack, tmp_path / "1.xlsx", lambda book: book["Cover"].__setitem__("B6", "2026-10, altered"))
    status, words = said(altered_pack, *asked)
    assert status == 2 and "altered   Cover!B6: value altered; now '2026-10, altered'" in words
    assert "\nNOT INTACT: " in words

    draft = tmp_path / "draft.xlsx"
    assert CliRunner().invoke(app, ["evidence", *close, "-o", str(draft)]).exit_code == 0
    assert said(draft)[0] == 0 and "\nNOT ISSUED, a draft whose cells are intact: " in said(draft)[1]
    status, words = said(draft, *asked)
    assert status == 2 and "note      a draft: it was never issued" in words and "wrong" not in words

    write_pack(load_close(Workspace.open(a_month), Period.parse("2026-10")), pack, issue=Issue(1, "nothing at all"))
    assert said(pack)[0] == 0, "by itself a pack whose digests were all made anew cannot be told"
    status, words = said(pack, *asked)
    assert status == 2 and "wrong     the ledger knows pack 1 of 2026-10 by another digest" in words


def test_the_command_says_that_last_months_pack_is_not_there_or_not_the_one(place: Any) -> None:
    pack = issued(place)
    before = place.folder / "evidence" / "2026-09" / "1.xlsx"
    kept = Path(shutil.move(before, place.folder / "kept.xlsx"))
    status, words = said(pack)
    assert (
        status == 0 and "note      Last month's pack: pack 1 of 2026-09 is not there, the chain to it was not" in words
    )
    assert said(pack, "--previous", kept)[0] == 0
    status, words = said(pack, "--previous", pack)
    assert status == 2 and "wrong     Last month's pack: pack 1 of 2026-09: the chain is broken" in words


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_a_file_that_is_no_pack_is_bad_input(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.xlsx").write_bytes(content)
    with pytest.raises(BadInput, match="evidence pack"):
        verify_pack(tmp_path / "1.xlsx")


def test_another_workbook_or_none_is_bad_input(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    for name in ("other.xlsx", "missing.xlsx"):
        with pytest.raises(BadInput, match="evidence pack"):
            verify_pack(tmp_path / name)


@pytest.mark.parametrize(
    "formula",
    [
        "SUM(V23:V34)+$A$5-A$7*$B9", "INDEX('Contracts'!$E$18:$E$48,MATCH(F9&\".percent_of_sale A9\",Contracts!B7,0))",
        "LOG10(A9)+minor_units_USD*Q1!C3", "ROUND(AB35-AC35,noise_digits)", "'It''s Q4 A1'!A12&\"say \"\"B13\"\"\"", "5:5", "SUM(A:A)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("sealed", ["C20", "C7", "C31"])
def test_formulas_move_along_as_a_spreadsheet_program_moves_them(formula: str, sealed: str) -> None:
    from openpyxl.formula.translate import Translator

    assert _along(formula, "C9", sealed) == Translator(f"={formula}", "C9").translate_formula(sealed)[1:]
