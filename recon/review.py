"""What the notebooks show: a close cut, added up and worded for reading. No page computes anything itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from recon.close import StoredClose, load_close, periods
from recon.evidence import issue_pack, latest_pack
from recon.money import minor_units, plain, round_to
from recon.period import Period
from recon.problems import BadInput, Problem
from recon.workspace import Workspace

ALL = "all"
OPEN = "open"
SETTLED = ("matched", "within_tolerance")
COUNTED = ("billable", "payable")
MOST_EVENTS = 500
LINES_HEADING = "## Lines\n\nChoose a line to see how its amount came about."
FILTERS = ("counterparty", "status", "currency")
WIDTHS = {"no": 60, "step": 180, "arithmetic": 620, "clause": 240, "rule": 70}
RIGHT = {"expected": "right", "billed": "right", "variance": "right"}
DECISION_COLUMNS = ["conversion_id", "fate", "reason", "touch_id", "version", "rate", "amount"]
_LONGEST_QUOTIENT = 14
_KEY = ["contract", "item", "kind", "currency"]


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


def headline(close: StoredClose) -> str:
    """The close in a few lines of Markdown: what it is, whether anything is open, what was left out."""
    lines = close.lines
    still_open = [status for status in lines["status"] if status not in SETTLED]
    status = (
        f"**{len(still_open)} of {len(lines)} lines are open**" if still_open else f"**all {len(lines)} lines agree**"
    )
    notes = [f"{len(close.rejected):,} rows set aside" if len(close.rejected) else "no rows set aside"]
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


def lines_table(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines as a page shows them: amounts as text at the currency's decimals, the words a person says."""
    pairs = list(
        zip(*(lines[name] for name in ("expected_amount", "billed_amount", "variance", "currency")), strict=True)
    )
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


def said_of_line(close: StoredClose, line: pd.DataFrame) -> str:
    """A selected line in words: its findings, or that it agrees; an invitation where none is selected."""
    if line.empty:
        return "*No line chosen.*"
    row = line.iloc[0]
    found = _matching(close.findings, line, _KEY)
    title = f"### {row['contract']} / {row['item']} / {row['kind']} / {row['currency']}"
    said = [f"- {sentence}" for sentence in found["sentence"]] or [_agreement(close, row["contract"])]
    return "\n".join((title, "", *said))


def _agreement(close: StoredClose, contract: str) -> str:
    if contract in {one[0] for one in close.not_priced}:
        return "Not priced: nothing is expected for this contract, so nothing is compared."
    return "Billed as expected, or within tolerance."


def workings_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How a selected line's amount came about, step by step; empty where no line is selected."""
    rows = _matching(close.workings, line, _KEY)
    steps = rows[["seq", "label", "text", "clause", "rule"]].assign(text=[readable(str(text)) for text in rows["text"]])
    return _as_text(steps.rename(columns={"seq": "no", "label": "step", "text": "arithmetic"}).reset_index(drop=True))


def readable(arithmetic: str) -> str:
    """Arithmetic with long exact quotients cut to ten decimals, marked as cut; the workbook holds them whole.

    >>> readable("3.71 GBP × 11147502339331/8387306761644 × 5%")
    '3.71 GBP × 1.3290920024… × 5%'
    """
    return re.sub(r"-?\d+/\d+", lambda found: _cut(found[0]), arithmetic)


def _cut(quotient: str) -> str:
    if len(quotient) <= _LONGEST_QUOTIENT:
        return quotient
    return f"{plain(round_to(Fraction(quotient), 10, 'down'))}…"


def fates_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How the events of a selected line's item, or else of its contract, ended."""
    rows = _matching(close.fates, line, ["contract", "item"])
    return fate_counts(rows if len(rows) else _matching(close.fates, line, ["contract"]))


def fate_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Events per fate, most first, those that money was counted for marked."""
    sums: dict[str, Decimal] = {}
    for fate, quantity in zip(rows["fate"], rows["quantity"], strict=True):
        sums[fate] = sums.get(fate, Decimal(0)) + quantity
    ordered = sorted(
        ((fate, quantity) for fate, quantity in sums.items() if quantity), key=lambda pair: (-pair[1], pair[0])
    )
    counted = [fate in COUNTED for fate, _ in ordered]
    return pd.DataFrame(
        {
            "fate": [fate.replace("_", " ") for fate, _ in ordered],
            "quantity": [quantity for _, quantity in ordered],
            "is_counted": counted,
        }
    )


def has_decisions(close: StoredClose, line: pd.DataFrame) -> bool:
    """Whether conversions stand behind a selected line: only a CPA contract decides on them one by one."""
    return not line.empty and _is_cpa(close, line["contract"].iloc[0])


def said_of_events(close: StoredClose, line: pd.DataFrame, step: pd.DataFrame) -> str:
    """What the events below are, or how to see those of an impression line."""
    if line.empty:
        return ""
    if not has_decisions(close, line):
        return "Impressions are counted, not listed; `recon explain` tells any one of them by its id."
    which = (
        "priced by the chosen step" if len(step) else "decided on for this item; choose a step to see those it priced"
    )
    return f"#### Conversions {which} (at most {MOST_EVENTS})"


def decisions_of(close: StoredClose, line: pd.DataFrame, step: pd.DataFrame) -> pd.DataFrame:
    """The conversions behind a CPA line or one step of it, at most 500: fate, reason, touch, rate and amount."""
    row = line.iloc[0]
    decisions = close.conversions(row["contract"])
    keep = decisions["item"] == row["item"]
    for priced in _chosen_step(close, line, step):
        is_same_price = [_same(amount, priced["each"]) for amount in decisions["exact_amount"]]
        keep &= pd.Series(is_same_price, index=decisions.index) & (decisions["fate"] == "payable")
    listed = decisions.loc[keep, DECISION_COLUMNS].head(MOST_EVENTS).reset_index(drop=True)
    return _as_text(listed.assign(amount=[_earned(amount, row["currency"]) for amount in listed["amount"]]))


def _earned(amount: Any, currency: str) -> str:
    return "" if pd.isna(amount) else shown(Decimal(amount).normalize(), currency)


def _chosen_step(close: StoredClose, line: pd.DataFrame, step: pd.DataFrame) -> list[dict[Any, Any]]:
    """The price group that is selected; none for another step, such as the rounding."""
    if not len(step):
        return []
    rows = _matching(close.workings, line, _KEY)
    chosen_rows = rows[(rows["seq"].astype(str) == str(step["no"].iloc[0])) & (rows["operation"] == "price_group")]
    return chosen_rows.to_dict("records")


def _same(amount: str | None, each: str | None) -> bool:
    return amount is not None and each is not None and Fraction(amount) == Fraction(each)


def _is_cpa(close: StoredClose, contract: str) -> bool:
    return any(version["contract"] == contract and version["model"] == "cpa" for version in close.versions)


def fates_title(line: pd.DataFrame) -> str:
    """The heading of the fates of a selected line."""
    return "" if line.empty else f"How the events of {line['item'].iloc[0]} ended"


def left_out(close: StoredClose) -> str:
    """Contracts not priced and rows set aside, in words."""
    clauses = [f"- **{contract}**, version {version}: `{clause}`" for contract, version, clause in close.not_priced]
    rejected = (
        f"{len(close.rejected):,} rows of the inputs were set aside:"
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
    return _as_text(close.rejected)


def pack_bytes(close: StoredClose) -> bytes:
    """The month's last evidence pack; written now where there is none yet."""
    return (latest_pack(close) or issue_pack(close)).read_bytes()


def pack_name(close: StoredClose) -> str:
    """The file name a pack is downloaded under."""
    return f"{close.workspace_name}-{close.period}-evidence.xlsx"


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame for reading: text everywhere, nothing where nothing is known."""
    texts = {name: ["" if pd.isna(value) else str(value) for value in frame[name]] for name in frame.columns}
    return pd.DataFrame(texts, columns=frame.columns)


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
