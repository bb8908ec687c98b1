"""An engineer's way in a real browser: from a link to a line, to an event, to its path, and the link opened again."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import pytest
from closed_demo import closed_demo, october
from pages import Page, chromium, served
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.long]  # one demo month
LINE = "streamly-acme-reviews|subscription|payout|USD"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")) as driver:
        yield driver


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("3_debug.py", closed_demo(), tmp_path_factory.mktemp("marimo") / "log.txt") as found:
        yield found


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Page:
    return Page(browser, address, "cause, grade")


def said(page: Page, name: str) -> str:
    """What the address says by now."""
    return parse_qs(urlparse(page.browser.current_url).query).get(name, [""])[0]


def headings(page: Page) -> list[str]:
    return [one.text for one in page.all("h2")]


def press(page: Page, words: str) -> None:
    button = page.until(lambda: next(one for one in page.all("button") if words in one.text), words)
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def told(page: Page) -> str:
    """All that the page says outside its tables."""
    return " ".join(page.words_of(one) for one in page.all(".markdown"))


def test_from_a_link_to_a_line_to_an_event_to_its_path_and_again(page: Page) -> None:
    page.open(f"period=2026-10&line={LINE}")
    page.until(lambda: "streamly-acme-reviews / subscription / payout / USD" in headings(page), "the line")
    assert page.until(lambda: page.rows("as the contract says"), "the edit")[0]["as the contract says"] == "click"
    press(page, "Read billing_details")
    page.until(lambda: " named in BL" in told(page), "what details say otherwise")
    event = page.until(lambda: page.rows("difference"), "the events")[0]["conversion"]
    page.choose("difference", event)
    page.until(lambda: f"Conversion {event}" in headings(page), "the conversion")
    page.until(lambda: "The rules in order" in told(page), "the rules")
    assert said(page, "conversion") == event and said(page, "line") == LINE
    drawn = len(page.until(lambda: page.all("canvas"), "the path"))
    link = page.browser.current_url
    page.screenshot("debug_line.png")
    page.browser.switch_to.new_window("tab")  # a session of its own
    page.browser.get(link)
    page.until(lambda: f"Conversion {event}" in headings(page), "the conversion again")
    assert "streamly-acme-reviews / subscription / payout / USD" in headings(page)
    page.until(lambda: len(page.all("canvas")) == drawn, "the path again")


def test_an_id_that_is_typed_opens_what_it_names(page: Page) -> None:
    page.open("period=2026-10")
    event = str(october().conversions("sakura-kazeclub")["conversion_id"].iloc[0])
    field = page.until(lambda: next(one for one in page.all("input[type=text]") if one.is_displayed()), "the field")
    field.send_keys(event, Keys.ENTER)
    page.until(lambda: f"Conversion {event}" in headings(page), "the conversion")
    assert said(page, "conversion") == event


def test_an_id_of_nothing_says_what_was_looked_through(page: Page) -> None:
    page.open("period=2026-10&find=cv-nowhere&conversion=cv-nowhere&line=a|b|c|d")
    words = page.until(lambda: told(page) if "Nothing is named cv-nowhere" in told(page) else None, "the words")
    assert "2026-10 knows no conversion cv-nowhere" in words and "2026-10 has no line" in words


def test_nothing_on_the_page_failed_or_asked_for_the_network(page: Page) -> None:
    page.browser.get_log("browser")  # what pages left in the midst of loading complained of
    page.open(f"period=2026-10&line={LINE}")
    page.until(lambda: page.all("canvas"), "the fates")
    assert [entry["message"] for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert page.all("[data-testid=marimo-error]") == []
    assert page.browser.find_elements(By.CSS_SELECTOR, ".marimo-error") == []
