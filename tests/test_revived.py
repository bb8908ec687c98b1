"""Repeats that count where rows before them were not loaded, or came in once more: as if the rows were read again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from programs import OCTOBER, Program
from versions import item, version

from recon.contracts.book import Book
from recon.diagnose.reprice import Repricer, observed_by
from recon.diagnose.world import LineKey, Reading, Replay, World
from recon.engine import Engine
from recon.observe import Scope, observe
from recon.observe.cuts import cutoffs_in_question
from recon.period import DAY, HOUR, instant

FIRST = instant("2026-10-10T00:00:00Z")
SCOPE = Scope(OCTOBER, 3)
END = OCTOBER.end("UTC")
Row = tuple[str, int, int, int]  # id, ts, ingested_at, file

EDGE = [  # a repeat the day after, of another file; one of the same day; one that came in first
    ("a", FIRST + 23 * HOUR, FIRST + DAY, 1), ("a", FIRST + 26 * HOUR, FIRST + 2 * DAY, 2),
    ("b", FIRST + HOUR, FIRST + DAY, 1), ("b", FIRST + 2 * HOUR, FIRST + DAY, 2),
    ("c", FIRST + 5 * HOUR, END + DAY + HOUR, 1), ("c", FIRST + 6 * HOUR, FIRST + DAY, 1),
]  # fmt: skip


def test_a_day_or_file_read_again_and_an_earlier_cut_off_count_as_if_the_rows_were_read_so() -> None:
    draw = random.Random(7)
    drawn = [(draw.choice("xyz"), FIRST + draw.randrange(96) * HOUR + place,
              draw.choice([FIRST + 5 * DAY, END + HOUR, END + DAY + HOUR]), draw.choice([1, 2, 3]))
             for place in range(60)]  # fmt: skip
    for rows in (EDGE, drawn):
        _as_if_read_so(rows)


def _as_if_read_so(rows: Sequence[Row]) -> None:
    world = World(Book([version(items=[item()])]), Book([version(items=[item()])]), SCOPE)
    days = sorted({ts // DAY for _, ts, _, _ in rows})
    replays = [Replay("impressions", "utc_day", day, times) for day in days for times in (0, 2)]
    replays += [Replay("impressions", "file_number", file, times) for file in (1, 2, 3) for times in (0, 2)]
    readings = [Reading(), *(Reading(replay=one) for one in replays)]
    readings += [Reading(cutoff=cutoff) for cutoff in cutoffs_in_question(SCOPE)[:-1]]
    with Repricer(_observed(world, rows)) as repricer:
        for reading in (*readings, *(one.without("duplicate") for one in readings)):
            line = repricer.lines(world.reads(reading), "acme").get(LineKey("RUN", "charge", "USD"))
            assert (line.quantity if line else 0) == _counted(rows, reading), reading


def _observed(world: World, rows: Sequence[Row]) -> dict[str, object]:
    month = Program()
    for name, ts, arrival, file in rows:
        month.view("eve", ts, name, item="RUN", ingested_at=arrival, file_number=file)
    with Engine(memory_limit="500MB", threads=2) as engine:
        month.load(engine)
        engine.table("input_files", {"number": "INTEGER", "file": "TEXT"}, [])
        engine.table("third_party", {"item": "TEXT", "date": "DATE"}, [])
        observe(engine, world.book, world.scope)
        return dict(observed_by(engine))


def _counted(rows: Sequence[Row], reading: Reading) -> int:
    """How many count when the rows are read so and nothing is known of the others."""
    read = [row for row in rows if reading.cutoff is None or row[2] <= reading.cutoff]
    if reading.replay is not None:
        by, times = reading.replay, reading.replay.times
        part = [row for row in read if (row[1] // DAY if by.by == "utc_day" else row[3]) == by.value]
        again = [(row[0] + "again", *row[1:]) for row in part]
        read = [row for row in read if row not in part] if times == 0 else [*read, *again]
    ordered = sorted(read, key=lambda row: (row[0], row[1], row[2], row[3]))
    before = [None, *ordered[:-1]]
    repeats = [
        one for one, last in zip(ordered, before, strict=True)
        if last is not None and last[0] == one[0] and one[1] - last[1] <= DAY
    ]  # fmt: skip
    return len(ordered) - (0 if "duplicate" in reading.ignored else len(repeats))
