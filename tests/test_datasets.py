"""Each kind of column reads exactly what it should, from text and from typed columns, and refuses the rest."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.engine import Engine
from recon.inputs.datasets import CURRENCIES, DATASETS, Column, Kind
from recon.inputs.reading import expected, family, reading
from recon.period import instant, instant_text

UTC = dt.timezone.utc
NOTHING = "rejected"


@pytest.fixture(scope="module")
def engine():
    with Engine(memory_limit="500MB", threads=1) as opened:
        yield opened


def read(engine: Engine, column: Column, values: pa.Array) -> list[Any]:
    """Each value as the column reads it, NOTHING where the row would be rejected."""
    engine.load("probe", {"n": "BIGINT"}, pa.table({"n": pa.array([], pa.int64())}))
    engine._connection.register("probe_values", pa.table({"n": pa.array(range(len(values))), "x": values}))
    sql_type = engine.row("SELECT column_type FROM (DESCRIBE probe_values) WHERE column_name = 'x'")[0]
    found = reading(column, "x", sql_type)
    assert found is not None, sql_type
    bad = " OR ".join(condition for condition in (found.missing, found.fault()) if condition) or "false"
    sql = f"SELECT coalesce({bad}, false), CASE WHEN NOT coalesce({bad}, false) THEN {found.value} END"
    rows = engine.rows(f"{sql} FROM probe_values ORDER BY n")
    return [NOTHING if is_bad else value for is_bad, value in rows]


def text(engine: Engine, column: Column, *values: str | None) -> list[Any]:
    return read(engine, column, pa.array(values, pa.string()))


def test_instants_are_iso_8601_in_utc_unless_they_say_otherwise(engine: Engine) -> None:
    good = {
        "2026-10-01T00:00:00Z": "2026-10-01T00:00:00Z",
        "2026-10-01T00:00:00": "2026-10-01T00:00:00Z",
        "2026-10-01 00:00": "2026-10-01T00:00:00Z",
        "2026-10-01T00:00:00.5Z": "2026-10-01T00:00:00.500000Z",
        "2026-10-01T00:00:00.000001+02:00": "2026-09-30T22:00:00.000001Z",
        "2026-10-01T00:00:00-0530": "2026-10-01T05:30:00Z",
        "2024-02-29T23:59:59.999999Z": "2024-02-29T23:59:59.999999Z",
        "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
    }
    assert [instant_text(us) for us in text(engine, Column("ts", "instant"), *good)] == list(good.values())
    assert text(engine, Column("ts", "instant"), *good) == [instant(value) for value in good]


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-01", "2026-10-0100:00", "2026-10-01T24:00:00Z", "2026-10-01T00:00:60Z", "2026-02-29T00:00:00Z",
        "2026-10-01T00:00:00.1234567Z", "01.10.2026 00:00", "1790812800", "infinity", "epoch", "now",
        "2026-10-01T00:00:00 UTC", "2026-10-01T00:00:00America/New_York", " 2026-10-01T00:00:00Z",
        "0000-10-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "2026-10-01T00:00:00+24:00",
        "2026-13-01T00:00:00Z", "2026-10-01t00:00:00z", "２０２６-10-01T00:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_rejected(engine: Engine, value: str) -> None:
    assert text(engine, Column("ts", "instant"), value) == [NOTHING]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)), min_size=1))
def test_an_instant_is_the_same_from_every_type(moments: list[dt.datetime]) -> None:
    wanted = [instant(moment.isoformat()) for moment in moments]
    column = Column("ts", "instant", is_key=True)
    with Engine(threads=1) as engine:
        assert text(engine, column, *[moment.isoformat() for moment in moments]) == wanted
        assert read(engine, column, pa.array(moments, pa.timestamp("us"))) == wanted
        aware = [moment.replace(tzinfo=UTC) for moment in moments]
        assert read(engine, column, pa.array(aware, pa.timestamp("us", tz="America/New_York"))) == wanted


def test_nanoseconds_count_only_where_they_are_whole_microseconds(engine: Engine) -> None:
    for zone in (None, "UTC"):
        values = pa.array([1_000, 1_001, None, 2**63 - 1], pa.timestamp("ns", tz=zone))
        assert read(engine, Column("ts", "instant"), values) == [1, NOTHING, None, NOTHING]
    assert read(engine, Column("ts", "instant"), pa.array([1], pa.timestamp("s"))) == [1_000_000]
    assert read(engine, Column("ts", "instant"), pa.array([1], pa.timestamp("ms"))) == [1_000]


SALE = Column("sale_amount", "amount", low=0)


def test_sale_amounts_become_whole_millionths(engine: Engine) -> None:
    good = {
        "12.34": 12_340_000,
        "0": 0,
        "+7": 7_000_000,
        "0.000001": 1,
        "9000000000000": 9 * 10**18,
        "1.5000000000": 1_500_000,
    }
    assert text(engine, SALE, *good) == list(good.values())
    bad = [
        "-0.01",
        "1,234.50",
        "1e3",
        "0.0000001",
        "9000000000000.000001",
        "NaN",
        "inf",
        "$5",
        "5 ",
        "0x10",
        "1_000",
        ".5",
        "5.",
    ]
    assert text(engine, SALE, *bad) == [NOTHING] * len(bad)
    assert text(engine, SALE, None, "") == [None, None]
    assert text(engine, Column("amount", "amount", is_key=True), "-5.25", "", None) == [-5_250_000, NOTHING, NOTHING]


def test_typed_amounts_are_exact(engine: Engine) -> None:
    decimals = [Decimal("12.34"), Decimal("-1"), None, Decimal(10) ** 30]
    assert read(engine, SALE, pa.array(decimals, pa.decimal128(38, 2))) == [12_340_000, NOTHING, None, NOTHING]
    fine = [Decimal("0.000001"), Decimal("0.0000001"), Decimal("0.1")]
    assert read(engine, SALE, pa.array(fine, pa.decimal128(38, 18))) == [1, NOTHING, 100_000]
    huge = [Decimal(10) ** 37, Decimal(3)]
    assert read(engine, SALE, pa.array(huge, pa.decimal128(38, 0))) == [NOTHING, 3_000_000]
    for kind in (pa.int8(), pa.int64(), pa.uint64()):
        assert read(engine, SALE, pa.array([5], kind)) == [5_000_000]
    assert read(engine, SALE, pa.array([2**62, -1], pa.int64())) == [NOTHING, NOTHING]


def test_binary_amounts_count_only_where_their_shortest_decimal_has_six_places(engine: Engine) -> None:
    values = [0.1, 19.99, 0.1 + 0.2, 1e-6, 1e-7, float("nan"), float("inf"), 123456789.123456, None, 1e300]
    wanted = [100_000, 19_990_000, NOTHING, 1, NOTHING, NOTHING, NOTHING, 123_456_789_123_456, None, NOTHING]
    assert read(engine, SALE, pa.array(values, pa.float64())) == wanted
    assert read(engine, SALE, pa.array([0.1], pa.float32())) == [100_000]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9 * 10**18), min_size=1))
def test_an_amount_is_the_same_from_every_type(micros: list[int]) -> None:
    exact = [Decimal(value).scaleb(-6) for value in micros]
    with Engine(threads=1) as engine:
        assert text(engine, SALE, *[f"{value:f}" for value in exact]) == micros
        assert read(engine, SALE, pa.array(exact, pa.decimal128(38, 6))) == micros


def test_numbers_stay_the_text_they_are(engine: Engine) -> None:
    number, rate = Column("value", "number"), Column("rate", "number", above=0)
    assert text(engine, number, "-12.3400", "0.000000000000000001", "1e5", "", "12,5") == [
        "-12.3400", "0.000000000000000001", NOTHING, None, NOTHING,
    ]  # fmt: skip
    assert text(engine, rate, "0", "-1", "0.00001") == [NOTHING, NOTHING, "0.00001"]
    assert read(engine, number, pa.array([Decimal("1.50")], pa.decimal128(10, 2))) == ["1.50"]
    assert read(engine, number, pa.array([5.05, 100.0, 0.30000000000000004, -0.5])) == ["5.05", "100", NOTHING, "-0.5"]
    assert read(engine, rate, pa.array([1.1383, 0.0])) == ["1.1383", NOTHING]
    assert read(engine, number, pa.array([7])) == ["7"]


def test_whole_numbers_may_come_as_any_number_that_is_whole(engine: Engine) -> None:
    count, version = Column("impressions", "whole", low=0), Column("contract_version", "whole", low=1)
    assert text(engine, count, "0", "12", "-1", "1.0", "1e3", "") == [0, 12, NOTHING, NOTHING, NOTHING, None]
    assert read(engine, count, pa.array([3.0, 3.5, None, float("nan")])) == [3, NOTHING, None, NOTHING]
    assert read(engine, version, pa.array([0, 1])) == [NOTHING, 1]


def test_booleans_have_a_few_words(engine: Engine) -> None:
    flag = Column("is_test", "boolean")
    assert text(engine, flag, "true", "False", "1", "0", "t", "no", "", "maybe", "2") == [
        True, False, True, False, True, False, None, NOTHING, NOTHING,
    ]  # fmt: skip
    assert read(engine, flag, pa.array([True, None])) == [True, None]
    assert read(engine, flag, pa.array([1, 0, 2])) == [True, False, NOTHING]


def test_dates_and_periods(engine: Engine) -> None:
    date, period = Column("date", "date"), Column("period", "period")
    day = dt.date(2026, 10, 31)
    assert text(engine, date, "2026-10-31", "2026-10-32", "31.10.2026", "2026-10-31T00:00:00", "") == [
        day, NOTHING, NOTHING, NOTHING, None,
    ]  # fmt: skip
    assert read(engine, date, pa.array([day])) == [day]
    stamps = [dt.datetime(2026, 10, 31), dt.datetime(2026, 10, 31, 1)]
    for unit in ("us", "ns"):
        for zone in (None, "UTC"):
            assert read(engine, date, pa.array(stamps, pa.timestamp(unit, tz=zone))) == [day, NOTHING]
    assert text(engine, period, "2026-10", "2026-13", "0000-01", "2026-1", "202610") == ["2026-10", *[NOTHING] * 4]


def test_words_out_of_a_list(engine: Engine) -> None:
    ivt = Column("ivt", "choice", choices=("givt", "sivt"))
    assert text(engine, ivt, "givt", "sivt", "", None, "GIVT", "bot") == ["givt", "sivt", None, None, NOTHING, NOTHING]
    assert text(engine, Column("currency", "currency"), "USD", "JPY", "usd", "XXX", "") == [
        "USD",
        "JPY",
        NOTHING,
        NOTHING,
        None,
    ]
    assert {"USD", "EUR", "JPY", "KWD"} < set(CURRENCIES) and "XAU" not in CURRENCIES


def test_text_is_taken_as_it_is_and_ids_may_be_numbers(engine: Engine) -> None:
    assert text(engine, Column("item"), " a ", "", None, "é\n") == [" a ", None, None, "é\n"]
    key = Column("id", is_key=True)
    assert text(engine, key, "x", "", None) == ["x", NOTHING, NOTHING]
    assert read(engine, key, pa.array([2**63, None], pa.uint64())) == [str(2**63), NOTHING]
    assert read(engine, key, pa.array(["x", None]).dictionary_encode()) == ["x", NOTHING]


def test_a_column_of_nulls_is_empty_whatever_its_kind() -> None:
    for dataset in DATASETS.values():
        for column in dataset.columns:
            found = reading(column, "x", '"NULL"')
            assert found is not None and found.value == f"NULL::{column.sql_type}"


UNFIT: tuple[tuple[Kind, str], ...] = (
    ("instant", "BIGINT"), ("instant", "DATE"), ("amount", "BOOLEAN"), ("text", "DOUBLE"), ("boolean", "DOUBLE"),
    ("date", "INTEGER"), ("choice", "INTEGER"), ("text", "STRUCT(a INTEGER)"), ("period", "DATE"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "sql_type"), UNFIT)
def test_unfit_types_cannot_be_read(kind: Kind, sql_type: str) -> None:
    assert reading(Column("x", kind), "x", sql_type) is None


def test_every_column_says_what_it_expects() -> None:
    for dataset in DATASETS.values():
        for column in dataset.columns:
            assert "{" not in expected(column) and expected(column)
    assert expected(SALE) == "a plain number with at most 6 decimals, 0 or more"
    assert family("TIMESTAMPTZ_NS") == "nanoseconds"
