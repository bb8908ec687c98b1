"""By pandas: the whole month in memory, so only where it fits there."""

from __future__ import annotations

from collections.abc import Callable
from glob import glob

import pandas as pd

from benchmarks.observing.question import Question

DAY = 86_400_000_000
FLAGS = ["is_viewable", "is_completed", "is_test"]
COUNTED = ["item", "ts", *FLAGS, "ivt", "ingested_at"]


def _events(asked: Question, dataset: str, columns: list[str] | None = None) -> pd.DataFrame:
    rows = pd.concat([pd.read_parquet(path, columns=columns) for path in sorted(glob(asked.files(dataset)))])
    for name in ("ts", "ingested_at"):
        present = rows[name].notna()
        rows[name] = rows[name].dt.as_unit("us").astype("int64").where(present)
    return rows.reset_index(drop=True)


def _grouped(asked: Question, rows: pd.DataFrame, more: list[str]) -> list[tuple]:
    months = pd.DataFrame([(item, *both) for item, both in asked.months.items()], columns=["item", "start", "end"])
    told = rows.merge(months, on="item")
    told["is_in_month"] = (told["ts"] >= told["start"]) & (told["ts"] < told["end"])
    told["is_late"] = told["ingested_at"] > asked.cutoff
    told[FLAGS] = told[FLAGS].astype("boolean").fillna(False).astype(bool)
    told["ivt"] = told["ivt"].astype(object).where(told["ivt"].notna(), None)
    keys = ["item", "is_in_month", *FLAGS, "is_late", "ivt", *more]
    sizes = told.groupby(keys, dropna=False).size()
    return [(*(None if pd.isna(value) else value for value in key), size) for key, size in sizes.items()]


def counts(asked: Question) -> list[tuple]:
    return _grouped(asked, _events(asked, "impressions", COUNTED), [])


def duplicates(asked: Question) -> list[tuple]:
    rows = _events(asked, "impressions")
    again = rows["impression_id"].duplicated(keep=False)
    others = [name for name in rows.columns if name not in ("impression_id", "ts", "ingested_at")]
    ordered = rows[again].sort_values(["impression_id", "ts", "ingested_at", *others], na_position="first")
    gap = ordered.groupby("impression_id")["ts"].diff()
    rows["is_duplicate"] = (gap <= DAY).reindex(rows.index, fill_value=False)
    return _grouped(asked, rows, ["is_duplicate"])


def touches(asked: Question) -> list[tuple]:
    first, last = asked.around
    conversions = _first_rows(asked, "conversions")
    conversions = conversions[(conversions["ts"] >= first) & (conversions["ts"] < last)]
    views = _events(asked, "impressions", ["impression_id", "program", "user_id", "ts", "ingested_at"])
    views = views[views["user_id"].isin(conversions["user_id"])].rename(columns={"impression_id": "id"})
    clicks = _first_rows(asked, "clicks")
    seen = pd.concat([views.assign(is_click=False), clicks.assign(is_click=True)])
    windows = pd.DataFrame(
        [(name, *both) for name, both in asked.windows.items()], columns=["program", "click", "seen"]
    )
    pairs = seen.merge(conversions, on=["program", "user_id"], suffixes=("_touch", "")).merge(windows, on="program")
    age = pairs["ts"] - pairs["ts_touch"]
    pairs = pairs[(age >= 0) & (age <= pairs["click"].where(pairs["is_click"], pairs["seen"]))]
    found = pairs.sort_values(["ts_touch", "id_touch"]).groupby("id")["id_touch"].agg(["size", "last"])
    return list(found.itertuples(name=None))


def _first_rows(asked: Question, dataset: str) -> pd.DataFrame:
    identity = f"{dataset[:-1]}_id"
    rows = _events(asked, dataset, [identity, "program", "user_id", "ts", "ingested_at"])
    rows = rows.sort_values(["ts", "ingested_at", "user_id"], na_position="first").drop_duplicates(identity)
    return rows.rename(columns={identity: "id"})[["id", "program", "user_id", "ts"]]


ANSWERS: dict[str, Callable[[Question], list[tuple]]] = {"counts": counts, "duplicates": duplicates, "touches": touches}
