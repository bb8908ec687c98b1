"""What axe-core finds on the start page and on every page, in light and in dark, as people meet them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from closed_demo import closed_demo
from pages import Page, chromium, reviewed
from selenium import webdriver

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("pages")]  # one browser, one demo month

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations), bad => done(String(bad)));"""
SEVERE = ("serious", "critical")
LINE = "streamly-acme-reviews|subscription|payout|USD"
PAGES = {  # the address of a page, and a column that is there once it is drawn
    "": "",
    "month-end/?period=2026-10": "how it stands",
    "evidence/?period=2026-10": "SHA-256 of the file",
    f"debug/?period=2026-10&line={LINE}": "finding says",
    "contracts/?on=2026-10-31": "what comes next",
}
# Parts of marimo 0.25 that no notebook can label, by axe's rule and what the element's HTML holds
OF_MARIMO = {
    "the menu of three dots in the corner has no name": ("button-name", 'aria-haspopup="menu"'),
    "the choices of a radio field are buttons that their labels name, which axe does not follow": (
        "button-name",
        'role="radio"',
    ),
    "the field behind the area where a file is dropped has no label": ("label", 'type="file"'),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with reviewed(closed_demo(), tmp_path_factory.mktemp("review") / "log.txt") as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")) as driver:
        driver.set_script_timeout(180)
        yield driver


def violations(page: Page) -> list[dict[str, Any]]:
    """Every violation on the page as it stands, one per element: rule, impact, help, html."""
    page.browser.execute_script(AXE.read_text())
    found = page.browser.execute_async_script(RUN)
    assert isinstance(found, list), found
    return [
        {"rule": one["id"], "impact": one["impact"], "help": one["help"], "html": node["html"]}
        for one in found
        for node in one["nodes"]
    ]


def is_of_marimo(one: dict[str, Any]) -> bool:
    return any(one["rule"] == rule and part in one["html"] for rule, part in OF_MARIMO.values())


def shown_in(browser: webdriver.Chrome, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def opened(browser: webdriver.Chrome, address: str, where: str) -> Page:
    """A page once it is drawn; on the month's end with a line and a finding chosen, so that all forms are there."""
    page = Page(browser, address, "")
    browser.get(f"{address}/{where}")
    page.until(lambda: page.rows(PAGES[where]) if PAGES[where] else page.all("h1"), where or "the start page")
    if where.startswith("month-end"):
        page.choose("decision", "proven")
        page.choose("billed", "over billed")
        page.until(lambda: page.table("arithmetic"), "the line's workings")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", PAGES, ids=lambda where: where.split("/")[0] or "start")
def test_nothing_serious_stands_in_anybodys_way(
    browser: webdriver.Chrome, address: str, where: str, scheme: str
) -> None:
    shown_in(browser, scheme)
    found = [one for one in violations(opened(browser, address, where)) if one["impact"] in SEVERE]
    assert [one for one in found if not is_of_marimo(one)] == []


def test_a_page_without_names_is_found_out(browser: webdriver.Chrome, address: str) -> None:
    page = opened(browser, address, "")
    page.browser.execute_script("document.querySelector('a').textContent = ''; document.documentElement.lang = ''")
    assert {"link-name", "html-has-lang"} <= {one["rule"] for one in violations(page)}


def test_what_is_left_to_marimo_is_still_there(browser: webdriver.Chrome, address: str) -> None:
    found = [*violations(opened(browser, address, "evidence/?period=2026-10"))]
    page = opened(browser, address, "month-end/?period=2026-10")
    assert [one.accessible_name for one in page.all("[role=radio]")] == ["by money", "by number of lines"]
    found += violations(page)
    met = {
        told for told, (rule, part) in OF_MARIMO.items() for one in found if rule == one["rule"] and part in one["html"]
    }
    assert met == set(OF_MARIMO), "what marimo mended is taken off the list"
