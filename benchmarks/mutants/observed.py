"""Months observed once: hand-checked cases and random months with what they must give, to be priced again and again."""

from __future__ import annotations

import importlib
import itertools
import os
import pickle
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from fixtures.pocket_calculator import redone
from fixtures.random_months import make
from fixtures.random_months.month import asked
from fixtures.random_months.tables import table
from recon.close.run import DECISIONS
from recon.contracts.documents import load_book
from recon.contracts.lint import accepted
from recon.engine import Engine, EngineError
from recon.inputs import read_inputs
from recon.inputs.datasets import DATASETS
from recon.observe import Scope, observe
from recon.period import Period
from recon.problems import BadInput
from recon.trials.cases import CASES, Case, Outcome, differences, fates_of, find_cases, lines_of
from recon.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
PRICED = (str(ROOT / "recon" / "expect"), str(ROOT / "recon" / "money.py"), str(ROOT / "recon" / "period.py"))
Function = tuple[str, int]  # file, first line


@dataclass(frozen=True)
class Observed:
    """A month's observations: the arguments of `expect` (pickled), relations as (name, columns, Arrow)."""

    case: Case
    arguments: bytes
    relations: tuple[tuple[str, dict[str, str], pa.Table], ...]
    functions: frozenset[Function] = frozenset()
    seconds: float = 0.0

    def asked(self) -> dict[str, Any]:
        """The arguments of `expect`; of the classes that are imported now."""
        return pickle.loads(self.arguments)


def observed_months(
    case_count: int | None, months: Iterable[tuple[str, int]], told: Callable[[str], None]
) -> list[Observed]:
    """Cases (every so-many-th; None: all) and random months (clauses, seed), the quickest to price first."""
    cases = [case for case in find_cases(CASES) if not case.is_refusal]
    step = 1 if case_count is None else max(1, len(cases) // case_count)
    found = []
    for case, folder in itertools.chain(_copies(cases[::step]), _random(months)):
        try:
            with Engine(threads=1) as engine:
                found.append(_observe(engine, case, folder))
        except (BadInput, EngineError) as refusal:
            told(f"left out, refused: {case.name}: {refusal}")
    return sorted(_sound(found, told), key=lambda one: one.seconds)


def _copies(cases: Iterable[Case]) -> Iterator[tuple[Case, Path]]:
    for case in cases:
        yield case, case.folder


def _random(months: Iterable[tuple[str, int]]) -> Iterator[tuple[Case, Path]]:
    for clauses, seed in months:
        folder = Path(tempfile.mkdtemp(prefix="recon-month-"))
        try:
            answers = make(seed, folder, clauses)
            month = asked(folder)
            yield (
                Case(folder / f"random-{clauses}-{seed}", "", "", month["period"], "", _answers(answers, month)),
                folder,
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _answers(folder: Path, month: dict[str, Any]) -> dict[str, Any]:
    """What the plain biller says of a random month, as a case would state it."""
    decisions = [_decision(row) for row in table(folder / "conversions.csv")]
    lines = [row for row in table(folder / "lines.csv") if Decimal(row["quantity"] or 0) or Decimal(row["amount"])]
    instants = {name: month[key] for name, key in (("as_known_at", "as_known_at"), ("cutoff", "cutoff"))}
    return {"lines": lines, "fates": table(folder / "fates.csv"), "fates_complete": True, "conversions": decisions,
            "instants": instants}  # fmt: skip


def _decision(row: dict[str, str]) -> dict[str, str]:
    names = ["contract", "conversion_id", "fate", "touch_id", "version"]
    names += ["reason"] if row["fate"] in ("lost", "ineligible") else []
    names += ["share", "amount"] if row["fate"] == "payable" else []
    return {name: row[name] for name in names}


def _observe(engine: Engine, case: Case, folder: Path) -> Observed:
    workspace, period = Workspace.open(folder), Period.parse(case.period)
    at, cutoff = _instants(case)
    book = accepted(load_book(workspace.contracts), at).known_at(at)
    scope = Scope(period, workspace.cutoff_days, cutoff, at, workspace.billing_timezone)
    inputs = read_inputs(workspace, engine, period)
    observe(engine, book, scope)
    arguments = {
        "book": book,
        "scope": scope,
        "fx_rates": [(row.date, row.base, row.quote, row.rate) for row in inputs.fx_rates],
        "third_party": inputs.third_party,
        "opening_balances": inputs.opening_balances,
    }
    return Observed(case, pickle.dumps(arguments), tuple(_relations(engine)))


def _instants(case: Case) -> tuple[int | None, int | None]:
    """`as_known_at` and `cutoff` (µs, UTC)."""
    if "instants" in case.expected:
        return case.expected["instants"]["as_known_at"], case.expected["instants"]["cutoff"]
    return case.instant("as_known_at"), case.instant("cutoff")


def _relations(engine: Engine) -> Iterator[tuple[str, dict[str, str], pa.Table]]:
    sources = " ".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "recon" / "expect").glob("*.py")))
    named = set(re.findall(r"\w+", sources)) | {"impression_counts"}
    for (name,) in engine.rows("SELECT table_name FROM information_schema.tables ORDER BY 1"):
        if name not in named or name in DATASETS:
            continue
        columns = {row[0]: row[1] for row in engine.rows(f'DESCRIBE "{name}"')}
        yield name, columns, engine.arrow(f'SELECT * FROM "{name}"')


@contextmanager
def calls() -> Iterator[set[Function]]:
    """The functions of the mutated rooms that are called meanwhile."""
    called: set[Function] = set()

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PRICED):
            called.add((os.path.relpath(frame.f_code.co_filename, ROOT), frame.f_code.co_firstlineno))

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


def outcome_of(engine: Any, seen: Observed) -> Outcome:
    """A month priced from its observations by `recon.expect` as it is imported now."""
    return _priced(engine, seen)[0]


def faults_of(engine: Any, seen: Observed) -> list[object]:
    """In what a month priced now differs from what it must give, and what is wrong in its workings."""
    outcome, found = _priced(engine, seen)
    nothing = [line.key for line in found.lines if not (line.quantity or line.amount)]
    workings = list(_workings((*found.lines, *found.uncounted)))
    return nothing or differences(seen.case, outcome) or redone(workings, [vars(line) for line in found.lines])


def _workings(lines: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for line in lines:
        names = {name: getattr(line, name) for name in ("contract", "item", "kind", "currency")}
        for working in line.workings:
            yield {**names, **vars(working), **dict(working.inputs)}


def _priced(engine: Any, seen: Observed) -> tuple[Outcome, Any]:
    room: Any = importlib.import_module("recon.expect")  # a mutant is imported anew
    asked_for = seen.asked()
    has_cpa = _has_cpa(asked_for["book"], seen)
    for name, columns, rows in seen.relations if has_cpa else _counts_only(seen):
        engine.load(name, columns, rows)
    priced = room.expected_cpa
    if not has_cpa:  # nothing to decide: the engine is not asked
        room.expected_cpa = lambda *_, **__: importlib.import_module("recon.expect.cpa").CpaResult((), (), (), ())
    try:
        found = room.expect(engine, *(asked_for.pop(name) for name in ("book", "scope", "fx_rates")), **asked_for)
    finally:
        room.expected_cpa = priced
    decisions = engine.arrow(DECISIONS).to_pylist() if has_cpa else []
    outcome = Outcome(
        lines_of([{**vars(line)} for line in found.lines]),
        fates_of([vars(fate) for fate in found.fates]),
        {(row["contract"], row["conversion_id"]): _told(row) for row in decisions},
        frozenset((one.cause, one.contract, one.item) for one in found.remarks),
    )
    return outcome, found


def _has_cpa(book: Any, seen: Observed) -> bool:
    is_named = any(version.terms is not None and version.terms.model == "cpa" for version in book.versions)
    return is_named or any(rows.num_rows for name, _, rows in seen.relations if name != "impression_counts")


def _counts_only(seen: Observed) -> Iterator[tuple[str, dict[str, str], pa.Table]]:
    yield from (one for one in seen.relations if one[0] == "impression_counts")


def _told(row: dict[str, Any]) -> dict[str, Any]:
    share = None if row["share"] is None else Decimal(int(row["share"])).scaleb(-6)
    return {**row, "share": share, "touch_id": row["touch_id"] or ""}


def _sound(found: Iterable[Observed], told: Callable[[str], None]) -> Iterator[Observed]:
    """Months that the code as it is gets right; findings of the comparison with what was billed are not asked."""
    with Engine(threads=1) as engine:
        for seen in found:
            started = time.process_time()
            with calls() as functions:
                outcome = outcome_of(engine, seen)
            remarks = [
                row for row in seen.case.expected.get("findings", ())
                if (row["cause"], row["contract"], row["item"]) in (outcome.findings or ())
            ]  # fmt: skip
            case = replace(seen.case, expected={**seen.case.expected, "findings": remarks})
            spent = time.process_time() - started
            asked_for = replace(seen, case=case, functions=frozenset(functions), seconds=spent)
            wrong = faults_of(engine, asked_for)
            if wrong:
                told(f"left out, red already: {seen.case.name}: {wrong[0]}")
            else:
                yield asked_for
