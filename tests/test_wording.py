"""The difference between two versions in sentences: each change told once, in the words of finance."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from versions import item, tiered, version

from recon.contracts.changing import changed, places_of
from recon.contracts.clauses import differences
from recon.contracts.documents import content_of, load_book, parse_version, write_version
from recon.contracts.renewing import renewed
from recon.contracts.terms import ContractVersion
from recon.contracts.wording import difference_words, sentences, summary_words
from recon.problems import BadInput

BOOK = load_book(Path(__file__).parent.parent / "contracts")
RENEWAL = {"auto": True, "term_months": 12, "notice_days": 60, "escalator_percent": "3"}
CPM = version(
    items=[
        item("PRIME", "24.00", booked={"quantity": 5_000_000}),
        item("RUN", rates=[{"when": {"geo": ["US", "CA"]}, "per_mille": "18.00"}, {"per_mille": "15.00"}]),
        tiered("STEP", {"over": 0, "per_mille": "7.50"}, {"over": 50_000, "per_mille": "6.80"}),
    ],
    minimum={"amount": "5000.00"},
    last="2027-03-31",
)  # fmt: skip
CPA = version(
    model="cpa", program="shop", direction="payout", partner="p",
    items=[
        {"item": "lead", "action": "lead", "flat": "14.00"},
        {"item": "sale", "action": "purchase", "percent_of_sale": "7", "max": "60.00"},
        {"item": "rest", "action": "other", "tiers": {"mode": "volume", "steps": [{"over": 0, "flat": "1"}, {"from": 10, "flat": "2"}]}},
    ],
    caps=[{"per": "day", "conversions": 500}, {"per": "period", "amount": "25000.00"}],
    bonus=[{"at_least": 500, "amount": "1000.00"}],
    eligibility={"geo": ["US"]},
)  # fmt: skip
NEXT = {"kind": "amendment", "effective.from": "2026-10-16"}


def amended(one: ContractVersion, **clauses: str) -> ContractVersion:
    """The version amended from 16 October, clauses set by their paths."""
    return changed(one, NEXT | clauses)


def said(one: ContractVersion, clauses: dict[str, str]) -> tuple[str, ...]:
    return difference_words(one, amended(one, **clauses))


@pytest.mark.parametrize(
    ("one", "clauses", "words"),
    [
        (CPM, {"items[PRIME].rates[0].per_mille": "22.00"}, "rate of PRIME from 24.00 to 22.00 per thousand"),
        (CPM, {"items[RUN].rates[0].per_mille": "18.50"}, "rate of RUN for geo US, CA from 18.00 to 18.50 per thousand"),
        (CPM, {"items[RUN].rates[1].per_mille": "14.00"}, "rate of RUN for all else from 15.00 to 14.00 per thousand"),
        (CPM, {"items[STEP].rates[0].tiers.steps[1].per_mille": "6.50"}, "rate of STEP above 50,000 from 6.80 to 6.50 per thousand"),
        (CPM, {"items[STEP].rates[0].tiers.steps[1].fee": "9.00"}, "fee of STEP above 50,000 from USD 0 to USD 9.00"),
        (CPM, {"items[STEP].rates[0].tiers.mode": "volume"}, "tier mode of STEP from graduated to volume"),
        (CPM, {"items[STEP].rates[0].tiers.steps[1].over": "60000"},
         "price of STEP graduated tiers: 7.50 per thousand above 0, 6.80 per thousand above 60,000, instead of "
         "graduated tiers: 7.50 per thousand above 0, 6.80 per thousand above 50,000"),
        (CPM, {"items[RUN].rates[0]": "none"}, "price of RUN 15.00 per thousand, instead of 18.00 per thousand for geo US, CA, 15.00 per thousand"),
        (CPM, {"items[RUN]": "none"}, "item RUN removed"),
        (CPM, {"minimum.amount": "4000.00"}, "minimum from USD 5,000.00 to USD 4,000.00"),
        (CPM, {"minimum": "none"}, "minimum of USD 5,000.00 per period removed"),
        (CPM, {"cap.amount": "9000.00"}, "cap of USD 9,000.00 per period added"),
        (CPM, {"items[RUN].cap.amount": "90", "items[RUN].cap.scope": "contract"}, "cap of USD 90 per contract of RUN added"),
        (CPM, {"items[PRIME].booked.quantity": "4000000"}, "booked quantity of PRIME from 5,000,000 to 4,000,000"),
        (CPM, {"basis": "viewable"}, "basis from delivered to viewable"),
        (CPM, {"third_party.tolerance_percent": "10"}, "third party (third-party tolerance 10 %, controlling count own, count beyond the third-party tolerance third party) added"),
        (CPA, {"attribution.click_window": "7d"}, "click window from 30 days to 7 days"),
        (CPA, {"attribution.model": "first_touch"}, "attribution model from last touch to first touch"),
        (CPA, {"items[lead].flat": "15.00"}, "rate of lead from USD 14.00 to USD 15.00 per conversion"),
        (CPA, {"items[sale].percent_of_sale": "6.5"}, "rate of sale from 7 % to 6.5 % of sale"),
        (CPA, {"items[sale].max": "none"}, "highest payout of sale USD 60.00 removed"),
        (CPA, {"items[rest].tiers.steps[1].flat": "3"}, "rate of rest from 10 on from USD 2 to USD 3 per conversion"),
        (CPA, {"items[sale].percent_of_sale": "none", "items[sale].max": "none", "items[sale].flat": "8.00"},
         "price of sale USD 8.00 per conversion, instead of 7 % of sale, highest payout USD 60.00"),
        (CPA, {"caps[0]": "none"}, "cap of 500 conversions per day removed"),
        (CPA, {"caps[0].conversions": "400"}, "cap of 400 conversions per day instead of cap of 500 conversions per day"),
        (CPA, {"bonus[0].at_least": "400"}, "bonus of USD 1,000.00 from 400 conversions instead of bonus of USD 1,000.00 from 500 conversions"),
        (CPA, {"minimum_payout.amount": "50.00", "minimum_payout.below": "carry"}, "minimum payout of USD 50.00, carry what is below added"),
        (CPA, {"eligibility.geo": "US, CA"}, "eligible geographies from US to US, CA"),
        (CPA, {"eligibility.geo": "none"}, "eligible geographies US removed"),
        (CPA, {"reversal_days": "1"}, "time for reversals from 60 days to 1 day"),
        (CPA, {"items[lead].action": "call"}, "action of lead from lead to call"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_one_change_is_one_sentence_with_its_day(one, clauses, words):
    assert said(one, clauses) == (f"{words} from 16 October 2026",)


@pytest.mark.parametrize(
    ("clauses", "words"),
    [
        ({"effective.to": "2026-12-31"}, "ends on 31 December 2026 instead of 31 March 2027"),
        ({"effective.to": "none"}, "no longer ends on 31 March 2027"),
        ({"counterparty.name": "Acme Inc."}, "counterparty renamed from A to Acme Inc."),
        ({"document.name": "IO 2", "document.page": "3"}, "document IO 2, page 3 added"),
        ({"timezone": "Europe/Berlin"}, "time zone from UTC to Europe/Berlin"),
        ({"renewal.auto": "true", "renewal.term_months": "12"},
         "renewal (automatic renewal yes, renewal term 12 months, notice period 0 days, escalator 0 %) added"),
    ],
)  # fmt: skip
def test_what_is_no_price_has_the_day_beside_it(clauses, words):
    assert said(CPM, clauses) == (words, "amended from 16 October 2026")
    assert difference_words(CPM, changed(CPM, clauses)) == (words,)


def test_prices_come_first_then_the_order_of_the_document_then_the_day():
    clauses = {"basis": "viewable", "effective.to": "2026-12-31", "minimum.amount": "1.00",
               "items[PRIME].rates[0].per_mille": "22.00", "items[RUN]": "none"}  # fmt: skip
    assert said(CPM, clauses) == (
        "rate of PRIME from 24.00 to 22.00 per thousand",
        "item RUN removed",
        "ends on 31 December 2026 instead of 31 March 2027",
        "minimum from USD 5,000.00 to USD 1.00",
        "basis from delivered to viewable",
        "amended from 16 October 2026",
    )


def test_an_edit_of_the_same_version_holds_from_the_same_day():
    clauses = {"basis": "viewable", "minimum.amount": "1.00"}
    assert difference_words(CPM, changed(CPM, clauses))[-1] == "in force from 1 January 2026"
    assert difference_words(CPM, CPM) == () and summary_words(CPM, CPM) == "no difference"


def test_an_added_item_is_told_with_its_price_and_what_stands_with_it():
    fewer = changed(CPM, {"items[PRIME]": "none", "items[RUN]": "none"})
    assert difference_words(fewer, amended(CPM)) == (
        "item PRIME added at 24.00 per thousand, booked quantity of 5,000,000 per period",
        "item RUN added at 18.00 per thousand for geo US, CA, 15.00 per thousand",
        "amended from 16 October 2026",
    )
    assert difference_words(changed(CPA, {"items[sale]": "none"}), amended(CPA)) == (
        "item sale (purchase) added at 7 % of sale, highest payout USD 60.00 from 16 October 2026",
    )


def test_the_order_of_items_and_fixed_fees_are_told():
    turned = CPM.model_copy(update={"terms": CPM.terms.model_copy(update={"items": CPM.terms.items[::-1]})})
    assert difference_words(CPM, turned) == (
        "order of items STEP, RUN, PRIME instead of PRIME, RUN, STEP from 1 January 2026",
    )
    setup = version(items=[item()], fixed_fees=[{"item": "SETUP", "amount": "250.00", "prorate": True}])
    assert difference_words(version(items=[item()]), setup) == (
        "fixed fee of USD 250.00, prorated for SETUP added from 1 January 2026",
    )
    assert difference_words(setup, changed(setup, {"fixed_fees[SETUP].prorate": "false"})) == (
        "prorate of SETUP from yes to no from 1 January 2026",
    )


def test_renewal_termination_and_resumption_say_so():
    one = ContractVersion.model_validate(content_of(CPM) | {"renewal": RENEWAL})
    assert difference_words(one, renewed(one, 2))[-1] == "renewed from 1 April 2027 to 31 March 2028"
    head = {"version": 2, "kind": "termination", "effective": {"from": "2026-11-01"}}
    ended = ContractVersion.model_validate(
        {key: value for key, value in content_of(one).items() if key not in ("terms", "renewal")} | head
    )
    assert difference_words(one, ended) == ("terminated from 1 November 2026",)
    again = amended(CPA)
    assert difference_words(
        ended.model_copy(update={"direction": "payout", "counterparty": CPA.counterparty}), again
    ) == (
        "item lead (lead) added at USD 14.00 per conversion",
        "item sale (purchase) added at 7 % of sale, highest payout USD 60.00",
        "item rest (other) added at volume tiers: USD 1 per conversion above 0, USD 2 per conversion from 10 on",
        "resumed from 16 October 2026 without an end",
    )


def test_the_demo_book_reads_well():
    told = {(two.contract, two.version): summary_words(one, two)
            for name in BOOK.contracts for one, two in pairwise(BOOK.versions_of(name))}  # fmt: skip
    assert told["larkfield-network", 2] == "rate of FJ-CTV-RUN from 10.80 to 11.40 per thousand from 12 October 2026"
    assert told["pinecrest-banner", 2] == "terminated from 24 October 2026"
    assert told["hearth-thriftowl", 2] == (
        "rule new_customer_kicker (item new-customer, percent 60, amount 0.35) added; renewed from 15 October 2026 to "
        "14 October 2027"
    )
    assert told["fjord-ctv", 2] == (
        "rate of FJ-CTV-RUN for device ctv from 18.00 to 16.50 per thousand; rate of FJ-CTV-RUN for all else from 14.25 "
        "to 13.00 per thousand; basis from delivered to viewable; amended from 16 October 2026"
    )


def test_a_summary_is_one_line_that_counts_what_it_leaves_out(tmp_path):
    many = version(items=[item(f"PLACEMENT-{n}") for n in range(20)])
    dear = version(2, "2026-10-16", items=[item(f"PLACEMENT-{n}", "11") for n in range(20)])
    line = summary_words(many, dear)
    assert line.endswith("; 17 more changes; amended from 16 October 2026") and len(line) < 230
    text = write_version(tmp_path, dear, line).read_text()
    assert text.startswith(f"# {line}\n") and parse_version(text, "x") == dear


# Whatever changes, it is told


def whole(one: ContractVersion, two: ContractVersion) -> None:
    told = sentences(one, two)
    assert Counter(change for each in told for change in each.changes) == Counter(differences(one, two))
    assert all(each.words and "\n" not in each.words for each in told)
    assert len({each.words for each in told}) == len(told)
    assert summary_words(one, two)


@settings(deadline=None)
@given(st.sampled_from([*BOOK.versions, CPM, CPA]), st.sampled_from([*BOOK.versions, CPM, CPA]))
def test_no_change_between_any_two_versions_is_lost(one, two):
    whole(one, two)


@settings(deadline=None)
@given(st.data())
def test_no_change_of_any_clause_is_lost(data):
    one = data.draw(st.sampled_from([CPM, CPA, *BOOK.versions]))
    texts = st.sampled_from(
        ["none", "5", "7.25", "12d", "US, CA", "geo US", "true", "contract", "first_touch", "2026-11-05", "new name"]
    )
    edits = data.draw(st.dictionaries(st.sampled_from(sorted(places_of(one))), texts, min_size=1, max_size=3))
    two = one
    for path, text in edits.items():
        try:
            two = changed(two, {path: text})
        except BadInput:
            continue
    whole(one, two)
    whole(two, one)


FAMILY = st.lists(
    st.sampled_from(["A", "B", "A]", "A.rates[0]", "A[0].x", "none"]), min_size=1, max_size=4, unique=True
)


@given(FAMILY, FAMILY, st.sampled_from(["1", "2.50"]))
def test_items_with_any_names_come_and_go_and_change_places(old, new, price):
    whole(version(items=[item(name, "1") for name in old]), version(2, items=[item(name, price) for name in new]))
