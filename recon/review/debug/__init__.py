"""What the page for engineers shows: a line, an event or an id, from the stored close to the raw rows."""

from recon.review.debug.address import Address, Asked, conversion_at, line_at, no_conversion, no_line
from recon.review.debug.details import BilledEvents, details_of, read_label
from recon.review.debug.events import (
    details_words,
    event_heading,
    event_rows,
    fate_choices,
    fate_chosen,
    fates_of_line,
    open_event,
)
from recon.review.debug.found import FIND_WHAT, find_words, hits, opened_by
from recon.review.debug.lines import LINES_HEADING, NO_MONTH, heading, line_heading, lines_worst_first, open_row
from recon.review.debug.raw import RAW_HEADING, REPEAT, commands, raw_rows, where_clauses
from recon.review.debug.single import impression_words
from recon.review.debug.tables import BESIDE, EDIT, HITS, LINES, RAW, RULES, events_look
from recon.review.debug.verdict import (
    edit_rows,
    edit_words,
    finding_choices,
    finding_chosen,
    verdict,
    workings_rows,
    workings_words,
)
from recon.review.debug.way import (
    PATH_SPANS,
    WHOLE_SPAN,
    contract_choices,
    contract_chosen,
    drawn,
    no_path,
    path_figures,
    path_heading,
    rule_rows,
    rules_heading,
    way_of,
)

__all__ = [
    "BESIDE", "EDIT", "FIND_WHAT", "HITS", "LINES", "LINES_HEADING", "NO_MONTH", "PATH_SPANS", "RAW", "RAW_HEADING",
    "REPEAT", "RULES", "WHOLE_SPAN", "Address", "Asked", "BilledEvents", "commands", "contract_choices",
    "contract_chosen", "conversion_at", "details_of", "details_words", "drawn", "edit_rows", "edit_words",
    "event_heading", "event_rows", "events_look", "fate_choices", "fate_chosen", "fates_of_line", "find_words",
    "finding_choices", "finding_chosen", "heading", "hits", "impression_words", "line_at", "line_heading",
    "lines_worst_first", "no_conversion", "no_line", "no_path", "open_event", "open_row", "opened_by",
    "path_figures", "path_heading", "raw_rows", "read_label", "rule_rows", "rules_heading", "verdict", "way_of",
    "where_clauses", "workings_rows", "workings_words",
]  # fmt: skip
