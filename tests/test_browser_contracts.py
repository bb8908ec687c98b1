"""The page of the contract book in a real browser: filter, click a contract, read its history, decide."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from closed_demo import closed_demo
from pages import Page, chromium, served
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from recon.ledger import Ledger
from recon.workspace import Workspace

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.long]  # one demo month


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo month in a folder of its own: here contracts are decided on."""
    return Path(shutil.copytree(closed_demo(), tmp_path_factory.mktemp("contracts") / "demo"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")) as driver:
        yield driver


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("4_contracts.py", folder, tmp_path_factory.mktemp("marimo") / "log.txt") as found:
        yield found


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Page:
    return Page(browser, address, "what comes next")


def acts(folder: Path) -> list[tuple[str, str, str]]:
    place = Workspace.open(folder)
    with Ledger.open(place.database_url, place.closes) as ledger:
        return [(act.action, act.who, act.reason) for act in ledger.register.acts("sakura-video")]


def press(page: Page, words: str) -> None:
    button = page.until(lambda: next(one for one in page.all("button") if words in one.text), words)
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def headings(page: Page) -> list[str]:
    return [one.text for one in page.all("h2")]


def told(page: Page) -> str:
    """All that the page says outside its tables."""
    return " ".join(page.words_of(one) for one in page.all(".markdown"))


def test_the_date_and_the_filters_come_from_the_link(page: Page) -> None:
    page.open("on=2026-10-15&direction=payout&counterparty=Kaze Club KK")
    (row,) = page.rows("what comes next")
    assert row["contract"] == "sakura-kazeclub" and row["in force"].startswith("v")
    assert "15 October 2026" in page.until(lambda: page.all(".markdown")[0].text, "the headline")


def test_a_filter_set_by_hand_becomes_part_of_the_link(page: Page) -> None:
    page.open("on=2026-11-23")
    page.pick("Direction", "charge")
    page.until(lambda: {row["side"] for row in page.rows("what comes next")} == {"advertiser, charge"}, "charges alone")
    assert "direction=charge" in page.browser.current_url


def test_a_click_on_a_contract_shows_its_history(page: Page) -> None:
    page.open("on=2026-11-23&counterparty=Sakura Travel KK")
    canvas = page.until(lambda: page.all("canvas")[0], "the timeline")
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(page.browser).move_to_element_with_offset(
        canvas, 0, int(canvas.size["height"] * 0.22)
    ).click().perform()
    page.until(lambda: "sakura-video" in headings(page), "the contract of the bar")
    words = told(page)
    assert "approved by omar" in words and "rate of SK-PREROLL from 1,450 to 1,380 per thousand" in words
    assert page.until(lambda: page.rows("clause"), "its clauses")


def test_a_submitted_version_is_approved_by_another_person(page: Page, folder: Path) -> None:
    page.open("on=2026-11-23")
    before = acts(folder)
    page.choose("written by", "sakura-video")
    press(page, "Show what sakura-video v3 moves")
    assert {row["contract"] for row in page.until(lambda: page.rows("difference"), "the effect")} == {"sakura-video"}
    press(page, "Approve")
    page.until(lambda: "Nothing was stored" in told(page), "the refusal")
    assert acts(folder) == before
    people = page.until(lambda: next(one for one in page.all("select") if "omar" in one.text), "the people")
    Select(people).select_by_visible_text("omar")
    press(page, "Approve")
    page.until(lambda: acts(folder)[len(before) :] == [("approve", "omar", "")], "one act")
    page.until(lambda: "Nothing waits" in told(page), "an empty inbox")
    page.screenshot("contracts_approved.png")


def test_nothing_on_the_page_failed_or_asked_for_the_network(page: Page) -> None:
    page.browser.get_log("browser")  # what pages left in the midst of loading complained of
    page.open()
    page.until(lambda: page.all("canvas"), "the timeline")
    assert [entry["message"] for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert page.all("[data-testid=marimo-error]") == []
    assert page.browser.find_elements(By.CSS_SELECTOR, ".marimo-error") == []
