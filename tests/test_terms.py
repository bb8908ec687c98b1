"""The clauses of RULES 9: each is accepted with each of its choices, has the stated default, and refuses the rest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from recon.contracts.clauses import clauses
from recon.contracts.terms import ContractVersion, CpaStep, CpmStep, CpmWhen

RATE = {"per_mille": "10"}
HEAD = {
    "contract": "acme",
    "version": 1,
    "kind": "original",
    "counterparty": {"id": "n", "name": "N", "role": "advertiser"},
    "currency": "USD",
    "timezone": "UTC",
    "effective": {"from": "2026-10-01"},
    "status": "draft",
}
BOTH = {
    "rounding": ("half_up", ["half_up", "half_even", "up", "down"]),
    "exclude_ivt": ("givt, sivt", [["givt"], ["sivt"], []]),
    "rules": ("none", [[{"rule": "of_our_own"}, {"rule": "another", "with": {"item": "sale", "percent": "20"}}]]),
}
CHARGES = {
    "discount_percent": ("0", ["0", "12.5", "100"]),
    "bill": ("gross", ["gross", "net"]),
    "commission_percent": ("0", ["15"]),
    "cap": ("none", [{"amount": "5"}, {"amount": "5", "scope": "period"}, {"amount": "5", "scope": "contract"}]),
    "minimum": ("none", [{"amount": "5000.00"}, {"amount": "5000.00", "per": "period"}]),
    "invoice_currency": ("none", ["EUR", "JPY"]),
    "fixed_fees": ("none", [[{"item": "ad-serving", "amount": "10"}], [{"item": "f", "amount": "1", "prorate": True}]]),
}
THIRD = [
    {"tolerance_percent": "10"},
    {"tolerance_percent": 10, "controlling": "own", "beyond": "split"},
    {"controlling": "third_party", "beyond": "third_party"},
]
CPM = {
    "basis": ("delivered", ["delivered", "viewable", "completed"]),
    "third_party": ("none", THIRD),
}
CPM_ITEM = {
    "booked": ("none", [{"quantity": 5000000}, {"quantity": "5", "scope": "contract"}, {"quantity": 0}]),
    "cap": ("none", [{"amount": "5", "scope": "contract"}]),
    "third_party": ("none", THIRD),
}
ATTRIBUTION = {
    "model": ("last_touch", ["last_touch", "first_touch", "linear", "position_based", "time_decay"]),
    "prefer": ("click", ["click", "latest"]),
    "across": ("program", ["program", "partner"]),
    "click_window": ("30d", ["30d", "36h", "15m", "0d"]),
    "view_window": ("1d", ["0d", "24h"]),
    "window_bound": ("inclusive", ["inclusive", "exclusive"]),
    "min_age": ("0d", ["0d", "1m"]),
    "half_life_days": ("7", [1, 7, "30"]),
}
ELIGIBILITY = {
    "geo": ("none", [["US", "CA"]]),
    "device": ("none", [["ctv"]]),
    "customer": ("none", [["new"]]),
    "exclude_categories": ("none", [["gift cards"]]),
    "exclude_coupons": ("none", [["STAFF"]]),
    "min_sale": ("none", ["20.00"]),
}
CPA = {
    "dedupe_window": ("365d", ["0d", "90d"]),
    "date_basis": ("conversion", ["conversion", "touch"]),
    "fx": ("conversion_date", ["conversion_date", "period_end", "period_average"]),
    "round": ("conversion", ["conversion", "line"]),
    "caps": (
        "none",
        [
            [{"per": "day", "conversions": 500}, {"per": "period", "amount": "25000.00", "crossing": "skip"}],
            [{"per": "contract", "conversions": "1", "crossing": "stop"}],
        ],
    ),
    "reversal_days": ("60", [0, 60]),
    "earn_on": ("conversion", ["conversion"]),
    "bonus": ("none", [[{"at_least": 500, "amount": "1000.00"}]]),
}
PAYOUT = {"minimum_payout": ("none", [{"amount": "50", "below": "carry"}, {"amount": "50", "below": "forfeit"}])}
LOCKS = [{"after": "month_end", "months": 1, "days": 0}, {"after": "conversion", "days": 60}]


def cpm(direction="charge", item=None, **terms):
    items = [{"item": "RUN", "rates": [RATE]} | (item or {})]
    return ContractVersion.model_validate(
        HEAD | {"direction": direction, "terms": {"model": "cpm", "items": items} | terms}
    )


def cpa(direction="charge", item=None, **terms):
    items = [item or {"item": "sale", "action": "purchase", "flat": "5"}]
    partner = {"partner": "p"} if direction == "payout" else {}
    said = {"model": "cpa", "program": "shop", "items": items} | partner | terms
    return ContractVersion.model_validate(HEAD | {"direction": direction, "terms": said})


def default(version, path):
    return next((one.value for one in clauses(version) if one.path == path and one.is_default), None)


TABLE = [
    *((cpm, "charge", "", name, row) for name, row in (BOTH | CHARGES | CPM).items()),
    *((cpm, "payout", "", name, row) for name, row in (BOTH | CHARGES | CPM).items()),
    *((cpm, "charge", "items[RUN].", name, row) for name, row in CPM_ITEM.items()),
    *((cpa, "charge", "", name, row) for name, row in (BOTH | CHARGES | CPA).items()),
    *((cpa, "payout", "", name, row) for name, row in (BOTH | CPA | PAYOUT).items()),
    *((cpa, "payout", "attribution.", name, row) for name, row in ATTRIBUTION.items()),
    *((cpa, "charge", "eligibility.", name, row) for name, row in ELIGIBILITY.items()),
]


def stated(make, direction, group, name, value):
    if group == "items[RUN].":
        return make(direction, item={name: value})
    return make(direction, **({group[:-1]: {name: value}} if group else {name: value}))


@pytest.mark.parametrize(
    ("make", "direction", "group", "name", "row"), TABLE, ids=[f"{m.__name__}-{d}-{g}{n}" for m, d, g, n, _ in TABLE]
)
def test_each_clause_has_its_default_and_takes_each_choice(make, direction, group, name, row):
    used, choices = row
    assert default(make(direction), group + name) == used
    for value in choices:
        version = stated(make, direction, group, name, value)
        assert default(version, group + name) is None
        assert any(one.path.startswith(group + name) and not one.is_default for one in clauses(version))


@pytest.mark.parametrize(
    ("make", "direction", "group", "name", "row"), TABLE, ids=[f"{m.__name__}-{d}-{g}{n}" for m, d, g, n, _ in TABLE]
)
def test_each_clause_refuses_what_it_does_not_know(make, direction, group, name, row):
    for value in ("nonsense ", {"nonsense": 1}, -1, 0.5):
        with pytest.raises(ValidationError):
            stated(make, direction, group, name, value)


@pytest.mark.parametrize("name", CHARGES)
def test_a_cpa_payout_has_no_clauses_of_charges(name):
    with pytest.raises(ValidationError, match="only in charges and CPM payouts"):
        cpa("payout", **{name: CHARGES[name][1][-1]})


def test_partner_and_minimum_payout_belong_to_payouts():
    with pytest.raises(ValidationError, match="a partner in payouts"):
        cpa("charge", partner="p")
    with pytest.raises(ValidationError, match="a partner in payouts"):
        cpa("payout", partner=None)
    with pytest.raises(ValidationError, match="a minimum payout only in payouts"):
        cpa("charge", minimum_payout=PAYOUT["minimum_payout"][1][0])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_and_earning_on_it_go_together(lock):
    assert cpa(earn_on="lock", lock=lock).terms.lock.days == lock["days"]
    for wrong in (
        {"lock": lock},
        {"earn_on": "lock"},
        {"earn_on": "lock", "lock": lock | {"months": None}}
        if "months" in lock
        else {"earn_on": "lock", "lock": lock | {"months": 1}},
    ):
        with pytest.raises(ValidationError, match=r"lock|months"):
            cpa(**wrong)


@pytest.mark.parametrize(
    "item",
    [
        {"flat": "5", "percent_of_sale": "5"},
        {},
        {"flat": "5", "min": "1"},
        {"flat": "5", "max": "1"},
        {"percent_of_sale": "5", "min": "2", "max": "1"},
        {"tiers": {"mode": "graduated", "steps": [{"over": 0, "flat": "1"}]}, "flat": "1"},
        {"tiers": {"mode": "graduated", "steps": [{"over": 0, "per_mille": "1"}]}},
        {"tiers": {"mode": "graduated", "steps": [{"over": 0, "flat": "1", "max": "1"}]}},
        {"tiers": {"mode": "graduated", "steps": []}},
        {"tiers": {"steps": [{"over": 0, "flat": "1"}]}},
        {"flat": "5", "when": {"placement": ["top"]}},
    ],
)
def test_a_conversion_has_one_price(item):
    with pytest.raises(ValidationError):
        cpa(item={"item": "sale", "action": "purchase"} | item)


@pytest.mark.parametrize(
    "rate",
    [
        {},
        {"per_mille": "1", "tiers": {"mode": "graduated", "steps": [{"over": 0, "per_mille": "1"}]}},
        {"tiers": {"mode": "graduated", "steps": [{"over": 0, "per_mille": "1"}]}, "when": {"geo": ["US"]}},
        {"tiers": {"mode": "graduated", "steps": [{"over": 0, "from": 0, "per_mille": "1"}]}},
        {"tiers": {"mode": "graduated", "steps": [{"per_mille": "1"}]}},
        {"tiers": {"mode": "graduated", "measure": "conversions", "steps": [{"over": 0, "per_mille": "1"}]}},
        {"tiers": {"mode": "slab", "steps": [{"over": 0, "per_mille": "1"}]}},
        {"per_mille": "1", "when": {"category": ["x"]}},
    ],
)
def test_an_impression_has_one_price(rate):
    with pytest.raises(ValidationError):
        cpm(item={"rates": [rate]})


def test_every_tier_clause_is_taken():
    tiers = {"mode": "volume", "counter": "contract", "across_versions": "carry", "measure": "sale_amount"}
    rows = [{"over": 0, "percent_of_sale": "6"}, {"from": "10000.50", "percent_of_sale": "8", "fee": "100"}]
    version = cpa(item={"item": "s", "action": "a", "tiers": tiers | {"steps": rows}})
    low, high = version.terms.items[0].tiers.steps
    assert (low.threshold, low.is_inclusive, low.fee) == (0, False, 0)
    assert (high.threshold, high.is_inclusive, high.fee) == (Decimal("10000.50"), True, 100)
    assert CpmStep(over=5, per_mille="1").threshold == 5
    assert CpaStep(from_=5, flat="1").is_inclusive


def test_a_condition_lists_what_it_asks_for():
    assert CpmWhen().is_always and CpmWhen().conditions == ()
    when = CpmWhen(device=("ctv",), geo=("US", "CA"))
    assert not when.is_always
    assert when.conditions == (("geo", ("US", "CA")), ("device", ("ctv",)))


def test_a_third_party_needs_a_tolerance_unless_it_controls():
    with pytest.raises(ValidationError, match="a percentage, unless the third party controls"):
        cpm(third_party={"beyond": "split"})


def test_terms_are_frozen_and_can_be_keys():
    version = cpm()
    with pytest.raises(ValidationError):
        version.terms.basis = "viewable"
    assert len({cpm(), cpm(), cpm(basis="viewable")}) == 2


def history(*acts, status, **head):
    entries = [{"action": action, "by": "lee", "at": at} for action, at in acts]
    return ContractVersion.model_validate(
        HEAD
        | {"direction": "charge", "status": status, "history": entries}
        | head
        | (
            {}
            if head.get("kind") == "termination"
            else {"terms": {"model": "cpm", "items": [{"item": "R", "rates": [RATE]}]}}
        )
    )


def test_the_approval_is_the_act_that_counts():
    approved = history(("create", 1), ("submit", 2), ("approve", 3), status="approved")
    assert (approved.is_approved, approved.approved_at, approved.approval.by) == (True, 3, "lee")
    assert history(("create", 1), ("submit", 2), status="submitted").approved_at is None
    assert history(status="draft").approval is None


@pytest.mark.parametrize(
    ("acts", "status"),
    [
        ([], "approved"),
        ([("create", 1)], "approved"),
        ([("create", 1), ("approve", 2)], "draft"),
        ([("approve", 1), ("withdraw", 2)], "withdrawn"),
        ([("create", 2), ("approve", 1)], "approved"),
        ([("create", 1)], "submitted"),
    ],
)
def test_status_and_history_agree(acts, status):
    with pytest.raises(ValidationError):
        history(*acts, status=status)


def test_a_termination_has_neither_terms_nor_an_end():
    ended = history(("approve", 1), status="approved", kind="termination")
    assert ended.terms is None
    with pytest.raises(ValidationError, match="no end of a termination"):
        history(status="draft", kind="termination", effective={"from": "2026-10-01", "to": "2026-10-02"})
    with pytest.raises(ValidationError, match="terms in every version but a termination"):
        ContractVersion.model_validate(HEAD | {"direction": "charge"})
    with pytest.raises(ValidationError, match="no terms in a termination"):
        ContractVersion.model_validate(HEAD | {"direction": "charge", "kind": "termination", "terms": cpm().terms})
