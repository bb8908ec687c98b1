"""What cells of several pages share: how a workspace is opened, filters kept in the link, charts with their figures."""

from parts.acting import Person, accepting, deciding, form, outcome, signing
from parts.opening import filters, linked, loaded, month, opened
from parts.showing import asked, cards, charted, decisions, effect, finding, fitted, headed, line_by_day, listed, state

__all__ = [
    "Person", "accepting", "asked", "cards", "charted", "deciding", "decisions", "effect", "filters", "finding",
    "fitted", "form", "headed", "line_by_day", "linked", "listed", "loaded", "month", "opened", "outcome",
    "signing", "state",
]  # fmt: skip
