"""By Polars: a lazy full join, collected by its streaming engine."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.comparing.lines import KEYS


def differences(folder: Path) -> list[tuple]:
    expected, billed = (pl.scan_parquet(folder / f"{name}.parquet") for name in ("expected", "billed"))
    joined = expected.join(billed, on=KEYS, how="full", coalesce=True, suffix="_billed")
    amounts = [pl.col("amount").fill_null(0), pl.col("amount_billed").fill_null(0)]
    return (
        joined.with_columns(amounts)
        .filter(pl.col("amount") != pl.col("amount_billed"))
        .collect(engine="streaming")
        .select(*KEYS, "amount", "amount_billed")
        .rows()
    )
