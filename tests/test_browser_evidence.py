"""The auditor's page in a real browser: a link to a filtered view, a contract's fates, a pack that is checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from closed_demo import closed_demo
from pages import Page, chromium, served
from selenium import webdriver

from recon.ledger import Ledger
from recon.workspace import Workspace

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.long]  # one demo month


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page once it was opened by a link that filters findings and trail."""
    log = tmp_path_factory.mktemp("marimo") / "log.txt"
    with (
        served("2_evidence.py", closed_demo(), log) as address,
        chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")) as browser,
    ):
        opened = Page(browser, address, "billed − expected")
        yield opened.open("grade=proven&kind=contract&person=omar")


def told(page: Page) -> str:
    """All that the page says outside its tables."""
    return " ".join(page.words_of(one) for one in page.all(".markdown"))


def head() -> str:
    place = Workspace.open(closed_demo())
    with Ledger.open(place.database_url, place.closes) as ledger:
        return ledger.head()


def test_the_link_filters_findings_and_trail(page: Page) -> None:
    findings = page.until(lambda: page.rows("grade"), "the findings")
    trail = page.until(lambda: page.rows("object"), "the trail")
    assert {row["grade"] for row in findings} == {"proven"}
    assert {row["kind"] for row in trail} == {"contract"} and all("omar" in row["person"] for row in trail)
    words = told(page)
    assert "Open: nobody has signed it" in words and "The chain holds" in words and head() in words


def test_a_chosen_contract_shows_its_fates(page: Page) -> None:
    first = page.rows("billed − expected")[0]["contract"]
    page.choose("billed − expected", first)
    page.until(lambda: page.all("marimo-vega, .vega-embed, canvas, svg.marks"), "the chart of its fates")


def test_an_altered_pack_is_named_cell_by_cell(page: Page, tmp_path: Path, browser_errors: list[str]) -> None:
    before, forged = head(), tmp_path / "forged.xlsx"
    book = openpyxl.load_workbook(closed_demo() / "evidence" / "2026-10" / "1.xlsx")
    book["Summary"]["A6"].value = "another"
    book.save(forged)
    page.all("input[type=file]")[0].send_keys(str(forged))
    rows = page.until(lambda: page.rows("what was altered"), "the altered places")
    assert ("Summary", "A6") in {(row["sheet"], row["place"]) for row in rows}
    assert "forged.xlsx IS NOT INTACT" in told(page) and head() == before
    page.screenshot("evidence_checked.png")
    assert browser_errors == []


@pytest.fixture
def browser_errors(page: Page) -> list[str]:
    """What the browser complained of so far."""
    driver: webdriver.Chrome = page.browser
    assert page.all("[data-testid=marimo-error]") == []
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
