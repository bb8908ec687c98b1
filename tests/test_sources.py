"""Files and databases become relations in which every row read is used or told as rejected, with its place."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon.engine import Engine
from recon.inputs import Inputs, csvfiles, files, inputs_list, queries, read_inputs, rejects
from recon.inputs.datasets import DATASETS
from recon.period import Period, instant
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

OCTOBER = Period.parse("2026-10")
CLICKS = ("click_id", "ts", "program", "partner", "user_id", "geo", "device", "ivt", "is_test", "ingested_at")
LINES = ("billing_line_id", "contract", "item", "period", "kind", "quantity", "rate", "amount", "currency")
EXPECTED_COLUMNS = {
    "impressions": "impression_id TEXT, ts BIGINT, program TEXT, item TEXT, partner TEXT, user_id TEXT, geo TEXT, "
    "device TEXT, placement TEXT, is_viewable BOOLEAN, is_completed BOOLEAN, ivt TEXT, is_test BOOLEAN, "
    "ingested_at BIGINT",
    "clicks": "click_id TEXT, ts BIGINT, program TEXT, partner TEXT, user_id TEXT, geo TEXT, device TEXT, ivt TEXT, "
    "is_test BOOLEAN, ingested_at BIGINT",
    "conversions": "conversion_id TEXT, ts BIGINT, program TEXT, user_id TEXT, action TEXT, order_id TEXT, "
    "sale_micros BIGINT, currency TEXT, category TEXT, customer TEXT, coupon TEXT, geo TEXT, device TEXT, "
    "is_test BOOLEAN, is_fraud BOOLEAN, ingested_at BIGINT",
    "reversals": "reversal_id TEXT, conversion_id TEXT, ts BIGINT, sale_micros BIGINT, reason TEXT, ingested_at BIGINT",
    "billing_details": "billing_line_id TEXT, conversion_id TEXT, amount_micros BIGINT",
}


class Desk:
    """A workspace under test: write files, then read them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: list[str] = []
        self.engine = Engine(memory_limit="500MB", threads=2)

    def source(self, dataset: str, *lines: str) -> None:
        self.tables.append("\n".join([f"[data.{dataset}]", *lines]))

    def csv(self, name: str, header: Sequence[str], *rows: Sequence[Any]) -> Path:
        out = io.StringIO(newline="")
        csv.writer(out).writerows([header, *rows])
        return self.file(name, out.getvalue().encode())

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def parquet(self, name: str, columns: dict[str, Any], **options: Any) -> Path:
        path = self.file(name, b"")
        pq.write_table(pa.table(columns), path, **options)
        return path

    def workspace(self) -> Workspace:
        text = "\n".join(['[workspace]\nname = "desk"', *self.tables])
        self.file("recon.toml", text.encode())
        return Workspace.open(self.folder)

    def read(self) -> Inputs:
        return read_inputs(self.workspace(), self.engine, OCTOBER)

    def problems(self) -> list[Problem]:
        with pytest.raises(BadInput) as caught:
            self.read()
        assert all(problem.place and problem.value and problem.expected for problem in caught.value.problems)
        return list(caught.value.problems)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.engine.close()


def clicks(count: int) -> dict[str, Any]:
    """Good clicks as typed columns, the optional ones left out."""
    return {
        "click_id": [f"c{number}" for number in range(count)],
        "ts": pa.array(range(count), pa.timestamp("us", tz="UTC")),
        "program": ["p"] * count,
        "user_id": ["u"] * count,
    }


def line(number: int = 1, **changes: Any) -> list[Any]:
    values = dict(zip(LINES, [f"L{number}", "k", "i", "2026-10", "charge", "10", "2.5", "25.00", "USD"], strict=True))
    return list((values | changes).values())


# What is there after reading


def test_without_sources_every_relation_is_there_empty_with_exact_types(desk: Desk) -> None:
    inputs = desk.read()
    for dataset, columns in EXPECTED_COLUMNS.items():
        described = desk.engine.rows(f"DESCRIBE {dataset}")
        assert ", ".join(f"{row[0]} {row[1].replace('VARCHAR', 'TEXT')}" for row in described) == columns
        assert desk.engine.row(f"SELECT count(*) FROM located_{dataset}") == (0,)
    assert inputs.not_given == tuple(DATASETS) and inputs.billing_lines == () and inputs.manifest == ()


@pytest.mark.parametrize("dataset", sorted(EXPECTED_COLUMNS))
def test_types_do_not_depend_on_the_kind_of_source(desk: Desk, dataset: str) -> None:
    names = [column.name for column in DATASETS[dataset].columns]
    desk.csv("one.csv", names)
    desk.parquet("two.parquet", {name: pa.nulls(0) for name in names})
    desk.source(dataset, 'path = "[ot]*.[cp]*"')
    desk.read()
    described = desk.engine.rows(f"DESCRIBE {dataset}")
    assert ", ".join(f"{row[0]} {row[1].replace('VARCHAR', 'TEXT')}" for row in described) == EXPECTED_COLUMNS[dataset]


def test_csv_gzip_and_parquet_of_one_glob_are_one_dataset(desk: Desk) -> None:
    header = ("program", "user_id", "ts", "click_id")
    desk.csv("data/a.csv", header, ("p", "u", "1970-01-01T00:00:00Z", "a"))
    packed = desk.csv("data/plain", header, ("p", "u", "1970-01-01T00:00:01Z", "b")).read_bytes()
    (desk.folder / "data/plain").unlink()
    desk.file("data/deep/er/b.csv.gz", gzip.compress(packed))
    desk.parquet("data/deep/c.PARQUET", clicks(2))
    desk.source("clicks", 'path = "data/**/*.*"')
    inputs = desk.read()
    located = desk.engine.rows("SELECT click_id, ts, geo, file, row FROM located_clicks ORDER BY file, row")
    assert located == [
        ("a", 0, None, "data/a.csv", 1),
        ("c0", 0, None, "data/deep/c.PARQUET", 1),
        ("c1", 1, None, "data/deep/c.PARQUET", 2),
        ("b", 1_000_000, None, "data/deep/er/b.csv.gz", 1),
    ]
    assert [(record.source, record.rows) for record in inputs.manifest] == [
        ("data/a.csv", 1), ("data/deep/c.PARQUET", 2), ("data/deep/er/b.csv.gz", 1),
    ]  # fmt: skip


def test_columns_are_renamed_ours_to_theirs(desk: Desk) -> None:
    desk.csv("c.csv", ("id", "When", "program", "user_id"), ("c1", "2026-10-01T00:00:00Z", "p", "u"))
    desk.source("clicks", 'path = "c.csv"', 'columns = { click_id = "id", ts = "When" }')
    desk.read()
    assert desk.engine.rows("SELECT click_id, ts FROM clicks") == [("c1", instant("2026-10-01T00:00:00Z"))]


def test_a_name_with_wildcard_characters_is_a_file_too(desk: Desk) -> None:
    desk.parquet("data/[2026]*.parquet", clicks(3))
    desk.parquet("data/other.parquet", clicks(1))
    desk.source("clicks", 'path = "data/[[]2026]*.parquet"')
    assert desk.read().rows("clicks") == 3
    assert desk.engine.row("SELECT count(DISTINCT file) FROM located_clicks") == (1,)


def test_one_file_may_serve_two_datasets(desk: Desk) -> None:
    both = clicks(2) | {"impression_id": ["i1", "i2"]}
    desk.parquet("both.parquet", both)
    desk.source("clicks", 'path = "both.parquet"')
    desk.source("impressions", 'path = "both.parquet"')
    desk.read()
    assert desk.engine.row(
        "SELECT (SELECT count(*) FROM located_clicks), (SELECT count(*) FROM located_impressions)"
    ) == (2, 2)


# CSV


def test_rows_are_numbered_through_quoted_line_breaks_empty_lines_and_blocks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvfiles, "BLOCK", 256)
    lines, begins = ["click_id,ts,program,user_id"], {}
    for number in range(1, 101):
        begins[number] = len("\n".join(lines).split("\n")) + 1
        when = "never" if number % 10 == 0 else "2026-10-01T00:00:00Z"
        lines.append(f'c{number},{when},p,"u\n{number}"' + ("\n" if number % 7 == 0 else ""))
    desk.file("c.csv", ("\n".join(lines) + "\n").encode())
    desk.source("clicks", 'path = "c.csv"')
    inputs = desk.read()
    assert [(row.row, row.line) for row in inputs.rejected] == [(n, begins[n]) for n in range(10, 101, 10)]
    assert desk.engine.rows("SELECT row FROM located_clicks WHERE click_id = 'c99' AND user_id = 'u\n99'") == [(99,)]


def test_windows_line_ends_and_a_byte_order_mark_are_no_content(desk: Desk) -> None:
    desk.file("c.csv", '\ufeffclick_id,ts,program,user_id\r\nc1,2026-10-01T00:00:00Z,p,"u,""1"""\r\n'.encode())
    desk.source("clicks", 'path = "c.csv"')
    desk.read()
    assert desk.engine.rows("SELECT click_id, user_id FROM clicks") == [("c1", 'u,"1"')]


def test_ragged_rows_stop_the_command_each_with_its_line(desk: Desk) -> None:
    desk.file("c.csv", b'click_id,ts,program,user_id\n"c\n1",2026-10-01T00:00:00Z,p,u\nc2,x\n\nc3,a,b,c,d\n')
    desk.source("clicks", 'path = "c.csv"')
    found = [(problem.place, problem.value, problem.expected) for problem in desk.problems()]
    assert found == [
        ("c.csv:4", "2 values", "4, as in the first line"),
        ("c.csv:6", "5 values", "4, as in the first line"),
    ]


def test_many_ragged_rows_are_summed_up(desk: Desk) -> None:
    desk.file("c.csv", b"click_id,ts,program,user_id\n" + b"a,b\n" * 50)
    desk.source("clicks", 'path = "c.csv"')
    assert len(desk.problems()) == csvfiles.MOST_RAGGED + 1


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"click_id,ts,program,user_id\nc,\xff,p,u\n", "c.csv"),
        (b"\xff\xfec\x00l\x00", "c.csv"),
        (b"not gzip", "c.csv.gz"),
        (gzip.compress(b"click_id,ts,program,user_id\n" + b"c,2026-10-01T00:00:00Z,p,u\n" * 9999)[:-200], "c.csv.gz"),
        (b"PAR1 nonsense", "c.parquet"),
        (b"", "c.parquet"),
    ],
)
def test_an_unreadable_file_is_named(desk: Desk, content: bytes, name: str) -> None:
    desk.file(name, content)
    desk.source("clicks", f'path = "{name}"')
    (problem,) = desk.problems()
    assert problem.place == name and problem.expected.startswith("a readable")


def test_an_open_quote_is_a_ragged_row(desk: Desk) -> None:
    desk.file("c.csv", b'click_id,ts,program,user_id\n"c1,2026-10-01T00:00:00Z,p,u\nc2,2026-10-01T00:00:00Z,p,u\n')
    desk.source("clicks", 'path = "c.csv"')
    assert desk.problems()[0].place == "c.csv:2"


# Parquet


def test_parquet_files_may_differ_in_column_order_types_and_optional_columns(desk: Desk) -> None:
    desk.parquet("d/1.parquet", clicks(1) | {"geo": ["US"]})
    second = dict(reversed(clicks(1).items()))
    desk.parquet("d/2.parquet", second | {"ts": ["2026-10-01T00:00:00Z"], "ivt": ["givt"]})
    desk.parquet("d/3.parquet", clicks(1) | {"click_id": [7], "geo": pa.array(["CA"]).dictionary_encode()})
    desk.source("clicks", 'path = "d/*.parquet"')
    desk.read()
    assert desk.engine.rows("SELECT click_id, ts, geo, ivt FROM located_clicks ORDER BY file") == [
        ("c0", 0, "US", None),
        ("c0", instant("2026-10-01T00:00:00Z"), None, "givt"),
        ("7", 0, "CA", None),
    ]


def test_parquet_is_not_copied(desk: Desk) -> None:
    desk.parquet("c.parquet", clicks(10))
    desk.source("clicks", 'path = "c.parquet"')
    desk.read()
    assert desk.engine.row("SELECT count(*) FROM duckdb_tables() WHERE table_name <> 'input_files'") == (0,)


def test_unfit_types_and_missing_columns_name_file_column_type_and_what_was_expected(desk: Desk) -> None:
    desk.parquet("d/1.parquet", clicks(2) | {"ts": [1, 2]})
    desk.parquet("d/2.parquet", {name: values for name, values in clicks(2).items() if name != "user_id"})
    desk.parquet("d/3.parquet", clicks(2) | {"is_test": [0.5, 1.0]})
    desk.source("clicks", 'path = "d/*.parquet"')
    found = {problem.place: problem for problem in desk.problems()}
    assert found["d/1.parquet column ts"].value == "type BIGINT"
    assert "ISO 8601" in found["d/1.parquet column ts"].expected
    assert found["d/2.parquet column user_id"].value == "missing"
    assert "click_id, ts, program" in found["d/2.parquet column user_id"].expected
    assert found["d/3.parquet column is_test"] == Problem("d/3.parquet column is_test", "type DOUBLE", "true or false")


def test_a_parquet_column_without_values_may_have_any_type(desk: Desk) -> None:
    desk.parquet("c.parquet", clicks(2) | {"is_test": pa.nulls(2), "ivt": pa.nulls(2, pa.int32())})
    desk.source("clicks", 'path = "c.parquet"')
    assert desk.read().rejected == ()
    assert desk.engine.rows("SELECT DISTINCT is_test, ivt FROM clicks") == [(None, None)]


@pytest.mark.parametrize("rows_per_group", [3, 1000])
def test_faults_are_found_whether_or_not_the_footer_tells(desk: Desk, rows_per_group: int) -> None:
    table = clicks(9)
    table["click_id"] = ["c0", "", None, *[f"c{n}" for n in range(3, 9)]]
    table["ts"] = pa.array([0, 1, 2, None, 4, 5, 6, 7, 253_402_300_800_000_000], pa.timestamp("us"))
    table["ivt"] = [None, None, None, None, "bot", "sivt", "", "givt", None]
    for statistics in (True, False):
        desk.parquet(f"d/{statistics}.parquet", table, row_group_size=rows_per_group, write_statistics=statistics)
    desk.source("clicks", 'path = "d/*.parquet"')
    inputs = desk.read()
    told = [(row.row, row.column, row.value, row.reason) for row in inputs.rejected if row.file == "d/True.parquet"]
    ts = "expected a time with at most 6 decimals: ISO 8601 text, such as 2026-10-14T09:05:00Z, or a timestamp"
    assert told[:4] == [
        (2, "click_id", "", "missing"),
        (3, "click_id", "", "missing"),
        (4, "ts", "", "missing"),
        (5, "ivt", "bot", "expected one of givt, sivt, or empty"),
    ]
    assert told[4][:2] == (9, "ts") and told[4][3] == ts and len(inputs.rejected) == 10
    assert [(record.rows, record.rejected, record.first, record.last) for record in inputs.manifest] == [
        (9, 5, 0, 7)
    ] * 2
    assert desk.engine.rows("SELECT count(*), count(ivt) FROM clicks") == [(8, 4)]


def test_first_and_last_event_of_text_instants(desk: Desk) -> None:
    desk.parquet("c.parquet", clicks(2) | {"ts": ["2026-10-01T00:00:00+02:00", "2026-10-01T00:00:00Z"]})
    desk.source("clicks", 'path = "c.parquet"')
    (record,) = desk.read().manifest
    assert (record.first, record.last) == (instant("2026-09-30T22:00:00Z"), instant("2026-10-01T00:00:00Z"))


# Everything that stops the command comes at once


def test_problems_of_all_datasets_come_at_once(desk: Desk) -> None:
    desk.csv("c.csv", ("click_id", "ts"), ("a", "b"))
    desk.file("r.csv", b"reversal_id,conversion_id,ts\na\n")
    desk.parquet("i.parquet", {"impression_id": [1]})
    desk.source("clicks", 'path = "c.csv"')
    desk.source("reversals", 'path = "r.csv"')
    desk.source("impressions", 'path = "i.parquet"')
    desk.source("billing_lines", 'database = "sqlite:///none.db"', 'query = "select 1"')
    places = [problem.place for problem in desk.problems()]
    assert {place.split(" ")[0].split(":")[0] for place in places} == {"c.csv", "r.csv", "i.parquet", "recon.toml"}
    assert "c.csv:1 column program" in places and "i.parquet column ts" in places and "r.csv:2" in places
    assert not (desk.folder / "none.db").exists()


def test_missing_files_and_unknown_names_come_at_once(desk: Desk) -> None:
    desk.file("notes.txt", b"x")
    desk.source("clicks", 'path = "nowhere/*.parquet"')
    desk.source("conversions", 'path = "gone.csv"')
    desk.source("impresions", 'path = "x.csv"')
    desk.source("reversals", 'path = "notes.txt"')
    desk.source("third_party", 'path = "notes.txt"', 'columns = { items = "x" }', 'control = { amount = "1" }')
    told = {(problem.place.split(" ", 1)[1], problem.value) for problem in desk.problems()}
    assert told == {
        ("[data.clicks] path", "nowhere/*.parquet"),
        ("[data.conversions] path", "gone.csv"),
        ("[data.impresions]", "impresions"),
        ("[data.reversals] path", "notes.txt"),
        ("[data.third_party] path", "notes.txt"),
        ("[data.third_party] columns", "items"),
        ("[data.third_party] control", "amount"),
    }


@pytest.mark.parametrize("name", ["c.csv", "c.parquet"])
def test_a_column_renamed_to_nothing_is_told_once(desk: Desk, name: str) -> None:
    if name == "c.csv":
        desk.csv(name, CLICKS[:5])
    else:
        desk.parquet(name, clicks(1))
    desk.source("clicks", f'path = "{name}"', 'columns = { ts = "event_time", geo = "land" }')
    told = [(problem.place.split("] ")[1], problem.value) for problem in desk.problems()]
    assert told == [("columns, geo", "land"), ("columns, ts", "event_time")]


def test_a_column_that_stands_twice_is_a_problem(desk: Desk) -> None:
    desk.csv("c.csv", ("click_id", "ts", "ts", "program", "user_id"))
    desk.source("clicks", 'path = "c.csv"')
    assert [(problem.place, problem.value) for problem in desk.problems()] == [("c.csv:1 column ts", "2 times")]


def test_a_file_that_changes_while_it_is_read_stops_the_close(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.parquet("c.parquet", clicks(1))
    desk.source("clicks", 'path = "c.parquet"')

    def meddle(file: files.SourceFile, stop: threading.Event) -> str:
        os.utime(path, ns=(1, 1))
        return "0"

    monkeypatch.setattr(files, "sha256", meddle)
    assert desk.problems()[0].value == "changed while it was read"


def test_too_many_unusable_rows_are_a_wrong_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sources", "staging", "parquet"):
        monkeypatch.setattr(f"recon.inputs.{module}.MOST_REJECTED", 5)
    assert rejects.MOST_REJECTED > 5
    desk.csv("c.csv", CLICKS[:5], *[(f"c{n}", "never", "p", "", "u") for n in range(6)])
    desk.source("clicks", 'path = "c.csv"')
    (problem,) = desk.problems()
    assert problem.value == "more than 5 unusable rows" and "ts 'never'" in problem.expected


# Small datasets


def test_billing_lines_are_exact_values_with_file_and_row(desk: Desk) -> None:
    header = (*LINES, "contract_version", "invoice", "invoice_date", "reference", "note")
    desk.csv("b.csv", header, [*line(), "2", "INV-1", "2026-11-03", "ref", "=1+1"],
             [*line(2, quantity="", rate="", amount="-0.005", period="2026-09"), "", "", "", "", ""])  # fmt: skip
    desk.source("billing_lines", 'path = "b.csv"', 'control = { rows = 2, amount = "24.995" }')
    inputs = desk.read()
    first, second = inputs.billing_lines
    assert (first.amount, first.quantity, first.rate) == (Decimal("25.00"), Decimal(10), Decimal("2.5"))
    assert (first.contract_version, first.invoice_date, first.note) == (2, dt.date(2026, 11, 3), "=1+1")
    assert (first.file, first.row, second.row) == ("b.csv", 1, 2)
    assert (second.quantity, second.amount, second.contract_version) == (None, Decimal("-0.005"), None)
    (record,) = inputs.manifest
    assert (record.rows, record.used, record.out_of_period, record.rejected) == (2, 1, 1, 0)
    assert all(total.agrees for total in record.controls) and len(record.controls) == 2


def test_every_reason_to_reject_a_billing_line(desk: Desk) -> None:
    wrong = {
        "billing_line_id": "", "contract": "", "item": "", "period": "October", "kind": "fee", "quantity": "ten",
        "rate": "1/3", "amount": "25,00", "currency": "usd",
    }  # fmt: skip
    desk.csv("b.csv", LINES, line(), *[line(2, **{column: value}) for column, value in wrong.items()])
    desk.source("billing_lines", 'path = "b.csv"', 'control = { rows = 9, amount = "25.01" }')
    inputs = desk.read()
    assert {row.column: row.value for row in inputs.rejected} == wrong
    assert all(row.reason == "missing" or row.reason.startswith("expected ") for row in inputs.rejected)
    assert [total.agrees for total in inputs.manifest[0].controls] == [False, False]
    assert len(inputs.billing_lines) == 1


def test_repeated_keys_of_small_datasets_are_all_set_aside(desk: Desk) -> None:
    desk.csv(
        "t.csv", ("item", "date", "impressions"), ("a", "2026-10-01", 5), ("b", "2026-10-01", 6), ("a", "2026-10-01", 7)
    )
    desk.csv(
        "f.csv",
        ("date", "base", "quote", "rate"),
        ("2026-10-01", "EUR", "USD", "1.1"),
        ("2026-10-01", "EUR", "USD", "1.1"),
    )
    desk.csv(
        "o.csv",
        ("contract", "item", "kind", "value", "period"),
        ("k", "", "hold", "12.50", ""),
        ("k", "i", "spend", "1", ""),
    )
    for dataset in ("third_party", "fx_rates", "opening_balances"):
        desk.source(dataset, f'path = "{dataset[0]}.csv"')
    inputs = desk.read()
    assert [(row.item, row.impressions) for row in inputs.third_party] == [("b", 6)]
    assert inputs.fx_rates == () and len(inputs.opening_balances) == 2
    assert (inputs.opening_balances[0].item, inputs.opening_balances[0].value) == (None, Decimal("12.50"))
    assert [(row.dataset, row.row, row.value) for row in inputs.rejected] == [
        ("fx_rates", 1, "2026-10-01, EUR, USD"), ("fx_rates", 2, "2026-10-01, EUR, USD"),
        ("third_party", 1, "a, 2026-10-01"), ("third_party", 3, "a, 2026-10-01"),
    ]  # fmt: skip
    assert {record.dataset: record.rejected for record in inputs.manifest} == {
        "third_party": 2, "fx_rates": 2, "opening_balances": 0,
    }  # fmt: skip


def test_control_amounts_of_events_are_added_exactly(desk: Desk) -> None:
    desk.csv(
        "d.csv",
        ("billing_line_id", "conversion_id", "amount"),
        ("L1", "a", "0.1"),
        ("L1", "b", "0.2"),
        ("L1", "c", "x"),
    )
    desk.source("billing_details", 'path = "d.csv"', 'control = { rows = 3, amount = "0.3" }')
    (record,) = desk.read().manifest
    assert [(total.measure, total.agrees) for total in record.controls] == [("rows", True), ("amount", True)]


# Databases


def billing_database(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE lines ({', '.join(LINES)})")
        database.executemany(f"INSERT INTO lines VALUES ({', '.join('?' * len(LINES))})", rows)
    database.close()


def from_database(desk: Desk, query: str, *more: str) -> None:
    desk.source("billing_lines", 'database = "sqlite:///b.db"', f'query = "{query}"', *more)


def test_a_query_is_bound_to_the_period_and_told_in_the_manifest(desk: Desk) -> None:
    billing_database(desk.folder / "b.db", [line(1, amount=5.05), line(2, period="2026-09"), line(3, kind="fee")])
    from_database(desk, "select * from lines where period = :period", "control = { rows = 2, amount = '5.05' }")
    inputs = desk.read()
    (only,) = inputs.billing_lines
    assert (only.amount, only.file, only.row) == (Decimal("5.05"), "query:billing_lines", 1)
    assert [(row.file, row.row, row.value) for row in inputs.rejected] == [("query:billing_lines", 2, "fee")]
    (told,) = inputs_list(inputs.manifest)
    assert (told["system"], told["parameters"]) == ("sqlite:///b.db", {"period": "2026-10"})
    assert told["query"] == "select * from lines where period = :period" and "file" not in told
    assert told["control"]["amount"] == {"declared": "5.05", "found": "5.05", "agrees": True}


def test_the_hash_of_a_query_depends_on_its_rows_alone(desk: Desk) -> None:
    def digest(rows: Sequence[Sequence[Any]]) -> str:
        (desk.folder / "b.db").unlink(missing_ok=True)
        billing_database(desk.folder / "b.db", rows)
        with Engine(threads=1) as engine:
            return read_inputs(desk.workspace(), engine, OCTOBER).manifest[0].sha256

    from_database(desk, "select * from lines")
    rows = [line(number) for number in range(5)]
    assert digest(rows) == digest(rows[::-1])
    assert (
        len(
            {
                digest(rows),
                digest(rows[:4]),
                digest([*rows[:4], line(4, rate=None)]),
                digest([*rows[:4], line(4, rate="")]),
            }
        )
        == 4
    )


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("select * from nowhere", "no such table: nowhere"),
        ("selec", 'near "selec": syntax error'),
        ("select * from lines where period = :month", ":month"),
        ("select contract from lines", "missing"),
        ("delete from lines returning *", "attempt to write a readonly database"),
        ("select *, amount from lines", "amount"),
    ],
)
def test_a_query_that_cannot_be_used_says_why(desk: Desk, query: str, value: str) -> None:
    billing_database(desk.folder / "b.db", [line()])
    from_database(desk, query)
    assert value in {problem.value for problem in desk.problems()}
    with sqlite3.connect(desk.folder / "b.db") as database:
        assert database.execute("SELECT count(*) FROM lines").fetchone() == (1,)
    database.close()


@pytest.mark.parametrize("url", ["nosuch://u:secret@host/x", "postgresql+psycopg://u:secret@127.0.0.1:1/x", "::"])
def test_a_database_out_of_reach_is_told_without_its_password(desk: Desk, url: str) -> None:
    desk.source("clicks", f'database = "{url}"', 'query = "select 1"')
    (problem,) = desk.problems()
    assert "secret" not in str(problem) and "[data.clicks] query" in problem.place


def test_chunks_of_a_query_are_one_dataset(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "CHUNK_ROWS", 3)
    billing_database(desk.folder / "b.db", [line(number) for number in range(10)])
    from_database(desk, "select * from lines")
    assert [row.row for row in desk.read().billing_lines] == list(range(1, 11))


def test_postgresql_values_arrive_exact(desk: Desk, postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE IF EXISTS conv"))
        connection.execute(
            sqlalchemy.text(
                "CREATE TABLE conv (id uuid, at timestamptz, program text, user_id bigint, action text,"
                " sale numeric(20,8), currency char(3), is_test boolean, is_fraud boolean)"
            )
        )
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO conv SELECT id::uuid, '2026-10-01 02:00:00.000001+02',"
                " 'p', 7, 'sale', sale, 'USD', true, null"
                " FROM (VALUES ('6ecd8c99-4036-403d-bf84-cf8400f67836', 19.990000),"
                " ('6ecd8c99-4036-403d-bf84-cf8400f67837', 0.00000001),"
                " ('6ecd8c99-4036-403d-bf84-cf8400f67838', 'NaN')) made (id, sale)"
            )
        )
    engine.dispose()
    renames = 'columns = { conversion_id = "id", ts = "at", sale_amount = "sale" }'
    desk.source(
        "conversions",
        f'database = "{postgres_url}"',
        "query = \"select * from conv where at::text > '2' order by id\"",
        renames,
    )
    inputs = desk.read()
    assert desk.engine.rows(
        "SELECT conversion_id, ts, user_id, sale_micros, currency, is_test, is_fraud FROM conversions"
    ) == [
        (
            "6ecd8c99-4036-403d-bf84-cf8400f67836",
            instant("2026-10-01T00:00:00.000001Z"),
            "7",
            19_990_000,
            "USD",
            True,
            None,
        )
    ]
    assert [(row.row, row.column, row.value) for row in inputs.rejected] == [
        (2, "sale_amount", "0.00000001"), (3, "sale_amount", "NaN"),
    ]  # fmt: skip


# Whatever the rows are

WILD = st.sampled_from(
    ["", "x", "2026-10-01T00:00:00Z", "2026-10-01", "givt", "bot", "true", "0", '"', "a\nb", "é", "null"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[WILD] * len(CLICKS)), max_size=30), st.randoms(use_true_random=False))
def test_rows_read_are_rows_used_and_rejected_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], random: Any
) -> None:
    def outcome(some: list[tuple[str, ...]], kind: str) -> tuple[Any, ...]:
        desk = Desk(tmp_path_factory.mktemp("desk"))
        if kind == "csv":
            desk.csv("c.csv", CLICKS, *some)
        else:
            columns = list(zip(*some, strict=True)) or [()] * len(CLICKS)
            desk.parquet("c.parquet", {name: pa.array(v, pa.string()) for name, v in zip(CLICKS, columns, strict=True)})
        desk.source("clicks", f'path = "c.{kind}"')
        with desk.engine as engine:
            inputs = desk.read()
            used = engine.rows("SELECT * FROM clicks ORDER BY ALL")
            located = engine.rows("SELECT row FROM located_clicks")
        (record,) = inputs.manifest
        assert record.rows == len(some) == len(used) + len(inputs.rejected) == record.used + record.rejected
        assert sorted([row.row for row in inputs.rejected] + [row for (row,) in located]) == list(
            range(1, len(some) + 1)
        )
        return used, sorted((row.column, row.value, row.reason) for row in inputs.rejected), record.first, record.last

    shuffled = random.sample(rows, len(rows))
    assert outcome(rows, "csv") == outcome(shuffled, "csv") == outcome(shuffled, "parquet")
