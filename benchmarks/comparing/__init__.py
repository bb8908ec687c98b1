"""The same comparison of expected with billed lines by recon, by hand-written DuckDB, by Polars, pandas and datacompy.

Only `by_recon` knows recon: the others also run where nothing but their own library is installed.
"""

from __future__ import annotations

from typing import NamedTuple


class Contestant(NamedTuple):
    """Where a contestant's answer is worked out, and the library that it needs."""

    library: str
    module: str
    function: str = "differences"


SCANNED = Contestant("duckdb", "benchmarks.comparing.by_duckdb", "scanned")
CONTESTANTS = {
    "recon": Contestant("recon", "benchmarks.comparing.by_recon"),
    "duckdb": Contestant("duckdb", "benchmarks.comparing.by_duckdb"),
    "polars": Contestant("polars", "benchmarks.comparing.by_polars"),
    "pandas": Contestant("pandas", "benchmarks.comparing.by_pandas"),
    "datacompy on polars": Contestant("datacompy", "benchmarks.comparing.by_datacompy", "on_polars"),
    "datacompy on pandas": Contestant("datacompy", "benchmarks.comparing.by_datacompy", "on_pandas"),
}
