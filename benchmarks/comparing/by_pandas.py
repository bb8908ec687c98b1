"""By pandas: an outer merge."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.comparing.lines import KEYS


def differences(folder: Path) -> list[tuple]:
    expected, billed = (pd.read_parquet(folder / f"{name}.parquet") for name in ("expected", "billed"))
    joined = expected.merge(billed, on=list(KEYS), how="outer", suffixes=("", "_billed"))
    amounts = ["amount", "amount_billed"]
    joined[amounts] = joined[amounts].fillna(0).astype("int64")
    apart = joined[joined["amount"] != joined["amount_billed"]]
    return list(apart[[*KEYS, *amounts]].itertuples(index=False, name=None))
