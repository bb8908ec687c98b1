"""Tie-out: from the rows in the files to the units billed, every step and every difference a formula."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from recon.evidence.formula import Ref, Term, number, total
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import COUNT, SHARES, TEXT, Look
from recon.evidence.tied import CONVERSION_FATES, IMPRESSION_FATES, ContractTie, Side, Step, Walk, fate_name, tie_out

TITLE = "Tie-out"
_WIDTH = max(len(IMPRESSION_FATES), len(CONVERSION_FATES))
COLUMNS = (
    Column("what", "", 44),
    Column("direction", "Direction", 11),
    Column("n0", "", 14),
    Column("n1", "", 14),
    Column("n2", "", 14),
    Column("n3", "", 12),
    Column("quantity", "Quantity on lines", 14),
    Column("billed", "Billed", 14),
    Column("gap", "Billed − priced", 14),
    Column("sum", "All fates", 14),
    *(Column(f"fate{i}", "", 12) for i in range(_WIDTH - 1)),
)
_COMPARED = {
    "n1": "By third-party counts",
    "n2": "Priced on lines",
    "n3": "Difference",
    "quantity": "Quantity on lines",
    "billed": "Billed",
    "gap": "Billed − expected",
    "sum": "All fates",
}


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Tie-out: read → set aside → out of period → in scope → each fate → billed",
        "Every row read has one fate. Differences must be zero; “billed − expected” is the month's result.",
    )  # fmt: skip
    tied = tie_out(pack.facts)
    _walk(pack, sheet, tied.impressions, "impressions")
    ((decided,),) = _walk(pack, sheet, tied.conversions, "conversions")
    pack.decided = decided.far
    for side in tied.sides:
        _contracts(pack, sheet, side)


def _walk(pack: Pack, sheet: Sheet, walk: Walk, dataset: str) -> list[list[Ref]]:
    """Rows in the files down to those that have a fate, a column per side; hands back the cells of the fates."""
    sheet.line(walk.title, "section")
    with sheet.table({"what": "Step", **{f"n{i}": name for i, name in enumerate(walk.columns)}}):
        read = _from_inputs(sheet, walk.read, pack.rows_read.get(dataset, number(0)))
        set_aside = _from_inputs(sheet, walk.less[0], pack.rows_rejected.get(dataset, number(0)))
        less = [set_aside, *(_step(sheet, step.words, step.figures) for step in walk.less[1:])]
        scope = [_less(first, others) for first, *others in zip(read, *less, strict=True)]
        reached = _step(sheet, walk.reached, scope, "total-formula")
        fates = [_step(sheet, step.words, step.figures) for step in walk.fates]
        told = _told(sheet, walk, fates)
        gaps = _step(sheet, "Difference (must be zero)", [a - b for a, b in zip(reached, told, strict=True)], "check")
    for statement, gap in zip(walk.statements, gaps, strict=True):
        pack.check(TITLE, statement, gap.far.same_as(number(0)))
    sheet.next_row()
    return fates


def _from_inputs(sheet: Sheet, step: Step, found: Term) -> list[Ref]:
    """A step whose figure is a sum over the sheet of inputs."""
    return _step(sheet, step.words, [found] * len(step.figures), "formula")


def _told(sheet: Sheet, walk: Walk, fates: Sequence[list[Ref]]) -> list[Ref]:
    if not walk.sum_words:
        return fates[0]
    sums = [total([row[i] for row in fates]) for i in range(len(walk.columns))]
    return _step(sheet, walk.sum_words, sums, "total-formula")


def _less(first: Term, others: Sequence[Term]) -> Term:
    for other in others:
        first = first - other
    return first


def _contracts(pack: Pack, sheet: Sheet, side: Side) -> None:
    """Per contract its fates, and the good one against the quantity of its lines and what was billed."""
    sheet.line(f"{side.model.upper()} contracts: fates, expected and billed quantities", "section")
    headings = {"what": "Contract", "direction": "Direction", "n0": fate_name(side.good)} | _COMPARED
    headings |= {f"fate{i}": fate_name(fate) for i, fate in enumerate(side.others)}
    with sheet.table(headings):
        gaps = [_contract(sheet, contract) for contract in side.contracts]
    pack.check(TITLE, side.statement, _all_zero(gaps))
    sheet.next_row()


def _contract(sheet: Sheet, tie: ContractTie) -> Ref:
    """A contract's row; hands back its difference, which is none where the contract is not priced."""
    sheet.next_row()
    sheet.put("what", tie.contract if tie.is_priced else f"{tie.contract} (NOT PRICED)", Look("text", TEXT))
    sheet.put("direction", tie.direction, Look("text", TEXT))
    units, by_others = _units(sheet, "n0", tie.good), _units(sheet, "n1", tie.by_others)
    priced = _units(sheet, "n2", tie.priced)
    gap = sheet.put("n3", units + by_others - priced if tie.is_priced else number(0), Look("check", SHARES))
    quantity, stated = _units(sheet, "quantity", tie.expected), _units(sheet, "billed", tie.billed)
    sheet.put("gap", stated - quantity, Look("formula", _shape(tie.difference)))
    rest = [_units(sheet, f"fate{i}", quantity) for i, quantity in enumerate(tie.fates)]
    every_fate = units + total(rest) if rest else units
    sheet.put("sum", every_fate, Look("formula", _shape(every_fate)))
    return gap


def _units(sheet: Sheet, name: str, quantity: Fraction) -> Ref:
    return sheet.put(name, quantity, Look("input", _shape(quantity)))


def _all_zero(gaps: Sequence[Ref]) -> Term:
    """Whether cells that stand one under the other are all zero."""
    if not gaps:
        return Term("TRUE()", True)
    apart = sum((abs(gap.number) for gap in gaps), Fraction(0))
    return Term(f"SUMPRODUCT(ABS({gaps[0].far.text}:{gaps[-1].text}))", apart).same_as(number(0))


def _step(sheet: Sheet, words: str, figures: Sequence[Term | Fraction], role: str = "input") -> list[Ref]:
    sheet.next_row()
    is_total = role.startswith("total")
    sheet.put("what", words, Look("total-text" if is_total else "text"))
    if is_total:
        sheet.put("direction", None, Look("total-text"))
    return [sheet.put(f"n{i}", figure, Look(role, _shape(figure))) for i, figure in enumerate(figures)]


def _shape(figure: Term | Fraction) -> str:
    value = figure.number if isinstance(figure, Term) else figure
    return COUNT if value.denominator == 1 else SHARES
