"""Recalculating packs in LibreOffice, and what of them differs from the values they were written with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from benchmarks.office import missing, recalculated


def recalculate(packs: Sequence[Path], folder: Path) -> list[Path]:
    """The packs after LibreOffice calculated every formula anew, in a profile of its own that says so."""
    if missing():
        if os.environ.get("CI"):
            pytest.fail("soffice is missing: install libreoffice-calc")
        pytest.skip("soffice is missing: install libreoffice-calc to recalculate the packs")
    return recalculated(packs, folder, seconds=900)


def formulas(path: Path) -> Iterator[tuple[str, str, str, Any]]:
    """Sheet, address, formula and cached value of every formula cell."""
    texts, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    for sheet in texts:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate, cell.value, values[sheet.title][cell.coordinate].value


def disagreements(path: Path, recalculated: openpyxl.Workbook) -> list[str]:
    """The formula cells whose cached value is not what the recalculation gives."""
    cells = (
        (sheet, address, cached, recalculated[sheet][address].value) for sheet, address, _, cached in formulas(path)
    )
    return [
        f"{sheet}!{address}: {cached!r}, recalculated {value!r}"
        for sheet, address, cached, value in cells
        if not _same(cached, value)
    ]


def _same(cached: Any, value: Any) -> bool:
    if isinstance(cached, (int, float)) and not isinstance(cached, bool) and isinstance(value, (int, float)):
        return value == pytest.approx(cached, rel=1e-12, abs=1e-9)
    return type(cached) is type(value) and cached == value
