"""What the notebooks show: a close cut, added up and worded for reading. No page computes anything itself."""

from recon.close import periods
from recon.review.lines import (
    LINES_HEADING,
    decisions_of,
    fate_counts,
    fates_of,
    fates_title,
    has_decisions,
    lines_table,
    said_of_events,
    said_of_line,
    workings_of,
)
from recon.review.month import (
    ALL,
    FILTERS,
    OPEN,
    by_counterparty,
    choices,
    chosen,
    headline,
    left_out,
    load,
    month,
    open_workspace,
    pack_bytes,
    pack_name,
    passing,
    rejected_rows,
    totals,
)
from recon.review.tables import BESIDE, DECISIONS, EVENTS, FINDINGS, LINES, REJECTED, STEPS
from recon.review.why import (
    EVENTS_HEADING,
    GRADES_MEANING,
    NO_EVENTS,
    NO_WORKINGS,
    RANKS,
    REPEAT_HEADING,
    WORKINGS_HEADING,
    bridge_steps,
    causes,
    clicked,
    finding_events,
    finding_heading,
    finding_of,
    findings_of,
    findings_table,
    findings_title,
    has_variance,
    to_paste,
    to_repeat,
    why_heading,
    workings_beside,
)
from recon.review.words import readable, shown, total
from recon.views import has_events, has_workings

__all__ = [
    "ALL", "BESIDE", "DECISIONS", "EVENTS", "EVENTS_HEADING", "FILTERS", "FINDINGS", "GRADES_MEANING", "LINES",
    "LINES_HEADING", "NO_EVENTS", "NO_WORKINGS", "OPEN", "RANKS", "REJECTED", "REPEAT_HEADING", "STEPS",
    "WORKINGS_HEADING",
    "bridge_steps", "by_counterparty", "causes", "choices", "chosen", "clicked", "decisions_of", "fate_counts",
    "fates_of", "fates_title", "finding_events", "finding_heading", "finding_of", "findings_of", "findings_table",
    "findings_title", "has_decisions", "has_events", "has_variance", "has_workings", "headline", "left_out",
    "lines_table", "load", "month", "open_workspace", "pack_bytes", "pack_name", "passing", "periods", "readable",
    "rejected_rows", "said_of_events", "said_of_line", "shown", "to_paste", "to_repeat", "total", "totals",
    "why_heading", "workings_beside", "workings_of",
]  # fmt: skip
