"""What the notebooks show: a close cut, added up and worded for reading. No page computes anything itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from recon.close import StoredClose, load_close, periods
from recon.evidence import issue_pack, latest_pack
from recon.money import minor_units
from recon.period import Period
from recon.workspace import Workspace

ALL = "all"
OPEN = "open"
SETTLED = ("matched", "within_tolerance")
COUNTED = ("billable", "payable")
MOST_EVENTS = 500
_KEY = ["contract", "item", "kind", "currency"]

__all__ = [
    "ALL", "OPEN", "by_counterparty", "chosen", "choices", "decisions_of", "fate_counts", "fates_of", "headline", "latest_pack",
    "line_choices", "lines_table", "load", "not_priced", "open_workspace", "periods", "rejected_rows", "totals", "workings_of", "issue_pack",
]  # fmt: skip


def open_workspace(folder: str | None = None) -> Workspace:
    """The workspace named, else the one in RECON_WORKSPACE, else the current folder's; BadInput with all its problems."""
    return Workspace.open(Path(folder or os.environ.get("RECON_WORKSPACE") or "."))


def load(workspace: Workspace, period: str | None, run: int | None = None) -> StoredClose:
    """The latest run of a period, of the last closed month where none is named."""
    months = periods(workspace)
    month = period if period in months or not months else months[0]
    return load_close(workspace, Period.parse(month or "1970-01"), run)


def headline(close: StoredClose) -> str:
    """The close in a few lines of Markdown: what it is, whether anything is open, what was left out."""
    lines = close.lines
    still_open = [status for status in lines["status"] if status not in SETTLED]
    status = f"**{len(still_open)} of {len(lines)} lines are open**" if still_open else f"**all {len(lines)} lines agree**"
    notes = [f"{len(close.rejected):,} rows set aside" if len(close.rejected) else "no rows set aside"]
    notes.append(f"{len(close.not_priced)} clauses not priced" if close.not_priced else "every contract priced")
    return (
        f"# {close.workspace_name} · {close.period}\n\n{status} · {' · '.join(notes)}\n\n"
        f"run {close.run} · {close.manifest.get('software', '')} · cut-off {close.manifest.get('cutoff', '')} · "
        f"digest `{str(close.manifest['digest'])[:16]}`"
    )


def choices(close: StoredClose, column: str) -> list[str]:
    """What a filter offers: all, then the values of a column of the lines; for the status also all that is open."""
    values = sorted({str(value) for value in close.lines[column] if value is not None})
    return [ALL, *([OPEN] if column == "status" else []), *values]


def chosen(value: str | None, offered: Sequence[str]) -> str:
    """A filter's value as a link carries it, or all where it offers no such thing."""
    return value if value in offered else ALL


def line_choices(close: StoredClose, *, counterparty: str = ALL, status: str = ALL, currency: str = ALL) -> pd.DataFrame:
    """The lines that pass the filters."""
    lines = close.lines
    keep = pd.Series(True, index=lines.index)
    for column, value in (("counterparty", counterparty), ("currency", currency)):
        keep &= (lines[column] == value) | (value == ALL)
    is_open = ~lines["status"].isin(SETTLED)
    keep &= is_open if status == OPEN else (lines["status"] == status) | (status == ALL)
    return lines[keep].reset_index(drop=True)


def totals(lines: pd.DataFrame) -> list[dict[str, str]]:
    """A card per currency for `mo.stat`: the net variance, with expected, billed and gross in words (RULES 8.3)."""
    return [_card(str(currency), rows) for currency, rows in lines.groupby("currency", sort=True)]


def _card(currency: str, rows: pd.DataFrame) -> dict[str, str]:
    expected, billed = total(rows["expected_amount"]), total(rows["billed_amount"])
    gross = total(abs(amount) for amount in rows["variance"])
    words = f"expected {shown(expected, currency)} · billed {shown(billed, currency)} · gross {shown(gross, currency)}"
    return {"label": f"{currency}: billed − expected", "value": shown(total(rows["variance"]), currency, is_signed=True), "caption": words}


def by_counterparty(lines: pd.DataFrame) -> pd.DataFrame:
    """Expected, billed and variance per counterparty and currency, exact."""
    named = lines.assign(counterparty=[name or "(no contract)" for name in lines["counterparty"]])
    sums = ["expected_amount", "billed_amount", "variance"]
    rows = [
        {"counterparty": party, "currency": currency, **{name: total(group[name]) for name in sums}}
        for (party, currency), group in named.groupby(["counterparty", "currency"], sort=True)
    ]
    return pd.DataFrame(rows, columns=["counterparty", "currency", *sums], dtype=object)


def lines_table(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines as a page shows them: amounts as text at the currency's decimals, the words a person says."""
    pairs = list(zip(*(lines[name] for name in ("expected_amount", "billed_amount", "variance", "currency")), strict=True))
    return pd.DataFrame(
        {
            "counterparty": [name or "(no contract)" for name in lines["counterparty"]],
            "contract": lines["contract"],
            "item": lines["item"],
            "kind": lines["kind"],
            "currency": lines["currency"],
            "expected": [shown(expected, currency) for expected, _, _, currency in pairs],
            "billed": [shown(billed, currency) for _, billed, _, currency in pairs],
            "variance": [shown(variance, currency, is_signed=True) for _, _, variance, currency in pairs],
            "status": [str(status).replace("_", " ") for status in lines["status"]],
        }
    )


def workings_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How a selected line's amount came about, step by step; empty where no line is selected."""
    rows = _matching(close.workings, line, _KEY)
    steps = pd.DataFrame({"step": rows["label"], "arithmetic": rows["text"], "version": rows["version"], "clause": rows["clause"], "rule": rows["rule"]})
    return steps.reset_index(drop=True)


def fates_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How the events of a selected line's item, or else of its contract, ended."""
    rows = _matching(close.fates, line, ["contract", "item"])
    return fate_counts(rows if len(rows) else _matching(close.fates, line, ["contract"]))


def fate_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Events per fate, most first, those that money was counted for marked."""
    sums: dict[str, Decimal] = {}
    for fate, quantity in zip(rows["fate"], rows["quantity"], strict=True):
        sums[fate] = sums.get(fate, Decimal(0)) + quantity
    ordered = sorted(((fate, quantity) for fate, quantity in sums.items() if quantity), key=lambda pair: (-pair[1], pair[0]))
    counted = [fate in COUNTED for fate, _ in ordered]
    return pd.DataFrame(
        {"fate": [fate.replace("_", " ") for fate, _ in ordered], "quantity": [quantity for _, quantity in ordered], "is_counted": counted}
    )


def decisions_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """The conversions decided on for a selected CPA line's item, at most 500: fate, reason, touch, rate and amount."""
    if line.empty or not _is_cpa(close, line["contract"].iloc[0]):
        return pd.DataFrame(columns=["conversion_id", "fate", "reason", "touch_id", "version", "rate", "amount"])
    decisions = close.conversions(line["contract"].iloc[0])
    if "item" in decisions.columns:
        decisions = decisions[decisions["item"] == line["item"].iloc[0]].drop(columns=["item"])
    text = decisions.drop(columns=["contract"]).head(MOST_EVENTS).astype(object)
    return text.where(text.notna(), "").astype(str).reset_index(drop=True)


def _is_cpa(close: StoredClose, contract: str) -> bool:
    return any(version["contract"] == contract and version["model"] == "cpa" for version in close.versions)


def not_priced(close: StoredClose) -> pd.DataFrame:
    """Contracts left out of the expected lines, with the clause that is the reason."""
    return pd.DataFrame(close.not_priced, columns=["contract", "version", "clause"])


def rejected_rows(close: StoredClose) -> pd.DataFrame:
    """The rows set aside, as text."""
    return close.rejected.astype(object).where(close.rejected.notna(), "").astype(str)


def _matching(frame: pd.DataFrame, line: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    if line.empty:
        return frame.head(0)
    keep = pd.Series(True, index=frame.index)
    for column in columns:
        keep &= frame[column] == line[column].iloc[0]
    return frame[keep]


def total(amounts: Iterable[Any]) -> Decimal:
    """Exact sum of amounts."""
    return sum(amounts, Decimal(0))


def shown(amount: Decimal, currency: str, *, is_signed: bool = False) -> str:
    """An amount for reading: thousands apart, at least the currency's decimals, a true minus.

    >>> shown(Decimal("-1234.5"), "USD"), shown(Decimal("20"), "JPY", is_signed=True)
    ('−1,234.50', '+20')
    """
    digits = max(minor_units(currency), -int(amount.as_tuple().exponent))
    sign = "−" if amount < 0 else "+" if is_signed and amount > 0 else ""
    return f"{sign}{abs(amount):,.{digits}f}"
