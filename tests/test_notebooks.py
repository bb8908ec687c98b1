"""The notebooks as programs: they run on a closed month from top to bottom, are short, and compute nothing."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from closed_demo import closed_demo

pytestmark = pytest.mark.xdist_group("pages")  # one demo month
NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))
REFUSED = (ast.BinOp, ast.AugAssign, ast.For, ast.While, ast.GeneratorExp)


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_WORKSPACE", str(closed_demo()))
    outputs, values = loaded(path).app.run()
    assert values["close"].period == "2026-10"
    assert sum(output is not None for output in outputs) >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_follows_a_link(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters given instead of clicked: the cells below show those lines alone."""
    monkeypatch.setenv("RECON_WORKSPACE", str(closed_demo()))
    module = loaded(path)
    _, before = module.app.run()
    _, after = module.app.run(defs={"filters": _Chosen({"counterparty": "all", "status": "open", "currency": "GBP"})})
    assert 0 < len(after["lines"]) < len(before["lines"])
    assert set(after["lines"]["currency"]) == {"GBP"}


class _Chosen:
    """Filters as the cells read them."""

    def __init__(self, value: dict[str, str]) -> None:
        self.value = value

    def values(self) -> list[str]:
        return list(self.value.values())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_a_page_that_computes_nothing(path: Path) -> None:
    text = path.read_text()
    nodes = [type(node).__name__ for node in ast.walk(ast.parse(text)) if isinstance(node, REFUSED)]
    assert nodes == []
    assert len(text.splitlines()) <= 200
    assert not {"SELECT", "merge(", "groupby("} & set(text.replace("\n", " ").split(" "))


def test_marimo_finds_nothing_to_mend() -> None:
    command = [sys.executable, "-m", "marimo", "check", "--strict", *map(str, NOTEBOOKS)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
