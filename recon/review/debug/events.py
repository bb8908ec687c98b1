"""The events behind a line: how they ended, each of them, and where billing_details disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

from recon import views
from recon.close import StoredClose
from recon.money import minor_units, round_to
from recon.review.debug.details import MOST, BilledEvents
from recon.review.lines import fate_counts, has_decisions
from recon.review.words import counted, matching, shown
from recon.views import LINE

NO_EVENTS = "no finding of this line turns on any. `recon explain` tells one of them by its id."
ALL_FATES = "all fates"
UNREAD = "*billing_details are an input, not kept with a close: the button reads them; what differs comes first.*"
COLUMNS = [
    "conversion", "fate", "reason", "item", "touch", "rate", "ours", "billing_details", "difference", "finding says",
]  # fmt: skip
MICROS = 1_000_000


def fates_of_line(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    """How the events of a line ended, most first: those of its item, and those that ended before any item was asked."""
    own = close.fates[close.fates["contract"] == line["contract"].iloc[0]]
    return fate_counts(own[own["item"].isin([line["item"].iloc[0], "", None]) | own["item"].isna()])


def details_words(billed: BilledEvents | None, close: StoredClose, line: pd.DataFrame) -> str:
    """What the inputs say of a line's events as a whole, in Markdown; what the button is for, before it is pressed."""
    if billed is None:
        return UNREAD if has_decisions(close, line) else ""
    if billed.impressions is not None:
        return _impressions_words(billed.impressions)
    if billed.problem:
        return f"**It can't be told event by event:** {billed.problem}"
    if not billed.micros:
        named = ", ".join(billed.lines) or "no billed line has this key"
        return f"**billing_details tell nothing of this line** ({named})."
    differ = sum(_differs(row) for row in _rows(close, line, None, billed))
    exact = "the cent" if billed.step > 1 else "a millionth"
    agree = (
        f"**{counted(differ, 'conversion')} differ{'s' if differ == 1 else ''}**"
        if differ
        else "**every conversion agrees**"
    )
    return f"{agree} of {len(billed.micros):,} named in {', '.join(billed.lines)}, compared to {exact}."


def _impressions_words(named: pd.DataFrame) -> str:
    if named.empty:
        return "**No single impressions can be named:** no finding of this line makes the sides see one differently."
    return f"**{counted(len(named), 'impression')} that the sides see differently**, at most {MOST}:"


def fate_choices(close: StoredClose, line: pd.DataFrame) -> list[str]:
    """The fates that a line's conversions met, for a filter; all first."""
    if not has_decisions(close, line):
        return [ALL_FATES]
    fates = close.conversions(line["contract"].iloc[0])
    own = fates[_is_near(fates, str(line["item"].iloc[0]))]
    return [ALL_FATES, *(fate for fate in views.FATES if fate in set(own["fate"]))]


def fate_chosen(close: StoredClose, line: pd.DataFrame, wanted: str | None) -> str:
    """The fate that an address asks for, else all."""
    return wanted if wanted and wanted in fate_choices(close, line) else ALL_FATES


def open_event(row: Any) -> str | None:
    """The conversion of a row that is chosen among the events; None where none is."""
    return None if row is None or row.empty or "conversion" not in row else str(row["conversion"].iloc[0])


def event_heading(close: StoredClose, line: pd.DataFrame) -> str:
    """What the table of events holds; that it is empty where no finding turns on counted impressions."""
    if not has_decisions(close, line):
        told = "these are counts that its findings turn on." if len(_counted(close, line)) else NO_EVENTS
        return f"### Events\n\nImpressions are counted, not listed: {told}"
    return (
        "### Events\n\nConversions decided on for the item, and those refused before any item priced them. First "
        "those where billing_details differ, then those that a finding turns on. Choose one to see its path."
    )


def event_rows(close: StoredClose, line: pd.DataFrame, fate: str, billed: BilledEvents | None) -> pd.DataFrame:
    """The conversions of a line with our fate and amount, what billing_details say, and what a finding says of them.

    Of a line of impressions the counts that its findings turn on.
    """
    if not has_decisions(close, line):
        return _counted(close, line) if billed is None or billed.impressions is None else billed.impressions
    rows = list(_rows(close, line, None if fate == ALL_FATES else fate, billed))
    ordered = sorted(
        rows, key=lambda row: (not _differs(row), not row["finding says"], row["place"], row["conversion"])
    )
    return pd.DataFrame(ordered, columns=COLUMNS, dtype=object)


def _differs(row: Mapping[str, Any]) -> bool:
    return bool(row["difference"])


def _is_near(decisions: pd.DataFrame, item: str) -> pd.Series:
    """Decisions of an item, and those that ended before an item was asked for."""
    return (decisions["item"] == item) | (decisions["item"] == "")


def _rows(
    close: StoredClose, line: pd.DataFrame, fate: str | None, billed: BilledEvents | None
) -> Iterator[dict[str, Any]]:
    one = line.iloc[0]
    decisions = close.conversions(one["contract"])
    said = _said(close, line)
    own = decisions[_is_near(decisions, str(one["item"]))].to_dict("records")
    known = {row["conversion_id"] for row in own}
    for row in own:
        if fate in (None, row["fate"]):
            yield _row(row, str(one["currency"]), billed, said)
    for conversion in sorted(set(billed.micros) - known) if billed is not None and fate is None else ():
        unknown = {"conversion_id": conversion, "fate": "", "reason": "not decided for this item", **NOTHING}
        yield _row(unknown, str(one["currency"]), billed, said)


NOTHING = {"item": "", "touch_id": "", "rate": "", "exact_amount": None}
PLACES = {fate: place for place, fate in enumerate(reversed(list(views.FATES)))}  # payable first


def _said(close: StoredClose, line: pd.DataFrame) -> dict[str, str]:
    """What the line's findings say of single events."""
    found: dict[str, list[str]] = defaultdict(list)
    ids = set(matching(close.findings, line, list(LINE))["finding_id"])
    for event in close.finding_events.to_dict("records"):
        if event["finding_id"] in ids and event["event"]:
            amount = event["their_amount"]
            theirs = views.fate_words(event["theirs"]) + (f" {amount:f}" if amount is not None else "")
            found[str(event["event"]).split("#", maxsplit=1)[0]].append(theirs)
    return {event: "; ".join(told) for event, told in found.items()}


def _row(row: Mapping[Any, Any], currency: str, billed: BilledEvents | None, said: Mapping[str, str]) -> dict[str, Any]:
    ours = Fraction(row["exact_amount"] or 0) if row["fate"] in ("payable", "") else Fraction(0)
    theirs, difference = ("", "") if billed is None or not billed.micros else _against(row, ours, currency, billed)
    return {
        "conversion": row["conversion_id"], "fate": str(row["fate"]).replace("_", " ") or "–", "reason": row["reason"],
        "item": row["item"], "touch": row["touch_id"] or "", "rate": row["rate"] or "",
        "ours": _amount(ours, currency) if ours else "", "billing_details": theirs, "difference": difference,
        "finding says": said.get(str(row["conversion_id"]), ""), "place": PLACES.get(str(row["fate"]), -1),
    }  # fmt: skip


def _against(row: Mapping[Any, Any], ours: Fraction, currency: str, billed: BilledEvents) -> tuple[str, str]:
    """What details say of a conversion, and theirs − ours where it is more than they are exact to."""
    micros = billed.micros.get(str(row["conversion_id"]))
    theirs = Fraction(micros or 0, MICROS)
    times = ", more than once" if row["conversion_id"] in billed.repeated else ""
    told = "" if micros is None else _amount(theirs, currency) + times
    differs = abs(theirs - ours) * MICROS > billed.step or (micros is None) != (not ours)
    return told, _amount(theirs - ours, currency, is_signed=True) if differs else ""


def _amount(amount: Fraction, currency: str, *, is_signed: bool = False) -> str:
    """An amount at the currency's decimals where it is whole in them, else at six."""
    digits = minor_units(currency)
    is_whole = (amount * 10**digits).denominator == 1
    return shown(round_to(amount, digits if is_whole else 6), currency, is_signed=is_signed)


def _counted(close: StoredClose, line: pd.DataFrame) -> pd.DataFrame:
    ids = set(matching(close.findings, line, list(LINE))["finding_id"])
    rows = [row for row in close.finding_events.to_dict("records") if row["finding_id"] in ids]
    told = [
        (f"{row['quantity']:,f}", views.fate_words(row["ours"]), views.fate_words(row["theirs"]), row["place"])
        for row in rows
    ]
    return pd.DataFrame(told, columns=["impressions", "ours", "theirs, under the edit", "where"], dtype=object)
