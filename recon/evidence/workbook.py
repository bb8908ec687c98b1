"""The evidence pack: one workbook per close, in which an auditor sees and re-performs the month (AUDIT)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from recon.evidence.archive import save
from recon.evidence.entries import Entries
from recon.evidence.facts import Facts
from recon.evidence.pack import CONVERSION_ROWS, DRAFT, Issue, Pack
from recon.evidence.sheet import EXCEL_ROWS
from recon.evidence.sheets import (
    bridge,
    changes,
    checks,
    completeness,
    contracts,
    cover,
    cpa,
    cpm,
    drill,
    exceptions,
    inputs,
    journals,
    parameters,
    roll_forward,
    sample,
    summary,
    tie_out,
)

if TYPE_CHECKING:
    from recon.close import StoredClose
    from recon.signoff import Dossier


def write_pack(
    close: StoredClose,
    path: Path,
    *,
    issue: Issue = DRAFT,
    row_limit: int = EXCEL_ROWS,
    conversion_limit: int = CONVERSION_ROWS,
    said: Dossier | None = None,
    entries: Entries | None = None,
) -> str:
    """Write a close's evidence pack to `path` (.xlsx) whole or not at all; hands back the pack's digest.

    The same close, with the same said of it by people and the same `entries` of the auditor in the sample, gives the
    same bytes.
    `issue` says which number it gets and which packs it follows; without a number
    it is a draft. Workings beyond `row_limit` and conversions beyond
    `conversion_limit` go to CSV files beside the pack, whose hashes it states.
    """
    facts, limits = Facts(close, said), (row_limit, conversion_limit)
    pack = Pack(facts, list(SHEETS), Path(path), issue, *limits, entries=entries or {})
    for title in WRITING_ORDER:
        SHEETS[title](pack)
    return save(pack)


Writer = Callable[[Pack], None]
SHEETS: dict[str, Writer] = {
    "Cover": cover.write_cover,
    "About": cover.write_about,
    "Inputs": inputs.write,
    "Tie-out": tie_out.write,
    "Contracts": contracts.write,
    "Parameters": parameters.write,
    "Summary": summary.write,
    "CPM": cpm.write,
    "CPA": cpa.write,
    "Exceptions": exceptions.write,
    "Bridge": bridge.write,
    "Completeness": completeness.write,
    "Roll-forward": roll_forward.write,
    "Journals": journals.write,
    "Sample": sample.write,
    "Drill": drill.write,
    "Checks": checks.write,
    "Changes": changes.write,
}
# What a sheet's formulas point to is written before it; people turn the pages in the order above.
WRITING_ORDER = (
    "Parameters", "Contracts", "Inputs", "CPM", "CPA", "Summary", "Tie-out", "Exceptions", "Bridge", "Completeness",
    "Roll-forward", "Journals", "Sample", "Drill", "Changes", "Checks", "Cover", "About",
)  # fmt: skip
