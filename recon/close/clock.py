"""What time it is: above this room everything is told the date and the instant, so that it can be asked for any."""

from __future__ import annotations

from datetime import date, datetime, timezone

from recon.period import instant_of


def today() -> date:
    """Today's date in UTC."""
    return datetime.now(timezone.utc).date()


def now() -> int:
    """The instant, in µs, UTC."""
    return instant_of(datetime.now(timezone.utc))
