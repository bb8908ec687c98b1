"""Each error of the drill, planted in a case that a person can check by hand: the contract's lines as then billed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from planted import BY_CODE, case_named, month_and_bill, ways

from recon.trials.planting import ERRORS, Site
from recon.trials.rebilling import Attempt
from recon.trials.search import amounts

# (code, case, contract, words of the planting, {line: amount} as billed then; None: the line is gone)
PLANTED = [
    # 10.00 before 2 November, 7.00 from then on
    ("stale_version", "1.4-day-of-25-hours", "adv", "version 2 never", {"adv/I1/charge/USD": "20.00"}),
    ("amendment_all_period", "1.4-day-of-25-hours", "adv", "2026-11-01", {"adv/I1/charge/USD": "14.00"}),
    # Five days before it took effect it was approved; v2 then prices the 11th, but not the 10th
    ("amendment_backdated", "2.2-gap-between-versions", "adv", "2025-12-15", {"adv/I1/charge/USD": "28.00"}),
    ("unapproved_version", "2.4-only-approved-versions", "adv", "draft", {"adv/I1/charge/USD": "7.00"}),
    # v1 goes on over the 11th and the 19th: 10 + 10 + 10 + 7
    ("expired_version", "2.2-gap-between-versions", "adv", "version 1", {"adv/I1/charge/USD": "37.00"}),
    ("timezone_cutoff", "1.3-midnight-that-exists-twice", "adv", "UTC", {"adv/I1/charge/USD": None}),
    # "With summer time's offset kept, both would fall under v2: 14.00."
    ("dst_offset", "1.4-day-of-25-hours", "adv", "Etc/GMT+4", {"adv/I1/charge/USD": "14.00"}),
    ("late_events_billed", "1.9-cutoff-bound", "adv", "late", {"adv/I1/charge/USD": "30.00"}),
    ("late_events_dropped", "1.9-cutoff-bound", "adv", "than 0 days", {"adv/I1/charge/USD": "10.00"}),
    ("late_events_billed", "1.9-later-cutoff-given", "adv", "late", {"adv/I1/charge/USD": "20.00"}),
    ("duplicates_counted", "3.2-duplicate-24h-bound", "adv", "impressions", {"adv/I1/charge/USD": "40.00"}),
    ("duplicates_counted", "1.8-repeated-conversion", "alpha", "conversions", {"alpha/sale/payout/USD": "40.00"}),
    ("ivt_billed", "3.2-ivt-givt-only", "adv", "no invalid", {"adv/I1/charge/USD": "30.00"}),
    ("givt_only_filtered", "3.2-ivt-both-by-default", "adv", "only givt", {"adv/I1/charge/USD": "20.00"}),
    ("basis_swapped", "1.2-rounding-down", "adv", "viewable", {"adv/I1/charge/USD": None}),
    ("tests_billed", "6.5-bonus-counts-payable-conversions", "alpha", "test", {"alpha/sale/payout/USD": "20.00"}),
    ("third_party_clause", "3.6-controlling", "adv", "not looked at", {"adv/I1/charge/USD": "20.00"}),
    ("over_delivery_billed", "3.5-booked-quantity", "adv", "booking", {"adv/I4/charge/USD": "40.00"}),
    ("partial_data", "1.2-rounded-once-per-line", "adv", "2026-10-15", {"adv/I1/charge/USD": "0.03"}),
    ("double_load", "1.1-yen-has-no-decimals", "adv", "2026-10-05", {"adv/I1/charge/JPY": "9"}),
    ("window_off", "5.2-default-windows", "alpha", "last instant", {"alpha/sale/payout/USD": None}),
    ("window_off", "5.2-touches-that-do-not-qualify", "alpha", "view window +1", {"alpha/sale/payout/USD": "20.00"}),
    (
        "precedence_flipped", "5.3-last-touch-prefers-clicks", "alpha", "precedence",
        {"alpha/sale/payout/USD": None, "beta/sale/payout/USD": "8.00"},
    ),
    ("competition_ignored", "5.3-last-touch-prefers-clicks", "beta", "beside", {"beta/sale/payout/USD": "8.00"}),
    ("dedupe_ignored", "5.4-dedupe-chain", "alpha", "orders", {"alpha/sale/payout/USD": "50.00"}),
    ("eligibility_ignored", "5.5-customer", "alpha", "customer", {"alpha/sale/payout/USD": "20.00"}),
    ("reversal_ignored", "1.8-repeated-reversal", "alpha", "no reversal", {"alpha/sale/payout/USD": "10.00"}),
    ("reversal_repeated", "5.5-min-sale-on-the-original-sale", "alpha", "partial", {"alpha/sale/payout/USD": "2.00"}),
    ("reversal_repeated", "5.7-clawback-full", "alpha", "clawback", {"alpha/sale/clawback/USD": "-20.00"}),
    ("fraud_paid", "5.4-test-and-fraud", "alpha", "fraud", {"alpha/sale/payout/USD": "20.00"}),
    ("cap_ignored", "5.8-amount-at-the-cap", "alpha", "caps", {"alpha/sale/payout/USD": "30.00"}),
    ("lock_ignored", "5.9-lock-after-month-end", "alpha", "lock", {"alpha/sale/payout/USD": "10.00"}),
    # Six units of 10.00, 7.00 over 2 and 5.00 over 4: all at 5.00
    ("tier_mode_swapped", "4.2-three-tiers", "adv", "swapped", {"adv/I1/charge/USD": "30.00"}),
    ("tier_boundary", "1.5-over-volume", "adv", "thresholds", {"adv/I3/charge/USD": "15.00"}),
    # 10000 per mille of the first three, as of a first period
    ("tier_reset", "4.2-counter-contract-graduated", "adv", "zero", {"adv/I1/charge/USD": "30.00"}),
    ("tier_reset", "4.3-carry-volume", "adv", "zero", {"adv/I1/charge/USD": "44.00"}),
    ("tier_carry", "4.3-reset-volume", "adv", "counted on", {"adv/I1/charge/USD": "22.00"}),
    # Four impressions at 22.00 per mille
    ("wrong_rate_row", "3.3-first-matching-rate", "adv", "row 2", {"adv/I1/charge/USD": "0.09"}),
    ("per_unit_scale", "4.6-minimum", "adv", "times", None),
    ("minimum_ignored", "4.6-minimum", "adv", "no minimum", {"adv/_minimum/shortfall/USD": None}),
    # 62.00 less 20.00, not 30.00 less 20.00
    ("minimum_not_prorated", "4.6-minimum-prorated", "adv", "15 of 31", {"adv/_minimum/shortfall/USD": "42.00"}),
    ("bonus_ignored", "6.5-bonus-at-2", "alpha", "bonus", {"alpha/_bonus/bonus/USD": None}),
    (
        "rule_ignored", "9-kicker-at-its-percentage", "alpha", "no rule",
        {"alpha/_new_customer_kicker/bonus/USD": None},
    ),
    ("hold_ignored", "6.6-below-the-minimum-is-held", "alpha", "minimum", {"alpha/_hold/hold/USD": None}),
    ("discount_ignored", "6.4-charge-with-a-discount", "adv", "discount", {"adv/sale/charge/USD": "30.00"}),
    ("commission_basis", "4.5-net-of-commission", "adv", "swapped", {"adv/I1/charge/USD": "20.00"}),
    # 20.00 and 15 %
    ("commission_markup", "4.5-net-of-commission", "adv", "added", {"adv/I1/charge/USD": "23.00"}),
    ("spend_cap_ignored", "4.5-cap-of-a-terminated-contract", "adv", "caps", {"adv/I1/charge/USD": "30.00"}),
    ("min_max_ignored", "6.1-split-of-a-capped-percentage", "alpha", "min and max", {"alpha/sale/payout/USD": "10.00"}),
    ("step_fee_ignored", "6.2-tier-fees", "alpha", "fees", {"alpha/sale/payout/USD": "40.00"}),
    ("opening_ignored", "4.2-counter-contract-volume", "adv", "opening", {"adv/I1/charge/USD": "20.00"}),
    ("clawback_ignored", "5.7-clawback-full", "alpha", "clawbacks", {"alpha/sale/clawback/USD": None}),
    ("rate_mistyped", "4.6-minimum", "adv", "digit", None),
    ("rounding_grain", "1.1-dinar-per-conversion", "alpha", "grain", {"alpha/sale/payout/KWD": "0.025"}),
    ("rounding_grain", "1.2-rounded-once-per-line", "adv", "part of I1", {"adv/I1/charge/USD": "0.06"}),
    ("rounding_mode", "1.1-yen-has-no-decimals", "adv", "half even", {"adv/I1/charge/JPY": "4"}),
    ("fx_date", "7.2-period-average", "alpha", "period end", {"alpha/sale/payout/USD": "16.00"}),
    # 20.00 USD at 0.80
    ("fx_inverted", "4.5-invoice-currency", "adv", "upside down", {"adv/I1/charge/EUR": "25.00"}),
    ("currency_relabelled", "4.5-invoice-currency", "adv", "not converted", {"adv/I1/charge/EUR": "20.00"}),
    (
        "currency_relabelled", "1.4-day-of-25-hours", "adv", "labelled EUR",
        {"adv/I1/charge/USD": None, "adv/I1/charge/EUR": "17.00"},
    ),
    ("missing_line", "1.4-day-of-25-hours", "adv", "never billed", {"adv/I1/charge/USD": None}),
    ("duplicate_line", "1.4-day-of-25-hours", "adv", "twice", {"adv/I1/charge/USD": "34.00"}),
    (
        "wrong_counterparty", "5.3-across-partner", "alpha", "on beta",
        {"alpha/sale/payout/USD": None, "beta/sale/payout/USD": "36.00"},
    ),
    ("sign_flipped", "1.4-day-of-25-hours", "adv", "flipped", {"adv/I1/charge/USD": "-17.00"}),
    ("tax_added", "1.4-day-of-25-hours", "adv", "tax", {"adv/I1/charge/USD": "20.23"}),
    ("fee_added", "1.4-day-of-25-hours", "adv", "fee", {"adv/I1/charge/USD": "17.43"}),
    ("cents_cut_off", "1.2-rounded-once-per-line", "adv", "cut off", {"adv/I1/charge/USD": "0.00"}),
    ("seventh_lost", "1.5-over-graduated", "adv", "seventh", {"adv/I4/charge/USD": "30.00"}),
    ("geo_lost", "3.3-first-matching-rate", "adv", "US lost", {"adv/I1/charge/USD": "0.02"}),
    (
        "items_swapped", "1.5-over-graduated", "adv", "I2 and I3",
        {"adv/I2/charge/USD": "30.00", "adv/I3/charge/USD": "20.00"},
    ),
    # Two impressions at 10.00 and 7.00: a thousand at their mean
    ("up_to_thousands", "1.4-day-of-25-hours", "adv", "thousands", {"adv/I1/charge/USD": "8500.00"}),
    # 27.00 less 10 % once more
    ("discount_twice", "6.4-charge-with-a-discount", "adv", "twice", {"adv/sale/charge/USD": "24.30"}),
    ("mean_rate", "1.4-day-of-25-hours", "adv", "mean", {}),
    ("sales_unconverted", "7.1-direct-rate", "alpha", "taken for USD", {"alpha/sale/payout/USD": "10.00"}),
    ("least_age_ignored", "5.2-minimum-age", "alpha", "any age", {"alpha/sale/payout/USD": "30.00"}),
    ("date_basis_swapped", "2.5-conversion-date-decides", "alpha", "other date", {"alpha/sale/payout/USD": "20.00"}),
]  # fmt: skip


def moved(folder, case, code, contract, words):
    """The lines that the first planting with these words moves, as text, None where they are gone."""
    plantings, billed, clean = ways(folder, case_named(case), code, contract)
    place = next((n for n, one in enumerate(plantings) if words in one.what), None)
    assert place is not None, [one.what for one in plantings]
    was, became = amounts(clean), amounts(billed[place])
    own = {key: amount for key, amount in was.items() if key[0] in plantings[place].contracts}
    changed = {key for key in own.keys() | became.keys() if own.get(key) != became.get(key)}
    return {"/".join(key): f"{became[key]:f}" if key in became else None for key in changed}


@pytest.mark.parametrize(
    ("code", "case", "contract", "words", "lines"), PLANTED, ids=[f"{one[0]}-{one[1]}" for one in PLANTED]
)
def test_an_error_is_billed_as_its_words_say(  # noqa: PLR0917
    code, case, contract, words, lines, tmp_path
):
    found = moved(tmp_path, case, code, contract, words)
    assert found == lines if lines is not None else found


def test_codes_are_there_once_and_enough_of_them():
    assert len(BY_CODE) == len(ERRORS)
    assert sum(error.is_in_table for error in ERRORS) == 60
    assert sum(not error.is_in_table for error in ERRORS) >= 12


def test_clauses_that_a_contract_does_not_have_cannot_go_wrong(tmp_path):
    """A month of one plain CPM contract: no tiers, minimum, lock, caps, discount or other currency."""
    month, _, clean = month_and_bill(tmp_path, case_named("1.4-day-of-25-hours"))
    site = Site(month, "adv", tuple(clean))
    absent = "tier_boundary minimum_ignored lock_ignored cap_ignored discount_ignored fx_date window_off bonus_ignored"
    assert not [code for code in absent.split() if list(BY_CODE[code].plant(site))]


def test_no_older_version_is_billed_where_none_was_known(tmp_path):
    month, _, clean = month_and_bill(tmp_path, case_named("2.7-retroactive-version-unknown"))
    later = replace(month, as_known_at=None)
    lost = [[one.what for one in BY_CODE["stale_version"].plant(Site(some, "adv", tuple(clean)))]
            for some in (month, later)]  # fmt: skip
    assert lost == [[], ["version 2 never loaded"]]


def test_an_edit_leaves_the_month_itself_as_it_was(tmp_path):
    month, rebilling, clean = month_and_bill(tmp_path, case_named("4.5-the-whole-chain"))
    before = [dict(document) for document in month.documents]
    tables = dict(month.rows)
    site = Site(month, "adv", tuple(clean))
    plantings = [one for error in ERRORS for one in error.plant(site)]
    assert len(plantings) > 30
    rebilling.attempted([Attempt((one,)) for one in plantings], clean)
    assert list(month.documents) == before and all(month.rows[name] is tables[name] for name in tables)


def test_a_call_of_many_bills_each_as_a_call_of_its_own(tmp_path):
    """Parts of one call don't meet: contracts of one program, charges and payouts, planted all at once."""
    month, rebilling, clean = month_and_bill(tmp_path, case_named("5.3-position-based-four"))
    sites = [Site(month, name, tuple(clean)) for name in month.contracts]
    codes = ("competition_ignored", "rounding_mode", "model_swapped", "partial_data", "per_unit_scale", "stale_version")
    attempts = [Attempt((one,)) for site in sites for code in codes for one in BY_CODE[code].plant(site)]
    assert len(attempts) > 20
    together = rebilling.attempted(attempts, clean)
    assert rebilling.calls <= 5
    for attempt, lines in zip(attempts, together, strict=True):
        (alone,) = rebilling.attempted([attempt], clean)
        assert lines == alone, attempt.plantings[0].what


def test_what_a_biller_refuses_spoils_nothing_else(tmp_path):
    """Sales of a month without the other date's rate can't be converted; the others of the call are billed."""
    month, rebilling, clean = month_and_bill(tmp_path, case_named("7.1-seven-days-old"))
    site = Site(month, "alpha", tuple(clean))
    attempts = [Attempt((one,)) for code in ("fx_date", "per_unit_scale") for one in BY_CODE[code].plant(site)]
    billed = rebilling.attempted(attempts, clean)
    assert None in billed and any(lines for lines in billed)
    assert {line.contract for lines in billed for line in lines or ()} == {"alpha"}


def test_details_say_what_each_conversion_earned(tmp_path):
    """0.0125 dinar twice, each rounded to 0.013."""
    _, _, clean = month_and_bill(tmp_path, case_named("1.1-dinar-per-conversion"))
    (line,) = clean
    assert [amount for _, amount in line.details] == [Decimal("0.013")] * 2 and line.amount == Decimal("0.026")
