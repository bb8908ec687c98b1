"""Renewals by their clause, and which contracts are waiting for one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from versions import APPROVED, version

from recon.contracts.book import Book
from recon.contracts.documents import content_of, document_text, load_book, parse_version
from recon.contracts.lint import lint
from recon.contracts.renewing import Due, due, escalated, renewed, term_end
from recon.contracts.terms import ContractVersion
from recon.period import Period
from recon.problems import BadInput

ROOT = Path(__file__).parent.parent
BOOK = load_book(ROOT / "contracts")
CASE = load_book(ROOT / "fixtures/cases/2.4-renewal-due-is-no-renewal/contracts")
RENEWAL = {"auto": True, "term_months": 12, "notice_days": 60, "escalator_percent": "3"}
STEPS = [{"over": 0, "per_mille": "18", "fee": "100.00"}, {"over": 1000, "per_mille": "15.5"}]
CPM_ITEMS = [
    {"item": "A", "rates": [{"when": {"geo": ["US"]}, "per_mille": "22.50"}, {"per_mille": "0"}], "cap": {"amount": "10.00"}},
    {"item": "B", "rates": [{"tiers": {"mode": "graduated", "steps": STEPS}}], "booked": {"quantity": 5}},
]  # fmt: skip
CPA_STEPS = [{"over": 0, "flat": "1.50", "fee": "9.00"}, {"from": 100, "percent_of_sale": "2"}]
CPA_ITEMS = [
    {"item": "lead", "action": "lead", "flat": "14.00"},
    {"item": "new", "action": "purchase", "percent_of_sale": "12", "min": "1.00", "max": "60.00"},
    {"item": "sale", "action": "purchase", "tiers": {"mode": "volume", "steps": CPA_STEPS}},
]


def ending(last="2026-12-31", renewal=RENEWAL, **said) -> ContractVersion:
    said = said or {
        "items": CPM_ITEMS,
        "minimum": {"amount": "5000.00"},
        "fixed_fees": [{"item": "F", "amount": "7.00"}],
    }
    content = content_of(version(last=last, **said)) | ({"renewal": renewal} if renewal else {})
    return ContractVersion.model_validate(content)


def test_the_demo_contract_that_was_renewed_by_its_clause_says_what_ours_says():
    ours = renewed(BOOK.version("hearth-display", 1), 2)
    theirs = BOOK.version("hearth-display", 2)
    assert (ours.terms, ours.effective, ours.kind, ours.renewal) == (
        theirs.terms, theirs.effective, theirs.kind, theirs.renewal,
    )  # fmt: skip
    assert (ours.status, ours.history, ours.document) == ("draft", (), None)


def test_prices_per_thousand_and_flat_payouts_rise_in_rates_and_tier_steps_and_nothing_else_does():
    text = document_text(ending())
    for old, new in [("22.50", "23.18"), ('"18"', '"19"'), ("15.5", "16.0")]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    after = renewed(ending(), 2)
    assert content_of(after)["terms"] == content_of(parse_version(text, "x"))["terms"]


def test_of_a_payout_only_the_flat_prices_rise():
    before = ending(model="cpa", program="shop", direction="payout", partner="p", items=CPA_ITEMS,
                    bonus=[{"at_least": 5, "amount": "9.00"}], caps=[{"per": "day", "amount": "9.00"}])  # fmt: skip
    lead, new, sale = renewed(before, 2).terms.items
    assert (str(lead.flat), str(sale.tiers.steps[0].flat)) == ("14.42", "1.55")
    assert new == before.terms.items[1]
    assert sale.tiers.steps[1] == before.terms.items[2].tiers.steps[1] and str(sale.tiers.steps[0].fee) == "9.00"
    assert (renewed(before, 2).terms.bonus, renewed(before, 2).terms.caps) == (before.terms.bonus, before.terms.caps)


def test_a_draft_begins_the_day_after_and_can_be_written_and_renewed_again():
    after = renewed(ending(), 2)
    assert (str(after.effective.first), str(after.effective.last)) == ("2027-01-01", "2027-12-31")
    assert parse_version(document_text(after), "x") == after
    assert "history" not in document_text(after)
    again = renewed(after, 3)
    assert (again.version, str(again.effective.last), again.renewal) == (3, "2028-12-31", after.renewal)
    assert str(again.terms.items[0].rates[0].per_mille) == "23.88"


@pytest.mark.parametrize(
    ("last", "places"),
    [
        (ending(renewal=None), ["acme/v1.yaml renewal"]),
        (ending(last=None), ["acme/v1.yaml effective.to"]),
        (ending(last=None, renewal=None), ["acme/v1.yaml renewal", "acme/v1.yaml effective.to"]),
    ],
)
def test_what_cannot_be_renewed_is_refused_with_every_reason(last, places):
    with pytest.raises(BadInput) as refused:
        renewed(last, 2)
    assert [one.place for one in refused.value.problems] == places
    assert all(one.value == "none" and "(2.4)" in one.expected for one in refused.value.problems)


def test_a_number_that_is_taken_and_a_price_too_long_to_write_are_refused():
    with pytest.raises(BadInput, match="acme version: '1'; expected a number above 1"):
        renewed(ending(), 1)
    dear = ending(items=[{"item": "A", "rates": [{"per_mille": "999999999999"}]}])
    with pytest.raises(BadInput, match=r"acme/v2.yaml terms.items\[0\].rates\[0\].per_mille: '1029999999999'"):
        renewed(dear, 2)


@given(st.dates(date(2000, 1, 1), date(2200, 1, 1)), st.integers(1, 600))
def test_terms_of_whole_months_end_the_day_before_their_day_number_comes_again(first, months):
    following = term_end(first, months) + timedelta(days=1)
    assert Period.of(following) == Period.of(first).shifted(months)
    assert following.day == first.day or (following.day < first.day and following == Period.of(following).last)
    assert term_end(first, months) < term_end(first, months + 1)


@given(st.decimals(0, 1000, places=2), st.sampled_from(["0", "1", "2.5", "3", "100"]), st.integers(0, 3))
def test_an_escalated_price_keeps_its_decimals_and_is_off_by_half_a_step_at_most(price, percent, more):
    written = price.quantize(Decimal(1).scaleb(-more))
    found = escalated(written, Decimal(percent))
    assert found.as_tuple().exponent == written.as_tuple().exponent
    off = Fraction(found) - Fraction(written) * (100 + Fraction(percent)) / 100
    step = Fraction(1, 10**more)
    assert -step / 2 < off <= step / 2
    assert found == written or percent != "0"


def test_the_case_of_a_renewal_that_is_due_is_a_row():
    row = Due("adv", 1, date(2026, 10, 15), date(2026, 8, 16), True, False, 12, Decimal(3))
    assert due(CASE, date(2026, 8, 16)) == (row,)
    assert [one.is_overdue for one in due(CASE, date(2026, 8, 17))] == [True]
    assert [one.place for one in lint(CASE, date(2026, 8, 17))] == ["adv/v1.yaml renewal"]
    assert lint(CASE, date(2026, 8, 16)) == []


def test_only_an_approved_version_takes_a_contract_off_the_list():
    one = ending()
    draft = renewed(one, 2)
    approved = draft.model_copy(update={"status": "approved", "history": one.history})
    assert [row.version for row in due(Book((one, draft)), date(2026, 1, 1))] == [1]
    assert [(row.version, str(row.ends)) for row in due(Book((one, approved)), date(2026, 1, 1))] == [(2, "2027-12-31")]
    open_ended = version(2, "2027-01-01", items=CPM_ITEMS)
    assert due(Book((one, open_ended)), date(2026, 1, 1)) == ()


@pytest.mark.parametrize("first", ["2026-10-10", "2026-12-31", "2027-01-01", "2027-02-01"])
def test_a_contract_that_a_termination_ends_is_not_due(first):
    head = content_of(ending()) | {"version": 2, "kind": "termination", "effective": {"from": first}}
    ended = ContractVersion.model_validate({key: one for key, one in head.items() if key not in ("terms", "renewal")})
    book = Book((ending(), ended))
    assert due(book, date(2026, 12, 31)) == () and lint(book, date(2026, 12, 31)) == []


def test_a_contract_that_began_again_after_a_termination_is_due_by_its_last_version():
    gone = {"version": 2, "kind": "termination", "effective": {"from": "2026-05-01"}, "history": APPROVED}
    head = {key: one for key, one in content_of(ending()).items() if key not in ("terms", "renewal")}
    again = ending().model_copy(update={"version": 3, "kind": "amendment"})
    book = Book((ending(), ContractVersion.model_validate(head | gone), again))
    assert [row.version for row in due(book, date(2026, 1, 1))] == [3]


def test_rows_stand_by_notice_date_then_contract():
    one = ending()
    soon = one.model_copy(update={"contract": "z", "renewal": one.renewal.model_copy(update={"notice_days": 90})})
    twin = one.model_copy(update={"contract": "b"})
    assert [row.contract for row in due(Book((twin, one, soon)), date(2026, 1, 1))] == ["z", "acme", "b"]
