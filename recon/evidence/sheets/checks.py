"""Checks: every check of the pack on one page, and one TRUE or FALSE for all of them."""

from __future__ import annotations

from recon.evidence.formula import every
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column
from recon.evidence.style import Look

TITLE = "Checks"
COLUMNS = (
    Column("number", "No", 6),
    Column("sheet", "Sheet", 18),
    Column("statement", "What must be true", 110),
    Column("result", "Result", 12),
)


def write(pack: Pack) -> None:
    """Write the sheet; the verdict over all checks is what Cover shows."""
    sheet = pack.sheet(TITLE, COLUMNS, "Checks",
        "These test the pack, not the billing: variances are the month's result and stand on Summary and Exceptions.",
    )  # fmt: skip
    with sheet.table(is_main=True):
        results = []
        for count, check in enumerate(pack.checks, 1):
            sheet.next_row()
            sheet.put("number", count, Look("label"))
            sheet.put("sheet", check.sheet, Look("text"))
            sheet.put("statement", check.statement, Look("prose"))
            results.append(sheet.put("result", check.result, Look("verdict")))
    sheet.next_row()
    for name in ("number", "sheet"):
        sheet.put(name, None, Look("total-text"))
    sheet.put("statement", "All checks together", Look("total-text"))
    verdict = every(results)
    pack.verdict = sheet.put("result", verdict, Look("total-tick")).far
    sheet.flag("result", "AND(ISLOGICAL({0}),NOT({0}))")
