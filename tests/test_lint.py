"""Each refusal and warning on a contract book: a book that has it, and the nearest book that has not."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from recon.contracts.book import Book
from recon.contracts.documents import parse_version
from recon.contracts.lint import CHECKS, accepted, lint
from recon.period import instant
from recon.problems import BadInput

RUN = "{ item: RUN, rates: [ { per_mille: '10' } ] }"
SALE = "{ item: sale, action: purchase, percent_of_sale: '5' }"


def cpm(items=f"[{RUN}]", contract="acme", version=1, more="", direction="charge", **head):
    return _version(f"{{ model: cpm, items: {items}{more} }}", contract, version, direction, head)


def cpa(items=f"[{SALE}]", contract="acme", version=1, more="", direction="charge", **head):
    terms = f"{{ model: cpa, program: shop, items: {items}{more} }}"
    return _version(terms, contract, version, direction, head)


def payout(contract="p1", partner="p1", version=1, more="", **head):
    return cpa(contract=contract, version=version, more=f", partner: {partner}{more}", direction="payout", **head)


def kicker(times=1, **said):
    """The clause of a rule that is installed, with these of its parameters otherwise."""
    given = {"item": "sale", "percent": "20", "amount": "1"} | said
    told = ", ".join(f"{key}: '{value}'" for key, value in given.items())
    return f", rules: [ {', '.join([f'{{ rule: new_customer_kicker, with: {{ {told} }} }}'] * times)} ]"


def tiered(tiers, unit="per_mille", **head):
    if unit == "per_mille":
        return cpm(f"[{{ item: RUN, rates: [ {{ tiers: {tiers} }} ] }}]", **head)
    return cpa(f"[{{ item: sale, action: purchase, tiers: {tiers} }}]", **head)


def steps(*pairs, mode="graduated", unit="per_mille", **more):
    rows = [f"{{ {where}, {unit}: '{price}' }}" for where, price in pairs]
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{ mode: {mode}, steps: [ {', '.join(rows)} ]{extra} }}"


def _version(terms, contract, version, direction, head):
    said = {
        "contract": contract,
        "version": version,
        "kind": "original" if version == 1 else "amendment",
        "counterparty": {"id": "n", "name": "N", "role": "advertiser"},
        "direction": direction,
        "currency": "USD",
        "timezone": "UTC",
        "effective": {"from": "2026-10-01"},
        "status": "approved",
        "history": [{"action": "approve", "by": "lee", "at": "2026-09-01T00:00:00Z"}],
        "terms": yaml.load(terms, yaml.BaseLoader),
    }
    said |= head
    if said["kind"] == "termination":
        del said["terms"]
    if said["status"] != "approved":
        said["history"] = [] if said["status"] == "draft" else [{**said["history"][0], "action": "reject"}]
    return parse_version(yaml.safe_dump(said), "x")


def dates(first, last=None):
    return {"from": first} | ({"to": last} if last else {})


def found(*versions, today=None):
    return [(one.level, one.place) for one in lint(Book(versions), today)]


def refused(place):
    return ("refused", place)


OCT, NOV = dates("2026-10-01", "2026-10-15"), dates("2026-10-16")
TWO_RATES = "[ { when: { geo: [US] }, per_mille: '9' }, { per_mille: '8' } ]"
PLAIN, TIERS = "{ per_mille: '1' }", "{ tiers: " + steps(("over: 0", 1)) + " }"

REFUSED = {
    "a hole in the numbers": ([cpm(), cpm(version=3)], ["acme/v3.yaml version"]),
    "no original": ([cpm(kind="amendment")], ["acme/v1.yaml kind"]),
    "two originals": ([cpm(), cpm(version=2, kind="original")], ["acme/v2.yaml kind"]),
    "another currency": ([cpm(), cpm(version=2, currency="EUR")], ["acme/v2.yaml currency"]),
    "another zone": ([cpm(), cpm(version=2, timezone="Europe/Paris")], ["acme/v2.yaml timezone"]),
    "another direction": ([cpm(), cpm(version=2, direction="payout")], ["acme/v2.yaml direction"]),
    "another model": ([cpm(), cpa(version=2)], ["acme/v2.yaml terms.model"]),
    "another counterparty": (
        [cpm(), cpm(version=2, counterparty={"id": "m", "name": "N", "role": "partner"})],
        ["acme/v2.yaml counterparty.id", "acme/v2.yaml counterparty.role"],
    ),
    "another partner": ([payout(), payout(version=2, partner="p2")], ["p1/v2.yaml terms.partner"]),
    "one item in two contracts": ([cpm(), cpm(contract="beta")], ["beta/v1.yaml terms.items"]),
    "an item twice": ([cpm(f"[{RUN}, {RUN}]")], ["acme/v1.yaml terms.items[1].item"]),
    "a fee named like an item": (
        [cpm(more=", fixed_fees: [ { item: RUN, amount: '5' } ]")],
        ["acme/v1.yaml terms.fixed_fees[0].item"],
    ),
    "a rule that nobody brings": ([cpa(more=", rules: [ { rule: nobodys } ]")], ["acme/v1.yaml terms.rules[0].rule"]),
    "parameters that a rule refuses": (
        [cpa(more=kicker(item="gift", percent="101", amount="free", more="1"))],
        [f"acme/v1.yaml terms.rules[0].with.{key}" for key in ("more", "item", "percent", "amount")],
    ),
    "a rule for another model": (
        [cpm(more=", rules: [ { rule: new_customer_kicker, with: { item: RUN, percent: '1', amount: '1' } } ]")],
        ["acme/v1.yaml terms.rules[0].with"],
    ),
    "a rule twice": ([cpa(more=kicker(times=2))], ["acme/v1.yaml terms.rules[1].rule"]),
    "a rule beside an invoice currency": (
        [cpa(more=kicker() + ", invoice_currency: EUR")],
        ["acme/v1.yaml terms.rules[0].rule"],
    ),
    "a first step elsewhere": (
        [tiered(steps(("over: 1", 1)))],
        ["acme/v1.yaml terms.items[0].rates[0].tiers.steps[0]"],
    ),
    "a first step from 0": ([tiered(steps(("from: 0", 1)))], ["acme/v1.yaml terms.items[0].rates[0].tiers.steps[0]"]),
    "unsorted thresholds": (
        [tiered(steps(("over: 0", 3), ("over: 20", 2), ("over: 10", 1)))],
        ["acme/v1.yaml terms.items[0].rates[0].tiers.steps[2]"],
    ),
    "a threshold stated twice": (
        [tiered(steps(("over: 0", 3), ("from: 10", 2), ("over: 10", 1)))],
        ["acme/v1.yaml terms.items[0].rates[0].tiers.steps[2]"],
    ),
    "a tier without a whole impression": (
        [tiered(steps(("over: 0", 3), ("over: 99", 2), ("from: 100", 1)))],
        ["acme/v1.yaml terms.items[0].rates[0].tiers.steps[1]"],
    ),
    "tiers beside a rate": (
        [cpm("[{ item: RUN, rates: [ { when: { geo: [US] }, per_mille: '1' }, " + TIERS + "] }]")],
        ["acme/v1.yaml terms.items[0].rates"],
    ),
    "a reset contract count": (
        [tiered(steps(("over: 0", 1), counter="contract", across_versions="reset"))],
        ["acme/v1.yaml terms.items[0].rates[0].tiers.across_versions"],
    ),
    "an amount cap beside a volume tier": (
        [
            tiered(
                steps(("over: 0", 1), mode="volume", unit="flat"),
                "flat",
                more=", caps: [ { per: day, conversions: 1 }, { per: period, amount: '9' } ]",
            )
        ],
        ["acme/v1.yaml terms.caps[1].amount"],
    ),
    "an amount cap in the same month as a volume tier": (
        [
            tiered(steps(("over: 0", 1), mode="volume", unit="flat"), "flat", effective=OCT),
            cpa(version=2, effective=NOV, more=", caps: [ { per: period, amount: '9' } ]"),
        ],
        ["acme/v2.yaml terms.caps[0].amount"],
    ),
    "a flat price by sales": (
        [tiered(steps(("over: 0", 1), measure="sale_amount", unit="flat"), "flat")],
        ["acme/v1.yaml terms.items[0].tiers.steps[0].flat"],
    ),
    "a rate behind one that always matches": (
        [cpm("[{ item: RUN, rates: [ " + PLAIN + ", { when: { geo: [US] }, per_mille: '1' } ] }]")],
        ["acme/v1.yaml terms.items[0].rates[1]"],
    ),
    "an item behind one that always matches": (
        [cpa(f"[{SALE}, {{ item: new, action: purchase, when: {{ customer: [new] }}, flat: '5' }}]")],
        ["acme/v1.yaml terms.items[1]"],
    ),
    "two payouts of one partner": ([payout(), payout("p2", "p1")], ["p2/v1.yaml terms.partner"]),
    "payouts under two models": (
        [payout(), payout("p2", "p2", more=", attribution: { model: linear, prefer: latest, half_life_days: 3 }")],
        [f"p2/v1.yaml terms.attribution.{name}" for name in ("model", "prefer", "half_life_days")],
    ),
    "a third party beside two rates": (
        [cpm("[{ item: RUN, rates: " + TWO_RATES + ", third_party: { tolerance_percent: 10 } }]")],
        ["acme/v1.yaml terms.items[0].rates"],
    ),
    "a third party of all items beside two rates": (
        [cpm("[{ item: RUN, rates: " + TWO_RATES + " }]", more=", third_party: { controlling: third_party }")],
        ["acme/v1.yaml terms.items[0].rates"],
    ),
}

ADMITTED = {
    "a renamed counterparty": [cpm(), cpm(version=2, counterparty={"id": "n", "name": "New", "role": "advertiser"})],
    "another currency in a rejected version": [cpm(), cpm(version=2, currency="EUR", status="rejected")],
    "one item in two directions": [cpm(), cpm(contract="beta", direction="payout")],
    "one item in a draft of another contract": [cpm(), cpm(contract="beta", status="draft")],
    "one item handed over at midnight": [cpm(effective=OCT), cpm(contract="beta", effective=NOV)],
    "one item handed over by a termination": [
        cpm(),
        cpm(version=2, kind="termination", effective=NOV),
        cpm(contract="beta", effective=NOV),
    ],
    "a tier of one impression": [tiered(steps(("over: 0", 3), ("over: 99", 2), ("from: 101", 1)))],
    "a tier of parts of conversions": [
        tiered(steps(("over: 0", 3), ("over: 99", 2), ("from: 100", 1), unit="flat"), "flat")
    ],
    "an amount cap beside a graduated tier": [
        tiered(steps(("over: 0", 1), unit="flat"), "flat", more=", caps: [ { per: period, amount: '9' } ]")
    ],
    "an amount cap a month after a volume tier": [
        tiered(steps(("over: 0", 1), mode="volume", unit="flat"), "flat", effective=dates("2026-10-01", "2026-10-31")),
        cpa(version=2, effective=dates("2026-11-01"), more=", caps: [ { per: period, amount: '9' } ]"),
    ],
    "a conversion cap beside a volume tier": [
        tiered(
            steps(("over: 0", 1), mode="volume", unit="flat"), "flat", more=", caps: [ { per: day, conversions: 9 } ]"
        )
    ],
    "an item of another action behind": [cpa(f"[{SALE}, {{ item: lead, action: lead, flat: '5' }}]")],
    "partners in two programs": [payout(), payout("p2", "p2")],
    "payouts under two models one after the other": [
        payout(effective=OCT),
        payout("p2", "p2", more=", attribution: { model: linear }", effective=NOV),
    ],
    "a charge and payouts under two models": [payout(), cpa(more=", attribution: { model: linear }")],
    "a third party beside one rate": [cpm(more=", third_party: { tolerance_percent: 10 }")],
}


@pytest.mark.parametrize(("versions", "places"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(versions, places):
    assert found(*versions) == [refused(place) for place in places]
    with pytest.raises(BadInput) as caught:
        accepted(Book(tuple(versions)))
    assert len(caught.value.problems) == len(places)


@pytest.mark.parametrize("versions", ADMITTED.values(), ids=ADMITTED.keys())
def test_admitted(versions):
    assert found(*versions) == []
    assert accepted(Book(tuple(versions))).versions == Book(tuple(versions)).versions


def test_dates_of_two_zones_meet_as_instants():
    east, west = (
        cpm(effective=OCT, timezone="Asia/Tokyo"),
        cpm(contract="beta", effective=NOV, timezone="America/New_York"),
    )
    assert found(east, west) == []
    east, west = cpm(effective=NOV, timezone="Asia/Tokyo"), cpm(contract="beta", effective=OCT, timezone="UTC")
    assert found(east, west) == [refused("beta/v1.yaml terms.items")]


def test_a_book_as_known_then_is_judged_as_known_then():
    later = [{"action": "approve", "by": "lee", "at": "2026-10-05T00:00:00Z"}]
    book = Book((cpm(), cpm(contract="beta", history=later)))
    assert lint(book, as_known_at=instant("2026-10-04T00:00:00Z")) == []
    assert len(lint(book, as_known_at=instant("2026-10-05T00:00:00Z"))) == len(lint(book)) == 1
    rejected = cpm(version=2, status="rejected")
    assert accepted(Book((cpm(), rejected, cpm(version=3))), as_known_at=instant("2026-10-04T00:00:00Z"))


WARNED = {
    "a gap": ([cpm(effective=OCT), cpm(version=2, effective=dates("2026-10-17"))], ["acme/v2.yaml effective.from"]),
    "a cliff": (
        [tiered(steps(("over: 0", "18"), ("over: 1000000", "15"), mode="volume"))],
        ["acme/v1.yaml terms.items[0].rates[0].tiers.steps[1]"],
    ),
    "a cliff by sales": (
        [
            tiered(
                steps(("over: 0", 8), ("over: 100", 6), mode="volume", unit="percent_of_sale", measure="sale_amount"),
                "p",
            )
        ],
        ["acme/v1.yaml terms.items[0].tiers.steps[1]"],
    ),
    "a falling percentage": (
        [tiered(steps(("over: 0", 8), ("over: 100", 6), mode="volume", unit="percent_of_sale"), "p")],
        ["acme/v1.yaml terms.items[0].tiers.steps[1]"],
    ),
    "a rate 11 times": (
        [cpm(), cpm(RUN.join("[]").replace("10", "110"), version=2)],
        ["acme/v2.yaml terms.items[0].rates[0].per_mille"],
    ),
    "less than a tenth": (
        [cpm(), cpm(RUN.join("[]").replace("10", "0.99"), version=2)],
        ["acme/v2.yaml terms.items[0].rates[0].per_mille"],
    ),
    "less than a tenth across a draft": (
        [
            cpm(),
            cpm(RUN.join("[]").replace("10", "5"), version=2, status="draft"),
            cpm(RUN.join("[]").replace("10", "0.9"), version=3),
        ],
        ["acme/v3.yaml terms.items[0].rates[0].per_mille"],
    ),
}

SILENT = {
    "no gap": [cpm(effective=OCT), cpm(version=2, effective=NOV)],
    "a gap that a termination makes": [
        cpm(effective=OCT),
        cpm(version=2, kind="termination", effective=NOV),
        cpm(version=3, effective=dates("2026-12-01")),
    ],
    "a rising volume price": [tiered(steps(("over: 0", "15"), ("over: 1000000", "18"), mode="volume"))],
    "a graduated price that falls": [tiered(steps(("over: 0", "18"), ("over: 1000000", "15")))],
    "a unit that makes up for the fall": [
        tiered(steps(("over: 0", 3), ("from: 2", 2), mode="volume", unit="flat"), "flat")
    ],
    "ten times exactly": [cpm(), cpm(RUN.join("[]").replace("10", "100"), version=2)],
    "a tenth exactly": [cpm(), cpm(RUN.join("[]").replace("10", "1"), version=2)],
    "free of charge": [cpm(), cpm(RUN.join("[]").replace("10", "0"), version=2)],
}


@pytest.mark.parametrize(("versions", "places"), WARNED.values(), ids=WARNED.keys())
def test_warned(versions, places):
    assert found(*versions) == [("warned", place) for place in places]
    accepted(Book(tuple(versions)))


@pytest.mark.parametrize("versions", SILENT.values(), ids=SILENT.keys())
def test_not_warned(versions):
    assert found(*versions) == []


def test_a_renewal_is_due_from_the_day_after_its_notice_date_until_a_version_extends():
    renewal = {"auto": True, "term_months": 12, "notice_days": 10}
    one = cpm(effective=OCT, renewal=renewal)
    due = [("warned", "acme/v1.yaml renewal")]
    assert found(one) == found(one, today=date(2026, 10, 5)) == []
    assert found(one, today=date(2026, 10, 6)) == found(one, today=date(2027, 1, 1)) == due
    following = cpm(version=2, kind="renewal", effective=NOV)
    assert found(one, following, today=date(2026, 10, 6)) == []
    assert found(one, cpm(version=2, kind="renewal", effective=NOV, status="draft"), today=date(2026, 10, 6)) == due
    ended = cpm(version=2, kind="termination", effective=dates("2026-10-10"))
    assert found(one, ended, today=date(2026, 10, 6)) == []


def test_every_refusal_and_warning_has_a_case_here():
    cases = [*REFUSED.values(), *WARNED.values()]
    said = {one.expected for versions, _ in cases for one in lint(Book(tuple(versions)))}
    assert said
    fired = {
        check.find.__name__
        for versions, _ in cases
        for check in CHECKS
        if list(check.find(Book(tuple(versions)), None))
    }
    assert {check.find.__name__ for check in CHECKS} - fired == {"renewal_due"}
