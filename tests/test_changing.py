"""Clauses set by the paths they are printed with."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from versions import item, version

from recon import money
from recon.contracts.changing import changed, places_of
from recon.contracts.clauses import Change, clauses, differences, head_clauses
from recon.contracts.documents import content_hash, content_of, load_book, parse_version
from recon.contracts.terms import ContractVersion
from recon.problems import BadInput

BOOK = load_book(Path(__file__).parent.parent / "contracts")
PAIRS = [
    (one, two) for name in BOOK.contracts for one, two in pairwise(BOOK.versions_of(name)) if one.terms and two.terms
]
SAME_ITEMS = [
    (one, two)
    for one, two in PAIRS
    if [x.item for x in one.terms.items] == [x.item for x in two.terms.items] and one.terms.rules == two.terms.rules
]
RATE = "items[RUN].rates[0].per_mille"
PAYOUT = """\
contract: p
version: 1
kind: original
counterparty: { id: p, name: P, role: partner }
direction: payout
currency: USD
timezone: UTC
effective: { from: 2026-10-01, to: 2026-12-31 }
status: draft
renewal: { auto: true, term_months: 12, notice_days: 60 }
document: { name: IO 1, page: 2 }
terms:
  model: cpa
  program: shop
  partner: p
  attribution: { click_window: 36h }
  eligibility: { geo: [US, CA] }
  caps: [ { per: day, conversions: 5 }, { per: period, amount: "25.50" } ]
  items:
    - { item: new, action: purchase, when: { customer: [new], geo: [US] }, percent_of_sale: "12", max: "60.00" }
    - item: sale
      action: purchase
      tiers: { mode: volume, steps: [ { over: 0, flat: "1.50" }, { from: 100, flat: "2", fee: 7 } ] }
"""
DEAL = parse_version(PAYOUT, "x")


def named(one: ContractVersion) -> str:
    return f"{one.contract}-v{one.version}"


def stated(one: ContractVersion) -> dict[str, str]:
    return {clause.path: clause.value for clause in (*head_clauses(one), *clauses(one)) if not clause.is_default}


def problems(one: ContractVersion, settings: dict[str, str]) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as refused:
        changed(one, settings)
    return [(problem.place, problem.value) for problem in refused.value.problems]


@pytest.mark.parametrize("one", [*BOOK.versions, DEAL], ids=named)
def test_what_is_stated_can_be_set_to_its_own_text_and_nothing_changes(one):
    assert set(stated(one)) - set(places_of(one)) == set()
    after = changed(one, stated(one))
    assert content_hash(after) == content_hash(one) and content_of(after) == content_of(one)


@pytest.mark.parametrize("one", [*BOOK.versions, DEAL], ids=named)
def test_a_default_set_to_its_own_text_becomes_stated_and_means_the_same(one):
    defaults = {clause.path: clause.value for clause in clauses(one) if clause.is_default and clause.value != "none"}
    if one.terms is None:
        return
    after = changed(one, defaults)
    assert differences(one, after) == () and content_hash(after) == content_hash(one)
    unwritten = {path for path in defaults if path.endswith(".when")}  # an empty condition is none
    assert set(defaults) - set(stated(after)) <= unwritten


@pytest.mark.parametrize(("one", "two"), SAME_ITEMS, ids=[named(two) for _, two in SAME_ITEMS])
def test_a_version_of_the_demo_book_is_reached_from_the_one_before_clause_by_clause(one, two):
    places = places_of(one)
    settings = {change.path: change.after or "none" for change in differences(one, two) if places[change.path].read}
    assert differences(changed(one, settings), two) == ()


@given(st.decimals(0, 10**6, places=4), st.integers(0, 4))
def test_a_rate_is_set_as_it_is_written_and_nothing_else_changes(price, digits):
    before = version(items=[item("RUN", "22.50"), item("TOP", "1.0")], minimum={"amount": "5.10"})
    text = money.plain(money.round_to(price, digits))
    after = changed(before, {RATE: text})
    assert differences(before, after) == ((Change(RATE, "22.50", text),) if text != "22.50" else ())
    rest = content_of(after)
    rest["terms"]["items"][0]["rates"][0]["per_mille"] = "22.50"
    assert rest == content_of(before)


@pytest.mark.parametrize(
    ("path", "text", "before"),
    [
        ("attribution.view_window", "12h", "1d"),
        ("attribution.click_window", "7d", "36h"),
        ("eligibility.geo", "US, DE", "US, CA"),
        ("eligibility.min_sale", "20.00", "none"),
        ("exclude_ivt", "sivt", "givt, sivt"),
        ("exclude_ivt", "none", "givt, sivt"),
        ("caps[1].amount", "30.00", "25.50"),
        ("caps[0].crossing", "skip", "stop"),
        ("items[new].when", "geo US, CA; coupon TEN", "customer new; geo US"),
        ("items[new].when", "always", "customer new; geo US"),
        ("items[new].min", "1.00", "none"),
        ("items[sale].tiers.steps[1].flat", "2.50", "2"),
        ("items[sale].tiers.steps[1].fee", "0.00", "7"),
        ("effective.to", "2027-03-31", "2026-12-31"),
        ("renewal.notice_days", "30", "60"),
        ("renewal.auto", "false", "true"),
        ("counterparty.name", "P & Sons", "P"),
        ("document.name", "IO 2", "IO 1"),
        ("timezone", "Europe/Berlin", "UTC"),
    ],
)
def test_one_clause_is_set_by_its_path(path, text, before):
    assert differences(DEAL, changed(DEAL, {path: text})) == (Change(path, before, text),)


def test_none_removes_a_clause_and_the_group_it_leaves_empty():
    after = content_of(changed(DEAL, {"attribution.click_window": "none", "effective.to": "none", "document": "none"}))
    assert "attribution" not in after["terms"] and "to" not in after["effective"] and "document" not in after
    minimum = version(items=[item()], minimum={"amount": "5.00"})
    assert content_of(changed(minimum, {"minimum.amount": "none"})) == content_of(version(items=[item()]))
    assert changed(DEAL, {"items[new].when": "none"}).terms.items[0].when.is_always


def test_entries_of_a_list_go_from_the_back_and_come_at_the_end():
    fewer = changed(DEAL, {"caps[0]": "none", "caps[1].amount": "26.00"})
    assert content_of(fewer)["terms"]["caps"] == [{"per": "period", "amount": "26.00"}]
    assert "caps" not in content_of(changed(DEAL, {"caps[0]": "none", "caps[1]": "none"}))["terms"]
    assert changed(DEAL, {"caps": "none"}).terms.caps == ()
    more = changed(
        DEAL,
        {"caps[2].per": "contract", "caps[2].amount": "99.00", "bonus[0].at_least": "5", "bonus[0].amount": "1.00"},
    )
    assert len(more.terms.caps) == 3 and str(more.terms.bonus[0].amount) == "1.00"
    assert [one.item for one in changed(DEAL, {"items[new]": "none"}).terms.items] == ["sale"]


def test_another_way_to_price_takes_the_place_of_one_that_is_removed():
    after = changed(DEAL, {"items[sale].tiers": "none", "items[sale].flat": "3.00"})
    assert content_of(after)["terms"]["items"][1] == {"item": "sale", "action": "purchase", "flat": "3.00"}
    assert problems(DEAL, {"items[sale].flat": "3.00"}) == [("items[sale]", "flat and tiers")]


def test_every_problem_is_told_at_once_by_the_path_of_its_clause():
    settings = {"items[new].max": "dear", "eligibility.geo": "US, ", "attribution.clickwindow": "7d", "caps": "1",
                "effective.to": "2026-02-30", "attribution.model": "best"}  # fmt: skip
    assert problems(DEAL, settings) == [
        ("attribution.clickwindow", ""),
        ("caps", "1"),
        ("effective.to", "2026-02-30"),
        ("attribution.model", "best"),
        ("eligibility.geo[1]", ""),
        ("items[new].max", "dear"),
    ]
    with pytest.raises(BadInput, match=r"such as attribution.click_window, attribution.view_window"):
        changed(DEAL, {"attribution.clickwindow": "7d"})


@pytest.mark.parametrize(
    "settings",
    [
        {"status": "approved"},
        {"contract": "other"},
        {"items[old].flat": "1"},
        {"items[new].item": "renamed"},
        {"caps[3].amount": "1"},
        {"terms": "none"},
        {"items[new].when": "geo US; geo CA"},
        {"items[new].when": "shoe size"},
        {"items[new].when": ""},
        {"renewal.auto": "yes"},
        {"effective.from": "none"},
        {"items": "sale, new"},
        {"model": "cpm"},
        {"items[new].max": "0.5", "items[new].min": "1"},
        {"caps[0]": "none", "caps[0].conversions": "6"},
    ],
    ids=str,
)
def test_what_the_contract_cannot_say_is_refused(settings):
    assert problems(DEAL, settings)


def test_a_termination_has_no_terms_to_set():
    ended = next(one for one in BOOK.versions if one.terms is None)
    assert problems(ended, {"rounding": "up"}) == [("rounding", "")]
    assert str(changed(ended, {"effective.from": "2026-10-25"}).effective.first) == "2026-10-25"


def test_a_name_with_a_comma_can_be_told_again():
    one = version(items=[item(rates=[{"when": {"placement": ["Home, top", "a;b"]}, "per_mille": "1"}])])
    assert changed(one, stated(one)) == one
