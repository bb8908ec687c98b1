"""One mutant on trial: a forked process imports it in place of its module and asks the checks, the quickest first."""

from __future__ import annotations

import contextlib
import doctest
import functools
import importlib
import importlib.abc
import importlib.util
import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

from benchmarks.mutants.mutations import Mutant, mutated
from benchmarks.mutants.observed import ROOT, Observed, faults_of
from benchmarks.mutants.testfiles import TestFile, is_red
from recon.engine import Engine

Check = Callable[[], bool]  # whether it went red
SECONDS = 60  # of processor for one mutant's check before it counts as hung


@dataclass(frozen=True)
class Checks:
    """What mutants are asked: observed months, of which one mutant is asked `most`, and test files."""

    months: Sequence[Observed]
    files: Sequence[TestFile]
    most: int


GROUND = ("recon.money", "recon.period")
BELOW = ("recon.money", "recon.period", "recon.problems", "recon.engine", "recon.contracts", "recon.workspace",
         "recon.inputs", "recon.observe")  # fmt: skip
QUICK = 2.0  # seconds of processor: such test files are asked before months


def tried(mutant: Mutant, checks: Checks, is_shown: bool = False) -> str:
    """`survived`, or `killed by` what noticed it."""
    return _of_child(lambda: _verdict(mutant, checks), is_shown)


def _of_child(ask: Callable[[], str], is_shown: bool = False) -> str:
    """What a forked process answers, which imports, changes and breaks what it likes."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _live(ask, writing, is_shown)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        answer = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"killed by the clock or a crash (signal {os.WTERMSIG(status)})"
    return answer or "killed by a crash"


def _forget(name: str) -> None:
    """Modules that have to be imported anew with the mutant."""
    for other in [one for one in sys.modules if _goes(one, name)]:
        del sys.modules[other]


def _live(ask: Callable[[], str], writing: int, is_shown: bool) -> None:
    """The child: never returns."""
    try:
        answer = ask()
    except BaseException as error:
        answer = f"killed by {type(error).__name__}"
        if is_shown:
            traceback.print_exc()
    os.write(writing, answer.encode())
    os._exit(0)


def _verdict(mutant: Mutant, checks: Checks) -> str:
    name = module_of(mutant.file)
    code = compile(mutated(ROOT, mutant), str(ROOT / mutant.file), "exec")
    _forget(name)
    sys.meta_path.insert(0, _Instead(name, code))
    for check, went_red in _checks(mutant, name, checks):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            if went_red():
                return f"killed by {check}"
        except Exception as error:
            return f"killed by {check} ({type(error).__name__}: {str(error)[:80]})"
    return "survived"


def module_of(file: str) -> str:
    """`recon/expect/__init__.py` is `recon.expect`."""
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _goes(other: str, name: str) -> bool:
    """Whether a module has to be imported anew with the mutant: those above it."""
    if not other.startswith("recon."):
        return False
    return name in GROUND or not other.startswith(BELOW)


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Hands out the mutant's code for its module."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        file = self.code.co_filename
        places = [os.path.dirname(file)] if file.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(name, file, loader=self, submodule_search_locations=places)

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def _checks(mutant: Mutant, name: str, checks: Checks) -> Iterator[tuple[str, Check]]:
    """Its doctests, then tests and months that call the function (the module, for what stands outside functions).

    A module's own test file is asked in any case: what a cache answers is not seen to be called.
    """
    yield "its import", lambda: importlib.import_module(name) is None
    yield "a doctest", lambda: _doctests(name)
    own = f"test_{name.rsplit('.', 1)[-1]}.py"
    asked = sorted((file for file in checks.files if file.name == own or _calls(file.functions, mutant)), key=_seconds)
    quick = [file for file in asked if file.seconds < QUICK]
    yield from ((file.name, functools.partial(is_red, file.name)) for file in quick)
    with Engine(threads=1) as engine:
        for seen in months_for(mutant, checks.months)[: checks.most]:
            yield seen.case.name, functools.partial(_is_off, engine, seen)
    yield from ((file.name, functools.partial(is_red, file.name)) for file in asked if file not in quick)


def _seconds(file: TestFile) -> float:
    return file.seconds


def _is_off(engine: Engine, seen: Observed) -> bool:
    return bool(faults_of(engine, seen))


def months_for(mutant: Mutant, months: Sequence[Observed]) -> list[Observed]:
    """Months whose price calls the function; first those about the rules that it or its module names."""
    calling = [seen for seen in months if _calls(seen.functions, mutant)]
    rules = [_rules(mutant, is_near) for is_near in (True, False)]
    ranked = sorted(calling, key=lambda seen: [seen.case.rule not in named for named in rules])
    return ranked


def _calls(functions: Collection[tuple[str, int]], mutant: Mutant) -> bool:
    return any(file == mutant.file and mutant.function in (0, line) for file, line in functions)


def _rules(mutant: Mutant, is_near: bool) -> set[str]:
    """The rules named within some lines of the fault, or anywhere in its module."""
    lines = (ROOT / mutant.file).read_text(encoding="utf-8").splitlines()
    told = lines[max(0, mutant.line - 15) : mutant.line + 5] if is_near else lines
    named = re.findall(r"RULES ([\d.]+(?:(?:, | and | to )[\d.]+)*)", " ".join(told))
    return {one.strip(".") for text in named for one in re.split(r", | and | to ", text)}


def _doctests(name: str) -> bool:
    module = importlib.import_module(name)
    with contextlib.redirect_stdout(io.StringIO()):
        return doctest.testmod(module).failed > 0
