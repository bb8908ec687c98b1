"""Rows that come again: which of them counts (RULES 1.7, 1.8), and repeated impressions (RULES 3.2)."""

from __future__ import annotations

from recon.engine import Scans
from recon.observe.scope import Scope
from recon.period import DAY

COLUMNS = {
    "impressions": (
        "impression_id", "ts", "program", "item", "partner", "user_id", "geo", "device", "placement",
        "is_viewable", "is_completed", "ivt", "is_test", "ingested_at",
    ),
    "clicks": ("click_id", "ts", "program", "partner", "user_id", "geo", "device", "ivt", "is_test", "ingested_at"),
    "conversions": (
        "conversion_id", "ts", "program", "user_id", "action", "order_id", "sale_micros", "currency", "category",
        "customer", "coupon", "geo", "device", "is_test", "is_fraud", "ingested_at",
    ),
    "reversals": ("reversal_id", "conversion_id", "ts", "sale_micros", "reason", "ingested_at"),
}  # fmt: skip


def in_order(dataset: str, within_id: bool = True) -> str:
    """The total order of a dataset's rows as SQL: (ts, id, ingested_at), then the remaining columns (RULES 1.7)."""
    identity, *others = COLUMNS[dataset]
    first = ["ts"] if within_id else ["ts", identity]
    rest = [column for column in others if column not in ("ts", "ingested_at")]
    return ", ".join(f"{column} NULLS FIRST" for column in [*first, "ingested_at", *rest])


def keep_first_of_each_id(engine: Scans, dataset: str, scope: Scope) -> None:
    """Create `known_<dataset>`: the first row of each id (RULES 1.8)."""
    with engine.joined_as_written():
        engine.run(
            f"known {dataset}", f"CREATE OR REPLACE TABLE known_{dataset} AS {first_of_each_id(dataset, scope)}"
        )


def first_of_each_id(dataset: str, scope: Scope) -> str:
    """The first row of each id, as SQL; needs `find_repeats` (RULES 1.8)."""
    columns = ", ".join(COLUMNS[dataset])
    is_repeated = f"EXISTS (SELECT 1 FROM ids_of_{dataset} AS k WHERE k.id = r.{COLUMNS[dataset][0]})"
    return f"""
        SELECT {columns}, file_number FROM {dataset} AS r WHERE {scope.is_known} AND NOT {is_repeated}
        UNION ALL SELECT {columns}, file_number FROM copies_of_{dataset} WHERE copy_number = 1"""


def find_repeats(engine: Scans, dataset: str, scope: Scope) -> None:
    """Create `copies_of_<dataset>`: the rows whose id comes more than once, numbered in order, with the gap before.

    Only fingerprints of ids are compared over all rows; the ids themselves among the few rows that share one, so a
    clash of fingerprints changes nothing. `gap` is µs since the copy before (NULL: the first).
    """
    find_repeated_marks(engine, dataset, scope)
    is_repeated = f"{mark_of(engine, dataset)} IN (SELECT mark FROM marks_of_{dataset})"
    with engine.joined_as_written():
        number_copies(engine, dataset, f"{dataset} WHERE {scope.is_known} AND {is_repeated}")


def mark_of(engine: Scans, dataset: str) -> str:
    """The fingerprint of a row's id, as SQL."""
    return engine.mark(COLUMNS[dataset][0])


def find_repeated_marks(engine: Scans, dataset: str, scope: Scope) -> None:
    """Create `marks_of_<dataset>`: the fingerprints of ids that come more than once."""
    fingerprints = f"SELECT {mark_of(engine, dataset)} AS mark FROM {dataset} WHERE {scope.is_known}"
    engine.find_repeated(f"marks_of_{dataset}", fingerprints, rows=engine.size(dataset))


def number_copies(engine: Scans, dataset: str, rows: str) -> None:
    """Create `copies_of_<dataset>` and `ids_of_<dataset>` from rows that may repeat an id, given as SQL."""
    identity, columns = COLUMNS[dataset][0], ", ".join(COLUMNS[dataset])
    engine.run(
        f"copies of {dataset}",
        f"""CREATE OR REPLACE TABLE copies_of_{dataset} AS
        SELECT {columns}, file_number, ROW_NUMBER() OVER repeat AS copy_number, ts - LAG(ts) OVER repeat AS gap
        FROM {rows}
        WINDOW repeat AS (PARTITION BY {identity} ORDER BY {in_order(dataset)}, file_number)""",
    )
    engine.run(
        f"repeated ids of {dataset}",
        f"""CREATE OR REPLACE TABLE ids_of_{dataset} AS
        SELECT {identity} AS id FROM copies_of_{dataset} GROUP BY {identity}""",
    )


IS_DUPLICATE = f"(gap IS NOT NULL AND gap <= {DAY})"
