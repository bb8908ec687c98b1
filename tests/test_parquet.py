"""Parquet files: never copied, whatever their column order and types, faults found with or without footers."""

from __future__ import annotations

import pyarrow as pa
import pytest
from desk import Desk, clicks

from recon.period import instant
from recon.problems import Problem


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
