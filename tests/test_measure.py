"""Widths of columns and heights of rows: enough for what stands there, in any program, and not more."""

from fractions import Fraction

import pytest

from recon.evidence.measure import heading_units, line_count, number_units, text_units
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import Look, money


def a_sheet(*columns: Column) -> Sheet:
    return Sheet("Sheet", columns, lambda look, is_foreign: 0)


def test_the_same_letters_take_the_room_they_take_in_arial() -> None:
    """Arial's own widths: a digit is 556 thousandths of the size, a W 944, an i 222."""
    assert text_units("0000") == pytest.approx(4 * 0.556 * 9 / 5.25)
    assert text_units("W", size=10) == pytest.approx(9.44 / 5.25)
    assert text_units("iiii") < text_units("WW") < text_units("株式会社")


def test_a_text_breaks_between_words_and_only_a_word_that_is_too_long_is_broken() -> None:
    assert line_count("one two", 30) == 1
    assert line_count("one two three four five six", 10) == 3
    assert line_count("first\nsecond", 30) == 2
    identity = "2026-10/larkfield-network/FJ-CTV-RUN/payout/USD/stale_version"
    assert (line_count(identity, 64), line_count(identity, 30)) == (1, 2)


def test_an_amount_never_shows_as_hashes() -> None:
    sheet = a_sheet(Column("amount", "Amount", 8), Column("what", "What", 20))
    with sheet.table():
        sheet.next_row()
        sheet.put("amount", Fraction("123456789012.34"), Look("engine", money(2)))
    (amount, _) = (sheet.width(column) for column in sheet.columns)
    assert amount > text_units("123,456,789,012.34", is_bold=True) > 8


def test_a_column_is_no_wider_than_its_texts_and_its_heading_need() -> None:
    sheet = a_sheet(Column("kind", "Kind", 40), Column("long", "Long", 10), Column("empty", "Not a word here", 40))
    with sheet.table():
        sheet.next_row()
        sheet.put("kind", "payout", Look("text"))
        sheet.put("long", "x" * 50, Look("text"))
    kind, long, empty = (sheet.width(column) for column in sheet.columns)
    assert kind < 8 and long == 10 and empty == heading_units("Not a word here") < 12


def test_what_is_no_amount_keeps_the_declared_width() -> None:
    assert number_units(Fraction(46000), "yyyy-mm-dd") is None
    sheet = a_sheet(Column("day", "Day", 11))
    with sheet.table():
        sheet.next_row()
        sheet.put("day", Fraction(46000), Look("input", "yyyy-mm-dd"))
    assert sheet.width(sheet.columns[0]) == 11
