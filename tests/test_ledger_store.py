"""The ledger on both databases: whole closes or none, nothing changed in silence, one run number per close."""

import subprocess
import sys
import threading
import time
import uuid
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from shares import share
from signed import sign_off
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from versions import item, version

from recon.contracts.documents import write_version
from recon.ledger import CloseMeta, IssuedPack, Ledger, VersionUsed
from recon.ledger.store import STEPS
from recon.ledger.tables import metadata
from recon.problems import BadInput

PERIOD = "2026-10"
AT = 1_790_000_000_000_000
ORIGINAL = VersionUsed("ctv", 1, "original", "a" * 64, "lee", 1)
WORKER = """
import os, signal, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from recon.ledger import CloseMeta, Ledger

url, folder, step, times = sys.argv[1:]

def stop(reached):
    if reached == step:
        os.kill(os.getpid(), signal.SIGKILL)

def write(folder):
    (folder / "lines.csv").write_text("contract")
    (folder / "observations").mkdir()
    (folder / "observations" / "counts.parquet").write_bytes(b"x" * 100_000)

with Ledger.open(url, Path(folder), at_step=stop) as ledger:
    print("open", flush=True)
    for number in range(int(times)):
        ledger.record_close("2026-10", "d", CloseMeta(number, "{}"), lines=[], findings=[], files=write)
"""


@pytest.fixture(params=share(["sqlite", "postgresql"], 1))
def url(request, tmp_path):
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/recon.db"
    server, name = request.getfixturevalue("postgres_url"), f"ledger_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.rsplit("/", 1)[0] + "/" + name


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "closes"


@pytest.fixture
def ledger(url, folder):
    with Ledger.open(url, folder) as opened:
        yield opened


def line(item="RUN", variance="0.10", **other):
    row = {
        "contract": "ctv", "item": item, "period": PERIOD, "kind": "charge", "currency": "USD",
        "expected_quantity": Decimal(1000), "expected_amount": Decimal("100.00"),
        "billed_quantity": None, "billed_amount": Decimal(100) + Decimal(variance), "variance": Decimal(variance),
        "status": "over_billed", "cause": "unexplained", "grade": "unexplained",
    }  # fmt: skip
    return row | other


def finding(item="RUN", amount="0.10"):
    return {
        "finding_id": f"{PERIOD}/ctv/{item}/charge/USD/unexplained", "contract": "ctv", "item": item,
        "kind": "charge", "currency": "USD", "amount": Decimal(amount), "cause": "unexplained",
        "grade": "unexplained", "rivals": "", "witnesses": "B-1", "sentence": "Billed more than expected.",
    }  # fmt: skip


def write(folder):
    (folder / "lines.csv").write_text("contract,item\n")
    (folder / "observations").mkdir()
    (folder / "observations" / "counts.csv").write_text("1")


def record(ledger, period=PERIOD, versions=(ORIGINAL,), files=write, **rows):
    meta = CloseMeta(recorded_at=1_790_000_000_000_000, manifest='{"name":"northwind"}', versions=versions)
    content = {"lines": [line()], "findings": [finding()]} | rows
    return ledger.record_close(period, "digest", meta, **content, files=files)


def run_folders(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("[0-9]*/*"))


def test_runs_of_a_period_count_from_one(ledger, folder):
    assert [record(ledger), record(ledger), record(ledger, "2026-11")] == [1, 2, 1]
    assert run_folders(folder) == ["2026-10/1", "2026-10/2", "2026-11/1"]
    assert ledger.latest(PERIOD).run == 2
    assert ledger.latest("2026-12") is None


def test_a_close_is_read_back_as_it_was_stored(ledger):
    record(ledger, lines=[line("B"), line("A", billed_quantity=Decimal("0.333333"))])
    close = ledger.find(PERIOD, 1)
    assert ledger.lines(close) == (line("A", billed_quantity=Decimal("0.333333")), line("B"))
    assert ledger.findings(close) == (finding(),)
    assert close.manifest == {"name": "northwind"}
    assert [record.name for record in ledger.files(close)] == ["lines.csv", "observations/counts.csv"]


def test_amounts_stay_exact_to_the_last_zero(ledger):
    amount = Decimal("123456789012345678901234567890.10")
    record(ledger, lines=[line(billed_amount=amount)])
    assert str(ledger.lines(ledger.latest(PERIOD))[0]["billed_amount"]) == str(amount)


def test_a_binary_float_is_refused_and_leaves_nothing(ledger, folder):
    with pytest.raises(Exception, match="binary float"):
        record(ledger, lines=[line(variance=Decimal(1), expected_amount=0.1)])
    assert ledger.closes() == ()
    assert run_folders(folder) == []


def test_a_run_that_is_not_there_is_bad_input_naming_those_there_are(ledger):
    record(ledger)
    with pytest.raises(BadInput, match="recorded run: 1"):
        ledger.find(PERIOD, 7)


def test_what_an_aborted_writer_wrote_is_gone(ledger, folder):
    with pytest.raises(RuntimeError), ledger.staging(PERIOD) as staging:
        (staging.folder / "big.parquet").write_text("half")
        raise RuntimeError
    assert list((folder / ".staging").iterdir()) == []


def test_a_staging_folder_written_beforehand_becomes_the_run(ledger, folder):
    with ledger.staging(PERIOD) as staging:
        (staging.folder / "conversions.parquet").write_bytes(b"PAR1")
        assert record(ledger, files=staging) == 1
    assert (folder / PERIOD / "1" / "conversions.parquet").read_bytes() == b"PAR1"
    assert list((folder / ".staging").iterdir()) == []


# Contract versions


def test_a_version_is_recorded_by_the_close_that_first_used_it(ledger):
    amendment = VersionUsed("ctv", 2, "amendment", "b" * 64, "kim", 2)
    record(ledger)
    record(ledger, "2026-11", versions=[ORIGINAL, amendment])
    assert [(row["version"], row["first_close_id"]) for row in ledger.contract_versions()] == [(1, 1), (2, 2)]


def test_an_approved_version_changed_under_its_number_is_refused_naming_both_hashes(ledger, folder):
    record(ledger)
    changed = [VersionUsed("ctv", 1, "original", "c" * 64, "lee", 1)]
    with pytest.raises(BadInput) as caught:
        record(ledger, "2026-11", versions=changed)
    (problem,) = caught.value.problems
    assert "c" * 64 in problem.value
    assert "a" * 64 in problem.expected
    assert "2026-10 run 1" in problem.expected
    assert run_folders(folder) == ["2026-10/1"]
    with pytest.raises(BadInput):
        ledger.check_versions(changed)


# Append-only, and chained

ROWS = {
    "closes": "digest = 'x'",
    "close_files": "sha256 = 'x'",
    "lines": "billed_amount = '1'",
    "findings": "amount = '1'",
    "contract_versions": "hash = 'x'",
    "states": "who = 'x'",
    "finding_acts": "who = 'x'",
    "packs": "digest = 'x'",
    "trail": "who = 'x'",
    "register_texts": "content = 'x'",
    "register_acts": "who = 'x'",
    "register_documents": "contract = 'x'",
}


def execute(url, *statements):
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def record_and_lock(ledger):
    """Every table holds a row."""
    record(ledger)
    sign_off(ledger, PERIOD, AT, 1)
    ledger.packs.enter(IssuedPack(PERIOD, 1, 1, "d" * 64, "5" * 64, "pat", AT))
    with TemporaryDirectory() as documents:
        write_version(Path(documents), version(items=[item()]))
        ledger.take_in(ledger.plan_import(Path(documents), "dana", AT), "dana", AT)


def test_every_table_is_covered():
    assert ROWS.keys() == metadata.tables.keys()


@pytest.mark.parametrize("table", ROWS)
def test_no_row_is_updated_deleted_or_replaced(ledger, url, table):
    record_and_lock(ledger)
    attempts = [f"UPDATE {table} SET {ROWS[table]}", f"DELETE FROM {table}"]
    if url.startswith("sqlite"):
        attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attempts.append(f"TRUNCATE {table} CASCADE")
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="append-only"):
            execute(url, attempt)
    assert ledger.verify_chain() == []


def without_protection(url, table):
    """What someone with all rights on the database could do."""
    if not url.startswith("sqlite"):
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER"]
    return [f"DROP TRIGGER {table}_no_{event}" for event in ("update", "delete", "replace")]


@pytest.mark.parametrize("table", ROWS)
def test_a_row_altered_past_the_triggers_shows_in_the_chain(ledger, url, table):
    record_and_lock(ledger)
    record(ledger)
    assert ledger.verify_chain() == []
    execute(url, *without_protection(url, table), f"UPDATE {table} SET {ROWS[table]}")
    assert ledger.verify_chain() != []


@pytest.mark.parametrize("table", [table for table in ROWS if table != "closes"])
def test_a_row_deleted_past_the_triggers_shows_in_the_chain(ledger, url, table):
    record_and_lock(ledger)
    record(ledger)
    key = {
        "trail": "seq = 1",
        "states": "id = 1",
        "finding_acts": "id = 1",
        "packs": "id = 1",
        "contract_versions": "version = 1",
    }.get(table, "close_id = 1")
    key = "contract = 'acme'" if table.startswith("register") else key
    execute(url, *without_protection(url, table), f"DELETE FROM {table} WHERE {key}")
    assert ledger.verify_chain() != []


def test_a_line_smuggled_in_shows_in_the_chain(ledger, url):
    record(ledger, lines=[line("A")])
    columns = ", ".join(metadata.tables["lines"].columns.keys())
    copied = columns.replace("item", "'Z'")
    execute(url, f"INSERT INTO lines ({columns}) SELECT {copied} FROM lines")
    assert [problem.place for problem in ledger.verify_chain()] == ["close 2026-10 run 1 lines_sha256"]


def test_a_trail_cut_short_shows_against_a_digest_kept_elsewhere(ledger, url):
    record(ledger)
    before = ledger.head()
    record(ledger)
    assert len({before, ledger.head()}) == 2


def test_a_period_is_open_until_one_of_its_runs_is_locked(ledger):
    record(ledger), record(ledger), record(ledger, "2026-11")
    assert ledger.locked(PERIOD) is None and ledger.all_locked() == ()
    locked = sign_off(ledger, PERIOD, AT, 1)
    assert ledger.locked(PERIOD) == locked == ledger.find(PERIOD, 1)
    assert ledger.locked("2026-11") is None and ledger.all_locked() == (locked,)
    assert ledger.verify_chain() == []


def test_a_lock_is_not_known_before_it_was_set(ledger):
    record_and_lock(ledger)
    assert ledger.locked(PERIOD, AT - 1) is None
    assert ledger.locked(PERIOD, AT).run == 1


def test_a_file_altered_added_or_lost_is_named(ledger, folder):
    record(ledger)
    run = folder / PERIOD / "1"
    assert ledger.verify_files() == []
    (run / "lines.csv").write_text("forged")
    (run / "extra.csv").write_text("new")
    (run / "observations" / "counts.csv").unlink()
    names = [Path(problem.place).name for problem in ledger.verify_files(PERIOD)]
    assert names == ["extra.csv", "lines.csv", "counts.csv"]


def test_a_pack_is_entered_once_by_its_number_for_a_recorded_run(ledger):
    record(ledger)
    pack = IssuedPack(PERIOD, 1, 1, "d" * 64, "5" * 64, "pat", AT)
    ledger.packs.enter(pack)
    assert ledger.packs.of(PERIOD) == (pack,) and ledger.packs.latest(PERIOD) == pack
    assert ledger.packs.latest("2026-09") is None
    with pytest.raises(BadInput, match="no other pack"):
        ledger.packs.enter(replace(pack, digest="e" * 64))
    with pytest.raises(BadInput, match="recorded run"):
        ledger.packs.enter(replace(pack, number=2, run=7))
    assert ledger.packs.of(PERIOD) == (pack,) and ledger.verify_chain() == []


# Crashes


def worker(url, folder, step="none", times=1):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(folder), step, str(times)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_close_killed_at_any_step_is_whole_or_not_there(url, folder, step):
    with Ledger.open(url, folder) as ledger:
        record(ledger)
    killed = worker(url, folder, step)
    killed.communicate()
    assert killed.returncode == -9
    with Ledger.open(url, folder) as ledger:
        runs = 2 if step == "committed" else 1
        assert_whole(ledger, folder, runs)
        assert record(ledger) == runs + 1
        assert_whole(ledger, folder, runs + 1)


def assert_whole(ledger, folder, runs):
    assert [close.run for close in ledger.closes(PERIOD)] == list(range(1, runs + 1))
    assert run_folders(folder) == sorted(f"{PERIOD}/{run}" for run in range(1, runs + 1))
    assert list((folder / ".staging").iterdir()) == []
    assert not (folder / ".swept").exists()
    assert ledger.verify_chain() == []
    assert ledger.verify_files() == []


def test_closes_killed_at_odd_moments_lose_nothing(url, folder):
    for number in range(5):
        process = worker(url, folder, times=1000)
        process.stdout.readline()
        time.sleep(0.05 + number * 0.017)
        process.kill()
        process.communicate()
        with Ledger.open(url, folder) as ledger:
            assert_whole(ledger, folder, len(ledger.closes(PERIOD)))


def test_closers_at_the_same_time_get_different_runs(url, folder):
    workers = [worker(url, folder, times=5) for _ in range(3)]
    assert [process.wait() for process in workers] == [0, 0, 0]
    for process in workers:
        process.stdout.close()
    with Ledger.open(url, folder) as ledger:
        assert_whole(ledger, folder, 15)


def test_a_sweep_waits_for_the_commit_of_another_and_leaves_its_folder(url, folder):
    moved, go_on = threading.Event(), threading.Event()

    def hold(step):
        if step == "moved":
            moved.set()
            go_on.wait(30)

    slow = Ledger.open(url, folder, at_step=hold)
    closer = threading.Thread(target=record, args=(slow,))
    closer.start()
    assert moved.wait(30)
    opener = threading.Thread(target=lambda: Ledger.open(url, folder).close())
    opener.start()
    opener.join(0.5)
    assert opener.is_alive()
    assert run_folders(folder) == ["2026-10/1"]
    go_on.set()
    closer.join(30)
    opener.join(30)
    assert_whole(slow, folder, 1)
    slow.close()


def test_opening_leaves_the_files_of_a_living_writer_alone(url, folder, ledger):
    with ledger.staging(PERIOD) as staging:
        (staging.folder / "conversions.parquet").write_text("so far")
        Ledger.open(url, folder).close()
        assert (staging.folder / "conversions.parquet").read_text() == "so far"
        assert record(ledger, files=staging) == 1


def test_readers_do_not_wait_for_a_writer(url, folder, ledger):
    record(ledger)
    seen = []
    slow = Ledger.open(url, folder, at_step=lambda step: seen.append(len(ledger.closes())) if step == "moved" else None)
    record(slow)
    slow.close()
    assert seen == [1]
