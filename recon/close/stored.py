"""A stored close as evidence, charts and notebooks read it: frames with exact decimals, never floats."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recon.expect import Balance
from recon.ledger import Ledger, RecordedClose
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

DECIMALS = frozenset(
    {
        "expected_quantity", "expected_amount", "billed_quantity", "billed_amount", "variance", "amount", "quantity",
        "our_amount", "their_amount",
    }
)  # fmt: skip
FINDING_COLUMNS = (
    "finding_id", "contract", "item", "kind", "currency", "amount", "cause", "grade", "rivals", "witnesses", "sentence",
    "scope", "edit", "settles",
)  # fmt: skip
EVENT_COLUMNS = (
    "finding_id", "dataset", "event", "quantity", "ours", "theirs", "our_amount", "their_amount", "place",
)  # fmt: skip


@dataclass(frozen=True)
class StoredClose:
    """One run of a period, read back from its files; amounts in frames are Decimals, missing values None.

    `versions` are all contract versions of the book with their clauses (path, value, whether a default);
    `not_priced` are (contract, version, clause). `finding_events` are the events that a finding turns on, with the fate
    either side gives them, `finding_workings` the line's arithmetic under the finding's edit; empty where none is kept.
    """

    workspace: Workspace
    workspace_name: str
    period: str
    run: int
    folder: Path
    manifest: dict[str, Any]
    lines: pd.DataFrame
    findings: pd.DataFrame
    fates: pd.DataFrame
    rejected: pd.DataFrame
    workings: pd.DataFrame
    finding_events: pd.DataFrame
    finding_workings: pd.DataFrame
    versions: list[dict[str, Any]]
    not_priced: list[tuple[str, int, str]]

    @property
    def reused(self) -> str:
        """What the close took from an earlier one instead of reading it anew, in words; empty where that is nothing."""
        return str(self.manifest.get("reused", ""))

    def conversions(self, contract: str | None = None, conversion_id: str | None = None) -> pd.DataFrame:
        """Decisions per contract and conversion, all or those asked for."""
        wanted = [("contract", "=", contract), ("conversion_id", "=", conversion_id)]
        filters = [one for one in wanted if one[2] is not None] or None
        return self._parquet("conversions.parquet", filters)

    @property
    def decision_count(self) -> int:
        """How many decisions there are: one per conversion and contract."""
        return int(pq.read_metadata(self.folder / "conversions.parquet").num_rows)

    @cached_property
    def decided_count(self) -> int:
        """How many conversions one contract or more decided on."""
        ids = pq.read_table(self.folder / "conversions.parquet", columns=["conversion_id"])
        return len(ids.column("conversion_id").unique())

    def observed(
        self,
        relation: str,
        conversion_id: str | None = None,
        item: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """A relation of the observations: whole, for one conversion or for one item; all columns or those named."""
        wanted = [("conversion_id", "=", conversion_id), ("item", "=", item)]
        filters = [one for one in wanted if one[2] is not None] or None
        return self._parquet(f"observations/{relation}.parquet", filters, columns)

    def observed_where(self, relation: str, column: str, value: str) -> pd.DataFrame:
        """The rows of a relation of the observations that have a value."""
        return self._parquet(f"observations/{relation}.parquet", [(column, "=", value)])

    def observed_table(self, relation: str, conversion_id: str) -> pa.Table:
        """The observations of one conversion, typed as they are stored."""
        path = self.folder / "observations" / f"{relation}.parquet"
        return pq.read_table(path, filters=[("conversion_id", "=", conversion_id)])

    def files_of(self, conversion_ids: Collection[str]) -> dict[str, str]:
        """The input file in which each of these conversions stands."""
        files = self.observed("input_files").set_index("number")["file"]
        found = self._parquet("observations/conversion_rows.parquet", [("conversion_id", "in", list(conversion_ids))])
        return {row["conversion_id"]: files.get(row["file_number"]) or "" for row in found.to_dict("records")}

    def reversals(self, contract: str) -> tuple[str, ...]:
        """The ids of the reversals that the close counted for a contract, in its period (RULES 5.7)."""
        return tuple(self._parquet("reversals.parquet", [("contract", "=", contract)])["reversal_id"])

    def balances(self) -> tuple[Balance, ...]:
        """The counts, spend and held balances that the period ended with, exact (RULES 4.7)."""
        return balances_of(self.folder)

    def _parquet(
        self, name: str, filters: list[tuple[str, str, Any]] | None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        table = pq.read_table(self.folder / name, filters=filters, columns=None if columns is None else list(columns))
        return pd.DataFrame(table.to_pylist(), columns=table.column_names, dtype=object)


def load_close(workspace: Workspace, period: Period, run: int | None = None) -> StoredClose:
    """A recorded run, the latest unless one is named; BadInput where there is none."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        close = ledger.latest(str(period)) if run is None else ledger.find(str(period), run)
    if close is None:
        raise BadInput([Problem(f"closes/{period}", "no run", f"a closed month: run `recon close {period}` first")])
    return _stored(workspace, close)


def balances_of(folder: Path) -> tuple[Balance, ...]:
    """The closing balances in a run's folder."""
    rows = _frame(folder / "balances.csv", is_exact=False).to_dict("records")
    return tuple(Balance(row["contract"], row["item"] or "", row["kind"], Fraction(row["value"])) for row in rows)


def periods(workspace: Workspace) -> list[str]:
    """The months that have been closed, the latest first."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        return sorted({close.period for close in ledger.closes()}, reverse=True)


def _stored(workspace: Workspace, close: RecordedClose) -> StoredClose:
    names = ("lines", "findings", "fates", "rejected", "workings")
    frames = {name: _frame(close.folder / f"{name}.csv", is_exact=name != "workings") for name in names}
    frames |= _frames_of_findings(close.folder, frames)
    versions = json.loads((close.folder / "contracts.json").read_text(encoding="utf-8"))
    manifest = json.loads((close.folder / "manifest.json").read_text(encoding="utf-8"))
    not_priced = [(one["contract"], one["version"], one["clause"]) for one in manifest["not_priced"]]
    return StoredClose(
        workspace, manifest["workspace"], close.period, close.run, close.folder, manifest, **frames,
        versions=versions, not_priced=not_priced,
    )  # fmt: skip


def _frames_of_findings(folder: Path, frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The findings and what stands beside them; a run stored before a file or a column was known has none of it."""
    unknown = {name: None for name in FINDING_COLUMNS if name not in frames["findings"].columns}
    return {
        "findings": frames["findings"].assign(**unknown).astype(object),
        "finding_events": _optional(folder / "finding_events.csv", EVENT_COLUMNS, is_exact=True),
        "finding_workings": _optional(
            folder / "finding_workings.csv", ("finding_id", *frames["workings"].columns), is_exact=False
        ),
    }


def _optional(path: Path, columns: tuple[str, ...], is_exact: bool) -> pd.DataFrame:
    if not path.exists() or not path.stat().st_size:
        return pd.DataFrame(columns=list(columns), dtype=object)
    return _frame(path, is_exact)


def _frame(path: Path, is_exact: bool) -> pd.DataFrame:
    """A run's CSV with text, None for what is empty, and Decimals in the columns of money and quantity."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8").astype(object)
    for column in frame.columns:
        convert = Decimal if is_exact and column in DECIMALS else str
        frame[column] = pd.Series([convert(text) if text != "" else None for text in frame[column]], dtype=object)
    return frame
