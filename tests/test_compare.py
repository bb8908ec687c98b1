"""Expected against billed, clause by clause of RULES 8, and what must hold for any month."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.billed import Billed, BilledLine
from recon.compare import compare
from recon.expect.lines import ExpectedLine, Remark


@dataclass(frozen=True)
class Tolerance:
    amount: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)


def expected(amount, contract="ctv", item="RUN", kind="charge", currency="USD", *, quantity=1000):
    return ExpectedLine(contract, item, "2026-10", kind, currency, Decimal(quantity), Decimal(amount))


def billed(amount, name="B-1", *, contract="ctv", item="RUN", kind="charge", currency="USD", quantity=None):
    units = None if quantity is None else Decimal(quantity)
    return BilledLine(name, contract, item, "2026-10", kind, currency, Decimal(amount), units)


def compared(ours=(), theirs=(), repeated=(), amount="0", percent="0", **options):
    tolerance = Tolerance(Decimal(amount), Decimal(percent))
    return compare(ours, Billed(tuple(theirs), frozenset(repeated)), tolerance, **options)


def statuses(*args, **options):
    return [line.status for line in compared(*args, **options).lines]


# 8.1 and 8.2: one line


def test_equal_amounts_match_and_need_no_finding():
    result = compared([expected("100.00")], [billed("100.00")])
    assert result.lines[0].status == "matched"
    assert result.findings == ()


@pytest.mark.parametrize(("amount", "status"), [("100.01", "over_billed"), ("99.99", "under_billed")])
def test_a_cent_more_or_less_is_told(amount, status):
    assert statuses([expected("100.00")], [billed(amount)]) == [status]


def test_billed_lines_of_one_key_are_summed():
    line = compared([expected("100")], [billed("60", "B-1", quantity=600), billed("40", "B-2", quantity=400)]).lines[0]
    assert (line.billed_amount, line.billed_quantity, line.status) == (Decimal(100), Decimal(1000), "matched")


def test_a_billed_quantity_is_unknown_when_one_of_the_lines_does_not_state_it():
    line = compared([expected("100")], [billed("60", "B-1", quantity=600), billed("40", "B-2")]).lines[0]
    assert line.billed_quantity is None


def test_expected_and_not_billed_is_missing():
    line = compared([expected("100")]).lines[0]
    assert (line.status, line.variance) == ("missing", Decimal(-100))


def test_billed_and_not_expected_is_unexpected():
    line = compared([], [billed("5")]).lines[0]
    assert (line.status, line.variance, line.expected_quantity) == ("unexpected", Decimal(5), 0)


def test_a_line_of_nothing_matches_nothing_on_either_side():
    assert statuses([expected("0.00")]) == ["matched"]
    assert statuses([], [billed("0.00")]) == ["matched"]


def test_a_line_billed_at_zero_is_under_billed_not_missing():
    assert statuses([expected("100")], [billed("0")]) == ["under_billed"]


def test_money_on_a_free_make_good_is_over_billed_not_unexpected():
    assert statuses([expected("0.00")], [billed("5")]) == ["over_billed"]


# 8.2: tolerance


@pytest.mark.parametrize(("variance", "status"), [("0.05", "within_tolerance"), ("0.06", "over_billed")])
def test_the_amount_of_the_tolerance_is_inclusive(variance, status):
    assert statuses([expected("100")], [billed(Decimal(100) + Decimal(variance))], amount="0.05") == [status]


@pytest.mark.parametrize(("billed_amount", "status"), [("199", "within_tolerance"), ("198.99", "under_billed")])
def test_the_percentage_is_of_expected_and_inclusive(billed_amount, status):
    assert statuses([expected("200")], [billed(billed_amount)], percent="0.5") == [status]


def test_the_larger_of_the_two_tolerances_counts():
    assert statuses([expected("200")], [billed("201")], amount="0.05", percent="0.5") == ["within_tolerance"]
    assert statuses([expected("2")], [billed("2.05")], amount="0.05", percent="0.5") == ["within_tolerance"]


def test_the_percentage_of_a_negative_expectation_counts_its_size():
    clawback = [expected("-200", kind="clawback")]
    assert statuses(clawback, [billed("-199", kind="clawback")], percent="0.5") == ["within_tolerance"]


def test_no_tolerance_hides_a_missing_line():
    assert statuses([expected("1")], [], amount="10", percent="100") == ["missing"]


# 8.2: currencies


def test_expected_in_one_currency_and_billed_in_another_is_told_on_both_rows():
    result = compared([expected("100")], [billed("100", currency="EUR")])
    assert {line.currency: line.status for line in result.lines} == dict.fromkeys(("EUR", "USD"), "currency_mismatch")
    assert {line.currency: line.variance for line in result.lines} == {"EUR": 100, "USD": -100}


def test_a_second_currency_beside_a_billed_line_is_unexpected():
    assert statuses([expected("100")], [billed("100"), billed("5", "B-2", currency="EUR")]) == [
        "unexpected",
        "matched",
    ]


def test_another_item_in_another_currency_is_no_mismatch():
    result = statuses([expected("100")], [billed("100", item="PRIME", currency="EUR")])
    assert sorted(result) == ["missing", "unexpected"]


def test_totals_are_per_currency_net_and_gross():
    ours = [expected("100"), expected("50", item="PRIME"), expected("7", item="EU", currency="EUR")]
    theirs = [billed("110"), billed("45", "B-2", item="PRIME"), billed("7", "B-3", item="EU", currency="EUR")]
    eur, usd = compared(ours, theirs).totals
    assert (eur.currency, eur.net, eur.gross) == ("EUR", 0, 0)
    assert (usd.billed, usd.expected, usd.net, usd.gross) == (155, 150, 5, 15)


@pytest.mark.parametrize(("currency", "text"), [("USD", "3.00"), ("JPY", "3"), ("KWD", "3.000")])
def test_amounts_stand_at_the_minor_unit(currency, text):
    line = compared([expected("3", currency=currency)], [billed("3.0", currency=currency)]).lines[0]
    assert [str(line.expected_amount), str(line.billed_amount)] == [text, text]


def test_digits_beyond_the_minor_unit_on_a_statement_are_not_rounded_away():
    line = compared([expected("12.35")], [billed("12.345")]).lines[0]
    assert (str(line.billed_amount), str(line.variance)) == ("12.345", "-0.005")


# 8.1: repeated ids


def test_a_line_billed_twice_under_one_id_says_what_the_copy_adds():
    result = compared([expected("100")], [billed("100"), billed("100")], repeated=["B-1"])
    (finding,) = result.findings
    assert (finding.cause, finding.amount) == ("duplicate_line", Decimal(100))
    assert result.lines[0].cause == "duplicate_line"


def test_what_the_copy_does_not_explain_stays_unexplained():
    result = compared([expected("90")], [billed("100"), billed("100")], repeated=["B-1"])
    assert {finding.cause: finding.amount for finding in result.findings} == {
        "duplicate_line": Decimal(100),
        "unexplained": Decimal(10),
    }


def test_an_id_shared_by_two_different_lines_is_a_finding_without_money():
    ours = [expected("100"), expected("50", item="PRIME")]
    theirs = [billed("100"), billed("50", item="PRIME")]
    result = compared(ours, theirs, repeated=["B-1"])
    assert [(finding.cause, finding.amount) for finding in result.findings] == [("duplicate_line", 0)] * 2
    assert {line.status for line in result.lines} == {"matched"}


def test_a_line_rightly_split_in_two_equal_halves_under_one_id_is_not_called_doubled():
    result = compared([expected("200")], [billed("100"), billed("100")], repeated=["B-1"])
    assert [(finding.cause, finding.amount) for finding in result.findings] == [("duplicate_line", 0)]


# 8.6


def test_an_adjustment_without_an_expected_one_is_unexpected():
    ours, theirs = [expected("100")], [billed("100"), billed("-5", "B-2", kind="adjustment")]
    assert {line.kind: line.status for line in compared(ours, theirs).lines} == {
        "adjustment": "unexpected",
        "charge": "matched",
    }


def test_an_expected_adjustment_joins_like_any_line():
    assert statuses([expected("-5", kind="adjustment")], [billed("-5", kind="adjustment")]) == ["matched"]


# 8.5


def test_completeness_names_delivery_without_a_bill_and_bills_without_a_contract():
    result = compared([expected("100", "ctv"), expected("0", "web")], [billed("5", contract="radio")])
    assert result.completeness.unbilled_contracts == ("ctv", "web")
    assert [line.contract for line in result.completeness.orphan_lines] == ["radio"]


def test_a_contract_that_delivered_nothing_needs_no_bill():
    assert compared([expected("100", kind="shortfall", item="_minimum")]).completeness.unbilled_contracts == ()


def test_known_contracts_and_deliveries_can_be_told_from_outside():
    result = compared([], [billed("5", contract="ended")], contracts={"ended"}, delivered={"quiet"})
    assert result.completeness.orphan_lines == ()
    assert result.completeness.unbilled_contracts == ("quiet",)


# Findings


def test_a_finding_has_the_same_name_in_every_run():
    (finding,) = compared([expected("100")], [billed("90")]).findings
    assert finding.finding_id == "2026-10/ctv/RUN/charge/USD/unexplained"


def test_slashes_in_names_do_not_blur_a_finding_s_parts():
    first = compared([expected("1", "a/b", "c")]).findings[0]
    second = compared([expected("1", "a", "b/c")]).findings[0]
    assert first.finding_id != second.finding_id


@pytest.mark.parametrize(
    ("ours", "theirs", "sentence"),
    [
        (["100"], ["90"], "Billed USD 90.00, expected USD 100.00: USD 10.00 less than expected."),
        (["100"], [], "Expected USD 100.00, nothing billed."),
        ([], ["90"], "Billed USD 90.00, nothing expected."),
    ],
)
def test_a_finding_says_what_happened(ours, theirs, sentence):
    result = compared([expected(amount) for amount in ours], [billed(amount) for amount in theirs])
    assert [finding.sentence for finding in result.findings] == [sentence]


# For any month

PARTS = ("contract", "item", "kind", "currency")
keys = st.tuples(
    st.sampled_from(["ctv", "web"]),
    st.sampled_from(["RUN", "PRIME"]),
    st.sampled_from(["charge", "adjustment"]),
    st.sampled_from(["USD", "EUR"]),
)
cents = st.integers(-300, 300).map(lambda n: Decimal(n).scaleb(-2))
months = st.tuples(
    st.lists(st.builds(lambda key, amount: expected(amount, *key), keys, cents), max_size=8),
    st.lists(
        st.builds(
            lambda key, amount, n: billed(amount, f"B-{n}", **dict(zip(PARTS, key, strict=True))),
            keys,
            cents,
            st.integers(1, 6),
        ),
        max_size=8,
    ),
)
tolerances = st.sampled_from(["0", "0.5", "1.00"])


def repeats(theirs):
    ids = [line.billing_line_id for line in theirs]
    return [name for name in ids if ids.count(name) > 1]


@given(months, tolerances)
def test_billed_less_expected_is_the_sum_of_the_variances(month, tolerance):
    ours, theirs = month
    result = compared(ours, theirs, repeats(theirs), amount=tolerance)
    for total in result.totals:
        billed_sum = sum(line.amount for line in theirs if line.currency == total.currency)
        expected_sum = sum(line.amount for line in ours if line.currency == total.currency)
        variances = [line.variance for line in result.lines if line.currency == total.currency]
        assert billed_sum - expected_sum == total.billed - total.expected == total.net == sum(variances)
        assert total.gross == sum(map(abs, variances))


@given(months, tolerances)
def test_findings_add_up_to_the_variance_of_their_line(month, tolerance):
    ours, theirs = month
    result = compared(ours, theirs, repeats(theirs), amount=tolerance)
    found = defaultdict(list)
    for finding in result.findings:
        found[finding.contract, finding.item, finding.kind, finding.currency].append(finding.amount)
    for line in result.lines:
        amounts = found.get((line.contract, line.item, line.kind, line.currency))
        if amounts is None:
            assert line.status in ("matched", "within_tolerance")
        else:
            assert sum(amounts) == line.variance
    names = [finding.finding_id for finding in result.findings]
    assert len(names) == len(set(names))


@given(months, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(month, chance):
    ours, theirs = month
    shuffled = chance.sample(ours, len(ours)), chance.sample(theirs, len(theirs))
    first, second = (compared(one, two, repeats(two)) for one, two in (month, shuffled))
    assert (first.lines, first.findings, first.totals) == (second.lines, second.findings, second.totals)
    assert first.completeness.unbilled_contracts == second.completeness.unbilled_contracts


@given(months)
def test_every_line_of_either_side_is_in_the_join_once(month):
    ours, theirs = month
    result = compared(ours, theirs)
    wanted = {(line.contract, line.item, line.period, line.kind, line.currency) for line in [*ours, *theirs]}
    assert sorted(wanted) == [tuple(line.key) for line in result.lines]


@given(months)
def test_a_month_billed_as_expected_matches_throughout(month):
    ours, _ = month
    theirs = [
        billed(line.amount, f"B-{n}", **{part: getattr(line, part) for part in PARTS}) for n, line in enumerate(ours)
    ]
    result = compared(ours, theirs)
    assert {line.status for line in result.lines} <= {"matched"}
    assert result.findings == ()


# Remarks of the recomputation


def test_remarks_of_one_line_and_cause_are_one_finding_without_money():
    remarks = [Remark("ctv", "RUN", "charge", "JPY", "third_party_missing", f"Missing on day {day}.") for day in (1, 2)]
    result = compared([expected("100", currency="JPY")], remarks=remarks, period="2026-10")
    assert [(one.finding_id, one.amount, one.sentence) for one in result.findings[1:]] == [
        ("2026-10/ctv/RUN/charge/JPY/third_party_missing", Decimal(0), "Missing on day 1. Missing on day 2.")
    ]


def test_many_remarks_are_told_in_part():
    remarks = [Remark("ctv", "", "clawback", "", "clawback_unbased", f"{n}.") for n in range(25)]
    assert compared(remarks=remarks).findings[0].sentence.endswith("19. And 5 more like these.")
