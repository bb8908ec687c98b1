"""CSV files: rows numbered as they stand in the file, ragged and unreadable ones told with their line."""

from __future__ import annotations

import gzip

import pytest
from desk import Desk

from recon.inputs import csvfiles


def test_rows_are_numbered_through_quoted_line_breaks_empty_lines_and_blocks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvfiles, "BLOCK", 256)
    lines, begins = ["click_id,ts,program,user_id"], {}
    for number in range(1, 101):
        begins[number] = len("\n".join(lines).split("\n")) + 1
        when = "never" if number % 10 == 0 else "2026-10-01T00:00:00Z"
        lines.append(f'c{number},{when},p,"u\n{number}"' + ("\n" if number % 7 == 0 else ""))
    desk.file("c.csv", ("\n".join(lines) + "\n").encode())
    desk.source("clicks", 'path = "c.csv"')
    inputs = desk.read()
    assert [(row.row, row.line) for row in inputs.rejected] == [(n, begins[n]) for n in range(10, 101, 10)]
    assert desk.engine.rows("SELECT row FROM located_clicks WHERE click_id = 'c99' AND user_id = 'u\n99'") == [(99,)]


def test_windows_line_ends_and_a_byte_order_mark_are_no_content(desk: Desk) -> None:
    desk.file("c.csv", '\ufeffclick_id,ts,program,user_id\r\nc1,2026-10-01T00:00:00Z,p,"u,""1"""\r\n'.encode())
    desk.source("clicks", 'path = "c.csv"')
    desk.read()
    assert desk.engine.rows("SELECT click_id, user_id FROM clicks") == [("c1", 'u,"1"')]


def test_ragged_rows_stop_the_command_each_with_its_line(desk: Desk) -> None:
    desk.file("c.csv", b'click_id,ts,program,user_id\n"c\n1",2026-10-01T00:00:00Z,p,u\nc2,x\n\nc3,a,b,c,d\n')
    desk.source("clicks", 'path = "c.csv"')
    found = [(problem.place, problem.value, problem.expected) for problem in desk.problems()]
    assert found == [
        ("c.csv:4", "2 values", "4, as in the first line"),
        ("c.csv:6", "5 values", "4, as in the first line"),
    ]


def test_many_ragged_rows_are_summed_up(desk: Desk) -> None:
    desk.file("c.csv", b"click_id,ts,program,user_id\n" + b"a,b\n" * 50)
    desk.source("clicks", 'path = "c.csv"')
    assert len(desk.problems()) == csvfiles.MOST_RAGGED + 1


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"click_id,ts,program,user_id\nc,\xff,p,u\n", "c.csv"),
        (b"\xff\xfec\x00l\x00", "c.csv"),
        (b"not gzip", "c.csv.gz"),
        (gzip.compress(b"click_id,ts,program,user_id\n" + b"c,2026-10-01T00:00:00Z,p,u\n" * 9999)[:-200], "c.csv.gz"),
        (b"PAR1 nonsense", "c.parquet"),
        (b"", "c.parquet"),
    ],
)
def test_an_unreadable_file_is_named(desk: Desk, content: bytes, name: str) -> None:
    desk.file(name, content)
    desk.source("clicks", f'path = "{name}"')
    (problem,) = desk.problems()
    assert problem.place == name and problem.expected.startswith("a readable")


def test_an_open_quote_is_a_ragged_row(desk: Desk) -> None:
    desk.file("c.csv", b'click_id,ts,program,user_id\n"c1,2026-10-01T00:00:00Z,p,u\nc2,2026-10-01T00:00:00Z,p,u\n')
    desk.source("clicks", 'path = "c.csv"')
    assert desk.problems()[0].place == "c.csv:2"


def test_column_names_may_hold_any_character(desk: Desk) -> None:
    theirs = 'is "it"; a?\'{ts}'
    desk.csv(
        "c.csv",
        ("click_id", theirs, "program", "user_id"),
        ("c1", "2026-10-01T00:00:00Z", "p", "u"),
        ("", "x", "p", "u"),
    )
    desk.source("clicks", 'path = "c.csv"', f"columns = {{ ts = '''{theirs}''' }}")
    assert len(desk.read().rejected) == 1
    assert desk.engine.row("SELECT count(ts) FROM clicks") == (1,)
