"""The cases as others run them: a biller behind a folder-in, folder-out command, and a report that can be read."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recon.cli import app, main
from recon.problems import BadInput
from recon.trials import command_biller, find_cases, recon_biller, report, run_trials, summary
from recon.trials.cases import CASES

ROOT = Path(__file__).parents[1]
PLAIN = f"{shlex.quote(sys.executable)} -m fixtures.plain_biller {{workspace}} {{period}} {{out}}"
HEADER = "contract,item,period,kind,currency,quantity,amount"


@pytest.fixture(autouse=True)
def from_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def script(tmp_path, text):
    """A biller in a few lines; `workspace`, `period` and `out` are its arguments."""
    path = tmp_path / "biller.py"
    path.write_text(f"import sys\nfrom pathlib import Path\nworkspace, period, out = sys.argv[1:4]\n{text}\n", "utf-8")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))} {{workspace}} {{period}} {{out}}"


def tried(command, only):
    return run_trials(find_cases(CASES, only), command_biller(command))


@pytest.mark.parametrize("name", ["1.5-over-graduated", "5.7-clawback-under-a-maximum", "6.6-below-the-minimum"])
def test_the_plain_biller_passes_behind_the_command(name):
    trials = tried(PLAIN, name)
    assert trials and all(trial.verdict == "passed" and not trial.has_lines_only for trial in trials), trials


def test_recon_passes_its_own_cases():
    trials = run_trials(find_cases(CASES, "4.6-minimum"), recon_biller)
    assert len(trials) > 1 and {trial.verdict for trial in trials} == {"passed"}, report(trials, "recon")


def test_a_wrong_biller_gets_a_report_that_can_be_read(tmp_path):
    """A cent too much, a line too many: the report names case, reason, expected and found."""
    wrong = "alpha,sale,2026-10,clawback,USD,0,-10.01\\nalpha,gift,2026-10,payout,USD,1,5.00"
    command = script(tmp_path, f"(Path(out) / 'lines.csv').write_text('{HEADER}\\n{wrong}\\n')")
    trials = tried(command, "5.7-clawback-under-a-maximum")
    text = report(trials, "mybiller")
    assert "# Conformance of mybiller: 0 of 1 cases passed" in text and "| 5.7 |  | 1 |  |  |" in text
    assert "a partial clawback holds min and max" in text and "> 10%, at most 30.00." in text
    assert "| line alpha/sale/clawback/USD | amount -10.00 | quantity 0, amount -10.01 |" in text
    assert "| line alpha/gift/payout/USD | no such line | quantity 1, amount 5.00 |" in text
    assert "lines alone were compared" in text
    assert summary(trials, "mybiller")["failed"] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sys.exit('no such contract')", "status 1: no such contract"),
        ("pass", "lines.csv was not written"),
        ("(Path(out) / 'lines.csv').write_text('contract,item\\na,b\\n')", "no column 'kind'"),
        (f"(Path(out) / 'lines.csv').write_text('{HEADER}\\na,b,2026-10,charge,USD,1,much\\n')", "can't be read"),
        (f"(Path(out) / 'lines.csv').write_text('{HEADER}\\n' + 2 * 'a,b,2026-10,charge,USD,1,1\\n')", "two lines"),
    ],
)
def test_a_biller_that_bills_nothing_is_told_why(tmp_path, text, reason):
    (trial,) = tried(script(tmp_path, text), "1.5-over-graduated")
    assert trial.verdict == "refused" and reason in report([trial], "mybiller")


def test_a_bad_contract_must_be_refused(tmp_path):
    refusal = next(case for case in find_cases(CASES, "2.8-") if case.is_refusal)
    (trial,) = tried(script(tmp_path, "sys.exit('I do not like it')"), refusal.name)
    assert trial.verdict == "passed"
    (trial,) = tried(script(tmp_path, f"(Path(out) / 'lines.csv').write_text('{HEADER}\\n')"), refusal.name)
    assert trial.verdict == "failed" and "billed" in report([trial], "mybiller")


def test_a_command_without_a_place_for_an_instant_leaves_cases_out():
    (case, *_) = (case for case in find_cases(CASES) if "cutoff" in case.expected)
    (trial,) = run_trials([case], command_biller(PLAIN))
    assert trial.verdict == "left out"
    (trial,) = run_trials([case], command_biller(PLAIN + " --cutoff-instant={cutoff}"))
    assert trial.verdict == "passed", trial.differences


def test_the_workspace_is_a_copy_without_the_answers(tmp_path):
    listing = tmp_path / "seen.txt"
    text = f"Path({str(listing)!r}).write_text(workspace + ' ' + ' '.join(p.name for p in Path(workspace).iterdir()))"
    tried(script(tmp_path, text), "1.5-over-graduated")
    seen, *names = listing.read_text().split()
    assert {"recon.toml", "contracts", "data"} <= set(names) and "expected.yaml" not in names
    assert CASES not in Path(seen).parents


def test_bad_input_names_what_was_expected(tmp_path):
    for command in ("mybiller {workspace} {out}", "mybiller '"):
        with pytest.raises(BadInput, match="command"):
            command_biller(command)
    with pytest.raises(BadInput, match="that runs"):
        tried("no-such-biller-here {workspace} {period} {out}", "1.5-over-graduated")
    with pytest.raises(BadInput, match="--only"):
        find_cases(CASES, "no such case")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "expected.yaml").write_text("rule: '1'\n", "utf-8")
    with pytest.raises(BadInput, match=r"expected\.yaml"):
        find_cases(tmp_path)


def test_the_command_line_writes_a_report_and_ends_with_its_status(tmp_path, monkeypatch):
    asked = ["conformance", "--only", "1.5-over-graduated", "--json", "-o", str(tmp_path / "report.md")]
    passed = CliRunner().invoke(app, [*asked, "--command", PLAIN])
    assert passed.exit_code == 0 and json.loads(passed.stdout)["passed"] == 1
    assert "1 of 1 cases passed" in (tmp_path / "report.md").read_text("utf-8")
    failed = CliRunner().invoke(app, [*asked, "--command", script(tmp_path, "sys.exit(1)")])
    assert failed.exit_code == 3 and json.loads(failed.stdout)["refused"] == 1
    monkeypatch.setattr(sys, "argv", ["recon", "conformance", "--cases", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="2"):
        main()
