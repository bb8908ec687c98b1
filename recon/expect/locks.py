"""When a conversion becomes final, and in which period it earns (RULES 5.9)."""

from __future__ import annotations

from datetime import date, timedelta

from recon.contracts.terms import CpaTerms, Lock
from recon.period import Period


def lock_date(lock: Lock, day: date) -> date:
    """The date on which a conversion of a day locks; reversals dated up to it still count.

    >>> lock_date(Lock(after="month_end", months=1, days=0), date(2026, 1, 15))
    datetime.date(2026, 2, 28)
    >>> lock_date(Lock(after="conversion", days=60), date(2026, 4, 1))
    datetime.date(2026, 5, 31)
    """
    start = Period.of(day).shifted(lock.months).last if lock.months is not None else day
    return start + timedelta(days=lock.days)


def locks_on(terms: CpaTerms, day: date) -> date | None:
    """The lock date of a conversion of a day; None where it is final at once (`earn_on: conversion`)."""
    return lock_date(terms.lock, day) if terms.lock is not None else None


def earned_in(terms: CpaTerms, day: date) -> Period:
    """The period in which a conversion of a day earns: its own, or the one in which it locks."""
    locked = locks_on(terms, day)
    return Period.of(day if locked is None else locked)


def expires_on(terms: CpaTerms, day: date) -> date:
    """The last date on which a reversal can still take back in a later period (RULES 5.7)."""
    return day + timedelta(days=terms.reversal_days)
