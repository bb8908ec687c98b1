"""What happens to a month between two closes: files that come late, change or go, contracts and statements amended."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from recon.close import StoredClose, close_period
from recon.period import Period
from recon.workspace import Workspace

OCTOBER = Period.parse("2026-10")
OWN = {"closes", "recon.db", ".observed", ".spill"}  # what a close makes in a workspace
ELSEWHERE = {"manifest.json", "input_files.parquet"}  # which tell the time, and the folder
CLOCK = {"imported", "started", "duration_seconds", "reused"}
CPM = ("fjord-ctv", "cedar-awareness", "hearth-display", "larkfield-network")
Change = Callable[[Path, random.Random], object]


def closed(folder: Path, is_diagnosed: bool = False) -> StoredClose:
    """The month closed as it stands in a workspace."""
    return close_period(Workspace.open(folder), OCTOBER, is_diagnosed=is_diagnosed)


def closed_afresh(folder: Path, beside: Path, is_diagnosed: bool = False) -> StoredClose:
    """The same month closed in a workspace that nothing was ever closed in."""
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(folder, beside, ignore=lambda place, names: OWN & set(names) if Path(place) == folder else ())
    return closed(beside, is_diagnosed)


def apart(one: StoredClose, other: StoredClose) -> list[str]:
    """What two closes differ in, byte for byte: files, and the manifest but for its clock."""
    names = [{path.relative_to(close.folder) for path in close.folder.rglob("*.*")} for close in (one, other)]
    assert len(names[0]) > 15
    shared = sorted(path for path in names[0] & names[1] if path.name not in ELSEWHERE)
    unequal = [path for path in shared if (one.folder / path).read_bytes() != (other.folder / path).read_bytes()]
    told = [{key: value for key, value in close.manifest.items() if key not in CLOCK} for close in (one, other)]
    return sorted(map(str, [*(names[0] ^ names[1]), *unequal])) + (["manifest"] if told[0] != told[1] else [])


def rate_changed(folder: Path, drawn: random.Random) -> None:
    """The last version of a contract corrected: other prices, the same dates."""
    version = _next(folder, drawn.choice(CPM), "correction")
    for item in version["terms"]["items"]:
        for price in [one for rate in item["rates"] for one in rate.get("tiers", {}).get("steps", [rate])]:
            price["per_mille"] = f"{drawn.randint(100, 4000) / 100:.2f}"
    _written(folder, version)


def date_moved(folder: Path, drawn: random.Random) -> None:
    """The last version of a contract from another day of the month on."""
    version = _next(folder, drawn.choice(CPM), "amendment")
    version["effective"]["from"] = f"2026-10-{drawn.randint(17, 31):02d}"
    _written(folder, version)


def version_asks_more(folder: Path, drawn: random.Random) -> None:
    """A new version whose price depends on a value that nobody asked for."""
    version = _next(folder, drawn.choice(CPM), "amendment")
    version["effective"]["from"] = f"2026-10-{drawn.randint(17, 31):02d}"
    item = drawn.choice(version["terms"]["items"])
    item["rates"] = [{"when": {"geo": [drawn.choice(["CA", "FR", "BR"])]}, "per_mille": "9.99"}, {"per_mille": "5.01"}]
    _written(folder, version)


def late_file(folder: Path, drawn: random.Random) -> None:
    """Another file of a dataset: new events, and some that were there before."""
    dataset = drawn.choice(["impressions", "impressions", "clicks", "conversions", "reversals"])
    source = drawn.choice(_files(folder, dataset))
    _late(folder, dataset, source, drawn)


def late_impressions(folder: Path, drawn: random.Random) -> None:
    """Another file of impressions, between the others by its name."""
    _late(folder, "impressions", drawn.choice(_files(folder, "impressions")), drawn)


def changed_file(folder: Path, drawn: random.Random) -> None:
    """A file that says something else: some rows gone, some come twice."""
    path = drawn.choice(_files(folder, drawn.choice(["impressions", "clicks", "conversions", "reversals"])))
    rows = pq.read_table(path).to_pylist()
    kept = [row for row in rows if drawn.random() > 0.2]
    _write(path, [*kept, *drawn.sample(kept, min(2, len(kept)))], pq.read_schema(path))


def unusable_rows(folder: Path, drawn: random.Random) -> None:
    """A file in which some rows cannot be read."""
    path = drawn.choice(_files(folder, "impressions"))
    rows = pq.read_table(path).to_pylist()
    for row in drawn.sample(rows, min(3, len(rows))):
        row["ivt"] = "unheard of"
    _write(path, rows, pq.read_schema(path))


def removed_file(folder: Path, drawn: random.Random) -> None:
    """A file that is not there any more."""
    drawn.choice(_files(folder, "impressions")).unlink()


def billing_corrected(folder: Path, drawn: random.Random) -> None:
    """The billing system's output with another amount."""
    path = folder / "billing" / "billing_lines.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    row = drawn.choice(rows)
    row[header.index("amount")] = str(drawn.randint(1, 5000))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def another_statement(folder: Path, _: random.Random) -> None:
    """One more file of the billing system, without a line."""
    toml = folder / "recon.toml"
    text = toml.read_text(encoding="utf-8").replace('"billing/billing_lines.csv"', '"billing/billing_lines*.csv"')
    toml.write_text(text, encoding="utf-8")
    first = (folder / "billing" / "billing_lines.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "billing" / "billing_lines_0.csv").write_text(first + "\n", encoding="utf-8")


def nothing(_: Path, __: random.Random) -> None:
    """The month as it was."""


SPARING: tuple[Change, ...] = (rate_changed, billing_corrected, another_statement, nothing)  # no event is asked anew
IN_PART: tuple[Change, ...] = (date_moved,)  # only some items' impressions are
CHANGES: tuple[Change, ...] = (
    *SPARING, *IN_PART, version_asks_more, late_file, late_impressions, changed_file, unusable_rows, removed_file,
)  # fmt: skip


def _files(folder: Path, dataset: str) -> list[Path]:
    return sorted((folder / "data" / dataset).glob("*.parquet"))


def _late(folder: Path, dataset: str, source: Path, drawn: random.Random) -> None:
    rows = pq.read_table(source).to_pylist()
    identity = next(iter(rows[0]))
    some = [dict(row) for row in rows if drawn.random() < 0.3]
    for row in some:
        if drawn.random() < 0.5:
            row[identity] = f"{row[identity]}-late-{drawn.randrange(10**9)}"
        elif dataset == "impressions":  # comes again within a day or after it, perhaps for another item
            row["ts"] += timedelta(hours=drawn.randint(0, 30))
            row["item"] = drawn.choice(rows)["item"]
    _write(source.with_name(f"{source.stem}-{drawn.randrange(10**6)}.parquet"), some, pq.read_schema(source))


def _write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def _next(folder: Path, contract: str, kind: str) -> dict[str, Any]:
    """A copy of a contract's last version under the next number, approved after the month."""
    last = max((folder / "contracts" / contract).glob("v*.yaml"), key=lambda path: int(path.stem[1:]))
    version = yaml.safe_load(last.read_text(encoding="utf-8"))
    version |= {"version": version["version"] + 1, "kind": kind, "document": {"name": "later", "page": 1}}
    who = {"create": "dana", "submit": "dana", "approve": "omar"}
    day = 10 + version["version"]
    version["history"] = [
        {"action": action, "by": by, "at": f"2026-11-{day}T1{n}:00:00Z"} for n, (action, by) in enumerate(who.items())
    ]
    return version


def _written(folder: Path, version: dict[str, Any]) -> None:
    path = folder / "contracts" / version["contract"] / f"v{version['version']}.yaml"
    path.write_text(yaml.safe_dump(version, sort_keys=False), encoding="utf-8")
