"""Errors about exchange rates and the currency that a line says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from recon.money import minor_units
from recon.trials.planting.month import BilledLine, Month
from recon.trials.planting.sites import LinesEdit, PlantedError, Planting, Site, by_lines, by_terms

FX = ("conversion_date", "period_end", "period_average")


def other_date(site: Site) -> Iterator[Planting]:
    """Sales are converted at another date's rate."""
    for name in site.shuffled("fx", FX) if site.program else ():
        yield from by_terms(site, f"converted at {name.replace('_', ' ')}", _set_fx(name))


def _set_fx(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda terms: terms.update(fx=name)


def inverted(site: Site) -> Iterator[Planting]:
    """Rates used upside down."""

    def swap(table: pa.Table) -> pa.Table:
        names = {"base": "quote", "quote": "base"}
        return table.rename_columns([names.get(name, name) for name in table.column_names]).select(table.column_names)

    def edit(month: Month) -> Month:
        return replace(month, rows={**month.rows, "fx_rates": swap(month.rows["fx_rates"])})

    rates = site.month.rows.get("fx_rates")
    if rates is not None and rates.num_rows:
        yield Planting((site.contract,), "exchange rates upside down", edit, has_other_rates=True)


def relabelled(site: Site) -> Iterator[Planting]:
    """An amount under the label of a currency that it is not in."""
    yield from _unconverted(site)
    yield from _other_label(site)


def _unconverted(site: Site) -> Iterator[Planting]:
    labels = {terms["invoice_currency"] for terms in site.terms if terms.get("invoice_currency")}
    if len(labels) == 1:
        (label,) = labels
        drop = by_terms(site, f"not converted, but labelled {label}", lambda terms: terms.pop("invoice_currency", None))
        yield from (replace(one, lines=_labelled(label)) for one in drop)


def _labelled(label: str) -> LinesEdit:
    return lambda lines: [replace(line, currency=label) for line in lines]


def _other_label(site: Site) -> Iterator[Planting]:
    """One line says another currency of the month, one with as many decimals."""
    known = sorted({line.currency for line in site.bill} | {"USD", "EUR", "JPY"})
    for line in site.shuffled("label", [line for line in site.lines if line.amount]):
        fits = [name for name in known if name != line.currency and minor_units(name) == minor_units(line.currency)]
        for label in site.shuffled("labels", fits or [name for name in known if name != line.currency], 1):
            relabel = _relabel(line.key, label)
            yield from by_lines(site, f"{line.item} labelled {label}, not {line.currency}", relabel)


def _relabel(key: tuple[str, ...], label: str) -> LinesEdit:
    def edit(lines: Sequence[BilledLine]) -> list[BilledLine]:
        return [replace(line, currency=label) if line.key == key else line for line in lines]

    return edit


ERRORS = (
    PlantedError("fx_date", "converted at another date's rate", other_date),
    PlantedError("fx_inverted", "an exchange rate upside down", inverted),
    PlantedError("currency_relabelled", "an amount under another currency's label", relabelled),
)
