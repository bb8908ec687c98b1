"""The open items of a month as the page shows them: opening + new − cleared = closing, and how old each is."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from recon.diagnose.grades import cause_words
from recon.review.desk import MonthDesk
from recon.review.words import counted, shown, total
from recon.signoff import AGE_CLASSES, Item, RollForward

PARTS = ("opening", "new", "cleared", "closing")
ITEM_COLUMNS = [
    "state", "counterparty", "line", "currency", "amount", "cause", "decision", "by", "owner", "month", "days", "age",
]  # fmt: skip
AGE_COLUMNS = ["currency", "age", "decision", "amount", "items"]
NO_DECISION = "no decision yet"
NO_ITEMS = "## Open items\n\nNothing was carried into the month, and nothing is left open by it."


def rolled_heading(desk: MonthDesk) -> str:
    """How many items are open at the end of the month, in Markdown."""
    items = desk.items
    if not items.currencies:
        return NO_ITEMS
    told = f"{counted(len(items.closing), 'item')} open, {len(items.opening)} carried into the month"
    ages = "days count from the end of an item's month"
    return f"## Open items\n\n**{told}.** Opening + new − cleared = closing; {ages}."


def rolled_table(desk: MonthDesk) -> pd.DataFrame:
    """Opening, new, cleared and closing per currency."""
    rows = [(name, *(_sum(desk.items, part, name) for part in PARTS)) for name in desk.items.currencies]
    return pd.DataFrame(rows, columns=["currency", *PARTS], dtype=object)


def _sum(items: RollForward, part: str, currency: str) -> str:
    return shown(items.total(part, currency), currency, is_signed=True)


def items_table(desk: MonthDesk) -> pd.DataFrame:
    """Every item, the oldest first: those still open, then those that were cleared and by what."""
    by_age = sorted(desk.items.closing, key=lambda one: (-one.days, -abs(one.amount), one.finding_id))
    rows = [*(_row(one, "open") for one in by_age), *(_row(one, "cleared") for one in desk.items.cleared)]
    return pd.DataFrame(rows, columns=ITEM_COLUMNS, dtype=object)


def _row(one: Item, state: str) -> tuple[str, ...]:
    line = " / ".join((one.contract, one.item, one.kind))
    said = f"{state}: {one.cleared_by}" if one.cleared_by else state
    return (
        said, one.counterparty or "(no contract)", line, one.currency,
        shown(one.amount, one.currency, is_signed=True), cause_words(one.cause), one.disposition or NO_DECISION,
        one.decided_by, one.owner, one.period, str(one.days), one.age,
    )  # fmt: skip


def ages(desk: MonthDesk) -> pd.DataFrame:
    """The open items per currency, class of age and decision: amounts gross and exact, and how many items."""
    return pd.DataFrame(list(_ages(desk.items)), columns=AGE_COLUMNS, dtype=object)


def _ages(items: RollForward) -> Iterator[tuple[object, ...]]:
    for currency in items.currencies:
        for age in AGE_CLASSES:
            own = [one for one in items.closing if (one.currency, one.age) == (currency, age)]
            for decision in sorted({one.disposition or NO_DECISION for one in own}):
                amounts = [abs(one.amount) for one in own if (one.disposition or NO_DECISION) == decision]
                yield currency, age, decision, total(amounts), len(amounts)
