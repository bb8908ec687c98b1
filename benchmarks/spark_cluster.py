"""A month closed on a real standalone cluster, one master and two workers on loopback, beside DuckDB's close of it.

    python -m benchmarks.spark_cluster --rows 20000000
    python -m benchmarks.spark_cluster --rows 20000000 --kill

The cluster comes from the PySpark package.  With `--kill` one worker is ended in the middle of the scan that counts
impressions, with all that it held.  Tells seconds and peak memory, and whether the files of both closes are the same,
byte for byte; ends with status 1 where they are not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.close_month import workspace_of
from benchmarks.spark_daemons import Cluster
from benchmarks.spark_months import apart, use_engine
from fixtures.months import Month
from recon.close import load_close
from recon.period import Period
from recon.workspace import Workspace

SHOWN_SECONDS = 10  # steps that take less are not told
KILLED_IN, SECONDS_INTO = "count impressions", 10
CLOSE = """\
import sys
from pathlib import Path
from recon.close import close_period
from recon.period import Period
from recon.workspace import Workspace
tell = lambda step: print(step, flush=True)
close_period(Workspace.open(Path(sys.argv[1])), Period.parse(sys.argv[2]), on_step=tell)
"""
OWN = {"closes", "recon.db", ".observed", ".spill"}  # what a close makes in a workspace


def month_of(rows: int) -> Month:
    """A month of so many impressions; clicks and conversions in proportion."""
    return Month(impressions=rows, clicks=3 * rows // 100, conversions=rows // 100)


def beside(folder: Path, name: str) -> Path:
    """A workspace of the same files, in which nothing was closed."""
    copy = folder.with_name(f"{folder.name}-{name}")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, ignore=lambda place, names: OWN & set(names), copy_function=_linked)
    return copy


def _linked(source: str, target: str) -> None:
    """Events are not copied; settings are, which change."""
    if source.endswith(".parquet"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def closed(folder: Path, period: str, env: dict[str, str], at_step: Callable[[str], None]) -> float:
    """Close a month in a process of its own; the seconds it took."""
    began = time.monotonic()
    step, since = "start", began
    command = [sys.executable, "-c", CLOSE, str(folder), period]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.monotonic()
            if now - since >= SHOWN_SECONDS:
                print(f"  {now - since:7.1f} s {step}", flush=True)
            step, since = line.strip(), now
            at_step(step)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[:2])
    return time.monotonic() - began


def on_cluster(folder: Path, period: str, cluster: Cluster, is_killed: bool) -> float:
    """The close on the cluster, one worker of which is ended in the middle if asked."""
    use_engine(folder, cluster.master)

    def at_step(step: str) -> None:
        if is_killed and step.startswith(KILLED_IN):
            time.sleep(SECONDS_INTO)
            cluster.kill_one()
            print(f"  a worker is ended {SECONDS_INTO} s into {step!r}", flush=True)

    return closed(folder, period, cluster.environment(), at_step)


def compared(folder: Path, cluster: Cluster, period: str, is_killed: bool) -> list[str]:
    """What the closes of both engines differ in, their seconds told."""
    here, there = beside(folder, "here"), beside(folder, "there")
    use_engine(here, "duckdb")
    seconds = {"DuckDB": closed(here, period, dict(os.environ), lambda _: None)}
    seconds["Spark"] = on_cluster(there, period, cluster, is_killed)
    for name, whole in seconds.items():
        print(f"{name:8} close {whole:7.1f} s")
    one, other = (load_close(Workspace.open(place), Period.parse(period)) for place in (here, there))
    found = apart(one, other)
    print(f"{sum(1 for _ in one.folder.rglob('*.*'))} files: {', '.join(found) or 'the same'}")
    return found


def main() -> int:
    """Command line: how many impressions, and whether a worker is killed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark_cluster", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--executor-memory", default="2g")
    args = parser.parse_args()
    month = month_of(args.rows)
    folder = workspace_of(month)
    with TemporaryDirectory() as scratch, Cluster(Path(scratch), 2, args.executor_memory) as cluster:
        print(f"{month.impressions:,} impressions; {cluster.master}, 2 workers of 1 core and {args.executor_memory}")
        found = compared(folder, cluster, month.period, args.kill)
        print("peak memory of Spark's processes: " + ", ".join(cluster.peaks()))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
