"""Findings with grade, decision, owner and age, and the open items from month to month, as an auditor reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

import pandas as pd

from recon.diagnose.grades import GRADES, cause_words
from recon.evidence.facts import Record
from recon.review.audit.link import Filter, Link
from recon.review.audit.room import Room
from recon.review.month import ALL
from recon.review.words import counted, literal, shown
from recon.signoff import Item

FINDING_FILTERS = ("counterparty", "grade", "decision")
FINDING_COLUMNS = [
    "line", "counterparty", "amount", "cause", "grade", "decision", "by", "owner", "age", "finding",
]  # fmt: skip
ITEM_COLUMNS = [
    "month", "counterparty", "contract", "amount", "cause", "decision", "by", "owner", "age", "cleared by",
]  # fmt: skip
PARTS = ("opening", "new", "cleared", "closing")
NOT_ASKED, UNDECIDED = "not asked", "undecided"
NO_ITEMS = "## Roll-forward\n\nNo open items: nothing was carried into the month, and no line of it is above tolerance."


def findings_heading(room: Room) -> str:
    """How many findings of which grade, and what was decided about them (Markdown)."""
    found, items = room.facts.findings, room.said.items.new
    if not found:
        return "## Findings\n\nNo findings: every line agrees or is within tolerance."
    grades = Counter(str(one["grade"]) for one in found)
    told = ", ".join(f"{grades[grade]} {grade}" for grade in GRADES if grades[grade])
    decided = Counter(one.disposition or UNDECIDED for one in items)
    acts = ", ".join(f"{count} {name}" for name, count in sorted(decided.items()))
    asked = f" · {counted(len(items), 'decision')} asked: **{acts}**" if items else " · no decision is asked"
    return f"## Findings\n\n{counted(len(found), 'finding')}: {told}{asked}\n\nChoose one to read what it says."


def finding_filter(room: Room, link: Link, name: str) -> Filter:
    """A filter of the findings by what they say: counterparty, grade or decision."""
    return link.filter(name, sorted({_told(room, one)[name] for one in room.facts.findings}))


def findings_table(room: Room, **filters: str) -> pd.DataFrame:
    """The findings that pass the filters, the largest first."""
    found = sorted(room.facts.findings, key=lambda one: (-abs(one["amount"] or Decimal(0)), one["finding_id"]))
    rows = [_told(room, one) for one in found]
    kept = [row for row in rows if all(value in (ALL, row[name]) for name, value in filters.items())]
    return pd.DataFrame(kept, columns=FINDING_COLUMNS, dtype=object)


def _told(room: Room, finding: Record) -> dict[str, str]:
    return {
        **_decision(room.facts.open_items.get(finding["finding_id"])),
        "line": " / ".join(str(finding[name] or "–") for name in ("contract", "item", "kind")),
        "counterparty": room.facts.counterparty(finding["contract"]),
        "amount": _amount(finding["amount"], str(finding["currency"] or "")),
        "cause": cause_words(finding["cause"]),
        "grade": str(finding["grade"]),
        "finding": finding["finding_id"],
    }  # fmt: skip


def _decision(item: Item | None) -> dict[str, str]:
    if item is None:
        return {"decision": NOT_ASKED, "by": "–", "owner": "–", "age": "–"}
    return {
        "decision": item.disposition or UNDECIDED, "by": item.decided_by or "–", "owner": item.owner or "nobody",
        "age": item.age,
    }  # fmt: skip


def _amount(amount: Decimal | None, currency: str) -> str:
    """Money with its currency; a dash for none."""
    return f"{currency} {shown(amount, currency, is_signed=True)}" if amount and currency else "–"


def reason_of(room: Room, row: pd.DataFrame) -> str:
    """What was decided about a chosen finding, by whom and why, and every act before it (Markdown)."""
    wanted = str(row["finding"].iloc[0])
    acts = [act for act in room.said.acts if act.finding_id == wanted]
    told = [f"- **{act.action}** by {literal(act.who)}{_about(act.owner, act.reason)}" for act in acts]
    return "\n".join(["#### What people decided", "", *(told or ["Nobody has said anything about it."])])


def _about(owner: str, reason: str) -> str:
    return (f" to {literal(owner)}" if owner else "") + (f": {literal(reason)}" if reason else "")


def rolled_text(room: Room) -> str:
    """Opening + new − cleared = closing per currency, and what is open by its age (Markdown)."""
    items = room.said.items
    if not items.currencies:
        return NO_ITEMS
    lead = "Opening + new − cleared = closing. Amounts are billed − expected; ages count from the end of their month."
    return "\n".join(["## Roll-forward", "", lead, "", *_sums(room), "", *_ages(room)])


def _sums(room: Room) -> Iterator[str]:
    items = room.said.items
    yield f"| {' | '.join(PARTS)} |"
    yield f"|{'--:|' * len(PARTS)}"
    for currency in items.currencies:
        sums = (_amount(items.total(part, currency), currency) for part in PARTS)
        yield f"| {' | '.join(sums)} |"


def _ages(room: Room) -> Iterator[str]:
    counts = Counter(one.age for one in room.said.items.closing)
    told = ", ".join(f"{counted(count, 'item')} of {age} days" for age, count in sorted(counts.items(), key=_by_age))
    yield f"Open at the end of the month: {told or 'nothing'}."


def _by_age(pair: tuple[str, int]) -> int:
    return int(pair[0].rstrip("+").split("–")[0])


def items_table(room: Room) -> pd.DataFrame:
    """Every item that was carried in or is new, the oldest first, with what was decided and how it was cleared."""
    items = room.said.items
    cleared: Mapping[str, Item] = {one.finding_id: one for one in items.cleared}
    listed = [cleared.get(one.finding_id, one) for one in (*items.opening, *items.new)]
    rows = [_item(one) for one in sorted(listed, key=lambda one: (-one.days, -abs(one.amount), one.finding_id))]
    return pd.DataFrame(rows, columns=ITEM_COLUMNS, dtype=object)


def _item(one: Item) -> tuple[str, ...]:
    named = (one.period, one.counterparty or "(no contract)", one.contract)
    said = (one.disposition or UNDECIDED, one.decided_by or "–", one.owner or "nobody")
    return *named, _amount(one.amount, one.currency), cause_words(one.cause), *said, one.age, one.cleared_by or "open"
