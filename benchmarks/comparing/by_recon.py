"""By recon: its own comparison, which sums each side by key, tells statuses and writes a finding per difference."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.comparing.lines import KEYS
from recon.billed import Billed, BilledLine
from recon.compare import Line, compare
from recon.expect.lines import ExpectedLine
from recon.money import minor_units
from recon.workspace import Tolerance

NO_TOLERANCE = Tolerance(amount=Decimal(0), percent=Decimal(0))


def differences(folder: Path) -> list[tuple]:
    expected = [ExpectedLine(*row[:5], Decimal(1), _major(*row)) for row in _rows(folder / "expected.parquet")]
    billed = tuple(
        BilledLine(str(number), *row[:5], _major(*row)) for number, row in enumerate(_rows(folder / "billed.parquet"))
    )
    found = compare(expected, Billed(billed), NO_TOLERANCE, period="2026-10")
    apart = (line for line in found.lines if line.variance)
    return [(*line.key, *(_minor(amount, line.currency) for amount in _amounts(line))) for line in apart]


def _rows(path: Path) -> Iterator[tuple]:
    """A file's lines as tuples, batch by batch."""
    for batch in pq.ParquetFile(path).iter_batches(columns=[*KEYS, "amount"]):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _major(*row: object) -> Decimal:
    """The amount of a line in major units."""
    *_, currency, amount = row
    return Decimal(str(amount)).scaleb(-minor_units(str(currency)))


def _minor(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(minor_units(currency)))


def _amounts(line: Line) -> tuple[Decimal, Decimal]:
    return line.expected_amount, line.billed_amount
