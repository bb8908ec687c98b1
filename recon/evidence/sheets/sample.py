"""Sample: what is drawn for the auditor, how anybody can draw it again, and the auditor's own columns (AUDIT)."""

from __future__ import annotations

from recon.evidence.formula import Term
from recon.evidence.pack import Pack
from recon.evidence.sheet import Sheet
from recon.evidence.sheets import sample_conversions, sample_lines
from recon.evidence.sheets.sample_columns import COLUMNS, TITLE, auditors, headings
from recon.evidence.sheets.sample_listing import Listing
from recon.evidence.sheets.sample_method import populations
from recon.evidence.style import TEXT, Look


def write(pack: Pack) -> None:
    """Write the sample, with what the auditor entered in the last pack, and below it all lines it was drawn from."""
    lines = populations(pack.facts)
    above, _ = _drawn(pack, Listing(0, lines))  # written once to see how many rows stand above the listing
    listing = Listing(above.row + 2, lines)
    sheet, ties = _drawn(pack, listing)
    listing.write(pack, sheet)
    sample_lines.check(pack, listing)
    pack.check(TITLE, "The conversions drawn from are those that Tie-out says were decided on", ties)


def _drawn(pack: Pack, listing: Listing) -> tuple[Sheet, Term]:
    """The sheet down to the listing, and whether the conversions tie to Tie-out."""
    sheet = pack.sheet(
        TITLE, COLUMNS, "Sample for the auditor",
        "The yellow columns are the auditor's: they are not sealed, and the month's next pack keeps what they say. "
        "The black formulas beside them follow.",
        "Lines are drawn by money, conversions at random. Impressions are counted, not kept one by one: a line leads "
        "to its counts on Tie-out;",
        f"`recon explain {pack.facts.close.period} ID` reads the raw events again for any impression an auditor picks.",
    )  # fmt: skip
    kept = set(sample_lines.write(pack, sheet, listing))
    conversions = sample_conversions.write(pack, sheet)
    _left_over(pack, sheet, kept | conversions.kept)
    return sheet, conversions.ties


def _left_over(pack: Pack, sheet: Sheet, kept: set[str]) -> None:
    """Entries beside what is no longer drawn: they are the auditor's, so they are never dropped."""
    left = {identity: entry for identity, entry in sorted(pack.entries.items()) if identity not in kept}
    if not left:
        return
    sheet.line("Entries of the last pack whose selection was not drawn again", "section")
    with sheet.table(headings("number", "selection")):
        for place, (identity, entry) in enumerate(left.items(), 1):
            sheet.next_row()
            sheet.put("number", place, Look("tick"))
            sheet.put("selection", identity, Look("text", TEXT))
            auditors(sheet, entry)
    sheet.next_row()
