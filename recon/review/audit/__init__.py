"""What the auditor's page shows: one run, tied out, with its signatures, trail and packs. It writes nothing."""

from recon.review.audit.chain import TRAIL_FILTERS, TRAIL_HEADING, chain_verdict, open_trail, trail_filter, trail_table
from recon.review.audit.checked import CHECK_HEADING, check
from recon.review.audit.decided import (
    FINDING_FILTERS,
    finding_filter,
    findings_heading,
    findings_table,
    items_table,
    reason_of,
    rolled_text,
)
from recon.review.audit.drilled import codes_table, drill_cards, drill_heading, errors_table
from recon.review.audit.link import Link
from recon.review.audit.packs import (
    PACKS_HEADING,
    downloads,
    issued_download,
    made_now,
    packs_table,
    packs_verdict,
    parties_filter,
    party_download,
)
from recon.review.audit.room import NO_MONTH, Notice, Room, headline, month_filter, open_room, run_filter, runs
from recon.review.audit.sampled import (
    conversions_heading,
    conversions_table,
    lines_table,
    sample_heading,
)
from recon.review.audit.signed import WAY_TITLE, left, left_title, notice, signatures, way
from recon.review.audit.sources import hashes, sources_heading, sources_table
from recon.review.audit.totals import (
    TIED_HEADING,
    complete_heading,
    fates_of_contract,
    fates_title,
    orphans_heading,
    orphans_table,
    seen_table,
    tied_heading,
    ties_table,
    walk_text,
)

__all__ = [
    "CHECK_HEADING", "FINDING_FILTERS", "NO_MONTH", "PACKS_HEADING", "TIED_HEADING", "TRAIL_FILTERS",
    "TRAIL_HEADING", "WAY_TITLE", "Link", "Notice", "Room", "chain_verdict", "check", "codes_table",
    "complete_heading", "conversions_heading", "conversions_table", "downloads", "drill_cards", "drill_heading",
    "errors_table", "fates_of_contract", "fates_title", "finding_filter", "findings_heading",
    "findings_table", "hashes", "headline", "issued_download", "items_table", "left", "left_title", "lines_table",
    "made_now", "month_filter", "notice", "open_room", "open_trail", "orphans_heading", "orphans_table",
    "packs_table", "packs_verdict", "parties_filter", "party_download", "reason_of", "rolled_text", "run_filter",
    "runs", "sample_heading", "seen_table", "signatures", "sources_heading", "sources_table", "tied_heading",
    "ties_table", "trail_filter", "trail_table", "walk_text", "way",
]  # fmt: skip
