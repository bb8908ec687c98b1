"""Exchange rates by RULES 7: own pair, inverse, crossed; at most seven days old; means over published dates."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from recon.expect.currency import ExchangeRates
from recon.period import Period
from recon.problems import BadInput

OCTOBER = Period.parse("2026-10")


def rates(*rows):
    return ExchangeRates([(date(2026, 10, day), base, quote, Decimal(rate)) for day, base, quote, rate in rows])


def test_the_same_currency_needs_no_rate():
    assert rates().on("USD", "USD", date(2026, 10, 5)).rate == 1
    assert rates().average("USD", "USD", OCTOBER).rate == 1


def test_the_latest_on_or_before_at_most_seven_days_old():
    found = rates((1, "EUR", "USD", "1.10"), (5, "EUR", "USD", "1.20"))
    assert found.on("EUR", "USD", date(2026, 10, 4)).rate == Fraction("1.10")
    assert found.on("EUR", "USD", date(2026, 10, 12)).rate == Fraction("1.20")
    with pytest.raises(BadInput, match="EUR/USD for 2026-10-13.*EUR to USD at most 7 days old"):
        found.on("EUR", "USD", date(2026, 10, 13))
    with pytest.raises(BadInput, match="EUR/USD for 2026-09-30"):
        found.on("EUR", "USD", date(2026, 9, 30))


def test_the_own_pair_goes_before_a_newer_inverse():
    found = rates((1, "EUR", "USD", "1.10"), (3, "USD", "EUR", "0.5"))
    assert found.on("EUR", "USD", date(2026, 10, 4)).rate == Fraction("1.10")
    assert found.on("EUR", "USD", date(2026, 10, 10)).rate == 2


def test_crossed_through_the_alphabetically_first_common_currency():
    found = rates((1, "EUR", "USD", "1.25"), (1, "EUR", "JPY", "150"), (1, "CHF", "USD", "2"), (1, "CHF", "JPY", "300"))
    assert found.on("USD", "JPY", date(2026, 10, 1)).rate == Fraction(300, 2)
    assert "CHF" in found.on("USD", "JPY", date(2026, 10, 1)).text


def test_each_leg_is_the_latest_of_its_own():
    found = rates((1, "EUR", "USD", "1.25"), (4, "EUR", "JPY", "150"))
    assert found.on("USD", "JPY", date(2026, 10, 4)).rate == Fraction(150) / Fraction("1.25")


def test_an_average_is_over_the_dates_on_which_both_legs_were_published():
    found = rates(
        (1, "EUR", "USD", "1.25"), (2, "EUR", "USD", "1.5"), (2, "EUR", "JPY", "150"), (3, "EUR", "JPY", "99")
    )
    assert found.average("USD", "JPY", OCTOBER).rate == Fraction(150) / Fraction("1.5")
    assert found.average("EUR", "USD", OCTOBER).rate == (Fraction("1.25") + Fraction("1.5")) / 2
    assert found.average("USD", "EUR", OCTOBER).rate == (1 / Fraction("1.25") + 1 / Fraction("1.5")) / 2
    with pytest.raises(BadInput, match="in 2026-09"):
        found.average("USD", "JPY", OCTOBER.previous())


def test_the_european_central_bank_s_rates_of_15_october(pytestconfig):
    import csv

    with (pytestconfig.rootpath / "fixtures" / "data" / "ecb_2026.csv").open() as file:
        published = [
            (date.fromisoformat(r["date"]), r["base"], r["quote"], Decimal(r["rate"])) for r in csv.DictReader(file)
        ]
    found = ExchangeRates(published)
    own = {(day, quote): rate for day, _, quote, rate in published}
    day = date(2026, 10, 15)
    assert found.on("USD", "GBP", day).rate == Fraction(own[day, "GBP"]) / Fraction(own[day, "USD"])
    assert found.on("EUR", "JPY", date(2026, 10, 18)).rate == Fraction(own[date(2026, 10, 16), "JPY"])
