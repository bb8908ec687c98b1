"""A month from its start page to its lock, as finance does it: filter, drill, decide, sign, and hand a link on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from closed_demo import OCTOBER, closed_demo, october
from pages import Page, chromium, reviewed
from selenium import webdriver

from recon.ledger import Ledger
from recon.review.words import shown
from recon.signoff import standing
from recon.workspace import Workspace

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.long]  # one browser, one demo month


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo month in a folder of its own: here it is signed off."""
    return Path(shutil.copytree(closed_demo(), tmp_path_factory.mktemp("signing") / "demo"))


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), downloads) as driver:
        yield driver


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with reviewed(folder, tmp_path_factory.mktemp("review") / "log.txt") as found:
        yield found


def outcome(page: Page, words: str) -> str:
    """The box that says what became of an act, once it has these words."""
    return str(page.until(lambda: next(one.text for one in page.all(".outcome") if words in one.text), words))


def way(folder: Path) -> list[tuple[str, str]]:
    return [(one.state, one.who) for one in standing(Workspace.open(folder), OCTOBER).way]


def decisions(folder: Path) -> set[tuple[str, str, str]]:
    place = Workspace.open(folder)
    with Ledger.open(place.database_url, place.closes) as ledger:
        return {(act.finding_id, act.action, act.who) for act in ledger.sign_offs.acts("2026-10")}


def test_a_month_is_decided_and_locked_by_two(
    browser: webdriver.Chrome, address: str, folder: Path, downloads: Path
) -> None:
    page = Page(browser, address, "billed")
    browser.get(address)
    next(one for one in page.all("a") if "to be decided" in one.text).click()
    page.until(lambda: page.rows("grade"), "the findings")
    assert "period=2026-10&status=open" in browser.current_url

    page.pick("Currency", "GBP")
    wanted = {
        shown(row["amount"], "GBP", is_signed=True)
        for row in october().findings.to_dict("records") if row["currency"] == "GBP" and row["amount"]
    }  # fmt: skip
    page.until(lambda: {row["amount"] for row in page.rows("grade")} == wanted, "findings in GBP alone")
    shared = browser.current_url
    page.choose("grade", "missing line")
    page.until(lambda: any("missing_line" in one.text for one in page.all(".codehilite pre")), "its sentence")

    page.press("Enter")
    assert "nothing to do" in outcome(page, "Nothing was stored") and not decisions(folder)
    page.pick("Currency", "all")
    page.until(lambda: len(page.rows("grade")) > len(wanted), "all findings")
    page.select("mia (preparer)")
    page.choose_all("grade")
    page.select("accept: true")
    page.press("Enter")
    said = outcome(page, "accepted")
    open_items = {row["finding_id"] for row in october().findings.to_dict("records") if row["amount"]}
    assert decisions(folder) == {(one, "accept", "mia") for one in open_items}
    assert f"{len(open_items)} findings accepted" in said

    page.press("Prepare")
    outcome(page, "2026-10 is prepared")
    page.press("Review")
    assert "somebody with the role reviewer" in outcome(page, "Nothing was stored"), "mia may not review"
    assert way(folder) == [("prepared", "mia")]

    browser.switch_to.new_window("window")
    browser.get(shared)
    page.until(lambda: {row["currency"] for row in page.rows("billed")} == {"GBP"}, "the link's filter")
    page.select("lee (reviewer)")
    page.press("Review")
    outcome(page, "2026-10 is reviewed")
    page.press("Lock")
    outcome(page, "2026-10 is locked")
    assert way(folder) == [("prepared", "mia"), ("reviewed", "lee"), ("locked", "lee")]
    page.screenshot("month_locked.png")

    page.press("Download the workbook")
    file = page.until(lambda: next(iter(downloads.glob("*.xlsx")), None), "the download")
    assert "Exceptions" in openpyxl.load_workbook(file, read_only=True).sheetnames
    assert page.requested() == {"127.0.0.1"}, "nothing is asked from anybody else"
    assert page.all("[data-testid=marimo-error]") == []


def test_the_picture_of_a_chart_is_kept_and_the_start_page_knows_the_lock(
    browser: webdriver.Chrome, address: str, downloads: Path
) -> None:
    page = Page(browser, address, "billed")
    browser.get(address)
    assert [one.text for one in page.all(".state")] == ["locked"]
    browser.get(f"{address}/month-end?period=2026-10&currency=JPY")
    page.until(
        lambda: {row["currency"] for row in page.rows("billed")} == {"JPY"}, "the filter of an address without /"
    )
    page.press("Figures and pictures")
    page.press("variances.svg")
    file = page.until(lambda: next(iter(downloads.glob("variances.svg")), None), "the picture")
    net = sum(october().lines.query("currency == 'JPY'")["variance"], Decimal(0))
    assert "JPY" in file.read_text() and net
    assert page.requested() == {"127.0.0.1"}
