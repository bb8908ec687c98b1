"""The demo month: what is billed is the plain biller's bill but for the planted errors."""

import csv
import json
from collections import defaultdict
from decimal import Decimal

import pytest

from fixtures.demo import make_demo
from fixtures.months import Month

SMALL = Month(impressions=40_000, clicks=6_000, conversions=2_000)


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
