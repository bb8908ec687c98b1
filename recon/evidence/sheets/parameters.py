"""Parameters: every number that formulas use and no contract states, each with a name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from recon.evidence.facts import Facts
from recon.evidence.formula import Term
from recon.evidence.pack import Pack, decimals
from recon.evidence.sheet import Column, Sheet
from recon.evidence.style import PLAIN, TEXT, Look
from recon.period import instant_text

TITLE = "Parameters"
COLUMNS = (
    Column("parameter", "Parameter", 44),
    Column("value", "Value", 22),
    Column("name", "Name in formulas", 26),
    Column("note", "What it does", 70),
    Column("numerator", "", 18),
    Column("denominator", "", 18),
)
_FX = {
    "parameter": "From → to",
    "value": "Rate",
    "note": "Source",
    "numerator": "Numerator",
    "denominator": "Denominator",
}
DIGITS_OF_A_CELL = 15
NOISE_DIGITS = 6


def write(pack: Pack) -> None:
    """Write the sheet and give its cells their names."""
    sheet = pack.sheet(
        TITLE,
        COLUMNS,
        "Parameters",
        "Formulas on every other sheet use these names; no amount is typed into a formula.",
    )
    headings = {c.name: c.heading for c in COLUMNS if c.heading}
    with sheet.table(headings, is_main=True):
        for text, value, name, note in _parameters(pack.facts):
            sheet.next_row()
            sheet.put("parameter", text, Look("text"))
            cell = sheet.put("value", value, Look("input"))
            sheet.put("name", name, Look("text"))
            sheet.put("note", note, Look("prose"))
            if name:
                pack.name(name, cell)
    _rates_of_exchange(pack, sheet)


def _parameters(facts: Facts) -> Iterator[tuple[str, Any, str, str]]:
    settings = facts.manifest.get("settings", {})
    tolerance = settings.get("tolerance") or {}
    yield (
        "Cost per thousand: units per rate",
        1000,
        "per_mille",
        "A CPM rate is the price of so many impressions (RULES 4.1).",
    )
    yield "Percent", 100, "per_cent", "A percentage of sale is a part of so many (RULES 6.1)."
    yield (
        "Digits told apart from spreadsheet noise",
        NOISE_DIGITS,
        "noise_digits",
        "Differences are rounded to so many digits: spreadsheets calculate in binary.",
    )
    for currency in facts.currencies:
        yield (
            f"Decimals of {currency}",
            decimals(currency),
            f"minor_units_{currency}",
            "Minor unit of the currency by ISO 4217 (RULES 1.1).",
        )
    yield (
        "Tolerance per line, amount",
        _number(tolerance.get("amount")),
        "tolerance_amount",
        "A line may differ by so much in its currency (RULES 8.2) …",
    )
    yield (
        "Tolerance per line, percent of expected",
        _number(tolerance.get("percent")),
        "tolerance_percent",
        "… or by so many percent; the larger counts.",
    )
    for currency, amount in sorted((settings.get("materiality") or {}).items()):
        yield (
            f"Materiality {currency}",
            _number(amount),
            f"materiality_{currency}",
            f"Unexplained variance that the month may keep, in {currency}.",
        )
    yield from _drift(settings.get("drift") or {})
    yield from _dates(facts, settings)
    yield from _rules(facts)


def _drift(said: dict[str, Any]) -> Iterator[tuple[str, Any, str, str]]:
    """How drift over the months is looked for; nothing for a run that was made without settings for it."""
    notes = {
        "months": ("Drift: months that count", "Waivers and what is within tolerance add up over so many (RULES 8.4)."),
        "in_a_row": ("Drift: months in a row", "So many in a row, up to this one, in one direction are a finding."),
    }  # fmt: skip
    for name, (words, note) in notes.items():
        if name in said:
            yield words, int(said[name]), f"drift_{name}", note


def _rules(facts: Facts) -> Iterator[tuple[str, Any, str, str]]:
    """The named rules that contracts use; each stands with its text in the workings of its line."""
    for one in facts.manifest.get("rules", ()):
        note = f"A clause of a contract's own (RULES 9); SHA-256 of its text: {one['text_sha256']}"
        yield f"Named rule {one['rule']}", f"{one['distribution']} {one['version']}", "", note


def _dates(facts: Facts, settings: dict[str, Any]) -> Iterator[tuple[str, Any, str, str]]:
    manifest = facts.manifest
    days = settings.get("cutoff_days")
    yield (
        "Cut-off days",
        None if days is None else int(days),
        "",
        "Days after the month (UTC) in which events may still arrive (RULES 1.9).",
    )
    yield (
        "Cut-off",
        moment(manifest.get("cutoff")),
        "",
        "Events ingested later are late: listed, not counted, settled by true-up.",
    )
    yield (
        "As known at",
        moment(manifest.get("as_known_at")) or "everything known when it was run",
        "",
        "Contract approvals and events after it do not exist for this close.",
    )
    yield (
        "Billing system's time zone",
        settings.get("billing_timezone"),
        "",
        "The zone the billing system cuts its months in, as far as known.",
    )
    yield (
        "Time zone database",
        manifest.get("tzdata") or settings.get("tzdata"),
        "",
        "Release by which local dates and months were cut (RULES 1.3).",
    )


def _rates_of_exchange(pack: Pack, sheet: Sheet) -> None:
    """Each exchange rate used, as the quotient it is: rate = numerator / denominator.

    A mean of crossed rates has hundreds of digits, more than a cell holds: both are divided by one power of ten.
    """
    rows = [row for rows in pack.facts.workings.values() for row in rows if row.get("fx")]
    used = {_fx_key(row): row.get("fx_source") for row in rows}
    sheet.next_row()
    sheet.line("Rates of exchange used (RULES 7), as exact quotients", "section")
    with sheet.table(_FX):
        for key in sorted(used):
            _rate_of_exchange(pack, sheet, key, used[key])
    if not used:
        sheet.line("None: every sale of the month was in its contract's currency.")


def _rate_of_exchange(pack: Pack, sheet: Sheet, key: tuple[str, str, str], source: str | None) -> None:
    exact = Fraction(key[2])
    sheet.next_row()
    sheet.put("parameter", f"{key[0]} → {key[1]}", Look("text"))
    sheet.put("note", source, Look("prose", TEXT))
    scale = 10 ** max(0, len(str(max(exact.numerator, exact.denominator))) - DIGITS_OF_A_CELL)
    numerator = sheet.put("numerator", Fraction(exact.numerator, scale), Look("input", PLAIN))
    denominator = sheet.put("denominator", Fraction(exact.denominator, scale), Look("input", PLAIN))
    rate = sheet.put("value", numerator / denominator, Look("formula", "0.0000000000"))
    pack.rates_of_exchange[key] = rate.far


def _fx_key(row: dict[str, Any]) -> tuple[str, str, str]:
    return str(row.get("sale_currency") or ""), str(row.get("price_currency") or row["currency"]), str(row["fx"])


def exchange_rate(pack: Pack, row: dict[str, Any]) -> Term:
    """The cell on Parameters that holds the exchange rate of a working."""
    return pack.rates_of_exchange[_fx_key(row)]


def moment(value: Any) -> str | None:
    """An instant as text, whether it came as microseconds or as text."""
    return instant_text(value) if isinstance(value, int) else value


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if value is not None else Decimal(0)
