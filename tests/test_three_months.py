"""Three demo months in a row through the real commands: closed, decided, signed by two, locked, packs that tie."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from command_line import command_line
from office import disagreements, recalculate
from test_workbook_signed import rows
from three_months import PERIODS, bill_month, make_three

from recon.ledger import Ledger
from recon.workspace import Workspace

pytestmark = [pytest.mark.xdist_group("office"), pytest.mark.long]
AUGUST, SEPTEMBER, OCTOBER = PERIODS
SMALL = {"pinecrest-banner": "0.40"}
TOO_MUCH, ORPHAN = "hearth-nestguide/sale/payout/GBP/digits_transposed", "birch-video/BV-PREROLL/charge/USD/orphan_line"
MISSING, CLAWBACK = (
    "hearth-display/HE-SEARCH/charge/GBP/missing_line",
    "hearth-nestguide/sale/clawback/GBP/digits_transposed",
)
HOW = {MISSING: "dispute", CLAWBACK: "timing", "pinecrest-banner": "waive"}
PARTS = ("opening", "new", "cleared", "closing")


class Story:
    """A workspace of three months as people work through them; `packs` is the last pack of each month."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packs: dict[str, Path] = {}
        self._sheets: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def recon(self, *words: object, status: int = 0) -> str:
        """A command as it is typed; what it says."""
        done = command_line(*words, "--workspace", self.folder)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if not status else done.stderr

    def machine(self, *words: object) -> Any:
        return json.loads(self.recon(*words, "--json"))

    def sheet(self, period: str, first: str) -> list[dict[str, Any]]:
        """A table of a pack's Roll-forward, by the first word of its heading."""
        if (period, first) not in self._sheets:
            self._sheets[period, first] = rows(self.packs[period], "Roll-forward", first)
        return self._sheets[period, first]

    def dispose(self, period: str, finding: str, how: str) -> None:
        self.recon("findings", "dispose", period, finding, "--as", how, "--by", "mia", "--reason", f"{how}: agreed")

    def decide(self, period: str) -> None:
        """Every new item by the table above; all else is accepted. A waiver may make a drift, so it is asked twice."""
        for _ in range(2):
            for item in self.machine("sign", "roll-forward", period)["new"]:
                named = item["finding_id"].split("/", 1)[1]
                how = next((how for name, how in HOW.items() if named.startswith(name)), "accept")
                if not item["disposition"]:
                    self.dispose(period, item["finding_id"], how)

    def lock(self, period: str) -> None:
        self.recon("sign", "prepare", period, "--by", "mia")
        self.recon("sign", "review", period, "--by", "lee")
        self.recon("sign", "lock", period, "--by", "lee")
        self.packs[period] = Path(self.machine("evidence", period)["evidence"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """August to October, closed, decided and locked one after the other."""
    made = Story(tmp_path_factory.mktemp("months") / "northwind")
    make_three(made.folder, tmp_path_factory.mktemp("scratch"))
    august(made), september(made), october(made)
    return made


def august(made: Story) -> None:
    bill_month(made.folder, AUGUST, SMALL, [])
    made.recon("close", AUGUST)
    made.decide(AUGUST)
    made.lock(AUGUST)
    made.recon("close", AUGUST, "--cutoff", "2026-10-01T00:00:00Z", "--no-diagnosis")


def september(made: Story) -> None:
    """Two adjustments arrive; a dispute is conceded, so the month is closed again; August's true-up is accepted."""
    bill_month(made.folder, SEPTEMBER, SMALL, [
        ("hearth-nestguide", "sale", "GBP", "-180.00", f"{AUGUST}/{TOO_MUCH}"),
        ("birch-video", "BV-PREROLL", "USD", "-310.00", f"{AUGUST}/{ORPHAN}"),
    ])  # fmt: skip
    made.recon("close", SEPTEMBER, "--no-diagnosis")
    made.dispose(SEPTEMBER, f"{AUGUST}/{MISSING}", "accept")
    made.dispose(SEPTEMBER, f"{AUGUST}/{CLAWBACK}", "waive")
    for line in made.machine("true-up", AUGUST)["lines"][:2]:
        made.recon("true-up", AUGUST, "--accept", line["finding_id"], "--by", "mia", "--reason", "late events")
    assert "another close" in made.recon("sign", "prepare", SEPTEMBER, "--by", "mia", status=2)
    made.recon("close", SEPTEMBER)
    made.decide(SEPTEMBER)
    made.lock(SEPTEMBER)


def october(made: Story) -> None:
    """What is awaited arrives for the conceded dispute and the true-ups; three waivers in a row are a drift."""
    true_ups = [one for one in made.machine("sign", "roll-forward", SEPTEMBER)["closing"] if one["cause"] == "true_up"]
    arrived = [
        (one["contract"], one["item"], one["currency"], str(-Decimal(one["amount"])), one["finding_id"])
        for one in true_ups
    ]
    bill_month(made.folder, OCTOBER, SMALL, [
        ("hearth-display", "HE-SEARCH", "GBP", missing(made), f"{AUGUST}/{MISSING}"), *arrived,
    ])  # fmt: skip
    made.recon("close", OCTOBER)
    made.decide(OCTOBER)
    made.lock(OCTOBER)


def missing(made: Story) -> str:
    items = made.machine("sign", "roll-forward", AUGUST)["closing"]
    return str(-next(Decimal(one["amount"]) for one in items if one["finding_id"] == f"{AUGUST}/{MISSING}"))


def rolled(story: Story, period: str) -> dict[str, Any]:
    return story.machine("sign", "roll-forward", period)


def sums(found: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    return {
        (part, currency): sum(
            (Decimal(one["amount"]) for one in found[part] if one["currency"] == currency), Decimal(0)
        )
        for part in PARTS
        for currency in ("USD", "GBP", "JPY")
    }


def test_opening_and_new_less_cleared_is_closing_and_months_tie(story: Story) -> None:
    found = [rolled(story, period) for period in PERIODS]
    for one in found:
        total = sums(one)
        for currency in ("USD", "GBP", "JPY"):
            assert (
                total["opening", currency] + total["new", currency] - total["cleared", currency]
                == total["closing", currency]
            )
    for before, after in pairwise(found):
        told = [
            [(one["finding_id"], one["amount"], one["disposition"]) for one in part]
            for part in (before["closing"], after["opening"])
        ]
        assert told[0] == told[1] and told[0]


def test_packs_tie_to_last_months_figure_by_figure(story: Story) -> None:
    packs = [story.sheet(period, "Open item") for period in PERIODS]
    for before, after in pairwise(packs):
        left = {row["Open item"]: (row["Currency"], row["Closing"]) for row in before if row["Closing"]}
        start = {row["Open item"]: (row["Currency"], row["Opening"]) for row in after if row["Opening"]}
        assert left == start and left
    totals = [
        {row["Currency"]: row for row in rows(story.packs[period], "Roll-forward", "All items")} for period in PERIODS
    ]
    for before, after in pairwise(totals):
        assert {name: row["Closing"] for name, row in before.items() if row["Closing"]} == {
            name: row["Opening"] for name, row in after.items() if row["Opening"]
        }


def test_ages_grow_by_the_days_of_the_months(story: Story) -> None:
    september, october = ({row["Open item"]: row for row in story.sheet(one, "Open item")} for one in PERIODS[1:])
    old = f"{AUGUST}/{MISSING}"
    assert [(one[old]["Days"], one[old]["Age"]) for one in (september, october)] == [(30, "0–30"), (61, "61–90")]


def test_items_are_cleared_by_what_settled_them(story: Story) -> None:
    told = {one["finding_id"]: one["cleared_by"] for period in PERIODS[1:] for one in rolled(story, period)["cleared"]}
    assert {told[f"{AUGUST}/{name}"] for name in (TOO_MUCH, ORPHAN, MISSING)} == {"adjustment"}
    assert told[f"{AUGUST}/{CLAWBACK}"] == "waived"
    true_ups = [one for one in rolled(story, SEPTEMBER)["new"] if one["cause"] == "true_up"]
    assert true_ups and {told[one["finding_id"]] for one in true_ups} == {"adjustment"}


def test_three_waivers_in_a_row_are_a_drift_that_is_claimed(story: Story) -> None:
    (drift,) = [one for one in rolled(story, OCTOBER)["closing"] if one["cause"] == "drift"]
    assert (drift["amount"], drift["currency"], drift["disposition"]) == ("1.20", "USD", "accept")
    assert "2026-08 0.40, 2026-09 0.40, 2026-10 0.40" in drift["words"]
    assert not [one for period in PERIODS[:2] for one in rolled(story, period)["new"] if one["cause"] == "drift"]


def test_every_check_holds_after_a_recalculation(story: Story, tmp_path: Path) -> None:
    packs = [Path(shutil.copyfile(story.packs[period], tmp_path / f"{period}.xlsx")) for period in PERIODS]
    for pack, again in zip(packs, recalculate(packs, tmp_path / "again"), strict=True):
        assert disagreements(pack, openpyxl.load_workbook(again, data_only=True)) == []
        checks = {row["What must be true"]: row["Result"] for row in rows(again, "Checks", "No")}
        assert len(checks) > 20 and {words: holds for words, holds in checks.items() if holds is not True} == {}


def test_the_chain_to_last_months_pack_holds(story: Story) -> None:
    for period in PERIODS:
        said = story.recon("verify", story.packs[period])
        assert ("Last month's pack: pack" in said) == (period != AUGUST) and "intact: " in said
        assert "broken" not in said and "does not hold" not in said
    story.recon("verify")


def test_a_pack_names_the_one_that_the_month_before_was_signed_with(story: Story) -> None:
    """August has later packs, of a run that nobody signed: September goes on from the signed one."""
    place = Workspace.open(story.folder)
    with Ledger.open(place.database_url, place.closes) as ledger:
        issued, locked = ledger.packs.of(AUGUST), ledger.locked(AUGUST)
    assert locked is not None
    signed = [one for one in issued if one.run == locked.run][-1]
    assert issued[-1].run != locked.run
    named = {row[0].value: row[1].value for row in openpyxl.load_workbook(story.packs[SEPTEMBER])["Cover"].iter_rows()}
    assert f"digest {signed.digest}" in str(named["Last month's pack"])


def test_the_months_before_stay_as_they_were_signed(story: Story) -> None:
    told = {one["finding_id"]: one["disposition"] for one in rolled(story, AUGUST)["closing"]}
    assert told[f"{AUGUST}/{MISSING}"] == "dispute" and told[f"{AUGUST}/{CLAWBACK}"] == "timing"
