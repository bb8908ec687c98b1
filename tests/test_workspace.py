"""`recon.toml` is read whole: every setting, every problem with its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from recon.problems import BadInput, Problem
from recon.workspace import Control, Sample, Workspace

FULL = """\
[workspace]
name = "northwind"
database = "sqlite:///ledger/recon.db"
engine = "duckdb"
cutoff_days = 5
billing_timezone = "America/New_York"
[people]
lee = ["reviewer", "contract_approver"]
[tolerance]
amount = "0.05"
percent = "0.1"
[materiality]
USD = "100.00"
JPY = 5000
[contracts]
path = "book"
[data.impressions]
path = "data/impressions/**/*.parquet"
columns = { ts = "event_time" }
[data.billing_lines]
database = "sqlite:///billing.db"
query = "select * from lines where period = :period"
control = { rows = 1204, amount = "88301.12" }
"""


def opened(folder: Path, text: str) -> Workspace:
    (folder / "recon.toml").write_text(text, encoding="utf-8")
    return Workspace.open(folder)


def problems_of(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        opened(folder, text)
    return caught.value.problems


def test_every_setting_arrives_exact(tmp_path: Path) -> None:
    workspace = opened(tmp_path, FULL)
    assert (workspace.name, workspace.cutoff_days, workspace.billing_timezone) == (
        "northwind",
        5,
        "America/New_York",
    )
    assert workspace.contracts == tmp_path / "book"
    assert workspace.tolerance.amount == Decimal("0.05") and workspace.tolerance.percent == Decimal("0.1")
    assert dict(workspace.materiality) == {"USD": Decimal("100.00"), "JPY": Decimal(5000)}
    assert workspace.roles("lee") == ("reviewer", "contract_approver") and workspace.roles("sam") == ()
    assert workspace.data["impressions"].theirs("ts") == "event_time"
    assert workspace.data["impressions"].theirs("item") == "item"
    assert workspace.data["billing_lines"].control == Control(rows=1204, amount=Decimal("88301.12"))


def test_defaults_are_those_of_the_formats(tmp_path: Path) -> None:
    workspace = opened(tmp_path, '[workspace]\nname = "small"\n')
    assert (workspace.cutoff_days, workspace.engine, workspace.billing_timezone) == (3, "duckdb", None)
    assert (workspace.memory_limit, workspace.threads, workspace.spill) == ("1GB", None, tmp_path / ".spill")
    assert (workspace.tolerance.amount, workspace.tolerance.percent) == (0, 0)
    assert workspace.contracts == tmp_path / "contracts" and not workspace.data


def test_what_an_auditor_draws_is_a_setting(tmp_path: Path) -> None:
    stated = "[sample]\nseed = 'walnut'\nconversions = 0\nperformance_materiality = { USD = '5000.00' }\n"
    assert opened(tmp_path, f'[workspace]\nname = "x"\n{stated}').sample == Sample(
        "walnut", 25, 0, Decimal("3.00"), {"USD": Decimal("5000.00")}
    )
    assert opened(tmp_path, '[workspace]\nname = "x"\n').sample == Sample()


@pytest.mark.parametrize(
    ("line", "place", "expected"),
    [
        ("cutoff_days = -1", "recon.toml:3 [workspace] cutoff_days", "a whole number, 0 or more"),
        ('memory_limit = "lots"', "recon.toml:3 [workspace] memory_limit", 'a size of memory, such as "1GB"'),
        ("threads = 0", "recon.toml:3 [workspace] threads", "a whole number, 1 or more"),
        ("cutoff_days = true", "recon.toml:3 [workspace] cutoff_days", "a whole number, 0 or more"),
        (
            'billing_timezone = "Mars/Olympus"',
            "recon.toml:3 [workspace] billing_timezone",
            "an IANA time zone",
        ),
        ('engine = "sqlite"', "recon.toml:3 [workspace] engine", '"duckdb" or a Spark master URL'),
        ("cutof_days = 3", "recon.toml:3 [workspace] cutof_days", "one of the keys billing_timezone"),
        ("[people]\nlee = ['boss']", "recon.toml:4 [people] lee", "a list of roles: viewer"),
        (
            "[tolerance]\namount = 0.05",
            "recon.toml:4 [tolerance] amount",
            'an exact number in quotes, such as "0.05"',
        ),
        ("[tolerance]\namount = '-1'", "recon.toml:4 [tolerance] amount", "a number, 0 or more"),
        ("[tolerance]\npercent = 'NaN'", "recon.toml:4 [tolerance] percent", "a finite number"),
        ("[materiality]\nUSX = '1'", "recon.toml:4 [materiality] USX", "an ISO 4217 currency"),
        ("[contracts]\npath = ''", "recon.toml:4 [contracts] path", "text"),
        ("[extra]\nx = 1", "recon.toml extra", "one of the keys accounts, approvals, contracts"),
        ("[data.clicks]\nquery = 'x'", "recon.toml:3 [data.clicks]", "either path, or database and query"),
        (
            "[data.clicks]\npath = 'x'\nquery = 'x'",
            "recon.toml:3 [data.clicks]",
            "either path, or database and query",
        ),
        (
            "[data.clicks]\npath = 'x'\ncolumns = {ts = 1}",
            "recon.toml:5 [data.clicks] columns",
            "names, ours",
        ),
        (
            "[data.clicks]\npath = 'x'\nfile = 'x'",
            "recon.toml:5 [data.clicks] file",
            "one of the keys columns",
        ),
        (
            "[data.clicks]\npath = 'x'\ncontrol = {rows = '7'}",
            "recon.toml:5 [data.clicks.control] rows",
            "a whole number",
        ),
        (
            "[data.clicks]\npath = 'x'\ncontrol = {amount = 7.5}",
            "recon.toml:5 [data.clicks.control] amount",
            "an exact number in quotes",
        ),
        ("[data]\nclicks = 'x.csv'", "recon.toml", "a table"),
        ("[sample]\nselections = 0", "recon.toml:4 [sample] selections", "a whole number, 1 or more"),
        ("[sample]\nconfidence_factor = '0'", "recon.toml:4 [sample] confidence_factor", "an exact number above 0"),
        (
            "[sample]\nperformance_materiality = 7",
            "recon.toml:4 [sample] performance_materiality",
            "amounts per currency",
        ),
        (
            "[sample.performance_materiality]\nUSD = '0.00'",
            "recon.toml:4 [sample.performance_materiality] USD",
            "an exact number above 0",
        ),
        ("people = 3", "recon.toml:3 [workspace] people", "one of the keys"),
    ],
)
def test_a_wrong_setting_names_its_line_and_what_was_expected(
    tmp_path: Path, line: str, place: str, expected: str
) -> None:
    found = problems_of(tmp_path, f'[workspace]\nname = "x"\n{line}\n')
    assert any(problem.place.startswith(place) and expected in problem.expected for problem in found), found


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = "[workspace]\ncutoff_days = 'three'\n[tolerance]\namount = 0.05\n[data.clicks]\npath = 3\n"
    places = {problem.place for problem in problems_of(tmp_path, text)}
    assert places == {
        "recon.toml:1 [workspace] name",
        "recon.toml:2 [workspace] cutoff_days",
        "recon.toml:4 [tolerance] amount",
        "recon.toml:6 [data.clicks] path",
    }


def test_a_document_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "[workspace\nname = 1")
    assert "line 1" in problem.value and problem.expected == "a TOML document"


def test_a_folder_without_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="recon init"):
        Workspace.open(tmp_path / "nowhere")


def test_init_makes_a_workspace_that_opens_and_never_overwrites(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "north wind")
    assert workspace.name == "north-wind" and workspace.contracts.is_dir()
    with pytest.raises(BadInput, match="a folder without a workspace"):
        Workspace.init(tmp_path / "north wind")


def test_a_relative_sqlite_file_is_relative_to_the_workspace(tmp_path: Path) -> None:
    workspace = opened(tmp_path, FULL)
    assert workspace.database_url == f"sqlite:///{(tmp_path / 'ledger/recon.db').resolve().as_posix()}"
    for url in ("sqlite:////var/x.db", "sqlite:///:memory:", "sqlite://", "postgresql+psycopg://host/x"):
        assert workspace.url(url) == url


def test_secrets_of_a_database_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = opened(tmp_path, FULL)
    monkeypatch.setenv("LEDGER_PASSWORD", "s3cret")
    assert workspace.url("postgresql+psycopg://recon:${LEDGER_PASSWORD}@host/x") == (
        "postgresql+psycopg://recon:s3cret@host/x"
    )
    monkeypatch.delenv("LEDGER_PASSWORD")
    with pytest.raises(BadInput, match=r"\$\{LEDGER_PASSWORD\}.*the environment to set LEDGER_PASSWORD"):
        workspace.url("postgresql+psycopg://recon:${LEDGER_PASSWORD}@host/x")
