"""What a month closed again costs beside its full close, change by change, and whether the bytes are the same.

    python -m benchmarks.reclose --impressions 20000000 --conversions 2000

Every close runs in a process of its own, without a diagnosis, since nothing is billed. After each change the month is
also closed in a workspace that nothing was closed in: figures are told only where all files are equal.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.close_month import workspace_of
from benchmarks.measuring import Measured, measure
from fixtures.months import Month

CLOSE = """\
import sys
from pathlib import Path
from recon.close import close_period
from recon.period import Period
from recon.workspace import Workspace
done = close_period(Workspace.open(Path(sys.argv[1])), Period.parse(sys.argv[2]), is_diagnosed=False)
Path(sys.argv[3]).write_text(done.reused, encoding="utf-8")
"""
MADE_BY_A_CLOSE = {"closes", "recon.db", ".observed", ".spill"}
ELSEWHERE = {"manifest.json", "input_files.parquet"}  # which tell the time, and the folder
CONTRACT = "fjord-ctv"
LATE = "-15.parquet"  # the day whose file comes late


class Differing(Exception):
    """A close of a closed month gave other bytes than one from scratch."""


@dataclass(frozen=True)
class Reclosed:
    """A change, what closing again used beside the full close of the same workspace, and what it says it reused."""

    change: str
    again: Measured
    full: Measured
    reused: str

    @property
    def share(self) -> float:
        """Processor seconds of closing again, of those of the full close, in percent."""
        return 100 * self.again.processor / self.full.processor


def nothing(_: Path) -> None:
    """The month as it was."""


def rate_changed(folder: Path) -> None:
    """Another price, by a correction with the same dates."""
    version = _next(folder, "correction")
    for item in version["terms"]["items"]:
        item["rates"][-1]["per_mille"] = "7.77"
    _write(folder, version)


def statement_corrected(folder: Path) -> None:
    """Another output of the billing system."""
    path = folder / "billing" / "billing_lines.csv"
    text = path.read_text(encoding="utf-8")
    path.unlink()  # it may share its place on the disk with another workspace's
    path.write_text(text + "\n", encoding="utf-8")


def date_moved(folder: Path) -> None:
    """The last version's terms from another day of the month on."""
    version = _next(folder, "amendment")
    version["effective"]["from"] = version["effective"]["from"].replace(day=21)
    _write(folder, version)


def late_file(folder: Path) -> None:
    """The file of one day, which was not there before."""
    (late,) = (folder / "late").iterdir()
    late.rename(folder / "data" / "impressions" / late.name)


CHANGES: tuple[Callable[[Path], None], ...] = (nothing, rate_changed, statement_corrected, date_moved, late_file)


def run(month: Month, changes: tuple[Callable[[Path], None], ...] = CHANGES) -> list[Reclosed]:
    """Each change upon a closed month; raises Differing where a byte is another than from scratch."""
    source = workspace_of(month)
    with TemporaryDirectory(dir=source.parent) as place:
        before = _copy(source, Path(place) / "before")
        _hold_back(before, month.period)
        closed(before, month.period, "before")
        return [_reclosed(before, Path(place), change, month.period) for change in changes]


def closed(folder: Path, period: str, name: str) -> tuple[Measured, str]:
    """A close in a process of its own, and what it says it reused."""
    said = folder / "reused.txt"
    used = measure(name, [sys.executable, "-c", CLOSE, str(folder), period, str(said)])
    return used, said.read_text(encoding="utf-8")


def _reclosed(before: Path, place: Path, change: Callable[[Path], None], period: str) -> Reclosed:
    folder = Path(shutil.copytree(before, place / "again", copy_function=_linked))
    change(folder)
    fresh = _copy(folder, place / "fresh")
    again, reused = closed(folder, period, "again")
    full, _ = closed(fresh, period, "full")
    if differing := _apart(folder / "closes" / period / "2", fresh / "closes" / period / "1"):
        raise Differing(f"{change.__name__}: {', '.join(differing)}")
    for each in (folder, fresh):
        shutil.rmtree(each)
    return Reclosed(change.__name__.replace("_", " "), again, full, reused)


def _copy(source: Path, target: Path) -> Path:
    """A workspace without what closes made in it."""
    skipped = shutil.ignore_patterns(*MADE_BY_A_CLOSE)
    return Path(shutil.copytree(source, target, ignore=skipped, copy_function=_linked))


def _linked(source: str, target: str) -> str:
    """Files of data under a second name, since nobody writes into them; all others copied."""
    if source.endswith(".parquet"):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def _hold_back(folder: Path, period: str) -> None:
    """Take the file of one day out of the month."""
    name = f"{period}{LATE}"
    (folder / "late").mkdir()
    (folder / "data" / "impressions" / name).rename(folder / "late" / name)


def _apart(one: Path, other: Path) -> list[str]:
    """The files of two runs that are not equal."""
    names = {path.relative_to(run) for run in (one, other) for path in run.rglob("*.*")}
    return [
        str(name) for name in sorted(names) if name.name not in ELSEWHERE and _bytes(one / name) != _bytes(other / name)
    ]


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _next(folder: Path, kind: str) -> dict[str, Any]:
    """A copy of the contract's last version under the next number, approved after the month."""
    documents = sorted((folder / "contracts" / CONTRACT).glob("v*.yaml"))
    version = yaml.safe_load(documents[-1].read_text(encoding="utf-8"))
    acts = [("create", "dana", 10), ("submit", "dana", 11), ("approve", "omar", 12)]
    history = [{"action": action, "by": by, "at": f"2026-11-20T{hour}:00:00Z"} for action, by, hour in acts]
    return version | {"version": len(documents) + 1, "kind": kind, "history": history}


def _write(folder: Path, version: dict[str, Any]) -> None:
    path = folder / "contracts" / CONTRACT / f"v{version['version']}.yaml"
    path.write_text(yaml.safe_dump(version, sort_keys=False), encoding="utf-8")


def table(found: list[Reclosed]) -> str:
    """Processor seconds and memory of closing again beside the full close."""
    rows = ["| change | full, processor s | again | % | peak GB, full / again | reused |", "|---|--:|--:|--:|--:|---|"]
    for one in found:
        rows.append(
            f"| {one.change} | {one.full.processor:.1f} | {one.again.processor:.1f} | {one.share:.0f} "
            f"| {one.full.peak:.2f} / {one.again.peak:.2f} | {one.reused or 'nothing'} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Command line: the size of the month."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reclose", description=__doc__.splitlines()[0])
    parser.add_argument("--impressions", type=int, default=20_000_000)
    parser.add_argument("--conversions", type=int, default=2_000)
    asked = parser.parse_args()
    month = Month(impressions=asked.impressions, clicks=3 * asked.conversions, conversions=asked.conversions)
    print(f"{month.impressions:,} impressions, {month.conversions:,} conversions, {os.cpu_count()} cores\n")
    print(table(run(month)))


if __name__ == "__main__":
    main()
