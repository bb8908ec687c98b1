"""How the lines of a currency are drawn: population, interval and random start, each number from the ones before it."""

from __future__ import annotations

from fractions import Fraction

from recon.evidence.facts import Facts, LineKey, Record, exact_or_zero, line_key
from recon.evidence.formula import Term, floored, greatest, number, rounded
from recon.evidence.pack import Pack
from recon.evidence.sampling import (
    MonetarySample,
    interval_of_materiality,
    interval_of_selections,
    monetary_sample,
    random_start,
    start_text,
)
from recon.evidence.sheet import Sheet
from recon.evidence.sheets.sample_columns import pair
from recon.evidence.sheets.sample_listing import Listing, Population, line_digits
from recon.evidence.sheets.summary import TITLE as SUMMARY
from recon.evidence.style import COUNT, TEXT, Look, money
from recon.money import round_to


def seed_of(facts: Facts) -> str:
    """The seed that the workspace states, else the period."""
    return facts.sample.seed or str(facts.close.period)


def populations(facts: Facts) -> list[Population]:
    """The lines of each currency that something was billed for; none where nothing was billed in it."""
    found: dict[str, dict[str, tuple[int, Record]]] = {}
    for place, line in enumerate(facts.lines):
        if exact_or_zero(line["billed_amount"]) != 0:
            found.setdefault(line["currency"], {})[identity_of(line_key(line))] = (place, line)
    return [_population(facts, currency, found[currency]) for currency in sorted(found)]


def identity_of(key: LineKey) -> str:
    """A line as `recon explain` knows it."""
    return "/".join(key)


def _population(facts: Facts, currency: str, lines: dict[str, tuple[int, Record]]) -> Population:
    sizes = {name: abs(exact_or_zero(line["billed_amount"])) for name, (_, line) in lines.items()}
    digits = line_digits(currency, list(sizes.values()))
    units = {name: int(amount * 10**digits) for name, amount in sizes.items()}
    stated = facts.sample.performance_materiality.get(currency)
    sample = _sample(
        facts, currency, units, stated if stated is None else int(round_to(Fraction(stated) * 10**digits, 0))
    )
    records, places = {k: line for k, (_, line) in lines.items()}, {k: place for k, (place, _) in lines.items()}
    return Population(currency, digits, records, places, sample, stated is None)


def _sample(facts: Facts, currency: str, units: dict[str, int], stated: int | None) -> MonetarySample:
    asked = facts.sample
    if stated is None:
        interval = interval_of_selections(sum(units.values()), asked.selections)
    else:
        interval = interval_of_materiality(stated, asked.confidence_factor)
    return monetary_sample(units, interval, random_start(seed_of(facts), currency, interval))


def write_method(pack: Pack, sheet: Sheet, population: Population, listing: Listing) -> None:
    """Write the box that says how the lines of a currency are drawn."""
    with sheet.table({"selection": "Population and interval", "who": population.currency}):
        _population_box(pack, sheet, population)
        _interval(pack, sheet, population)
        _start(pack, sheet, population)
        _drawn(sheet, population, listing)


def _population_box(pack: Pack, sheet: Sheet, population: Population) -> None:
    cells, shape = population.cells, Look("formula", money(population.digits))
    cells["billed"] = pair(sheet, "Billed in all (Summary)", pack.totals[population.currency]["billed"], shape)
    below = pair(sheet, "Twice the lines below zero", _below_zero(pack, population), shape, "they count by their size")
    whole, look = cells["billed"] + below, Look("total-formula", money(population.digits))
    cells["population"] = pair(sheet, "Population: the sizes of its lines", whole, look, _counted(pack, population))


def _drawn(sheet: Sheet, population: Population, listing: Listing) -> None:
    """Key items, and the points in what is left."""
    cells, shape = population.cells, Look("formula", money(population.digits))
    sizes, interval = listing.range("point", population), cells["interval"]
    is_key = f"({sizes.text}>={interval.text})"
    key = [unit.size for unit in population.sample.units if unit.is_key]
    counted, how = Term(f"SUMPRODUCT({is_key}*1)", Fraction(len(key))), "lines of the interval or more: taken whole"
    cells["key"] = pair(sheet, "Key items", counted, Look("formula", COUNT), how)
    worth = Term(f"SUMPRODUCT({is_key}*{sizes.text})", population.amount(sum(key)))
    whole = pair(sheet, "Amount of the key items", worth, shape)
    cells["rest"] = pair(sheet, "Lines below the interval", cells["population"] - whole, shape)
    how = "the random start, and every interval from it; the line in which a point lies is drawn"
    cells["points"] = pair(sheet, "Selection points", _points(population), Look("formula", COUNT), how)
    cells["drawn"] = pair(sheet, "Lines drawn", cells["key"] + cells["points"], Look("total-formula", COUNT))


def _below_zero(pack: Pack, population: Population) -> Term:
    billed, currencies = pack.columns[SUMMARY, "billed"], pack.columns[SUMMARY, "currency"]
    amounts = (exact_or_zero(line["billed_amount"]) for line in population.lines.values())
    text = f'SUMPRODUCT(EXACT({currencies.text},"{population.currency}")*(ABS({billed.text})-{billed.text}))'
    return Term(text, sum((abs(one) - one for one in amounts), Fraction(0)))


def _counted(pack: Pack, population: Population) -> str:
    own = [line for line in pack.facts.lines if line["currency"] == population.currency]
    empty = len(own) - len(population.lines)
    told = f"; {empty} of 0.00 cannot be drawn: see Exceptions, Completeness" if empty else ""
    return f"{len(population.lines)} lines, listed below in the order they are drawn in{told}"


def _interval(pack: Pack, sheet: Sheet, population: Population) -> None:
    """The interval, from the number of selections or from what the auditor can bear."""
    asked, cells, shape = pack.facts.sample, population.cells, money(population.digits)
    own = pack.digits(population.currency)
    digits = own if own.number == population.digits else Fraction(population.digits)
    look = Look("formula" if isinstance(digits, Term) else "input", "0_)")
    cells["digits"] = pair(sheet, "Decimals of the unit drawn", digits, look, "every unit of money is as likely")
    if population.is_by_selections:
        cells["asked"] = pair(
            sheet, "Selections asked for", asked.selections, Look("input", COUNT), "[sample] in recon.toml"
        )
    else:
        stated = asked.performance_materiality[population.currency]
        cells["asked"] = pair(sheet, "Performance materiality", stated, Look("input", shape), "[sample] in recon.toml")
    factor = Look("input", "0.00##_)")
    cells["factor"] = pair(
        sheet, "Confidence factor", asked.confidence_factor, factor, "3.00 is 95 %, nothing wrong found"
    )
    term, words = _interval_formula(pack, population)
    cells["interval"] = pair(sheet, "Interval", term, Look("total-formula", shape), words)


def _interval_formula(pack: Pack, population: Population) -> tuple[Term, str]:
    cells = population.cells
    if population.is_by_selections:
        parts = population.in_units(cells["population"]) / cells["asked"]
        words = "population / selections, rounded down"
    else:
        parts = rounded(population.in_units(cells["asked"]) / cells["factor"], pack.names["noise_digits"])
        words = "performance materiality / confidence factor, rounded down"
    return population.of_units(greatest(number(1), floored(parts))), words


def _start(pack: Pack, sheet: Sheet, population: Population) -> None:
    seed, shape = seed_of(pack.facts), Look("input", money(population.digits))
    foreseen = "" if pack.facts.sample.seed else "the period, for want of one in recon.toml: anybody can foresee it"
    pair(sheet, "Seed", seed, Look("input", TEXT), foreseen)
    text, units = start_text(seed, population.currency), population.sample.interval
    how = f"SHA-256 of “{text}” as a whole number, modulo {units}, plus 1, in the unit drawn"
    population.cells["start"] = pair(sheet, "Random start", population.amount(population.sample.start), shape, how)


def _points(population: Population) -> Term:
    """None where the start lies beyond all lines below the interval."""
    cells = population.cells
    beyond = population.in_units(cells["rest"] - cells["start"])
    fit = floored(beyond / population.in_units(cells["interval"])) + number(1)
    return greatest(number(0), fit)
