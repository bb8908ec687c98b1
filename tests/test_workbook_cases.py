"""Packs of the hand-checkable cases: every clause's arithmetic as live formulas, recalculated by another program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import yaml
from office import disagreements, formulas, recalculate
from shares import share

from recon.close import close_period
from recon.evidence import write_pack
from recon.period import Period
from recon.workspace import Workspace

pytestmark = pytest.mark.xdist_group("office")
CASES = Path(__file__).parent.parent / "fixtures" / "cases"
THREE_TIERS = "4.2-three-tiers"
ALWAYS = (
    "4.2-three-tiers", "4.5-the-whole-chain", "5.7-clawback-partial", "6.2-tiers-carried-over-a-version",
    "7.2-period-average-of-crosses", "9-kicker-counts-towards-the-minimum-payout",
)  # fmt: skip
OTHERS = (
    "1.2-rounding-half-even", "1.5-from-graduated", "3.5-booked-then-tiers", "4.3-carry-graduated",
    "4.4-fees-graduated", "4.6-minimum-prorated", "6.2-sale-amount-split-at-a-threshold", "6.3-rounded-per-line",
    "6.6-forfeit",
    "1.2-rounding-down", "1.2-rounding-up", "3.6-versions-share-their-count", "4.2-counter-contract-graduated",
    "4.2-counter-contract-volume", "4.3-carry-volume", "4.3-reset-graduated", "4.3-reset-volume",
    "4.5-contract-cap-in-document-order", "4.5-invoice-currency", "4.6-fixed-fees",
    "4.6-minimum-in-the-invoice-currency", "4.8-capped-cpm-payout", "6.1-percent-with-min-and-max",
    "6.1-split-of-a-capped-percentage", "6.2-tier-fees", "6.2-tiers-over-conversions", "6.2-from-over-conversions",
    "6.2-conversions-over-the-contract", "6.2-tiers-reset-by-a-version", "6.2-shares-in-tiers",
    "6.2-two-sales-split-in-one-month", "6.4-charges-with-a-prorated-fee", "6.5-bonus-at-2",
    "6.6-below-the-minimum-is-held", "6.6-held-balance-is-released", "9-kicker-at-its-percentage",
    "9-rule-counts-towards-the-minimum",
)  # fmt: skip
SHOWN = share((*ALWAYS, *OTHERS), len(ALWAYS))


@pytest.fixture(scope="module")
def packs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """The pack of each case that is asked for, as it was written and recalculated."""
    folder = tmp_path_factory.mktemp("cases")
    names = sorted({THREE_TIERS, *_asked(request.session.items)})
    written = [_pack(name, folder) for name in names]
    again = recalculate(written, tmp_path_factory.mktemp("office"))
    return {name: (one, other) for name, one, other in zip(names, written, again, strict=True)}


def _asked(items: list[pytest.Item]) -> Iterator[str]:
    for item in items:
        params = getattr(item, "callspec", None)
        if item.path == Path(__file__) and params is not None:
            yield params.params["name"]


def _pack(name: str, folder: Path) -> Path:
    shutil.copytree(CASES / name, folder / name)
    period = yaml.safe_load((CASES / name / "expected.yaml").read_text())["period"]
    close = close_period(Workspace.open(folder / name), Period.parse(period), is_diagnosed=False)
    write_pack(close, folder / f"{name}.xlsx")
    return folder / f"{name}.xlsx"


@pytest.mark.parametrize("name", SHOWN)
def test_every_formula_recalculates_to_its_cached_value(packs: dict[str, tuple[Path, Path]], name: str) -> None:
    written, again = packs[name]
    assert disagreements(written, openpyxl.load_workbook(again, data_only=True)) == []


@pytest.mark.parametrize("name", SHOWN)
def test_every_check_holds_after_recalculation(packs: dict[str, tuple[Path, Path]], name: str) -> None:
    checks = openpyxl.load_workbook(packs[name][1], data_only=True)["Checks"]
    results = {row[2]: row[3] for row in checks.iter_rows(min_row=6, values_only=True) if row[3] is not None}
    assert len(results) > 10
    assert [statement for statement, holds in results.items() if holds is not True] == []


@pytest.mark.parametrize("name", SHOWN)
def test_the_lines_of_the_case_are_formulas(packs: dict[str, tuple[Path, Path]], name: str) -> None:
    """Each line the case expects stands in its pack as a rounded sum that was calculated there."""
    wanted = yaml.safe_load((CASES / name / "expected.yaml").read_text())["lines"]
    recalculated = openpyxl.load_workbook(packs[name][1], data_only=True)
    lines = {}
    for title in ("CPM", "CPA"):
        rows = list(recalculated[title].iter_rows(values_only=True))
        header = next(row for row in rows if row[0] == "Row")
        for row in (dict(zip(header, row, strict=True)) for row in rows if row[0] == "line"):
            lines[row["Contract"], row["Item"], row["Kind"], row["Currency"]] = row["Line amount, rounded once"]
    assert lines == {(w["contract"], w["item"], w["kind"], w["currency"]): float(w["amount"]) for w in wanted}
    assert any("minor_units_" in text for _, _, text, _ in formulas(packs[name][0]))


def test_a_threshold_changed_on_contracts_moves_units_between_tiers(
    packs: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    """Tiers are live: who changes a threshold sees other quantities, another line, and the checks fail."""
    book = openpyxl.load_workbook(packs[THREE_TIERS][0])
    thresholds = [row for row in book["Contracts"].iter_rows() if str(row[3].value).endswith("steps[1].over")]
    assert [row[4].value for row in thresholds] == [2]
    thresholds[0][4].value = 3
    book.save(tmp_path / "other.xlsx")
    again = openpyxl.load_workbook(recalculate([tmp_path / "other.xlsx"], tmp_path / "office")[0], data_only=True)
    rows = list(again["CPM"].iter_rows(values_only=True))
    header = next(row for row in rows if row[0] == "Row")
    steps = [dict(zip(header, row, strict=True)) for row in rows if row[0] == "working" and row[3] == "charge"]
    assert [row["Impressions"] for row in steps if row["Impressions"] is not None] == [3, 1, 2]
    assert False in [row[3] for row in again["Checks"].iter_rows(min_row=6, values_only=True)]
