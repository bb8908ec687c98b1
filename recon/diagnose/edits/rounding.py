"""Where and how amounts were rounded, and at which exchange rate they were converted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from recon.contracts.terms import AnyTerms
from recon.diagnose.edits.edit import Asked, Edit, on_terms, setting
from recon.diagnose.edits.line import named
from recon.diagnose.world import FxRow, LineKey, Lines, World

MODES = ("half_up", "half_even", "up", "down")
DATES = ("conversion_date", "period_end", "period_average")


def rounding_grain(asked: Asked) -> Iterator[Edit]:
    """Rounded once per line instead of per conversion, or the reverse; per version of a line."""
    for grain in ("line", "conversion") if asked.cpa_terms() else ():
        words = f"rounded once per {grain}"
        yield Edit("rounding_grain", words, setting(asked.contract, round=grain), "round", kind=f"grain {grain}")
    if asked.cpm_terms():
        words = "each version's part of a line is rounded by itself"
        yield Edit("rounding_grain", words, lambda world: world.but(rounds_parts=True), "rounding")


def rounding_mode(asked: Asked) -> Iterator[Edit]:
    """Rounded half up, half even, up or down, otherwise than agreed."""
    for mode in MODES:
        words = f"rounded {mode.replace('_', ' ')}"
        change = on_terms(asked.contract, partial(_rounded, mode=mode))
        yield Edit("rounding_mode", words, change, "rounding")


def _rounded(terms: AnyTerms, mode: str) -> AnyTerms:
    return terms.model_copy(update={"rounding": mode})


def fx_date(asked: Asked) -> Iterator[Edit]:
    """Sales are converted at another date's rate, or at the mean instead."""
    for date in DATES if asked.cpa_terms() else ():
        words = f"sales are converted at the rate of the {date.replace('_', ' ')}"
        yield Edit("fx_date", words, setting(asked.contract, fx=date), "fx")


def fx_inverted(asked: Asked) -> Iterator[Edit]:
    """Exchange rates are used upside down."""

    def change(world: World) -> World | None:
        if not world.fx_rates:
            return None
        return world.but(fx_rates=upside_down(world.fx_rates))

    yield Edit("fx_inverted", "exchange rates are used upside down", change, "fx_rates")


@lru_cache(maxsize=8)
def upside_down(rows: tuple[FxRow, ...]) -> tuple[FxRow, ...]:
    """Every published rate with its pair the other way round."""
    return tuple((day, quote, base, rate) for day, base, quote, rate in rows)


def currency_relabelled(asked: Asked) -> Iterator[Edit]:
    """The amount stands under another currency than the one it is in."""
    own = {one.currency for one in asked.versions}
    invoiced = {one.invoice_currency for one in asked.world.terms(asked.contract) if one.invoice_currency}
    for label in sorted(invoiced - own):
        words = f"{', '.join(sorted(own))} amounts are not converted, and called {label}"
        change = partial(_unconverted, contract=asked.contract, label=label)
        yield Edit("currency_relabelled", words, change, "invoice_currency")
    for label in sorted(asked.billed_currencies - {key.currency for key in asked.expected}):
        called = partial(_called, label=label)
        yield Edit("currency_relabelled", f"amounts are called {label}", called, "currency")
        for key in asked.expected if len(asked.expected) > 1 else ():
            one = partial(_called, label=label, only=key)
            yield Edit("currency_relabelled", f"{named(key)} is called {label}", one, "currency")


def _unconverted(world: World, contract: str, label: str) -> World | None:
    plain = setting(contract, invoice_currency=None)(world)
    return None if plain is None else _called(plain, label)


def _called(world: World, label: str, only: LineKey | None = None) -> World:
    return world.on_lines(partial(relabelled, currency=label, only=only))


def relabelled(lines: Lines, currency: str, only: LineKey | None = None) -> Lines:
    """Every line under another currency, or one of them."""
    return {LineKey(key.item, key.kind, currency) if only in (None, key) else key: line for key, line in lines.items()}
