"""Exchange rates: found, inverted or crossed, exact and unrounded (RULES 7)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import prod

from recon.money import written
from recon.period import Period
from recon.problems import BadInput, Problem

OLDEST = timedelta(days=7)


@dataclass(frozen=True)
class Conversion:
    """A rate (1 base = rate quote) and how it was found, in words."""

    rate: Fraction
    text: str


class ExchangeRates:
    """Published rates by pair and date; a rate asked for is the latest on or before its date, at most 7 days old."""

    def __init__(self, rows: Iterable[tuple[date, str, str, Decimal]]) -> None:
        published: dict[tuple[str, str], dict[date, Fraction]] = defaultdict(dict)
        for day, base, quote, rate in rows:
            published[base, quote][day] = Fraction(rate)
        self._published = dict(published)
        self._dates = {pair: sorted(days) for pair, days in published.items()}
        self._currencies = sorted({currency for pair in published for currency in pair})
        self.on = lru_cache(maxsize=None)(self._on)
        self.average = lru_cache(maxsize=None)(self._average)

    def _on(self, base: str, quote: str, day: date) -> Conversion:
        """The rate for a date: the pair's own, else its inverse, else crossed (RULES 7.1).

        Raises BadInput naming pair and date where no rate of the last 7 days gives it.
        """
        if base == quote:
            return Conversion(Fraction(1), "same currency")
        found = self._direct(base, quote, day) or self._crossed(base, quote, day)
        if found is None:
            raise BadInput([Problem(f"fx_rates {base}/{quote} for {day}", "", _expected(base, quote))])
        return found

    def _direct(self, base: str, quote: str, day: date) -> Conversion | None:
        own = self._latest(base, quote, day)
        if own:
            rate = self._published[base, quote][own]
            return Conversion(rate, f"{base}/{quote} {written(rate)} of {own}")
        inverse = self._latest(quote, base, day)
        if inverse:
            rate = self._published[quote, base][inverse]
            return Conversion(1 / rate, f"1 / ({quote}/{base} {written(rate)} of {inverse})")
        return None

    def _latest(self, base: str, quote: str, day: date) -> date | None:
        dates = self._dates.get((base, quote), [])
        place = bisect_right(dates, day)
        return dates[place - 1] if place and day - dates[place - 1] <= OLDEST else None

    def _crossed(self, base: str, quote: str, day: date) -> Conversion | None:
        for middle in self._currencies:
            first, second = self._direct(base, middle, day), self._direct(middle, quote, day)
            if middle not in (base, quote) and first and second:
                return Conversion(first.rate * second.rate, f"{first.text} × {second.text}")
        return None

    def _average(self, base: str, quote: str, period: Period) -> Conversion:
        """The mean over the period's dates on which every leg was published (RULES 7.2); BadInput without any."""
        if base == quote:
            return Conversion(Fraction(1), "same currency")
        for legs in self._paths(base, quote):
            daily = [self._along(legs, period.first + timedelta(days=n)) for n in range(period.days)]
            rates = [rate for rate in daily if rate is not None]
            if rates:
                way = " × ".join(f"{one}/{other}" for one, other in legs)
                text = f"mean of {way} over {len(rates)} dates of {period}"
                return Conversion(sum(rates, Fraction(0)) / len(rates), text)
        raise BadInput([Problem(f"fx_rates {base}/{quote} in {period}", "", _expected(base, quote))])

    def _paths(self, base: str, quote: str) -> list[list[tuple[str, str]]]:
        """The ways from one currency to another, in the order of RULES 7.1; an inverse stands as its published pair."""
        crossed = [[(base, middle), (middle, quote)] for middle in self._currencies if middle not in (base, quote)]
        return [[(base, quote)], *crossed]

    def _along(self, legs: list[tuple[str, str]], day: date) -> Fraction | None:
        """The product of the legs' rates published on that very date; None unless all were."""
        rates = [self._published_on(base, quote, day) for base, quote in legs]
        return None if None in rates else prod((rate for rate in rates if rate is not None), start=Fraction(1))

    def _published_on(self, base: str, quote: str, day: date) -> Fraction | None:
        own = self._published.get((base, quote), {}).get(day)
        inverse = self._published.get((quote, base), {}).get(day)
        return own if own is not None else 1 / inverse if inverse is not None else None


def _expected(base: str, quote: str) -> str:
    return f"a rate of {base} to {quote} at most 7 days old: the pair's, its inverse, or both by a third currency"
