"""What if a contract said something else: its terms edited on the page, and what the month would be expected to be."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import dedent, indent

import pandas as pd

from recon.close import StoredClose, reopened
from recon.close.contracts import registered_book
from recon.contracts.book import Book
from recon.contracts.documents import document_text, parse_version
from recon.contracts.terms import ContractVersion
from recon.diagnose import Preview
from recon.period import Period
from recon.problems import BadInput
from recon.review.words import shown

PLACE = "terms"
WHAT_IF = (
    "## What if\n\nChoose a version, edit its terms, and see what the month would be expected to be. "
    "Nothing that is stored changes."
)
EFFECT_COLUMNS = ["contract", "item", "kind", "currency", "before", "after", "difference"]


@dataclass(frozen=True)
class Effect:
    """What an edit does to a month: in words (Markdown), and line by line; the lines that it moves come first."""

    words: str
    lines: pd.DataFrame


def versions_listed(close: StoredClose) -> dict[str, tuple[str, int]]:
    """The versions that can be edited: those in force on a day of the month, by the name a page shows."""
    book, period = registered_book(close.workspace), Period.parse(close.period)
    return {f"{one.contract} v{one.version}, from {one.effective.first}": (one.contract, one.version)
            for one in _in_force(book, period)}  # fmt: skip


def _in_force(book: Book, period: Period) -> Iterator[ContractVersion]:
    for contract in book.contracts:
        for span in book.spans(contract):
            if span.first <= period.last and (span.end is None or span.end > period.first) and span.version.terms:
                yield span.version


def terms_text(close: StoredClose, chosen: tuple[str, int]) -> str:
    """The terms of a version as they stand in its document, to be edited: without their heading, at the margin."""
    return dedent(_cut(document_text(_version(close, chosen)))[1])


def effect(close: StoredClose, chosen: tuple[str, int], text: str) -> Effect:
    """The month with a version's terms as edited; what can't be read or priced is told in words."""
    began = time.monotonic()
    try:
        version = edited(close, chosen, text)
        if version.terms == _version(close, chosen).terms:
            return Effect("The terms are as they were: nothing moves.", pd.DataFrame(columns=EFFECT_COLUMNS))
        found = reopened(close).preview([version])
    except BadInput as bad:
        problems = "\n".join(f"- {one}" for one in bad.problems)
        return Effect(f"**These terms can't be used.**\n\n{problems}", pd.DataFrame(columns=EFFECT_COLUMNS))
    return Effect(_told(found, time.monotonic() - began), _frame(found))


def edited(close: StoredClose, chosen: tuple[str, int], text: str) -> ContractVersion:
    """The version with the terms as edited; BadInput with every problem, placed at its line of the text."""
    head, _ = _cut(document_text(_version(close, chosen)))
    try:
        return parse_version(f"terms:\n{indent(text.rstrip(), '  ')}\n{head}", PLACE)
    except BadInput as bad:
        raise BadInput([replace(one, place=_in_text(one.place)) for one in bad.problems]) from None


def _in_text(place: str) -> str:
    """A place in the document as a line of the edited text, which stands a line above its heading.

    >>> _in_text("terms:13 terms.items"), _in_text("terms")
    ('line 12 terms.items', 'terms')
    """
    return re.sub(rf"^{PLACE}:(\d+)", lambda found: f"line {int(found[1]) - 1}", place)


def _told(found: Preview, seconds: float) -> str:
    """The effect by currency, and where it was computed from."""
    if not found.moved:
        worth = "**No line moves.**"
    else:
        amounts = (f"{currency} {shown(amount, currency, is_signed=True)}" for currency, amount in found.totals.items())
        worth = f"**{len(found.moved)} of {len(found.lines)} lines move: {' · '.join(amounts)}**"
    source = "From the stored observations" if not found.rescanned else "The events were read again"
    why = "".join(f"\n- {reason}" for reason in found.rescanned)
    return f"{worth}\n\n{source}, in {seconds:.1f} s{':' if why else '.'}\n{why}"


def _frame(found: Preview) -> pd.DataFrame:
    rows = [
        (
            one.contract, one.item, one.kind, one.currency, shown(one.amount_before, one.currency),
            shown(one.amount_after, one.currency), shown(one.difference, one.currency, is_signed=True),
        )
        for one in sorted(found.lines, key=lambda line: (not line.is_moved, -abs(line.difference)))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=EFFECT_COLUMNS)


def _cut(document: str) -> tuple[str, str]:
    """A document's head and its terms, without their heading."""
    lines = document.splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if line.startswith("terms:"))
    return "".join(lines[:first]), "".join(lines[first + 1 :])


def _version(close: StoredClose, chosen: tuple[str, int]) -> ContractVersion:
    found = registered_book(close.workspace).version(*chosen)
    assert found is not None, f"{chosen} is listed, but not in the book"
    return found
