"""Raw events to exact integers: the only place that meets them."""

from __future__ import annotations

from recon.contracts.book import Book
from recon.engine import Engine, Scans
from recon.observe.conversions import observe_conversions
from recon.observe.impressions import choose_impressions, observe_impressions
from recon.observe.questions import Questions
from recon.observe.recounting import keep_repeated_impressions
from recon.observe.repeats import COLUMNS
from recon.observe.scope import Scope
from recon.observe.touches import observe_touches

__all__ = ["OBSERVATIONS", "Questions", "Scope", "not_known_yet", "observe", "observe_asked", "questions_of"]

# The relations that everything after is computed from, and the order that makes their files reproducible.
OBSERVATIONS = {
    "impression_counts": "ALL",
    "impression_days": "ALL",
    "impressions_revived": "ALL",
    "conversion_rows": "conversion_id",
    "touches": "ALL",
    "touches_of_repeats": "ALL",
    "reversal_rows": "reversal_id",
    "repeated_rows": "dataset, ts",
    "repeated_impressions": "impression_id, copy_number",
    "repeats_of_conversions": "ALL",
    "far_conversions": "ALL",
    "rows_not_known": "dataset",
    "input_files": "number",
}


def observe(engine: Engine, book: Book, scope: Scope, every: Book | None = None) -> None:
    """Reduce the events of the inputs to the relations of `OBSERVATIONS`, once for all contracts.

    `book` is what is priced; `every` holds all versions, whatever their status: what a diagnosis asks of those, too,
    is observed in the same scans.
    """
    observe_asked(engine, questions_of(engine, book, scope, every), scope)


def questions_of(engine: Engine, book: Book, scope: Scope, every: Book | None = None) -> Questions:
    """What these contracts ask of events, where third parties count the items that the inputs say they do."""
    counted = engine.rows("SELECT DISTINCT item FROM third_party", "counted items")
    return Questions.of(book, scope, every, frozenset(str(item) for (item,) in counted))


def observe_asked(engine: Engine, asked: Questions, scope: Scope) -> None:
    """The same from what is asked alone: no term of a contract comes in otherwise."""
    results = [name for name in OBSERVATIONS if name != "input_files"]  # which whoever reads the inputs makes
    engine.scan(lambda scans: _observe(scans, asked, scope), COLUMNS, results)


def _observe(engine: Scans, asked: Questions, scope: Scope) -> None:
    """The steps, over the relations of events.

    Impressions are read three times, each column once or twice: their ids, the few rows that are looked at singly, and
    what they are counted by.
    """
    observe_conversions(engine, asked, scope)
    with engine.joined_as_written():
        choose_impressions(engine, scope)
        keep_repeated_impressions(engine)
        observe_impressions(engine, asked, scope)
    observe_touches(engine, scope)
    _not_known(engine, scope)


def not_known_yet(engine: Engine, scope: Scope) -> dict[str, int]:
    """How many rows of each dataset of events came in after `as_known_at`; nothing where all that is known counts."""
    if scope.as_known_at is None:
        return {}
    counted = dict(engine.rows("SELECT dataset, quantity FROM rows_not_known", "rows not known yet"))
    return {name: int(counted[name]) for name in COLUMNS}


def _not_known(engine: Scans, scope: Scope) -> None:
    """Create `rows_not_known`: how many rows of each dataset came in after what was known."""
    datasets = COLUMNS if scope.as_known_at is not None else ()
    counts = [(name, *engine.row(f"SELECT COUNT(*) FROM {name} WHERE NOT {scope.is_known}")) for name in datasets]
    engine.table("rows_not_known", {"dataset": "TEXT", "quantity": "BIGINT"}, counts)
