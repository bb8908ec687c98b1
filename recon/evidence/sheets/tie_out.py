"""Tie-out: from the rows in the files to the units billed, every step and every difference a formula."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from recon.evidence.facts import exact_or_zero, line_key
from recon.evidence.formula import Ref, Term, number, total
from recon.evidence.pack import Pack
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import COUNT, SHARES, TEXT, Look

TITLE = "Tie-out"
IMPRESSION_FATES = (
    "duplicate", "test", "ivt", "late", "no_version", "not_viewable", "not_completed", "no_rate", "over_booked",
    "unknown_item", "billable",
)  # fmt: skip
CONVERSION_FATES = (
    "test", "fraud", "late", "duplicate", "no_touch", "lost", "ineligible", "no_rate", "reversed", "not_locked",
    "over_cap", "payable",
)  # fmt: skip
_WIDTH = max(len(IMPRESSION_FATES), len(CONVERSION_FATES))


COUNTING = ("segment", "tier", "price_group", "split")  # the workings whose quantity is units of events


class _Side(NamedTuple):
    """A model with the dataset its contracts count, the fates in the order of the rules, and the one that is paid."""

    model: str
    dataset: str
    fates: Sequence[str]
    good: str


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


def write(pack: Pack) -> None:
    """Write the sheet."""
    sheet = pack.sheet(TITLE, COLUMNS, "Tie-out: read → set aside → out of period → in scope → each fate → billed",
        "Every row read has one fate. Differences must be zero; “billed − expected” is the month's result.",
    )  # fmt: skip
    _impressions(pack, sheet)
    _conversions(pack, sheet)
    _contracts(pack, sheet, _Side("cpm", "impressions", IMPRESSION_FATES, "billable"))
    _contracts(pack, sheet, _Side("cpa", "conversions", CONVERSION_FATES, "payable"))


def _impressions(pack: Pack, sheet: Sheet) -> None:
    """Rows in the files down to those billable, once for charges and once for payouts."""
    sheet.line("Impressions: rows read to rows billable", "section")
    sides = ("charge", "payout")
    with sheet.table({"what": "Step", "n0": "Charges", "n1": "Payouts"}):
        read = _step(sheet, "Rows read (Inputs)", [_read(pack, "impressions")] * 2, "formula")
        rejected = _step(sheet, "less rows set aside", [_rejected(pack, "impressions")] * 2, "formula")
        less = [rejected, *_unknown(pack, sheet, "impressions", 2)]
        less.append(_step(sheet, "less out of the period, read only to look back", _fates(pack, "look_back", sides)))
        scope = _step(
            sheet, "In scope", [_less(row[0], row[1:]) for row in zip(read, *less, strict=True)], "total-formula"
        )
        fates = [
            _step(sheet, _words(fate), _fates(pack, fate, sides))
            for fate in _present(pack, "impressions", IMPRESSION_FATES)
        ]
        told = _step(sheet, "Sum of the fates", [total([row[i] for row in fates]) for i in range(2)], "total-formula")
        gaps = _step(sheet, "Difference (must be zero)", [s - t for s, t in zip(scope, told, strict=True)], "check")
    pack.check(
        TITLE, "Impressions read = set aside + out of period + fates, for charges", gaps[0].far.same_as(number(0))
    )
    pack.check(
        TITLE, "Impressions read = set aside + out of period + fates, for payouts", gaps[1].far.same_as(number(0))
    )
    sheet.next_row()


def _unknown(pack: Pack, sheet: Sheet, dataset: str, columns: int) -> list[list[Ref]]:
    """Rows that came in after the instant as of which the month is told; nothing where all that is known counts."""
    unknown = pack.facts.manifest.get("not_known_yet") or {}
    if not unknown:
        return []
    words = "less ingested after the instant it is told as of"
    return [_step(sheet, words, [Fraction(unknown[dataset])] * columns)]


def _less(first: Term, others: Sequence[Term]) -> Term:
    for other in others:
        first = first - other
    return first


def _conversions(pack: Pack, sheet: Sheet) -> None:
    """Rows in the files down to the conversions that one contract or more decided on."""
    facts = pack.facts
    sheet.line("Conversions: rows read to conversions in a contract's reach", "section")
    with sheet.table({"what": "Step", "n0": "Conversions"}):
        steps = [
            _step(sheet, "Rows read (Inputs)", [_read(pack, "conversions")], "formula")[0],
            _step(sheet, "less rows set aside", [_rejected(pack, "conversions")], "formula")[0],
            *(step[0] for step in _unknown(pack, sheet, "conversions", 1)),
            *(
                _step(sheet, f"less {words}", [facts.fate_total(fate, dataset="conversions")])[0]
                for fate, words in _APART.items()
            ),
        ]
        reached = _step(sheet, "In a contract's reach", [_less(steps[0], steps[1:])], "total-formula")[0]
        decided = _step(sheet, "Conversions the engine decided on", [Fraction(_decided(pack))])[0]
        gap = _step(sheet, "Difference (must be zero)", [reached - decided], "check")[0]
    pack.check(
        TITLE,
        "Conversions read = set aside + repeated + out of period + unclaimed + decided on",
        gap.far.same_as(number(0)),
    )
    sheet.next_row()


_APART = {
    "repeated_row": "repeated rows of one id",
    "look_back": "out of the period",
    "unclaimed": "in no contract's reach (unclaimed)",
}


def _decided(pack: Pack) -> int:
    """Distinct conversions among the per-contract decisions."""
    return int(pack.facts.close.conversions()["conversion_id"].nunique())


def _contracts(pack: Pack, sheet: Sheet, side: _Side) -> None:
    """Per contract its fates, and the good one against the quantity of its lines and what was billed."""
    others = [fate for fate in _present(pack, side.dataset, side.fates, side.model) if fate != side.good]
    sheet.line(f"{side.model.upper()} contracts: fates, expected and billed quantities", "section")
    headings = {"what": "Contract", "direction": "Direction", "n0": _words(side.good)} | _COMPARED
    headings |= {f"fate{i}": _words(fate) for i, fate in enumerate(others)}
    with sheet.table(headings):
        own = [contract for contract in pack.facts.contracts if pack.facts.model(contract) == side.model]
        gaps = [_contract(pack, sheet, contract, side, others) for contract in own]
    statement = f"{side.model.upper()}: {side.good} units equal those priced on the expected lines, where priced"
    pack.check(TITLE, statement, _all_zero(gaps))
    sheet.next_row()


_COMPARED = {
    "n1": "By third-party counts",
    "n2": "Priced on lines",
    "n3": "Difference",
    "quantity": "Quantity on lines",
    "billed": "Billed",
    "gap": "Billed − expected",
    "sum": "All fates",
}


def _contract(pack: Pack, sheet: Sheet, contract: str, side: _Side, others: Sequence[str]) -> Ref:
    """A contract's row; hands back its difference, which is none where the contract is not priced."""
    facts = pack.facts
    counts = facts.fates_of(contract=contract, dataset=side.dataset)
    is_priced = contract not in facts.unpriced_contracts
    sheet.next_row()
    sheet.put("what", contract if is_priced else f"{contract} (NOT PRICED)", Look("text", TEXT))
    sheet.put("direction", facts.direction(contract), Look("text", TEXT))
    units = _units(sheet, "n0", counts.get(side.good, Fraction(0)))
    priced, expected, billed = _quantities(pack, contract)
    by_others = _units(sheet, "n1", _by_third_parties(pack, contract))
    on_lines = _units(sheet, "n2", priced)
    gap = sheet.put("n3", units + by_others - on_lines if is_priced else number(0), Look("check", SHARES))
    quantity, stated = _units(sheet, "quantity", expected), _units(sheet, "billed", billed)
    sheet.put("gap", stated - quantity, Look("formula", _shape(billed - expected)))
    rest = [_units(sheet, f"fate{i}", counts.get(fate, Fraction(0))) for i, fate in enumerate(others)]
    every_fate = units + total(rest) if rest else units
    sheet.put("sum", every_fate, Look("formula", _shape(every_fate)))
    return gap


def _by_third_parties(pack: Pack, contract: str) -> Fraction:
    """What third parties' counts add to ours or take away, a booked quantity's cut included (RULES 3.6).

    Where our own count is billed after all, what is beyond the booked quantity is a fate of its own.
    """
    apart = Fraction(0)
    expected = {line_key(line): exact_or_zero(line["expected_quantity"]) for line in pack.facts.lines}
    for key, workings in pack.facts.workings.items():
        counts = [row for row in workings if row["operation"] == "count" and row["source"] != "own"]
        if key.contract == contract and counts:
            apart += expected.get(key, Fraction(0)) - sum((exact_or_zero(row["own"]) for row in counts), Fraction(0))
    return apart


def _units(sheet: Sheet, name: str, quantity: Fraction) -> Ref:
    return sheet.put(name, quantity, Look("input", _shape(quantity)))


def _all_zero(gaps: Sequence[Ref]) -> Term:
    """Whether cells that stand one under the other are all zero."""
    if not gaps:
        return Term("TRUE()", True)
    apart = sum((abs(gap.number) for gap in gaps), Fraction(0))
    return Term(f"SUMPRODUCT(ABS({gaps[0].far.text}:{gaps[-1].text}))", apart).same_as(number(0))


def _quantities(pack: Pack, contract: str) -> tuple[Fraction, Fraction, Fraction]:
    """The units a contract's lines were priced from, and the lines' expected and billed quantities (Σ shares)."""
    lines = [r for r in pack.facts.lines if r["contract"] == contract and r["kind"] in ("charge", "payout")]
    workings = [row for line in lines for row in pack.facts.workings.get(line_key(line), ())]
    priced = (exact_or_zero(row["quantity"]) for row in workings if row["operation"] in COUNTING)
    expected = sum((exact_or_zero(line["expected_quantity"]) for line in lines), Fraction(0))
    billed = sum((exact_or_zero(line["billed_quantity"]) for line in lines), Fraction(0))
    return sum(priced, Fraction(0)), expected, billed


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


def _read(pack: Pack, dataset: str) -> Term:
    return pack.rows_read.get(dataset, number(0))


def _rejected(pack: Pack, dataset: str) -> Term:
    return pack.rows_rejected.get(dataset, number(0))


def _fates(pack: Pack, fate: str, directions: Sequence[str]) -> list[Fraction]:
    return [pack.facts.fate_total(fate, dataset="impressions", direction=way) for way in directions]


def _present(pack: Pack, dataset: str, known: Sequence[str], model: str = "") -> list[str]:
    """The known fates that occur, in the order of the rules; any other fate after them."""
    rows = [
        r
        for r in pack.facts.fates
        if r["dataset"] == dataset and (not model or pack.facts.model(r["contract"] or "") == model)
    ]
    occurring = {row["fate"] for row in rows} - set(_APART)
    return [fate for fate in known if fate in occurring] + sorted(occurring - set(known))


def _words(fate: str) -> str:
    return fate.replace("_", " ")
