"""What contracts ask of events: all that observations follow from beside the events and the scope, as plain values.

Rates, tiers, fees, caps' sizes and other terms that only pricing reads are not among it. Whoever observes is given the
questions and no book, so that two books that ask the same are observed alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from recon.contracts.book import Book
from recon.contracts.terms import CpaTerms, CpmTerms, Lock
from recon.observe.cuts import cuts_of_items
from recon.observe.scope import Scope
from recon.period import Period, duration

EARLIEST = Period(1970, 1)
ATTRIBUTES = ("geo", "device", "placement", "partner")
VIEWABLE, COMPLETED, TEST, LATE, GIVT, SIVT, LATENESS = 1, 2, 4, 8, 16, 32, 64
ALWAYS_MARKED = TEST | LATE | GIVT | SIVT


@dataclass(frozen=True)
class Questions:
    """By program the widest (click, view) windows in µs, the first month that can lock in the period, and whether the
    order of conversions decides a price; by item its cuts (µs; unknown items under ""), and which attributes and marks
    its counts by day tell apart; by attribute the values that some rate names, in order.
    """

    windows: Mapping[str, tuple[int, int]]
    locking: Mapping[str, Period]
    ordered: frozenset[str]
    cuts: Mapping[str, tuple[int, ...]]
    values: Mapping[str, tuple[str, ...]]
    days: Mapping[str, tuple[bool | int, ...]]

    @classmethod
    def of(
        cls, book: Book, scope: Scope, every: Book | None = None, counted_by_others: Collection[str] = ()
    ) -> Questions:
        """What is asked to price a book, and to diagnose it with `every` version, whatever its status.

        `counted_by_others` are items with third-party counts.
        """
        asked = every or book
        cuts = cuts_of_items(asked, scope, counted_by_others)
        return cls(
            widest_windows(asked),
            first_locking_months(book, scope.period),
            frozenset(ordered_programs(book)),
            cuts,
            {name: tuple(sorted(values)) for name, values in mentioned_values(asked).items()},
            {item: asked_by_day(asked, item) for item in sorted(cuts) if item},
        )

    def told(self) -> dict[str, object]:
        """The same as values that JSON knows, in a fixed order."""
        return {
            "windows": sorted(self.windows.items()),
            "locking": sorted((program, str(month)) for program, month in self.locking.items()),
            "ordered": sorted(self.ordered),
            "cuts": sorted(self.cuts.items()),
            "values": sorted(self.values.items()),
            "days": sorted(self.days.items()),
        }


def widest_windows(book: Book) -> dict[str, tuple[int, int]]:
    """(click, view) windows per program in µs: the widest of any version."""
    widest: dict[str, tuple[int, int]] = {}
    for version in book.versions:
        if isinstance(version.terms, CpaTerms):
            click, view = widest.get(version.terms.program, (0, 0))
            stated = version.terms.attribution
            widest[version.terms.program] = (
                max(click, duration(stated.click_window)),
                max(view, duration(stated.view_window)),
            )
    return widest


def mentioned_values(book: Book, item: str | None = None) -> dict[str, frozenset[str]]:
    """The attribute values that some CPM rate (of one item) names: all others are alike to it (RULES 3.3)."""
    values: dict[str, set[str]] = {name: set() for name in ATTRIBUTES}
    for version in book.versions:
        for one in version.terms.items if isinstance(version.terms, CpmTerms) else ():
            for rate in one.rates if item in (None, one.item) else ():
                for name, listed in rate.when.conditions:
                    values[name].update(listed)
    return {name: frozenset(listed) for name, listed in values.items()}


def asked_by_day(book: Book, item: str) -> tuple[bool | int, ...]:
    """Whether the counts by day of an item tell each attribute apart, and the marks that they do."""
    named = mentioned_values(book, item)
    return (*(bool(named[name]) for name in ATTRIBUTES), marks_asked(book, item))


def marks_asked(book: Book, item: str) -> int:
    """The marks that decide whether an impression of an item is billable, under any version that lists it."""
    terms = [version.terms for version in book.versions if isinstance(version.terms, CpmTerms)]
    bases = {one.basis for one in terms if any(listed.item == item for listed in one.items)}
    asked = {"viewable": VIEWABLE, "completed": COMPLETED}
    return ALWAYS_MARKED | sum(bit for basis, bit in asked.items() if basis in bases)


def first_locking_months(book: Book, period: Period) -> dict[str, Period]:
    """The earliest month that can lock in a period, by program; programs that lock nothing are not there."""
    since: dict[str, Period] = {}
    for terms in cpa_terms(book):
        if terms.lock is not None:
            first = first_locking_month(terms.lock, period)
            since[terms.program] = min(first, since.get(terms.program, first))
    return since


def ordered_programs(book: Book) -> set[str]:
    """Programs where the order of conversions decides a price."""
    return {terms.program for terms in cpa_terms(book) if is_ordered(terms)}


def first_locking_month(lock: Lock, period: Period) -> Period:
    """The earliest month of a conversion that can lock in a period (RULES 5.9).

    >>> str(first_locking_month(Lock(after="month_end", months=1, days=0), Period(2026, 10)))
    '2026-09'
    """
    month = Period.of(period.first - timedelta(days=lock.days)).shifted(-(lock.months or 0))
    return max(month, EARLIEST)


def cpa_terms(book: Book) -> list[CpaTerms]:
    """The terms of every CPA version of a book."""
    return [version.terms for version in book.versions if isinstance(version.terms, CpaTerms)]


def is_ordered(terms: CpaTerms) -> bool:
    """Whether what a conversion earns depends on those before it: tiers and caps (RULES 5.8, 6.2)."""
    return bool(terms.caps) or any(item.tiers is not None for item in terms.items)
