"""A made month: the same bytes for the same seed, the counts asked for, and rows on every bound."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from fixtures.columns import identifiers
from fixtures.market import DAY, in_force, midnight, read_documents, read_market
from fixtures.months import Month, make_month

CONTRACTS = Path(__file__).parent.parent / "contracts"
SMALL = Month(impressions=6_000, clicks=900, conversions=300, seed=5)
pytestmark = pytest.mark.xdist_group("months")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("month")
    make_month(CONTRACTS, made, SMALL)
    return made


def rows_of(folder, dataset):
    return ds.dataset(folder / dataset).to_table()


def micros(column):
    return [None if at is None else (at - EPOCH) // timedelta(microseconds=1) for at in column.to_pylist()]


def in_month(table):
    start, end = SMALL.span
    return sum(start <= ts < end for ts in micros(table.column("ts")))


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    make_month(CONTRACTS, tmp_path, SMALL)
    first = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.parquet")}
    second = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    assert first == second
    assert len(first) > 40


def test_another_seed_gives_another_month(folder, tmp_path):
    make_month(CONTRACTS, tmp_path, Month(impressions=6_000, clicks=900, conversions=300, seed=6))
    mine, theirs = rows_of(folder, "conversions"), rows_of(tmp_path, "conversions")
    assert mine.column("ts").to_pylist()[100:] != theirs.column("ts").to_pylist()[100:]


def test_the_month_holds_at_least_the_rows_asked_for(folder):
    assert in_month(rows_of(folder, "impressions")) >= SMALL.impressions
    assert in_month(rows_of(folder, "conversions")) >= SMALL.conversions
    assert rows_of(folder, "clicks").num_rows >= SMALL.clicks


def test_every_item_is_shown_on_and_around_each_instant_where_its_terms_change(folder):
    shown = rows_of(folder, "impressions")
    seen = set(zip(shown.column("item").to_pylist(), micros(shown.column("ts")), strict=True))
    for item in read_market(CONTRACTS, "2026-10").items:
        assert len(item.bounds) >= 2
        assert all((item.item, at + near) in seen for at in item.bounds for near in (-1, 0, 1))


def test_conversions_stand_on_and_around_each_instant_where_a_deal_changes(folder):
    sold = rows_of(folder, "conversions")
    seen = set(zip(sold.column("program").to_pylist(), micros(sold.column("ts")), strict=True))
    for program in read_market(CONTRACTS, "2026-10").programs:
        for deal in program.deals:
            assert all((program.program, at + near) in seen for at in deal.bounds for near in (-1, 0, 1))


def test_some_clicks_are_exactly_as_old_as_each_click_window(folder):
    clicks, sold = rows_of(folder, "clicks"), rows_of(folder, "conversions")
    converted = dict(zip(sold.column("user_id").to_pylist(), micros(sold.column("ts")), strict=True))
    touched = zip(clicks.column("user_id").to_pylist(), micros(clicks.column("ts")), strict=True)
    ages = {converted[user] - ts for user, ts in touched if user in converted}
    for program in read_market(CONTRACTS, "2026-10").programs:
        for window in {window for deal in program.deals for window in deal.windows | deal.ages}:
            assert {window - 1, window, window + 1} <= ages


def test_repeats_come_at_once_within_a_day_at_the_bound_and_beyond(folder):
    shown = rows_of(folder, "impressions")
    first: dict[str, int] = {}
    gaps = []
    for key, ts in sorted(zip(shown.column("impression_id").to_pylist(), micros(shown.column("ts")), strict=True)):
        gaps += [ts - first[key]] if key in first else []
        first[key] = ts
    assert 0 in gaps
    assert any(0 < gap < DAY for gap in gaps)
    assert any(gap > DAY for gap in gaps)


@pytest.mark.parametrize("dataset, column", [("impressions", "ivt"), ("clicks", "ivt"), ("conversions", "is_fraud")])
def test_invalid_traffic_tests_and_late_rows_are_among_them(folder, dataset, column):
    table = rows_of(folder, dataset)
    assert any(table.column(column).to_pylist())
    assert any(table.column("is_test").to_pylist())
    cutoff = SMALL.span[1] + 3 * DAY
    assert any(at is not None and at > cutoff for at in micros(table.column("ingested_at")))


def test_conversions_are_sold_in_several_currencies_and_taken_back_in_full_and_in_part(folder):
    currencies = pc.unique(rows_of(folder, "conversions").column("currency")).to_pylist()
    assert {"USD", "GBP", "JPY", "EUR"} <= set(currencies)
    amounts = rows_of(folder, "reversals").column("sale_amount").to_pylist()
    assert None in amounts
    assert any(amounts)


def test_identifiers_are_unique_and_plain_text():
    import numpy as np

    made = identifiers("im-", np.arange(200_000))
    assert pc.count_distinct(made).as_py() == 200_000
    assert made[7].as_py().startswith("im-") and len(made[7].as_py()) == 15


def test_the_book_has_the_variety_the_demo_promises():
    documents = [d for d in read_documents(CONTRACTS) if d["kind"] == "original"]
    kinds = [(d["terms"]["model"], d["direction"]) for d in documents]
    assert kinds.count(("cpm", "charge")) >= 4 and kinds.count(("cpm", "payout")) >= 2
    assert kinds.count(("cpa", "charge")) >= 2 and kinds.count(("cpa", "payout")) >= 8
    assert len({d["timezone"] for d in documents}) >= 4 and len({d["currency"] for d in documents}) >= 3
    assert len({d["terms"]["program"] for d in documents if d["terms"]["model"] == "cpa"}) >= 3


def test_a_terminated_contract_is_out_of_force_from_its_date():
    versions = [d for d in read_documents(CONTRACTS) if d["contract"] == "pinecrest-banner"]
    assert in_force(versions, date(2026, 10, 23))["version"] == "1"
    assert in_force(versions, date(2026, 10, 24)) is None


def test_local_midnights_follow_the_zone():
    assert midnight(date(2026, 10, 1), "Asia/Tokyo") == midnight(date(2026, 10, 1), "UTC") - 9 * DAY // 24
    assert midnight(date(2026, 10, 26), "Europe/London") == midnight(date(2026, 10, 26), "UTC")
    assert midnight(date(2026, 10, 25), "Europe/London") == midnight(date(2026, 10, 25), "UTC") - DAY // 24
