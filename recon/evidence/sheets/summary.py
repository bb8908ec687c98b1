"""Summary: per currency what each counterparty should have been and was billed, and the variance; then every line."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from recon.evidence.facts import SETTLED, Record, exact_or_zero, line_key
from recon.evidence.formula import (
    Range,
    Ref,
    Term,
    either,
    label,
    number,
    rounded,
    rows_unlike,
    size,
    total,
    total_where,
)
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Content, Sheet, Table
from recon.evidence.sheets import trend
from recon.evidence.style import COUNT, RATIO, SHARES, TEXT, Look, money

TITLE = "Summary"
COLUMNS = (
    Column("counterparty", "Counterparty", 26),
    Column("direction", "Direction", 11),
    Column("contract", "Contract", 24),
    Column("item", "Item", 20),
    Column("kind", "Kind", 9),
    Column("currency", "Currency", 9),
    Column("expected", "Expected", 16),
    Column("billed", "Billed", 16),
    Column("variance", "Variance", 15),
    Column("percent", "% of expected", 11),
    Column("gross", "Gross variance", 15),
    Column("count", "Lines", 8),
    Column("open", "Lines open", 8),
    Column("status", "Status", 18),
    Column("engine", "Engine's variance", 15),
    Column("expected_quantity", "Expected quantity", 15),
    Column("billed_quantity", "Billed quantity", 15),
    Column("difference", "Check", 9),
)
SHARED = ("counterparty", "currency", "kind", "expected", "billed", "variance", "status")  # what other sheets add up
_LINE_HEADINGS = {"gross": "|Variance|", "count": "Line", "open": "Open"}
_BLOCK = ("counterparty", "direction", "expected", "billed", "variance", "percent", "gross", "count", "open", "status")


def write(pack: Pack) -> None:
    """Write the totals per counterparty, the closed months, then the lines that the totals are formulas over."""
    sheet = pack.sheet(TITLE, COLUMNS, "Summary: expected, billed and variance",
        "Variance = billed − expected: positive is over-billed or over-paid; currencies are never added (RULES 8.3).",
    )  # fmt: skip
    _not_priced(pack, sheet)
    first = sheet.row + _block_rows(pack) + trend.rows_taken(pack) + 2  # the lines' header stands below the rest
    layout = _Lines(pack, sheet, first)
    for currency in _currencies(pack):
        _block(pack, sheet, layout, currency)
    months = trend.write(pack, sheet)
    _lines(pack, sheet, layout)
    trend.draw(sheet, months)


def _not_priced(pack: Pack, sheet: Sheet) -> None:
    for sentence in pack.facts.not_priced_sentences:
        sheet.line(f"NOT PRICED: {sentence}", "alert")
    if pack.facts.not_priced:
        sheet.line(
            "Nothing is claimed about what was billed for these contracts; their billed lines stand as unexpected."
        )
        sheet.next_row()


class _Lines:
    """The lines' ranges, known before the lines are written: the blocks above them add them up."""

    def __init__(self, pack: Pack, sheet: Sheet, header_row: int) -> None:
        self.header_row = header_row
        self.rows = [_facts_of(pack, line) for line in pack.facts.lines]
        self._sheet = sheet

    def range(self, name: str) -> Range:
        """A column of the lines with its values."""
        letter = self._sheet.letter(name)
        last = self.header_row + max(len(self.rows), 1)
        values = tuple(row[name] for row in self.rows) or (None,)
        return Range(f"${letter}${self.header_row + 1}:${letter}${last}", values)


def _facts_of(pack: Pack, line: Record) -> Mapping[str, Fraction | str]:
    expected = pack.reperformed.get(line_key(line))
    expected_amount = expected.number if expected else exact_or_zero(line["expected_amount"])
    variance = exact_or_zero(line["billed_amount"]) - expected_amount
    return {
        "counterparty": pack.facts.counterparty(line["contract"]),
        "direction": pack.facts.direction(line["contract"]) or line["kind"],
        "currency": line["currency"],
        "expected": expected_amount,
        "billed": exact_or_zero(line["billed_amount"]),
        "variance": variance,
        "gross": abs(variance),
        "count": Fraction(1),
        "open": Fraction(line["status"] not in SETTLED),
    }


def _currencies(pack: Pack) -> list[str]:
    return sorted({line["currency"] for line in pack.facts.lines})


def _parties(layout: _Lines, currency: str) -> list[tuple[str, str]]:
    rows = (row for row in layout.rows if row["currency"] == currency)
    return sorted({(str(row["counterparty"]), str(row["direction"])) for row in rows})


def _block_rows(pack: Pack) -> int:
    """How many rows the currency blocks take: title, header, parties, total and a space each."""
    names = {
        (
            line["currency"],
            pack.facts.counterparty(line["contract"]),
            pack.facts.direction(line["contract"]) or line["kind"],
        )
        for line in pack.facts.lines
    }
    return len(names) + 4 * len(_currencies(pack))


def _block(pack: Pack, sheet: Sheet, layout: _Lines, currency: str) -> None:
    sheet.line(f"Counterparties in {currency}", "section")
    headings = {c.name: c.heading for c in COLUMNS if c.name in _BLOCK}
    headings |= {name: f"{headings[name]} {currency}" for name in ("expected", "billed", "variance", "gross")}
    with sheet.table(headings):
        rows = [_party(sheet, layout, currency, *party) for party in _parties(layout, currency)]
        _block_total(pack, sheet, currency, rows)
    sheet.next_row()


def _party(sheet: Sheet, layout: _Lines, currency: str, counterparty: str, direction: str) -> dict[str, Ref]:
    sheet.next_row()
    name = sheet.put("counterparty", counterparty, Look("text", TEXT))
    way = sheet.put("direction", direction, Look("text", TEXT))
    wanted = (
        (layout.range("counterparty"), name),
        (layout.range("direction"), way),
        (layout.range("currency"), label(currency)),
    )
    added = {
        column: total_where(layout.range(column), *wanted)
        for column in ("expected", "billed", "gross", "count", "open")
    }
    return _figures(sheet, added, currency, "")


def _block_total(pack: Pack, sheet: Sheet, currency: str, rows: list[dict[str, Ref]]) -> None:
    sheet.next_row()
    sheet.put("counterparty", f"Total {currency}", Look("total-text"))
    added = {
        column: total([row[column] for row in rows]) for column in ("expected", "billed", "gross", "count", "open")
    }
    cells = _figures(sheet, added, currency, "total-")
    pack.totals[currency] = {name: cell.far for name, cell in cells.items()}


def _figures(sheet: Sheet, added: Mapping[str, Term], currency: str, prefix: str) -> dict[str, Ref]:
    look = Look(f"{prefix}formula", money(decimals(currency)))
    cells = {name: sheet.put(name, added[name], look) for name in ("expected", "billed", "gross")}
    cells |= {name: sheet.put(name, added[name], Look(f"{prefix}formula", COUNT)) for name in ("count", "open")}
    cells["variance"] = sheet.put("variance", cells["billed"] - cells["expected"], look)
    sheet.put("percent", _share(cells["variance"], cells["expected"]), Look(f"{prefix}ratio", RATIO))
    agreed = either(cells["open"].same_as(number(0)), label("agreed"), label("open"))
    cells["status"] = sheet.put("status", agreed, Look(f"{prefix}formula"))
    return cells


def _share(part: Term, whole: Term) -> Term:
    """Part / whole, a dash where the whole is nothing."""
    if whole.number == 0:
        return Term(f'IF({whole.text}=0,"–",{part.text}/{whole.text})', "–")
    return Term(f'IF({whole.text}=0,"–",{part.text}/{whole.text})', part.number / whole.number)


def _lines(pack: Pack, sheet: Sheet, layout: _Lines) -> None:
    sheet.line("Every line, expected and billed", "section")
    while sheet.row < layout.header_row - 1:
        sheet.next_row()
    headings: dict[str, str] = {c.name: c.heading for c in COLUMNS} | _LINE_HEADINGS
    sheet.keep("difference", *SHARED)
    with sheet.table(headings, is_main=True) as table:
        for line, row in zip(pack.facts.lines, layout.rows, strict=True):
            _line(pack, sheet, line, row)
    pack.share(sheet, table, *SHARED)
    sheet.is_frozen = False
    sheet.flag("difference", "AND(ISNUMBER({0}),{0}<>0)")
    _checks(pack, sheet, table)


def _line(pack: Pack, sheet: Sheet, line: Record, row: Mapping[str, Content]) -> None:
    shape = money(decimals(line["currency"]))
    sheet.next_row()
    for name in ("counterparty", "direction"):
        sheet.put(name, row[name], Look("text", TEXT))
    for name in ("contract", "item", "kind", "currency"):
        sheet.put(name, line[name], Look("text", TEXT))
    rep = pack.reperformed.get(line_key(line))
    expected = sheet.put("expected", rep or row["expected"], Look("formula" if rep else "input", shape))
    billed = sheet.put("billed", row["billed"], Look("input", shape))
    variance = sheet.put("variance", billed - expected, Look("formula", shape))
    sheet.put("percent", _share(variance, expected), Look("ratio", RATIO))
    sheet.put("gross", size(variance), Look("formula", shape))
    sheet.put("count", 1, Look("label", COUNT))
    status = sheet.put("status", line["status"].replace("_", " "), Look("engine", TEXT))
    sheet.put("open", _is_open(status), Look("formula", COUNT))
    engine = sheet.put("engine", exact_or_zero(line["variance"]), Look("engine", shape))
    sheet.put("difference", rounded(variance - engine, pack.names["noise_digits"]), Look("check", shape))
    for name in ("expected_quantity", "billed_quantity"):
        sheet.put(name, line[name], Look("input", _count_format(line[name])))


def _is_open(status: Ref) -> Term:
    value = Fraction(status.value not in ("matched", "within tolerance"))
    return Term(f'IF(OR({status.text}="matched",{status.text}="within tolerance"),0,1)', value)


def _count_format(quantity: object) -> str:
    return COUNT if quantity is None or exact_or_zero(quantity).denominator == 1 else SHARES


def _checks(pack: Pack, sheet: Sheet, table: Table) -> None:
    differences = rows_unlike(sheet.span("difference", table, far=True), number(0))
    pack.check(TITLE, "Every variance recalculated equals the engine's variance", differences.same_as(number(0)))
