"""What the auditor's page is told: signatures, what ties, findings, trail and packs; nothing of it writes."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from closed_demo import closed_demo
from signed import sign_off

from recon.close import load_close
from recon.evidence import issue_pack, write_pack
from recon.ledger import Ledger
from recon.period import Period, instant
from recon.review import audit
from recon.review.audit.link import Link
from recon.review.audit.room import Room
from recon.workspace import Workspace

pytestmark = pytest.mark.xdist_group("pages")  # one demo month
OCTOBER, AT = "2026-10", instant("2026-11-24T09:00:00Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(closed_demo(), tmp_path / "demo"))


@pytest.fixture(scope="module")
def room() -> Room:
    return opened(closed_demo())


def opened(folder: Path, run: int = 1) -> Room:
    return audit.open_room(Workspace.open(folder), OCTOBER, run)


def ledger(folder: Path) -> Ledger:
    place = Workspace.open(folder)
    return Ledger.open(place.database_url, place.closes)


def signed(folder: Path) -> None:
    with ledger(folder) as there:
        sign_off(there, OCTOBER, AT)


def row(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    for name, value in wanted.items():
        table = table[table[name] == value]
    return table.head(1)


class Params(dict[str, Any]):
    """The address of a page, as marimo hands it over."""

    def set(self, name: str, value: str) -> None:
        self[name] = value


def test_an_open_month_says_so(room: Room) -> None:
    assert "Open: nobody has signed it" in audit.headline(room) and "everything ties out" in audit.headline(room)
    assert audit.signatures(room).count("not yet") == 3
    assert audit.notice(room).look == "success" and audit.way(room).empty
    assert "a disposition" in audit.left(room) and audit.left_title(room).startswith("What stands against locking: ")


def test_signatures_say_who_when_and_over_what(folder: Path) -> None:
    signed(folder)
    found = opened(folder)
    digest = str(found.close.manifest["digest"])[:16]
    assert f"| **Prepared** | **pat** | 2026-11-24 09:00:00 | `{digest}` | yes |" in audit.signatures(found)
    assert f"| **Locked** | **rae** | 2026-11-24 09:00:00 | `{digest}` | yes |" in audit.signatures(found)
    assert list(audit.way(found)["state"]) == ["locked", "reviewed", "prepared"]
    assert "**Locked**" in audit.headline(found)


def test_a_stale_signature_names_what_changed(folder: Path) -> None:
    signed(folder)
    with (folder / "billing" / "billing_lines.csv").open("a") as file:
        file.write("\n")
    found = opened(folder)
    told = audit.notice(found)
    assert told.look == "warn" and "locked by rae at 2026-11-24 09:00:00" in told.words
    assert "billing/billing&#95;lines.csv changed from SHA-256" in told.words
    assert "once 2026-10 is closed again" in told.words and "Locked, but stale" in audit.headline(found)
    assert audit.signatures(found).count("**no: stale**") == 3


def test_a_change_without_a_signature_is_no_stale_one(folder: Path) -> None:
    with (folder / "billing" / "billing_lines.csv").open("a") as file:
        file.write("\n")
    told = audit.notice(opened(folder))
    assert told.look == "warn" and "No signature rests on this run" in told.words


def test_a_file_of_a_run_that_was_altered_comes_first(folder: Path) -> None:
    path = folder / "closes" / OCTOBER / "1" / "lines.csv"
    path.write_text(path.read_text().replace("matched", "unmatched", 1))
    told = audit.notice(opened(folder))
    assert told.look == "danger" and "lines.csv" in told.words


def test_the_run_is_that_of_the_link_else_the_signed_else_the_latest() -> None:
    runs = {"run 3 of 2026-11-23, latest": 3, "run 2 of 2026-11-22, locked": 2, "run 1 of 2026-11-21": 1}
    link = Link(Params(run="1"))
    assert audit.run_filter(runs, link)["value"] == "run 1 of 2026-11-21"
    assert audit.run_filter(runs, Link(Params()))["value"] == "run 2 of 2026-11-22, locked"
    assert audit.run_filter({"run 3 of 2026-11-23, latest": 3}, Link(Params(run="9")))["value"].startswith("run 3")


def test_runs_are_named_by_what_they_are(folder: Path) -> None:
    signed(folder)
    (name,) = audit.runs(Workspace.open(folder), OCTOBER)
    assert name.startswith("run 1 of ") and name.endswith(", locked, latest")
    assert audit.runs(Workspace.open(folder), None) == {}


def test_another_month_forgets_the_run_of_the_one_before() -> None:
    params = Params(period="2026-10", run="7")
    Link(params).keep("period", forget="run")("2026-09")
    assert params == {"period": "2026-09", "run": ""}


def test_a_filter_that_a_link_asks_wrongly_shows_all(room: Room) -> None:
    asked = audit.finding_filter(room, Link(Params(grade="sure")), "grade")
    assert asked["value"] == "all" and set(asked["options"]) <= {
        "all",
        "proven",
        "consistent",
        "ambiguous",
        "unexplained",
    }


def test_rows_walk_down_to_their_fates(room: Room) -> None:
    text = audit.walk_text(room.tied.impressions)
    assert "| **In scope** |" in text and text.endswith("| **Difference (must be zero)** | **–** | **–** |")
    assert audit.tied_heading(room).count("✓") == 5


def test_a_total_that_does_not_agree_is_said_first(room: Room) -> None:
    fates = room.close.fates.assign(quantity=room.close.fates["quantity"] * 2)
    broken = replace(room, close=replace(room.close, fates=fates))
    assert "**No:** 5 of 5 totals do not agree." in audit.tied_heading(broken)
    assert "**5 totals do not tie out**" in audit.headline(broken)


def test_contracts_with_another_billed_quantity_come_first(room: Room) -> None:
    table = audit.ties_table(room)
    differs = [text != "–" for text in table["billed − expected"]]
    assert any(differs) and differs == sorted(differs, reverse=True)
    chosen = table.head(1)
    fates = audit.fates_of_contract(room, chosen)
    assert list(fates["is_counted"]).count(True) == 1 and fates["quantity"].is_monotonic_decreasing
    assert chosen["contract"].iloc[0] in audit.fates_title(chosen)


def test_completeness_names_the_line_without_a_contract(room: Room) -> None:
    assert len(audit.seen_table(room)) == 22 and "each that delivered was billed" in audit.complete_heading(room)
    assert list(audit.orphans_table(room)["contract as billed"]) == ["birch-video"]
    assert "1 billed line names no contract" in audit.orphans_heading(room)


def test_findings_pass_their_filters_and_say_what_was_decided(folder: Path) -> None:
    signed(folder)
    found = opened(folder)
    table = audit.findings_table(found, counterparty="all", grade="all", decision="dispute")
    assert set(table["decision"]) == {"dispute"} and set(table["by"]) == {"pat"} and set(table["age"]) == {"0–30"}
    assert audit.findings_table(found, counterparty="all", grade="all", decision="waive").empty
    assert "- **dispute** by pat" in audit.reason_of(found, table.head(1))
    assert f"**{len(table)} dispute**" in audit.findings_heading(found)


def test_open_items_roll_forward(room: Room) -> None:
    items, table = room.said.items, audit.items_table(room)
    assert len(table) == len(items.new) and set(table["cleared by"]) == {"open"}
    assert "items of 0–30 days" in audit.rolled_text(room)
    empty = replace(room.said, items=replace(items, new=(), closing=()))
    assert "No open items" in audit.rolled_text(replace(room, said=empty))


def test_without_a_drill_it_says_how_to_run_one(room: Room) -> None:
    assert "No drill was run" in audit.drill_heading(room) and audit.drill_cards(room) == []
    assert audit.codes_table(room).empty


def test_a_drill_shows_what_was_missed_first(room: Room) -> None:
    from test_workbook import A_DRILL

    found = replace(room)
    found.facts.__dict__["drill"] = A_DRILL
    assert "Of 2 planted errors that change a line, 1 were found and named (50 %)" in audit.drill_heading(found)
    assert {card["label"]: card["value"] for card in audit.drill_cards(found)} == {
        "caught": "1", "misnamed": "0", "missed": "1", "no effect": "1",
    }  # fmt: skip
    table = audit.codes_table(found)
    assert tuple(table.loc[0, ["planted error", "found and named"]]) == ("tax added", "0 %")
    assert list(audit.errors_table(found, table.head(1))["verdict"]) == ["missed"]


def test_inputs_are_listed_with_hashes_to_check(room: Room) -> None:
    table = audit.sources_table(room)
    assert len(table) == len(room.close.manifest["inputs"])
    first = table.head(1).to_dict("records")[0]
    assert f"{first['SHA-256']}  {first['file or query']}" in audit.hashes(table.head(1))


def test_a_control_total_that_disagrees_comes_first(room: Room) -> None:
    inputs = [dict(one) for one in room.close.manifest["inputs"]]
    inputs[-1]["control"] = {"rows": {"declared": 7, "found": 8, "agrees": False}}
    found = replace(room, close=replace(room.close, manifest={**room.close.manifest, "inputs": inputs}))
    assert audit.sources_table(found)["control total"].iloc[0] == "rows 7, FOUND 8"
    assert "**1 disagree**" in audit.sources_heading(found)


def test_the_trail_tells_who_did_what(folder: Path) -> None:
    signed(folder)
    trail = audit.open_trail(Workspace.open(folder))
    assert audit.chain_verdict(trail).look == "success" and trail.head in audit.chain_verdict(trail).words
    offered = {name: audit.trail_filter(trail, Link(Params()), name)["options"] for name in audit.TRAIL_FILTERS}
    assert offered["kind"] == ["all", "close", "contract", "finding", "pack", "sign-off"]
    assert {"pat", "rae", "omar"} <= set(offered["person"]) and OCTOBER in offered["object"]
    locks = audit.trail_table(trail, kind="sign-off", person="rae", object=OCTOBER)
    assert list(locks["what"]) == ["locked with run 1", "reviewed with run 1"]
    assert set(audit.trail_table(trail, kind="contract", person="omar", object="all")["kind"]) == {"contract"}


def test_a_broken_chain_is_named_entry_by_entry(folder: Path) -> None:
    with sqlite3.connect(folder / "recon.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE trail SET payload = 'gone' WHERE seq = 2")
    trail = audit.open_trail(Workspace.open(folder))
    assert audit.chain_verdict(trail).look == "danger" and "**trail 2 digest**" in audit.chain_verdict(trail).words
    table = audit.trail_table(trail)
    broken = row(table, no="2")
    assert (broken["what"].item(), broken["digest"].item()) == ("cannot be read any more", "BROKEN")
    assert list(table["digest"]).count("BROKEN") == 1


def test_packs_stand_as_they_were_issued_or_not(folder: Path) -> None:
    issued = audit.packs_table(opened(folder))
    assert list(issued["its file now"]) == ["as issued"] and "every file stands" in audit.packs_verdict(issued)
    path = folder / "evidence" / OCTOBER / "1.xlsx"
    assert audit.issued_download(opened(folder), issued)["data"]() == path.read_bytes()
    path.write_bytes(path.read_bytes() + b" ")
    assert "not the one that was issued" in audit.packs_verdict(audit.packs_table(opened(folder)))
    path.rename(path.with_name("2.xlsx"))
    assert list(audit.packs_table(opened(folder))["its file now"]) == ["not in the ledger", "MISSING"]


def test_a_month_without_a_pack_says_so(folder: Path) -> None:
    shutil.rmtree(folder / "evidence")
    nothing = pd.DataFrame()
    assert "No pack was issued" in audit.packs_verdict(nothing)
    assert audit.issued_download(opened(folder), nothing)["disabled"]


def stored(folder: Path) -> tuple[str, list[str]]:
    with ledger(folder) as there:
        head = there.head()
    return head, sorted(str(path) for path in folder.rglob("*") if path.is_file())


def test_what_is_taken_away_leaves_nothing_behind(folder: Path) -> None:
    before, found = stored(folder), opened(folder)
    made = audit.made_now(found)
    assert made["filename"] == "northwind-2026-10-run1-made-now.xlsx" and made["data"].startswith(b"PK")
    journals, page = audit.downloads(found)
    assert journals["data"]().startswith(b"entry,date,account") and b"</html>" in page["data"]()
    party = audit.parties_filter(found)["options"][0]
    assert b"</html>" in audit.party_download(found, party)["data"]()
    assert audit.party_download(found, None)["disabled"]
    assert audit.check(found.workspace, "theirs.xlsx", made["data"]).places.empty
    assert stored(folder) == before


def test_a_pack_that_was_brought_is_checked_cell_by_cell(folder: Path, tmp_path: Path) -> None:
    place = Workspace.open(folder)
    issued = folder / "evidence" / OCTOBER / "1.xlsx"
    good = audit.check(place, "theirs.xlsx", issued.read_bytes())
    assert good.verdict.look == "success" and "**theirs.xlsx is intact.**" in good.verdict.words
    book = openpyxl.load_workbook(issued)
    book["Summary"]["A6"].value = "another"
    book.save(tmp_path / "forged.xlsx")
    forged = audit.check(place, "forged.xlsx", (tmp_path / "forged.xlsx").read_bytes())
    assert forged.verdict.look == "danger" and "forged.xlsx IS NOT INTACT" in forged.verdict.words
    assert ("Summary", "A6") in set(zip(forged.places["sheet"], forged.places["place"], strict=True))


def test_a_file_that_is_no_pack_is_refused_by_its_own_name(folder: Path) -> None:
    found = audit.check(Workspace.open(folder), "notes.xlsx", b"no workbook")
    assert "notes.xlsx cannot be checked" in found.verdict.words and "/tmp" not in found.verdict.words


def test_a_second_pack_supersedes_the_first_and_both_stand(folder: Path) -> None:
    issue_pack(opened(folder).close, who="pat", at=AT)
    table = audit.packs_table(opened(folder))
    assert list(table["pack"]) == ["2", "1"] and table["by"].iloc[0] == "pat"


def test_the_sample_is_the_one_on_the_packs_sheet(room: Room) -> None:
    path = closed_demo() / "evidence" / OCTOBER / "1.xlsx"
    pack = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = list(pack["Sample"].iter_rows(max_col=6, values_only=True))
    drawn = {row[1] for row in rows if row[5] in ("key item", "point")}
    lines, conversions = audit.lines_table(room), audit.conversions_table(room)
    assert set(lines["line"]) == drawn and len(drawn) > 10
    assert {f"{one.conversion}/{one.contract}" for one in conversions.itertuples()} <= {row[1] for row in rows}
    assert len(set(conversions["conversion"])) == 25
    assert "Seed `2026-10`" in audit.sample_heading(room) and "remark" not in lines.columns


def test_the_sample_shows_what_the_auditor_wrote_into_the_last_pack(folder: Path) -> None:
    path = folder / "evidence" / OCTOBER / "1.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["Sample"]
    heading = next(row for row in sheet.iter_rows() if "Tickmark" in {cell.value for cell in row})
    columns = {cell.value: cell.column for cell in heading}
    chosen = str(sheet.cell(heading[0].row + 1, columns["Selection"]).value)
    for name, value in {"Audited amount": 12.5, "Tickmark": "A", "Remark": "order form seen"}.items():
        sheet.cell(heading[0].row + 1, columns[name]).value = value
    book.save(path)
    seen = row(audit.lines_table(opened(folder)), line=chosen)
    currency = chosen.rsplit("/", 1)[1]
    assert seen[["tickmark", "remark"]].to_numpy().tolist() == [["A", "order form seen"]]
    assert seen["audited amount"].item() == ("12.5" if currency == "JPY" else "12.50")
    path.write_text("no workbook")
    assert "is no pack" in audit.sample_heading(opened(folder))
    assert "remark" not in audit.lines_table(opened(folder)).columns


def test_a_pack_brought_alone_is_checked_with_the_files_that_the_workspace_keeps(folder: Path) -> None:
    place, path = Workspace.open(folder), folder / "evidence" / OCTOBER / "9.xlsx"
    write_pack(load_close(place, Period.parse(OCTOBER)), path, conversion_limit=20)
    (beside,) = path.parent.glob("9-*.csv")
    told = audit.check(place, "theirs.xlsx", path.read_bytes()).verdict
    assert told.look == "warn" and "1 of 1 files beside the pack are as the pack states" in told.words
    beside.write_bytes(beside.read_bytes() + b"\n")
    told = audit.check(place, "theirs.xlsx", path.read_bytes()).verdict
    assert told.look == "danger" and f"{beside.name} is missing beside the pack" in told.words.replace("\\", "")
