"""Queries are only read, their values exact, their hash that of their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from desk import LINES, OCTOBER, Desk, line

from recon.engine import Engine
from recon.inputs import inputs_list, queries, read_inputs
from recon.period import instant


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
