"""What a close holds as facts for reading: findings in three views, the path of a conversion rule by rule."""

from recon.views.fates import FATES, IMPRESSION_FATES
from recon.views.findings import (
    LINE,
    Pair,
    Record,
    command,
    events_of,
    fate_words,
    findings_naming,
    grade_meaning,
    has_events,
    has_workings,
    sentence_of,
    workings_of,
)
from recon.views.impressions import Seen, impression_of
from recon.views.path import Claim, Look, Path, path_of
from recon.views.ruling import Ruling, rulings

__all__ = [
    "FATES", "IMPRESSION_FATES", "LINE", "Claim", "Look", "Pair", "Path", "Record", "Ruling", "Seen", "command",
    "events_of", "fate_words", "findings_naming", "grade_meaning", "has_events", "has_workings", "impression_of",
    "path_of", "rulings", "sentence_of", "workings_of",
]  # fmt: skip
