"""What is claimed from one counterparty: its findings with clause, arithmetic and amount, and nobody else's figures."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from recon import views
from recon.close import StoredClose
from recon.diagnose.grades import cause_words
from recon.problems import BadInput, Problem
from recon.review.report import html_page, html_table
from recon.review.words import readable, shown
from recon.signoff import Dossier, Item

WAIVED = "waive"
HEADINGS = ("clause", "step", "as the contract says", "as it seems to have been billed")
LEAD = (
    "Billed and expected amounts that differ, recomputed from the contract and the events. Amounts exclude tax. "
    "Billed − expected: positive is billed or paid too much."
)


def dispute(close: StoredClose, said: Dossier, counterparty: str) -> str:
    """One HTML file with the open findings of a counterparty, by its name or the id of one of its contracts.

    BadInput where the month knows no such counterparty, or has nothing open with it.
    """
    contracts = _contracts(close, counterparty)
    items = [one for one in said.items.closing if one.contract in contracts and one.disposition != WAIVED]
    if not items:
        raise BadInput([Problem(f"closes/{close.period}", counterparty, "a counterparty with open findings")])
    others = _others(close, contracts)
    name = items[0].counterparty or counterparty
    claims = "".join(_claim(close, item, others) for item in items)
    title = f"{close.workspace_name} · {close.period} · {name}"
    return html_page(title, f"<h1>{escape(title)}</h1><p>{LEAD}</p>{_totals(items)}{claims}")


def _contracts(close: StoredClose, counterparty: str) -> frozenset[str]:
    named = {one["contract"] for one in close.versions if counterparty in (one["counterparty"], one["contract"])}
    parties = {one["counterparty"] for one in close.versions if one["contract"] in named}
    return frozenset(one["contract"] for one in close.versions if one["counterparty"] in parties)


def _others(close: StoredClose, contracts: frozenset[str]) -> frozenset[str]:
    """The names that must not be read here: other contracts, their parties, and the items that only they have."""
    ours = [row for row in close.lines.to_dict("records") if row["contract"] in contracts]
    theirs = [row for row in close.lines.to_dict("records") if row["contract"] not in contracts]
    known = {row["item"] for row in ours} | {row["counterparty"] for row in ours} | contracts
    names = {str(row[name]) for row in theirs for name in ("contract", "counterparty", "item") if row[name]}
    versions = {str(one[name]) for one in close.versions if one["contract"] not in contracts
                for name in ("contract", "counterparty")}  # fmt: skip
    return frozenset((names | versions) - known)


def _totals(items: list[Item]) -> str:
    currencies = sorted({one.currency for one in items})
    sums = ((currency, shown(_sum(items, currency), currency, is_signed=True)) for currency in currencies)
    return html_table(("currency", "amount"), sums)


def _sum(items: list[Item], currency: str) -> Any:
    return sum(one.amount for one in items if one.currency == currency)


def _claim(close: StoredClose, item: Item, others: frozenset[str]) -> str:
    found: views.Record = {"sentence": "", "edit": ""}
    for row in close.findings[close.findings["finding_id"] == item.finding_id].to_dict("records"):
        found = {str(name): value for name, value in row.items()}
    amount = shown(item.amount, item.currency, is_signed=True)
    said = _unless_named(str(found["sentence"] or item.words), others)
    title = " / ".join((item.contract, item.item, item.kind, item.currency))
    told = f"{cause_words(item.cause)} · {item.grade}"
    return (
        f"<h2>{escape(title)}</h2><p><b>{escape(item.currency)} {escape(amount)}</b> · {escape(told)}</p>"
        f"<p>{escape(said)}</p>{_arithmetic(close, found, others)}"
    )


def _unless_named(text: str, others: frozenset[str]) -> str:
    """A sentence without anybody else in it; left out as a whole where it names somebody."""
    return "" if any(name in text for name in others) else text


def _arithmetic(close: StoredClose, finding: views.Record, others: frozenset[str]) -> str:
    if "finding_id" not in finding:
        return ""
    rows = list(_steps(views.workings_of(close, finding), others))
    return html_table(HEADINGS, rows) if rows else ""


def _steps(pairs: list[views.Pair], others: frozenset[str]) -> Iterator[tuple[str, ...]]:
    for pair in pairs:
        step: views.Record = pair.ours or pair.theirs or {}
        texts = (_unless_named(readable(str(side["text"] or "")), others) if side else "" for side in pair)
        yield str(step["clause"] or ""), _unless_named(str(step["label"] or ""), others), *texts
