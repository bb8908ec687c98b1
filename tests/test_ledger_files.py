"""A run's files: staged, sealed, moved, and what a crash leaves swept."""

import hashlib
import os

import pytest

from recon.ledger.files import (
    SWEPT,
    Staging,
    has_leftovers,
    read_records,
    run_folder,
    set_aside,
    sweep,
)

PERIOD = "2026-10"


@pytest.fixture
def closes(tmp_path):
    return tmp_path / "closes"


def staged(closes, content="x"):
    staging = Staging(closes, PERIOD)
    (staging.folder / "lines.csv").write_text(content)
    return staging


def crash(staging):
    """What the end of a process does: its lock is let go, its files stay."""
    staging._lock.close()


def put(closes, run, content="x", period=PERIOD):
    folder = closes / period / str(run)
    folder.mkdir(parents=True)
    (folder / "lines.csv").write_text(content)
    return folder


def test_sealing_tells_every_file_with_size_and_hash_in_order(closes):
    with staged(closes, "abc") as staging:
        (staging.folder / "deep").mkdir()
        (staging.folder / "deep" / "empty.csv").touch()
        first, second = staging.seal()
    assert (first.name, first.bytes) == ("deep/empty.csv", 0)
    assert (second.name, second.bytes, second.sha256) == ("lines.csv", 3, hashlib.sha256(b"abc").hexdigest())


def test_moving_puts_the_same_files_in_their_place(closes):
    with staged(closes) as staging:
        records = staging.seal()
        staging.announce((PERIOD, 1))
        staging.move(run_folder(closes, (PERIOD, 1)))
    assert read_records(closes / PERIOD / "1") == records


def test_two_writers_of_one_process_do_not_meet(closes):
    with staged(closes) as one, staged(closes) as two:
        assert one.folder != two.folder
        assert not has_leftovers(closes, [])


def test_nothing_to_sweep_before_the_first_close(closes):
    assert not has_leftovers(closes, [])
    sweep(closes, [])
    assert not closes.exists()


def test_files_of_a_dead_writer_are_removed(closes):
    staging = staged(closes)
    crash(staging)
    assert has_leftovers(closes, [])
    sweep(closes, [])
    assert not staging.folder.exists()
    assert not has_leftovers(closes, [])


def test_files_of_a_living_writer_stay(closes):
    with staged(closes) as staging:
        sweep(closes, [])
        assert staging.folder.exists()


def test_a_folder_that_a_crashed_close_moved_without_commit_is_removed(closes):
    staging = staged(closes)
    staging.announce((PERIOD, 1))
    staging.move(run_folder(closes, (PERIOD, 1)))
    crash(staging)
    sweep(closes, [])
    assert not (closes / PERIOD / "1").exists()
    assert not (closes / SWEPT).exists()


def test_a_folder_whose_commit_came_through_stays(closes):
    staging = staged(closes)
    staging.announce((PERIOD, 1))
    staging.move(run_folder(closes, (PERIOD, 1)))
    crash(staging)
    sweep(closes, [(PERIOD, 1)])
    assert (closes / PERIOD / "1").is_dir()
    assert not has_leftovers(closes, [(PERIOD, 1)])


def test_a_folder_announced_but_recorded_by_someone_else_meanwhile_stays(closes):
    staging = staged(closes)
    staging.announce((PERIOD, 1))
    crash(staging)
    put(closes, 1, "another's")
    sweep(closes, [(PERIOD, 1)])
    assert (closes / PERIOD / "1" / "lines.csv").read_text() == "another's"
    assert not staging.folder.exists()


def test_a_folder_that_no_crash_explains_is_set_aside_not_deleted(closes):
    put(closes, 1, "evidence")
    put(closes, 2)
    sweep(closes, [(PERIOD, 2)])
    assert [path.name for path in (closes / PERIOD).iterdir()] == ["2"]
    (kept,) = (closes / SWEPT).iterdir()
    assert (kept / "lines.csv").read_text() == "evidence"


def test_two_folders_of_one_run_are_both_kept(closes):
    for content in ("first", "second"):
        set_aside(closes, put(closes, 1, content))
    assert sorted((path / "lines.csv").read_text() for path in (closes / SWEPT).iterdir()) == ["first", "second"]


def test_only_what_looks_like_a_run_is_swept(closes):
    for run, period in (("notes", PERIOD), ("1", "drafts"), ("01", PERIOD)):
        put(closes, run, period=period)
    assert not has_leftovers(closes, [])


@pytest.mark.skipif(os.name != "posix", reason="file locks are told apart on POSIX systems only")
def test_a_writer_swept_at_its_birth_starts_again(closes, monkeypatch):
    import fcntl

    plain, calls = fcntl.flock, []

    def late(file, how):
        if not calls:
            calls.append(file.name)
            os.unlink(file.name)
        plain(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with staged(closes) as staging:
        assert staging.folder.with_suffix(".lock").exists()
