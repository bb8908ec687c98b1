"""The demo month: what is billed is the plain biller's bill but for the planted errors."""

import csv
import json
from collections import defaultdict
from decimal import Decimal

import pytest

from fixtures.demo import make_demo
from fixtures.months import Month

SMALL = Month(impressions=40_000, clicks=6_000, conversions=2_000)
# one worker makes the demo once
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "northwind"
    make_demo(folder, SMALL)
    return folder


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def key_of(row):
    return row["contract"], row["item"], row["kind"], row["currency"]


def planted_in(demo):
    return json.loads((demo / "answers" / "planted.json").read_text(encoding="utf-8"))


def test_every_planted_error_moves_a_line(demo):
    planted = planted_in(demo)
    assert len(planted) >= 10
    assert [error["cause"] for error in planted if not error["has_effect"]] == []
    assert len({error["contract"] for error in planted}) == len(planted)


def test_all_other_lines_are_billed_as_the_rules_say(demo):
    moved = {key_of(line) for error in planted_in(demo) for line in error["lines"]}
    clean = {key_of(row): (row["quantity"], row["amount"]) for row in rows_of(demo / "answers" / "lines.csv")}
    billed = {key_of(row): (row["quantity"], row["amount"]) for row in rows_of(demo / "billing" / "billing_lines.csv")}
    assert {key: clean[key] for key in clean.keys() - moved} == {key: billed[key] for key in billed.keys() - moved}


def test_the_list_of_errors_tells_what_the_bill_says(demo):
    billed = defaultdict(Decimal)
    for row in rows_of(demo / "billing" / "billing_lines.csv"):
        billed[key_of(row)] += Decimal(row["amount"])
    for line in (line for error in planted_in(demo) for line in error["lines"]):
        told = Decimal(line["billed"]["amount"]) if line["billed"] else Decimal(0)
        assert billed.get(key_of(line), Decimal(0)) == told


def test_details_add_up_to_the_lines_they_explain(demo):
    earned = defaultdict(Decimal)
    for row in rows_of(demo / "billing" / "billing_details.csv"):
        earned[row["billing_line_id"]] += Decimal(row["amount"])
    lines = {row["billing_line_id"]: row for row in rows_of(demo / "billing" / "billing_lines.csv")}
    assert earned.keys() <= lines.keys()
    apart = {key for key, amount in earned.items() if abs(amount - Decimal(lines[key]["amount"])) > 1}
    # only the line whose digits were transposed no longer agrees with its own details
    assert {lines[key]["contract"] for key in apart} <= {"hearth-nestguide"}


def test_the_demo_is_made_again_byte_for_byte(demo, tmp_path):
    make_demo(tmp_path / "again", SMALL)
    first = {path.relative_to(demo): path.read_bytes() for path in demo.rglob("*") if path.is_file()}
    second = {p.relative_to(tmp_path / "again"): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert first == second


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty"):
        make_demo(tmp_path, SMALL)


@pytest.fixture(scope="module")
def closed(demo):
    from recon.close import close_period
    from recon.period import Period
    from recon.workspace import Workspace

    return close_period(Workspace.open(demo), Period.parse("2026-10"))


def priced(rows, closed):
    """Rows of contracts that the close priced."""
    unpriced = {one["contract"] for one in closed.manifest["not_priced"]}
    return [row for row in rows if row["contract"] not in unpriced]


def test_the_close_expects_what_the_plain_biller_bills(demo, closed):
    bill = priced(rows_of(demo / "answers" / "lines.csv"), closed)
    lines = [
        row for row in priced(rows_of(closed.folder / "lines.csv"), closed) if Decimal(row["expected_amount"] or 0)
    ]
    told = {key_of(row): (Decimal(row["quantity"]), Decimal(row["amount"])) for row in bill if Decimal(row["amount"])}
    assert told == {key_of(r): (Decimal(r["expected_quantity"]), Decimal(r["expected_amount"])) for r in lines}


def test_the_close_gives_each_impression_and_conversion_the_plain_billers_fate(demo, closed):
    def fates_of(path):
        rows = (row for row in rows_of(path) if row["direction"])
        return {tuple(row.values()): row["quantity"] for row in map(as_key, rows)}

    def as_key(row):
        return {name: row[name] for name in ("direction", "dataset", "contract", "item", "fate", "quantity")}

    assert fates_of(demo / "answers" / "fates.csv") == fates_of(closed.folder / "fates.csv")


def test_the_close_decides_each_conversion_as_the_plain_biller_does(demo, closed):
    import pyarrow.parquet as pq

    decided = pq.read_table(closed.folder / "conversions.parquet").to_pylist()
    mine = {(row["contract"], row["conversion_id"]): (row["fate"], Decimal(row["amount"] or 0)) for row in decided}
    bill = rows_of(demo / "answers" / "conversions.csv")
    told = {(row["contract"], row["conversion_id"]): (row["fate"], Decimal(row["amount"] or 0)) for row in bill}
    assert mine == told


def test_lines_without_a_planted_error_match_and_those_with_one_do_not(demo, closed):
    moved = {key_of(line) for error in planted_in(demo) for line in error["lines"]}
    status = {key_of(row): row["status"] for row in priced(rows_of(closed.folder / "lines.csv"), closed)}
    assert {key for key, found in status.items() if found != "matched"} == moved


def test_the_demo_shows_a_clause_of_a_partners_own(closed):
    rows = {key_of(row): row for row in rows_of(closed.folder / "lines.csv")}
    line = rows["hearth-thriftowl", "_new_customer_kicker", "bonus", "GBP"]
    counted = rows["hearth-thriftowl", "new-customer", "payout", "GBP"]["expected_quantity"]
    assert line["status"] == "matched" and Decimal(line["expected_amount"]) == int(counted) * Decimal("0.35") > 0


def test_each_planted_error_is_named(demo, closed):
    findings = rows_of(closed.folder / "findings.csv")
    named = {key_of(row): {row["cause"], *row["rivals"].split()} for row in findings if Decimal(row["amount"])}
    planted = {key_of(line): error["cause"] for error in planted_in(demo) for line in error["lines"]}
    assert named.keys() == planted.keys()
    assert [key for key, cause in planted.items() if cause not in named[key]] == []
    proven = {key_of(row): row["cause"] for row in findings if row["grade"] == "proven"}
    assert proven.items() <= planted.items() and len(proven) > 4


def test_the_findings_of_a_line_add_up_to_its_variance(closed):
    rest = {key_of(row): Decimal(row["variance"]) for row in rows_of(closed.folder / "lines.csv")}
    for row in rows_of(closed.folder / "findings.csv"):
        rest[key_of(row)] -= Decimal(row["amount"])
    assert not any(rest.values())
