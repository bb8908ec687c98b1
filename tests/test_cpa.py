"""CPA prices: items, percentages, tiers over conversions and sales, rounding, charges, workings (RULES 5.5, 5.6, 6)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from programs import Program, balance, cpa, sale, tiers

from recon.period import instant
from recon.problems import BadInput

TEN_THEN_SEVEN = ({"over": "0", "flat": "10"}, {"over": "2", "flat": "7"})


def paid(program, *versions, item="sale", **given):
    """Quantity and amount of the payout."""
    line = program.priced(*versions, **given).line(item, "payout")
    return line.quantity, line.amount


def three(**said):
    return Program().won("a", "10-01", **said).won("b", "10-02", **said).won("c", "10-03", **said)


# 5.5, 5.6 and 6.1


@pytest.mark.parametrize("amount, wanted", [("10", "2"), ("40", "4"), ("90", "5")])
def test_a_percentage_between_its_limits(amount, wanted):
    program = Program().won("a", "10-01", sale=amount)
    assert paid(program, cpa(items=[sale(percent_of_sale="10", min="2", max="5")]))[1] == Decimal(wanted)


def test_a_percentage_needs_a_sale():
    program = Program().won("a", "10-01")
    assert program.priced(cpa(items=[sale(percent_of_sale="10")])).fates() == {"a": "no_rate"}
    steps = tiers({"over": "0", "flat": "10"}, {"over": "5", "percent_of_sale": "7"})
    assert program.priced(cpa(items=[sale(**steps)])).fates() == {"a": "no_rate"}


@pytest.mark.parametrize("said, reason", [
    ({"geo": "DE"}, "geo"), ({}, "geo"), ({"geo": "US"}, ""), ({"geo": "US", "category": "shoes"}, "exclude_categories"),
    ({"geo": "US", "sale": "19.99"}, "min_sale"),
])  # fmt: skip
def test_the_first_condition_that_does_not_hold_is_told(said, reason):
    terms = {"geo": ["US"], "exclude_categories": ["shoes"], "min_sale": "20"}
    program = Program().won("a", "10-01", **({"sale": "20"} | said))
    assert program.priced(cpa(items=[sale()], eligibility=terms)).decided["ann", "a"]["reason"] == reason


def test_the_first_item_that_matches_prices():
    items = [sale("new", flat="9") | {"when": {"customer": ["new"]}}, sale(flat="4")]
    program = (
        Program().won("a", "10-01", customer="new").won("b", "10-01", customer="old").won("c", "10-01", action="lead")
    )
    found = program.priced(cpa(items=items))
    assert found.amounts() == {("new", "payout"): 9, ("sale", "payout"): 4}
    assert found.fates()["c"] == "no_rate"


def test_the_touch_date_decides_items_but_the_conversions_version_rounds():
    versions = [
        cpa(1, last="2026-10-09", items=[sale(flat="1.005")], date_basis="touch", rounding="down"),
        cpa(2, first="2026-10-10", items=[sale(flat="2.005")], date_basis="touch", rounding="up"),
    ]
    program = Program().click("u", "10-09 23:00", "k").conversion("a", "10-10 01:00", "u")
    assert program.priced(*versions).decided["ann", "a"]["amount"] == "1.01"


# 6.2


def test_graduated_each_at_its_own_tier():
    assert paid(three(), cpa(items=[sale(**tiers(*TEN_THEN_SEVEN))])) == (3, 27)


def test_volume_all_at_the_tier_of_the_total():
    assert paid(three(), cpa(items=[sale(**tiers(*TEN_THEN_SEVEN, mode="volume"))])) == (3, 21)


@pytest.mark.parametrize("key, amount", [("over", 27), ("from", 24)])
def test_the_threshold_belongs_below_over_and_to_from(key, amount):
    steps = tiers({"over": "0", "flat": "10"}, {key: "2", "flat": "7"})
    assert paid(three(), cpa(items=[sale(**steps)]))[1] == amount


def test_the_order_is_that_of_time_then_of_ids():
    program = Program().won("b", "10-01").won("a", "10-01").won("c", "09-30 23:00")
    steps = tiers({"over": "0", "flat": "10"}, {"over": "1", "flat": "7"})
    found = program.priced(cpa(items=[sale(**steps)]))
    assert {name: row["rate"] for (_, name), row in found.decided.items()} == {"a": "10", "b": "7"}


def test_a_count_over_the_contract_goes_on():
    steps = tiers(*TEN_THEN_SEVEN, counter="contract")
    assert paid(three(), cpa(items=[sale(**steps)]), openings=[balance("quantity", "1", "sale")])[1] == 24


def test_carry_and_reset_across_versions():
    def versions(across):
        steps = tiers(*TEN_THEN_SEVEN, across_versions=across)
        return [cpa(1, last="2026-10-02", items=[sale(**steps)]), cpa(2, first="2026-10-03", items=[sale(**steps)])]

    assert paid(three(), *versions("carry"))[1] == 27
    assert paid(three(), *versions("reset"))[1] == 30


def test_a_sale_is_split_exactly_at_the_threshold():
    """Sales of 40 each: 0 to 40 at 5%, 40 to 80 split at 50, 80 to 120 at 10%: 2 + 0.50 + 3 + 4."""
    steps = tiers({"over": "0", "percent_of_sale": "5"}, {"over": "50", "percent_of_sale": "10"}, measure="sale_amount")
    found = three(sale="40").priced(cpa(items=[sale(**steps)]))
    assert found.amounts() == {("sale", "payout"): Decimal("9.50")}
    (split,) = [one for one in found.line("sale", "payout").workings if one.operation == "split"]
    assert dict(split.inputs)["parts"] == "10 × 5; 30 × 10"


def test_volume_over_sales_takes_the_tier_of_their_total():
    steps = tiers(
        {"over": "0", "percent_of_sale": "5"}, {"over": "100", "flat": "3"}, mode="volume", measure="sale_amount"
    )  # fmt: skip
    assert paid(three(sale="40"), cpa(items=[sale(**steps)]))[1] == 9
    assert paid(three(sale="30"), cpa(items=[sale(**steps)]))[1] == Decimal("4.50")


def test_a_sale_under_a_flat_version_counts_converted_towards_a_later_ones_tiers():
    steps = tiers(
        {"over": "0", "flat": "1"}, {"over": "100", "flat": "1", "fee": "9"}, mode="volume", measure="sale_amount"
    )
    versions = [cpa(1, last="2026-10-15", items=[sale(flat="5")]), cpa(2, first="2026-10-16", items=[sale(**steps)])]
    program = Program().won("a", "10-01", sale="60", currency="EUR")
    assert paid(program, *versions, fx=[(date(2026, 10, 1), "EUR", "USD", Fraction(2))]) == (1, 14)


def test_reversed_conversions_take_no_place():
    program = three().reversal("a", "10-20")
    assert paid(program, cpa(items=[sale(**tiers(*TEN_THEN_SEVEN))])) == (2, 20)


def test_shares_take_a_share_of_a_place():
    """Two partners share a: ann has 0.5 of a, then b and c whole: positions 0.5, 1.5 and 2.5."""
    split = {"attribution": {"model": "linear"}}
    program = three().click("a", "10-01 10:00", "other", "bob")
    versions = [cpa(items=[sale(**tiers(*TEN_THEN_SEVEN))], **split), cpa(partner="bob", items=[sale()], **split)]
    assert paid(program, *versions) == (Decimal("2.5"), 22)


FEES = (
    {"over": "0", "flat": "1", "fee": "100"},
    {"over": "2", "flat": "1", "fee": "30"},
    {"over": "9", "flat": "1", "fee": "5"},
)


def test_fees_once_for_each_tier_entered_and_the_first_also_without_a_conversion():
    assert paid(three(), cpa(items=[sale(**tiers(*FEES))])) == (3, 133)
    assert paid(Program(), cpa(items=[sale(**tiers(*FEES))])) == (0, 100)


def test_under_volume_only_the_reached_tiers_fee():
    assert paid(three(), cpa(items=[sale(**tiers(*FEES, mode="volume"))])) == (3, 33)


def test_a_tier_entered_by_conversions_is_not_owed_again_by_sales():
    versions = [
        cpa(1, last="2026-10-02", items=[sale(**tiers({"over": "0", "percent_of_sale": "0"}))]),
        cpa(2, first="2026-10-03", items=[
            sale(**tiers({"over": "0", "percent_of_sale": "0", "fee": "9"}, measure="sale_amount"))
        ]),
    ]  # fmt: skip
    assert paid(three(sale="1"), *versions) == (3, 0)


def test_an_amount_cap_beside_a_volume_tier_is_refused():
    caps = [{"per": "period", "amount": "9"}]
    with pytest.raises(BadInput, match=r"volume tier beside an amount cap"):
        three().priced(cpa(items=[sale(**tiers(*TEN_THEN_SEVEN, mode="volume"))], caps=caps))


def test_a_volume_tier_counts_for_nothing_under_another_versions_amount_cap():
    versions = [
        cpa(1, last="2026-10-02", items=[sale(**tiers(*TEN_THEN_SEVEN, mode="volume"))]),
        cpa(2, first="2026-10-03", items=[sale(flat="9")], caps=[{"per": "period", "amount": "9"}]),
    ]
    assert paid(three().won("d", "10-04"), *versions) == (3, 7 + 7 + 9)


def test_an_amount_cap_takes_prices_at_their_tier():
    caps = [{"per": "period", "amount": "27"}]
    found = three().won("d", "10-04").priced(cpa(items=[sale(**tiers(*TEN_THEN_SEVEN))], caps=caps))
    assert found.fates() == {"a": "payable", "b": "payable", "c": "payable", "d": "over_cap"}


# 6.3 and 7.2


def test_rounded_per_conversion_or_per_line():
    program = three(sale="0.05")
    assert paid(program, cpa(items=[sale(percent_of_sale="10")]))[1] == Decimal("0.03")
    assert paid(program, cpa(items=[sale(percent_of_sale="10")], round="line"))[1] == Decimal("0.02")


def test_a_tied_share_is_rounded_after_its_price():
    split = {"attribution": {"model": "linear"}}
    program = Program().won("a", "10-01").click("a", "10-01 10:00", "other", "bob")
    versions = [cpa(items=[sale(flat="0.01")], **split), cpa(partner="bob", items=[sale(flat="0.01")], **split)]
    assert paid(program, *versions) == (Decimal("0.5"), Decimal("0.01"))


@pytest.mark.parametrize("basis, amount", [("conversion_date", 11), ("period_end", 20), ("period_average", 15)])
def test_the_rate_of_a_sale_in_another_currency(basis, amount):
    fx = [(date(2026, 10, day), "EUR", "USD", Fraction(rate)) for day, rate in ((1, "1.1"), (15, "1.4"), (30, "2"))]
    program = Program().won("a", "10-03", sale="100", currency="EUR")
    assert paid(program, cpa(items=[sale(percent_of_sale="10")], fx=basis), fx=fx)[1] == amount


# Charges, and what the workings say


def test_charges_take_discount_cap_and_minimum():
    terms = {"direction": "charge", "discount_percent": "10", "cap": {"amount": "25"}, "minimum": {"amount": "40"}}
    found = three().priced(cpa(items=[sale()], **terms))
    assert found.amounts("shop") == {("sale", "charge"): 25, ("_minimum", "shortfall"): 15}


def test_the_workings_add_up_to_the_line():
    steps = tiers(*FEES, counter="contract")
    line = (
        three().priced(cpa(items=[sale(**steps)]), openings=[balance("quantity", "1", "sale")]).line("sale", "payout")
    )
    amounts = [one.amount or 0 for one in line.workings if one.operation != "round"]
    assert sum(amounts) == line.amount == 33
    assert [one.clause for one in line.workings] == [
        "items[sale].tiers", "items[sale].tiers.steps[0].flat", "items[sale].tiers.steps[1].flat",
        "items[sale].tiers.steps[1].fee", "rounding",
    ]  # fmt: skip


def test_conversions_of_one_price_stand_together():
    program = three(sale="10").won("d", "10-09", sale="20")
    line = program.priced(cpa(items=[sale(percent_of_sale="10")])).line("sale", "payout")
    assert [(one.quantity, one.amount) for one in line.workings if one.operation == "price_group"] == [(3, 3), (1, 2)]


@pytest.mark.parametrize("over, price", [("155", 8), ("160", 10)])
def test_sales_under_another_version_count_at_their_own_exchange_rate(over, price):
    """v1's total counts v2's sale as well: 100 USD + 50 EUR × 1.2 = 160, whatever v2 counts itself."""
    by_sales = tiers({"over": "0", "flat": "10"}, {"over": over, "flat": "8"}, mode="volume", measure="sale_amount")
    by_number = tiers({"over": "0", "flat": "5"}, {"over": "9", "flat": "4"})
    versions = [
        cpa(1, last="2026-10-15", items=[sale(**by_sales)]),
        cpa(2, first="2026-10-16", items=[sale(**by_number)]),
    ]
    program = Program().won("a", "10-01", sale="100").won("b", "10-20", sale="50", currency="EUR")
    fx = [(date(2026, 10, 20), "EUR", "USD", Fraction("1.2"))]
    assert paid(program, *versions, fx=fx) == (2, price + 5)


def test_a_contract_that_begins_after_the_period_has_no_lines():
    late = cpa(first="2026-11-01", items=[sale()], minimum_payout={"amount": "50", "below": "carry"})
    found = Program().won("a", "10-10").priced(cpa(items=[sale()], partner="bob"), late)
    assert found.amounts() == {} and found.fates() == {}


def test_the_rate_is_told_of_what_was_placed():
    """With tiers the rate follows from the place, which a refused conversion has as well."""
    flat, steps = [sale()], [sale(**tiers(*TEN_THEN_SEVEN))]
    caps = [{"per": "period", "conversions": 2}]
    told = {
        name: [row["rate"] for row in three().priced(cpa(items=items, caps=caps)).decided.values()]
        for name, items in (("flat", flat), ("tiers", steps))
    }
    assert told == {"flat": ["10", "10", "10"], "tiers": ["10", "10", "7"]}


def test_without_a_sale_nothing_is_counted_of_it():
    by_sales = tiers({"over": "0", "flat": "10"}, {"from": "1", "flat": "5"}, mode="volume", measure="sale_amount")
    assert paid(Program().won("a", "10-01"), cpa(items=[sale(**by_sales)])) == (1, 10)
    assert paid(Program().won("a", "10-01", sale="1"), cpa(items=[sale(**by_sales)])) == (1, 5)


def test_a_volume_fee_is_that_of_the_last_version_that_lists_the_item():
    by_number = tiers({"over": "0", "flat": "10", "fee": "3"}, {"over": "2", "flat": "8", "fee": "4"}, mode="volume")
    versions = [
        cpa(1, last="2026-10-15", items=[sale(**by_number), {"item": "lead", "action": "lead", "flat": "1"}]),
        cpa(2, first="2026-10-16", items=[{"item": "lead", "action": "lead", "flat": "1"}]),
    ]
    assert paid(Program().won("a", "10-01"), *versions) == (1, 13)


@pytest.mark.parametrize("zone, fate", [("UTC", "payable"), ("Asia/Tokyo", "look_back"), (None, "unclaimed")])
def test_a_conversion_in_reach_that_is_of_the_next_local_month_is_look_back(zone, fate):
    """20:00 UTC on the last day is the first of November in Tokyo; out of every contract's reach it is unclaimed."""
    program = Program().conversion("a", instant("2026-10-31T20:00:00Z"))
    if zone is not None:
        program.click("a", instant("2026-10-31T19:00:00Z"), "k")
    found = program.priced(cpa(items=[sale()], timezone=zone or "UTC"))
    told = {one.fate: one.quantity for one in found.result.fates if one.dataset == "conversions" and one.quantity}
    assert told == {fate: 1}


@pytest.mark.parametrize("counter, handed_on", [("period", []), ("contract", [("sale", "quantity", 3)])])
def test_a_count_is_handed_on_where_tiers_count_over_the_contract(counter, handed_on):
    found = three().priced(cpa(items=[sale(**tiers(*TEN_THEN_SEVEN, counter=counter))]))
    assert [(one.item, one.kind, one.value) for one in found.result.balances] == handed_on
