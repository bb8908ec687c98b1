"""Files and databases become relations in which every row read is used or told as rejected, with its place."""

from __future__ import annotations

import gzip
import os
import threading
from typing import Any

import pyarrow as pa
import pytest
from desk import CLICKS, Desk, clicks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon.inputs import files, rejects
from recon.inputs.datasets import DATASETS
from recon.period import instant

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


def test_without_sources_every_relation_is_there_empty_with_exact_types(desk: Desk) -> None:
    inputs = desk.read()
    for dataset, columns in EXPECTED_COLUMNS.items():
        described = desk.engine.rows(f"DESCRIBE {dataset}")
        assert (
            ", ".join(f"{row[0]} {row[1].replace('VARCHAR', 'TEXT')}" for row in described)
            == f"{columns}, file_number INTEGER"
        )
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
    told = ", ".join(f"{row[0]} {row[1].replace('VARCHAR', 'TEXT')}" for row in described)
    assert told == f"{EXPECTED_COLUMNS[dataset]}, file_number INTEGER"


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
