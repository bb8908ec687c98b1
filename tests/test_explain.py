"""What a line, a finding and an event are told as: in words, and as data for machines."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from closed_demo import october
from stored_close import a_diagnosed_close

from recon.explain import explain, explained, findings
from recon.problems import BadInput, Problem

pytestmark = pytest.mark.xdist_group("pages")  # one demo month
LEAD = "2026-10/streamly-acme/lead/payout/EUR/eligibility_ignored"


def closed() -> Any:
    return a_diagnosed_close()


def test_a_finding_is_told_in_its_three_views() -> None:
    told = explain(closed(), LEAD).split("\n")
    assert told[0] == f"{LEAD}: eligibility_ignored (ambiguous), -18.00 EUR"
    assert told[2].startswith("  Ambiguous: two or more edits fit") and "cap ignored, or window off" in told[2]
    assert "  edit: min_sale ignored, scope: contract" in told and "  billed in BL-9" in told
    assert "  workings, ours and under the edit:" in told
    assert "    c001: ours ineligible 0.00 EUR; theirs payable 14.00 EUR; lead, 2026-10-03, geo US" in told
    assert "streamly-acme/lead/payout/EUR, 2026-10, run 1: under billed" in told


def test_changed_steps_are_told_from_both_sides() -> None:
    close = closed()
    close.finding_workings.loc[0, "text"] = "10 × 14 = 140"
    told = explain(close, LEAD).split("\n")
    at = told.index("      10 × 14 = 140")
    assert told[at - 1].startswith("    ≠ ") and told[at + 1].startswith("    = ")


def test_counted_events_are_told_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(close: object) -> None:
        raise BadInput([Problem("northwind-ctv/v1.yaml", "changed since the close", "the documents of the close")])

    monkeypatch.setattr(findings, "reopened", changed)
    told = explain(closed(), "2026-10/northwind-ctv/NW-CTV-RUN/charge/USD/rounding_grain")
    assert "single impressions can't be named: northwind-ctv/v1.yaml: 'changed since the close'" in told
    assert "    1,000,001 impressions: ours billable; theirs billable; NW-CTV-RUN, 2026-10-01 to 2026-10-15" in told


def test_a_remark_without_a_line_is_told_as_well() -> None:
    told = explain(closed(), "2026-10/kumo-press/KP-1/payout/USD/third_party_missing")
    assert "gave no count for 4 dates" in told and "events it turns on" not in told


def test_machines_get_the_views_as_data() -> None:
    told = json.loads(json.dumps(explained(closed(), LEAD), default=str))
    found = told["finding"]
    assert told["id"] == LEAD and told["text"][0].startswith(LEAD)
    assert found["rivals"] == "cap_ignored window_off" and found["settles"].startswith("billing_details")
    assert [event["event"] for event in found["events"]] == ["c001", "c002"]
    assert found["events"][0]["their_amount"] == "14.00"
    assert {step["is_changed"] for step in found["workings"]} == {False} and found["workings"][0]["rule"] == "6.1"
    assert LEAD in found["paste"] and "Ambiguous" in found["meaning"]


def test_machines_get_lines_as_words_alone() -> None:
    assert set(explained(closed(), "streamly-acme/lead/payout/EUR")) == {"id", "text"}


def told_of(dataset: str, event: str) -> list[str]:
    """What the demo month tells of an event that a finding turns on."""
    close = october()
    row = close.findings.iloc[0]
    events = [(row["finding_id"], dataset, event, Decimal(1), "lost", "payable", None, Decimal("20.00"), "sale")]
    named = pd.DataFrame(events, columns=list(close.finding_events), dtype=object)
    return explain(dataclasses.replace(close, finding_events=named), event).split("\n")


def test_a_conversion_tells_the_findings_that_turn_on_it() -> None:
    conversion = october().conversions("streamly-acme-reviews")["conversion_id"].iloc[0]
    told = told_of("conversions", conversion)
    assert told[0].startswith(f"conversion {conversion}: ")
    assert told[-1].startswith("  finding 2026-10/") and "ours lost; theirs payable 20.00" in told[-1]


def test_a_reversal_is_told_with_its_conversion_and_the_findings_that_turn_on_it() -> None:
    reversal = october().observed("reversal_rows").iloc[0]
    told = told_of("reversals", reversal["reversal_id"])
    assert told[0].startswith(f"conversion {reversal['conversion_id']}: ")
    assert any(line.startswith("  finding ") and reversal["reversal_id"] in line for line in told)


def test_single_impressions_behind_a_finding_are_named_from_the_events() -> None:
    close = october()
    counted = close.finding_events[close.finding_events["dataset"] == "impressions"]
    identity = str(counted["finding_id"].iloc[0])
    named = [line for line in explain(close, identity).split("\n") if "→" in line and ": impressions " in line]
    assert named
    pair, ids = named[0].strip().split(": impressions ")
    ours = pair.split(" → ")[0].split(" by ")[0]
    item = close.findings.set_index("finding_id").loc[identity, "item"]
    told = explain(close, ids.split(", ")[0])
    assert f"item {item}" in told and f": {ours} × 1" in told
