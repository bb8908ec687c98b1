"""By recon: its own steps, from which the answer is added up."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.observing.question import Question
from recon.engine import Engine
from recon.inputs import open_engine, read_inputs
from recon.observe import Questions, observe, questions_of
from recon.observe.conversions import observe_conversions
from recon.observe.impressions import look_at_singly, observe_impressions
from recon.observe.repeats import find_repeats
from recon.observe.touches import observe_touches


def _opened(asked: Question) -> Engine:
    engine = open_engine(asked.workspace)
    read_inputs(asked.workspace, engine, asked.scope.period)
    return engine


def _questions(asked: Question, engine: Engine) -> Questions:
    return questions_of(engine, asked.book, asked.scope, asked.every)


def _told(asked: Question, engine: Engine, more: str = "") -> list[tuple]:
    """The counts with all their cuts and attributes, added up to what was asked."""
    columns = {"item": "TEXT", "month_start": "BIGINT", "month_end": "BIGINT"}
    engine.table("months", columns, [(item, *bounds) for item, bounds in asked.months.items()])
    return engine.rows(
        f"""SELECT item, start >= month_start AND "end" <= month_end, is_viewable, is_completed, is_test, is_late,
            ivt{more}, CAST(SUM(quantity) AS BIGINT)
        FROM impression_counts JOIN months USING (item) GROUP BY ALL"""
    )


def counts(asked: Question) -> list[tuple]:
    """As if no id came twice: one scan."""
    with _opened(asked) as engine, engine.joined_as_written():
        engine.table("copies_of_impressions", _columns(engine), [])
        observe_impressions(engine, _questions(asked, engine), asked.scope)
        return _told(asked, engine)


def _columns(engine: Engine) -> dict[str, str]:
    described = {name: kind for name, kind, *_ in engine.rows("DESCRIBE SELECT * FROM impressions")}
    return described | {"copy_number": "BIGINT", "gap": "BIGINT"}


def duplicates(asked: Question) -> list[tuple]:
    with _opened(asked) as engine, engine.joined_as_written():
        find_repeats(engine, "impressions", asked.scope)
        observe_impressions(engine, _questions(asked, engine), asked.scope)
        return _told(asked, engine, ", is_duplicate")


def touches(asked: Question) -> list[tuple]:
    """As if no impression came twice, which nobody tells here."""
    with _opened(asked) as engine:
        observe_conversions(engine, _questions(asked, engine), asked.scope)
        with engine.joined_as_written():
            engine.table("marks_of_impressions", {"mark": "BIGINT"}, [])
            look_at_singly(engine, asked.scope)
        observe_touches(engine, asked.scope)
        first, last = asked.around
        return engine.rows(
            f"""SELECT conversion_id, COUNT(*), MAX_BY(touch_id, (ts, touch_id)) FROM touches
            WHERE ts + age >= {first} AND ts + age < {last} GROUP BY conversion_id"""
        )


def everything(asked: Question) -> list[tuple]:
    with _opened(asked) as engine:
        observe(engine, asked.book, asked.scope, asked.every)
        return []


ANSWERS: dict[str, Callable[[Question], list[tuple]]] = {
    "counts": counts, "duplicates": duplicates, "touches": touches, "everything": everything,
}  # fmt: skip
