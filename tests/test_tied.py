"""What ties out and what is complete: figures by hand, what a hole in them looks like, and the sheet that says the same."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import openpyxl
import pytest
from stored_close import AClose, a_close

from recon.evidence import write_pack
from recon.evidence.complete import completeness
from recon.evidence.facts import Facts
from recon.evidence.tied import ContractTie, TieOut, Walk, tie_out


def tied(close: AClose | None = None) -> TieOut:
    return tie_out(Facts(close or a_close()))


def figures(walk: Walk) -> dict[str, list[int]]:
    steps = {step.words: [int(one) for one in step.figures] for step in (walk.read, *walk.less, *walk.fates)}
    return steps | {walk.reached: [int(one) for one in walk.scope]}


def test_impressions_are_told_once_per_direction() -> None:
    assert figures(tied().impressions) == {
        "Rows read (Inputs)": [2100000, 2100000],
        "less rows set aside": [5, 5],
        "less out of the period, read only to look back": [17, 17],
        "In scope": [2099978, 2099978],
        "duplicate": [0, 0],
        "unknown item": [56239, 2098645],
        "billable": [2043739, 1333],
    }


def test_conversions_end_with_those_that_were_decided_on() -> None:
    walk = tied().conversions
    assert list(figures(walk).values()) == [[40], [0], [1], [2], [4], [33], [33]] and walk.gaps == (0,)


def test_a_contract_is_tied_from_its_units_to_what_was_billed() -> None:
    contracts = {one.contract: one for side in tied().sides for one in side.contracts}
    northwind, kumo = contracts["northwind-ctv"], contracts["kumo-press"]
    assert (northwind.good, northwind.priced, northwind.expected, northwind.billed) == (
        2041239,
        2041239,
        2041239,
        2000000,
    )
    assert (northwind.gap, northwind.difference) == (0, -41239)
    assert not kumo.is_priced and kumo.gap == 0


def test_what_third_parties_counted_takes_part_in_the_difference() -> None:
    ten, eight = Fraction(10), Fraction(8)
    tie = ContractTie("ctv", "charge", True, ten, Fraction(-2), eight, eight, Fraction(9), (Fraction(3),))
    assert (tie.gap, tie.difference, tie.all_fates) == (0, 1, 13)
    assert replace(tie, by_others=Fraction(0)).gap == 2


def test_everything_holds_of_a_close_that_ties() -> None:
    assert [holds for _, holds in tied().statements] == [True] * 5


def test_rows_without_a_fate_are_a_difference() -> None:
    close = a_close()
    close.fates.loc[close.fates["fate"] == "billable", "quantity"] -= 1
    found = tied(close)
    wrong = [words for words, holds in found.statements if not holds]
    assert len(wrong) == 3 and wrong[0].endswith("for charges"), (
        "charges, payouts, and what the CPM lines were priced from"
    )
    assert all(gap > 0 for gap in found.impressions.gaps)


def test_rows_that_came_in_later_are_taken_off() -> None:
    close = a_close()
    close.manifest["not_known_yet"] = {"impressions": 7, "conversions": 1}
    walk = tied(close).impressions
    assert walk.less[1].figures == (7, 7) and walk.gaps == (-7, -7)


def test_every_contract_that_delivered_is_answered_and_orphans_are_named() -> None:
    found = completeness(Facts(a_close()))
    answers = {one.contract: (one.answer, one.expected, one.billed) for one in found.contracts}
    assert answers["northwind-ctv"] == ("yes", 2, 1) and answers["kumo-press"] == ("no delivery", 0, 0)
    assert [line["item"] for line in found.orphans] == ["OLD-1"] and found.gaps == 1


def test_a_contract_that_nobody_billed_is_a_gap() -> None:
    close = a_close()
    lines = close.lines[close.lines["contract"] != "sakura-video"].reset_index(drop=True)
    found = completeness(Facts(replace(close, lines=lines)))
    seen = next(one for one in found.contracts if one.contract == "sakura-video")
    assert seen.answer == "NO" and seen.note.startswith("Delivered in the period") and found.gaps == 2


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("tied") / "1.xlsx"
    write_pack(a_close(), path)
    return openpyxl.load_workbook(path, data_only=True)


def rows(book: openpyxl.Workbook, title: str) -> list[tuple[Any, ...]]:
    return [row for row in book[title].iter_rows(values_only=True) if row[0] is not None]


def test_the_sheet_says_the_same(book: openpyxl.Workbook) -> None:
    sheet, found = rows(book, "Tie-out"), tied()
    for walk in (found.impressions, found.conversions):
        place = next(n for n, row in enumerate(sheet) if row[0] == walk.title)
        told = {row[0]: list(row[2 : 2 + len(walk.columns)]) for row in sheet[place + 2 : place + 10]}
        assert figures(walk).items() <= told.items()
    for tie in (one for side in found.sides for one in side.contracts if one.is_priced):
        row = next(row for row in sheet if row[0] == tie.contract)
        told = [tie.good, tie.by_others, tie.priced, tie.gap, tie.expected, tie.billed, tie.difference, tie.all_fates]
        assert [Fraction(cell) for cell in row[2:10]] == told


def test_the_sheet_of_completeness_says_the_same(book: openpyxl.Workbook) -> None:
    told = {row[0]: row[4:8] for row in rows(book, "Completeness")}
    for seen in completeness(Facts(a_close())).contracts:
        assert told[seen.contract] == (seen.delivered, seen.expected, seen.billed, seen.answer)
