"""One impression by its id: how it ends, read from the raw events upon a button."""

from __future__ import annotations

from collections.abc import Iterator

from recon import views
from recon.close import StoredClose
from recon.problems import BadInput
from recon.review.words import literal


def impression_words(close: StoredClose, identity: str | None) -> str:
    """How an impression ends for charges and payouts, in Markdown; that the raw events have none of that id."""
    asked = (identity or "").strip()
    try:
        seen = views.impression_of(close, asked)
    except BadInput as bad:
        return "\n".join(["**The events can't be read:**", "", *(f"- {literal(str(one))}" for one in bad.problems)])
    if not seen:
        return f"**The raw impressions have no {literal(asked)} either.** Nothing in this month is named so."
    return "\n".join([f"**Impression {literal(asked)}**, read again from the raw events:", "", *_told(seen)])


def _told(seen: list[views.Seen]) -> Iterator[str]:
    for one in seen:
        owner = f"{one.contract or 'no contract'}, item {one.item or '(none)'}"
        version = f" v{one.version}" if one.version else ""
        words = " or ".join(views.IMPRESSION_FATES[fate] for fate in one.fate.split(" or "))
        told = f"- {one.direction}: {owner}{version}: **{one.fate}** × {one.quantity}: {words}"
        yield told + (f"; {one.note}" if one.note else "")
