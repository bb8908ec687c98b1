"""A month closed as its users close it: reproducible, whole or not at all, nothing lost on the way."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from shares import share

from recon.close import close_period, load_close
from recon.ledger import Ledger
from recon.period import Period, instant
from recon.problems import BadInput
from recon.workspace import Workspace

pytestmark = pytest.mark.xdist_group("small_month")
OCTOBER = Period.parse("2026-10")


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def closed(small_month, tmp_path_factory):
    import shutil

    folder = Path(shutil.copytree(small_month, tmp_path_factory.mktemp("closed") / "month"))
    return close_period(Workspace.open(folder), OCTOBER, is_diagnosed=False)


def test_variances_add_up_per_currency(closed):
    sums = defaultdict(Decimal)
    for line in closed.lines.to_dict("records"):
        sums[line["currency"]] += line["billed_amount"] - line["expected_amount"] - line["variance"]
    assert len(sums) == 3 and not any(sums.values())


def test_findings_add_up_to_the_variance_of_their_line(closed):
    left = {
        (r["contract"], r["item"], r["kind"], r["currency"]): r["variance"] for r in closed.lines.to_dict("records")
    }
    for finding in closed.findings.to_dict("records"):
        left[finding["contract"], finding["item"], finding["kind"], finding["currency"]] -= finding["amount"]
    assert not any(left.values())


def test_the_next_month_starts_from_what_the_lines_count(closed):
    counted = {(one.contract, one.item): one.value for one in closed.balances() if one.kind == "quantity"}
    for line in closed.lines.to_dict("records"):
        if (
            line["kind"] == line["direction"]
            and line["expected_quantity"]
            and (line["contract"], line["item"]) in counted
        ):
            assert counted[line["contract"], line["item"]] == line["expected_quantity"]
    assert len(counted) > 10


def test_every_impression_has_one_fate_per_direction(closed):
    told = Counter()
    for fate in closed.fates.to_dict("records"):
        if fate["dataset"] == "impressions":
            told[fate["direction"]] += int(fate["quantity"])
    read = sum(source["rows"] for source in closed.manifest["inputs"] if source["dataset"] == "impressions")
    assert told == {"charge": read, "payout": read}


def test_fates_of_conversions_are_those_of_the_decisions(closed):
    decided = Counter((row["contract"], row["fate"]) for row in closed.conversions().to_dict("records"))
    told = Counter()
    for fate in closed.fates.to_dict("records"):
        if fate["dataset"] == "conversions" and fate["contract"]:
            told[fate["contract"], fate["fate"]] += int(fate["quantity"])
    assert decided == told and len(decided) > 20


def test_only_planted_lines_differ(closed, small_month):
    planted = json.loads((small_month / "answers" / "planted.json").read_text())
    moved = {(line["contract"], line["item"], line["kind"]) for error in planted for line in error["lines"]}
    unpriced = {contract for contract, _, _ in closed.not_priced}
    differing = {
        (row["contract"], row["item"], row["kind"])
        for row in closed.lines.to_dict("records")
        if row["status"] != "matched" and row["contract"] not in unpriced
    }
    assert differing <= moved and len(planted) >= 10


def test_the_same_inputs_give_the_same_bytes(a_month):
    workspace = Workspace.open(a_month)
    first, second = (
        close_period(workspace, OCTOBER, is_diagnosed=False),
        close_period(workspace, OCTOBER, is_diagnosed=False),
    )
    assert (first.run, second.run) == (1, 2)
    names = [path.relative_to(first.folder) for path in sorted(first.folder.rglob("*")) if path.is_file()]
    same = {name for name in names if (first.folder / name).read_bytes() == (second.folder / name).read_bytes()}
    assert set(names) - same == {Path("manifest.json")}
    assert without_clock(first.manifest) == without_clock(second.manifest)


def without_clock(manifest):
    return {key: value for key, value in manifest.items() if key not in ("imported", "started", "duration_seconds", "reused")}


def test_a_permutation_of_the_rows_changes_nothing(closed, a_month):
    for dataset in ("impressions", "clicks", "conversions", "reversals"):
        shuffle(a_month / "data" / dataset)
    shuffled = close_period(Workspace.open(a_month), OCTOBER, is_diagnosed=False)
    for name in ("lines.csv", "findings.csv", "fates.csv", "workings.csv", "conversions.parquet"):
        assert (closed.folder / name).read_bytes() == (shuffled.folder / name).read_bytes(), name


def shuffle(folder):
    """All rows of a dataset in another order, in one file."""
    files = sorted(folder.glob("*.parquet"))
    mixed = duckdb.sql(f"SELECT * FROM read_parquet({[str(f) for f in files]}, union_by_name = true) ORDER BY random()")
    mixed.write_parquet(str(folder / "mixed.tmp"))
    for file in files:
        file.unlink()
    (folder / "mixed.tmp").rename(folder / "mixed.parquet")


def test_a_run_is_read_back_as_it_was_stored(closed):
    again = load_close(closed.workspace, OCTOBER, closed.run)
    assert again.manifest == closed.manifest and again.lines.equals(closed.lines)
    with pytest.raises(BadInput, match="recorded run"):
        load_close(closed.workspace, OCTOBER, 99)
    with pytest.raises(BadInput, match="recon close 2026-09"):
        load_close(closed.workspace, Period.parse("2026-09"))


def test_what_was_approved_later_is_not_known_before(a_month):
    workspace = Workspace.open(a_month)
    before = close_period(workspace, OCTOBER, as_known_at=instant("2026-10-01T00:00:00Z"), is_diagnosed=False)
    assert {v["version"] for v in before.manifest["contracts"] if v["contract"] == "fjord-ctv"} == {1}
    assert before.manifest["as_known_at"] == "2026-10-01T00:00:00Z"


def test_bad_contracts_stop_the_close_before_anything_is_stored(a_month):
    document = a_month / "contracts" / "fjord-ctv" / "v1.yaml"
    document.write_text(document.read_text().replace("currency: USD", "currency: XXQ"))
    with pytest.raises(BadInput, match="fjord-ctv/v1.yaml"):
        close_period(Workspace.open(a_month), OCTOBER, is_diagnosed=False)
    assert not (a_month / "closes").exists() or not list((a_month / "closes").glob("2026-10/*"))


@pytest.mark.parametrize("moment", share([0.75, 0.15, 0.97], 0))
def test_a_close_killed_at_any_moment_leaves_all_or_nothing(a_month, moment):
    command = [sys.executable, "-m", "recon.cli", "close", "2026-10", "--workspace", str(a_month), "--no-diagnosis"]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - started
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(whole * moment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert_whole(a_month)
    after = close_period(Workspace.open(a_month), OCTOBER, is_diagnosed=False)
    assert after.run >= 2
    assert_whole(a_month)


def assert_whole(folder):
    workspace = Workspace.open(folder)
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        runs = {str(close.run) for close in ledger.closes("2026-10")}
        assert not ledger.verify_chain() and not ledger.verify_files()
    assert {path.name for path in (folder / "closes" / "2026-10").iterdir()} == runs


def test_a_close_on_postgresql_is_the_same_close(closed, a_month, postgres_url):
    settings = a_month / "recon.toml"
    settings.write_text(settings.read_text().replace("sqlite:///recon.db", postgres_url))
    there = close_period(Workspace.open(a_month), OCTOBER, is_diagnosed=False)
    assert (there.folder / "lines.csv").read_bytes() == (closed.folder / "lines.csv").read_bytes()
    assert not (a_month / "recon.db").exists() and os.path.isdir(there.folder)


def test_a_close_stored_before_there_were_events_has_none_of_them(a_month):
    close = close_period(Workspace.open(a_month), OCTOBER, is_diagnosed=False)
    for name in ("finding_events.csv", "finding_workings.csv"):
        (close.folder / name).unlink(missing_ok=True)
    again = load_close(close.workspace, OCTOBER)
    assert again.finding_events.empty and list(again.finding_events)[:3] == ["finding_id", "dataset", "event"]
    assert again.finding_workings.empty and set(again.workings) < set(again.finding_workings)
    assert {"scope", "edit", "settles"} <= set(again.findings)


def test_events_of_findings_are_exact_decimals(a_month):
    close = close_period(Workspace.open(a_month), OCTOBER, is_diagnosed=False)
    header = "finding_id,dataset,event,quantity,ours,theirs,our_amount,their_amount,place"
    (close.folder / "finding_events.csv").write_text(f"{header}\nf,conversions,c1,1,lost,payable,0.00,20.10,sale\n")
    (event,) = load_close(close.workspace, OCTOBER).finding_events.to_dict("records")
    assert (event["quantity"], event["their_amount"], event["event"]) == (Decimal(1), Decimal("20.10"), "c1")
