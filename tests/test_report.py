"""The stand-alone page of a close, and what is claimed from one counterparty."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from closed_demo import october

from recon.ledger import FindingAct, Signed
from recon.problems import BadInput
from recon.review import dispute, report
from recon.signoff import Dossier

pytestmark = pytest.mark.xdist_group("pages")
AT = 1_790_000_000_000_000


@pytest.fixture(scope="module")
def said() -> Dossier:
    """A reviewed month with one finding accepted and one waived."""
    close = october()
    rows = [row for row in close.findings.to_dict("records") if row["amount"]]
    acts = [
        FindingAct(close.period, close.run, row["finding_id"], action, "pat", AT, reason="<b>as agreed</b>", amount=row["amount"], currency=row["currency"])
        for row, action in zip(rows, ("accept", "waive"), strict=False)
    ]  # fmt: skip
    way = [Signed(close.period, close.run, "d" * 64, "prepared", "pat", AT), Signed(close.period, close.run, "d" * 64, "reviewed", "rae", AT)]
    return Dossier.unsigned(close, way, acts)


def test_the_page_asks_nothing_of_the_network_and_runs_nothing(said: Dossier) -> None:
    page = report(october(), said)
    assert not re.findall(r"<script|<link|<img|@import|url\((?!#)", page)
    assert set(re.findall(r"https?://[^\"'<> ]+", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert page.count("<svg") == 2


def test_every_line_and_finding_stands_on_it(said: Dossier) -> None:
    close = october()
    page = report(close, said)
    for line in close.lines.to_dict("records"):
        assert line["item"] in page and line["contract"] in page
    assert page.count("<tr>") >= len(close.lines) + len(close.findings)
    assert "accept, pat, &lt;b&gt;as agreed&lt;/b&gt;" in page and "<b>as agreed" not in page
    assert "reviewed with run 1, by rae at 2026-09-21 " in page


def test_a_month_nobody_signed_says_so() -> None:
    assert "Nobody has signed this run yet." in report(october(), Dossier.unsigned(october()))


def parties() -> list[str]:
    close = october()
    found = {row["contract"] for row in close.findings.to_dict("records") if row["amount"]}
    known = {one["contract"]: one["counterparty"] for one in close.versions}
    return sorted({known[contract] for contract in found if contract in known})


def test_a_claim_holds_what_is_open_with_one_party_and_nobody_else() -> None:
    close = october()
    nothing_said = Dossier.unsigned(close)
    names = {one["counterparty"] for one in close.versions}
    ours = {name: {one["contract"] for one in close.versions if one["counterparty"] == name} for name in names}
    assert len(parties()) > 3
    for party in parties():
        page = dispute(close, nothing_said, party)
        others = [one for name in names - {party} for one in (name, *ours[name])]
        assert [one for one in others if re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", page)] == []
        amounts = [row["amount"] for row in close.findings.to_dict("records") if row["contract"] in ours[party] and row["amount"]]
        for amount in amounts:
            assert f"{abs(Decimal(amount)):,f}" in page


def test_a_party_is_also_found_by_a_contract() -> None:
    close = october()
    party = parties()[0]
    contract = next(one["contract"] for one in close.versions if one["counterparty"] == party)
    assert dispute(close, Dossier.unsigned(close), party) == dispute(close, Dossier.unsigned(close), contract)


@pytest.mark.parametrize("name", ["nobody", ""])
def test_a_party_with_nothing_open_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="a counterparty with open findings"):
        dispute(october(), Dossier.unsigned(october()), name)


def test_what_was_waived_is_not_claimed() -> None:
    close = october()
    rows = [row for row in close.findings.to_dict("records") if row["amount"]]
    acts = [FindingAct(close.period, close.run, row["finding_id"], "waive", "pat", AT, reason="small", amount=row["amount"]) for row in rows]
    with pytest.raises(BadInput):
        dispute(close, Dossier.unsigned(close, (), acts), parties()[0])


