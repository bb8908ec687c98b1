"""Proposed journal entries: debit = credit, the right way round, only for what was decided."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from recon.evidence.journals import journals_csv, proposed
from recon.signoff import Item, RollForward
from recon.workspace import Accounts

ACCOUNTS = Accounts("1200", "4000", "2100", "5000")
DIRECTIONS = {"ctv": "charge", "acme": "payout"}


def item(amount, contract="ctv", kind="charge", disposition="accept", **said):
    name = f"2026-10/{contract}/RUN/{kind}/USD/stale_version"
    told = {"counterparty": "Northwind", "cause": "stale_version", "grade": "proven"} | said
    return Item(name, "2026-10", contract, "RUN", kind, "USD", amount=Decimal(amount), disposition=disposition, **told)


def postings(*items, carried=()):
    return proposed(RollForward("2026-10", 1, tuple(carried), items, (), items), DIRECTIONS, ACCOUNTS)


def sides(*items):
    return [(one.account, str(one.debit), str(one.credit)) for one in postings(*items)]


@pytest.mark.parametrize(("amount", "contract", "kind", "debit", "credit"), [
    ("10.00", "ctv", "charge", "4000", "1200"), ("-10.00", "ctv", "charge", "1200", "4000"),
    ("10.00", "acme", "payout", "2100", "5000"), ("-10.00", "acme", "payout", "5000", "2100"),
    ("10.00", "acme", "clawback", "2100", "5000"), ("10.00", "nobody", "charge", "4000", "1200"),
    ("10.00", "nobody", "payout", "2100", "5000"),
])  # fmt: skip
def test_an_entry_brings_what_was_billed_to_what_was_expected(amount, contract, kind, debit, credit):
    assert sides(item(amount, contract, kind)) == [(debit, "10.00", "0"), (credit, "0", "10.00")]


def test_only_what_was_accepted_or_is_timing_is_proposed_and_only_once():
    assert postings(item("1", disposition="dispute"), item("2", disposition="waive"), item("3", disposition="")) == ()
    assert postings(carried=[item("4")]) == ()


def test_timing_reverses_on_the_first_day_of_the_next_month():
    found = postings(item("1.00"), item("2.00", disposition="timing"))
    assert [(one.entry, one.date, one.reversal) for one in found] == [
        ("2026-10-0001", date(2026, 10, 31), None), ("2026-10-0001", date(2026, 10, 31), None),
        ("2026-10-0002", date(2026, 10, 31), date(2026, 11, 1)), ("2026-10-0002", date(2026, 10, 31), date(2026, 11, 1)),
    ]  # fmt: skip


def test_the_file_has_a_row_per_posting_and_no_live_formula():
    rows = list(csv.DictReader(io.StringIO(journals_csv(postings(item("-1234.50", counterparty="=1+1"))))))
    assert [(row["account"], row["debit"], row["credit"], row["counterparty"]) for row in rows] == [
        ("1200", "1234.50", "0", "'=1+1"), ("4000", "0", "1234.50", "'=1+1"),
    ]  # fmt: skip
    assert {row["reference"] for row in rows} == {"2026-10/ctv/RUN/charge/USD/stale_version"}
    assert {(row["date"], row["reversal"]) for row in rows} == {("2026-10-31", "")}
