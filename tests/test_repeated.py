"""Numbers that come more than once are found in memory and on disk alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.engine import Engine
from recon.engine.repeated import BITS, BUCKETS, Repeated


def _found(folder: Path, batches: list[list[int]], held_bytes: int) -> list[int]:
    numbers = Repeated(folder, held_bytes)
    for batch in batches:
        numbers.add(np.array(batch, np.uint64))
    return numbers.found(threads=2).tolist()


@pytest.mark.parametrize("held_bytes", [0, 100, 1 << 20])
@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.lists(st.integers(0, 40) | st.integers(2**BITS - 9, 2**BITS - 1)), max_size=6))
def test_those_that_come_more_than_once_and_no_others(tmp_path_factory, held_bytes, batches):
    folder = tmp_path_factory.mktemp("numbers")
    counted = Counter(number for batch in batches for number in batch)
    expected = sorted(number for number, times in counted.items() if times > 1)
    assert _found(folder, batches, held_bytes) == expected
    assert list(folder.iterdir()) == []


def test_numbers_of_every_bucket_wait_on_disk_and_are_found(tmp_path: Path) -> None:
    numbers = np.random.default_rng(7).integers(0, 2**BITS, 200_000, dtype=np.uint64)
    twice = np.sort(numbers[::1000])
    batches = [numbers[:100_000], numbers[100_000:], twice]
    waiting = Repeated(tmp_path, held_bytes=300_000)
    for batch in batches:
        waiting.add(batch)
    assert len(list(tmp_path.iterdir())) == BUCKETS
    by_sql = np.unique(np.concatenate(batches), return_counts=True)
    assert waiting.found(threads=2).tolist() == by_sql[0][by_sql[1] > 1].tolist()


def test_the_engine_finds_what_its_own_grouping_finds() -> None:
    with Engine(memory_limit="500MB", threads=2) as engine:
        engine.run("make", "CREATE TABLE t AS SELECT 'id-' || (range * 7 % 90000) AS id FROM range(100000)")
        mark = engine.mark("id")
        engine.find_repeated("twice", f"SELECT {mark} AS mark FROM t")
        grouped = f"SELECT {mark} AS mark FROM t GROUP BY mark HAVING COUNT(*) > 1 ORDER BY mark"
        assert engine.rows("SELECT mark FROM twice ORDER BY mark") == engine.rows(grouped)
        assert engine.row("SELECT COUNT(*) FROM twice") >= (9_999,)
