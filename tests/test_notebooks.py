"""The notebooks as programs: they run on a closed month from top to bottom, are short, compute and store nothing."""

from __future__ import annotations

import ast
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from closed_demo import closed_demo, october

from recon.ledger import Ledger
from recon.review import audit
from recon.workspace import Workspace

pytestmark = pytest.mark.xdist_group("pages")  # one demo month
NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))
SHOWN: dict[str, Callable[[Any], bool]] = {
    "1_month_end": lambda values: values["close"].period == "2026-10",
    "2_evidence": lambda values: values["room"].close.run == 1 and values["trail"].problems == (),
    "3_debug": lambda values: (
        values["close"].period == "2026-10" and len(values["worst"]) == len(values["close"].lines)
    ),
    "4_contracts": lambda values: len(values["rows"]) == 22 and len(values["kept"].waiting) == 1,
}
REFUSED = (ast.BinOp, ast.AugAssign, ast.For, ast.While, ast.GeneratorExp)


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    sys.path[:0] = [] if str(path.parent) in sys.path else [str(path.parent)]  # as marimo and python do for a page
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name: str) -> ModuleType:
    return loaded(page_path(name))


def ran(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **given: Any) -> tuple[Any, Any]:
    monkeypatch.setenv("RECON_WORKSPACE", str(folder))
    return loaded(path).app.run(**given)


def test_every_page_has_its_run() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, values = ran(path, closed_demo(), monkeypatch)
    assert SHOWN[path.stem](values)
    assert sum(output is not None for output in outputs) >= 6


def test_the_month_follows_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters given instead of clicked: the cells below show those lines alone."""
    monkeypatch.setenv("RECON_WORKSPACE", str(closed_demo()))
    module = page("1_month_end")
    _, before = module.app.run()
    _, after = module.app.run(defs={"filters": _Chosen({"counterparty": "all", "status": "open", "currency": "GBP"})})
    assert 0 < len(after["lines"]) < len(before["lines"])
    assert set(after["lines"]["currency"]) == {"GBP"}


def test_filters_that_no_line_passes_leave_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_WORKSPACE", str(closed_demo()))
    nobody = {"counterparty": "Fjord Outdoor Inc.", "status": "all", "currency": "JPY"}
    outputs, values = page("1_month_end").app.run(defs={"filters": _Chosen(nobody)})
    assert values["lines"].empty and values["spread"].empty
    assert "There is no variance" in str([getattr(one, "text", "") for one in outputs])


def test_the_contracts_follow_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters given instead of clicked: a row per contract that passes them."""
    monkeypatch.setenv("RECON_WORKSPACE", str(closed_demo()))
    module = page("4_contracts")
    _, before = module.app.run()
    chosen = _Chosen({"counterparty": "all", "direction": "all", "versions": "open"})
    _, after = module.app.run(defs={"filters": chosen})
    assert len(before["contracts"]) == 22 and after["contracts"] == ["sakura-video"]
    assert list(after["rows"]["contract"]) == ["sakura-video"]


def test_a_new_workspace_has_a_page_of_contracts_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.init(tmp_path / "new")
    outputs, values = ran(page_path("4_contracts"), tmp_path / "new", monkeypatch)
    assert values["kept"].is_empty and "rows" not in values
    assert any("recon contracts import" in getattr(output, "text", "") for output in outputs)


def test_a_new_workspace_has_nothing_to_audit_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.init(tmp_path / "new")
    outputs, values = ran(page_path("2_evidence"), tmp_path / "new", monkeypatch)
    assert "room" not in values and values["trail"].entries == ()
    assert any("No month has been closed yet" in getattr(output, "text", "") for output in outputs)


def test_the_findings_to_audit_follow_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters given instead of clicked: the findings that pass them, and the entries of the trail."""
    given = {
        "asked": _Chosen({"counterparty": "all", "grade": "proven", "decision": "all"}),
        "wanted": _Chosen({"kind": "pack", "person": "all", "object": "all"}),
        "trail": audit.open_trail(Workspace.open(closed_demo())),
    }
    before = stored(closed_demo())
    outputs, _ = ran(page_path("2_evidence"), closed_demo(), monkeypatch, defs=given)
    assert "proven" in (shown := " ".join(getattr(output, "text", "") or "" for output in outputs)), shown[:200]
    assert "pack 1 issued, of run 1" in shown
    assert stored(closed_demo()) == before, "the page of the auditor writes nothing"


def stored(folder: Path) -> tuple[str, list[Path]]:
    """The last digest of the trail, and every file of a workspace."""
    place = Workspace.open(folder)
    with Ledger.open(place.database_url, place.closes) as ledger:
        return ledger.head(), sorted(path for path in folder.rglob("*") if path.is_file())
def test_a_link_opens_a_line_and_a_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything below the table of lines is shown from what an address says."""
    line, event = "streamly-acme-reviews|subscription|payout|USD", _a_conversion("streamly-acme-reviews")
    given = {"line_said": lambda: line, "event_said": lambda: event, "sought": lambda: event}
    values = _opened(monkeypatch, closed_demo(), given)
    assert values["finding"].value and len(values["edit"]) == 1 and len(values["rows"]) > 1
    assert values["path"].conversion["conversion_id"] == values["conversion"] == event
    assert values["contract"].value == "streamly-acme-reviews" and len(values["found"]) == 1


def test_a_link_to_nothing_shows_what_was_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"line_said": lambda: "a|b|c|d", "event_said": lambda: "x", "sought": lambda: "x"}
    values = _opened(monkeypatch, closed_demo(), given)
    assert values["found"].empty and "ask_impression" in values
    assert not {"finding", "path"} & set(values)


def test_a_new_workspace_has_a_page_for_engineers_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.init(tmp_path / "new")
    outputs, values = ran(page_path("3_debug"), tmp_path / "new", monkeypatch)
    assert "close" not in values
    assert any("No month of this workspace is closed yet" in getattr(output, "text", "") for output in outputs)


def _opened(monkeypatch: pytest.MonkeyPatch, folder: Path, given: dict[str, Any]) -> Any:
    """The values of the page for engineers with an address given."""
    import marimo as mo

    from recon.review import debug

    class Params(dict[str, str]):
        set = dict.__setitem__

    asked = debug.Asked(Params())
    months = mo.ui.dropdown(["2026-10"], value="2026-10")
    first = {"workspace": Workspace.open(folder), "asked": asked, "go": debug.Address(asked.params), "period": months}
    return ran(
        page_path("3_debug"),
        folder,
        monkeypatch,
        defs={**first, "set_line": None, "set_event": None, "set_find": None, **given},
    )[1]


def _a_conversion(contract: str) -> str:
    rows = october().conversions(contract)
    return str(rows[rows["fate"] == "payable"]["conversion_id"].iloc[0])


def test_a_decision_stores_one_act_and_running_the_page_again_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(closed_demo(), tmp_path / "demo"))
    signed = _Chosen({"who": "omar", "reason": "as agreed"})
    given = {"inbox": _Chosen(_open_row()), "signed": signed, "ask": _Chosen(False)}
    before = acts(folder)
    _, values = ran(page_path("4_contracts"), folder, monkeypatch, defs=given)
    assert acts(folder) == before, "a page that is opened decides nothing"
    values["decide"]("approve")
    assert [(act.action, act.who, act.reason) for act in acts(folder)[len(before) :]] == [
        ("approve", "omar", "as agreed")
    ]
    values["decide"]("approve")
    ran(page_path("4_contracts"), folder, monkeypatch)
    assert len(acts(folder)) == len(before) + 1


def page_path(name: str) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == name)


def acts(folder: Path) -> list[Any]:
    """What was done to contracts, in the order of its recording."""
    place = Workspace.open(folder)
    with Ledger.open(place.database_url, place.closes) as ledger:
        return sorted(ledger.register.acts(), key=lambda act: act.at)


def _open_row() -> pd.DataFrame:
    return pd.DataFrame({"contract": ["sakura-video"], "version": ["v3"]})


class _Chosen:
    """Filters, rows and fields as the cells read them."""

    def __init__(self, value: Any) -> None:
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
