"""A version told clause by clause, and what changed between two."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.contracts.clauses import Change, Clause, clauses, differences
from recon.contracts.documents import load_book, parse_version

BOOK = load_book(Path(__file__).parent.parent / "contracts")
PAYOUT = """\
contract: p
version: 1
kind: original
counterparty: { id: p, name: P, role: partner }
direction: payout
currency: USD
timezone: UTC
effective: { from: 2026-10-01 }
status: draft
terms:
  model: cpa
  program: shop
  partner: p
  attribution: { click_window: 36h }
  eligibility: { geo: [US, CA] }
  caps: [ { per: day, conversions: 5 } ]
  items:
    - { item: new, action: purchase, when: { customer: [new], geo: [US] }, percent_of_sale: "12", max: "60.00" }
    - item: sale
      action: purchase
      tiers: { mode: volume, steps: [ { over: 0, flat: "1.50" }, { from: 100, flat: "2", fee: 7 } ] }
"""


def test_clauses_stand_in_the_order_of_the_model_with_defaults_marked():
    told = clauses(parse_version(PAYOUT, "x"))
    assert [one.path for one in told][:5] == ["model", "rounding", "exclude_ivt", "rules", "program"]
    stated = [(one.path, one.value) for one in told if not one.is_default]
    assert stated == [
        ("model", "cpa"),
        ("program", "shop"),
        ("partner", "p"),
        ("attribution.click_window", "36h"),
        ("eligibility.geo", "US, CA"),
        ("caps[0].per", "day"),
        ("caps[0].conversions", "5"),
        ("items", "new, sale"),
        ("items[new].action", "purchase"),
        ("items[new].when", "customer new; geo US"),
        ("items[new].percent_of_sale", "12"),
        ("items[new].max", "60.00"),
        ("items[sale].action", "purchase"),
        ("items[sale].tiers.mode", "volume"),
        ("items[sale].tiers.steps[0].over", "0"),
        ("items[sale].tiers.steps[0].flat", "1.50"),
        ("items[sale].tiers.steps[1].from", "100"),
        ("items[sale].tiers.steps[1].flat", "2"),
        ("items[sale].tiers.steps[1].fee", "7"),
    ]
    for used in [
        Clause("attribution.view_window", "1d", True),
        Clause("caps[0].crossing", "stop", True),
        Clause("items[new].min", "none", True),
        Clause("items[sale].tiers.counter", "period", True),
        Clause("lock", "none", True),
    ]:
        assert used in told


def test_clauses_that_a_payout_cannot_have_are_not_listed():
    paths = {one.path for one in clauses(parse_version(PAYOUT, "x"))}
    assert not paths & {"bill", "discount_percent", "items[sale].flat", "items[sale].min"}
    assert "minimum_payout" in paths


@pytest.mark.parametrize("version", BOOK.versions, ids=lambda one: f"{one.contract}-v{one.version}")
def test_every_path_is_told_once_and_with_a_value(version):
    told = clauses(version)
    assert len({one.path for one in told}) == len(told)
    assert all(one.value for one in told)
    assert differences(version, version) == ()


def test_differences_name_what_changed_and_nothing_else():
    before = parse_version(PAYOUT, "x")
    text = PAYOUT.replace('"1.50"', '"1.40"').replace("2026-10-01", "2026-10-01, to: 2026-12-31")
    after = parse_version(text.replace("program: shop", "program: shop\n  fx: conversion_date"), "x")
    assert differences(before, after) == (
        Change("effective.to", "none", "2026-12-31"),
        Change("items[sale].tiers.steps[0].flat", "1.50", "1.40"),
    )


def test_a_changed_order_of_items_is_a_difference():
    version = parse_version(PAYOUT, "x")
    terms = version.terms.model_copy(update={"items": version.terms.items[::-1]})
    assert differences(version, version.model_copy(update={"terms": terms})) == (
        Change("items", "new, sale", "sale, new"),
    )


def test_an_added_item_stands_with_an_empty_before():
    version = parse_version(PAYOUT, "x")
    fewer = version.model_copy(update={"terms": version.terms.model_copy(update={"items": version.terms.items[:1]})})
    added = {one.path: one.before for one in differences(fewer, version)}
    assert added["items[sale].action"] == "" and added["items"] == "new"
