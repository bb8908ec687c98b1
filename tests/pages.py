"""A page in a real browser, served over a workspace: rows, buttons and words as a person meets them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
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


@contextmanager
def served(notebook: str, workspace: Path, log: Path) -> Iterator[str]:
    """The address of a notebook that is served over a workspace."""
    port = _free_port()
    switches = ("--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port))
    command = [sys.executable, "-m", "marimo", "run", str(NOTEBOOKS / notebook), *switches]
    with _running(command, port, log, RECON_WORKSPACE=str(workspace)) as address:
        yield address


@contextmanager
def reviewed(workspace: Path, log: Path, *switches: str) -> Iterator[str]:
    """The address of `recon review` over a workspace."""
    port = _free_port()
    command = [sys.executable, "-m", "recon.cli", "review", "--workspace", str(workspace), "--port", str(port)]
    with _running([*command, "--headless", *switches], port, log) as address:
        yield address


@contextmanager
def _running(command: list[str], port: int, log: Path, **settings: str) -> Iterator[str]:
    """A server that is up, and gone afterwards with all that it started."""
    _needed("chromium"), _needed("chromedriver")
    environment, where = {**os.environ, **settings}, NOTEBOOKS.parent
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, cwd=where, start_new_session=True
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
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


@contextmanager
def chromium(profile: Path, downloads: Path) -> Iterator[webdriver.Chrome]:
    """Chromium with a profile of its own that knows no network but this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = _needed("chromium")
    for switch in (*SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(downloads), "download.prompt_for_download": False}
    )
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_needed("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page as a person sees it: rows, buttons and words, wherever in the document they hide."""

    def __init__(self, browser: webdriver.Chrome, address: str, first_column: str) -> None:
        self.browser, self.address, self.first_column = browser, address, first_column

    def open(self, query: str = "") -> Page:
        self.browser.get(f"{self.address}/?{query}")
        self.until(lambda: self.rows(self.first_column), f"the table with {self.first_column}")
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
        box = row.find_element(By.CSS_SELECTOR, "button[role=checkbox]")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()

    def choose_all(self, heading: str) -> None:
        """Tick every row of a table by the box in its head."""
        table = self.table(heading)
        assert table is not None
        box = table.find_element(By.CSS_SELECTOR, "thead button[role=checkbox]")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()

    def pick(self, label: str, value: str) -> None:
        """Set a filter to a value, as one types into it."""
        box = next(one for one in self.all("marimo-dropdown") if label in self.words_of(one))
        button = box.shadow_root.find_element(By.CSS_SELECTOR, "button")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()
        self.until(self.fields, "the filter's field")[0].send_keys(Keys.CONTROL + "a", Keys.NULL + value, Keys.ENTER)

    def fields(self) -> list[WebElement]:
        """The fields of open filters."""
        return [one for one in self.all("input[cmdk-input]") if one.is_displayed()]

    def words_of(self, element: WebElement) -> str:
        """The text of an element, of its shadow too."""
        return str(self.browser.execute_script("return (arguments[0].shadowRoot || arguments[0]).textContent", element))

    def press(self, words: str) -> None:
        """Press the button with these words."""
        button = self.until(lambda: next(one for one in self.all("button, a") if one.text.strip() == words), words)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def select(self, option: str) -> None:
        """Choose what begins with these words in the field that offers it."""
        field = self.until(lambda: next(one for one in self.all("select") if option in one.text), option)
        words = next(words for words in field.text.splitlines() if option in words)
        Select(field).select_by_visible_text(words.strip())

    def requested(self) -> set[str]:
        """The hosts that anything was asked from since this was asked last."""
        told = (json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance"))
        sent = (one["params"]["request"]["url"] for one in told if one["method"] == "Network.requestWillBeSent")
        return {urlsplit(url).hostname or "" for url in sent if urlsplit(url).scheme not in ("data", "blob", "chrome")}

    def screenshot(self, name: str) -> None:
        """Kept where RECON_SCREENSHOTS says, to be looked at."""
        if folder := os.environ.get("RECON_SCREENSHOTS"):
            height = self.browser.execute_script("return document.body.scrollHeight")
            self.browser.set_window_size(1500, max(1200, height))
            time.sleep(1)
            self.browser.save_screenshot(str(Path(folder) / name))
