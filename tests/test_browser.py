"""The month-end page in a real browser, as a reviewer uses it: filter, choose a line, drill, share, download."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from closed_demo import closed_demo, october
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from recon.diagnose.grades import cause_words
from recon.review import readable

pytestmark = pytest.mark.xdist_group("pages")  # one browser, one demo month
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "1_month_end.py"
SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1500,2400",
)  # fmt: skip
# marimo's tables and inputs live in shadow roots, which selectors do not enter by themselves
EVERYWHERE = """
const found = [];
const walk = node => { for (const one of node.querySelectorAll('*')) {
    if (one.matches(arguments[0])) found.push(one);
    if (one.shadowRoot) walk(one.shadowRoot); } };
walk(arguments[1] || document);
return found;"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The month-end page, served over the demo month."""
    _needed("chromium"), _needed("chromedriver")
    port, log = _free_port(), tmp_path_factory.mktemp("marimo") / "log.txt"
    served = ("--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port))
    command = [sys.executable, "-m", "marimo", "run", str(NOTEBOOK), *served]
    environment = {**os.environ, "RECON_WORKSPACE": str(closed_demo())}
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=NOTEBOOK.parent.parent)
        try:
            _wait_until_up(f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def _needed(program: str) -> str:
    """Where a program stands; without it the test is skipped, but fails in CI."""
    found = shutil.which(program)
    if not found and os.environ.get("CI"):
        pytest.fail(f"{program} is missing: install Debian's chromium and chromium-driver")
    if not found:
        pytest.skip(f"{program} is missing: install Debian's chromium and chromium-driver to look at the pages")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(address: str, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2)
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"marimo did not come up:\n{log.read_text()}")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium with a profile of its own that knows no network but this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = _needed("chromium")
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(downloads), "download.prompt_for_download": False}
    )
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_needed("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page as a person sees it: rows, buttons and words, wherever in the document they hide."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser, self.address = browser, address

    def open(self, query: str = "") -> Page:
        self.browser.get(f"{self.address}/?{query}")
        self.until(lambda: self.rows("billed"), "the table of lines")
        return self

    def all(self, selector: str, within: WebElement | None = None) -> list[WebElement]:
        found: list[WebElement] = self.browser.execute_script(EVERYWHERE, selector, within)
        return found

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
        waiting = WebDriverWait(self.browser, seconds, 0.3, ignored_exceptions=(Exception,))
        return waiting.until(lambda _: condition(), f"no sight of {what}")

    def table(self, heading: str) -> WebElement | None:
        """The table that has a column of this heading."""
        return next((table for table in self.all("table") if heading in self.headings(table)), None)

    def headings(self, table: WebElement) -> list[str]:
        return [one.text.split("\n")[0] for one in table.find_elements(By.CSS_SELECTOR, "thead th")]

    def rows(self, heading: str) -> list[dict[str, str]]:
        """The rows on the shown page of a table, by their headings."""
        table = self.table(heading)
        if table is None:
            return []
        headings = self.headings(table)
        body = table.find_elements(By.CSS_SELECTOR, "tbody tr")
        cells = [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td")] for row in body]
        return [dict(zip(headings, row, strict=True)) for row in cells if len(row) == len(headings)]

    def choose(self, heading: str, words: str) -> None:
        """Tick the first row of a table that has these words."""
        table = self.table(heading)
        assert table is not None
        row = next(row for row in table.find_elements(By.CSS_SELECTOR, "tbody tr") if words in row.text)
        row.find_element(By.CSS_SELECTOR, "button[role=checkbox]").click()

    def pick(self, label: str, value: str) -> None:
        """Set a filter to a value, as one types into it."""
        box = next(one for one in self.all("marimo-dropdown") if label in self.words_of(one))
        box.shadow_root.find_element(By.CSS_SELECTOR, "button").click()
        self.until(self.fields, "the filter's field")[0].send_keys(value, Keys.ENTER)

    def fields(self) -> list[WebElement]:
        """The fields of open filters."""
        return [one for one in self.all("input[cmdk-input]") if one.is_displayed()]

    def words_of(self, element: WebElement) -> str:
        """The text of an element, of its shadow too."""
        return str(self.browser.execute_script("return (arguments[0].shadowRoot || arguments[0]).textContent", element))

    def click_a_bar(self) -> str:
        """Click down the causes of the bridge until one is met; hands back the heading of its lines."""
        canvas = self.all("canvas")[-1]
        width, height = canvas.size["width"], canvas.size["height"]
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        for down in range(0, height // 2, 12):
            place = ActionChains(self.browser).move_to_element_with_offset(
                canvas, int(width * 0.35), down - height // 4
            )
            place.click().perform()
            time.sleep(0.7)
            found = [one.text for one in self.all("h4") if one.text.startswith("Lines with")]
            if found:
                return found[0]
        raise AssertionError("no bar was met")

    def screenshot(self, name: str) -> None:
        """Kept where RECON_SCREENSHOTS says, to be looked at."""
        if folder := os.environ.get("RECON_SCREENSHOTS"):
            height = self.browser.execute_script("return document.body.scrollHeight")
            self.browser.set_window_size(1500, max(1200, height))
            time.sleep(1)
            self.browser.save_screenshot(str(Path(folder) / name))


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Page:
    return Page(browser, address)


def shown(amount: Decimal, currency: str, *, is_signed: bool = False) -> str:
    """An amount of lines.csv as the page should write it."""
    digits = {"JPY": 0}.get(currency, 2)
    sign = "−" if amount < 0 else "+" if is_signed and amount > 0 else ""
    return f"{sign}{abs(amount):,.{digits}f}"


def test_the_figures_are_those_of_the_close(page: Page) -> None:
    rows = {(row["contract"], row["item"], row["kind"]): row for row in page.open().rows("billed")}
    lines = october().lines.to_dict("records")
    page.screenshot("month_end.png")
    assert len(rows) == min(15, len(lines))
    for line in lines[:15]:
        row, currency = rows[line["contract"], line["item"], line["kind"]], line["currency"]
        assert row["expected"] == shown(line["expected_amount"], currency)
        assert row["billed"] == shown(line["billed_amount"], currency)
        assert row["variance"] == shown(line["variance"], currency, is_signed=True)


def test_a_link_carries_the_filters_and_totals_follow_them(page: Page) -> None:
    page.open("status=open&currency=JPY")
    lines = october().lines
    wanted = lines[(lines["currency"] == "JPY") & ~lines["status"].isin(["matched", "within_tolerance"])]
    assert len(page.rows("billed")) == len(wanted)
    net = shown(sum(wanted["variance"], Decimal(0)), "JPY", is_signed=True)
    page.until(lambda: any(net in page.words_of(card) for card in page.all("marimo-stat")), f"the net variance {net}")


def test_a_filter_set_by_hand_becomes_part_of_the_link(page: Page) -> None:
    page.open()
    page.pick("Currency", "GBP")
    page.until(lambda: {row["currency"] for row in page.rows("billed")} == {"GBP"}, "lines in GBP alone")
    assert "currency=GBP" in page.browser.current_url


def test_drill_from_a_line_to_its_workings_to_its_conversions(page: Page) -> None:
    close = october()
    payable = close.conversions("hearth-hausblick").query("fate == 'payable' and item == 'sale'")
    page.open("counterparty=Hausblick Media GmbH")
    page.choose("billed", "payout")
    steps = page.until(lambda: page.rows("arithmetic"), "the workings")
    workings = close.workings.query("contract == 'hearth-hausblick' and kind == 'payout'")
    assert steps[0]["arithmetic"] == readable(workings["text"].iloc[0])
    events = page.until(lambda: page.rows("conversion_id"), "the conversions")
    assert {row["fate"] for row in events} <= set(close.conversions("hearth-hausblick")["fate"])
    page.choose("arithmetic", steps[0]["arithmetic"][:24])
    page.until(lambda: 0 < len(page.rows("conversion_id")) < len(events), "those of the chosen step alone")
    assert {row["conversion_id"] for row in page.rows("conversion_id")} <= set(payable["conversion_id"])
    page.screenshot("month_end_drill.png")


def test_a_click_on_a_bar_lists_its_lines_and_a_line_its_three_views(page: Page) -> None:
    page.open()
    everything = page.until(lambda: page.rows("grade"), "the findings")
    findings = october().findings.to_dict("records")
    assert len(everything) == min(15, len(findings))
    title = page.click_a_bar()
    wanted = [row for row in findings if title == f"Lines with {cause_words(row['cause'])} in {row['currency']}"]
    page.until(lambda: len(page.rows("grade")) == min(15, len(wanted)), "the lines of the bar")
    assert {row["item"] for row in page.rows("grade")} <= {row["item"] for row in wanted}
    page.choose("grade", page.rows("grade")[0]["item"])
    blocks = page.until(lambda: [one.text for one in page.all(".codehilite pre")], "the sentence to paste")
    assert any(str(row["sentence"]) in blocks[0] and row["finding_id"] in blocks[0] for row in wanted)
    assert blocks[-1].startswith("recon explain 2026-10 2026-10/")
    page.screenshot("month_end_why.png")


def test_causes_are_ranked_by_money_or_by_lines(page: Page) -> None:
    page.open()
    page.until(lambda: page.rows("grade"), "the findings")
    before = page.all("canvas")[-1].screenshot_as_png
    next(one for one in page.all("label") if "number of lines" in one.text).click()
    page.until(lambda: page.all("canvas")[-1].screenshot_as_png != before, "the other order")
    assert page.all("[data-testid=marimo-error]") == []


def test_contracts_not_priced_stand_on_the_page(page: Page) -> None:
    page.open()
    words = " ".join(page.words_of(one) for one in page.all(".markdown"))
    for contract, _, clause in october().not_priced:
        assert contract in words and clause in words


def test_the_workbook_is_downloaded_as_it_was_written(page: Page, downloads: Path) -> None:
    page.open()
    button = next(one for one in page.all("button, a") if "Download the workbook" in one.text)
    button.click()
    file = page.until(lambda: next(iter(downloads.glob("*.xlsx")), None), "the download")
    assert file.name == "northwind-2026-10-evidence.xlsx"
    assert file.read_bytes() == (closed_demo() / "evidence" / "2026-10" / "1.xlsx").read_bytes()
    assert "Checks" in openpyxl.load_workbook(file).sheetnames


def test_nothing_on_the_page_failed_or_asked_for_the_network(page: Page) -> None:
    page.open()
    severe = [entry["message"] for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []
    assert page.all("[data-testid=marimo-error]") == []
