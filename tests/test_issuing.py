"""Packs issued at the same moment, or by somebody who is stopped: one number each, no file over another, none lost."""

import io
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import openpyxl
import pytest
from shares import share
from stored_close import a_diagnosed_close

from benchmarks.postgres import new_database
from recon.evidence import Bundle, issue_pack, latest_pack, verify_pack
from recon.evidence import issue as issuing_module
from recon.ledger import CloseMeta, IssuedPack, Ledger
from recon.ledger.issuing import PACK_STEPS
from recon.problems import BadInput

PERIOD = "2026-10"
AT = 1_790_000_000_000_000
WORKER = """
import os, signal, sys
from pathlib import Path
from recon.ledger import IssuedPack, Ledger

url, folder, step, times = sys.argv[1:]

def stop(reached):
    if reached == step:
        os.kill(os.getpid(), signal.SIGKILL)

with Ledger.open(url, Path(folder) / "closes", at_step=stop) as ledger:
    issuing = ledger.issuing(Path(folder) / "evidence")
    for _ in range(int(times)):
        path = None
        while path is None:
            with issuing.staging("2026-10") as staging:
                turn = issuing.turn("2026-10")
                (staging.folder / f"{turn.number}.xlsx").write_text(f"{os.getpid()} {turn.number}")
                (staging.folder / f"{turn.number}-CPA-workings.csv").write_text("beside")
                pack = IssuedPack("2026-10", turn.number, 1, "d", "s", str(os.getpid()), 1)
                path = issuing.issue(staging, turn, pack)
"""


@pytest.fixture(params=share(["sqlite", "postgresql"], 1))
def place(request, tmp_path):
    """A workspace with a ledger of either kind in which October is closed."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/recon.db" if is_sqlite else new_database(request.getfixturevalue("postgres_url"))
    with Ledger.open(url, tmp_path / "closes") as ledger:
        ledger.record_close(PERIOD, "d", CloseMeta(AT, "{}"), lines=[], findings=[], files=lambda folder: None)
    return SimpleNamespace(folder=tmp_path, database_url=url, closes=tmp_path / "closes")


def worker(place, step="none", times=1):
    command = [sys.executable, "-c", WORKER, place.database_url, str(place.folder), step, str(times)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def opened(place, at_step=None):
    return Ledger.open(place.database_url, place.closes, at_step)


def close_of(place, run=1):
    return replace(a_diagnosed_close(place.folder), workspace=place, run=run)


def standing(place):
    return sorted(path.name for path in (place.folder / "evidence" / PERIOD).glob("*"))


def assert_whole(place, number):
    """Every pack that the ledger knows stands with what is beside it, and nothing else does."""
    names = [f"{n}{ending}" for n in range(1, number + 1) for ending in (".xlsx", "-CPA-workings.csv")]
    assert standing(place) == sorted(names)
    assert list((place.folder / "evidence" / ".staging").glob("*")) == []
    with opened(place) as ledger:
        known = ledger.packs.of(PERIOD)
        assert [pack.number for pack in known] == list(range(1, number + 1)) and ledger.packs.problems() == []
    for pack in known:
        content = (place.folder / "evidence" / PERIOD / f"{pack.number}.xlsx").read_text()
        assert content == f"{pack.who} {pack.number}", "the file is not of the one who issued it"


def test_those_who_issue_at_the_same_time_get_different_numbers(place):
    workers = [worker(place, times=4) for _ in range(3)]
    assert [process.communicate()[1] for process in workers] == [b""] * 3
    assert_whole(place, 12)


@pytest.mark.parametrize("step", share(sorted(PACK_STEPS, key=lambda step: step != "moved"), 1))
def test_a_pack_killed_at_any_step_is_issued_or_was_never_there(place, step):
    worker(place).wait()
    killed = worker(place, step)
    killed.communicate()
    assert killed.returncode == -9
    with opened(place) as ledger:
        found = ledger.issuing(place.folder / "evidence").sweep()
        assert ledger.issuing(place.folder / "evidence").sweep() == ()
    aside = sorted(path.name for path in (place.folder / "evidence").glob(".swept/*/*"))
    if step == "committed":
        assert found == () and aside == []
    elif step == "moved":
        assert "pack 2 of 2026-10 was stopped before the ledger knew it" in found[0]
        assert aside == ["2-CPA-workings.csv", "2.xlsx"]
    else:
        assert "a pack of 2026-10 was stopped while it was written" in found[0] and aside == []
    assert len(found) <= 1
    assert_whole(place, 2 if step == "committed" else 1)
    worker(place).wait()
    assert_whole(place, 3 if step == "committed" else 2)


def test_an_issue_waits_for_the_commit_of_another_and_then_writes_anew(place, monkeypatch):
    """Two write pack 1; the one who comes second finds the turn passed and writes pack 2, which supersedes it."""
    written, told = threading.Barrier(2, timeout=60), []
    write_pack = issuing_module.write_pack

    def together(close, path, **said):
        digest = write_pack(close, path, **said)
        told.append((path.name, said["issue"].supersedes))
        if len(told) <= 2:
            written.wait()
        return digest

    monkeypatch.setattr(issuing_module, "write_pack", together)
    paths = []
    threads = [
        threading.Thread(target=lambda who=who: paths.append(issue_pack(close_of(place), who, AT)))
        for who in ("pat", "rae")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(path.name for path in paths) == ["1.xlsx", "2.xlsx"] == standing(place)
    assert [name for name, _ in told[:2]] == ["1.xlsx", "1.xlsx"] and told[2][0] == "2.xlsx"
    assert told[2][1].startswith("pack 1 of 2026-10, digest ")
    for path in paths:
        found = verify_pack(path, place)
        assert found.is_intact, found.problems
    assert any(
        "Supersedes: pack 1 of 2026-10: the chain holds" in note for note in verify_pack(max(paths), place).notes
    )
    with opened(place) as ledger:
        assert {pack.who for pack in ledger.packs.of(PERIOD)} == {"pat", "rae"}


def test_a_file_that_stands_there_unknown_is_never_written_over_and_told(place):
    """A ledger restored from an older copy does not know the packs issued since."""
    stranger = place.folder / "evidence" / PERIOD / "3.xlsx"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("issued by another ledger")
    told = []
    pack = issue_pack(close_of(place), "pat", AT, told.append)
    assert pack.name == "4.xlsx" and stranger.read_text() == "issued by another ledger"
    assert told == ["the ledger does not know 3.xlsx, which stands among the packs: the new one is pack 4"]
    (supersedes,) = [row for row in cover(pack) if row[0] == "Supersedes"]
    assert supersedes[1].startswith("not known to the ledger, so not superseded: 3.xlsx (SHA-256 ")
    assert verify_pack(pack, place).is_intact


def cover(pack):
    return list(openpyxl.load_workbook(pack)["Cover"].iter_rows(max_col=2, values_only=True))


def test_a_file_put_there_at_the_last_moment_stops_the_issue_and_stays(place):
    target = place.folder / "evidence" / PERIOD / "1.xlsx"

    def put(step):
        if step == "announced":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("somebody's file")

    with opened(place, put) as ledger:
        issuing = ledger.issuing(place.folder / "evidence")
        with issuing.staging(PERIOD) as staging:
            (staging.folder / "1.xlsx").write_text("ours")
            turn = issuing.turn(PERIOD)
            with pytest.raises(BadInput, match="nothing was written over"):
                issuing.issue(staging, turn, IssuedPack(PERIOD, 1, 1, "d", "s", "pat", AT))
        assert ledger.packs.of(PERIOD) == () and ledger.verify_chain() == []
    assert target.read_text() == "somebody's file"


def test_what_another_is_writing_is_left_alone(place):
    with opened(place) as ledger:
        issuing = ledger.issuing(place.folder / "evidence")
        with issuing.staging(PERIOD) as staging:
            (staging.folder / "1.xlsx").write_text("so far")
            assert issuing.sweep() == ()
            assert issue_pack(close_of(place), "pat", AT).name == "1.xlsx"
            assert (staging.folder / "1.xlsx").read_text() == "so far"


def test_nobody_issues_a_pack_and_a_run_that_is_not_recorded_has_none(place):
    with pytest.raises(BadInput, match="the name of the person"):
        issue_pack(close_of(place), " ")
    with pytest.raises(BadInput, match="a recorded run"):
        issue_pack(close_of(place, run=7), "pat", AT)
    assert standing(place) == []


def test_the_pack_at_hand_is_the_runs_last_one_as_it_was_issued(place):
    close = close_of(place)
    assert latest_pack(close) is None
    pack = issue_pack(close, "pat", AT)
    assert latest_pack(close) == pack
    book = openpyxl.load_workbook(pack)
    book.save(pack)
    assert latest_pack(close) == pack, "saved again, its cells are the same"
    book["CPM"]["A3"] = "altered"
    book.save(pack)
    assert latest_pack(close) is None, "altered since"
    again = issue_pack(close, "pat", AT)
    assert again.name == "2.xlsx" and latest_pack(close) == again
    assert latest_pack(close_of(place, run=2)) is None, "of another run"


def test_a_pack_is_taken_away_with_the_files_beside_it(place):
    close = close_of(place)
    assert Bundle.of(close).name.endswith("-2026-10-draft.xlsx")
    pack = issue_pack(close, "pat", AT)
    assert Bundle.of(close).name.endswith("-2026-10-pack-1.xlsx") and Bundle.of(close).content == pack.read_bytes()
    beside = pack.with_name("1-CPA-conversions.csv")
    beside.write_text("conversion,amount\n")
    pack.with_name("10-CPA-conversions.csv").write_text("of another pack")
    bundle = Bundle.of(close)
    assert bundle.name.endswith("-2026-10-pack-1.zip") and bundle.content == bundle.content
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "1.xlsx": pack.read_bytes(), "1-CPA-conversions.csv": b"conversion,amount\n",
        }  # fmt: skip


def test_a_draft_that_may_need_files_is_taken_away_as_an_archive(place, monkeypatch):
    monkeypatch.setattr("recon.evidence.bundle.CONVERSION_ROWS", 0)
    bundle = Bundle.of(close_of(place))
    assert bundle.name.endswith("-2026-10-draft.zip")
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        assert archive.namelist() == ["draft.xlsx"]
