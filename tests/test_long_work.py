"""Long work: within its memory and threads, told while it runs, and without a trace where it is broken off."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shares import share

from recon.close import close_period, periods
from recon.engine import Engine
from recon.engine.spilling import NEWBORN_SECONDS
from recon.period import Period
from recon.workspace import Workspace

CASE = Path(__file__).parents[1] / "fixtures" / "cases" / "5.2-click-window-bound"
OCTOBER = Period.parse("2026-10")
WAITING_CLOSE = """
import signal, sys, time
from pathlib import Path
from recon.close import close_period
from recon.period import Period
from recon.workspace import Workspace

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job would ignore

def wait(step):
    if step.startswith(sys.argv[2]):
        print("there", flush=True)
        time.sleep(600)

close_period(Workspace.open(Path(sys.argv[1])), Period.parse("2026-10"), on_step=wait)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(shutil.copytree(CASE, tmp_path / "case"))


def test_a_long_step_tells_rows_and_time_left_while_it_runs() -> None:
    heard: list[str] = []
    with Engine(threads=1, on_step=heard.append) as engine:
        engine.run("numbers", "CREATE TABLE t AS SELECT range AS n FROM range(3000000)")
        many = "SELECT max(md5(a.n::TEXT || b.n::TEXT)) FROM t AS a CROSS JOIN (SELECT n FROM t WHERE n < 5) AS b"
        engine.run("long", many, rows=3_000_000)
    told = [text for text in heard if text.startswith("long:")]
    assert told and all(re.fullmatch(r"long: ([\d,]+ of )?3,000,000 rows(, \d+:\d\d left)?", text) for text in told)


def test_what_exceeds_the_memory_is_spilled_into_the_folder_and_removed(tmp_path: Path) -> None:
    with Engine(memory_limit="120MB", threads=1, temp_dir=tmp_path / "spill") as engine:
        engine.run("numbers", "CREATE TABLE t AS SELECT md5(range::TEXT) AS id FROM range(4000000)")
        held = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        assert engine.row("SELECT count(DISTINCT id) FROM t") == (4_000_000,)
    assert held > 5_000_000
    assert not (tmp_path / "spill").exists()


def test_a_close_keeps_to_the_workspace_s_memory_and_threads(workspace: Workspace, monkeypatch) -> None:
    toml = workspace.folder / "recon.toml"
    said = '[workspace]\nmemory_limit = "300MB"\nthreads = 1'
    toml.write_text(toml.read_text(encoding="utf-8").replace("[workspace]", said), encoding="utf-8")
    opened: list[Engine] = []
    begin = Engine.__init__

    def remembered(engine: Engine, *given, **named) -> None:
        begin(engine, *given, **named)
        opened.append(engine)
        if given:
            limits = "SELECT current_setting('memory_limit'), current_setting('threads')"
            assert engine.row(limits) == ("286.1 MiB", 1)

    monkeypatch.setattr(Engine, "__init__", remembered)
    close_period(Workspace.open(workspace.folder), OCTOBER, is_diagnosed=False)
    assert opened and not workspace.spill.exists()


@pytest.mark.parametrize("step", ["count impressions", "write touches.parquet"])
@pytest.mark.parametrize("how", share([signal.SIGKILL, signal.SIGINT], 1))
def test_a_close_that_is_broken_off_stores_nothing_and_the_next_one_is_the_first(
    workspace: Workspace, step: str, how: signal.Signals
) -> None:
    command = [sys.executable, "-c", WAITING_CLOSE, str(workspace.folder), step]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "there\n"
        process.send_signal(how)
        try:
            process.wait(60)
        finally:
            process.kill()
    assert periods(workspace) == []
    if how == signal.SIGKILL:
        _grow_old(workspace.spill)
    done = close_period(workspace, OCTOBER, is_diagnosed=False)
    assert (done.run, workspace.spill.exists()) == (1, False)
    assert sorted(path.name for path in (workspace.closes / "2026-10").iterdir()) == ["1"]


def test_a_close_broken_off_after_the_scans_goes_on_from_its_observations(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace.open(shutil.copytree(workspace.folder, tmp_path / "other"))
    whole = close_period(other, OCTOBER, is_diagnosed=False)
    _broken_off(workspace, "write conversions.parquet")
    heard: list[str] = []
    done = close_period(workspace, OCTOBER, on_step=heard.append, is_diagnosed=False)
    assert "resume touches" in heard and "count impressions" not in heard
    elsewhere = {"manifest.json", "input_files.parquet"}  # which tell the time, and the folder
    files = sorted(path.relative_to(whole.folder) for path in whole.folder.rglob("*.*") if path.name not in elsewhere)
    assert len(files) > 15
    assert all((done.folder / path).read_bytes() == (whole.folder / path).read_bytes() for path in files)
    assert done.manifest["digest"] == whole.manifest["digest"]
    assert not (workspace.folder / ".observed").exists()


def test_observations_of_other_inputs_are_not_taken(workspace: Workspace) -> None:
    _broken_off(workspace, "write conversions.parquet")
    heard: list[str] = []
    clicks = next((workspace.folder).rglob("clicks*.csv"))
    clicks.write_text(clicks.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    close_period(workspace, OCTOBER, on_step=heard.append, is_diagnosed=False)
    assert "count impressions" in heard and "resume touches" not in heard


class _BrokenOff(Exception):
    pass


def _broken_off(workspace: Workspace, step: str) -> None:
    """A close that is broken off where it writes its run's files, the observations being there."""

    def listen(name: str) -> None:
        if name == step:
            raise _BrokenOff

    with pytest.raises(_BrokenOff):
        close_period(workspace, OCTOBER, on_step=listen, is_diagnosed=False)


def _grow_old(spill: Path) -> None:
    """As if the engine had died a while ago."""
    then = time.time() - 2 * NEWBORN_SECONDS
    for lock in spill.glob("*/in-use"):
        os.utime(lock, (then, then))
