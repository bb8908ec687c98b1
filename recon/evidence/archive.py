"""The .xlsx file: what openpyxl writes around the rows, the rows themselves, and nothing that depends on the clock."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from recon.evidence.measure import UNIT
from recon.evidence.pack import Pack
from recon.evidence.sheet import Sheet
from recon.evidence.style import NAVY, RED, WARN

DIGEST_PLACE = "(the digest of this pack)"  # stands on Cover until every other cell is known
_A4_ROOM = 784.0  # points between the margins of a landscape page
_SMALLEST = 0.65  # of the type's size
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip entry can carry
_STAMP = b"1980-01-01T00:00:00Z"
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def save(pack: Pack) -> str:
    """Write the pack's file whole or not at all; hands back the pack's digest."""
    digest = pack.seal()
    for title in pack.sheet_order:
        _surround(pack.book[title], pack.sheets[title], digest)
    bare = io.BytesIO()
    pack.book.save(bare)
    pack.path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=pack.path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file, bare, pack, digest)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        Path(temporary).replace(pack.path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return digest


def _write(file: io.BufferedWriter, bare: io.BytesIO, pack: Pack, digest: str) -> None:
    sheets = {f"xl/worksheets/sheet{n}.xml": pack.sheets[title] for n, title in enumerate(pack.sheet_order, 1)}
    with zipfile.ZipFile(bare) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with target.open(entry, "w", force_zip64=True) as out:
                content = source.read(name)
                if name in sheets:
                    _write_rows(out, content.decode(), sheets[name], digest)
                else:
                    out.write(_TIMES.sub(rb"\g<1>" + _STAMP, content) if name == "docProps/core.xml" else content)


def _write_rows(out: IO[bytes], around: str, sheet: Sheet, digest: str) -> None:
    """Put the rows in place of openpyxl's empty ones, and the digest where it is named."""
    before, after = re.split(r"<sheetData\s*/>|<sheetData>.*?</sheetData>", around, maxsplit=1, flags=re.DOTALL)
    area = f"A1:{get_column_letter(len(sheet.columns))}{max(sheet.row, 1)}"
    out.write(re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="{area}"', before).encode())
    out.write(b"<sheetData>")
    for chunk in sheet.chunks():
        out.write((chunk.replace(DIGEST_PLACE, digest) if sheet.bears_digest else chunk).encode())
    out.write(f"</sheetData>{after}".encode())


def _surround(page: Worksheet, sheet: Sheet, digest: str) -> None:
    """Widths, frozen header, filter, colours for failures, links and print setup of a sheet."""
    for letter, column in ((sheet.letter(c.name), c) for c in sheet.columns):
        page.column_dimensions[letter].width = sheet.width(column)
        page.column_dimensions[letter].hidden = column.name in sheet.hidden
    page.sheet_view.showGridLines = False
    page.sheet_properties.tabColor = NAVY
    if sheet.repeated_row:
        page.print_title_rows = f"{sheet.repeated_row}:{sheet.repeated_row}"
    if sheet.is_frozen:
        page.freeze_panes = f"{sheet.frozen_from}{sheet.repeated_row + 1}"
    _filter(page, sheet)
    for area, condition in sheet.conditions:
        rule = FormulaRule([condition], font=Font(color=RED, bold=True), fill=PatternFill(bgColor=WARN))
        page.conditional_formatting.add(area, rule)
    for address, target in sheet.links.items():
        place = target if "!" in target else f"'{target}'!A1"
        page[address].hyperlink = Hyperlink(ref=address, location=place, display=target)
    for anchor, chart in sheet.charts:
        page.add_chart(chart, anchor)
    for row in sheet.new_pages:
        page.row_breaks.append(Break(id=row - 1))
    _print(page, digest, sum(sheet.width(c) for c in sheet.columns if c.name not in sheet.hidden))


def _filter(page: Worksheet, sheet: Sheet) -> None:
    main = next((table for table in sheet.tables if table.header_row == sheet.repeated_row), None)
    if main and main.last_row > main.header_row:
        last = get_column_letter(len(sheet.columns))
        page.auto_filter.ref = f"A{main.header_row}:{last}{main.last_row}"


def _print(page: Worksheet, digest: str, width: float) -> None:
    """Landscape and fit to the width, on A4 where its type can still be read, else on A3."""
    page.page_setup.orientation = "landscape"
    is_readable = _A4_ROOM / (width * UNIT) >= _SMALLEST
    page.page_setup.paperSize = page.PAPERSIZE_A4 if is_readable else page.PAPERSIZE_A3
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.page_margins.left = page.page_margins.right = 0.4
    page.page_margins.top, page.page_margins.bottom, page.page_margins.footer = 0.5, 0.7, 0.3
    page.oddFooter.left.text, page.oddFooter.left.size = f"Pack digest {digest}", 7
    page.oddFooter.center.text, page.oddFooter.center.size = "&A", 7
    page.oddFooter.right.text, page.oddFooter.right.size = "Page &P of &N", 7
