"""What changes next in the contract book: versions that begin and end, notice dates, renewals, in date order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from recon.contracts.book import ONE_DAY, Span
from recon.contracts.lifecycle import OPEN
from recon.contracts.phrases import date_words
from recon.contracts.renewing import Due
from recon.contracts.terms import ContractVersion
from recon.contracts.wording import summary_words
from recon.money import plain
from recon.review.kept import ContractBook
from recon.review.words import copyable, counted

NO_COMINGS = "Nothing begins, ends or asks for a notice in these days."
DUE_HEADING = (
    "## Renewals due\n\nContracts that end unless a renewal follows; only a renewal version extends a contract."
)
NO_DUE = "No contract waits for a renewal: each goes on without one, is followed already, or has no renewal clause."
TO_RENEW = "A contract author drafts a renewal, with its clause's term and prices, by:"
_NOTHING = "nothing follows it yet"
AHEAD = timedelta(days=90)
COMING_COLUMNS = ["date", "in", "contract", "counterparty", "what changes"]
DUE_COLUMNS = [
    "contract", "counterparty", "version", "last day", "notice by", "renews", "for", "prices", "state",
]  # fmt: skip


@dataclass(frozen=True)
class Coming:
    """Something that changes in a contract on a date, in words; `short` says it in a table beside the date."""

    day: date
    contract: str
    words: str
    short: str


def comings(kept: ContractBook) -> tuple[Coming, ...]:
    """All that changes from the date on, in date order."""
    found = [one for contract in kept.book.contracts for one in _of_contract(kept, contract)]
    return tuple(sorted((one for one in found if one.day >= kept.day), key=lambda one: (one.day, one.contract)))


def _of_contract(kept: ContractBook, contract: str) -> Iterator[Coming]:
    spans, renewals = kept.book.spans(contract), [one for one in kept.due if one.contract == contract]
    for before, span in zip((None, *spans), spans, strict=False):
        yield _begin(before, span)
    for span, after in zip(spans, (*spans[1:], None), strict=False):
        if span.end is not None and (after is None or after.first != span.end):
            yield _end(span, span.end, after, renewals)
    for renewal in renewals:
        yield Coming(renewal.notice_by, contract, _notice(renewal), "last day to give notice")
    for version in kept.book.versions_of(contract):
        if version.status in OPEN:
            yield _proposal(version)


def _begin(before: Span[ContractVersion] | None, span: Span[ContractVersion]) -> Coming:
    """A version that comes into force: the first, one that takes over with what it changes, or one after a gap."""
    name = f"v{span.version.version}"
    if before is None:
        return Coming(span.first, span.contract, f"{name} begins: the contract's first day", f"{name} begins")
    if before.end != span.first:
        return Coming(span.first, span.contract, f"{name} begins, after days without a version", f"{name} begins")
    words = f"{name} takes over from v{before.version.version}"
    return Coming(span.first, span.contract, f"{words}: {summary_words(before.version, span.version)}", words)


def _end(
    span: Span[ContractVersion], end: date, after: Span[ContractVersion] | None, renewals: Sequence[Due]
) -> Coming:
    """The last day of a version that no other takes over from."""
    words = f"last day of v{span.version.version}"
    if after is not None:
        rest, short = f"nothing is in force until {date_words(after.first)}", f"nothing until {after.first}"
    elif span.version.effective.last != end - ONE_DAY:
        rest, short = "the contract is terminated", "then terminated"
    else:
        rest, short = ("it ends unless it is renewed", "unless renewed") if renewals else (_NOTHING, "nothing follows")
    return Coming(end - ONE_DAY, span.contract, f"{words}: {rest}", f"last day, {short}")


def _notice(renewal: Due) -> str:
    """What the notice date is for, and what comes without a notice."""
    if not renewal.is_auto:
        return f"last day to give notice; a renewal for {renewed_for(renewal)} is by agreement"
    return f"last day to give notice; without one it renews for {renewed_for(renewal)}, {prices(renewal)}"


def renewed_for(renewal: Due) -> str:
    """The length of a renewal's term."""
    return counted(renewal.term_months, "month")


def prices(renewal: Due) -> str:
    """What a renewal's escalator does to the prices."""
    return f"prices up {plain(renewal.escalator_percent)}%" if renewal.escalator_percent else "prices unchanged"


def _proposal(version: ContractVersion) -> Coming:
    """An open version, that would hold from its date on if it was approved."""
    does = "end the contract" if version.kind == "termination" else "begin"
    words = f"v{version.version} would {does}, if it is approved: it is {_state(version)}"
    return Coming(version.effective.first, version.contract, words, f"v{version.version} would {does}, if approved")


def _state(version: ContractVersion) -> str:
    return "a draft" if version.status == "draft" else "submitted"


def next_words(kept: ContractBook, contract: str, found: Sequence[Coming]) -> str:
    """What comes next in a contract, with its date; what is over, or goes on, is said where nothing comes."""
    own = next((one for one in found if one.contract == contract), None)
    if own is not None:
        return f"{own.day}: {own.short}"
    spans = kept.book.spans(contract)
    last = last_day(spans[-1]) if spans else None
    if last is not None:
        return f"ended on {last}"
    return "no end" if spans else "never in force"


def last_day(span: Span[ContractVersion]) -> date | None:
    """The last date of a span; None where it has no end."""
    return None if span.end is None else span.end - ONE_DAY


def coming_table(kept: ContractBook, contracts: Sequence[str]) -> pd.DataFrame:
    """What changes within 90 days of the date, a change a row."""
    near = [one for one in comings(kept) if one.day <= kept.day + AHEAD and one.contract in contracts]
    rows = [(str(one.day), _in(one.day - kept.day), one.contract, kept.party(one.contract), one.words) for one in near]
    return pd.DataFrame(rows, columns=COMING_COLUMNS, dtype=object)


def coming_heading(kept: ContractBook) -> str:
    """What the table of changes is; a sentence in its place is for the page where it is empty."""
    until = f"{date_words(kept.day)} to {date_words(kept.day + AHEAD)}"
    return f"## What changes next\n\nVersions that begin or end, and notice dates, from {until}."


def _in(time: timedelta) -> str:
    return counted(time.days, "day") if time else "today"


def due_table(kept: ContractBook, contracts: Sequence[str]) -> pd.DataFrame:
    """The contracts that end unless they are renewed, those whose notice date comes first on top."""
    rows = [
        (
            one.contract, kept.party(one.contract), f"v{one.version}", str(one.ends), str(one.notice_by),
            "by its clause" if one.is_auto else "by agreement", renewed_for(one), prices(one),
            "notice date passed" if one.is_overdue else "ahead",
        )
        for one in kept.due if one.contract in contracts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=DUE_COLUMNS, dtype=object)


def to_renew(kept: ContractBook, contracts: Sequence[str]) -> str:
    """The commands that draft the renewals listed, for an author to run: a block to copy (HTML)."""
    after = f"--by NAME --workspace {shlex.quote(str(kept.workspace.folder))}"
    return copyable(
        "\n".join(f"recon contracts renew {one.contract} {after}" for one in kept.due if one.contract in contracts)
    )
