"""The month-end page in a real browser, as a reviewer uses it: filter, choose a line, drill, share, download."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from closed_demo import closed_demo, october
from pages import Page, chromium, served
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.webelement import WebElement

from recon.diagnose.grades import cause_words
from recon.review import readable

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.long]  # one browser, one demo month


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The month-end page, served over the demo month."""
    with served("1_month_end.py", closed_demo(), tmp_path_factory.mktemp("marimo") / "log.txt") as found:
        yield found


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), downloads) as driver:
        yield driver


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Page:
    return Page(browser, address, "billed")


def bridge(page: Page) -> WebElement:
    """The chart that takes clicks: the bridge with its causes."""
    chart = page.until(lambda: page.all("marimo-vega")[0], "the bridge")
    found = "return (arguments[0].shadowRoot || arguments[0]).querySelector('canvas')"
    canvas: WebElement = page.until(lambda: page.browser.execute_script(found, chart), "its canvas")
    return canvas


def click_a_bar(page: Page) -> str:
    """Click down the causes of the bridge until one is met; hands back the heading of its lines."""
    canvas = bridge(page)
    width, height = canvas.size["width"], canvas.size["height"]
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    for down in range(0, height // 2, 12):
        place = ActionChains(page.browser).move_to_element_with_offset(canvas, int(width * 0.35), down - height // 4)
        place.click().perform()
        time.sleep(0.7)
        found = [one.text for one in page.all("h3") if one.text.startswith("Lines with")]
        if found:
            return found[0]
    raise AssertionError("no bar was met")


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
    title = click_a_bar(page)
    wanted = [row for row in findings if title == f"Lines with {cause_words(row['cause'])} in {row['currency']}"]
    page.until(lambda: len(page.rows("grade")) == min(15, len(wanted)), "the lines of the bar")
    assert {row["item"] for row in page.rows("grade")} <= {row["item"] for row in wanted}
    page.choose("grade", page.rows("grade")[0]["item"])
    blocks = page.until(lambda: [one.text for one in page.all(".codehilite pre")], "the sentence to paste")
    assert any(str(row["sentence"]) in blocks[0] and row["finding_id"] in blocks[0] for row in wanted)
    page.until(
        lambda: page.all(".codehilite pre")[-1].text.startswith("recon explain 2026-10 2026-10/"), "how to repeat it"
    )
    page.screenshot("month_end_why.png")


def test_causes_are_ranked_by_money_or_by_lines(page: Page) -> None:
    page.open()
    page.until(lambda: page.rows("grade"), "the findings")
    before = bridge(page).screenshot_as_png
    next(one for one in page.all("label") if "number of lines" in one.text).click()
    page.until(lambda: bridge(page).screenshot_as_png != before, "the other order")
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
    assert file.name == "northwind-2026-10-pack-1.xlsx"
    assert file.read_bytes() == (closed_demo() / "evidence" / "2026-10" / "1.xlsx").read_bytes()
    assert "Checks" in openpyxl.load_workbook(file).sheetnames


def test_nothing_on_the_page_failed_or_asked_for_the_network(page: Page) -> None:
    page.open()
    severe = [entry["message"] for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []
    assert page.all("[data-testid=marimo-error]") == []
