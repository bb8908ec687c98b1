"""The engine keeps integers exact, orders bytes and says which step failed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from recon.engine import ROW_GROUP_ROWS, Engine, EngineError, literal, quoted


@pytest.fixture
def engine():
    with Engine(memory_limit="500MB", threads=2) as opened:
        yield opened


def test_a_table_of_tuples_comes_back_exactly_as_it_went_in(engine: Engine) -> None:
    columns = {
        "id": "TEXT",
        "us": "BIGINT",
        "is_test": "BOOLEAN",
        "day": "DATE",
        "share": "HUGEINT",
        "rate": "DECIMAL(38,18)",
    }
    rows = [("a", 2**62, True, dt.date(2026, 10, 31), 2**100, Decimal("0.000000000000000001")), (None,) * 6]
    engine.table("small", columns, rows)
    assert sorted(engine.rows("FROM small"), key=str) == sorted(rows, key=str)


def test_a_table_may_be_empty_and_replaced(engine: Engine) -> None:
    engine.table("small", {"n": "BIGINT"}, [])
    assert engine.rows("FROM small") == []
    engine.table("small", {"n": "BIGINT"}, [(1,)])
    assert engine.row("FROM small") == (1,)


def test_sums_beyond_64_bits_stay_exact(engine: Engine) -> None:
    engine.table("big", {"n": "BIGINT"}, [(2**63 - 1,)] * 4)
    assert engine.row("SELECT sum(n) FROM big") == (4 * (2**63 - 1),)


def test_a_failing_step_is_named(engine: Engine) -> None:
    with pytest.raises(EngineError, match="count impressions"):
        engine.run("count impressions", "SELECT nothing FROM nowhere")


def test_steps_are_remembered_in_order_with_their_text(engine: Engine) -> None:
    engine.run("first", "CREATE TABLE t AS SELECT 1 AS n")
    engine.rows("FROM t", name="second")
    assert [step.name for step in engine.steps] == ["first", "second"]
    assert engine.steps[0].sql.startswith("CREATE TABLE t") and engine.steps[0].seconds >= 0


def test_progress_hears_each_step_before_it_runs() -> None:
    heard: list[str] = []
    with Engine(threads=1, on_step=heard.append) as engine:
        engine.run("one", "SELECT 1")
    assert heard == ["one"]


def test_parquet_bytes_do_not_depend_on_threads_or_row_order(tmp_path: Path) -> None:
    written = []
    for threads, order in ((1, "n"), (4, "hash(n)")):
        with Engine(threads=threads) as engine:
            engine.run(
                "make", f"CREATE TABLE t AS SELECT range AS n FROM range({ROW_GROUP_ROWS * 2 + 7}) ORDER BY {order}"
            )
            path = tmp_path / f"{threads}.parquet"
            rows = engine.write_parquet(
                "SELECT n, 'x' || n AS id, (n % 9)::DECIMAL(38,18) AS rate FROM t ORDER BY n", path
            )
            written.append((rows, path.read_bytes()))
    assert written[0] == written[1]
    assert written[0][0] == ROW_GROUP_ROWS * 2 + 7


def test_parquet_of_no_rows_still_has_its_columns(engine: Engine, tmp_path: Path) -> None:
    assert engine.write_parquet("SELECT 1::BIGINT AS n WHERE false", tmp_path / "none.parquet") == 0
    assert engine.row(f"SELECT count(n) FROM {literal(str(tmp_path / 'none.parquet'))}") == (0,)


def test_the_spill_folder_goes_with_the_engine(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    with Engine(temp_dir=spill), Engine(temp_dir=spill):
        assert len(list(spill.iterdir())) == 2
    assert not spill.exists()


def test_names_and_texts_are_quoted(engine: Engine) -> None:
    name, text = 'a "b" c', "it's"
    engine.run("quote", f"CREATE TABLE q AS SELECT {literal(text)} AS {quoted(name)}")
    assert engine.row(f"SELECT {quoted(name)} FROM q") == (text,)


def test_joins_are_as_written_until_the_outermost_part_of_the_work_ends(engine: Engine) -> None:
    asked = "SELECT current_setting('disabled_optimizers')"
    with engine.joined_as_written():
        with engine.joined_as_written():
            pass
        assert "join_order" in engine.row(asked)[0]
    assert engine.row(asked) == ("",)
