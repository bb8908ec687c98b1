"""The pocket calculator notices whatever is changed in a working: it is no rubber stamp."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction

import pytest
from test_cases import CASE_OF, CASES, as_told, closed

from fixtures.pocket_calculator import redone

SHOWN = ("4.5-the-whole-chain", "4.3-carry-volume", "4.2-three-tiers", "3.5-booked-then-tiers", "3.6-split",
         "4.5-contract-cap-in-document-order", "4.6-minimum-prorated", "6.1-percent-with-min-and-max", "6.5-bonus-at-2",
         "6.2-sale-amount-split-at-a-threshold", "6.6-held-balance-is-released", "5.7-clawback-partial")  # fmt: skip
NUMBERS = ("quantity", "rate", "amount", "before", "limit", "others", "charged", "each", "start", "reached", "own",
           "third_party", "after", "tier", "run_end", "days", "percent", "share")  # fmt: skip


@pytest.fixture(params=SHOWN)
def month(request, tmp_path):
    folder = shutil.copytree(CASES / request.param, tmp_path / "month")
    close = closed(folder, CASE_OF[request.param])
    return close.workings.to_dict("records"), as_told(close)


def test_any_number_changed_is_noticed(month):
    workings, lines = month
    assert redone(workings, lines) == []
    unnoticed = []
    for place, row in enumerate(workings):
        for name in NUMBERS:
            is_told = row.get(name) is not None and str(row[name]) not in ("", "nan")
            if not is_told or (row["kind"], row["operation"], name) == ("shortfall", "round", "quantity"):
                continue  # a minimum counts nothing
            other = {**row, name: str(Fraction(str(row[name])) + 1)}
            if not redone([*workings[:place], other, *workings[place + 1 :]], lines):
                unnoticed.append((row["operation"], name, row["text"]))
    assert unnoticed == []


def test_any_result_changed_in_a_sentence_is_noticed(month):
    workings, lines = month
    for place, row in enumerate(workings):
        *_, last = re.finditer(r"\d+(\.\d+)?", str(row["text"]))
        if row["operation"] == "position":
            continue
        other = {**row, "text": f"{row['text'][: last.start()]}{Fraction(last[0]) + 7}{row['text'][last.end() :]}"}
        assert redone([*workings[:place], other, *workings[place + 1 :]], lines), row["text"]


def test_a_step_left_out_is_noticed(month):
    workings, lines = month
    for place, row in enumerate(workings):
        is_replaced = any(other["operation"] == "shortfall" for other in workings[place + 1 :])
        if row["amount"] and Fraction(str(row["amount"])) and not (row["kind"] == "shortfall" and is_replaced):
            assert redone([*workings[:place], *workings[place + 1 :]], lines), row["text"]
