"""The command line as its users type it."""

import json
import re
import subprocess
import sys

import pytest
from command_line import command_line
from typer.main import get_command

from recon.cli import app

pytestmark = pytest.mark.xdist_group("small_month")


def recon(*arguments, status=0):
    """A command in this process: what it says, and that it ends as it should."""
    done = command_line(*arguments)
    assert done.returncode == status, done.stderr + done.stdout
    return done


def in_a_pipe(*arguments):
    """A command in a process of its own."""
    command = [sys.executable, "-m", "recon.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture(scope="module")
def closed(small_month, tmp_path_factory):
    import shutil

    folder = shutil.copytree(small_month, tmp_path_factory.mktemp("cli") / "month")
    summary = json.loads(recon("close", "2026-10", "--workspace", folder, "--json").stdout)
    return folder, summary


def test_close_tells_machines_what_it_stored(closed):
    folder, summary = closed
    assert summary["run"] == 1 and summary["statuses"]["matched"] > 10 and len(summary["digest"]) == 64
    assert (folder / "evidence" / "2026-10" / "1.xlsx").exists()


def test_close_is_silent_about_progress_in_a_pipe(a_month):
    done = in_a_pipe("close", "2026-10", "--workspace", a_month, "--no-diagnosis")
    assert done.returncode == 0 and done.stderr == "" and "over billed" in done.stdout


def test_variances_left_open_end_with_status_3_when_asked(a_month):
    recon("close", "2026-10", "--workspace", a_month, "--no-diagnosis", "--fail-on-variance", status=3)


def test_explain_tells_a_line_with_rule_numbers(closed):
    folder, _ = closed
    told = recon("explain", "2026-10", "fjord-ctv/FJ-CTV-RUN/charge/USD", "--workspace", folder).stdout
    assert "over billed" in told and "[4.1]" in told and "/ 1000" in told and "rounded half_up once" in told


def test_explain_tells_a_finding_and_its_line(closed):
    folder, _ = closed
    findings = (folder / "closes" / "2026-10" / "1" / "findings.csv").read_text(encoding="utf-8").splitlines()
    name = next(row.split(",")[0] for row in findings if row.startswith("2026-10/fjord-ctv/FJ-CTV-RUN/charge/USD/"))
    told = json.loads(recon("explain", "2026-10", name, "--workspace", folder, "--json").stdout)
    assert told["id"] == name and name.rsplit("/", 1)[1] in told["text"][0]


def test_explain_tells_a_conversion_and_an_impression(closed):
    import pandas as pd

    folder, _ = closed
    decisions = pd.read_parquet(folder / "closes" / "2026-10" / "1" / "conversions.parquet")
    paid = decisions[decisions["fate"] == "payable"].iloc[0]
    told = recon("explain", "2026-10", paid["conversion_id"], "--workspace", folder).stdout
    assert "payable" in told and paid["touch_id"] in told
    events = pd.read_parquet(sorted((folder / "data" / "impressions").glob("*.parquet"))[12])
    shown = recon("explain", "2026-10", events["impression_id"].iloc[0], "--workspace", folder).stdout
    assert re.search(r"charge: .*: \w+ × \d", shown) and "payout: " in shown


def test_explain_says_what_it_can_be_asked(closed):
    folder, _ = closed
    done = recon("explain", "2026-10", "nobody", "--workspace", folder, status=2)
    assert "'nobody'" in done.stderr and "conversion_id" in done.stderr


def test_init_makes_a_workspace_once(tmp_path):
    recon("init", tmp_path / "northwind")
    assert (tmp_path / "northwind" / "recon.toml").exists()
    again = recon("init", tmp_path / "northwind", status=2)
    assert "expected a folder without a workspace" in again.stderr


def test_contracts_are_listed_shown_and_compared(closed):
    folder, _ = closed
    listed = json.loads(recon("contracts", "list", "--workspace", folder, "--json").stdout)
    assert {"fjord-ctv", "hearth-nestguide"} <= {row["contract"] for row in listed}
    shown = recon("contracts", "show", "fjord-ctv", "1", "--workspace", folder).stdout
    assert "items[FJ-CTV-PRIME].rates[0].per_mille: 32.50" in shown and "rounding: half_up  (default)" in shown
    changed = recon("contracts", "diff", "fjord-ctv", "1", "2", "--workspace", folder).stdout
    assert "rate of FJ-CTV-RUN for device ctv from 18.00 to 16.50 per thousand" in changed
    recon("contracts", "lint", "--workspace", folder)


def test_the_schema_is_printed_for_editors():
    assert json.loads(recon("contracts", "schema").stdout)["title"]


def test_bad_input_ends_with_status_2_and_every_problem(tmp_path):
    done = recon("close", "2026-13", "--workspace", tmp_path, status=2)
    assert "recon.toml" in done.stderr or "2026-13" in done.stderr


def every_command(group=None, name=""):
    """The names of all commands, those of groups too."""
    for one, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, f"{name}{one} ")
        else:
            yield f"{name}{one}"


@pytest.mark.parametrize("command", sorted(every_command()))
def test_every_command_explains_itself_with_an_example(command):
    told = recon(*command.split(), "--help").stdout
    assert "Example" in told and f"recon {command}" in " ".join(told.split())
