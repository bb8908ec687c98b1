"""Whether what was observed for one book of contracts answers for another: which questions need a second scan."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from recon.contracts.book import Book
from recon.contracts.terms import CpmTerms
from recon.observe.conversions import SPARE
from recon.observe.cuts import cuts_of_items, midnights, needs_days
from recon.observe.questions import first_locking_months, mentioned_values, ordered_programs, widest_windows
from recon.observe.scope import Scope, ends, spans_of, starts
from recon.period import Period, instant_text


def lacking(every: Book, priced: Book, book: Book, scope: Scope, counted_by_others: Collection[str] = ()) -> list[str]:
    """What observations can't tell of a book, in words; empty where they answer for it to the last unit.

    They were made for `every` version and what was `priced`; `book` holds the versions that are in question.
    `counted_by_others` are items with third-party counts.
    """
    return [
        *_cuts(every, book, scope, counted_by_others),
        *_values(every, book),
        *_windows(every, book),
        *_earlier(priced, book, scope.period),
    ]


def _cuts(observed: Book, book: Book, scope: Scope, counted_by_others: Collection[str]) -> Iterator[str]:
    """Items that are not counted, or not cut at an instant at which a version or a date begins."""
    known = cuts_of_items(observed, scope, counted_by_others)
    missing: dict[str, set[int]] = {}
    for span in spans_of(book, CpmTerms):
        terms, zone = span.version.terms, span.version.timezone
        assert isinstance(terms, CpmTerms)
        first, end = scope.period.start(zone), scope.period.end(zone)
        bounds = {at for at in (starts(span), ends(span)) if first < at < end} | {first, end}
        for item in terms.items if starts(span) < end and ends(span) > first else ():
            is_by_day = needs_days(item, terms) or item.item in counted_by_others
            asked = bounds | (midnights(scope, zone) if is_by_day else set())
            missing.setdefault(item.item, set()).update(asked - set(known.get(item.item, ())))
    for name, instants in sorted(missing.items()):
        if name not in known:
            yield f"{name} was not counted: no version listed it"
        elif instants:
            more = f" and at {len(instants) - 1} more" if len(instants) > 1 else ""
            yield f"{name} was not counted apart at {instant_text(min(instants))}{more}"


def _values(observed: Book, book: Book) -> Iterator[str]:
    """Attribute values by which an item was not counted."""
    items = sorted({item.item for one in book.versions if isinstance(one.terms, CpmTerms) for item in one.terms.items})
    for item in items:
        known = mentioned_values(observed, item)
        for name, values in mentioned_values(book, item).items():
            if new := sorted(values - known[name]):
                yield f"{item} was not counted by {name} {', '.join(new)}"


def _windows(observed: Book, book: Book) -> Iterator[str]:
    """Programs that are new, and windows wider than what was looked back for."""
    known = widest_windows(observed)
    for program, windows in sorted(widest_windows(book).items()):
        if program not in known:
            yield f"conversions of {program} were not looked at: no version named it"
            continue
        for name, wide, seen in zip(("click", "view"), windows, known[program], strict=True):
            if wide > seen + SPARE:
                yield f"touches of {program} were looked for only as far back as its widest {name} window and a day"


def _earlier(priced: Book, book: Book, period: Period) -> Iterator[str]:
    """Earlier months that nobody asked for: of conversions that can lock now, or whose order decides a price."""
    before, after = (first_locking_months(one, period) for one in (priced, book))
    for program, month in sorted(after.items()):
        if month < before.get(program, period):
            yield f"conversions of {program} from {month} on can lock in the period and were not looked at"
    for program in sorted(ordered_programs(book) - ordered_programs(priced)):
        yield f"earlier conversions of {program} were not looked at in their order"
