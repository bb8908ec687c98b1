"""The steps that meet raw events stay within what Spark can run: transpiled, and free of what does not carry over."""

import re
import shutil
from pathlib import Path

import pytest
import sqlglot

from recon.contracts.documents import load_book
from recon.engine import Engine
from recon.inputs import read_inputs
from recon.observe import Scope, observe
from recon.period import Period
from recon.workspace import Workspace

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
DOES_NOT_CARRY_OVER = r"\b(EPOCH_US|ASOF|LIST_POSITION|HUGEINT|TRY_CAST|QUALIFY|EXCLUDE|ANY_VALUE|GROUP BY ALL)\b|\* REPLACE\b|\]\["


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    folder = shutil.copytree(CASES / "5.2-click-window-bound", tmp_path_factory.mktemp("steps") / "case")
    workspace, period = Workspace.open(folder), Period.parse("2026-10")
    with Engine() as engine:
        read_inputs(workspace, engine, period)
        before = len(engine.steps)
        observe(engine, load_book(workspace.contracts).known_at(None), Scope(period, 3))
        own = [engine.mark("column"), engine.place_in([], "column")]  # what each engine says its own way
        patterns = [re.escape(one).replace("column", r"[\w., ]+").replace(r"\[\]", r"\[[^]]*\]") for one in own]
        raw = [step.sql for step in engine.steps[before:] if "arriving" not in step.sql and "unpacked" not in step.sql]
        return [re.sub("|".join(patterns), "engines_own", sql) for sql in raw]


def test_every_step_is_carried_to_spark(steps):
    assert len(steps) > 15
    for sql in steps:
        assert sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_no_step_uses_what_does_not_carry_over(steps):
    found = {word for sql in steps for word in re.findall(DOES_NOT_CARRY_OVER, sql, re.IGNORECASE)}
    assert not found
