"""A month written out as a workspace folder, for a biller or for a close of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from recon.trials.planting.month import BilledLine, Month
from recon.workspace import Workspace

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # hundreds of documents a call
TIMES = ("ts", "ingested_at")
LINE_COLUMNS = (
    "billing_line_id", "contract", "item", "period", "kind", "quantity", "amount", "currency", "contract_version",
    "invoice", "invoice_date", "note",
)  # fmt: skip


def write_month(folder: Path, month: Month, is_by_file: bool = False, workspace: Workspace | None = None) -> None:
    """Settings, documents and data; `is_by_file` keeps the rows of different source files in different files.

    With a workspace, its tolerances hold and billing lines are named as a source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_documents(folder / "contracts", month)
    named = [name for name, table in month.rows.items() if table.num_rows or name in ("impressions", "conversions")]
    for name in named:
        _write_rows(folder / "data" / name, month.rows[name], is_by_file)
    (folder / "recon.toml").write_text(_settings(month, named, workspace), encoding="utf-8")


def write_documents(folder: Path, month: Month) -> None:
    """One YAML file per version."""
    for document in month.documents:
        path = folder / document["contract"] / f"v{document['version']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.dump(document, Dumper=DUMPER, sort_keys=False), encoding="utf-8")


def _write_rows(folder: Path, table: pa.Table, is_by_file: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = [table]
    if is_by_file and "file" in table.column_names and table.num_rows:
        files = sorted(set(table.column("file").to_pylist()))
        parts = [table.filter(pc.equal(table.column("file"), file)) for file in files]
    for number, part in enumerate(parts, 1):
        pq.write_table(_typed(part), folder / f"{number:04d}.parquet")


def _typed(table: pa.Table) -> pa.Table:
    """The rows as a source has them: times as timestamps, without where they came from."""
    if "file" in table.column_names:
        table = table.drop_columns(["file"])
    for name in TIMES:
        if name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, name, table.column(name).cast(pa.timestamp("us", "UTC")))
    return table


def _settings(month: Month, named: Iterable[str], workspace: Workspace | None) -> str:
    """`recon.toml` of the copy; its ledger is its own."""
    lines = ["[workspace]", 'name = "drill"', 'database = "sqlite:///recon.db"', f"cutoff_days = {month.cutoff_days}"]
    if month.billing_timezone:
        lines.append(f"billing_timezone = {json.dumps(month.billing_timezone)}")
    lines += ["[contracts]", 'path = "contracts"']
    for name in named:
        lines += [f"[data.{name}]", f'path = "data/{name}/*.parquet"']
    if workspace is not None:
        tolerance = workspace.tolerance
        lines += ["[tolerance]", f'amount = "{tolerance.amount:f}"', f'percent = "{tolerance.percent:f}"']
        for name in ("billing_lines", "billing_details"):
            lines += [f"[data.{name}]", f'path = "billing/{name}.csv"']
    return "\n".join(lines) + "\n"


def write_statement(folder: Path, month: Month, workspace: Workspace) -> None:
    """A workspace with nothing but a place for billing lines and details."""
    nothing = {name: month.rows[name].slice(0, 0) for name in ("impressions", "conversions") if name in month.rows}
    write_month(folder, replace(month, documents=(), rows=nothing), workspace=workspace)
    (folder / "contracts").mkdir(exist_ok=True)


def write_bill(folder: Path, month: Month, lines: Sequence[BilledLine]) -> None:
    """`billing_lines.csv` and `billing_details.csv` as a billing system sends them."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(lines, key=lambda line: (*line.key, line.amount))
    contracts = sorted({line.contract for line in lines})
    rows: list[list[Any]] = []
    details: list[list[Any]] = []
    for number, line in enumerate(ordered, 1):
        key = f"BL-{month.period}-{number:04d}"
        rows += [_row(key, month, line, contracts.index(line.contract) + 1)] * line.times_sent
        details += [[key, conversion, f"{amount:f}"] for conversion, amount in line.details]
    _write_csv(folder / "billing_lines.csv", LINE_COLUMNS, rows)
    _write_csv(folder / "billing_details.csv", ("billing_line_id", "conversion_id", "amount"), details)


def _row(key: str, month: Month, line: BilledLine, invoice: int) -> list[Any]:
    sheet = "STM" if line.kind == "payout" else "INV"
    version = "" if line.version is None else line.version
    head = [key, line.contract, line.item, month.period, line.kind, f"{line.quantity:f}", f"{line.amount:f}"]
    sent = f"{sheet}-{month.period}-{invoice:03d}", f"{month.period.next()}-04"
    return [*head, line.currency, version, *sent, line.note]


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
