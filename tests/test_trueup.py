"""The true-up of hand-made months: what changed per line, in money, and why (RULES 2.7)."""

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from program_months import ProgramMonths
from signed import sign_off

from recon.close import StoredClose, close_period
from recon.ledger import Ledger
from recon.period import Period, instant
from recon.problems import BadInput
from recon.trueup import chosen_closes, true_up
from recon.workspace import Workspace

OCTOBER = Period.parse("2026-10")
LATER = "2026-11-20T00:00:00Z"
ITEM = {"item": "sale", "action": "purchase"}
FRAMES = ("findings", "finding_events", "finding_workings", "fates", "rejected", "workings")


@pytest.fixture
def months(tmp_path):
    made = ProgramMonths(tmp_path)
    made.version(items=[ITEM | {"percent_of_sale": "10"}])
    for name in ("a", "b"):
        made.won(name, "2026-10-10", "100")
    return made


def compared(months, **runs):
    """The true-up of the month, its sums checked."""
    before, after = chosen_closes(months.workspace(), OCTOBER, **runs)
    found = true_up(before, after)
    by_currency = defaultdict(Decimal)
    for line in found.lines:
        assert line.after_amount - line.before_amount == line.difference
        by_currency[line.currency] += line.difference
    assert {total.currency: total.difference for total in found.totals if total.difference} == {
        currency: total for currency, total in by_currency.items() if total
    }
    for close, side in ((before, "before_amount"), (after, "after_amount")):
        assert sum(getattr(total, side) for total in found.totals) == sum(close.lines["expected_amount"])
    return found


def locked(months, period, run=None):
    place = months.workspace()
    with Ledger.open(place.database_url, place.closes) as ledger:
        sign_off(ledger, str(period), instant(LATER), run)


def told(found):
    """Difference and reasons of each line."""
    return {(line.item, line.kind): (str(line.difference), [one.code for one in line.reasons]) for line in found.lines}


def test_two_closes_of_the_same_month_as_it_was_differ_by_nothing(months):
    months.closed("2026-10"), months.closed("2026-10")
    found = compared(months)
    assert found.lines == () and [str(total.difference) for total in found.totals] == ["0.00"]


def test_an_amendment_approved_afterwards_reprices_the_month(months):
    months.closed("2026-10")
    months.version(2, approved="2026-11-15T10:00:00Z", first="2026-10-01", items=[ITEM | {"percent_of_sale": "12"}])
    months.closed("2026-10")
    (line,) = compared(months).lines
    assert (line.before_amount, line.after_amount, str(line.difference)) == (20, 24, "4.00")
    (reason,) = line.reasons
    assert reason.words == (
        "later approval: ann v2 (amendment), in force from 2026-10-01, approved 2026-11-15T10:00:00Z by lee, "
        "which run 1 did not know"
    )


def test_a_close_as_known_then_and_one_as_known_now(months):
    months.version(2, approved="2026-11-15T10:00:00Z", first="2026-10-01", items=[ITEM | {"percent_of_sale": "12"}])
    months.closed("2026-10", as_known_at="2026-11-10T00:00:00Z")
    months.closed("2026-10")
    assert told(compared(months)) == {("sale", "payout"): ("4.00", ["later_approval"])}


def test_late_conversions_count_under_a_later_cutoff(months):
    months.won("c", "2026-10-30", "50", known="2026-11-10T00:00:00Z")
    months.closed("2026-10")
    months.closed("2026-10", cutoff=LATER)
    (line,) = compared(months).lines
    assert str(line.difference) == "5.00" and [one.code for one in line.reasons] == ["late_events"]
    words = line.reasons[0].words
    assert "cut-off 2026-11-04T00:00:00Z → 2026-11-20T00:00:00Z" in words
    assert "conversions late 1 → 0" in words and "conversions payable 2 → 3" in words


def test_a_late_partial_reversal_counts_under_a_later_cutoff(months):
    months.reversal("a", "2026-10-20", "40", known="2026-11-10T00:00:00Z")
    months.closed("2026-10")
    months.closed("2026-10", cutoff=LATER)
    (line,) = compared(months).lines
    assert str(line.difference) == "-4.00" and [one.code for one in line.reasons] == ["late_events"]
    assert "reversals counted 0 → 1 (r1)" in line.reasons[0].words


def test_events_not_known_then_are_told(months):
    months.won("c", "2026-10-30", "50", known="2026-11-02T00:00:00Z")
    months.closed("2026-10", as_known_at="2026-11-01T00:00:00Z")
    months.closed("2026-10")
    (line,) = compared(months).lines
    assert str(line.difference) == "5.00"
    assert "as known at 2026-11-01T00:00:00Z → now: conversions payable 2 → 3" in line.reasons[0].words


def test_a_corrected_file_is_named_with_its_rows(months):
    months.closed("2026-10")
    months.rows["conversions"][0] = months.rows["conversions"][0].replace(",100,", ",130,")
    months.won("c", "2026-10-11", "10")
    months.closed("2026-10")
    (line,) = compared(months).lines
    assert str(line.difference) == "4.00" and [one.code for one in line.reasons] == ["corrected_inputs"]
    assert "data/conversions.csv changed, 2 rows → 3" in line.reasons[0].sentence


def test_late_impressions_count_under_a_later_cutoff(tmp_path):
    case = Path(__file__).parents[1] / "fixtures" / "cases" / "1.9-later-cutoff-given"
    workspace = Workspace.open(Path(shutil.copytree(case, tmp_path / "case")))
    close_period(workspace, OCTOBER, is_diagnosed=False)
    close_period(workspace, OCTOBER, cutoff=instant("2026-12-01T00:00:00Z"), is_diagnosed=False)
    (line,) = true_up(*chosen_closes(workspace, OCTOBER)).lines
    assert line.difference > 0 and line.after_quantity > line.before_quantity
    assert [one.code for one in line.reasons] == ["late_events"] and "impressions late" in line.words


AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.sampled_from(["USD", "EUR", "KWD"])),
    st.decimals(-10_000, 10_000, places=3),
)


def a_close(run, amounts):
    """A close of lines alone."""
    columns = ["contract", "item", "period", "kind", "currency", "expected_quantity", "expected_amount"]
    rows = [(one, item, "2026-10", "charge", unit, Decimal(1), at) for (one, item, unit), at in amounts.items()]
    lines, nothing = pd.DataFrame(rows, columns=columns, dtype=object), pd.DataFrame({"contract": []})
    manifest = {
        "contracts": [], "inputs": [], "openings": [], "signed_off": [], "software": "recon", "tzdata": "1",
        "settings": {"cutoff_days": 3}, "cutoff": "then", "as_known_at": None,
    }  # fmt: skip
    frames = {"lines": lines} | dict.fromkeys(FRAMES, nothing)
    return StoredClose(None, "months", "2026-10", run, Path(), manifest, **frames, versions=[], not_priced=[])


@given(AMOUNTS, AMOUNTS)
def test_differences_of_lines_add_up_to_those_of_totals_per_currency(before, after):
    found = true_up(a_close(1, before), a_close(2, after))
    for total in found.totals:
        of_currency = [line for line in found.lines if line.currency == total.currency]
        assert sum(line.difference for line in of_currency) == total.difference
        assert total.before_amount == sum(at for key, at in before.items() if key[2] == total.currency)
        assert total.after_amount == sum(at for key, at in after.items() if key[2] == total.currency)
    assert {line.currency for line in found.lines} <= {total.currency for total in found.totals}
    assert all([one.code for one in line.reasons] == ["unexplained"] for line in found.lines)


def test_all_reasons_that_touch_a_line_are_told(months):
    months.won("c", "2026-10-30", "50", known="2026-11-10T00:00:00Z")
    months.closed("2026-10")
    months.version(2, approved="2026-11-15T10:00:00Z", first="2026-10-01", items=[ITEM | {"percent_of_sale": "12"}])
    months.rows["conversions"][0] = months.rows["conversions"][0].replace(",100,", ",130,")
    months.closed("2026-10", cutoff=LATER)
    codes = ["later_approval", "late_events", "corrected_inputs"]
    assert told(compared(months)) == {("sale", "payout"): ("13.60", codes)}


def test_a_month_before_that_was_locked_meanwhile_is_a_reason(months):
    months.version(items=[ITEM | {"percent_of_sale": "10"}], minimum_payout={"amount": "15", "below": "carry"})
    months.won("s", "2026-09-10", "100")
    months.closed("2026-09"), months.closed("2026-10")
    locked(months, OCTOBER.previous())
    months.closed("2026-10")
    found = compared(months)
    assert told(found) == {("_release", "release"): ("10.00", ["earlier_month"])}
    assert "opening hold: 0 (nothing known from before) → 10 (locked close 2026-09 run 1)" in found.lines[0].words


def test_lines_of_one_close_alone_are_told_in_full(months):
    months.closed("2026-10")
    months.version(2, approved="2026-11-15T10:00:00Z", first="2026-10-01", items=[
        {"item": "order", "action": "purchase", "percent_of_sale": "10"}])  # fmt: skip
    months.closed("2026-10")
    found = compared(months)
    assert {(line.item, str(line.difference)) for line in found.lines} == {("order", "20.00"), ("sale", "-20.00")}
    assert found.lines[0].finding_id == "2026-10/ann/order/payout/USD/true_up"


def test_the_locked_run_is_compared_with_the_latest_unless_others_are_named(months):
    for _ in range(3):
        months.closed("2026-10")
    chosen = lambda **runs: tuple(close.run for close in chosen_closes(months.workspace(), OCTOBER, **runs))  # noqa: E731
    assert chosen() == (1, 3)
    locked(months, OCTOBER, 2)
    assert chosen() == (2, 3)
    assert chosen(before=3, after=1) == (3, 1)


def test_a_month_closed_once_has_nothing_to_compare(months):
    with pytest.raises(BadInput, match="run `recon close 2026-10` first"):
        chosen_closes(months.workspace(), OCTOBER)
    months.closed("2026-10")
    with pytest.raises(BadInput, match="run 1 alone"):
        chosen_closes(months.workspace(), OCTOBER)


def test_the_command_tells_people_and_machines(months):
    months.won("c", "2026-10-30", "50", known="2026-11-10T00:00:00Z")
    months.closed("2026-10")
    locked(months, OCTOBER)
    months.closed("2026-10", cutoff=LATER)
    command = [sys.executable, "-m", "recon.cli", "true-up", "2026-10", "--workspace", str(months.folder)]
    words = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    assert "run 1 → run 2" in words and "+5.00" in words and "late events: cut-off" in words
    machine = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert machine["lines"][0]["difference"] == "5.00" and machine["totals"][0]["after_amount"] == "25.00"
