"""Which touch wins, and how a conversion is split: each model against its definition in plain Python (RULES 5.2, 5.3)."""

from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import OCTOBER, Program, cpa, observe, sale

from recon.contracts.book import Book
from recon.engine import Engine
from recon.expect.attribution import attribute
from recon.observe.scope import Scope
from recon.period import DAY, HOUR, instant

NOON = instant("2026-10-15T12:00:00Z")
PARTNERS = ("ann", "bob", "cy")
HALF_LIFE = 2
CLICK_WINDOW, VIEW_WINDOW = 30 * DAY, DAY


def claims(program, *versions):
    """(contract, conversion) → (early fate, share in millionths, touch)."""
    with Engine(memory_limit="500MB", threads=2) as engine:
        program.load(engine)
        book, scope = Book(versions), Scope(OCTOBER, 3)
        observe(engine, book, scope)
        attribute(engine, book, scope)
        rows = engine.rows("SELECT contract, conversion_id, early_fate, share, touch_id FROM claims")
        return {(contract, conversion): tuple(rest) for contract, conversion, *rest in rows}


def contracts(**stated):
    return [cpa(partner=partner, attribution=stated, items=[sale()]) for partner in PARTNERS]


# The definition, written once more


def qualifying(touches):
    """(partner, kind, age, id) in reach, in the order of first_touch."""
    reach = {"click": CLICK_WINDOW, "view": VIEW_WINDOW}
    kept = [touch for touch in touches if 0 <= touch[2] <= reach[touch[1]]]
    return sorted(kept, key=lambda touch: (-touch[2], touch[1] == "view", touch[3]))


def winner(touches, model, prefer):
    if model == "first_touch":
        return touches[0]
    pool = [touch for touch in touches if touch[1] == "click"] if prefer == "click" else []
    pool = pool or touches
    latest = min(touch[2] for touch in pool)
    return min((t for t in pool if t[2] == latest), key=lambda touch: (touch[1] == "view", touch[3]))


def weights(touches, model):
    count = len(touches)
    if model == "linear" or count == 1:
        return [Fraction(1)] * count
    if model == "position_based":
        if count == 2:
            return [Fraction(1, 2)] * 2
        return [Fraction(2, 5), *[Fraction(1, 5) / (count - 2)] * (count - 2), Fraction(2, 5)]
    getcontext().prec = 60
    return [Fraction(Decimal(2) ** (Decimal(-(touch[2] // HOUR)) / (24 * HALF_LIFE))) for touch in touches]


def split(touches, model):
    total = sum(weights(touches, model))
    exact = {}
    for touch, weight in zip(touches, weights(touches, model), strict=True):
        exact[touch[0]] = exact.get(touch[0], Fraction(0)) + weight * 10**6 / total
    parts = {partner: int(part) for partner, part in exact.items()}
    for partner in sorted(exact, key=lambda one: (-(exact[one] - parts[one]), one))[: 10**6 - sum(parts.values())]:
        parts[partner] += 1
    return parts


def expected(touches, model, prefer):
    """Partner → share in millionths, of those with a touch in reach."""
    reached = {touch[0] for touch in touches}
    if not touches:
        return {}
    if model in ("last_touch", "first_touch"):
        return {partner: 10**6 * (partner == winner(touches, model, prefer)[0]) for partner in reached}
    return split(touches, model)


# Small random months: every few conversions a user of their own, with up to seven touches

AGES = [0, 1, HOUR - 1, HOUR, 5 * HOUR, DAY, DAY + 1, 3 * DAY, 30 * DAY, 30 * DAY + 1]
TOUCH = st.tuples(st.sampled_from(PARTNERS), st.sampled_from(["click", "view"]), st.sampled_from(AGES))
PATHS = st.lists(st.lists(TOUCH, max_size=7), min_size=1, max_size=12)
MODELS = ["last_touch", "first_touch", "linear", "position_based", "time_decay"]


def program_of(paths):
    program, told = Program(), {}
    for number, path in enumerate(paths):
        user = f"u{number}"
        program.conversion(f"v{number}", NOON, user)
        told[f"v{number}"] = [(*touch, f"t{number}-{place}") for place, touch in enumerate(path)]
        for partner, kind, age, name in told[f"v{number}"]:
            add = program.click if kind == "click" else program.view
            add(user, NOON - age, name, partner)
    return program, told


@pytest.mark.parametrize("prefer", ["click", "latest"])
@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(paths=PATHS)
def test_every_model_follows_its_definition(model, prefer, paths):
    program, told = program_of(paths)
    found = claims(program, *contracts(model=model, prefer=prefer, half_life_days=HALF_LIFE))
    for conversion, touches in told.items():
        wanted = expected(qualifying(touches), model, prefer)
        shares = {partner: found[partner, conversion][1] for partner in PARTNERS if (partner, conversion) in found}
        assert shares == wanted
        assert {partner: found[partner, conversion][0] for partner in wanted} == {
            partner: None if share else "lost" for partner, share in wanted.items()
        }
        assert not wanted or sum(wanted.values()) == 10**6


def one(*touches, **stated):
    """Fate, share and touch by partner for one conversion: touches are (kind, age, id[, partner])."""
    program = Program().conversion("v", NOON, "u")
    for kind, age, name, *partner in touches:
        (program.click if kind == "click" else program.view)("u", NOON - age, name, *partner)
    found = claims(program, *contracts(**stated))
    return {contract: row for (contract, _), row in found.items()}


def test_a_click_stands_before_an_impression_at_the_same_instant_then_the_smaller_id():
    assert one(("view", 5, "a"), ("click", 5, "z"), prefer="latest")["ann"][2] == "z"
    assert one(("click", 5, "b"), ("click", 5, "a"), prefer="latest")["ann"][2] == "a"


def test_a_click_is_preferred_to_a_later_impression():
    assert one(("view", 5, "a"), ("click", DAY, "z"))["ann"][2] == "z"
    assert one(("view", 5, "a"), ("click", DAY, "z"), prefer="latest")["ann"][2] == "a"


@pytest.mark.parametrize("bound, age, fate", [
    ("inclusive", HOUR, None), ("exclusive", HOUR, "no_touch"), ("exclusive", HOUR - 1, None),
])  # fmt: skip
def test_the_bound_of_a_window_is_a_clause(bound, age, fate):
    assert one(("click", age, "a"), click_window="1h", window_bound=bound)["ann"][0] == fate


def test_beyond_the_window_nothing_is_in_reach():
    assert one(("click", HOUR + 1, "a"), click_window="1h") == {}
    assert one(("click", 1, "a"), click_window="0d") == {}


@pytest.mark.parametrize("age, fate", [(15 * HOUR // 60 - 1, "no_touch"), (15 * HOUR // 60, None)])
def test_a_touch_must_have_its_least_age(age, fate):
    assert one(("click", age, "a"), min_age="15m")["ann"][0] == fate


def test_the_loser_is_told_who_won():
    found = one(("click", 9, "a", "ann"), ("click", 5, "b", "bob"))
    assert found["ann"] == ("lost", 0, "b")
    assert found["bob"] == (None, 10**6, "b")


def test_a_partner_who_does_not_compete_is_paid_beside_the_winner():
    program = Program().conversion("v", NOON, "u").click("u", NOON - 9, "a", "ann").click("u", NOON - 5, "b", "bob")
    versions = [
        cpa(partner="ann", attribution={"across": "partner"}, items=[sale()]),
        cpa(partner="bob", items=[sale()]),
    ]
    assert {key[0]: row[:2] for key, row in claims(program, *versions).items()} == {
        "ann": (None, 10**6), "bob": (None, 10**6),
    }  # fmt: skip


def test_position_based_gives_ends_40_and_the_middle_20():
    touches = [("click", 9, "a", "ann"), ("click", 8, "b", "bob"), ("click", 7, "c", "bob"), ("click", 6, "d", "cy")]
    shares = {contract: row[1] for contract, row in one(*touches, model="position_based").items()}
    assert shares == {"ann": 400_000, "bob": 200_000, "cy": 400_000}


def test_a_third_each_leaves_the_odd_millionth_to_the_smaller_partner():
    touches = [("click", 9, "c", "cy"), ("click", 8, "b", "bob"), ("click", 7, "a", "ann")]
    shares = {contract: row[1] for contract, row in one(*touches, model="linear").items()}
    assert shares == {"ann": 333_334, "bob": 333_333, "cy": 333_333}


def test_time_decay_halves_by_the_half_life_in_whole_hours_however_old():
    touches = [("click", 28 * DAY, "a", "ann"), ("click", 29 * DAY, "b", "bob")]
    shares = {contract: row[1] for contract, row in one(*touches, model="time_decay", half_life_days=1).items()}
    assert shares == {"ann": 666_667, "bob": 333_333}


def test_a_share_of_nothing_has_lost_to_the_largest():
    touches = [("click", 0, "a", "ann"), ("click", 25 * DAY, "b", "bob")]
    found = one(*touches, model="time_decay", half_life_days=1)
    assert found == {"ann": (None, 10**6, "a"), "bob": ("lost", 0, "a")}


MIDNIGHT = instant("2026-10-16T00:00:00Z")


@pytest.mark.parametrize("basis", ["conversion", "touch"])
def test_at_the_instant_of_a_change_the_new_version_alone_counts(basis):
    """The last instant before it is the old one's; one version governs each touch and each conversion."""
    terms = {"attribution": {"model": "linear"}, "items": [sale()], "date_basis": basis}
    versions = [cpa(1, last="2026-10-15", **terms), cpa(2, first="2026-10-16", **terms), cpa(partner="bob", **terms)]
    program = Program()
    for name, at in (("a", MIDNIGHT), ("b", MIDNIGHT - 1)):
        program.conversion(name, at, user=name)
        for partner in ("ann", "bob"):
            program.click(name, at, f"{name}-{partner}", partner)
    found = program.priced(*versions)
    shares = {key: (row["version"], row["share"]) for key, row in found.decided.items() if key[0] == "ann"}
    assert shares == {("ann", "a"): (2, 500_000), ("ann", "b"): (1, 500_000)}
    assert found.amounts() == {("sale", "payout"): 10}


@pytest.mark.parametrize("basis, fate", [("conversion", "payable"), ("touch", "no_rate")])
def test_a_touch_before_the_contract_has_no_rate_where_its_date_decides(basis, fate):
    program = Program().click("a", MIDNIGHT - 1, "k").conversion("a", MIDNIGHT)
    found = program.priced(cpa(first="2026-10-16", items=[sale()], date_basis=basis))
    assert found.fates() == {"a": fate}
    assert found.decided["ann", "a"]["reason"] == (
        "no version in force on the touch's date" if fate == "no_rate" else ""
    )
