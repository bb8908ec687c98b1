"""The same questions about a month's events, answered by recon, by hand-written DuckDB, by Polars and by pandas."""
