"""Which version is in force, by a day-by-day reading of RULES 2.2 to 2.4 that shares no code with the book."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion

START = date(2026, 1, 1)
DAYS = [START + timedelta(days=n) for n in range(40)]
HEAD = {
    "contract": "a",
    "counterparty": {"id": "n", "name": "N", "role": "advertiser"},
    "direction": "charge",
    "currency": "USD",
    "timezone": "UTC",
}
TERMS = {"model": "cpm", "items": [{"item": "X", "rates": [{"per_mille": "1"}]}]}


def version(number, first, last=None, kind="amendment", *, at=1, status="approved", contract="a"):
    history = {"approved": [("approve", at)], "draft": [], "submitted": [("submit", at)], "rejected": [("reject", at)]}
    dates = {"from": str(first)} | ({"to": str(last)} if last and kind != "termination" else {})
    return ContractVersion.model_validate(
        HEAD
        | {"contract": contract, "version": number, "kind": kind, "effective": dates, "status": status}
        | {"history": [{"action": action, "by": "lee", "at": when} for action, when in history[status]]}
        | ({} if kind == "termination" else {"terms": TERMS})
    )


@st.composite
def books(draw):
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        first = draw(st.sampled_from(DAYS[2:-2]))
        last = draw(st.none() | st.integers(0, 20).map(lambda n, first=first: first + timedelta(days=n)))
        kind = draw(st.sampled_from(["amendment", "amendment", "correction", "termination"]))
        status = draw(st.sampled_from(["approved", "approved", "approved", "draft", "submitted", "rejected"]))
        made.append(version(number, first, last, kind, at=draw(st.integers(1, 5)), status=status))
    return Book(tuple(draw(st.permutations(made))))


def naive(book, day, known):
    """RULES 2.2 and 2.3 sentence by sentence; `known` is an instant."""
    approved = [one for one in book.versions if one.status == "approved" and one.history[-1].at <= known]
    ended = [one.version for one in approved if one.kind == "termination" and one.effective.first <= day]
    candidates = [
        one.version
        for one in approved
        if one.kind != "termination"
        and one.effective.first <= day <= (one.effective.last or date.max)
        and not any(one.version < number for number in ended)
    ]
    return max(candidates, default=None)


@settings(max_examples=300)
@given(books(), st.integers(0, 6))
def test_in_force_and_spans_say_the_same_as_a_day_by_day_reading(book, known):
    as_known = book.known_at(known)
    spans = as_known.spans("a")
    for day in DAYS:
        wanted = naive(book, day, known)
        found = as_known.in_force("a", day)
        assert (found and found.version) == wanted
        holding = [span.version.version for span in spans if span.first <= day and (span.end is None or day < span.end)]
        assert holding == ([] if wanted is None else [wanted])


@given(books())
def test_spans_are_maximal_and_in_date_order(book):
    spans = book.spans("a")
    for one, following in pairwise(spans):
        assert one.end is not None and one.first < one.end <= following.first
        assert one.end < following.first or one.version is not following.version


def test_both_ends_of_a_version_are_in_force_and_the_days_beside_them_are_not():
    book = Book((version(1, date(2026, 10, 1), date(2026, 10, 15), "original"),))
    assert book.in_force("a", date(2026, 9, 30)) is None
    assert book.in_force("a", date(2026, 10, 1)) is book.versions[0]
    assert book.in_force("a", date(2026, 10, 15)) is book.versions[0]
    assert book.in_force("a", date(2026, 10, 16)) is None


def test_an_amendment_of_some_days_gives_the_original_back_afterwards():
    original, special = version(1, date(2026, 1, 1)), version(2, date(2026, 1, 10), date(2026, 1, 12))
    found = [
        (span.first.day, span.end and span.end.day, span.version.version)
        for span in Book((special, original)).spans("a")
    ]
    assert found == [(1, 10, 1), (10, 13, 2), (13, None, 1)]


def test_a_higher_number_starts_again_after_a_termination_and_the_termination_holds_after_it():
    book = Book(
        (
            version(1, date(2026, 1, 1), kind="original"),
            version(2, date(2026, 1, 5), kind="termination"),
            version(3, date(2026, 1, 10), date(2026, 1, 12), "renewal"),
        )
    )
    found = [(span.first.day, span.end.day, span.version.version) for span in book.spans("a")]
    assert found == [(1, 5, 1), (10, 13, 3)]


def test_known_at_counts_an_approval_at_that_very_instant_and_leaves_drafts_out():
    one, two = version(1, START, kind="original", at=10), version(2, START, at=20)
    book = Book((one, two, version(3, START, status="draft"), version(4, START, status="submitted", at=1)))
    assert book.known_at(9).versions == ()
    assert book.known_at(19).versions == (one,)
    assert book.known_at(20).versions == (one, two)
    assert book.known_at(None).versions == (one, two)


def test_contracts_are_apart_and_unknown_ones_have_nothing():
    book = Book((version(1, START, contract="b"), version(1, START, contract="a")))
    assert book.contracts == ("a", "b")
    assert book.in_force("c", START) is None and book.spans("c") == () and book.versions_of("c") == ()
    assert book.version("b", 1) is book.versions_of("b")[0] and book.version("b", 2) is None
