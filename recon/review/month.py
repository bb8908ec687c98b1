"""A closed month as the page opens it: which one, how it went, its totals, what was left out, its workbook."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from recon.close import StoredClose, load_close, periods
from recon.evidence import Bundle
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.review.words import as_text, counted, literal, shown, total
from recon.workspace import Workspace

ALL = "all"
OPEN = "open"
SETTLED = ("matched", "within_tolerance")
FILTERS = ("counterparty", "status", "currency")


def open_workspace(folder: str | None = None) -> Workspace:
    """The workspace named, else RECON_WORKSPACE's, else the current folder's; BadInput with all its problems."""
    return Workspace.open(Path(folder or os.environ.get("RECON_WORKSPACE") or "."))


def month(workspace: Workspace, wanted: str | None) -> str | None:
    """The closed month that a link asks for, else the latest; None where nothing was closed."""
    months = periods(workspace)
    return wanted if wanted in months else months[0] if months else None


def load(workspace: Workspace, period: str | None) -> StoredClose:
    """The latest run of a month; BadInput, saying what to do, where none was closed."""
    if period is None:
        raise BadInput([Problem(str(workspace.folder), "no closed month", "a close: run `recon close 2026-10` first")])
    return load_close(workspace, Period.parse(period))


def no_month(workspace: Workspace) -> str:
    """What to do where no month was closed yet, in Markdown."""
    return (
        f"**No month of {literal(workspace.name)} was closed yet.** `recon.toml` says where contracts, events and the "
        "statement are; then `recon close 2026-10` recomputes a month, and this page shows it once it is loaded again."
    )


def trouble(bad: BadInput) -> str:
    """Why a page can't be shown: every problem with its place, what stands there and what was expected (Markdown)."""
    told = "\n".join(f"- {literal(str(one))}" for one in bad.problems)
    return f"**This page can't be shown yet.** Mend this, and load it again:\n\n{told}"


def headline(close: StoredClose) -> str:
    """The close in a few lines of Markdown: what it is, whether anything is open, what was left out."""
    lines = close.lines
    still_open = [status for status in lines["status"] if status not in SETTLED]
    status = (
        f"**{len(still_open)} of {len(lines)} lines are open**" if still_open else f"**all {len(lines)} lines agree**"
    )
    notes = [f"{counted(len(close.rejected), 'row')} set aside" if len(close.rejected) else "no rows set aside"]
    unpriced = sorted({contract for contract, _, _ in close.not_priced})
    notes.append(f"**not priced: {', '.join(unpriced)}**" if unpriced else "every contract priced")
    return (
        f"# {close.workspace_name} · {close.period}\n\n{status} · {' · '.join(notes)}\n\n"
        f"run {close.run} · {close.manifest.get('software', '')} · cut-off {close.manifest.get('cutoff', '')} · "
        f"digest `{str(close.manifest['digest'])[:16]}`"
    )


def choices(close: StoredClose, column: str) -> list[str]:
    """What a filter offers: all, then the values of a column of the lines; for the status also all that is open."""
    values = sorted({str(value) for value in close.lines[column] if value is not None})
    return [ALL, *([OPEN] if column == "status" else []), *values]


def chosen(close: StoredClose, column: str, wanted: str | None) -> str:
    """The value of a filter that a link asks for, else all."""
    return wanted if wanted in choices(close, column) else ALL


def passing(close: StoredClose, *, counterparty: str = ALL, status: str = ALL, currency: str = ALL) -> pd.DataFrame:
    """The lines that pass the filters."""
    lines = close.lines
    is_open = ~lines["status"].isin(SETTLED)
    keep = is_open if status == OPEN else (lines["status"] == status) | (status == ALL)
    for column, value in (("counterparty", counterparty), ("currency", currency)):
        keep &= (lines[column] == value) | (value == ALL)
    return lines[keep].reset_index(drop=True)


def totals(lines: pd.DataFrame) -> list[dict[str, str]]:
    """A card per currency for `mo.stat`: the net variance, with expected, billed and gross in words (RULES 8.3)."""
    return [_card(str(currency), rows) for currency, rows in lines.groupby("currency", sort=True)]


def _card(currency: str, rows: pd.DataFrame) -> dict[str, str]:
    expected, billed = total(rows["expected_amount"]), total(rows["billed_amount"])
    gross = total(abs(amount) for amount in rows["variance"])
    words = f"expected {shown(expected, currency)} · billed {shown(billed, currency)} · gross {shown(gross, currency)}"
    return {
        "label": f"{currency}: billed − expected",
        "value": shown(total(rows["variance"]), currency, is_signed=True),
        "caption": words,
    }


def by_counterparty(lines: pd.DataFrame) -> pd.DataFrame:
    """Expected, billed and variance per counterparty and currency, exact."""
    named = lines.assign(counterparty=[name or "(no contract)" for name in lines["counterparty"]])
    sums = ["expected_amount", "billed_amount", "variance"]
    rows = [
        {"counterparty": party, "currency": currency, **{name: total(group[name]) for name in sums}}
        for (party, currency), group in named.groupby(["counterparty", "currency"], sort=True)
    ]
    return pd.DataFrame(rows, columns=["counterparty", "currency", *sums], dtype=object)


def left_out(close: StoredClose) -> str:
    """Contracts not priced and rows set aside, in words."""
    clauses = [f"- **{contract}**, version {version}: `{clause}`" for contract, version, clause in close.not_priced]
    rejected = (
        f"Set aside of the inputs: {counted(len(close.rejected), 'row')}."
        if len(close.rejected)
        else "No row was set aside."
    )
    lead = "Nothing is expected for these contracts, because of a clause that is not priced yet:"
    parts = [
        "## Not priced, set aside",
        *([lead, *clauses] if clauses else ["Every contract was priced."]),
        "",
        rejected,
    ]
    return "\n".join(parts)


def rejected_rows(close: StoredClose) -> pd.DataFrame:
    """The rows set aside, as text."""
    return as_text(close.rejected)


def pack_bytes(close: StoredClose) -> bytes:
    """The run's last issued evidence pack; where there is none, a draft: to download is not to issue."""
    return Bundle.of(close).content


def pack_name(close: StoredClose) -> str:
    """The file name a pack is downloaded under: with its number, or as a draft; an archive where files belong to it."""
    return Bundle.of(close).name
