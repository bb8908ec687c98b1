"""By Polars: lazy frames, collected by its streaming engine."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from benchmarks.observing.question import Question

DAY = 86_400_000_000
FLAGS = ("is_viewable", "is_completed", "is_test")


def _rows(frame: pl.LazyFrame) -> list[tuple]:
    return frame.collect(engine="streaming").rows()


def _events(asked: Question, dataset: str) -> pl.LazyFrame:
    instants = [pl.col(name).dt.timestamp("us") for name in ("ts", "ingested_at")]
    return pl.scan_parquet(asked.files(dataset)).with_columns(instants)


def _grouped(asked: Question, rows: pl.LazyFrame, more: list[str]) -> pl.LazyFrame:
    bounds = [(item, *both) for item, both in asked.months.items()]
    months = pl.LazyFrame(bounds, schema={"item": pl.String, "start": pl.Int64, "end": pl.Int64}, orient="row")
    told = rows.join(months, on="item").with_columns(
        ((pl.col("ts") >= pl.col("start")) & (pl.col("ts") < pl.col("end"))).alias("is_in_month"),
        *(pl.col(name).fill_null(False) for name in FLAGS),
        (pl.col("ingested_at") > asked.cutoff).fill_null(False).alias("is_late"),
    )
    return told.group_by(["item", "is_in_month", *FLAGS, "is_late", "ivt", *more]).len()


def counts(asked: Question) -> list[tuple]:
    return _rows(_grouped(asked, _events(asked, "impressions"), []))


def duplicates(asked: Question) -> list[tuple]:
    events = _events(asked, "impressions")
    again = events.group_by("impression_id").len().filter(pl.col("len") > 1).select("impression_id")
    again = again.collect(engine="streaming").lazy()
    single = events.join(again, on="impression_id", how="anti").with_columns(pl.lit(False).alias("is_duplicate"))
    others = [name for name in events.collect_schema().names() if name not in ("ts", "ingested_at", "impression_id")]
    ordered = events.join(again, on="impression_id", how="semi").sort(
        ["impression_id", "ts", "ingested_at", *others], nulls_last=False
    )
    gap = pl.col("ts") - pl.col("ts").shift(1).over("impression_id")
    doubled = ordered.with_columns((gap <= DAY).fill_null(False).alias("is_duplicate")).collect().lazy()
    return _rows(_grouped(asked, pl.concat([single, doubled]), ["is_duplicate"]))


def touches(asked: Question) -> list[tuple]:
    first, last = asked.around
    conversions = _first_rows(asked, "conversions").filter(pl.col("ts").is_between(first, last, closed="left"))
    conversions = conversions.collect(engine="streaming").lazy()
    views = _events(asked, "impressions").select(
        pl.col("impression_id").alias("id"), "program", "user_id", "ts", pl.lit(False).alias("is_click")
    )
    people = conversions.select("program", "user_id").unique()
    views = views.join(people, on=["program", "user_id"], how="semi")
    clicks = _first_rows(asked, "clicks").with_columns(pl.lit(True).alias("is_click"))
    bounds = [(name, *both) for name, both in asked.windows.items()]
    windows = pl.LazyFrame(bounds, schema={"program": pl.String, "click": pl.Int64, "seen": pl.Int64}, orient="row")
    age = pl.col("ts") - pl.col("ts_touch")
    window = pl.when("is_click").then("click").otherwise("seen")
    reached = (
        pl.concat([views, clicks])
        .join(conversions, on=["program", "user_id"], suffix="_of")
        .rename({"id": "id_touch", "ts": "ts_touch", "id_of": "id", "ts_of": "ts"})
        .join(windows, on="program")
        .filter((age >= 0) & (age <= window))
    )
    latest = pl.col("id_touch").sort_by(["ts_touch", "id_touch"]).last()
    return _rows(reached.group_by("id").agg(pl.len(), latest))


def _first_rows(asked: Question, dataset: str) -> pl.LazyFrame:
    identity = f"{dataset[:-1]}_id"
    ordered = _events(asked, dataset).sort(["ts", "ingested_at", "user_id"], nulls_last=False)
    return ordered.unique(identity, keep="first", maintain_order=True).select(
        pl.col(identity).alias("id"), "program", "user_id", "ts"
    )


ANSWERS: dict[str, Callable[[Question], list[tuple]]] = {"counts": counts, "duplicates": duplicates, "touches": touches}
