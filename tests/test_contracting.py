"""Contracts at work: drafts, decisions upon the whole book, the effect on closed months, two who approve."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from versions import item, version

from fixtures.random_months.month import asked, make
from recon.close import close_period
from recon.contracting import Office, effects_of, exported, history_words, waiting
from recon.contracts.documents import load_book, write_version
from recon.contracts.terms import ContractVersion
from recon.ledger import Ledger
from recon.period import Period, instant
from recon.problems import BadInput
from recon.workspace import Workspace

AT = instant("2030-01-01T00:00:00Z")
PEOPLE = {"dana": ("contract_author",), "omar": ("contract_approver",), "ida": ("contract_approver",)}
RATE = "items[RUN].rates[0].per_mille"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace of people without a contract."""
    return replace(Workspace.init(tmp_path / "north"), people=PEOPLE)


def office(workspace: Workspace, who: str = "dana", later: int = 0) -> Office:
    return Office(workspace, who, AT + later * 60_000_000)


def signed(workspace: Workspace, made: ContractVersion, later: int = 1) -> None:
    """A draft through its submission and approval."""
    office(workspace, "dana", later).submit(made.contract, made.version)
    office(workspace, "omar", later + 1).approve(made.contract, made.version)


def started(workspace: Workspace, **said: Any) -> ContractVersion:
    """A contract in force."""
    made = office(workspace).new(version(items=[item()], **said))
    signed(workspace, made)
    return made


def book(workspace: Workspace) -> Any:
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        return ledger.register.book()


def test_a_contract_lives_from_its_first_draft_to_its_return(workspace: Workspace) -> None:
    started(workspace, last="2026-12-31")
    amended = office(workspace, later=10).amend("acme", date(2026, 10, 16), {RATE: "12.50"}, reason="new rate card")
    assert (amended.kind, str(amended.effective.first), str(amended.effective.last)) == (
        "amendment",
        "2026-10-16",
        "2026-12-31",
    )
    edited = office(workspace, later=11).edit(amended.model_copy(update={"currency": "USD"}), 1)
    assert edited.status == "draft"
    signed(workspace, edited, 12)
    corrected = office(workspace, later=20).correct("acme", 2, {RATE: "12.05"}, "typed wrong")
    assert corrected.effective == amended.effective
    signed(workspace, corrected, 21)
    ended = office(workspace, later=30).terminate("acme", date(2026, 11, 1), "campaign over")
    signed(workspace, ended, 31)
    with pytest.raises(BadInput, match="reinstate it"):
        office(workspace, later=40).amend("acme", date(2026, 12, 1), {})
    back = office(workspace, later=40).reinstate("acme", date(2026, 12, 1), {RATE: "13.00"})
    signed(workspace, back, 41)
    found = book(workspace)
    days = [date(2026, month, day) for month, day in ((10, 1), (10, 20), (11, 5), (12, 5))]
    assert [one and one.version for one in (found.in_force("acme", day) for day in days)] == [1, 3, None, 5]
    told = list(history_words(workspace, "acme"))
    assert (
        "v2, amendment, approved, from 2026-10-16: rate of RUN from 10 to 12.50 per thousand from 16 October 2026"
        in told
    )
    assert any(line.endswith("written by dana: new rate card") for line in told)
    assert not waiting(workspace)


def test_a_renewal_follows_its_clause(workspace: Workspace) -> None:
    made = version(items=[item(per_mille="22.50")], last="2026-12-31")
    clause = {"auto": True, "term_months": 12, "notice_days": 30, "escalator_percent": "3"}
    made = ContractVersion.model_validate(made.model_dump(mode="json", by_alias=True) | {"renewal": clause})
    signed(workspace, office(workspace).new(made))
    draft = office(workspace, later=5).renew("acme", {})
    assert (draft.kind, str(draft.effective.first), str(draft.effective.last)) == (
        "renewal",
        "2027-01-01",
        "2027-12-31",
    )
    assert draft.terms is not None and str(draft.terms.items[0].rates[0].per_mille) == "23.18"  # type: ignore[union-attr]


def test_what_lint_refuses_is_not_submitted(workspace: Workspace) -> None:
    started(workspace)
    other = office(workspace, later=5).new(version(contract="other", items=[item()]))
    with pytest.raises(BadInput, match="an item that no other charge contract in force lists"):
        office(workspace, later=6).submit(other.contract, 1)
    (open_,) = waiting(workspace)
    assert (open_.version.contract, open_.status) == ("other", "draft")


def test_a_counterparty_may_take_two(workspace: Workspace) -> None:
    workspace = replace(workspace, two_approvers_for=("a",))
    made = office(workspace).new(version(items=[item()]))
    signed(workspace, made)
    (open_,) = waiting(workspace)
    assert (open_.status, open_.endorsed_by) == ("submitted", ("omar",))
    office(workspace, "ida", 5).approve("acme", 1)
    assert not waiting(workspace)


def test_documents_of_the_register_go_out_and_in(workspace: Workspace, tmp_path: Path) -> None:
    started(workspace)
    office(workspace, later=5).amend("acme", date(2026, 11, 1), {RATE: "9.00"})
    exported(workspace, tmp_path / "out")
    assert load_book(tmp_path / "out") == book(workspace)
    text = (tmp_path / "out" / "acme" / "v2.yaml").read_text()
    assert text.startswith("# v2: rate of RUN from 10 to 9.00 per thousand from 1 November 2026\n# revision 1\n")


def test_the_effect_is_what_a_whole_close_says(tmp_path: Path) -> None:
    """A version approved after the month: the preview, then the true close with it."""
    workspace, period = _random_month(tmp_path)
    before = close_period(workspace, period, is_diagnosed=False)
    lines = before.lines[before.lines["kind"].eq("charge") & before.lines["expected_amount"].gt(5)]
    draft = office(workspace).amend(lines["contract"].iloc[0], period.first, {"discount_percent": "37"})
    (effect,) = effects_of(workspace, draft)
    assert (effect.period, effect.run, effect.is_locked) == (str(period), 1, False)
    totals = effect.preview.totals
    assert any(totals.values())
    strict = replace(workspace, two_approvers_above={currency: Decimal(0) for currency in totals})
    office(strict, later=1).submit(draft.contract, draft.version)
    assert office(strict, "omar", 2).approve(draft.contract, draft.version).action == "endorse"
    last = office(strict, "ida", 3).approve(draft.contract, draft.version)
    assert last.action == "approve" and last.effect == ", ".join(f"{c} {a:f}" for c, a in effect.gross.items())
    after = close_period(workspace, period, is_diagnosed=False)
    sums = [close.lines.groupby("currency")["expected_amount"].sum() for close in (before, after)]
    assert {currency: sums[1][currency] - sums[0][currency] for currency in totals} == totals


def _random_month(folder: Path) -> tuple[Workspace, Period]:
    make(7005, folder / "month")
    wanted = asked(folder / "month")
    return replace(Workspace.open(folder / "month"), people=PEOPLE), Period.parse(wanted["period"])


def test_a_close_reads_the_register_and_says_what_it_took_in(tmp_path: Path) -> None:
    workspace, period = _random_month(tmp_path)
    first = close_period(workspace, period, is_diagnosed=False)
    assert len(first.manifest["imported"]["documents"]) == len(load_book(workspace.contracts).versions)
    second = close_period(workspace, period, is_diagnosed=False)
    assert second.manifest["imported"]["documents"] == []
    assert second.manifest["digest"] == first.manifest["digest"]
    approved = next(one for one in book(workspace).versions if one.is_approved)
    write_version(workspace.contracts, approved.model_copy(update={"timezone": "Pacific/Chatham"}))
    with pytest.raises(BadInput, match="a change of it is a new version"):
        close_period(workspace, period, is_diagnosed=False)
