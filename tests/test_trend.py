"""What the closed months came to: from the locked run of each, else the latest, and the chart on Summary that draws it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from office import disagreements, recalculate
from stored_close import a_close

from recon.evidence import write_pack
from recon.ledger import CloseMeta, Ledger
from recon.signoff import Dossier, MonthTotal
from recon.signoff.trend import month_totals, months_up_to

pytestmark = pytest.mark.xdist_group("office")
AT = 1_790_000_000_000_000


def line(currency: str, expected: str, billed: str, item: str = "A") -> dict[str, Any]:
    return {
        "contract": "c", "item": item, "kind": "charge", "currency": currency, "expected_quantity": Decimal(1),
        "expected_amount": Decimal(expected), "billed_quantity": None, "billed_amount": Decimal(billed),
        "variance": Decimal(billed) - Decimal(expected), "status": "matched", "cause": "", "grade": "",
    }  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Ledger.open(f"sqlite:///{tmp_path}/recon.db", tmp_path / "closes") as opened:
        yield opened


def record(ledger: Ledger, period: str, *lines: dict[str, Any]) -> int:
    rows = [{**one, "period": period} for one in lines]
    return ledger.record_close(period, "d", CloseMeta(AT, "{}"), lines=rows, findings=[], files=lambda folder: None)


def test_a_month_is_added_up_by_currency() -> None:
    lines = [line("USD", "1.10", "1.00"), line("EUR", "5", "7"), line("USD", "-0.10", "0", "B")]
    eur, usd = month_totals("2026-09", 3, lines)
    assert (eur.currency, eur.expected, eur.billed, eur.variance) == ("EUR", 5, 7, 2)
    assert (usd.period, usd.run, usd.expected, usd.billed, usd.variance) == ("2026-09", 3, 1, 1, 0)


def test_the_last_run_of_a_month_counts_and_later_months_do_not(ledger: Ledger) -> None:
    record(ledger, "2026-09", line("USD", "10", "11"))
    record(ledger, "2026-09", line("USD", "10", "12"))
    record(ledger, "2026-10", line("USD", "99", "99"))
    record(ledger, "2026-11", line("USD", "50", "50"))
    close = replace(a_close(), run=1)
    told = [
        (one.period, one.run, one.currency, one.billed) for one in months_up_to(close, ledger) if one.currency == "USD"
    ]
    own = sum(row["billed_amount"] for row in close.lines.to_dict("records") if row["currency"] == "USD")
    assert told == [("2026-09", 2, "USD", 12), ("2026-10", 1, "USD", own)]


def test_the_locked_run_counts_where_there_is_one(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first = record(ledger, "2026-09", line("USD", "10", "11"))
    record(ledger, "2026-09", line("USD", "10", "12"))
    monkeypatch.setattr(Ledger, "all_locked", lambda self, known_at=None: (self.find("2026-09", first),))
    (month,) = [one for one in months_up_to(a_close(), ledger) if one.period == "2026-09"]
    assert (month.run, month.is_locked, month.billed) == (1, True, 11)


def test_it_reaches_back_twelve_months(ledger: Ledger) -> None:
    for period in [f"2025-{month:02}" for month in range(1, 13)] + [f"2026-{month:02}" for month in range(1, 10)]:
        record(ledger, period, line("USD", "1", "1"))
    told = sorted({one.period for one in months_up_to(a_close(), ledger)})
    assert (told[0], told[-1], len(told)) == ("2025-11", "2026-10", 12)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trend")
    close = replace(a_close(folder), workspace=SimpleNamespace(folder=folder))
    before = [
        MonthTotal("2026-08", 1, True, "USD", Decimal("40000.00"), Decimal("40010.00")),
        MonthTotal("2026-09", 4, False, "USD", Decimal("41000.00"), Decimal("40500.00")),
        MonthTotal("2026-09", 4, False, "CHF", Decimal("7.00"), Decimal("7.00")),
    ]
    said = Dossier.unsigned(close)
    write_pack(close, folder / "1.xlsx", said=replace(said, months=(*before, *said.months)))
    return folder / "1.xlsx"


def test_the_months_stand_on_summary_and_this_one_is_a_formula(pack: Path) -> None:
    values, texts = (openpyxl.load_workbook(pack, data_only=is_value)["Summary"] for is_value in (True, False))
    rows = [
        row for row in values.iter_rows() if re.fullmatch(r"\d{4}-\d\d", str(row[0].value)) and row[5].value == "USD"
    ]
    assert [(row[0].value, row[1].value, row[2].value, row[8].value) for row in rows] == [
        ("2026-08", 1, "the locked run", 10),
        ("2026-09", 4, "the latest run, not locked", -500),
        ("2026-10", 1, "this close", -1265.2),
    ]
    total = next(row for row in values.iter_rows() if row[0].value == "Total USD")
    assert [rows[2][at].value for at in (6, 7, 8)] == [pytest.approx(total[at].value) for at in (6, 7, 8)]
    assert str(texts[rows[2][6].coordinate].value).startswith("=") and texts[rows[1][6].coordinate].value == 41000
    assert "CHF" not in str([row[5].value for row in values.iter_rows()]), "nothing of this month is in it"


def test_a_chart_per_currency_draws_the_cells(pack: Path) -> None:
    with zipfile.ZipFile(pack) as file:
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/chart")]
    trends = [chart for chart in charts if "Expected, billed and variance in" in chart]
    assert len(trends) == 4
    usd = next(chart for chart in trends if "variance in USD" in chart)
    cells = openpyxl.load_workbook(pack, data_only=True)["Summary"]
    areas = re.findall(r"<f>'Summary'!\$([A-Z])\$(\d+):\$[A-Z]\$(\d+)</f>", usd)
    drawn = [
        [cells[f"{letter}{row}"].value for row in range(int(first), int(last) + 1)] for letter, first, last in areas
    ]
    months = ["2026-08", "2026-09", "2026-10"]
    assert [column for column in drawn if column != months] == [drawn[1], drawn[3], drawn[5]]
    assert [column[:2] for column in (drawn[1], drawn[3], drawn[5])] == [[40000, 41000], [40010, 40500], [10, -500]]
    assert "<barChart>" in usd and "<lineChart>" in usd and '<min val="0" />' in usd


@pytest.mark.long
def test_every_formula_recalculates_to_its_cached_value(pack: Path, tmp_path: Path) -> None:
    assert disagreements(pack, openpyxl.load_workbook(recalculate([pack], tmp_path)[0], data_only=True)) == []
