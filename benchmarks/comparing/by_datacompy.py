"""By datacompy, which compares frames column by column: of pandas, or of Polars."""

from __future__ import annotations

from pathlib import Path

import datacompy
import pandas as pd
import polars as pl

from benchmarks.comparing.lines import KEYS

NAMES = {"df1_name": "expected", "df2_name": "billed"}


def on_pandas(folder: Path) -> list[tuple]:
    expected, billed = (pd.read_parquet(folder / f"{name}.parquet") for name in ("expected", "billed"))
    found = datacompy.PandasCompare(expected, billed, join_columns=list(KEYS), **NAMES)
    both = found.all_mismatch()[[*KEYS, "amount_expected", "amount_billed"]]
    return _told(*(rows.itertuples(index=False, name=None) for rows in (both, *_alone(found))))


def on_polars(folder: Path) -> list[tuple]:
    expected, billed = (pl.read_parquet(folder / f"{name}.parquet") for name in ("expected", "billed"))
    found = datacompy.PolarsCompare(expected, billed, join_columns=list(KEYS), **NAMES)
    both = found.all_mismatch().select(*KEYS, "amount_expected", "amount_billed")
    return _told(*(rows.rows() for rows in (both, *_alone(found))))


def _alone(found) -> list:
    return [rows[[*KEYS, "amount"]] for rows in (found.df1_unq_rows, found.df2_unq_rows)]


def _told(both, missing, unexpected) -> list[tuple]:
    rows = [*both, *((*row, 0) for row in missing), *((*row[:-1], 0, row[-1]) for row in unexpected)]
    return [(*row[:-2], int(row[-2]), int(row[-1])) for row in rows]
