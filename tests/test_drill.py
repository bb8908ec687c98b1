"""The drill from month to result: sample, clean copy, verdicts, what is kept; and what must hold in every close."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from functools import partial

import pyarrow.compute as pc
import pytest
from planted import BY_CODE, case_named, month_and_bill, plain_biller
from rich.console import Console
from typer.testing import CliRunner

from fixtures.random_months import make
from fixtures.random_months.month import asked
from recon.cli import app
from recon.close import Outcome, close_period
from recon.close.drills import latest_drill, store_drill
from recon.period import Period
from recon.problems import BadInput
from recon.trials import drill as drills
from recon.trials import sampling
from recon.trials.drill import Asked, drill, packed
from recon.trials.drill_report import show, summary
from recon.trials.folders import write_bill, write_month
from recon.trials.judging import false_alarms, faults, judged, outcome_of
from recon.trials.openings import carried_balances
from recon.trials.planting import BilledLine, Planting
from recon.trials.rebilling import Attempt
from recon.trials.sampling import month_of
from recon.trials.search import Planted, amounts
from recon.workspace import Workspace

KEY = ("adv", "I1", "charge", "USD")
OTHER = ("adv", "I2", "charge", "USD")
FEW = ("rate_mistyped", "missing_line", "timezone_cutoff", "duplicate_line", "tax_added", "cap_ignored", "fx_inverted")
SEED = 3002


@pytest.fixture
def in_process(monkeypatch):
    """The plain biller without processes."""
    monkeypatch.setattr(drills, "command_biller", lambda command: plain_biller)


def month_made(folder, seed):
    make(seed, folder)
    wanted = asked(folder)
    how = {"as_known_at": wanted["as_known_at"], "cutoff": wanted["cutoff"]}
    return Workspace.open(folder), Period.parse(wanted["period"]), how


# Verdicts


def line(key, amount):
    contract, item, kind, currency = key
    return BilledLine(contract, item, kind, currency, Decimal(1), Decimal(amount))


def finding(key, cause, grade, amount, rivals=""):
    contract, item, kind, currency = key
    return {
        "contract": contract, "item": item, "kind": kind, "currency": currency, "cause": cause, "grade": grade,
        "amount": Decimal(amount), "rivals": rivals,
    }  # fmt: skip


def verdict(found, codes=("ivt_billed",), moved=((KEY,),)):
    attempt = Attempt(tuple(Planting(("adv",), code) for code in codes))
    lines = (line(KEY, "12.00"), line(OTHER, "7.00"))
    planted = Planted(
        tuple(BY_CODE[code] for code in codes), attempt, lines, tuple(map(frozenset, moved)),
        "alone" if len(codes) == 1 else "same line",
    )  # fmt: skip
    was = amounts([line(KEY, "10.00"), line(OTHER, "5.00")])
    return judged(planted, was, amounts(lines), found)


def test_named_first_is_caught():
    (one,) = verdict({KEY: [finding(KEY, "ivt_billed", "proven", "2.00")]})
    assert (one.verdict, one.is_first, one.is_rival, one.is_wrongly_proven, one.fits) == (
        "caught",
        True,
        False,
        False,
        1,
    )
    assert one.amounts == {"USD": "2.00"} and one.lines == ("adv/I1/charge/USD",) and one.grade == "proven"


def test_named_among_rivals_is_caught():
    (one,) = verdict({KEY: [finding(KEY, "tests_billed", "ambiguous", "2.00", "ivt_billed double_load")]})
    assert (one.verdict, one.is_first, one.is_rival, one.fits) == ("caught", False, True, 3)


def test_nothing_found_is_missed():
    (one,) = verdict({})
    assert (one.verdict, one.fits, one.named) == ("missed", 0, ())


def test_found_on_one_of_two_lines_is_missed():
    (one,) = verdict({KEY: [finding(KEY, "ivt_billed", "proven", "2.00")]}, moved=((KEY, OTHER),))
    assert one.verdict == "missed"


def test_another_name_is_misnamed_and_may_be_wrongly_proven():
    (one,) = verdict({KEY: [finding(KEY, "tests_billed", "proven", "2.00")]})
    assert (one.verdict, one.is_wrongly_proven, one.named) == ("misnamed", True, ("tests_billed",))
    (one,) = verdict({KEY: [finding(KEY, "unexplained", "unexplained", "2.00")]})
    assert (one.verdict, one.is_wrongly_proven, one.fits) == ("misnamed", False, 0)


def test_remarks_without_money_are_no_finding():
    (one,) = verdict({KEY: [finding(KEY, "third_party_missing", "consistent", "0.00")]})
    assert one.verdict == "missed"


def test_outside_the_table_it_must_be_found_and_not_be_proven():
    (one,) = verdict({KEY: [finding(KEY, "unexplained", "unexplained", "2.00")]}, ("tax_added",))
    assert one.verdict == "caught"
    (one,) = verdict({KEY: [finding(KEY, "rate_mistyped", "consistent", "2.00")]}, ("tax_added",))
    assert one.verdict == "caught"
    (one,) = verdict({KEY: [finding(KEY, "rate_mistyped", "proven", "2.00")]}, ("tax_added",))
    assert (one.verdict, one.is_wrongly_proven) == ("misnamed", True)


def test_two_on_a_line_are_judged_each_and_neither_is_wrongly_proven_for_the_other():
    both = {KEY: [finding(KEY, "ivt_billed", "proven", "1.50"), finding(KEY, "discount_ignored", "proven", "0.50")]}
    one, other = verdict(both, ("ivt_billed", "discount_ignored"), ((KEY,), (KEY,)))
    assert one.verdict == other.verdict == "caught" and not one.is_wrongly_proven
    assert one.others == ("discount_ignored",) and other.told()["with"] == ["ivt_billed"]


def test_a_planted_pair_may_be_one_rival():
    found = {KEY: [finding(KEY, "tests_billed", "ambiguous", "2.00", "ivt_billed+discount_ignored")]}
    one, other = verdict(found, ("ivt_billed", "discount_ignored"), ((KEY,), (KEY,)))
    assert one.verdict == other.verdict == "caught" and one.is_rival and not one.is_first
    (alone,) = verdict(found)
    assert alone.verdict == "misnamed"


def test_a_total_counts_what_was_planted():
    rows = [
        *(one.told() for one in verdict({KEY: [finding(KEY, "ivt_billed", "proven", "2.00")]})),
        *(one.told() for one in verdict({KEY: [finding(KEY, "tests_billed", "proven", "2.00")]})),
        *(one.told() for one in verdict({KEY: [finding(KEY, "tests_billed", "ambiguous", "2.00", "ivt_billed")]})),
    ]
    said = summary(rows, [], [])
    assert (said["caught"], said["misnamed"], said["wrongly_proven"]) == (2, 1, 1)
    assert (said["one_edit_fits"], said["first_share"]) == (2, "0.5000")
    assert (said["several_fit"], said["rival_share"]) == (1, "1.0000")


def outcome(lines, findings):
    """A close's rows, as far as they are looked at."""
    names = ["contract", "item", "kind", "currency", "variance", "status"]
    return Outcome([dict(zip(names, line, strict=True)) for line in lines], findings)


def test_findings_that_do_not_add_up_are_a_fault_and_so_is_one_where_nothing_was_planted():
    lines = [(*KEY, Decimal("2.00"), "over_billed"), (*OTHER, Decimal("1.00"), "over_billed")]
    found = [finding(KEY, "ivt_billed", "proven", "1.50"), finding(OTHER, "unexplained", "unexplained", "1.00")]
    planted = Planted((BY_CODE["ivt_billed"],), Attempt((Planting(("adv",), ""),)), (), (frozenset({KEY}),))
    told = faults(outcome(lines, found), [planted])
    assert len(told) == 2 and "findings of 1.50, variance 2.00" in told[0] and "nothing was planted there" in told[1]


def test_a_false_alarm_is_an_open_difference_not_a_remark():
    lines = [(*KEY, Decimal("2.00"), "over_billed"), (*OTHER, Decimal("0.00"), "matched")]
    found = [
        finding(KEY, "unexplained", "unexplained", "2.00"),
        finding(OTHER, "third_party_missing", "consistent", "0.00"),
    ]
    assert [one["cause"] for one in false_alarms(outcome(lines, found))] == ["unexplained"]


# Copies and samples


def test_the_clean_copy_of_a_random_month_closes_without_a_finding(tmp_path):
    workspace, period, how = month_made(tmp_path / "month", SEED)
    month, sampled = month_of(workspace, period, 1, how["as_known_at"], how["cutoff"])
    assert not sampled.shares
    rebilling = drills.Rebilling(month, plain_biller, tmp_path)
    write_month(tmp_path / "copy", month, True, workspace)
    write_bill(tmp_path / "copy" / "billing", month, rebilling.clean())
    close = close_period(Workspace.open(tmp_path / "copy"), period, month.as_known_at, month.own_cutoff)
    assert len(close.lines) > 3 and not false_alarms(outcome_of(close))


def test_a_sample_keeps_what_belongs_together(tmp_path, monkeypatch):
    """Of a sampled user every conversion, click and reversal; of a sampled impression every row of its id."""
    monkeypatch.setattr(sampling, "MOST_IMPRESSIONS", 60)
    monkeypatch.setattr(sampling, "MOST_CONVERSIONS", 12)
    workspace, period, how = month_made(tmp_path / "month", 7)
    part, sampled = month_of(workspace, period, 5, how["as_known_at"], how["cutoff"])
    monkeypatch.setattr(sampling, "MOST_IMPRESSIONS", 10**6)
    monkeypatch.setattr(sampling, "MOST_CONVERSIONS", 10**6)
    whole, _ = month_of(workspace, period, 5)
    assert 0 < part.rows["conversions"].num_rows < whole.rows["conversions"].num_rows
    assert sampled.told()["is_sampled"] and sampled.kept["clicks"] == part.rows["clicks"].num_rows

    def users(table):
        return set(zip(table.column("program").to_pylist(), table.column("user_id").to_pylist(), strict=True))

    chosen = users(part.rows["conversions"])
    for name in ("conversions", "clicks"):
        rows = whole.rows[name].to_pylist()
        mine = [row for row in rows if (row["program"], row["user_id"]) in chosen]
        assert len(mine) == part.rows[name].num_rows
    ids = part.rows["impressions"].column("impression_id")
    again = whole.rows["impressions"].filter(pc.is_in(whole.rows["impressions"].column("impression_id"), ids.unique()))
    of_users = [row for row in whole.rows["impressions"].to_pylist() if (row["program"], row["user_id"]) in chosen]
    assert part.rows["impressions"].num_rows >= len(of_users) and again.num_rows >= len(ids)
    kept = set(part.rows["conversions"].column("conversion_id").to_pylist())
    assert set(part.rows["reversals"].column("conversion_id").to_pylist()) <= kept


def test_thresholds_shrink_with_the_sample(tmp_path):
    month, *_ = month_and_bill(tmp_path, case_named("4.2-three-tiers"))
    (document,) = month.documents
    shares = {"item I1": sampling.Fraction(1, 2)}
    tiers = sampling._scaled(document, shares)["terms"]["items"][0]["rates"][0]["tiers"]
    assert [step.get("over") for step in tiers["steps"]] == ["0", "1", "2"]
    assert document["terms"]["items"][0]["rates"][0]["tiers"]["steps"][1]["over"] == "2"


def test_one_seed_draws_one_sample(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_CONVERSIONS", 12)
    workspace, period, _ = month_made(tmp_path / "month", 7)
    first, second, other = (month_of(workspace, period, seed)[0].rows for seed in (5, 5, 6))
    assert all(first[name].equals(second[name]) for name in first)
    assert not first["conversions"].equals(other["conversions"])


def test_balances_of_a_locked_close_become_opening_balances(tmp_path):
    month, *_ = month_and_bill(tmp_path, case_named("4.2-counter-contract-volume"))
    (tmp_path / "balances.csv").write_text("contract,item,kind,value\nadv,I1,quantity,9\nadv,,hold,1/3\n", "utf-8")
    rows = carried_balances(month.rows["opening_balances"], tmp_path, "2026-10").to_pylist()
    assert [(row["item"], row["kind"], row["value"], row["period"]) for row in rows] == [
        ("I1", "quantity", "9.000000000000", "2026-10"),
        (None, "hold", "0.333333333333", "2026-10"),
    ]


def test_a_contract_has_one_planting_in_a_close():
    def planted(contract):
        key = (contract, "I1", "charge", "USD")
        attempt = Attempt((Planting((contract,), ""),))
        return Planted((BY_CODE["tax_added"],), attempt, (line(key, "1"),), (frozenset({key}),))

    runs = packed([planted(name) for name in "abcaab"])
    assert [sorted(name for one in run for name in one.contracts) for run in runs] == [
        ["a", "b", "c"],
        ["a", "b"],
        ["a"],
    ]


# The whole drill


@pytest.mark.long
def test_a_drill_of_a_random_month(tmp_path, in_process):
    workspace, period, how = month_made(tmp_path, SEED)
    before = sorted(path for path in tmp_path.rglob("*"))
    steps = []
    result = drill(workspace, period, Asked(seed=SEED, codes=FEW, times=1, pairs=1, **how), steps.append)
    assert json.loads(json.dumps(result)) == result and steps[0] == "copying the month"
    assert result["period"] == str(period) and not result["clean"]["false_alarms"] and not result["faults"]
    rows = {one["code"]: one for one in result["errors"] if one["placement"] == "alone"}
    assert set(rows) == set(FEW)
    assert {one["verdict"] for one in rows.values()} <= {"caught", "missed", "misnamed", "no effect"}
    assert rows["duplicate_line"]["verdict"] == "caught" and rows["duplicate_line"]["is_first"]
    assert rows["tax_added"]["verdict"] == "caught" and not rows["tax_added"]["is_in_table"]
    assert not any(one["verdict"] == "missed" for one in result["errors"])
    assert sorted(path for path in tmp_path.rglob("*")) == before
    again = drill(workspace, period, Asked(seed=SEED, codes=FEW, times=1, pairs=1, **how))
    assert again == result


def test_a_close_that_breaks_off_has_found_nothing(tmp_path, in_process, monkeypatch):
    workspace, period, how = month_made(tmp_path, SEED)

    def broken(*asked):
        raise ValueError("weights need a positive sum")

    monkeypatch.setattr(drills.Rehearsal, "against", broken)
    result = drill(workspace, period, Asked(codes=("missing_line",), times=1, pairs=0, **how))
    assert result["faults"] == ["close 1: broke off, ValueError: weights need a positive sum"]
    assert [one["verdict"] for one in result["errors"]] == ["missed"]


def test_drills_are_kept_and_the_last_is_read(tmp_path):
    workspace, period = Workspace.init(tmp_path / "w"), Period.parse("2026-10")
    assert latest_drill(workspace, period) is None
    for number in range(1, 12):
        assert store_drill(workspace, period, {"seed": number}).name == f"{number}.json"
    assert latest_drill(workspace, period) == {"seed": 11}
    assert latest_drill(workspace, period.next()) is None


def test_the_command_stores_shows_and_prints_json(tmp_path, in_process, monkeypatch):
    monkeypatch.setattr("recon.cli.Asked", partial(Asked, codes=FEW, times=1, pairs=0))
    place = tmp_path / "case"
    shutil.copytree(case_named("5.3-position-based-four").folder, place)
    output = tmp_path / "result.json"
    found = CliRunner().invoke(app, ["drill", "2026-10", "--workspace", str(place), "--json", "-o", str(output)])
    assert found.exit_code == 0, found.output
    result = json.loads(found.stdout)
    assert (
        result == json.loads(output.read_text("utf-8")) == latest_drill(Workspace.open(place), Period.parse("2026-10"))
    )
    console = Console(width=200, record=True)
    show(result, console)
    shown = console.export_text()
    assert "Drill of 2026-10" in shown and "rate_mistyped" in shown and "tax_added (outside)" in shown


def test_a_command_that_is_none_is_told(tmp_path):
    place = tmp_path / "case"
    shutil.copytree(case_named("1.4-day-of-25-hours").folder, place)
    with pytest.raises(BadInput, match="out"):
        drill(Workspace.open(place), Period.parse("2026-11"), Asked(command="biller {workspace}"))
