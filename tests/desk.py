"""A workspace under test: sources written in the test itself, then read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recon.engine import Engine
from recon.inputs import Inputs, read_inputs
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

OCTOBER = Period.parse("2026-10")
CLICKS = ("click_id", "ts", "program", "partner", "user_id", "geo", "device", "ivt", "is_test", "ingested_at")
LINES = ("billing_line_id", "contract", "item", "period", "kind", "quantity", "rate", "amount", "currency")


class Desk:
    """A workspace under test: write files, then read them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: list[str] = []
        self.engine = Engine(memory_limit="500MB", threads=2)

    def source(self, dataset: str, *lines: str) -> None:
        self.tables.append("\n".join([f"[data.{dataset}]", *lines]))

    def csv(self, name: str, header: Sequence[str], *rows: Sequence[Any]) -> Path:
        out = io.StringIO(newline="")
        csv.writer(out).writerows([header, *rows])
        return self.file(name, out.getvalue().encode())

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def parquet(self, name: str, columns: dict[str, Any], **options: Any) -> Path:
        path = self.file(name, b"")
        pq.write_table(pa.table(columns), path, **options)
        return path

    def workspace(self) -> Workspace:
        text = "\n".join(['[workspace]\nname = "desk"', *self.tables])
        self.file("recon.toml", text.encode())
        return Workspace.open(self.folder)

    def read(self) -> Inputs:
        return read_inputs(self.workspace(), self.engine, OCTOBER)

    def problems(self) -> list[Problem]:
        with pytest.raises(BadInput) as caught:
            self.read()
        assert all(problem.place and problem.value and problem.expected for problem in caught.value.problems)
        return list(caught.value.problems)


def clicks(count: int) -> dict[str, Any]:
    """Good clicks as typed columns, the optional ones left out."""
    return {
        "click_id": [f"c{number}" for number in range(count)],
        "ts": pa.array(range(count), pa.timestamp("us", tz="UTC")),
        "program": ["p"] * count,
        "user_id": ["u"] * count,
    }


def line(number: int = 1, **changes: Any) -> list[Any]:
    values = dict(zip(LINES, [f"L{number}", "k", "i", "2026-10", "charge", "10", "2.5", "25.00", "USD"], strict=True))
    return list((values | changes).values())
