"""What cells of several pages share: how a workspace is opened, filters kept in the link, charts with their figures."""

from parts.acting import Person, accepting, deciding, form, outcome, signing
from parts.opening import filters, loaded, month, opened
from parts.showing import asked, cards, charted, decisions, effect, finding, line_by_day, listed, state

__all__ = [
    "Person", "accepting", "asked", "cards", "charted", "deciding", "decisions", "effect", "filters", "finding",
    "form", "line_by_day", "listed", "loaded", "month", "opened", "outcome", "signing", "state",
]  # fmt: skip
