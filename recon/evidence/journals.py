"""Journal entries proposed for what was decided: credit or debit notes, and accruals that reverse (AUDIT)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal

from recon.money import plain
from recon.period import Period
from recon.signoff import Item, RollForward
from recon.workspace import Accounts

NOTHING = Decimal(0)
CHARGES = ("charge", "shortfall")
CORRECTED = ("accept", "timing")
TAKEN_BACK = "taken back"


@dataclass(frozen=True)
class Posting:
    """One side of an entry: amounts in major units, one of debit and credit is zero; `reversal` where it is timing."""

    entry: str
    date: dt.date
    account: str
    debit: Decimal
    credit: Decimal
    currency: str
    reference: str
    counterparty: str
    text: str
    reversal: dt.date | None = None


def proposed(items: RollForward, directions: dict[str, str], accounts: Accounts) -> tuple[Posting, ...]:
    """The entries for what a month decided: what was accepted is corrected, what is timing accrued and reversed.

    The books hold what was billed; an entry brings them to what was expected. A carried item that was accepted before
    and is no longer has its correction taken back. `directions` are those of contracts.
    """
    month = Period.parse(items.period)
    return tuple(
        posting
        for number, item in enumerate(_entered(items), 1)
        for posting in _entry(f"{items.period}-{number:04d}", item, directions, accounts, month)
    )


def _entered(items: RollForward) -> Iterator[Item]:
    """What asks for an entry: new items, but those that an accrual's reversal settles, then items decided again."""
    settled = {one.finding_id for one in items.cleared if one.cleared_by.startswith("reverses ")}
    yield from (one for one in items.new if one.disposition in CORRECTED and one.finding_id not in settled)
    then = {one.finding_id: one.disposition for one in items.opening}
    for one in items.decided:
        was = then[one.finding_id]
        if was == "accept" and one.disposition != "accept":
            yield replace(one, amount=-one.amount, disposition=TAKEN_BACK)
        if one.disposition == "timing" or (one.disposition == "accept" and was != "accept"):
            yield one


def _entry(name: str, item: Item, directions: dict[str, str], accounts: Accounts, month: Period) -> Iterator[Posting]:
    is_charge = directions.get(item.contract, "charge" if item.kind in CHARGES else "payout") == "charge"
    amount = item.amount.copy_abs()
    debit, credit = _accounts(is_charge, item.amount > 0, accounts)
    reversal = month.last + dt.timedelta(days=1) if item.disposition == "timing" else None
    text = f"{_what(is_charge, item)}: {item.cause.replace('_', ' ')}"
    for account, in_debit, in_credit in ((debit, amount, NOTHING), (credit, NOTHING, amount)):
        yield Posting(
            name, month.last, account, in_debit, in_credit, item.currency, item.finding_id, item.counterparty, text,
            reversal,
        )  # fmt: skip


def _accounts(is_charge: bool, is_too_much: bool, accounts: Accounts) -> tuple[str, str]:
    """The accounts in debit and credit: too much billed takes back revenue, too much paid takes back cost."""
    if is_charge:
        return (accounts.revenue, accounts.receivable) if is_too_much else (accounts.receivable, accounts.revenue)
    return (accounts.payable, accounts.cost) if is_too_much else (accounts.cost, accounts.payable)


def _what(is_charge: bool, item: Item) -> str:
    if item.disposition == "timing":
        return "accrual"
    if item.disposition == TAKEN_BACK:
        return "correction taken back"
    if is_charge:
        return "credit note" if item.amount > 0 else "debit note"
    return "payout to be taken back" if item.amount > 0 else "payout owed"


def journals_csv(postings: Iterable[Posting]) -> str:
    """The postings as a general ledger imports them: a row each, ISO dates, plain decimals.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([one.name for one in fields(Posting)])
    writer.writerows([_cell(value) for value in asdict(one).values()] for one in postings)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
