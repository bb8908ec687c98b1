"""What is drawn for the auditor, as on the pack's sheet Sample: lines by money, conversions at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

from recon.evidence.entries import OWN
from recon.evidence.facts import exact_or_zero
from recon.evidence.sampling import Unit
from recon.evidence.sheets.sample_conversions import Decision, decisions_on
from recon.evidence.sheets.sample_listing import KEY, Population
from recon.evidence.sheets.sample_method import seed_of
from recon.money import plain, round_to
from recon.review.audit.room import Room
from recon.review.audit.totals import share
from recon.review.words import counted, literal, shown

SAMPLE_TITLE = "## Sample"
_ENTERED = [heading.lower() for _, heading in OWN]
LINE_COLUMNS = ["line", "counterparty", "drawn as", "selection point", "billed", "expected", *_ENTERED]
CONVERSION_COLUMNS = ["conversion", "contract", "decided", "item", "amount", "its event stands in", *_ENTERED]
CONVERSIONS_TITLE = "#### Conversions: drawn at random, each as likely as the other"
Entry = Mapping[str, Any]


def sample_heading(room: Room) -> str:
    """How the sample is drawn, and how much of each currency is in it (Markdown)."""
    how = (
        "**Lines** are drawn by money: every line of the interval or more, and of the rest those in which a point "
        "lies, an interval apart from a random start. "
        f"Seed `{literal(seed_of(room.facts))}`: anybody can draw it again, and the pack's sheet Sample does so by "
        "formula."
    )
    told = [_drawn(population) for population in room.populations]
    none = "**Nothing was billed**, so no line is drawn."
    return "\n\n".join([SAMPLE_TITLE, how, "<br>".join(told) or none, *_entries_problem(room)])


def _drawn(population: Population) -> str:
    """What a currency's lines come to, and what of it is drawn."""
    sample = population.sample
    worth, whole = sum(unit.size for unit in sample.drawn), sample.population
    return (
        f"**{population.currency}**: {len(sample.drawn):,} of {counted(len(sample.units), 'line')} drawn "
        f"({len(sample.drawn) - sample.points:,} whole, {sample.points:,} by a point), "
        f"{_money(population, worth)} of {_money(population, whole)} billed ({share(worth, whole)}); "
        f"interval {_money(population, sample.interval)}, start {_money(population, sample.start)}"
    )


def _money(population: Population, units: int) -> str:
    return shown(round_to(population.amount(units), population.digits), population.currency)


def _entries_problem(room: Room) -> Iterator[str]:
    """Why the auditor's entries of the last pack cannot be shown; nothing where they can."""
    if room.entries is None:
        yield "**The entries of the last pack cannot be read: its file is no pack.**"


def lines_table(room: Room) -> pd.DataFrame:
    """The lines drawn of every currency, those taken whole first, with what the auditor wrote into the last pack."""
    rows = [_line(room, population, unit) for population in room.populations for unit in population.sample.drawn]
    return _with_entries(pd.DataFrame(rows, columns=LINE_COLUMNS, dtype=object))


def _line(room: Room, population: Population, unit: Unit) -> tuple[str, ...]:
    line = population.lines[unit.identity]
    expected = line["expected_amount"]
    told = "–" if expected is None else _amount(exact_or_zero(expected), population.currency)
    billed = _amount(exact_or_zero(line["billed_amount"]), population.currency)
    why, point = (KEY, "–") if unit.is_key else ("point", _money(population, unit.point or 0))
    who = room.facts.counterparty(line["contract"]) or "–"
    entry = (room.entries or {}).get(unit.identity, {})
    return unit.identity, who, why, point, billed, told, *_entered(entry, population.currency)


def _amount(amount: Fraction, currency: str) -> str:
    """An amount with all its decimals, or marked as cut after six."""
    short = round_to(amount, 6, "down")
    return shown(short.normalize(), currency) + ("" if Fraction(short) == amount else "…")


def _entered(entry: Entry, currency: str) -> Iterator[str]:
    """The auditor's columns: an amount as money, other words as they are."""
    for name, _ in OWN:
        value = entry.get(name)
        if isinstance(value, Fraction):
            yield _amount(value, currency) if name == "audited" and currency else plain(round_to(value, 12))
        else:
            yield "" if value is None else str(value)


def conversions_heading(room: Room) -> str:
    """How many conversions are drawn, from how many (Markdown)."""
    drawn, known = len(room.conversions), len(room.facts.decided)
    told = f"{drawn:,} of {counted(known, 'conversion')} decided on" if known else "No conversion was decided on"
    how = f"; `recon explain {room.close.period} ID` reads a conversion's raw events again." if drawn else "."
    return f"{CONVERSIONS_TITLE}\n\n{told}{how}"


def conversions_table(room: Room) -> pd.DataFrame:
    """What each contract decided on the conversions drawn, with the file in which the event stands."""
    found = decisions_on(room.facts, room.conversions, room.entries or {})
    rows = [_conversion(one) for own in found.values() for one in own]
    return _with_entries(pd.DataFrame(rows, columns=CONVERSION_COLUMNS, dtype=object))


def _with_entries(table: pd.DataFrame) -> pd.DataFrame:
    """Without the auditor's columns as long as none of them says anything."""
    return table if (table[_ENTERED] != "").any(axis=None) else table.drop(columns=_ENTERED)


def _conversion(one: Decision) -> tuple[str, ...]:
    row = one.row
    reason = f", {row['reason']}" if row["reason"] else ""
    decided = f"{str(row['fate']).replace('_', ' ')}{reason}"
    amount = f"{_amount(one.amount, one.currency)} {one.currency}" if one.amount else "–"
    named = (str(row["conversion_id"]), str(row["contract"]), decided, str(row.get("item") or "–"))
    return *named, amount, one.file or "–", *_entered(one.entry, one.currency)
