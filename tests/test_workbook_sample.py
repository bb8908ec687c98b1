"""The auditor's sample in the pack: drawn as said, filled in, calculated anew, verified, and kept in the next pack."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pandas as pd
import pytest
from office import disagreements, recalculate
from stored_close import AClose, a_diagnosed_close

from recon.evidence import issue_pack, verify_pack, write_draft, write_pack
from recon.evidence.entries import entries_of
from recon.ledger import CloseMeta, Ledger
from recon.workspace import Sample

pytestmark = [pytest.mark.xdist_group("office"), pytest.mark.long]
AT = 1_790_000_000_000_000
ASKED = Sample(seed="walnut", selections=60, conversions=5)
AMOUNTS = {f"L-{n:02}": Decimal(100 + 37 * n) * (-1 if n % 7 == 0 else 1) for n in range(30)}  # small beside 47 000.01


def a_sampled_close(folder: Path, asked: Sample = ASKED) -> AClose:
    """The hand-made close with thirty more lines in USD, and what an auditor asked for."""
    close = a_diagnosed_close(folder)
    model = next(
        row for row in close.lines.to_dict("records") if row["currency"] == "USD" and row["status"] == "matched"
    )
    more = [
        {**model, "contract": "small", "item": item, "expected_amount": amount, "billed_amount": amount}
        for item, amount in AMOUNTS.items()
    ]
    rows = sorted([*close.lines.to_dict("records"), *more], key=lambda row: (row["contract"], row["item"]))
    return replace(
        close, lines=pd.DataFrame(rows, dtype=object), workspace=SimpleNamespace(folder=folder, sample=asked)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def pack(folder: Path) -> Path:
    write_pack(a_sampled_close(folder), folder / "blank.xlsx")
    return folder / "blank.xlsx"


@pytest.fixture(scope="module")
def filled(pack: Path, folder: Path) -> Path:
    """The pack as an auditor hands it back: two lines and two conversions tested, calculated anew and saved."""
    return recalculate([with_entries(pack, folder / "filled.xlsx", ENTERED)], folder / "office")[0]


ENTERED: Mapping[str, tuple[Any, str | None, str | None]] = {
    "northwind-ctv/NW-CTV-RUN/charge/USD": (47000, "K", "rate agreed"),
    "small/L-22/charge/USD": (814, "X", "=half of it"),
    "small/L-14/charge/USD": (-518, None, None),
}


def sheet_of(path: Path) -> Any:
    return openpyxl.load_workbook(path, data_only=True)["Sample"]


def selections(path: Path) -> dict[str, dict[str, Any]]:
    """Every row that the auditor can write beside, by its selection, with its row number."""
    found: dict[str, dict[str, Any]] = {}
    header: list[Any] = []
    for number, row in enumerate(sheet_of(path).iter_rows(values_only=True), 1):
        if row[1] == "Selection":
            header = list(row)
        elif row[1] in (None, "Population and interval", "Line"):
            header = header if row[1] is None and row[0] is not None else []
        elif header and not str(row[1]).startswith("Drawn in"):
            found[row[1]] = dict(zip(header, row, strict=True)) | {"row": number}
    return found


def with_entries(pack: Path, target: Path, entered: Mapping[str, tuple[Any, ...]]) -> Path:
    """A copy in which an auditor filled in amount, tickmark and remark beside selections."""
    rows = {name: row["row"] for name, row in selections(pack).items()}
    book = openpyxl.load_workbook(pack)
    for name, values in entered.items():
        for letter, value in zip("MQR", values, strict=True):
            book["Sample"][f"{letter}{rows[name]}"] = value
            book["Sample"][f"{letter}{rows[name]}"].data_type = "n" if isinstance(value, (int, float)) else "s"
    book.save(target)
    return target


def told(path: Path, words: str, after: str) -> Any:
    """The figure beside words, the first after a text on the sheet: boxes stand in B and C, results in O and P."""
    is_after = False
    for row in sheet_of(path).iter_rows(values_only=True):
        is_after = is_after or any(after in str(cell) for cell in row)
        for words_at, value_at in ((1, 2), (14, 15)):
            if is_after and str(row[words_at]).startswith(words):
                return row[value_at]
    raise AssertionError(f"{words} stands nowhere after {after}")


USD = "Lines billed in USD"


def test_the_lines_are_those_that_an_auditor_draws_by_hand(pack: Path) -> None:
    """Without recon: |billed| in cents in the order of the names, 60 selections, a SHA-256 for the start."""
    cents = {f"small/{item}/charge/USD": int(abs(amount) * 100) for item, amount in AMOUNTS.items()}
    cents |= {
        "1234567890123456/OLD-1/charge/USD": 7500,
        "northwind-ctv/NW-CTV-RUN/charge/USD": 4700001,
        "hearth-sales/sale/charge/USD": 600,
    }
    interval = sum(cents.values()) // 60
    point = int(hashlib.sha256(b"walnut|USD|start").hexdigest(), 16) % interval + 1
    wanted = [(name, None) for name, size in cents.items() if size >= interval]
    reached = 0
    for name, size in sorted(cents.items()):
        reached += size if size < interval else 0
        if size < interval and point <= reached:
            wanted.append((name, point))
            point += interval
    found = [(n, row["Selection point"]) for n, row in selections(pack).items() if n.endswith("/USD")]
    assert sorted(n for n, at in found if at is None) == sorted(n for n, at in wanted if at is None)
    assert [(n, round(at * 100)) for n, at in found if at] == [(n, at) for n, at in wanted if at]
    assert len([at for _, at in found if at]) > 3 and len([at for _, at in found if at is None]) > 1
    assert (told(pack, "Interval", USD), told(pack, "Lines drawn", USD)) == (interval / 100, len(wanted))
    assert told(pack, "Population", "Population and interval") and told(
        pack, "Twice the lines below zero", USD
    ) == 2 * sum(-amount for amount in AMOUNTS.values() if amount < 0)


def test_conversions_are_those_with_the_smallest_digests(pack: Path, folder: Path) -> None:
    decided = a_sampled_close(folder).conversions()
    ids = sorted(set(decided["conversion_id"]))
    marks = sorted((hashlib.sha256(f"walnut|{one}".encode()).hexdigest(), one) for one in ids)[:5]
    drawn = {name: row for name, row in selections(pack).items() if row.get("Drawn by")}
    assert len(ids) > 30 and drawn.keys() <= set(decided["conversion_id"] + "/" + decided["contract"])
    found = [(name.rpartition("/")[0], row["Drawn by"], row["Told again by"]) for name, row in drawn.items()]
    assert found == [(one, f"{mark[:12]}…", f"recon explain 2026-10 {one}") for mark, one in marks]


def test_every_formula_recalculates_to_its_cached_value(pack: Path, folder: Path) -> None:
    again = openpyxl.load_workbook(recalculate([pack], folder / "again")[0], data_only=True)
    assert disagreements(pack, again) == []
    checks = {row[2]: row[3] for row in again["Checks"].iter_rows(values_only=True) if row[1] == "Sample"}
    assert len(checks) == 9 and set(checks.values()) == {True}


def test_what_the_auditor_enters_alters_nothing_and_is_projected(filled: Path) -> None:
    """A key item as found, 0.01; two points by their share of the interval: 914 − 814 too much, −618 + 518 too little."""
    assert verify_pack(filled).is_intact
    found, interval = selections(filled), told(filled, "Interval", USD)
    key, over, under = (found[name] for name in ENTERED)
    assert (key["Difference"], key["Tainting"], key["Projected"]) == (0.01, None, 0.01)
    assert (over["Difference"], over["Tainting"]) == (100, pytest.approx(100 / 914))
    assert (under["Difference"], under["Tainting"]) == (-100, pytest.approx(-100 / 618))
    assert under["Projected"] == pytest.approx(-100 / 618 * interval)
    assert told(filled, "Lines tested", USD) == 3
    assert told(filled, "Misstatement of key items", USD) == 0.01
    assert told(filled, "Projected misstatement", USD) == pytest.approx(0.01 + (100 / 914 - 100 / 618) * interval)
    assert told(filled, "of it billed or paid too much", USD) == pytest.approx(0.01 + 100 / 914 * interval)
    assert told(filled, "of it billed or paid too little", USD) == pytest.approx(-100 / 618 * interval)
    assert told(filled, "Basic precision", USD) == pytest.approx(3 * interval)


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("J", "value altered"), ("N", "formula altered"), ("P", "formula altered"), ("B", "value altered"),
        ("G", "formula altered"),
    ],
)  # fmt: skip
def test_anything_else_that_is_changed_beside_an_entry_is_named(
    filled: Path, tmp_path: Path, column: str, what: str
) -> None:
    row = selections(filled)["small/L-22/charge/USD"]["row"]
    book = openpyxl.load_workbook(filled)
    book["Sample"][f"{column}{row}"] = "=1+1" if what.startswith("formula") else "another"
    book.save(tmp_path / "1.xlsx")
    (found,) = verify_pack(tmp_path / "1.xlsx").alterations
    assert (found.sheet, found.place) == ("Sample", f"{column}{row}")


def test_a_conversion_deviates_by_its_amount_or_its_tickmark(pack: Path, folder: Path, tmp_path: Path) -> None:
    drawn = [name for name, row in selections(pack).items() if row.get("Drawn by")]
    entered = {
        drawn[0]: (12, None, None),
        drawn[1]: (11.5, None, None),
        drawn[2]: (None, "x", "no touch"),
        drawn[3]: (None, "T", None),
    }
    done = recalculate([with_entries(pack, tmp_path / "1.xlsx", entered)], tmp_path / "office")[0]
    verdicts = [selections(done)[name]["Deviates"] for name in drawn]
    assert verdicts == ["no", "yes", "yes", "no", None]
    assert told(done, "Rate of deviation", "Conversions: drawn") == 0.5
    write_pack(a_sampled_close(folder), tmp_path / "2.xlsx", entries=entries_of(done))
    assert [selections(tmp_path / "2.xlsx")[name]["Deviates"] for name in drawn] == ["no", "yes", "yes", "no", None]


# Kept in the next pack


def test_entries_stand_beside_their_selection_in_the_next_pack(filled: Path, folder: Path, tmp_path: Path) -> None:
    entries = entries_of(filled)
    assert entries == {
        "northwind-ctv/NW-CTV-RUN/charge/USD": {"audited": Fraction(47000), "tick": "K", "remark": "rate agreed"},
        "small/L-22/charge/USD": {"audited": Fraction(814), "tick": "X", "remark": "=half of it"},
        "small/L-14/charge/USD": {"audited": Fraction(-518)},
    }
    for name in ("1.xlsx", "2.xlsx"):
        write_pack(a_sampled_close(folder), tmp_path / name, entries=entries)
    assert (tmp_path / "1.xlsx").read_bytes() == (tmp_path / "2.xlsx").read_bytes()
    assert verify_pack(tmp_path / "1.xlsx").is_intact and entries_of(tmp_path / "1.xlsx") == entries
    again = openpyxl.load_workbook(recalculate([tmp_path / "1.xlsx"], tmp_path / "office")[0], data_only=True)
    assert disagreements(tmp_path / "1.xlsx", again) == []


def test_the_digest_is_the_same_whatever_the_auditor_entered(
    pack: Path, filled: Path, folder: Path, tmp_path: Path
) -> None:
    write_pack(a_sampled_close(folder), tmp_path / "1.xlsx", entries=entries_of(filled))
    assert verify_pack(tmp_path / "1.xlsx").digest == verify_pack(pack).digest


def test_entries_whose_selection_is_not_drawn_again_are_kept_at_the_bottom(
    filled: Path, folder: Path, tmp_path: Path
) -> None:
    other = a_sampled_close(folder, replace(ASKED, seed="hazel", selections=20))
    write_pack(other, tmp_path / "1.xlsx", entries=entries_of(filled))
    assert "small/L-22/charge/USD" not in {
        name for name, row in selections(tmp_path / "1.xlsx").items() if row.get("Billed")
    }
    texts = [row[0] for row in sheet_of(tmp_path / "1.xlsx").iter_rows(values_only=True)]
    place = texts.index("Entries of the last pack whose selection was not drawn again")
    assert place < texts.index("Every line that something was billed for, in the order it was drawn in")
    left = selections(tmp_path / "1.xlsx")["small/L-22/charge/USD"]
    assert (left["Audited amount"], left["Tickmark"], left["Remark"]) == (814, "X", "=half of it")
    assert verify_pack(tmp_path / "1.xlsx").is_intact and entries_of(tmp_path / "1.xlsx") == entries_of(filled)
    write_pack(a_sampled_close(folder), tmp_path / "2.xlsx", entries=entries_of(tmp_path / "1.xlsx"))
    assert selections(tmp_path / "2.xlsx")["small/L-22/charge/USD"]["Audited amount"] == 814, "drawn again, it is back"


def test_what_is_written_beside_no_selection_is_kept_too(pack: Path, tmp_path: Path) -> None:
    def write(book: Any) -> None:
        book["R3"], book["R10"], book["M2"] = "general remark", "why so?", True

    book = openpyxl.load_workbook(pack)
    write(book["Sample"])
    book.save(tmp_path / "1.xlsx")
    assert entries_of(tmp_path / "1.xlsx") == {
        "row 2": {"audited": True}, "row 3": {"remark": "general remark"}, "Twice the lines below zero": {"remark": "why so?"},
    }  # fmt: skip


def test_a_pack_without_a_sample_has_no_entries(pack: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(pack)
    del book["Sample"]
    book.save(tmp_path / "old.xlsx")
    assert entries_of(tmp_path / "old.xlsx") == {}


def known(folder: Path) -> AClose:
    """A close that the ledger knows, for packs to be issued of."""
    place = SimpleNamespace(
        folder=folder, database_url=f"sqlite:///{folder}/recon.db", closes=folder / "closes", sample=ASKED
    )
    with Ledger.open(place.database_url, place.closes) as ledger:
        ledger.record_close("2026-10", "d", CloseMeta(AT, "{}"), lines=[], findings=[], files=lambda folder: None)
    return replace(a_sampled_close(folder), workspace=place)


def test_an_issued_pack_keeps_the_entries_of_the_last_one_on_disk(tmp_path: Path) -> None:
    close = known(tmp_path)
    first = issue_pack(close, "pat", AT)
    with_entries(first, first, ENTERED)
    second = issue_pack(close, "pat", AT)
    assert second.name == "2.xlsx" and entries_of(second) == entries_of(first) and len(entries_of(second)) == 3
    with_entries(second, second, {"small/L-22/charge/USD": (1100, "F", "looked again")})
    third = entries_of(issue_pack(close, "pat", AT))
    assert third["small/L-22/charge/USD"] == {"audited": Fraction(1100), "tick": "F", "remark": "looked again"}
    assert len(third) == 3


def test_a_file_that_is_written_over_keeps_its_entries(tmp_path: Path) -> None:
    close, mine = known(tmp_path), tmp_path / "mine.xlsx"
    write_draft(close, mine)
    with_entries(mine, mine, ENTERED)
    write_draft(close, mine)
    assert set(entries_of(mine)) == set(ENTERED)


# Other settings


def test_the_interval_follows_from_performance_materiality_where_it_is_stated(folder: Path, tmp_path: Path) -> None:
    """1 000.00 / 2.31 = 432.9004…, so 432.90; the other currencies stay with the number of selections."""
    asked = Sample("walnut", 60, 5, Decimal("2.31"), {"USD": Decimal("1000.00")})
    write_pack(a_sampled_close(folder, asked), tmp_path / "1.xlsx")
    assert told(tmp_path / "1.xlsx", "Interval", USD) == 432.9
    assert told(tmp_path / "1.xlsx", "Performance materiality", USD) == 1000
    assert told(tmp_path / "1.xlsx", "Selections asked for", "Lines billed in EUR") == 60
    again = openpyxl.load_workbook(recalculate([tmp_path / "1.xlsx"], tmp_path / "office")[0], data_only=True)
    assert disagreements(tmp_path / "1.xlsx", again) == []


def test_without_a_seed_it_is_the_period_and_the_sheet_says_so(folder: Path, tmp_path: Path) -> None:
    write_pack(a_sampled_close(folder, Sample()), tmp_path / "1.xlsx")
    assert told(tmp_path / "1.xlsx", "Seed", USD) == "2026-10"
    assert "anybody can foresee it" in str(
        [row[3] for row in sheet_of(tmp_path / "1.xlsx").iter_rows(values_only=True)]
    )


def test_amounts_billed_in_parts_of_a_cent_are_drawn_in_parts(folder: Path, tmp_path: Path) -> None:
    close = a_sampled_close(folder)
    close.lines.loc[close.lines["item"] == "L-01", "billed_amount"] = Decimal("137.005")
    write_pack(close, tmp_path / "1.xlsx")
    assert told(tmp_path / "1.xlsx", "Decimals of the unit drawn", USD) == 3
    again = openpyxl.load_workbook(recalculate([tmp_path / "1.xlsx"], tmp_path / "office")[0], data_only=True)
    assert disagreements(tmp_path / "1.xlsx", again) == []


def test_a_month_without_conversions_or_bills_says_so(folder: Path, tmp_path: Path) -> None:
    close = a_sampled_close(folder, replace(ASKED, conversions=0))
    object.__setattr__(close, "lines", close.lines.assign(billed_amount=Decimal(0)))
    write_pack(close, tmp_path / "1.xlsx")
    texts = [row[0] for row in sheet_of(tmp_path / "1.xlsx").iter_rows(values_only=True)]
    assert "No conversion was drawn." in texts and not any(str(text).startswith("Lines billed in") for text in texts)


def test_each_population_begins_a_page_and_remarks_have_room(pack: Path) -> None:
    sheet = openpyxl.load_workbook(pack)["Sample"]
    sections = [cell.row for (cell,) in sheet.iter_rows(max_col=1) if cell.font.b and cell.font.sz and cell.font.sz > 9]
    begins = {one.id + 1 for one in sheet.row_breaks.brk}
    assert begins and begins <= set(sections) and len(begins) == len(sections) - 2, "all but the title and the first"
    assert sheet.column_dimensions["R"].width == 26
