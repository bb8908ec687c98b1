"""Raw events to exact integers: the only place that meets them."""

from __future__ import annotations

from recon.contracts.book import Book
from recon.engine import Engine
from recon.observe.conversions import observe_conversions
from recon.observe.impressions import observe_impressions
from recon.observe.scope import Scope

__all__ = ["OBSERVATIONS", "Scope", "observe"]

# The relations that everything after is computed from, and the order that makes their files reproducible.
OBSERVATIONS = {
    "impression_counts": "ALL",
    "conversion_rows": "conversion_id",
    "touches": "ALL",
    "reversal_rows": "reversal_id",
    "repeated_rows": "dataset, ts",
}


def observe(engine: Engine, book: Book, scope: Scope) -> None:
    """Reduce the events of the inputs to the relations of `OBSERVATIONS`, once for all contracts."""
    observe_impressions(engine, book, scope)
    observe_conversions(engine, book, scope)
