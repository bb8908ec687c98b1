"""Every fate in words with its rule; those of conversions in the order in which they are asked (RULES 5.4)."""

FATES = {
    "test": "a test event, never paid (5.4)",
    "fraud": "marked as fraud, never paid (5.4)",
    "late": "ingested after the cut-off: does not count, settled by true-up (1.9)",
    "duplicate": "an earlier conversion of the same order stands within the dedupe window (5.4)",
    "no_touch": "touches are in reach, none of them qualifies (5.2)",
    "lost": "another partner won it (5.3)",
    "ineligible": "a condition of the contract does not hold (5.5)",
    "no_rate": "no item of the contract prices it (5.6)",
    "reversed": "reversed in its own period (5.7)",
    "not_locked": "not final yet (5.9)",
    "over_cap": "beyond a cap (5.8)",
    "payable": "payable (5.4)",
}
IMPRESSION_FATES = {
    "duplicate": "the same impression_id came at most 24 h before (3.2)",
    "test": "a test event (3.2)",
    "ivt": "invalid traffic of a kind that the contract excludes (3.2)",
    "late": "ingested after the cut-off (1.9)",
    "no_version": "its item is known, but in no version in force on that date (2.2, 3.2)",
    "not_viewable": "the contract bills viewable impressions only (3.2)",
    "not_completed": "the contract bills completed impressions only (3.2)",
    "no_rate": "no rate of its item matches (3.3)",
    "over_booked": "beyond the booked quantity (3.5)",
    "billable": "billable (3.2)",
    "unknown_item": "no contract knows its item (3.2)",
    "look_back": "outside the period; read for look-back alone",
}
