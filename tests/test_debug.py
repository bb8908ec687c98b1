"""The page for engineers without a browser: what it finds, tells and draws, on the demo month."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pandas as pd
import pytest
from closed_demo import october

from recon import charts
from recon.close import StoredClose
from recon.review import debug
from recon.review.debug.details import BilledEvents

pytestmark = pytest.mark.xdist_group("pages")  # one demo month
REVIEWS = "streamly-acme-reviews|subscription|payout|USD"
PREROLL = "kumo-press|SK-PREROLL|payout|JPY"


def line(key: str = REVIEWS) -> pd.DataFrame:
    found = debug.line_at(october(), key)
    assert len(found) == 1
    return found


def finding(key: str = REVIEWS) -> str | None:
    choices = debug.finding_choices(october(), line(key))
    return choices[debug.finding_chosen(october(), line(key), None) or ""]


def decided(fate: str, contract: str = "streamly-acme-reviews") -> str:
    """A conversion that met a fate."""
    rows = october().conversions(contract)
    return str(rows[rows["fate"] == fate]["conversion_id"].iloc[0])


# The lines


def test_open_lines_come_first_each_currencys_largest_on_top() -> None:
    shown = debug.lines_worst_first(october())
    assert len(shown) == len(october().lines)
    is_open = [status not in ("matched", "within tolerance") for status in shown["status"]]
    assert is_open == sorted(is_open, reverse=True)
    differing = shown[: sum(is_open)]
    currencies = set(differing["currency"])
    assert set(differing["currency"].head(len(currencies))) == currencies
    for currency in currencies:
        own = differing[differing["currency"] == currency]["variance"]
        amounts = [abs(Decimal(text.replace("−", "-").replace(",", ""))) for text in own]
        assert amounts == sorted(amounts, reverse=True)


def test_a_line_is_found_by_its_address_in_either_spelling() -> None:
    row = debug.lines_worst_first(october()).head(1)
    key = debug.open_row(row)
    assert key and debug.line_at(october(), key).equals(debug.line_at(october(), key.replace("|", "/")))
    assert debug.open_row(row.head(0)) is None and debug.open_row(None) is None
    assert debug.line_at(october(), "no|line").empty and debug.line_at(october(), None).empty
    assert "has no line" in debug.no_line(october(), "a|b|c|d") and "No line chosen" in debug.no_line(october(), None)


def test_the_heading_says_both_sides() -> None:
    row = line().iloc[0]
    told = debug.line_heading(line())
    assert f"{row['billed_amount']:,f}" in told and f"{row['expected_amount']:,f}" in told
    assert f"{row['billed_quantity']:,f} units billed" in told


# Why it differs


def test_rivals_and_what_would_decide_are_told() -> None:
    told = debug.verdict(october(), finding())
    assert "Grade **ambiguous**" in told and "It may as well be partial data" in told and "What would settle it" in told
    assert "It agrees" in debug.verdict(october(), None)


@pytest.mark.parametrize(
    ("key", "clause", "before", "after"),
    [
        (REVIEWS, "v1 attribution.prefer", "click", "latest"),
        (PREROLL, "v1 timezone", "Asia/Tokyo", "UTC"),
        ("larkfield-network|FJ-CTV-RUN|payout|USD", "v2", "in force from 2026-10-12", "not known"),
        ("fjord-ctv|FJ-CTV-RUN|charge|USD", "v1 items[FJ-CTV-RUN].rates[0].per_mille", "18.00", "19.00"),
    ],
)
def test_an_edit_is_a_clause_before_and_after(key: str, clause: str, before: str, after: str) -> None:
    assert [*debug.edit_rows(october(), finding(key)).itertuples(index=False, name=None)] == [(clause, before, after)]


def test_an_edit_of_the_finished_line_changes_no_clause() -> None:
    missing = finding("hearth-display|HE-SEARCH|charge|GBP")
    changed = debug.edit_rows(october(), missing)
    assert changed.empty and "changes no clause" in debug.edit_words(october(), missing, changed)
    assert debug.edit_words(october(), None, changed) == ""
    assert "changes no clause" not in debug.edit_words(october(), finding(), debug.edit_rows(october(), finding()))


def test_a_version_that_changed_since_is_said() -> None:
    contracts = [{**one, "hash": "0" * 64} for one in october().manifest["contracts"]]
    changed = dataclasses.replace(october(), manifest={**october().manifest, "contracts": contracts})
    assert "changed since" in debug.edit_rows(changed, finding()).iloc[0]["clause"]
    assert debug.way_of(changed, decided("payable")) is None
    assert "not kept as the close used it" in debug.no_path(changed)


def test_workings_stand_beside_those_under_the_edit_with_both_amounts_below() -> None:
    rows = debug.workings_rows(october(), line(), finding())
    foot = rows.iloc[-1]
    assert foot["ours"] == f"USD {line().iloc[0]['expected_amount']:,f}" and foot["changed"] == "≠"
    assert foot["theirs, under the edit"] == f"USD {line().iloc[0]['billed_amount']:,f}"
    assert any(rows["changed"].head(-1) == "≠")
    alone = debug.workings_rows(october(), line(), None)
    assert set(alone["changed"].head(-1)) == {""} and len(alone) > 1


# Its events


def test_all_that_a_contract_looked_at_is_counted() -> None:
    counts = debug.fates_of_line(october(), line())
    decisions = october().conversions("streamly-acme-reviews")
    near = decisions[decisions["item"].isin(["subscription", ""])]
    assert sum(counts["quantity"]) == len(near)


def test_without_details_what_a_finding_turns_on_comes_first() -> None:
    rows = debug.event_rows(october(), line(), "all fates", None)
    said = [bool(text) for text in rows["finding says"]]
    assert any(said) and said == sorted(said, reverse=True)
    assert debug.events_look(rows)["hidden_columns"] == ["billing_details", "difference"]
    assert "are an input" in debug.details_words(None, october(), line())


def test_what_billing_details_say_otherwise_comes_first_and_adds_up_to_the_variance() -> None:
    billed = debug.details_of(october(), line())
    rows = debug.event_rows(october(), line(), "all fates", billed)
    differs = [bool(text) for text in rows["difference"]]
    assert any(differs) and differs == sorted(differs, reverse=True)
    amounts = (Decimal(text.replace("−", "-").replace(",", "")) for text in rows["difference"] if text)
    assert sum(amounts) == line().iloc[0]["variance"]
    assert f"**{sum(differs)} conversion" in debug.details_words(billed, october(), line())
    assert "hidden_columns" not in debug.events_look(rows)


def test_a_conversion_that_only_they_name_is_listed() -> None:
    billed = BilledEvents({"cv-of-nobody": 20_000_000}, frozenset({"cv-of-nobody"}), ("B1",), 10_000)
    rows = debug.event_rows(october(), line(), "all fates", billed)
    (stranger,) = rows[rows["conversion"] == "cv-of-nobody"].to_dict("records")
    assert stranger["billing_details"] == "20.00, more than once" and stranger["difference"] == "+20.00"
    assert stranger["reason"] == "not decided for this item"


def test_a_fate_filters_the_events() -> None:
    choices = debug.fate_choices(october(), line())
    assert choices[0] == "all fates" and debug.fate_chosen(october(), line(), "none such") == "all fates"
    assert debug.fate_chosen(october(), line(), "lost") == "lost"
    assert set(debug.event_rows(october(), line(), "lost", None)["fate"]) == {"lost"}


def test_details_that_are_not_there_are_said() -> None:
    def without(name: str) -> StoredClose:
        data = {key: spec for key, spec in october().workspace.data.items() if key != name}
        return dataclasses.replace(october(), workspace=dataclasses.replace(october().workspace, data=data))

    told = debug.details_of(without("billing_details"), line())
    assert "names no billing_details" in debug.details_words(told, october(), line())
    empty = BilledEvents(lines=("B1",))
    assert "tell nothing of this line" in debug.details_words(empty, october(), line())


def test_of_impressions_the_counts_are_listed_and_single_ones_upon_a_button() -> None:
    counted = debug.event_rows(october(), line(PREROLL), "all fates", None)
    assert len(counted) and "impressions" in counted
    assert debug.fate_choices(october(), line(PREROLL)) == ["all fates"]
    billed = debug.details_of(october(), line(PREROLL))
    named = debug.event_rows(october(), line(PREROLL), "all fates", billed)
    assert 0 < len(named) <= 50 and str(named["impression"].iloc[0]).startswith("im-")
    assert "billable" in named["ours"].iloc[0] + named["theirs, under the edit"].iloc[0]


def test_a_line_without_events_says_so() -> None:
    orphan = "birch-video|BV-PREROLL|charge|USD"
    assert debug.event_rows(october(), line(orphan), "all fates", None).empty
    assert "no finding of this line turns on any" in debug.event_heading(october(), line(orphan))
    named = debug.details_of(october(), line(orphan))
    assert "No single impressions" in debug.details_words(named, october(), line(orphan))


# What an id names


def opened(text: str) -> dict[str, str | None]:
    return debug.opened_by(debug.hits(october(), text))


def test_an_id_opens_what_it_names() -> None:
    close = october()
    seen = close.observed("conversion_rows").iloc[0]
    reversal = close.observed("reversal_rows")
    reversal = reversal[~reversal["is_stray"].astype(bool)].iloc[0]
    assert opened(seen["conversion_id"]) == {"conversion": seen["conversion_id"]}
    assert opened(reversal["reversal_id"]) == {"conversion": reversal["conversion_id"]}
    assert opened(str(finding())) == {"line": REVIEWS}
    assert opened(REVIEWS.replace("|", "/")) == {"line": REVIEWS}
    witness = close.findings.set_index("finding_id").loc[str(finding()), "witnesses"].split()[0]
    assert opened(witness) == {"line": REVIEWS}


def test_what_several_things_are_named_is_left_to_choose() -> None:
    found = debug.hits(october(), "SK-INFEED")
    assert len(found) > 1 and debug.opened_by(found) == {} and set(found["what"]) == {"line"}
    assert "choose one" in debug.find_words(october(), found, "SK-INFEED")
    assert debug.opened_by(found.head(1)) == {"line": found["line"].iloc[0]}


def test_a_touch_leads_to_the_conversions_after_it() -> None:
    touch = october().observed("touches").iloc[0]
    found = debug.hits(october(), touch["touch_id"])
    assert touch["conversion_id"] in set(found["conversion"])


def test_a_billed_line_that_agrees_is_found_in_the_statement() -> None:
    found = debug.hits(october(), "BL-2026-10-0002")
    assert list(found["what"]) == ["billing line"] and "billing_lines.csv row" in found["is"].iloc[0]
    assert len(debug.line_at(october(), found["line"].iloc[0])) == 1


def test_an_unknown_id_says_what_was_looked_through() -> None:
    found = debug.hits(october(), "nothing-of-that-name")
    told = debug.find_words(october(), found, "nothing-of-that-name")
    assert found.empty and "reversals" in told and "statement" in told and "raw events" in told
    assert debug.hits(october(), " ").empty and debug.find_words(october(), found, None) == ""
    assert "either" in debug.impression_words(october(), "nothing-of-that-name")


def test_an_impression_is_read_again_upon_a_button() -> None:
    billed = debug.details_of(october(), line(PREROLL))
    named = debug.event_rows(october(), line(PREROLL), "all fates", billed)
    told = debug.impression_words(october(), named["impression"].iloc[0])
    assert "payout: kumo-press, item SK-PREROLL v1" in told


# The path


def test_the_path_is_drawn_on_the_clocks_of_the_contract() -> None:
    path = debug.way_of(october(), decided("payable"))
    assert path is not None
    drawn = debug.drawn(path, "streamly-acme-reviews", "whole")
    assert drawn["title"][1].startswith("Clocks of America/New_York")
    roles = set(drawn["instants"]["role"])
    assert {"conversion", "cut-off", "month"} <= roles
    at = dict(zip(drawn["instants"]["words"], drawn["instants"]["at"], strict=True))
    assert at["2026-10 begins"] == datetime(2026, 10, 1) and at["cut-off of 2026-10"] == datetime(2026, 11, 3, 19)
    assert "wins" in set(drawn["touches"]["state"])
    windows = drawn["spans"][drawn["spans"]["role"] == "click window"]
    assert set(windows["last"]) == {at["conversion"]} and (windows["first"] < windows["last"]).all()


def test_close_up_every_touch_is_on_the_axis() -> None:
    path = debug.way_of(october(), decided("lost"))
    assert path is not None
    drawn = debug.drawn(path, None, "touches")
    start, end = drawn["bounds"]
    assert all(start < at < end for at in drawn["touches"]["at"])


def test_a_lock_is_drawn_in_its_contracts_own_lane() -> None:
    rows = october().conversions()
    waiting = rows[rows["fate"] == "not_locked"].iloc[0]
    path = debug.way_of(october(), waiting["conversion_id"])
    assert path is not None
    instants = debug.drawn(path, waiting["contract"], "whole")["instants"]
    assert any(lane.startswith(waiting["contract"]) for lane in instants[instants["role"] == "lock"]["lane"])


def spec(path: Any, contract: str | None, span: str) -> str:
    return json.dumps(charts.path(**debug.drawn(path, contract, span)).to_dict())


def test_the_chart_names_winner_windows_and_instants() -> None:
    identity = decided("payable")
    path = debug.way_of(october(), identity)
    assert path is not None
    drawn = spec(path, "streamly-acme-reviews", "whole")
    winner = path.claims[0].decision["touch_id"] if path.claims[0].decision else ""
    for words in ("click window", "conversion \\u00b7", "cut-off of 2026-10", winner, '"wins"', "America/New_York"):
        assert words in drawn, words
    assert charts.svg(charts.path(**debug.drawn(path, None, "touches"))).startswith("<svg")


def test_words_of_near_instants_stand_in_rows_of_their_own() -> None:
    instants = pd.DataFrame({"first": [0, 10, 60], "words": list("abc"), "role": "month", "lane": "", "told_at": ""})
    bounds = datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 0, 100_000)
    from recon.charts.path import _packed

    packed = _packed(instants, bounds)
    assert list(packed["lane"]) == [" ", "  ", " "] and list(packed["is_late"]) == [False, False, False]


def test_a_conversion_without_touches_says_so_in_place_of_a_chart() -> None:
    close = october()
    touched = set(close.observed("touches")["conversion_id"])
    alone = next(one for one in close.observed("conversion_rows")["conversion_id"] if one not in touched)
    path = debug.way_of(close, alone)
    assert path is not None and "nothing to draw" in spec(path, None, "whole")
    assert "unclaimed" in debug.path_heading(path)


def test_the_contract_of_the_line_is_looked_at_first() -> None:
    path = debug.way_of(october(), decided("lost"))
    assert path is not None
    choices = debug.contract_choices(path)
    assert choices[debug.contract_chosen(path, line(), None) or ""] == "streamly-acme-reviews"
    other = next(one for one in choices.values() if one != "streamly-acme-reviews")
    assert choices[debug.contract_chosen(path, line(), other) or ""] == other
    rules = debug.rule_rows(path, "streamly-acme-reviews")
    assert list(rules[rules["decision"] == "decides: lost"]["rule"]) == ["5.3"]
    assert "America/New_York" in debug.rules_heading(path, "streamly-acme-reviews")
    assert debug.rule_rows(path, None).empty and "No contract" in debug.rules_heading(path, None)


# Back to the raw rows


def code(block: str) -> str:
    found = re.search("<code>(.*)</code>", block, re.DOTALL)
    assert found
    return unescape(found[1])


def test_raw_rows_are_those_that_the_queries_find() -> None:
    import duckdb

    identity = decided("payable")
    rows = debug.raw_rows(october(), identity)
    assert identity in set(rows["id"]) and set(rows["dataset"]) >= {"conversions", "billing_details"}
    told = code(debug.where_clauses(october(), identity)).split("\n")
    found = sum(duckdb.sql(query).to_arrow_table().num_rows for query in told)
    assert found == len(rows) > 1
    placed = rows[rows["dataset"] == "billing_details"].iloc[0]
    text = (october().workspace.folder / placed["file"]).read_text().splitlines()[int(placed["row"])]
    assert identity in text


def test_files_that_are_gone_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    spec_of = october().workspace.data["conversions"]
    gone = {**october().workspace.data, "conversions": dataclasses.replace(spec_of, path="data/nowhere/*.parquet")}
    close = dataclasses.replace(october(), workspace=dataclasses.replace(october().workspace, data=gone))
    rows = debug.raw_rows(close, decided("payable"))
    assert len(rows) == 1 and "nowhere" in rows["id"].iloc[0] + rows["content"].iloc[0]


def test_the_commands_repeat_what_is_shown() -> None:
    identity = decided("payable")
    told = code(debug.commands(october(), REVIEWS, identity)).split("\n")
    asked = [command.split(" ")[3].strip("'") for command in told if command.startswith("recon explain")]
    assert asked == [REVIEWS.replace("|", "/"), finding(), identity]
    assert all("--workspace" in one for one in told)


def test_the_address_is_written_and_the_cells_are_told() -> None:
    class Params(dict[str, str]):
        set = dict.__setitem__
        remove = dict.__delitem__

    params, told = Params(fate="lost"), []
    go = debug.Address(params, line=told.append)
    go.to(line="a|b|c|d", fate=None, find="x")
    assert params == {"line": "a|b|c|d", "find": "x"} and told == ["a|b|c|d"]
    assert debug.Asked.of(params).line == "a|b|c|d" and debug.Asked.of(params).fate is None
