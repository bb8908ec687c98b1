"""How long a month takes to close and how much memory, beside DuckDB's bare scan of the same columns.

    python -m benchmarks.close_month --impressions 20000000 --conversions 200000

The month is made once and kept in the system's temporary folder. Scan and close each run in a process of their own,
whose peak memory is told by the operating system.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from tempfile import gettempdir

from benchmarks.measuring import Measured, measure
from fixtures.billing import write_billing
from fixtures.demo import make_workspace
from fixtures.months import Month

COLUMNS = {
    "impressions": "impression_id ts program item partner user_id geo device placement is_viewable is_completed ivt "
    "is_test ingested_at",
    "clicks": "click_id ts program partner user_id geo device ivt is_test ingested_at",
    "conversions": "conversion_id ts program user_id action order_id sale_amount currency category customer coupon geo "
    "device is_test is_fraud ingested_at",
    "reversals": "reversal_id conversion_id ts sale_amount ingested_at",
}
INSTANTS = {"ts", "ingested_at"}
SCAN = """\
import duckdb, sys
engine = duckdb.connect()
engine.execute("SET threads = %d; SET TimeZone = 'UTC'; SET enable_progress_bar = false")
for query in sys.argv[1:]:
    engine.execute(query).fetchall()
"""
CLOSE = """\
import sys
from pathlib import Path
from recon.close import close_period
from recon.period import Period
from recon.workspace import Workspace
close_period(Workspace.open(Path(sys.argv[1])), Period.parse(sys.argv[2]))
"""


def workspace_of(month: Month) -> Path:
    """The workspace of a month, made on first use, with nothing billed."""
    size = f"{month.impressions}-{month.clicks}-{month.conversions}-{month.seed}"
    folder = Path(gettempdir()) / f"recon-benchmark-{size}"
    if not (folder / "billing").exists():
        shutil.rmtree(folder, ignore_errors=True)
        make_workspace(folder, month)
        write_billing(folder / "billing", [])
    return folder


def scans(folder: Path) -> list[str]:
    """One query per dataset that reads every value of every column the close reads."""
    return [f"SELECT {_touches(columns)} FROM '{folder}/data/{name}/*.parquet'" for name, columns in COLUMNS.items()]


def _touches(columns: str) -> str:
    return ", ".join(f"sum({_size(column)})" for column in columns.split())


def _size(column: str) -> str:
    if column in INSTANTS:
        return f"epoch_us({column}) // 1000000"
    if column.startswith("is_") or column == "sale_amount":
        return f"CAST({column} AS DECIMAL(18, 2))" if column == "sale_amount" else f"CAST({column} AS INTEGER)"
    return f"strlen({column})"


def run(month: Month, repeat: int) -> list[Measured]:
    """The bare scan and the close, the faster of `repeat` each; a first scan warms the file cache."""
    folder = workspace_of(month)
    scan = [sys.executable, "-c", SCAN % (os.cpu_count() or 1), *scans(folder)]
    close = [sys.executable, "-c", CLOSE, str(folder), month.period]
    measure("warm-up", scan)
    scanned = [measure("bare scan", scan) for _ in range(repeat)]
    closed = [measure("close", close) for _ in range(repeat)]
    return [min(scanned, key=lambda one: one.seconds), min(closed, key=lambda one: one.seconds)]


def told(month: Month, measured: list[Measured]) -> str:
    """A small table; on a busy machine the ratio of processor seconds says more than that of seconds on the wall."""
    scan = measured[0]
    head = f"{month.impressions:,} impressions, {month.clicks:,} clicks, {month.conversions:,} conversions"
    titles = f"{'':12}{'seconds':>9}{'ratio':>8}{'processor':>11}{'ratio':>8}{'peak GB':>9}"
    rows = [
        f"{one.name:12}{one.seconds:9.1f}{one.seconds / scan.seconds:8.1f}"
        f"{one.processor:11.1f}{one.processor / scan.processor:8.1f}{one.peak:9.2f}"
        for one in measured
    ]
    return "\n".join([head, titles, *rows])


def main() -> None:
    """Command line: the size of the month."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.close_month", description=__doc__.splitlines()[0])
    parser.add_argument("--impressions", type=int, default=20_000_000)
    parser.add_argument("--conversions", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=1)
    asked = parser.parse_args()
    month = Month(impressions=asked.impressions, clicks=3 * asked.conversions, conversions=asked.conversions)
    print(told(month, run(month, asked.repeat)))


if __name__ == "__main__":
    main()
