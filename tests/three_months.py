"""Three demo months in one workspace, their statements written one after the other as months go by."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute  # pa.compute is a module of its own
import pyarrow.parquet as pq

from fixtures.billing import bill, with_errors, write_billing
from fixtures.demo import SETTINGS, make_workspace
from fixtures.months import Month

PERIODS = ("2026-08", "2026-09", "2026-10")
SIZE = Month(impressions=12_000, clicks=1_500, conversions=500)
IDS = {"impression_id", "click_id", "conversion_id", "reversal_id", "order_id", "user_id"}


def make_three(folder: Path, scratch: Path) -> None:
    """Contracts and the events of three months; each month is one of the demo's, its ids its own."""
    for number, period in enumerate(PERIODS):
        made = scratch / period
        make_workspace(made, replace(SIZE, period=period, seed=number + 1))
        for source in sorted(one for one in (made / "data").iterdir() if one.is_dir()):
            _take_over(source, folder / "data" / source.name / f"{period}.parquet", period)
    shutil.copytree(scratch / PERIODS[0] / "contracts", folder / "contracts")
    shutil.copyfile(scratch / PERIODS[0] / "data" / "fx_rates.csv", folder / "data" / "fx_rates.csv")
    settings = SETTINGS.format(cutoff_days=SIZE.cutoff_days).replace('"billing/', '"billing/*/')
    (folder / "recon.toml").write_text(settings, encoding="utf-8")


def _take_over(source: Path, target: Path, period: str) -> None:
    """A dataset's files as one, with the month before every id, so that no event of two months has the same."""
    table = pa.concat_tables([pq.read_table(path) for path in sorted(source.glob("*.parquet"))])
    for name in IDS & set(table.column_names):
        own = pa.compute.binary_join_element_wise(period, table.column(name).cast(pa.string()), "-")
        table = table.set_column(table.column_names.index(name), name, own)
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target)


def bill_month(
    folder: Path, period: str, edits: dict[str, str], adjustments: list[tuple[str, str, str, str, str]]
) -> None:
    """A month's statement: the plain biller's lines with errors typed into them, amounts added, adjustments.

    `edits` add an amount to a contract's first line; an adjustment is contract, item, currency, amount, reference.
    """
    clean = bill(folder, period)
    lines, _ = with_errors(clean, clean)
    for contract, amount in edits.items():
        place = next(n for n, one in enumerate(lines) if one.contract == contract)
        lines[place] = replace(lines[place], amount=lines[place].amount + Decimal(amount))
    write_billing(folder / "billing" / period, lines)
    with (folder / "billing" / period / "billing_lines.csv").open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, (contract, item, currency, amount, reference) in enumerate(adjustments, 1):
            row = [f"AD-{period}-{number}", contract, item, period, "adjustment", "", "", amount, currency]
            writer.writerow([*row, "", "", "", reference, ""])
