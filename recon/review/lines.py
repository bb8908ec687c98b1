"""The lines of a month and what stands behind each: its findings, its arithmetic, its events."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from recon.close import StoredClose
from recon.review.words import all_shown, as_text, matching, readable, shown

COUNTED = ("billable", "payable")
MOST_EVENTS = 500
LINES_HEADING = "## Lines\n\nChoose a line to see how its amount came about."
DECISION_COLUMNS = ["conversion_id", "fate", "reason", "touch_id", "version", "rate", "amount"]
_KEY = ["contract", "item", "kind", "currency"]


def lines_table(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines as a page shows them: amounts as text at the currency's decimals, the words a person says."""
    currencies = lines["currency"]
    return pd.DataFrame(
        {
            "counterparty": lines["counterparty"].replace("", None).fillna("(no contract)"),
            "contract": lines["contract"],
            "item": lines["item"],
            "kind": lines["kind"],
            "currency": lines["currency"],
            "expected": all_shown(lines["expected_amount"], currencies),
            "billed": all_shown(lines["billed_amount"], currencies),
            "variance": all_shown(lines["variance"], currencies, is_signed=True),
            "status": lines["status"].astype(str).str.replace("_", " "),
        }
    )


def said_of_line(close: StoredClose, line: pd.DataFrame) -> str:
    """A selected line in words: its findings, or that it agrees; an invitation where none is selected."""
    if line.empty:
        return "*No line chosen.*"
    row = line.iloc[0]
    found = matching(close.findings, line, _KEY)
    title = f"### {row['contract']} / {row['item']} / {row['kind']} / {row['currency']}"
    said = [f"- {sentence}" for sentence in found["sentence"]] or [_agreement(close, row["contract"])]
    return "\n".join((title, "", *said))


def _agreement(close: StoredClose, contract: str) -> str:
    if contract in {one[0] for one in close.not_priced}:
        return "Not priced: nothing is expected for this contract, so nothing is compared."
    return "Billed as expected, or within tolerance."


def workings_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How a selected line's amount came about, step by step; empty where no line is selected."""
    rows = matching(close.workings, line, _KEY)
    steps = rows[["seq", "label", "text", "clause", "rule"]].assign(text=[readable(str(text)) for text in rows["text"]])
    return as_text(steps.rename(columns={"seq": "no", "label": "step", "text": "arithmetic"}).reset_index(drop=True))


def fates_of(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How the events of a selected line's item, or else of its contract, ended."""
    rows = matching(close.fates, line, ["contract", "item"])
    return fate_counts(rows if len(rows) else matching(close.fates, line, ["contract"]))


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


def fates_title(line: pd.DataFrame) -> str:
    """The heading of the fates of a selected line."""
    return "" if line.empty else f"How the events of {line['item'].iloc[0]} ended"


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
    return as_text(listed.assign(amount=[_earned(amount, row["currency"]) for amount in listed["amount"]]))


def _earned(amount: Any, currency: str) -> str:
    return "" if pd.isna(amount) else shown(Decimal(amount).normalize(), currency)


def _chosen_step(close: StoredClose, line: pd.DataFrame, step: pd.DataFrame) -> list[dict[Any, Any]]:
    """The price group that is selected; none for another step, such as the rounding."""
    if not len(step):
        return []
    rows = matching(close.workings, line, _KEY)
    chosen_rows = rows[(rows["seq"].astype(str) == str(step["no"].iloc[0])) & (rows["operation"] == "price_group")]
    return chosen_rows.to_dict("records")


def _same(amount: str | None, each: str | None) -> bool:
    return amount is not None and each is not None and Fraction(amount) == Fraction(each)


def _is_cpa(close: StoredClose, contract: str) -> bool:
    return any(version["contract"] == contract and version["model"] == "cpa" for version in close.versions)
