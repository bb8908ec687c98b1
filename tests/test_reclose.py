"""A month closed again: only what a change touches is read anew, and the bytes are those of a close from scratch."""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path

import pytest
from reclosing import (
    CHANGES,
    IN_PART,
    OCTOBER,
    SPARING,
    Change,
    apart,
    billing_corrected,
    closed,
    closed_afresh,
    date_moved,
    late_impressions,
    rate_changed,
)
from shares import share

from recon.close import close_period, load_close
from recon.workspace import Workspace

MONTHS = int(os.environ.get("RECLOSED_MONTHS", "3"))  # histories of changes, each compared with full closes
pytestmark = pytest.mark.xdist_group("small_month")
SCANS = {"count impressions", "impressions looked at singly", "known conversions"}


@pytest.fixture(scope="module")
def once_closed(small_month: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small month in a workspace in which it was closed; take a copy before changing it."""
    folder = Path(shutil.copytree(small_month, tmp_path_factory.mktemp("once") / "month"))
    closed(folder)
    return folder


@pytest.fixture
def month(once_closed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once_closed, tmp_path / "month"))


def heard(folder: Path) -> tuple[set[str], str]:
    """The steps of a close, and what it says it reused."""
    steps: list[str] = []
    done = close_period(Workspace.open(folder), OCTOBER, on_step=steps.append, is_diagnosed=False)
    return set(steps), done.reused


@pytest.mark.parametrize("seed", share(range(MONTHS), 0))
def test_whatever_happens_between_closes_the_bytes_are_those_of_a_close_from_scratch(
    seed: int, month: Path, tmp_path: Path
) -> None:
    drawn = random.Random(seed)
    for number in range(3):
        changes = drawn.sample(CHANGES, drawn.choice([1, 1, 2]))
        for change in changes:
            change(month, drawn)
        differing = apart(closed(month), closed_afresh(month, tmp_path / "fresh"))
        assert not differing, f"seed {seed}, change {number}: {[one.__name__ for one in changes]}: {differing}"


@pytest.mark.parametrize("change", SPARING, ids=lambda one: one.__name__)
def test_what_only_pricing_or_comparing_reads_asks_for_no_event(change: Change, month: Path) -> None:
    change(month, random.Random(1))
    steps, reused = heard(month)
    assert not steps & SCANS and reused == "all observations, of run 1"


@pytest.mark.parametrize("seed", share(range(MONTHS), 1))
def test_after_a_date_moved_only_the_impressions_of_its_items_are_counted_again(
    seed: int, month: Path, tmp_path: Path
) -> None:
    drawn = random.Random(seed)
    late_impressions(month, drawn)
    closed(month)
    date_moved(month, drawn)
    steps, reused = heard(month)
    assert "count impressions of items" in steps and not steps & SCANS
    assert re.fullmatch(r"all observations but for impressions of [A-Z-]+(, [A-Z-]+)*, of run 2", reused)
    assert not apart(load_close(Workspace.open(month), OCTOBER), closed_afresh(month, tmp_path / "fresh"))


@pytest.mark.parametrize(
    "change", [one for one in CHANGES if one not in (*SPARING, *IN_PART)], ids=lambda one: one.__name__
)
def test_what_events_or_questions_say_otherwise_is_observed_anew(change: Change, month: Path) -> None:
    change(month, random.Random(2))
    _, reused = heard(month)
    assert not reused.startswith("all")


@pytest.mark.long
def test_causes_are_found_alike_on_observations_that_were_there(month: Path, tmp_path: Path) -> None:
    drawn = random.Random(3)
    rate_changed(month, drawn)
    billing_corrected(month, drawn)
    done = closed(month, is_diagnosed=True)
    assert done.reused and len(done.findings)
    assert not apart(done, closed_afresh(month, tmp_path / "fresh", is_diagnosed=True))


def test_events_as_known_at_an_instant_are_counted_without_reading_them(month: Path) -> None:
    known = 1_793_900_000_000_000  # 5 November 2026
    runs = [close_period(Workspace.open(month), OCTOBER, known, is_diagnosed=False) for _ in range(2)]
    assert [one.reused for one in runs] == ["", "all observations, of run 2"]
    assert sum(runs[0].manifest["not_known_yet"].values()) and not apart(*runs)


@pytest.mark.parametrize(
    "name", share(["read.json", "touches.parquet", "impression_counts.parquet", "made_from.txt"], 2)
)
def test_observations_that_are_not_as_sealed_are_not_taken(name: str, month: Path, tmp_path: Path) -> None:
    path = month / "closes" / "2026-10" / "1" / "observations" / name
    spoilt = bytearray(path.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    path.write_bytes(spoilt)
    steps, reused = heard(month)
    assert steps >= SCANS
    assert reused == f"nothing: {name} of run 1 is not what was recorded"
    assert not apart(closed(month), closed_afresh(month, tmp_path / "fresh"))


def test_observations_of_other_software_are_not_taken(month: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.close.observing.software_that_observes", lambda engine: f"another than {engine}")
    steps, reused = heard(month)
    assert steps >= SCANS and not reused
