"""The close as one HTML file that stands alone: for people without Excel or Python, and without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from recon import charts
from recon.close import StoredClose
from recon.diagnose.grades import GRADES, cause_words
from recon.ledger import Signed
from recon.period import moment
from recon.review.lines import lines_table
from recon.review.month import by_counterparty, totals
from recon.review.why import bridge_steps, findings_of, has_variance
from recon.review.words import shown
from recon.signoff import Dossier, Item, RollForward

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; color: #1f2933; margin: 0 auto;
  max-width: 1180px; padding: 32px 28px 64px; }
h1 { font-size: 26px; margin: 0; color: #1f3a5f; } h2 { font-size: 19px; margin: 40px 0 8px; color: #1f3a5f; }
.quiet { color: #5b6876; } .cards { display: flex; flex-wrap: wrap; gap: 14px; margin: 20px 0; }
.card { border: 1px solid #d5dce4; border-radius: 8px; padding: 12px 18px; min-width: 230px; }
.card b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: 10px 0; }
th { text-align: left; background: #1f3a5f; color: white; padding: 6px 8px; font-weight: 600; }
td { border-bottom: 1px solid #d5dce4; padding: 5px 8px; vertical-align: top;
  overflow-wrap: break-word; min-width: 5.8em; }
td.amount { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th.amount { text-align: right; } figure { margin: 14px 0; overflow-x: auto; }
.wide { overflow-x: auto; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } tr, figure { break-inside: avoid; }
  thead { display: table-header-group; } }
"""
AMOUNTS = ("expected", "billed", "variance", "amount", "opening", "new", "cleared", "closing")
NEVER = "Nobody has signed this run yet."


def report(close: StoredClose, said: Dossier) -> str:
    """The whole page: conclusion, totals, bridge, findings with decisions, open items, sign-offs, every line."""
    parts = (
        _head(close), _cards(close), _why(close), _findings(close, said), _items(said.items), _signed(close, said),
        _lines(close),
        f'<h2>How to read this</h2><p class="quiet">{HOW}</p>',
    )  # fmt: skip
    return html_page(f"{close.workspace_name} · {close.period}", "\n".join(parts))


def html_page(title: str, body: str) -> str:
    """A page with its own look, that asks nothing of anybody."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    )


def _head(close: StoredClose) -> str:
    still_open = sum(status not in ("matched", "within_tolerance") for status in close.lines["status"])
    total, set_aside = len(close.lines), len(close.rejected)
    verdict = f"{still_open} of {total} lines are open" if still_open else f"all {total} lines agree"
    rejected = f"{set_aside:,} rows of the inputs were set aside" if set_aside else "every row was used"
    made = f"run {close.run} · {close.manifest['software']} · cut-off {close.manifest['cutoff']}"
    return (
        f"<h1>{escape(close.workspace_name)} · {escape(close.period)}</h1><p><b>{verdict}</b> · {rejected}</p>"
        f'<p class="quiet">{escape(made)} · digest {escape(str(close.manifest["digest"])[:16])}</p>'
    )


def _cards(close: StoredClose) -> str:
    cards = (
        f'<div class="card">{escape(card["label"])}<b>{escape(card["value"])}</b>'
        f'<span class="quiet">{escape(card["caption"])}</span></div>'
        for card in totals(close.lines)
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def _why(close: StoredClose) -> str:
    if not has_variance(close, close.lines):
        return "<h2>Why</h2><p>Everything was billed as expected: there is no variance to explain.</p>"
    drawn = (charts.waterfall(bridge_steps(close, close.lines)), charts.variances(by_counterparty(close.lines)))
    return "<h2>Why</h2>" + "".join(f"<figure>{charts.svg(chart)}</figure>" for chart in drawn)


def _findings(close: StoredClose, said: Dossier) -> str:
    found = findings_of(close, close.lines)
    over = [one for one in said.items.new if one.words]
    if found.empty and not over:
        return ""
    decided = {one.finding_id: one for one in said.items.new}
    of_lines = (
        (
            _amount(row), cause_words(row["cause"]),
            row["grade"], row["sentence"], _decision(decided.get(row["finding_id"])),
        )
        for row in found.to_dict("records")
    )  # fmt: skip
    meaning = "".join(f"<li><b>{grade}</b>: {escape(words)}</li>" for grade, words in GRADES.items())
    table = html_table(("amount", "cause", "grade", "what it says", "decided"), (*of_lines, *map(_over, over)))
    return (
        f"<h2>Findings</h2>{table}"
        f'<details><summary>What the grades mean</summary><ul class="quiet">{meaning}</ul></details>'
    )


def _over(item: Item) -> Sequence[str]:
    """A finding over the months: drift in one direction, or a true-up of an earlier month."""
    amount = f"{item.currency} {shown(item.amount, item.currency, is_signed=True)}"
    return amount, cause_words(item.cause), item.grade or "–", item.words, _decision(item)


def _amount(row: Mapping[Any, Any]) -> str:
    """A finding's money with its currency; a dash for a remark."""
    return f"{row['currency']} {shown(row['amount'], row['currency'], is_signed=True)}" if row["amount"] else "–"


def _decision(item: object) -> str:
    """What was decided about a finding; a dash where nothing is asked."""
    if item is None:
        return "–"
    told = [getattr(item, name) for name in ("disposition", "decided_by", "reason")]
    return ", ".join(text for text in told if text) or "open"


def _items(items: RollForward) -> str:
    if not items.currencies:
        return "<h2>Open items</h2><p>Nothing was carried into the month, and nothing is left open by it.</p>"
    parts = ("opening", "new", "cleared", "closing")
    rows = (
        (currency, *(shown(items.total(part, currency), currency, is_signed=True) for part in parts))
        for currency in items.currencies
    )
    return f"<h2>Open items</h2>{html_table(('currency', *parts), rows)}"


def _signed(close: StoredClose, said: Dossier) -> str:
    told = [_told(one) for one in said.way]
    rows = "".join(f"<li>{escape(one)}</li>" for one in told)
    return f"<h2>Sign-off</h2>{f'<ul>{rows}</ul>' if told else f'<p>{NEVER}</p>'}"


def _told(one: Signed) -> str:
    reason = f": {one.reason}" if one.reason else ""
    return f"{one.state} with run {one.run}, by {one.who} at {moment(one.at)} UTC{reason}"


def _lines(close: StoredClose) -> str:
    frame = lines_table(close.lines)
    return f'<h2>Lines</h2><div class="wide">{html_table(tuple(frame.columns), _rows(frame))}</div>'


HOW = (
    "Every charge and payout was recomputed from contracts and raw events, independently of the billing system. "
    "Variance = billed − expected. Amounts exclude tax. The evidence pack holds the arithmetic of every line."
)


def _rows(frame: pd.DataFrame) -> Iterator[Sequence[object]]:
    return (tuple(row) for row in frame.itertuples(index=False, name=None))


def html_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as an HTML table, amounts to the right; every cell is text."""
    marks = [' class="amount"' if name in AMOUNTS else "" for name in headings]
    head = "".join(f"<th{mark}>{escape(name)}</th>" for name, mark in zip(headings, marks, strict=True))
    body = "".join(f"<tr>{''.join(_cells(row, marks))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[object], marks: Sequence[str]) -> Iterator[str]:
    return (f"<td{mark}>{escape(str(cell or ''))}</td>" for cell, mark in zip(row, marks, strict=True))
