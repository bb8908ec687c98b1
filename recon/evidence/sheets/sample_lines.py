"""The lines drawn by money, per currency: the method, each selection, and what the auditor's entries come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from recon.evidence.facts import Record, line_key
from recon.evidence.formula import (
    Ref,
    Term,
    cell_of,
    either,
    every,
    label,
    least,
    look_up,
    number,
    quoted,
    rounded,
    size,
    total,
)
from recon.evidence.pack import Pack
from recon.evidence.sampling import Unit
from recon.evidence.sheet import Sheet
from recon.evidence.sheets.sample_columns import TITLE, auditors, headings, result, stretch
from recon.evidence.sheets.sample_listing import KEY, POINT, Listing, Population, billed_of
from recon.evidence.sheets.sample_method import write_method
from recon.evidence.sheets.summary import TITLE as SUMMARY
from recon.evidence.style import COUNT, RATIO, TEXT, Look, money

_SHOWN = (
    "number", "selection", "who", "direction", "currency", "why", "point", "before", "upto", "billed", "expected",
    "place", "difference", "tainting", "projected",
)  # fmt: skip


def write(pack: Pack, sheet: Sheet, listing: Listing) -> Iterator[str]:
    """Write each currency's sample; hands back the lines that the auditor's entries were put beside."""
    for population in listing.populations:
        if population is not listing.populations[0]:
            sheet.new_page()
        sheet.line(f"Lines billed in {population.currency}: monetary-unit sampling at a fixed interval", "section")
        write_method(pack, sheet, population, listing)
        sheet.next_row()
        _selections(pack, sheet, population, listing)
        sheet.next_row()
        yield from (unit.identity for unit in population.sample.drawn)


def _selections(pack: Pack, sheet: Sheet, population: Population, listing: Listing) -> None:
    population.rows = []
    if not population.sample.drawn:
        sheet.line("No line was drawn: the random start lies beyond all of them.")
        return
    with sheet.table(headings(*_SHOWN, expected="Expected (re-performed)")):
        for place, unit in enumerate(population.sample.drawn, 1):
            population.rows.append(_selection(pack, sheet, population, listing, (place, unit)))
        _total(sheet, population)
    _evaluated(pack, sheet, population)


def _selection(
    pack: Pack, sheet: Sheet, population: Population, listing: Listing, drawn: tuple[int, Unit]
) -> dict[str, Ref]:
    place, unit = drawn
    line, shape = population.lines[unit.identity], money(population.digits)
    sheet.next_row()
    sheet.put("number", place, Look("tick"))
    cells = {"name": sheet.put("selection", unit.identity, Look("text", TEXT))}
    sheet.put("who", pack.facts.counterparty(line["contract"]), Look("text", TEXT))
    sheet.put("direction", pack.facts.direction(line["contract"]) or line["kind"], Look("text", TEXT))
    sheet.put("currency", population.currency, Look("text", TEXT))
    cells["billed"] = sheet.put("billed", billed_of(pack, population, unit), Look("formula", shape))
    expected = cell_of(pack.columns[SUMMARY, "expected"], population.places[unit.identity])
    cells["expected"] = sheet.put("expected", expected, Look("formula", shape))
    _trace(pack, sheet, line)
    cells |= _drawn_as(sheet, population, listing, unit, cells)
    cells["audited"] = auditors(sheet, pack.entries.get(unit.identity, {}), shape)["audited"]
    return cells | _misstated(sheet, population, unit, cells)


def _trace(pack: Pack, sheet: Sheet, line: Record) -> None:
    """Where the line's expected amount is made, with a link to it."""
    found = pack.finished.get(line_key(line))
    words = f"{found.sheet}, {found.text}" if found else "not re-performed"
    cell = sheet.put("place", words, Look("link" if found else "text"))
    if found:
        sheet.links[cell.text] = f"'{found.sheet}'!{found.text}"


def _drawn_as(
    sheet: Sheet, population: Population, listing: Listing, unit: Unit, cells: dict[str, Ref]
) -> dict[str, Ref]:
    """A key item by its size; a point by the line it lies in, both seen to be so by formula."""
    interval, digits = population.cells["interval"], population.cells["digits"]
    if unit.is_key:
        whole = rounded(size(cells["billed"]), digits)
        is_so = Term(f"{whole.text}>={interval.text}", whole.number >= interval.number)
        return {"why": sheet.put("why", either(is_so, label(KEY), label("NO")), Look("formula"))}
    look, before = (
        Look("formula", money(population.digits)),
        [row["point"] for row in population.rows if "point" in row],
    )
    next_one = rounded(before[-1] + interval, digits) if before else population.cells["start"]
    point = sheet.put("point", next_one, look)
    found = look_up(cells["name"], listing.range("selection", population), listing.range("upto", population))
    upto = sheet.put("upto", found, look)
    low = sheet.put("before", rounded(upto - size(cells["billed"]), digits), look)
    is_in = Term(f"AND({low.text}<{point.text},{point.text}<={upto.text})", low.number < point.number <= upto.number)
    return {"point": point, "why": sheet.put("why", either(is_in, label(POINT), label("NO")), Look("formula"))}


def _misstated(sheet: Sheet, population: Population, unit: Unit, cells: dict[str, Ref]) -> dict[str, Ref]:
    """Billed − audited; of a point its share of the line, projected to the interval it stands for."""
    audited, billed, interval = cells["audited"], cells["billed"], population.cells["interval"]
    gap = rounded(billed - audited, population.cells["digits"]) if isinstance(audited.value, Fraction) else None
    shape = Look("formula", money(population.digits))
    text = f'IF(ISNUMBER({audited.text}),ROUND({billed.text}-{audited.text},{population.cells["digits"].text}),"")'
    difference = sheet.put("difference", Term(text, gap.value if gap else ""), shape)
    found = f"ISNUMBER({difference.text})"
    if unit.is_key:
        return {"projected": sheet.put("projected", Term(f'IF({found},{difference.text},"")', difference.value), shape)}
    part = difference.number / abs(billed.number) if gap else None
    text = f'IF({found},{difference.text}/ABS({billed.text}),"")'
    tainting = sheet.put("tainting", Term(text, "" if part is None else part), Look("ratio", RATIO))
    text = f'IF({found},{tainting.text}*{interval.text},"")'
    value = "" if part is None else part * interval.number
    return {"projected": sheet.put("projected", Term(text, value), shape)}


def _total(sheet: Sheet, population: Population) -> None:
    sheet.next_row()
    sheet.put("selection", f"Drawn in {population.currency}", Look("total-text"))
    for name in ("billed", "expected"):
        cells = [row[name] for row in population.rows]
        sheet.put(name, total(cells), Look("total-formula", money(population.digits)))
    for name in ("audited", "tick", "remark"):
        sheet.put(name, None, Look("total-text"))


def _evaluated(pack: Pack, sheet: Sheet, population: Population) -> None:
    """The projected misstatement, as auditors reckon it, and what a clean sample would still leave open."""
    shape, whole = Look("formula", money(population.digits)), Look("total-formula", money(population.digits))
    audited, projected = ([row[name] for row in population.rows] for name in ("audited", "projected"))
    tested = sum(isinstance(cell.value, Fraction) for cell in audited)
    result(sheet, f"Lines tested, of {len(audited)} drawn", Term(f"COUNT({stretch(audited)})", Fraction(tested)),
           Look("formula", COUNT))  # fmt: skip
    known = result(sheet, "Misstatement of key items, as found", _sum_of(population, KEY), shape)
    beyond = result(sheet, "Projected from points: tainting × interval", _sum_of(population, POINT), shape)
    result(sheet, "Projected misstatement: billed − audited", known + beyond, whole)
    for words, sign in (("of it billed or paid too much", ">0"), ("of it billed or paid too little", "<0")):
        result(sheet, words, _sum_by_sign(projected, sign), shape)
    cells = population.cells
    precision = least(cells["rest"], cells["interval"] * cells["factor"])
    result(sheet, "Basic precision: interval × confidence factor, at most what is below the interval", precision, shape)
    if not population.is_by_selections:
        result(sheet, "Performance materiality", population.cells["asked"], shape)


def _sum_of(population: Population, why: str) -> Term:
    rows = population.rows
    reasons, projected = (stretch([row[name] for row in rows]) for name in ("why", "projected"))
    values = (row["projected"].value for row in rows if row["why"].value == why)
    return Term(f'SUMIF({reasons},"{why}",{projected})', _added(values))


def _sum_by_sign(projected: Sequence[Ref], sign: str) -> Term:
    values = (cell.value for cell in projected if isinstance(cell.value, Fraction))
    chosen = (value for value in values if (value > 0) == (sign == ">0"))
    return Term(f'SUMIF({stretch(projected)},"{sign}")', _added(chosen))


def _added(values: Iterator[object]) -> Fraction:
    return sum((value for value in values if isinstance(value, Fraction)), Fraction(0))


def check(pack: Pack, listing: Listing) -> None:
    """The listing comes to the population, every selection is where the method puts it, and none is left out."""
    for population in listing.populations:
        cells, currency = population.cells, population.currency
        listed = total(listing.range("point", population, far=True)) - cells["population"].far
        pack.check(TITLE, f"The lines drawn from come to what Summary says was billed in {currency}",
                   rounded(listed, pack.names["noise_digits"]).same_as(number(0)))  # fmt: skip
        points = total(listing.range("expected", population, far=True)).same_as(cells["points"].far)
        drawn = _drawn_rightly(population).same_as(cells["drawn"].far)
        statement = f"Every selection point in {currency} lies in a line; each such line and each key item is drawn"
        pack.check(TITLE, statement, every([points, drawn]))


def _drawn_rightly(population: Population) -> Term:
    """How many selections are what they are drawn as."""
    reasons = [row["why"] for row in population.rows]
    if not reasons:
        return number(0)
    area = f"{quoted(TITLE)}!{stretch(reasons)}"
    count = sum(cell.value in (KEY, POINT) for cell in reasons)
    return Term(f'COUNTIF({area},"{KEY}")+COUNTIF({area},"{POINT}")', Fraction(count))
