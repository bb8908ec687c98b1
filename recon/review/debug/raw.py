"""Back to the raw rows: queries that find them in the files, the rows themselves, and commands that repeat it all."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd

from recon import views
from recon.close import StoredClose
from recon.engine import Engine, literal
from recon.inputs import open_engine, read_inputs
from recon.inputs.datasets import DATASETS
from recon.money import plain
from recon.period import Period, instant_text
from recon.problems import BadInput
from recon.review.debug.address import line_at
from recon.review.words import copyable, matching
from recon.views import LINE

KEYS = {
    "conversions": "conversion_id", "clicks": "click_id", "impressions": "impression_id", "reversals": "reversal_id",
    "billing_details": "conversion_id",
}  # fmt: skip
OF_TOUCH = {"click": "clicks", "view": "impressions"}
RAW_HEADING = "### The raw rows\n\nQueries that find them (DuckDB reads the files; a source's own SQL its tables):"
REPEAT = "## To repeat it"
RAW_COLUMNS = ["dataset", "file", "row", "id", "content"]
Wanted = Mapping[str, Sequence[str]]


def _wanted(close: StoredClose, conversion: str) -> Wanted:
    """The ids behind a conversion by dataset: its own, its touches', its reversals', and its details."""
    found: dict[str, list[str]] = defaultdict(list, conversions=[conversion])
    for touch in close.observed("touches", conversion).to_dict("records"):
        found[OF_TOUCH[touch["kind"]]].append(touch["touch_id"])
    for reversal in close.observed("reversal_rows", conversion).to_dict("records"):
        found["reversals"].append(reversal["reversal_id"])
    found["billing_details"] = [conversion] if "billing_details" in close.workspace.data else []
    return {name: sorted(set(ids)) for name, ids in found.items() if ids and name in close.workspace.data}


def where_clauses(close: StoredClose, conversion: str) -> str:
    """A query per dataset that finds the rows behind a conversion in the files or tables: a block to copy (HTML)."""
    files = _files(close, conversion)
    wanted = _wanted(close, conversion)
    return copyable("\n".join(_query(close, name, ids, files.get(name, ())) for name, ids in wanted.items()))


def _query(close: StoredClose, dataset: str, ids: Sequence[str], files: Sequence[str]) -> str:
    spec = close.workspace.data[dataset]
    listed = ", ".join(literal(one) for one in ids)
    column = f'"{spec.theirs(KEYS[dataset])}"'
    if spec.query:
        return f"SELECT * FROM ({spec.query.strip().rstrip(';')}) AS rows WHERE {column} IN ({listed});"
    places = [str(close.workspace.folder / one) for one in (files or [str(spec.path)])]
    return f"SELECT * FROM {_source(places)} WHERE {column} IN ({listed});"


def _source(places: Sequence[str]) -> str:
    """Files as DuckDB reads them."""
    if len(places) == 1:
        return literal(places[0])
    reader = "read_parquet" if places[0].endswith(".parquet") else "read_csv"
    return f"{reader}([{', '.join(literal(one) for one in places)}])"


def _files(close: StoredClose, conversion: str) -> dict[str, list[str]]:
    """The files in which a conversion and its touches stand, as the close noted them."""
    names = {row["number"]: str(row["file"]) for row in close.observed("input_files").to_dict("records")}
    found: dict[str, set[str]] = defaultdict(set)
    for row in close.observed("conversion_rows", conversion).to_dict("records"):
        found["conversions"].add(names[row["file_number"]])
    for row in close.observed("touches", conversion).to_dict("records"):
        found[OF_TOUCH[row["kind"]]].add(names[row["file_number"]])
    return {dataset: sorted(files) for dataset, files in found.items()}


def raw_rows(close: StoredClose, conversion: str) -> pd.DataFrame:
    """Every raw row behind a conversion with its file, its row there and its content; reads the files as they are now.

    Where they can't be read, one row says why.
    """
    wanted = _wanted(close, conversion)
    only = {name: close.workspace.data[name] for name in wanted}
    with open_engine(close.workspace) as engine:
        try:
            read_inputs(replace(close.workspace, data=only), engine, Period.parse(close.period))
        except BadInput as bad:
            faults = [(one.place, "", "", str(one.value), one.expected) for one in bad.problems]
            return pd.DataFrame(faults, columns=RAW_COLUMNS, dtype=object)
        rows = [row for name, ids in wanted.items() for row in _located(engine, name, ids)]
    return pd.DataFrame(rows, columns=RAW_COLUMNS, dtype=object)


def _located(engine: Engine, dataset: str, ids: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of one dataset, their values as text where they are given."""
    listed = ", ".join(literal(one) for one in ids)
    key = KEYS[dataset]
    found = engine.arrow(
        f"SELECT * FROM located_{dataset} WHERE {key} IN ({listed}) ORDER BY file, row", f"rows of {dataset}"
    )
    for row in found.to_pylist():
        file, number, identity = row.pop("file"), row.pop("row"), row.pop(key)
        told = ", ".join(f"{name}={value}" for name, value in _written(dataset, row) if value not in (None, ""))
        yield dataset, file, number, identity, told


def _written(dataset: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values as a source writes them: instants in ISO 8601, amounts in major units."""
    for column in DATASETS[dataset].columns:
        value = row.get(column.field)
        if value is not None and column.kind == "instant":
            value = instant_text(value)
        elif value is not None and column.kind == "amount":
            value = plain(Decimal(value).scaleb(-6).normalize() + 0)
        yield column.name, value


def commands(close: StoredClose, line: str | None, conversion: str | None) -> str:
    """Commands that tell the line, its findings and the conversion again on a terminal: a block to copy (HTML)."""
    asked = line_at(close, line)
    keys = ["/".join(str(row[name]) for name in LINE) for row in asked.to_dict("records")]
    findings = list(matching(close.findings, asked, list(LINE))["finding_id"])
    told = [views.command(close, one) for one in (*keys, *findings, *([conversion] if conversion else []))]
    folder = shlex.quote(str(close.workspace.folder))
    told += [_of_contract(str(contract), folder) for contract in asked["contract"]]
    told.append(f"recon close {close.period} --workspace {folder}")
    return copyable("\n".join(told))


def _of_contract(contract: str, folder: str) -> str:
    return f"recon contracts history {shlex.quote(contract)} --workspace {folder}"
