"""What the page of the contract book is told: what holds on a date, what comes next, what waits, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import vl_convert
from versions import item, version

from recon import charts, review
from recon.contracting import Office
from recon.contracts.terms import ContractVersion
from recon.ledger import Ledger
from recon.period import instant
from recon.review.kept import ContractBook
from recon.workspace import Workspace

AT = instant("2026-01-01T00:00:00Z")
PEOPLE = {"dana": ("contract_author",), "omar": ("contract_approver",), "ida": ("contract_author", "contract_approver")}
BEFORE, AMENDED, AFTER = date(2026, 9, 1), date(2026, 10, 16), date(2027, 1, 5)


class Desk:
    """Somebody's acts, a minute apart."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.minutes = workspace, 0

    def __call__(self, who: str) -> Office:
        self.minutes += 1
        return Office(self.workspace, who, AT + self.minutes * 60_000_000)

    def signed(self, made: ContractVersion) -> None:
        self("dana").submit(made.contract, made.version)
        self("omar").approve(made.contract, made.version)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Five contracts: amended, terminated, renewable, with a submitted version, and a first draft."""
    place = replace(Workspace.init(tmp_path_factory.mktemp("book") / "north"), people=PEOPLE)
    act = Desk(place)
    act.signed(act("dana").new(_contract("acme", "A-RUN", last="2026-12-31")))
    act.signed(act("dana").amend("acme", AMENDED, {"items[A-RUN].rates[0].per_mille": "12.50"}))
    act.signed(act("dana").new(_contract("birch", "B-RUN")))
    act.signed(act("dana").terminate("birch", date(2026, 11, 1), "campaign over"))
    clause = {"auto": True, "term_months": 12, "notice_days": 60, "escalator_percent": "3"}
    renewable = _contract("cedar", "C-RUN", last="2026-12-31").model_dump(mode="json", by_alias=True)
    act.signed(act("dana").new(ContractVersion.model_validate(renewable | {"renewal": clause})))
    act.signed(act("dana").new(_contract("dune", "D-RUN", currency="GBP")))
    proposed = act("ida").amend("dune", date(2026, 12, 1), {"discount_percent": "5"})
    act("ida").submit("dune", proposed.version)
    act("dana").new(_contract("elm", "E-RUN", first="2027-01-01"))
    return place


def _contract(name: str, sold: str, **said: Any) -> ContractVersion:
    return version(contract=name, items=[item(sold)], **said)


def kept(workspace: Workspace, day: date = AMENDED) -> ContractBook:
    return review.open_book(workspace, day)


def table(workspace: Workspace, day: date) -> dict[str, dict[str, str]]:
    book = kept(workspace, day)
    rows = review.book_table(book, review.contracts_passing(book)).to_dict("records")
    return {row["contract"]: {str(name): value for name, value in row.items()} for row in rows}


@pytest.mark.parametrize(
    "day, holds, last",
    [
        (BEFORE, "v1 from 2026-01-01", "2026-10-15"),
        (date(2026, 10, 15), "v1 from 2026-01-01", "2026-10-15"),
        (AMENDED, "v2 from 2026-10-16", "2026-12-31"),
        (AFTER, "none", "–"),
    ],
)
def test_the_version_in_force_is_that_of_the_date(workspace: Workspace, day: date, holds: str, last: str) -> None:
    row = table(workspace, day)["acme"]
    assert (row["in force"], row["to"], row["newest"]) == (holds, last, "v2 approved")


def test_a_row_tells_with_whom_how_it_is_priced_and_what_comes_next(workspace: Workspace) -> None:
    rows = table(workspace, AMENDED)
    assert (rows["dune"]["side"], rows["dune"]["priced"]) == ("advertiser, charge", "CPM, GBP")
    assert rows["birch"]["what comes next"] == "2026-10-31: last day, then terminated"
    assert rows["cedar"]["what comes next"] == "2026-11-01: last day to give notice"
    assert rows["dune"]["what comes next"] == "2026-12-01: v2 would begin, if approved"
    assert (rows["elm"]["in force"], rows["elm"]["newest"]) == ("none", "v1 draft")
    over = table(workspace, AFTER)
    assert over["acme"]["what comes next"] == "ended on 2026-12-31"
    assert over["dune"]["what comes next"] == "no end"
    assert over["elm"]["what comes next"] == "never in force"


def test_the_headline_counts_what_holds_and_what_waits(workspace: Workspace) -> None:
    words = review.book_headline(kept(workspace))
    assert "**4 of 5 contracts in force on 16 October 2026**" in words
    assert "**1 version waits for approval, 1 draft not submitted**" in words and "8 versions kept" in words


def test_filters_are_joined_and_unknown_links_show_all(workspace: Workspace) -> None:
    book = kept(workspace)
    assert review.contracts_passing(book, versions=review.OPEN) == ["dune", "elm"]
    assert review.contracts_passing(book, versions=review.OPEN, direction="payout") == []
    assert review.book_choices(book, "direction") == ["all", "charge"]
    assert review.book_chosen(book, "direction", "payout") == review.ALL


def test_what_changes_within_90_days_stands_in_date_order(workspace: Workspace) -> None:
    book = kept(workspace, BEFORE)
    near = review.coming_table(book, review.contracts_passing(book))
    told = list(zip(near["date"], near["contract"], near["what changes"], strict=True))
    assert told == [
        ("2026-10-16", "acme", "v2 takes over from v1: rate of A-RUN from 10 to 12.50 per thousand from 16 October 2026"),
        ("2026-10-31", "birch", "last day of v1: the contract is terminated"),
        ("2026-11-01", "cedar", "last day to give notice; without one it renews for 12 months, prices up 3%"),
    ]  # fmt: skip
    assert list(near["in"]) == ["45 days", "60 days", "61 days"]
    later = review.coming_table(kept(workspace, date(2026, 12, 31)), ["acme", "cedar"])
    assert list(zip(later["in"], later["what changes"], strict=True)) == [
        ("today", "last day of v2: nothing follows it yet"),
        ("today", "last day of v1: it ends unless it is renewed"),
    ]


def test_a_renewal_is_due_with_its_command(workspace: Workspace) -> None:
    rows = review.due_table(kept(workspace), ["acme", "cedar"]).to_dict("records")
    assert [(row["contract"], row["notice by"], row["prices"], row["state"]) for row in rows] == [
        ("cedar", "2026-11-01", "prices up 3%", "ahead")
    ]
    assert review.due_table(kept(workspace, date(2026, 11, 2)), ["cedar"])["state"].item() == "notice date passed"
    assert "recon contracts renew cedar --by NAME --workspace" in review.to_renew(kept(workspace), ["cedar"])


def test_bars_end_where_another_version_takes_over(workspace: Workspace) -> None:
    bars = review.timeline_bars(kept(workspace), ["acme", "birch", "dune", "elm"])
    rows = {(row["row"], row["version"]): row for row in bars.to_dict("records")}
    assert (rows["acme", 1]["state"], rows["acme", 1]["last"]) == ("was in force", date(2026, 10, 15))
    assert "agreed to 31 December 2026" in rows["acme", 1]["told"], "cut short by v2"
    assert (rows["acme", 2]["state"], rows["acme", 2]["last"]) == ("in force", date(2026, 12, 31))
    assert rows["birch", 2]["state"] == "terminated" and rows["birch", 1]["last"] == date(2026, 10, 31)
    assert rows["dune↳ v2 submitted", 2]["state"] == "submitted" and rows["dune", 1]["last"] is None
    assert rows["elm↳ v1 draft", 1]["state"] == "draft"
    earlier = review.timeline_bars(kept(workspace, BEFORE), ["acme"])
    assert list(earlier["state"]) == ["in force", "comes into force"]


def drawn(chart: Any) -> str:
    return vl_convert.vegalite_to_svg(chart.to_dict() | {"width": 800})


def timeline(workspace: Workspace, *contracts: str) -> Any:
    return charts.timeline(review.timeline_bars(kept(workspace), list(contracts)), AMENDED)


def test_the_timeline_labels_bars_and_says_what_goes_on(workspace: Workspace) -> None:
    svg = drawn(timeline(workspace, "acme", "birch", "dune"))
    for words in ("v1 original", "v2 amendment", "terminated", "↳ v2 submitted", "no end ▸", "16 October 2026"):
        assert words in svg
    assert "acme" in svg and "Oct 2026" in svg


def test_a_bar_of_a_few_days_is_drawn_without_a_label(workspace: Workspace) -> None:
    bars = review.timeline_bars(kept(workspace), ["acme"]).assign(last=[date(2026, 1, 3), date(2026, 10, 20)])
    rows = [
        row for rows in charts.timeline(bars, AMENDED).to_dict()["datasets"].values() for row in rows if "label" in row
    ]
    assert next(row["label"] for row in rows if row["from"] == "2026-01-01") == ""


def test_a_bar_that_began_before_the_axis_is_marked(workspace: Workspace) -> None:
    bars = review.timeline_bars(kept(workspace), ["dune"]).assign(first=[date(2020, 1, 1), date(2026, 12, 1)])
    svg = drawn(charts.timeline(bars, AMENDED))
    assert "◂ v1 original" in svg and "Jan 2020" not in svg


def test_every_layer_shares_the_axes_and_a_click_chooses_a_contract(workspace: Workspace) -> None:
    chart = timeline(workspace, "acme", "dune").to_dict()
    (param,) = chart["params"]
    assert param["select"] == {"type": "point", "fields": ["contract"], "toggle": False}
    assert set(param["views"]) <= {layer.get("name") for layer in chart["layer"]}
    fields = {layer.get("encoding", {}).get("y", {}).get("field", "row") for layer in chart["layer"]}
    assert fields == {"row"}
    assert chart["encoding"]["x"]["scale"]["type"] == "utc" and "cornerRadius" not in str(chart)


def test_states_differ_in_lightness_not_in_colour_alone() -> None:
    shades = [fill for fill, _, _ in charts.STATES.values()]
    assert len({round(_lightness(shade), 1) for shade in shades}) >= 4


def _lightness(shade: str) -> float:
    red, green, blue = (int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_nothing_to_draw_is_a_sentence(workspace: Workspace) -> None:
    none = review.timeline_bars(kept(workspace), [])
    assert "No version has dates to draw." in vl_convert.vegalite_to_svg(charts.timeline(none, AMENDED).to_dict())


def test_a_click_or_a_row_names_its_contract() -> None:
    assert (
        review.clicked_contract({"chosen": {"contract": ["dune"], "vlPoint": {"or": [{"contract": "dune"}]}}}) == "dune"
    )
    assert review.clicked_contract({"chosen": {"contract": ["dune"]}}) == "dune"
    assert review.clicked_contract({"chosen": {"vlPoint": {"or": [{}]}}}) is None
    assert review.clicked_contract({}) is None
    assert review.chosen_contract(pd.DataFrame({"contract": ["acme"]})) == "acme"
    assert review.chosen_contract(pd.DataFrame({"contract": []})) is None


def test_a_chosen_contract_tells_its_history_changes_and_clauses(workspace: Workspace) -> None:
    book = kept(workspace)
    history = review.contract_history(book, "birch")
    assert "**v2, termination, approved, from 2026-11-01**" in history and "written by dana: campaign over" in history
    assert "rate of A-RUN from 10 to 12.50 per thousand" in review.contract_changes(book, "acme")
    assert review.contract_version(book, "acme") == "v2, amendment, approved, from 2026-10-16"
    assert list(review.contract_versions(book, "birch").values()) == [1], "a termination has no clauses"
    clauses = review.contract_clauses(book, "acme", 2).set_index("clause")
    assert tuple(clauses.loc["items[A-RUN].rates[0].per_mille"]) == ("12.50", "in the contract")
    assert clauses.loc["rounding", "stated"] == "by default"
    assert review.known_contract(book, "nobody") is None


def test_who_may_decide_and_who_may_not(workspace: Workspace) -> None:
    book = kept(workspace)
    assert list(review.inbox_table(book)["contract"]) == ["dune", "elm"], "what is submitted comes first"
    words = review.waiting_words(book, book.waiting[0])
    assert "**Can approve it:** omar." in words and "**May not:** ida" in words and "discount" in words
    assert "approved once its author has submitted it" in review.waiting_words(book, book.waiting[1])
    alone = replace(book, workspace=replace(workspace, people={"ida": ("contract_approver",)}))
    assert "Nobody can approve it" in review.waiting_words(alone, book.waiting[0])


def test_no_closed_month_is_said_in_a_sentence(workspace: Workspace) -> None:
    book = kept(workspace)
    found = review.moves(book, book.waiting[0])
    assert "No closed month is reached" in found.words and found.lines.empty


def acts(workspace: Workspace) -> int:
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        return len(ledger.register.acts())


@pytest.mark.parametrize(
    "action, who, reason, told",
    [
        ("approve", "", "", "your name"),
        ("approve", "dana", "", "contract&#95;approver"),
        ("approve", "ida", "", "neither wrote nor submitted"),
        ("reject", "omar", "  ", "no reason"),
    ],
)
def test_what_is_not_allowed_is_one_text_and_nothing_is_stored(
    workspace: Workspace, action: str, who: str, reason: str, told: str
) -> None:
    before = acts(workspace)
    outcome = review.decided(workspace, kept(workspace).waiting[0], action, who, reason)
    assert not outcome.is_stored and outcome.look == "danger"
    assert outcome.words.startswith("**Nothing was stored.**") and told in outcome.words
    assert acts(workspace) == before


def test_a_decision_is_one_act_and_the_same_again_is_none(tmp_path: Path) -> None:
    place = replace(Workspace.init(tmp_path / "north"), people=PEOPLE)
    Desk(place)("dana").new(_contract("acme", "A-RUN"))
    Desk(place)("dana").submit("acme", 1)
    (one,) = review.open_book(place, AMENDED).waiting
    before = acts(place)
    outcome = review.decided(place, one, "approve", "omar", "")
    assert outcome.is_stored and outcome.words.startswith("**acme v1 is approved**, by omar")
    assert not review.decided(place, one, "approve", "omar", "").is_stored
    assert acts(place) == before + 1
    assert not review.open_book(place, AMENDED).waiting


def test_a_rejection_keeps_its_reason(tmp_path: Path) -> None:
    place = replace(Workspace.init(tmp_path / "north"), people=PEOPLE)
    Desk(place)("dana").new(_contract("acme", "A-RUN"))
    (one,) = review.open_book(place, AMENDED).waiting
    assert review.decided(place, one, "reject", "omar", "rate not agreed").is_stored
    assert "rejected by omar: rate not agreed" in review.contract_history(review.open_book(place, AMENDED), "acme")


def test_a_signed_in_name_counts_before_one_that_is_said() -> None:
    assert review.person(SimpleNamespace(user={"username": "omar"}), "ida") == "omar"
    assert review.person(SimpleNamespace(user={"username": "user"}), "ida") == "ida", "a server without accounts"
    assert review.person(None, None) == ""


def test_a_new_workspace_has_no_contract_and_says_what_to_do(tmp_path: Path) -> None:
    place = Workspace.init(tmp_path / "north")
    book = review.open_book(place, None)
    assert book.is_empty and review.book_headline(book) == "# Contracts of north"
    assert "recon contracts import" in review.NO_CONTRACTS and review.not_taken_in(place) == ""


def test_documents_that_are_not_taken_in_yet_are_told(a_month: Path) -> None:
    place = Workspace.open(a_month)
    assert review.open_book(place, AMENDED).is_empty
    assert "documents in the folder say more than is kept" in review.not_taken_in(place)


def test_the_date_of_a_link_counts_and_what_is_none_is_today() -> None:
    assert review.as_of("2026-10-16") == AMENDED
    assert review.as_of("yesterday") == review.as_of(None)
