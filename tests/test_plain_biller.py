"""The plain biller against sums worked out by hand, rule by rule."""

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
import yaml

from fixtures.plain_biller import attribution, clock, cpa, fx, money, tiers
from fixtures.plain_biller.biller import close
from fixtures.plain_biller.book import Contract, Version, load_contracts
from fixtures.plain_biller.conversions import lock_day
from fixtures.plain_biller.cpm import CpmBiller, Run
from fixtures.plain_biller.impressions import Touch
from fixtures.plain_biller.openings import Openings

US = clock.parse_instant
HOUR = clock.HOUR


def contract(*terms, first=date(2026, 10, 1), second=date(2026, 10, 16)):
    """A contract of one or two versions, the second from the middle of October."""
    made = Contract("adv", "charge", "USD", "UTC", terms[0]["model"])
    for number, (one, begin) in enumerate(zip(terms, (first, second), strict=False), 1):
        made.versions.append(Version(number, "amendment", begin, None, 0, one))
    return made


def cpm(*rates, **more):
    return {"model": "cpm", "items": [{"item": "I1", "rates": list(rates)}], **more}


def item_amount(made, runs, opening=0):
    """The unrounded amount of runs of units, each (version number, units)."""
    openings = Openings([("adv", "I1", "quantity", Fraction(opening), None)], "2026-10")
    biller = CpmBiller(None, "2026-10", fx.Rates([]), openings, {})
    return biller.amount(made, "I1", [Run(made.version(number), 0, units) for number, units in runs])


# 1. Conventions


@pytest.mark.parametrize(
    ("mode", "of_half", "of_minus_half", "of_three_halves", "of_a_bit"),
    [("half_up", 1, -1, 2, 0), ("half_even", 0, 0, 2, 0), ("up", 1, -1, 2, 1), ("down", 0, 0, 1, 0)],
)
def test_1_2_rounding_modes(mode, of_half, of_minus_half, of_three_halves, of_a_bit):
    values = [Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(1, 1000)]
    assert [money.whole(value, mode) for value in values] == [of_half, of_minus_half, of_three_halves, of_a_bit]


def test_1_1_minor_units_of_yen_dollar_and_dinar():
    assert [money.rounded(Fraction("7.12345"), code, "half_up") for code in ("JPY", "USD", "KWD")] == [
        7,
        Fraction("7.12"),
        Fraction("7.123"),
    ]


def test_1_3_a_midnight_that_does_not_exist_is_the_first_instant_of_its_date():
    # Cairo jumps from 23 April 24:00 (UTC+2) to 24 April 01:00 (UTC+3)
    assert clock.midnight(date(2026, 4, 24), "Africa/Cairo") == US("2026-04-23T22:00:00Z")
    assert clock.local_date(US("2026-04-23T22:00:00Z") - 1, "Africa/Cairo") == date(2026, 4, 23)


def test_1_3_of_two_midnights_the_first_begins_the_month():
    # Havana is at UTC-4 until 1 November 01:00, then again 00:00 at UTC-5
    assert clock.period_bounds("2026-11", "America/Havana")[0] == US("2026-11-01T04:00:00Z")


def test_1_9_the_cut_off_is_counted_from_the_end_of_the_month_in_utc():
    assert clock.month_cutoff("2026-10", 3) == US("2026-11-04T00:00:00Z")


# 2. Contracts


def test_2_2_and_2_3_the_highest_number_in_force_and_a_termination():
    made = contract(cpm({"per_mille": "1"}), cpm({"per_mille": "2"}), second=date(2026, 10, 5))
    made.versions[1].last = date(2026, 10, 9)
    made.versions.append(Version(3, "termination", date(2026, 10, 20), None, 0, {}))
    numbers = [made.in_force(date(2026, 10, day)) for day in (1, 5, 9, 10, 19, 20)]
    assert [one and one.number for one in numbers] == [1, 2, 2, 1, 1, None]


def test_2_4_only_approved_documents_and_norway_is_no_refusal(tmp_path):
    for number, status in ((1, "approved"), (2, "submitted")):
        document = {
            "contract": "c", "version": number, "kind": "original", "direction": "charge", "currency": "USD",
            "timezone": "UTC", "status": status, "effective": {"from": date(2026, 10, 1)},
            "history": [{"action": "approve", "by": "lee", "at": "2026-09-01T00:00:00Z"}],
            "terms": cpm({"per_mille": "1", "when": {"geo": ["XX"]}}),
        }  # fmt: skip
        path = tmp_path / "c" / f"v{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(document).replace("XX", "NO"))
    (only,) = load_contracts(tmp_path, None)[0].versions
    assert only.terms["items"][0]["rates"][0]["when"] == {"geo": ["NO"]}
    assert load_contracts(tmp_path, US("2026-08-31T23:59:59Z")) == []


# 3 and 4. CPM


def test_4_the_example_of_the_rules_is_rounded_once():
    made = contract(cpm({"per_mille": "25.00"}), cpm({"per_mille": "22.00"}))
    amount = item_amount(made, [(1, 1_000_001), (2, 999_999)])
    assert amount == Fraction("47000.003")
    assert money.rounded(amount, "USD", "half_up") == 47000


def test_4_2_units_lie_in_tiers_by_over_and_from():
    steps = [{"over": "0"}, {"over": "100"}, {"from": "201"}]
    assert tiers.units_by_tier(steps, Fraction(50), 200) == [(0, 50), (1, 100), (2, 50)]
    assert [tiers.tier_at(steps, Fraction(at)) for at in ("0", "100", "100.5", "200.5", "201")] == [0, 0, 1, 1, 2]


def stepped(mode, **more):
    steps = [{"over": "0", "per_mille": "1000", "fee": "7"}, {"over": "10", "per_mille": "500", "fee": "3"}]
    return {"tiers": {"mode": mode, "steps": steps, **more}}


@pytest.mark.parametrize(
    ("terms", "opening", "amount"),
    [
        # 10 at 1.00, 4 at 0.50, both fees
        (stepped("graduated"), 0, 10 + 2 + 7 + 3),
        # an opening of 8 leaves 2 at 1.00, 12 at 0.50; the first fee was due before
        (stepped("graduated", counter="contract"), 8, 2 + 6 + 3),
        # an opening of 11 has entered both tiers
        (stepped("graduated", counter="contract"), 11, 7),
        # 8 and 6 each start at zero, and no second tier is entered
        (stepped("graduated", across_versions="reset"), 0, 14 + 7),
        # 14 units all at 0.50, and the reached tier's fee alone
        (stepped("volume"), 0, 7 + 3),
        # 8 and 6 reach the first tier only, each with its fee
        (stepped("volume", across_versions="reset"), 0, 14 + 7 + 7),
    ],
)
def test_4_2_to_4_4_tiers_and_fees_over_two_versions(terms, opening, amount):
    made = contract(cpm(terms), cpm(terms))
    assert item_amount(made, [(1, 8), (2, 6)], opening) == amount


def test_4_4_a_tier_fee_is_due_at_zero_units():
    assert item_amount(contract(cpm(stepped("graduated"))), []) == 7
    assert item_amount(contract(cpm(stepped("volume"))), []) == 7


def test_4_5_each_version_has_its_own_discount():
    made = contract(cpm({"per_mille": "1000"}, discount_percent="10"), cpm({"per_mille": "1000"}))
    assert item_amount(made, [(1, 10), (2, 10)]) == 9 + 10


def test_3_6_largest_remainder_favours_the_earlier():
    assert money.largest_remainder(10, [Fraction(1), Fraction(1), Fraction(1)]) == [4, 3, 3]
    assert money.largest_remainder(7, [Fraction(0), Fraction(3), Fraction(1)]) == [0, 5, 2]


# 5 and 6. CPA


def touch(name, ts, partner="ann", is_impression=False):
    return Touch(ts, is_impression, name, partner, None, None, None, False)


def payout(**more):
    return Version(1, "original", date(2026, 10, 1), None, 0, {"attribution": more, "partner": "ann"})


def test_5_3_last_touch_prefers_clicks_or_the_latest():
    touches = [touch("c2", 5), touch("c1", 5), touch("i0", 9, is_impression=True)]
    assert attribution.winning_touch(touches, payout()).touch_id == "c1"
    assert attribution.winning_touch(touches, payout(prefer="latest")).touch_id == "i0"


def test_5_3_shares_of_the_models_that_split():
    touches = [touch("c1", 0), touch("c2", HOUR, "bob"), touch("c3", 2 * HOUR, "cy")]
    linear = attribution.shares(touches, 3 * HOUR, payout(model="linear"))
    assert list(linear.values()) == [Fraction(n, 1_000_000) for n in (333_334, 333_333, 333_333)]
    position = attribution.shares(touches, 3 * HOUR, payout(model="position_based"))
    assert position == {"ann": Fraction(2, 5), "bob": Fraction(1, 5), "cy": Fraction(2, 5)}


def test_5_3_time_decay_halves_with_each_half_life():
    day = 24 * HOUR
    touches = [touch("c1", 0), touch("c2", 7 * day, "bob")]
    parts = attribution.shares(touches, 7 * day + HOUR - 1, payout(model="time_decay"))
    assert parts == {"ann": Fraction(333_333, 1_000_000), "bob": Fraction(666_667, 1_000_000)}


@pytest.mark.parametrize(
    ("lock", "day", "locked"),
    [
        ({"after": "month_end", "months": "1", "days": "0"}, date(2026, 1, 20), date(2026, 2, 28)),
        ({"after": "conversion", "days": "60"}, date(2026, 4, 1), date(2026, 5, 31)),
        ({"after": "month_end", "months": "0", "days": "3"}, date(2026, 12, 5), date(2027, 1, 3)),
    ],
)
def test_5_9_lock_dates(lock, day, locked):
    version = Version(1, "original", day, None, 0, {"lock": lock})
    assert lock_day(version, day) == locked


def test_5_8_a_crossed_cap_closes_until_a_higher_one():
    caps, day = cpa.Caps(Fraction(0), Fraction(0)), date(2026, 10, 1)

    def fits(amount, limit, **more):
        fitting = caps.fits([{"per": "period", "amount": limit, **more}], day, Fraction(1), Fraction(amount))
        if fitting:
            caps.add(day, Fraction(1), Fraction(amount))
        return fitting

    assert [fits(6, "10"), fits(5, "10"), fits(1, "10")] == [True, False, False]
    assert [fits(1, "12"), fits(1, "10")] == [True, True]
    assert [fits(9, "10", crossing="skip"), fits(2, "10", crossing="skip")] == [False, True]


def test_6_1_a_percentage_within_its_limits():
    terms = {"percent_of_sale": "10", "min": "1.00", "max": "5.00"}
    assert [cpa.unit_price(terms, Fraction(sale)) for sale in (3, 30, 300)] == [1, 3, 5]


def test_6_2_sales_are_split_exactly_at_a_threshold():
    steps = [{"over": "0", "percent_of_sale": "6"}, {"over": "100", "percent_of_sale": "8"}]
    assert tiers.sale_earned(steps, Fraction(80), Fraction(130)) == Fraction("1.2") + Fraction("2.4")


# 7. Currency


def rates(*rows):
    return fx.Rates([(date(2026, 10, day), base, quote, Fraction(rate)) for day, base, quote, rate in rows])


def test_7_1_pair_then_inverse_then_cross_at_most_seven_days_old():
    known = rates((1, "USD", "EUR", "0.8"), (5, "EUR", "USD", "1.5"), (5, "EUR", "JPY", "160"))
    assert known.on("USD", "EUR", date(2026, 10, 8)) == Fraction("0.8")
    assert known.on("USD", "EUR", date(2026, 10, 9)) == Fraction(2, 3)
    assert known.on("JPY", "USD", date(2026, 10, 12)) == Fraction("1.5") / 160
    with pytest.raises(ValueError, match="JPY to USD for 2026-10-13"):
        known.on("JPY", "USD", date(2026, 10, 13))


def test_7_2_the_average_counts_the_dates_with_both_legs():
    known = rates((1, "EUR", "USD", "1"), (1, "EUR", "JPY", "100"), (2, "EUR", "USD", "2"), (2, "EUR", "JPY", "100"),
                  (3, "EUR", "USD", "9"))  # fmt: skip
    assert known.average("USD", "JPY", "2026-10") == (100 + 50) / Fraction(2)


# A month whole: one partner, a sale taken back in the next month, a payout held


TERMS = {
    "model": "cpa", "program": "p", "partner": "ann", "attribution": {"click_window": "1d"},
    "items": [{"item": "sale", "action": "purchase", "percent_of_sale": "10"}],
    "minimum_payout": {"amount": "50", "below": "carry"},
}  # fmt: skip
DOCUMENT = {
    "contract": "pay-ann", "version": 1, "kind": "original", "direction": "payout", "currency": "USD",
    "timezone": "America/New_York", "effective": {"from": date(2026, 1, 1)}, "status": "approved",
    "history": [{"action": "approve", "by": "lee", "at": "2025-12-01T00:00:00Z"}], "terms": TERMS,
}  # fmt: skip
DATA = {
    "clicks": [("click_id", "ts", "program", "partner", "user_id"), ("c1", "2026-10-05T10:00:00Z", "p", "ann", "u1"),
               ("c2", "2026-11-05T10:00:00Z", "p", "ann", "u2")],
    "conversions": [("conversion_id", "ts", "program", "user_id", "action", "sale_amount"),
                    # a day after c1: in October in New York, aged exactly the window
                    ("v1", "2026-10-06T10:00:00Z", "p", "u1", "purchase", "100.00"),
                    ("v2", "2026-11-05T10:00:01Z", "p", "u2", "purchase", "40.00"),
                    ("v3", "2026-11-05T10:00:01Z", "p", "nobody", "purchase", "40.00")],
    "reversals": [("reversal_id", "conversion_id", "ts", "sale_amount"),
                  ("r1", "v1", "2026-11-20T00:00:00Z", "25.00"), ("r2", "v1", "2026-12-20T00:00:00Z", "")],
    "opening_balances": [("contract", "item", "kind", "value", "period"), ("pay-ann", "", "hold", "60.00", "2026-12")],
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    text = '[workspace]\nname = "hand"\ncutoff_days = 3\n[contracts]\npath = "contracts"\n'
    for name, rows in DATA.items():
        text += f'[data.{name}]\npath = "{name}.csv"\n'
        with (tmp_path / f"{name}.csv").open("w", newline="") as target:
            csv.writer(target).writerows(rows)
    (tmp_path / "recon.toml").write_text(text)
    (tmp_path / "contracts" / "pay-ann").mkdir(parents=True)
    (tmp_path / "contracts" / "pay-ann" / "v1.yaml").write_text(yaml.safe_dump(DOCUMENT))
    return tmp_path


def told(result):
    return {(line.item, line.kind): (Decimal(str(float(line.quantity))), float(line.amount)) for line in result.lines}


def test_a_payout_is_held_clawed_back_and_released(workspace):
    # October: 10% of 100 = 10.00, below 50: held. November: 4.00 less 2.50 of the 25.00 taken back, held again.
    assert told(close(workspace, "2026-10")) == {("sale", "payout"): (1, 10.0), ("_hold", "hold"): (0, -10.0)}
    assert told(close(workspace, "2026-11")) == {
        ("sale", "payout"): (1, 4.0),
        ("sale", "clawback"): (0, -2.5),
        ("_hold", "hold"): (0, -1.5),
    }
    # 75 dates after the conversion is more than the 60 of `reversal_days`: nothing is taken back, all is released
    december = close(workspace, "2026-12")
    assert told(december) == {("_release", "release"): (0, 60.0)}
    assert december.fates["payout", "reversals", "pay-ann", "sale", "reversal_expired"] == 1


def test_each_conversion_has_one_fate(workspace):
    november = close(workspace, "2026-11").fates
    assert november["payout", "conversions", "pay-ann", "sale", "payable"] == 1
    assert november["", "conversions", "", "", "unclaimed"] == 1
    assert november["", "conversions", "", "", "look_back"] == 1
