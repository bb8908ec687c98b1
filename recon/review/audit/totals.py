"""Does it tie out, and is it complete both ways: the figures of the pack's sheets, as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import pandas as pd

from recon.evidence.complete import NOT_BILLED, ContractSeen
from recon.evidence.facts import exact_or_zero
from recon.evidence.tied import ContractTie, Side, Walk, fate_name
from recon.money import plain, round_to
from recon.review.audit.room import Room
from recon.review.words import counted, literal, shown

TIE_COLUMNS = [
    "contract", "direction", "units", "by third parties", "priced", "difference", "expected", "billed",
    "billed − expected",
]  # fmt: skip
SEEN_COLUMNS = ["contract", "counterparty", "direction", "delivered", "lines expected", "lines billed", "is billed"]
ORPHAN_COLUMNS = ["contract as billed", "item", "kind", "currency", "billed"]
TIED_HEADING = (
    "### Contract by contract: units that met the paid fate, priced, expected, billed\n\n"
    "Where a billed quantity differs comes first. Choose a contract to see all its fates."
)
EVERY_LINE_NAMED = "**From billing to contract:** every billed line names a contract of the book."


def tied_heading(room: Room) -> str:
    """Whether every total agrees that must, and each of them (Markdown)."""
    statements = room.tied.statements
    wrong = sum(not holds for _, holds in statements)
    verdict = (
        f"**No:** {wrong} of {len(statements)} totals do not agree."
        if wrong
        else f"**Yes**, all {len(statements)} totals agree."
    )
    told = [f"{'✓' if holds else '✗'} {words if holds else f'**{words}**'}" for words, holds in statements]
    return "\n\n".join(["## Does everything tie out?", verdict, "<br>".join(told)])


def walk_text(walk: Walk) -> str:
    """A dataset's rows from those read to those with a fate, as a table with its totals in bold (Markdown)."""
    rows = [f"| {step.words} | {_figures(step.figures)} |" for step in (walk.read, *walk.less)]
    rows.append(_total(walk.reached, walk.scope))
    rows += [f"| {step.words} | {_figures(step.figures)} |" for step in walk.fates]
    rows += [_total(walk.sum_words, walk.told)] if walk.sum_words else []
    head = [f"| | {' | '.join(walk.columns)} |", f"|:--|{'--:|' * len(walk.columns)}"]
    return "\n".join([f"### {walk.title}", "", *head, *rows, _total("Difference (must be zero)", walk.gaps)])


def _total(words: str, figures: Iterable[Fraction]) -> str:
    return f"| **{words}** | {' | '.join(f'**{units(one)}**' for one in figures)} |"


def _figures(figures: Iterable[Fraction]) -> str:
    return " | ".join(map(units, figures))


def units(quantity: Fraction) -> str:
    """Rows or units for reading: thousands apart, shares cut to six decimals and marked as cut, a dash for none.

    >>> units(Fraction(2041239)), units(Fraction(-4, 3)), units(Fraction(0))
    ('2,041,239', '−1.333333…', '–')
    """
    if not quantity:
        return "–"
    short = round_to(abs(quantity), 6, "down")
    text = f"{Decimal(plain(short)).normalize():,f}" + ("" if Fraction(short) == abs(quantity) else "…")
    return f"−{text}" if quantity < 0 else text


def ties_table(room: Room) -> pd.DataFrame:
    """Each contract from its units to what was billed, those whose billed quantity differs first."""
    rows = [row for side in room.tied.sides for row in map(_tie, side.contracts)]
    return pd.DataFrame([row for _, row in sorted(rows, key=lambda one: one[0])], columns=TIE_COLUMNS, dtype=object)


def _tie(tie: ContractTie) -> tuple[tuple[bool, bool, str], tuple[str, ...]]:
    """A contract's row, with what it is sorted by."""
    figures = (tie.good, tie.by_others, tie.priced, tie.gap, tie.expected, tie.billed)
    told = map(units, figures) if tie.is_priced else (units(tie.good), *["not priced"] * 4, units(tie.billed))
    order = (tie.gap == 0, tie.difference == 0, tie.contract)
    return order, (tie.contract, tie.direction, *told, _signed(tie.difference))


def _signed(quantity: Fraction) -> str:
    return f"+{units(quantity)}" if quantity > 0 else units(quantity)


def fates_of_contract(room: Room, row: pd.DataFrame) -> pd.DataFrame:
    """How the events in a chosen contract's reach ended, most first, the paid fate marked (see `charts.fates`)."""
    contract = str(row["contract"].iloc[0])
    pairs = [pair for side in room.tied.sides for tie in side.contracts if tie.contract == contract
             for pair in _fates(side, tie)]  # fmt: skip
    there = sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0]))
    return pd.DataFrame(
        {
            "fate": [fate for fate, _, _ in there],
            "quantity": [Decimal(plain(round_to(quantity, 6, "down"))).normalize() for _, quantity, _ in there],
            "is_counted": [is_counted for _, _, is_counted in there],
        }
    )


def _fates(side: Side, tie: ContractTie) -> Iterator[tuple[str, Fraction, bool]]:
    yield fate_name(side.good), tie.good, True
    yield from ((fate_name(fate), quantity, False) for fate, quantity in zip(side.others, tie.fates, strict=True))


def fates_title(row: pd.DataFrame) -> str:
    """The heading of a chosen contract's fates."""
    return f"How the events of {row['contract'].iloc[0]} ended"


def complete_heading(room: Room) -> str:
    """Whether the month is complete both ways, in a sentence (Markdown)."""
    open_ones = [one.contract for one in room.complete.contracts if one.answer == NOT_BILLED]
    contracts = f"{counted(len(room.complete.contracts), 'contract')} in force"
    delivered = f"{', '.join(map(literal, open_ones))} delivered, but no billed line names it" if open_ones else (
        "each that delivered was billed"
    )  # fmt: skip
    verdict = f"**From contract to billing:** {contracts}; {f'**{delivered}**' if open_ones else delivered}."
    return f"## Completeness, both ways\n\n{verdict}"


def seen_table(room: Room) -> pd.DataFrame:
    """Each contract in force, what it delivered and its lines, gaps first."""
    seen = sorted(room.complete.contracts, key=lambda one: (one.answer != NOT_BILLED, one.contract))
    return pd.DataFrame([_seen(one) for one in seen], columns=SEEN_COLUMNS, dtype=object)


def _seen(one: ContractSeen) -> tuple[str, ...]:
    named = (one.contract, one.counterparty, one.direction)
    return *named, units(one.delivered), f"{one.expected:,}", f"{one.billed:,}", one.note or one.answer


def orphans_heading(room: Room) -> str:
    """Whether every billed line names a contract, in a sentence (Markdown)."""
    many = len(room.complete.orphans)
    if not many:
        return EVERY_LINE_NAMED
    names = "names" if many == 1 else "name"
    return f"**From billing to contract: {counted(many, 'billed line')} {names} no contract of the book.**"


def orphans_table(room: Room) -> pd.DataFrame:
    """The billed lines that name no contract of the book."""
    rows = [
        (line["contract"], line["item"], line["kind"], line["currency"], _billed(line))
        for line in room.complete.orphans
    ]
    return pd.DataFrame(rows, columns=ORPHAN_COLUMNS, dtype=object)


def _billed(line: dict[str, object]) -> str:
    amount = exact_or_zero(line["billed_amount"])
    return shown(Decimal(plain(round_to(amount, 12))).normalize(), str(line["currency"]))


def share(part: int, of: int) -> str:
    """A part of a whole in per cent, cut to a tenth; a dash of nothing.

    >>> share(165, 165), share(2, 3), share(0, 0)
    ('100 %', '66.6 %', '–')
    """
    return f"{plain(round_to(Fraction(part * 100, of), 1, 'down').normalize())} %" if of else "–"
