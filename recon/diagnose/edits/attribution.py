"""Whose conversion it was and whether it counts: windows, precedence, competition, conditions, reversals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from recon.contracts.terms import Attribution, CpaTerms
from recon.diagnose.edits.edit import (
    Asked,
    Change,
    Edit,
    not_looking_at,
    on_terms,
    setting,
    setting_attribution,
)
from recon.diagnose.world import Lines, Priced, World
from recon.period import DAY, HOUR, duration

UNITS = (("d", DAY), ("h", HOUR), ("m", HOUR // 60), ("s", HOUR // 3600))
CONDITIONS = ("geo", "device", "customer", "exclude_categories", "exclude_coupons", "min_sale")


def window_off(asked: Asked) -> Iterator[Edit]:
    """A window a day longer or shorter, or its bound taken the other way.

    One of less than a day reaches nothing when it is a day shorter, or stays as it is.
    """
    for days in (1, -1) if asked.cpa_terms() else ():
        for names in (("click_window",), ("view_window",), ("click_window", "view_window")):
            told = " and ".join(name.replace("_", " ") for name in names)
            words = f"{told} a day {'longer' if days > 0 else 'shorter'}"
            yield _window(asked, words, partial(_widened, names=names, days=days))
            if days < 0 and _has_both(asked, names):
                words += " where it is a day or more"
                yield _window(asked, words, partial(_widened, names=names, days=days, shortest=DAY))
    if asked.cpa_terms():
        change = _on_attribution(asked.contract, _other_bound)
        yield Edit(
            "window_off", "an age exactly at the window counts the other way", change, "attribution.window_bound"
        )


def _window(asked: Asked, words: str, change: Callable[[Attribution], Attribution]) -> Edit:
    return Edit("window_off", words, _on_attribution(asked.contract, change), "attribution")


def _has_both(asked: Asked, names: tuple[str, ...]) -> bool:
    """Whether some of these windows are less than a day, and others are not."""
    sizes = [duration(getattr(one.attribution, name)) for one in asked.cpa_terms() for name in names]
    return any(0 < size < DAY for size in sizes) and any(size >= DAY for size in sizes)


def _widened(one: Attribution, names: tuple[str, ...], days: int, shortest: int = 0) -> Attribution:
    """Windows so many days wider; those below `shortest` as they are."""
    stated = {name: duration(getattr(one, name)) for name in names}
    wide = {name: max(0, size + days * DAY) for name, size in stated.items() if size >= shortest}
    return one.model_copy(update={name: _written(us) for name, us in wide.items()})


def _written(us: int) -> str:
    """A duration as clauses write it."""
    unit, size = next((unit, size) for unit, size in UNITS if us % size == 0)
    return f"{us // size}{unit}"


def _other_bound(one: Attribution) -> Attribution:
    return one.model_copy(update={"window_bound": "exclusive" if one.window_bound == "inclusive" else "inclusive"})


def precedence_flipped(asked: Asked) -> Iterator[Edit]:
    """Clicks do, or do not, come before later impressions; the first touch wins instead of the last, or the reverse."""
    if not asked.cpa_terms():
        return
    yield _for_program(asked, "a click comes before a later impression, or no longer does", _other_preference)
    yield _for_program(asked, "the first touch wins instead of the last, or the last instead of the first", _other_end)


def _for_program(asked: Asked, words: str, change: Callable[[Attribution], Attribution]) -> Edit:
    """A change of rules that one system holds for a whole program."""

    def changed(world: World) -> World | None:
        found: World | None = None
        for contract in world.rivals(asked.contract) or (asked.contract,):
            found = _on_attribution(contract, change)(found or world) or found
        return found

    return Edit("precedence_flipped", words, changed, "attribution")


def _other_preference(one: Attribution) -> Attribution:
    return one.model_copy(update={"prefer": "latest" if one.prefer == "click" else "click"})


def _other_end(one: Attribution) -> Attribution:
    ends = {"last_touch": "first_touch", "first_touch": "last_touch"}
    return one.model_copy(update={"model": ends.get(one.model, one.model)})


def competition_ignored(asked: Asked) -> Iterator[Edit]:
    """The partner is paid whoever else won: two partners are paid for one order."""
    if asked.world.rivals(asked.contract):
        words = "paid for every order it touched, also those that another partner won"
        change = setting_attribution(asked.contract, across="partner")
        yield Edit("competition_ignored", words, change, "attribution.across")


def dedupe_ignored(asked: Asked) -> Iterator[Edit]:
    """A second conversion of the same order counts."""
    if asked.cpa_terms():
        words = "a conversion of an order that came before counts again"
        yield Edit("dedupe_ignored", words, setting(asked.contract, dedupe_window="0d"), "dedupe_window")


def eligibility_ignored(asked: Asked) -> Iterator[Edit]:
    """A condition is not asked, or none of them."""
    stated = [
        name for name in CONDITIONS if any(getattr(one.eligibility, name) is not None for one in asked.cpa_terms())
    ]
    for name in stated:
        change = on_terms(asked.contract, partial(_without, names=(name,)))
        words = f"the condition {name} is not asked"
        yield Edit("eligibility_ignored", words, change, f"eligibility.{name}")
    if len(stated) > 1:
        change = on_terms(asked.contract, partial(_without, names=CONDITIONS))
        yield Edit("eligibility_ignored", "no condition is asked", change, "eligibility")


def _without(terms: CpaTerms, names: tuple[str, ...]) -> CpaTerms:
    return terms.model_copy(update={"eligibility": terms.eligibility.model_copy(update=dict.fromkeys(names))})


def reversal_ignored(asked: Asked) -> Iterator[Edit]:
    """Reversals do not count."""
    if asked.cpa_terms():
        yield Edit("reversal_ignored", "reversals are not looked at", not_looking_at("reversal"))


def reversal_repeated(asked: Asked) -> Iterator[Edit]:
    """What reversals take back is taken back twice."""
    if asked.cpa_terms():
        words = "what is taken back is taken back twice"
        yield Edit("reversal_repeated", words, lambda world: world.on_lines(_clawed_back_twice))
        start = asked.world.scope.period.start(asked.versions[0].timezone)
        for words, first in (
            ("partial reversals of the period's conversions count twice", start),
            ("every partial reversal counts twice", FIRST),
        ):
            yield Edit("reversal_repeated", words, _twice_from(first))


FIRST = -(2**62)  # before any instant


def _twice_from(first: int) -> Change:
    return lambda world: world.reads(replace(world.reading, twice_from=first))


def _clawed_back_twice(lines: Lines) -> Lines:
    def twice(line: Priced) -> Priced:
        return Priced(line.quantity * 2, line.amount * 2)

    return {key: twice(line) if key.kind == "clawback" else line for key, line in lines.items()}


def fraud_paid(asked: Asked) -> Iterator[Edit]:
    """Conversions marked as fraud count."""
    if asked.cpa_terms():
        yield Edit("fraud_paid", "conversions marked as fraud count", not_looking_at("fraud"))


def cap_ignored(asked: Asked) -> Iterator[Edit]:
    """Caps on conversions are not applied."""
    if any(one.caps for one in asked.cpa_terms()):
        yield Edit("cap_ignored", "no cap on conversions is applied", setting(asked.contract, caps=()), "caps")


def lock_ignored(asked: Asked) -> Iterator[Edit]:
    """Conversions earn at once, not when they lock."""
    if any(one.earn_on == "lock" for one in asked.cpa_terms()):
        words = "conversions earn at once, not when they lock"
        change = setting(asked.contract, earn_on="conversion", lock=None)
        yield Edit("lock_ignored", words, change, "earn_on")


def _on_attribution(contract: str, change: Callable[[Attribution], Attribution]) -> Change:
    return on_terms(contract, lambda terms: _attributed(terms, change))


def _attributed(terms: object, change: Callable[[Attribution], Attribution]) -> CpaTerms:
    assert isinstance(terms, CpaTerms)
    return terms.model_copy(update={"attribution": change(terms.attribution)})
