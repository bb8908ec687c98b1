"""Random months closed on both engines: every file of a run is the same, byte for byte.

    python -m benchmarks.spark_months --months 50 --seed 7000

Months have every clause, but for one in five; their files are CSV and Parquet in several dresses.  Each line of output
names a month and what differs; the last one counts.  Ends with status 1 where anything differs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures.random_months import make
from fixtures.random_months.month import asked
from recon.close import StoredClose, close_period
from recon.period import Period
from recon.workspace import Workspace

MASTER = "local[2]"
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a Java that ends before its best code would pay
NAMES_THE_ENGINE = {"made_from.txt", "made_from_alike.txt"}
ELSEWHERE = {"manifest.json", "input_files.parquet"}  # which tell the time, and the folder
CLOCK = {"imported", "started", "duration_seconds", "reused"}
ENGINE = "engine"  # which a manifest tells among the settings, and its digest with it


def keep_java_simple() -> None:
    """Many small months: what Java would win by compiling better it would not live to use."""
    os.environ.setdefault("JAVA_TOOL_OPTIONS", SHORT_LIVED)


def use_engine(folder: Path, engine: str) -> None:
    """Name the engine in a workspace's settings."""
    toml = folder / "recon.toml"
    text = re.sub(r"(?m)^engine = .*\n", "", toml.read_text(encoding="utf-8"))
    toml.write_text(text.replace("[workspace]\n", f'[workspace]\nengine = "{engine}"\n', 1), encoding="utf-8")


def closed(folder: Path, engine: str) -> StoredClose:
    """A month closed by an engine."""
    use_engine(folder, engine)
    month = asked(folder)
    scope = {"as_known_at": month["as_known_at"], "cutoff": month["cutoff"]}
    return close_period(Workspace.open(folder), Period.parse(month["period"]), **scope)


def apart(one: StoredClose, other: StoredClose) -> list[str]:
    """What two closes of the same inputs differ in, byte for byte; the manifest but for its clock."""
    names = [{path.relative_to(close.folder) for path in close.folder.rglob("*.*")} for close in (one, other)]
    shared = sorted(path for path in names[0] & names[1] if path.name not in ELSEWHERE | NAMES_THE_ENGINE)
    unequal = [path for path in shared if (one.folder / path).read_bytes() != (other.folder / path).read_bytes()]
    told = [_told(close.manifest) for close in (one, other)]
    manifest = [key for key in told[0].keys() | told[1].keys() if told[0].get(key) != told[1].get(key)]
    files = sorted(str(path) for path in [*(names[0] ^ names[1]), *unequal])
    return [*files, *(f"manifest {key}" for key in sorted(manifest))]


def _told(manifest: dict) -> dict:
    """What a manifest says, but for the clock and the engine."""
    told = {key: value for key, value in manifest.items() if key not in CLOCK | {"digest"}}
    return told | {"settings": {key: value for key, value in told["settings"].items() if key != ENGINE}}


def month_apart(seed: int, folder: Path, master: str = MASTER) -> tuple[int, list[str]]:
    """The files compared of a random month, and what differs in them."""
    here, there = folder / "here", folder / "there"
    make(seed, here, "simple" if seed % 5 == 4 else "all")
    shutil.copytree(here, there)
    one, other = closed(here, "duckdb"), closed(there, master)
    return sum(1 for _ in one.folder.rglob("*.*")), apart(one, other)


def months_apart(seeds: range, master: str) -> Iterator[tuple[int, int, list[str], float]]:
    """Each month in a folder of its own, with the seconds that it took."""
    for seed in seeds:
        began = time.monotonic()
        with TemporaryDirectory() as folder:
            files, found = month_apart(seed, Path(folder), master)
        yield seed, files, found, time.monotonic() - began


def main() -> int:
    """Command line: how many months, from which seed on, and the Spark master."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark_months", description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--master", default=MASTER)
    args = parser.parse_args()
    keep_java_simple()
    total, different = 0, 0
    for seed, files, found, seconds in months_apart(range(args.seed, args.seed + args.months), args.master):
        total, different = total + files, different + bool(found)
        print(f"{seed}: {files} files, {', '.join(found) or 'the same'} ({seconds:.1f} s)", flush=True)
    print(f"{args.months} months, {total} files: {different} months differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
