"""Named rules: clauses of a contract's own, brought by a package and priced like the built-in ones (RULES 9)."""

from __future__ import annotations

import csv
import hashlib
import importlib
import re
import shutil
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
import yaml
from programs import Program, balance, cpa, sale
from versions import item, version

from recon.close import close_period
from recon.contracts.book import Book
from recon.contracts.clauses import Clause, clauses
from recon.contracts.documents import content_hash, document_text, parse_version
from recon.contracts.lint import lint
from recon.contracts.rules import Parameters, Rule, RuleLine, RuleMonth, installed
from recon.evidence import write_pack
from recon.expect.charges import Earned, Part, charge_lines
from recon.expect.currency import ExchangeRates
from recon.expect.force import in_force
from recon.expect.lines import ExpectedLine
from recon.expect.openings import Openings
from recon.explain import explain
from recon.period import Period
from recon.problems import BadInput
from recon.trials.cases import CASES
from recon.trueup.reasons import Compared, settings
from recon.workspace import Workspace

OCTOBER = Period.parse("2026-10")
NO_RATES = ExchangeRates(())
README = Path(__file__).parent.parent / "README.md"
KICKER = "_new_customer_kicker"
NEW = {**sale("new"), "when": {"customer": ["new"]}}


def kicker(percent="40", amount="1.125"):
    return [{"rule": "new_customer_kicker", "with": {"item": "new", "percent": percent, "amount": amount}}]


def priced(customers, *versions, **more):
    """October with a conversion of each of these customers, a letter each: n new, r returning."""
    program = Program()
    for number, letter in enumerate(customers):
        program.won(f"c{number}", f"10-{number + 1:02}", customer={"n": "new", "r": "returning"}[letter])
    return program.priced(*versions, **more)


# What is due


@pytest.mark.parametrize("customers, percent, amount", [
    ("nnrrr", "40", "2.25"),
    ("nnrrr", "40.000000001", None),
    ("nrr", "33.333333333", "1.13"),
    ("nrr", "33.333333334", None),
    ("nn", "100", "2.25"),
    ("rr", "0", None),
    ("", "0", None),
])  # fmt: skip
def test_a_kicker_is_due_from_exactly_its_percentage_on(customers, percent, amount):
    found = priced(customers, cpa(items=[NEW, sale()], rules=kicker(percent)))
    assert found.amounts().get((KICKER, "bonus")) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize("rounding, amount", [
    ("half_up", "1.13"), ("half_even", "1.12"), ("up", "1.13"), ("down", "1.12"),
])  # fmt: skip
def test_its_line_is_rounded_once_by_the_contracts_rounding(rounding, amount):
    found = priced("n", cpa(items=[NEW, sale()], rules=kicker(), rounding=rounding))
    line = found.line(KICKER, "bonus")
    assert line.amount == Decimal(amount) and line.quantity == 0
    assert [one.operation for one in line.workings] == ["note", "note", "rule", "round"]


def test_its_workings_tell_the_rule_and_each_number():
    text, found, step, last = priced("nnr", cpa(items=[NEW, sale()], rules=kicker())).line(KICKER, "bonus").workings
    rule = installed("new_customer_kicker").rule
    assert text.text.startswith(rule.text) and rule.reference in text.text and "recon 0." in text.text
    assert found.text == "2 of 3 payable conversions are of new, at least 40 percent" and found.amount is None
    assert step.text == "payable conversions of new: 2 × 1.125 = 2.25"
    assert (step.clause, step.rule) == ("rules[new_customer_kicker].with.amount", "9")
    assert (step.quantity, step.rate, step.amount) == (2, Fraction("1.125"), Fraction("2.25"))
    assert last.text == "2.25 rounded half_up once = 2.25"


def test_the_version_of_the_last_day_in_force_decides():
    one = cpa(1, last="2026-10-15", items=[NEW, sale()], rules=kicker(amount="9"))
    two = cpa(2, first="2026-10-16", items=[NEW, sale()], rules=kicker(amount="2"))
    assert priced("n", one, two).amounts()[KICKER, "bonus"] == 2
    ended = cpa(1, last="2026-10-15", items=[NEW, sale()], rules=kicker(amount="9"))
    assert priced("n", ended).amounts()[KICKER, "bonus"] == 9


def test_a_share_of_a_conversion_counts_as_its_share():
    """Linear over two partners: half of a conversion each, and half of the kicker."""
    terms = {"attribution": {"model": "linear"}, "items": [NEW, sale()], "rules": kicker("100", "3")}
    program = (
        Program()
        .click("u", "10-01", "k1")
        .click("u", "10-02", "k2", "bob")
        .conversion("c", "10-03", "u", customer="new")
    )
    found = program.priced(cpa(**terms), cpa(partner="bob", **terms))
    assert found.amounts() == {("new", "payout"): 5, (KICKER, "bonus"): Decimal("1.5")}


# Beside other clauses


@pytest.mark.parametrize("limit, lines", [
    ("33.38", {}),
    ("33.39", {("_hold", "hold"): Decimal("-33.38")}),
])  # fmt: skip
def test_it_counts_towards_the_minimum_payout(limit, lines):
    terms = {"items": [NEW, sale()], "rules": kicker(), "minimum_payout": {"amount": limit, "below": "carry"}}
    found = priced("nnn", cpa(**terms)).amounts()
    assert found == {("new", "payout"): 30, (KICKER, "bonus"): Decimal("3.38"), **lines}


def test_with_it_a_held_balance_reaches_the_minimum():
    terms = {"items": [NEW, sale()], "rules": kicker(), "minimum_payout": {"amount": "16.13", "below": "carry"}}
    found = priced("n", cpa(**terms), openings=[balance("hold", "5")])
    assert found.amounts()["_release", "release"] == 5


def test_a_charge_of_a_rule_is_neither_discounted_nor_net_and_fills_the_minimum():
    terms = {"direction": "charge", "discount_percent": "50", "bill": "net", "commission_percent": "50"}
    terms |= {"items": [NEW, sale()], "rules": kicker(amount="2"), "minimum": {"amount": "10"}}
    assert priced("n", cpa(**terms)).amounts("shop") == {
        ("new", "charge"): Decimal("2.5"), (KICKER, "charge"): 2, ("_minimum", "shortfall"): Decimal("5.5"),
    }  # fmt: skip


@pytest.mark.parametrize("direction", ["charge", "payout"])
def test_a_cpm_rule_prices_per_thousand_beside_caps(direction):
    terms = version(direction=direction, items=[item()], cap={"amount": "3"}, minimum={"amount": "20"},
                    rules=[{"rule": "ad_serving_fee", "with": {"per_mille": "1.5"}}])  # fmt: skip
    force = in_force(Book((terms,)), "acme", OCTOBER)
    found = charge_lines(
        force, [Earned("RUN", Fraction(1001), (Part(terms, Fraction("10.01")),))], Openings(), NO_RATES
    )
    amounts = {(line.item, line.kind): line.amount for line in found.lines}
    fee = Decimal("1.50")  # 1001 × 1.5 / 1000 = 1.5015
    assert amounts == {("RUN", direction): 3, ("_ad_serving_fee", direction): fee, ("_minimum", "shortfall"): 17 - fee}
    assert [one.value for one in found.spent] == [3, 3]  # a cap does not count what a rule adds


# Packages that bring rules

EACH_MONTH = """
from fractions import Fraction
from recon.contracts.rules import Rule, RuleStep

SEEN = []

def price(month, given):
    SEEN.append(month)
    return [RuleStep("whole month", Fraction(month.days, month.of_days), "amount")]

def check(given, contract):
    return []

each_month = Rule("each_month", "So much a month.", "letter of 1 May", price, check)
twice_a_month = Rule("twice_a_month", "So much a month.", "letter of 2 May", lambda month, given: price(month, given) * 2, check)
failing = Rule("failing", "Fails.", "nowhere", lambda month, given: 1 / 0, check)
in_binary = Rule("in_binary", "A float.", "x", lambda month, given: [RuleStep("one", 0.1, "amount")], check)
per_dozen = Rule("per_dozen", "Per 12.", "x", lambda month, given: [RuleStep("one", Fraction(1), "amount", 12)], check)
unchecked = Rule("unchecked", "x", "x", price, lambda given, contract: 1 / 0)
unknown_rate = Rule("unknown_rate", "Lacks a parameter.", "x", lambda month, given: [RuleStep("one", Fraction(1), "rate")], check)
"""


@pytest.fixture
def bring(tmp_path, monkeypatch):
    """Installs a package with rules: its name, version, module and entry points."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = []

    def install(name, number, text, **rules):
        module = name.replace("-", "_")
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(text)
        folder = tmp_path / f"{module}-{number}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        points = "".join(f"{rule} = {module}:{place}\n" for rule, place in rules.items())
        (folder / "entry_points.txt").write_text(f"[recon.rules]\n{points}")
        importlib.invalidate_caches()
        installed.cache_clear()

    yield install
    installed.cache_clear()
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def each_month(bring):
    names = ("each_month", "twice_a_month", "failing", "unknown_rate", "in_binary", "per_dozen", "unchecked")
    bring("acme-rules", "1.2", EACH_MONTH, **{name: name for name in names})
    return importlib.import_module("acme_rules")


def use(name="each_month", amount="31"):
    return {"rule": name, "with": {"amount": amount}}


def test_the_rule_of_the_readme_works_as_it_stands(bring):
    section = README.read_text(encoding="utf-8").split("## A clause of your own")[1].split("\n## ")[0]
    code, points, clause = re.findall(r"```(?:python|toml|yaml)\n(.*?)```", section, re.S)
    bring("acme-rules", "1", code, full_hundreds=re.findall(r"acme_rules:(\w+)", points)[0])
    rules = yaml.load(clause, yaml.BaseLoader)["terms"]["rules"]
    terms = cpa(items=[sale("lead")], rules=rules)
    assert lint(Book((terms,))) == []
    given = terms.terms.rules[0].parameters
    (wrong,) = lint(Book((cpa(items=[sale()], rules=rules),)))
    assert wrong.place == "ann/v1.yaml terms.rules[0].with.item"
    for count, hundreds in ((99, 0), (100, 1), (299, 2)):
        line = RuleLine("lead", "payout", Fraction(count), Fraction(0))
        (step,) = installed("full_hundreds").rule.price(
            RuleMonth("a", "2026-10", "payout", "USD", (line,), 31, 31), given
        )
        assert (step.quantity, step.rate) == (hundreds, "amount")
    assert priced("n", terms).amounts() == {("lead", "payout"): 10}


def test_a_rule_is_found_by_the_metadata_of_its_package(each_month):
    found = installed("each_month")
    assert (found.distribution, found.version) == ("acme-rules", "1.2")
    assert found.text_sha256 == hashlib.sha256(b"So much a month.").hexdigest()


@pytest.mark.parametrize("rules, expected", [
    ({"weekly": "each_month"}, "a Rule named weekly at acme_more:each_month"),
    ({"weekly": "SEEN"}, "a Rule named weekly at acme_more:SEEN"),
    ({"weekly": "nothing"}, "a rule that can be loaded from acme_more:nothing"),
    ({}, "the name of an installed rule (ad_serving_fee, new_customer_kicker)"),
])  # fmt: skip
def test_what_is_no_rule_is_refused_with_what_was_expected(rules, expected, bring):
    bring("acme-more", "1", EACH_MONTH, **rules)
    (problem,) = lint(Book((cpa(items=[sale()], rules=[use("weekly")]),)))
    assert (problem.place, problem.value) == ("ann/v1.yaml terms.rules[0].rule", "weekly")
    assert problem.expected.startswith(expected) and problem.expected.endswith("(9)")


def test_one_name_by_two_packages_is_refused(bring, each_month):
    bring("other-rules", "3", EACH_MONTH, each_month="each_month")
    (problem,) = lint(Book((cpa(items=[sale()], rules=[use()]),)))
    assert problem.expected == "a rule of one package alone, not of acme-rules and other-rules (9)"


@pytest.mark.parametrize("name, text", [("bonus", "x"), ("Kicker", "x"), ("a.b", "x"), ("", "x"), ("kicker", " ")])
def test_a_rule_needs_a_name_of_its_own_and_a_text(name, text):
    with pytest.raises(ValueError, match="rule"):
        Rule(name, text, "", lambda month, given: [], lambda given, contract: [])


@pytest.mark.parametrize("name", ["failing", "unknown_rate", "in_binary", "per_dozen"])
def test_a_rule_that_fails_stops_the_close_by_name(name, each_month):
    with pytest.raises(BadInput) as caught:
        priced("n", cpa(items=[sale()], rules=[use(name)]))
    (problem,) = caught.value.problems
    assert (problem.place, problem.value) == (f"ann/v1.yaml terms.rules[{name}]", name)
    assert problem.expected.startswith("a rule that prices 2026-10: ")


def test_a_check_that_fails_is_a_refusal(each_month):
    (problem,) = lint(Book((cpa(items=[sale()], rules=[use("unchecked")]),)))
    assert problem.place == "ann/v1.yaml terms.rules[0].with"
    assert problem.expected == "parameters that unchecked can check: division by zero (9)"


def test_a_rule_sees_the_lines_before_any_rule_and_the_days_in_force(each_month):
    terms = {"items": [NEW, sale()], "bonus": [{"at_least": 1, "amount": "7"}], "rules": [use(), use("twice_a_month")]}
    found = priced("nr", cpa(last="2026-10-10", **terms)).amounts()
    assert (found["_each_month", "bonus"], found["_twice_a_month", "bonus"]) == (10, 20)
    lines = (
        RuleLine("_bonus", "bonus", Fraction(0), Fraction(7)), RuleLine("new", "payout", Fraction(1), Fraction(10)),
        RuleLine("sale", "payout", Fraction(1), Fraction(10)),
    )  # fmt: skip
    one, other = each_month.SEEN
    assert one == other == RuleMonth("ann", "2026-10", "payout", "USD", lines, 10, 31)
    assert (one.quantity(), one.amount("sale", "new")) == (2, 20)


def test_after_the_end_of_a_contract_no_rule_applies(each_month):
    program = Program().won("c", "09-10").reversal("c", "10-05")
    found = program.priced(cpa(last="2026-09-30", items=[sale()], rules=[use()]))
    assert found.amounts() == {("sale", "clawback"): -10}


# In documents, clauses and closes


def test_each_parameter_is_a_clause():
    told = clauses(cpa(items=[NEW, sale()], rules=kicker()))
    assert [one for one in told if one.path.startswith("rules")] == [
        Clause("rules", "new_customer_kicker", False),
        Clause("rules[new_customer_kicker].rule", "new_customer_kicker", False),
        Clause("rules[new_customer_kicker].with.item", "new", False),
        Clause("rules[new_customer_kicker].with.percent", "40", False),
        Clause("rules[new_customer_kicker].with.amount", "1.125", False),
    ]


def test_a_document_keeps_its_rules_and_their_hash_whatever_the_order_of_parameters():
    one = cpa(items=[NEW, sale()], rules=kicker())
    assert parse_version(document_text(one), "x") == one
    turned = {"rule": "new_customer_kicker", "with": dict(reversed(kicker()[0]["with"].items()))}
    assert content_hash(cpa(items=[NEW, sale()], rules=[turned])) == content_hash(one)
    assert content_hash(cpa(items=[NEW, sale()], rules=kicker("41"))) != content_hash(one)
    stated, left_out = ({"rule": "each_month", **more} for more in ({"with": {}}, {}))
    assert content_hash(cpa(items=[sale()], rules=[stated])) == content_hash(cpa(items=[sale()], rules=[left_out]))


def test_parameters_are_a_frozen_mapping():
    given = Parameters((("amount", "2.50"), ("item", "new")))
    assert dict(given) == {"amount": "2.50", "item": "new"} and hash(given) == hash(Parameters(given.pairs))
    assert given.number("amount") == Fraction(5, 2) and not given.is_number("item")
    for wrong in ("item", "missing"):
        with pytest.raises(ValueError, match="a number such as 22.50"):
            given.number(wrong)


def closed(folder, **billed):
    """The month of a case with the kicker, closed against a bill: amounts by item."""
    shutil.copytree(CASES / "9-kicker-at-its-percentage", folder, dirs_exist_ok=True)
    with (folder / "recon.toml").open("a") as settings:
        settings.write('\n[data.billing_lines]\npath = "data/bill.csv"\n')
    right = {"new": ("payout", 2, "20.00"), "sale": ("payout", 3, "12.00"), KICKER: ("bonus", "", "2.25")}
    rows = [
        (f"L{number}", "alpha", name, "2026-10", kind, quantity, billed.get(name, amount), "USD")
        for number, (name, (kind, quantity, amount)) in enumerate(right.items()) if billed.get(name, amount)
    ]  # fmt: skip
    header = ("billing_line_id", "contract", "item", "period", "kind", "quantity", "amount", "currency")
    with (folder / "data" / "bill.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return close_period(Workspace.open(folder), OCTOBER)


def causes(close):
    return {row["item"]: {row["cause"], *str(row["rivals"]).split()} for row in close.findings.to_dict("records")}


def test_a_month_with_a_rule_closes_clean_and_tells_it(tmp_path):
    close = closed(tmp_path)
    assert set(close.lines["status"]) == {"matched"} and close.findings.empty
    told = explain(close, f"alpha/{KICKER}/bonus/USD")
    assert installed("new_customer_kicker").rule.text in told
    assert "payable conversions of new: 2 × 1.125 = 2.25" in told


def test_an_error_beside_a_rule_is_named(tmp_path):
    """13 for 10 a conversion, the kicker as it should be."""
    found = causes(closed(tmp_path, new="26.00"))
    assert set(found) == {"new"} and "rate_mistyped" in found["new"]


def test_a_rule_that_was_not_applied_is_named(tmp_path):
    found = causes(closed(tmp_path, **{KICKER: ""}))
    assert set(found) == {KICKER} and "rule_ignored" in found[KICKER]


def test_the_manifest_lists_the_rules_with_package_and_text(tmp_path, monkeypatch):
    close = closed(tmp_path)
    rule = installed("new_customer_kicker")
    assert close.manifest["rules"] == [{
        "rule": "new_customer_kicker", "distribution": "recon", "version": rule.version,
        "text_sha256": hashlib.sha256(rule.rule.text.encode()).hexdigest(), "in": ["alpha"],
    }]  # fmt: skip
    again = close_period(Workspace.open(Path(tmp_path)), OCTOBER)
    assert again.manifest["digest"] == close.manifest["digest"]
    monkeypatch.setattr("recon.contracts.rules.Installed.text_sha256", "0" * 64)
    other = close_period(Workspace.open(Path(tmp_path)), OCTOBER)
    assert other.manifest["digest"] != close.manifest["digest"]


def test_the_workbook_states_the_rules_with_package_and_text(tmp_path):
    close = closed(tmp_path)
    write_pack(close, tmp_path / "pack.xlsx")
    rows = openpyxl.load_workbook(tmp_path / "pack.xlsx", data_only=True)["Parameters"].iter_rows(values_only=True)
    (row,) = [row for row in rows if row[0] == "Named rule new_customer_kicker"]
    rule = installed("new_customer_kicker")
    assert row[1] == f"recon {rule.version}" and row[3].endswith(rule.text_sha256)


def test_a_true_up_tells_a_rule_whose_text_changed(tmp_path, monkeypatch):
    first = closed(tmp_path)
    monkeypatch.setattr("recon.contracts.rules.Installed.text_sha256", "0" * 64)
    then = close_period(Workspace.open(tmp_path), OCTOBER)
    (told,) = settings(Compared("alpha", KICKER, first, then))
    assert not list(settings(Compared("other", "sale", first, then)))
    assert told.startswith("rule new_customer_kicker: recon ") and told.endswith("text 000000000000")


def test_lines_of_nothing_are_not_seen(each_month):
    from recon.expect.named_rules import rule_lines

    force = in_force(Book((cpa(items=[sale()], rules=[use()]),)), "ann", OCTOBER)
    nothing = ExpectedLine("ann", "sale", "2026-10", "payout", "USD", Decimal(0), Decimal("0.00"))
    (line,) = rule_lines(force, [nothing], "bonus", NO_RATES)
    assert line.amount == 31 and each_month.SEEN[-1].lines == ()
