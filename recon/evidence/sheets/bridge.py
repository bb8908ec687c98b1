"""Bridge: from billed to expected by cause, per currency and per counterparty, each with a check that it closes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from recon.diagnose.bridge import UNEXPLAINED, WITHIN, Bridge, Level, bridges
from recon.diagnose.grades import cause_words
from recon.evidence.formula import (
    Range,
    Ref,
    Term,
    count_where,
    greatest,
    label,
    least,
    number,
    rounded,
    rows_unlike,
    total_where,
)
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet, Table
from recon.evidence.sheets.exceptions import TITLE as EXCEPTIONS
from recon.evidence.sheets.exceptions import tolerated
from recon.evidence.sheets.summary import TITLE as SUMMARY
from recon.evidence.style import COUNT, TEXT, Look, money
from recon.evidence.waterfall import reserved_rows, shown, waterfall

TITLE = "Bridge"
COLUMNS = (
    Column("scope", "Counterparty", 30),
    Column("currency", "Currency", 9),
    Column("step", "Step", 30),
    Column("count", "Findings", 15),
    Column("amount", "Billed − expected", 17),
    Column("running", "Left when taken off", 17),
    Column("check", "Check", 15),
    Column("more", "", 15),
    Column("less", "", 15),
)
_STEPS = {
    "scope": "Of", "currency": "Currency", "step": "Step", "count": "Findings",
    "amount": "Billed − expected", "running": "Left when taken off", "check": "Check",
}  # fmt: skip


@dataclass
class Block:
    """A bridge as it stands on the sheet: its steps' names and what is left after each."""

    sheet: Sheet
    bridge: Bridge
    names: list[Ref] = field(default_factory=list)
    left: list[Ref] = field(default_factory=list)
    chart_row: int = 0


def write(pack: Pack) -> None:
    """Write a bridge per currency with its chart, then one per counterparty, then what the charts draw."""
    sheet = pack.sheet(TITLE, COLUMNS, "Bridge: from billed to expected, by cause",
        "Each cause is taken off what was billed; what is left at the end is what was expected. "
        "Amounts are sums over Exceptions, totals come from Summary.",
        "What lines within tolerance differ by is a step of its own; what has no cause stands as unexplained.",
    )  # fmt: skip
    sheet.keep("check")
    months = [_month(pack, sheet, bridge) for bridge in _of(pack, "month")]
    if not months:
        sheet.line("Every line was billed as expected: there is nothing to bridge.")
        return
    _per_counterparty(pack, sheet)
    _charts(sheet, months)


def _of(pack: Pack, level: Level) -> list[Bridge]:
    """The bridges with a step in them."""
    close = pack.facts.close
    return [bridge for bridge in bridges(close.lines, close.findings, level) if bridge.steps]


def _month(pack: Pack, sheet: Sheet, bridge: Bridge) -> Block:
    currency = bridge.currency
    sheet.line(f"From billed to expected in {currency}", "section")
    with sheet.table(_STEPS) as table:
        ends = [pack.totals[currency][side] for side in ("billed", "expected")]
        block = _block(pack, sheet, bridge, ends, (currency, "currency"))
    _closes(pack, sheet, [table], f"The bridge from billed to expected closes in {currency}")
    sheet.next_row()
    block.chart_row = sheet.next_row()
    for _ in range(reserved_rows(len(block.names))):
        sheet.next_row()
    return block


def _block(pack: Pack, sheet: Sheet, bridge: Bridge, ends: Sequence[Term], *wanted: tuple[str, str]) -> Block:
    """Billed, every cause taken off, expected, and what is left over: nothing."""
    block = Block(sheet, bridge)
    billed, expected = ends
    _row(block, "billed", billed)
    for step in bridge.steps:
        amount, count = _of_cause(pack, step.cause, wanted)
        name = f"{'less ' if step.cause != UNEXPLAINED else 'less what is '}{cause_words(step.cause)}"
        left = block.left[-1] - amount
        _row(block, name, left, (amount, count))
    reached = block.left[-1]
    _row(block, "expected", expected)
    gap = rounded(reached - block.left[-1], pack.names["noise_digits"])
    sheet.put("check", gap, Look("total-check", money(decimals(bridge.currency))))
    return block


def _of_cause(pack: Pack, cause: str, wanted: Iterable[tuple[str, str]]) -> tuple[Term, Term | None]:
    """A cause's money and its findings, both added up from Exceptions; tolerated differences have no finding."""
    if cause == WITHIN:
        return tolerated(pack, *wanted), None
    tests = [(_column(pack, column), label(value)) for value, column in (*wanted, (cause_words(cause), "cause"))]
    return total_where(_column(pack, "amount"), *tests), count_where(*tests)


def _column(pack: Pack, name: str) -> Range:
    return pack.columns[EXCEPTIONS, name]


def _row(block: Block, step: str, left: Term, moved: tuple[Term, Term | None] | None = None) -> None:
    """A total, or a cause with what it moves and on how many findings."""
    sheet, bridge, prefix = block.sheet, block.bridge, "" if moved else "total-"
    shape = money(decimals(bridge.currency))
    sheet.next_row()
    sheet.put("scope", bridge.scope[0] if len(bridge.scope) > 1 else "the month", Look(f"{prefix}text", TEXT))
    sheet.put("currency", bridge.currency, Look(f"{prefix}text", TEXT))
    block.names.append(sheet.put("step", step, Look(f"{prefix}text", TEXT)))
    if moved:
        sheet.put("amount", moved[0], Look("formula", shape))
        sheet.put("count", moved[1], Look("formula", COUNT))
    block.left.append(sheet.put("running", left, Look(f"{prefix}formula", shape)))


def _closes(pack: Pack, sheet: Sheet, tables: Iterable[Table], statement: str) -> None:
    for table in tables:
        left_over = rows_unlike(sheet.span("check", table, far=True), number(0))
        pack.check(TITLE, statement, left_over.same_as(number(0)))


def _per_counterparty(pack: Pack, sheet: Sheet) -> None:
    """A bridge for each counterparty that was billed otherwise than expected."""
    sheet.line("Per counterparty (those without a variance are left out)", "section")
    with sheet.table(_STEPS, is_main=True) as table:
        for bridge in _of(pack, "counterparty"):
            party, currency = bridge.scope
            wanted = ((party, "counterparty"), (currency, "currency"))
            _block(pack, sheet, bridge, [_side(pack, side, wanted) for side in ("billed", "expected")], *wanted)
    _closes(pack, sheet, [table], "The bridge of every counterparty closes")
    sheet.is_frozen = False
    sheet.next_row()


def _side(pack: Pack, side: str, wanted: Iterable[tuple[str, str]]) -> Term:
    tests = [(pack.columns[SUMMARY, column], label(value)) for value, column in wanted]
    return total_where(pack.columns[SUMMARY, side], *tests)


_DRAWN = {
    "scope": "Chart", "step": "Step", "count": "Not drawn", "amount": "Billed, expected",
    "running": "Over, above zero", "check": "Over, below zero",
    "more": "Under, above zero", "less": "Under, below zero",
}  # fmt: skip


def _charts(sheet: Sheet, months: Iterable[Block]) -> None:
    """The numbers behind the charts as formulas, and the charts that draw them."""
    sheet.line("What the charts draw: stacked bars that start where the one before ended", "section")
    for block in months:
        with sheet.table(_DRAWN):
            rows = [_drawn(sheet, block, place) for place in range(len(block.names))]
        currency, levels = block.bridge.currency, [cell.number for cell in block.left]
        sheet.charts.append((f"A{block.chart_row}", waterfall(rows, levels, currency, decimals(currency))))
        sheet.next_row()


def _drawn(sheet: Sheet, block: Block, place: int) -> dict[str, Ref]:
    """A total from zero; a cause from what was left before it to what is left after it, in the colour of its side."""
    sheet.next_row()
    sheet.put("scope", block.bridge.currency, Look("text", TEXT))
    step = sheet.put("step", block.names[place], Look("formula"))
    digits = decimals(block.bridge.currency)
    if place in (0, len(block.names) - 1):
        look = Look("formula", shown("amount", digits))
        return {"step": step, "amount": sheet.put("amount", block.left[place], look)}
    low, high = (found(*block.left[place - 1 : place + 1]) for found in (least, greatest))
    above, below = ("running", "check") if block.bridge.steps[place - 1].amount > 0 else ("more", "less")
    zero = number(0)
    drawn = {
        "count": greatest(zero, low) + least(zero, high),
        above: greatest(zero, high) - greatest(zero, low),
        below: least(zero, low) - least(zero, high),
    }
    cells = {name: sheet.put(name, term, Look("formula", shown(name, digits))) for name, term in drawn.items()}
    return {"step": step, **cells}
