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
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

import hypothesis
import pytest

from benchmarks.mutants.mutations import Mutant, mutated
from benchmarks.mutants.observed import ROOT, Observed, outcome_of
from recon.engine import Engine
from recon.trials.cases import differences

PASSED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
Check = Callable[[], bool]  # whether it went red
SECONDS = 60  # of processor for one mutant's check before it counts as hung
MOST = 70  # months that one mutant is asked
GROUND = ("recon.money", "recon.period")
BELOW = ("recon.money", "recon.period", "recon.problems", "recon.engine", "recon.contracts", "recon.workspace",
         "recon.inputs", "recon.observe")  # fmt: skip
TESTS = ROOT / "tests"
SLOW = re.compile(r"close_period|closed_demo|subprocess|stored_close|make\(seed")


@dataclass
class Trials:
    """Mutants tried one after the other on the same months; a test file is believed once it was green without fault."""

    months: Sequence[Observed]
    green: set[str] = field(default_factory=set)
    red: set[str] = field(default_factory=set)

    def tried(self, mutant: Mutant, is_shown: bool = False) -> str:
        """`survived`, or `killed by` what noticed it."""
        while True:
            verdict = _of_child(lambda: _verdict(mutant, self.months, self.red), is_shown)
            file = next((word for word in verdict.split() if word.endswith(".py") and word.startswith("test_")), "")
            if not file or file in self.green:
                return verdict
            (self.red if _of_child(functools.partial(_told_red, file)) != "False" else self.green).add(file)


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


def _told_red(file: str) -> str:
    return str(_is_red_here(file))


def _is_red_here(file: str) -> bool:
    try:
        _forget("recon.money")
        return _red_tests([file])
    except BaseException:
        return True


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


def _verdict(mutant: Mutant, months: Sequence[Observed], left_out: Collection[str]) -> str:
    name = module_of(mutant.file)
    code = compile(mutated(ROOT, mutant), str(ROOT / mutant.file), "exec")
    _forget(name)
    sys.meta_path.insert(0, _Instead(name, code))
    for check, is_red in _checks(mutant, name, months, left_out):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            if is_red():
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


def _checks(
    mutant: Mutant, name: str, months: Sequence[Observed], left_out: Collection[str]
) -> Iterator[tuple[str, Check]]:
    """Doctests, the months whose price calls the function (or the module, for what stands outside functions), tests."""
    yield "its import", lambda: importlib.import_module(name) is None
    yield "a doctest", lambda: _doctests(name)
    quick, rest = ([file for file in part if file not in left_out] for part in _tests(name))
    yield from ((f"{file}", functools.partial(_red_tests, [file])) for file in quick)
    with Engine(threads=1) as engine:
        for seen in months_for(mutant, months):
            yield seen.case.name, functools.partial(_is_off, engine, seen)
    yield from ((f"{file}", functools.partial(_red_tests, [file])) for file in rest)


def _is_off(engine: Engine, seen: Observed) -> bool:
    return bool(differences(seen.case, outcome_of(engine, seen)))


def months_for(mutant: Mutant, months: Sequence[Observed]) -> list[Observed]:
    """Months whose price calls the function; first those about the rules that it or its module names."""
    calling = [seen for seen in months if _calls(seen, mutant)]
    rules = [_rules(mutant, is_near) for is_near in (True, False)]
    ranked = sorted(calling, key=lambda seen: [seen.case.rule not in named for named in rules])
    return ranked[:MOST]


def _calls(seen: Observed, mutant: Mutant) -> bool:
    wanted = mutant.function
    return any(file == mutant.file and wanted in (0, line) for file, line in seen.functions)


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


def _tests(name: str) -> tuple[list[str], list[str]]:
    """Test files that name the module, and for a room's module those that name the room; slow ones left out."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("test_*.py"))}
    known = {file: text for file, text in texts.items() if not SLOW.search(text) and "recon." in text}
    of_module = [file for file, text in known.items() if re.search(rf"\b{re.escape(name)}\b", text)]
    quick = [file for file in of_module if "Engine" not in texts[file] and "programs" not in texts[file]]
    room = name.rsplit(".", 1)[0] if name not in GROUND else "recon"
    kin = [file for file, text in known.items() if re.search(rf"\b{re.escape(room)}[.\s]|from programs", text)]
    rest = [file for file in dict.fromkeys([*of_module, *kin]) if file not in quick]
    return quick, [] if name in GROUND else rest


def _red_tests(files: Sequence[str]) -> bool:
    settings = hypothesis.settings(max_examples=25, deadline=None, database=None, derandomize=True)
    hypothesis.settings.register_profile("mutants", settings)
    hypothesis.settings.load_profile("mutants")
    asked = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:doctest", "-o", "addopts="]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return pytest.main([*asked, *(str(TESTS / file) for file in files)]) not in PASSED
