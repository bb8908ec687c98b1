"""Errors about which conversions are paid, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.period import DAY, HOUR, duration
from recon.trials.planting.counting import mark_cleared, where, with_column
from recon.trials.planting.month import AGAIN, BilledLine
from recon.trials.planting.sites import PlantedError, Planting, Site, by_lines, by_rows, by_terms, one_line

Terms = dict[str, Any]
DEFAULTS = {"click_window": "30d", "view_window": "1d"}


def window(site: Site) -> Iterator[Planting]:
    """A window a day longer or shorter, or its last instant in or out."""
    tries = [(name, days) for name in DEFAULTS for days in (1, -1)] + [("window_bound", 0)]
    for name, days in site.shuffled("window", tries, 5) if site.program else ():
        words = f"{name.replace('_', ' ')} {days:+d} day" if days else "the window's last instant in or out"
        yield from by_terms(site, words, _shifted(name, days) if days else _bound_flipped)


def _shifted(name: str, days: int) -> Callable[[Terms], None]:
    def change(terms: Terms) -> None:
        reach = terms.setdefault("attribution", {})
        longer = duration(str(reach.get(name, DEFAULTS[name]))) + days * DAY
        if longer >= 0:
            reach[name] = _text(longer)

    return change


def _text(us: int) -> str:
    """A duration as contracts write it, in the largest unit that fits."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", HOUR // 60), ("s", HOUR // 3600)):
        if us % size == 0:
            return f"{us // size}{unit}"
    raise ValueError(us)


def _bound_flipped(terms: Terms) -> None:
    reach = terms.setdefault("attribution", {})
    is_out = reach.get("window_bound", "inclusive") == "exclusive"
    reach["window_bound"] = "inclusive" if is_out else "exclusive"


def precedence(site: Site) -> Iterator[Planting]:
    """A later view beats an earlier click, or the other way round, in all payouts of the program."""

    def flip(terms: Terms) -> None:
        reach = terms.setdefault("attribution", {})
        reach["prefer"] = "latest" if reach.get("prefer", "click") == "click" else "click"

    if site.program and site.is_payout:
        rivals = payouts(site)
        yield from by_terms(site, "clicks and views take each other's precedence", flip, rivals, rivals)


def payouts(site: Site) -> list[str]:
    """The payout contracts of the site's program."""
    others = (Site(site.month, name, site.bill) for name in site.month.contracts)
    return [one.contract for one in others if one.is_payout and one.program == site.program]


def competition(site: Site) -> Iterator[Planting]:
    """The partner is paid beside whoever won the order."""
    if site.program and site.is_payout:
        yield from by_terms(site, "paid beside the winner", _set_across)


def _set_across(terms: Terms) -> None:
    terms.setdefault("attribution", {})["across"] = "partner"


def dedupe(site: Site) -> Iterator[Planting]:
    """Every conversion of an order is paid."""
    if site.program:
        yield from by_terms(site, "orders not deduplicated", lambda terms: terms.update(dedupe_window="0d"))


def eligibility(site: Site) -> Iterator[Planting]:
    """One condition is not looked at."""
    names = sorted({name for terms in site.terms for name in terms.get("eligibility") or {}})
    for name in site.shuffled("eligibility", names):
        yield from by_terms(site, f"{name.replace('_', ' ')} not looked at", _without_condition(name))


def _without_condition(name: str) -> Callable[[Terms], object]:
    def change(terms: Terms) -> None:
        kept = {key: value for key, value in (terms.get("eligibility") or {}).items() if key != name}
        terms.pop("eligibility", None)
        if kept:
            terms["eligibility"] = kept

    return change


def reversals_missing(site: Site) -> Iterator[Planting]:
    """What was taken back is paid all the same."""
    if site.program:
        yield from by_rows(site, "no reversal loaded", {"reversals": lambda table: table.slice(0, 0)})


def reversals_repeated(site: Site) -> Iterator[Planting]:
    """Partial reversals are deducted twice, or what was clawed back is clawed back once more."""
    if not site.program:
        return

    def again(table: pa.Table) -> pa.Table:
        copies = [f"{one}{AGAIN}2" for one in table.column("reversal_id").to_pylist()]
        return pa.concat_tables([table, with_column(table, "reversal_id", copies)])

    sold = _sold_in_period(site)
    edit = where(
        lambda table: pc.and_(
            pc.is_valid(table.column("sale_amount")), pc.is_in(table.column("conversion_id"), sold)
        ), again,
    )  # fmt: skip
    yield from by_rows(site, "partial reversals deducted twice", {"reversals": edit})
    for line in site.lines:
        if line.kind == "clawback" and line.amount:
            doubled = one_line(line, lambda one: [_doubled(one)])
            yield from by_lines(site, f"the clawback of {line.item} taken twice", doubled)


def _sold_in_period(site: Site) -> pa.Array:
    """The conversions of the month itself."""
    table, period = site.month.rows["conversions"], site.month.period
    ts = table.column("ts")
    of_month = pc.and_(pc.greater_equal(ts, period.start(site.zone)), pc.less(ts, period.end(site.zone)))
    return table.filter(of_month).column("conversion_id").combine_chunks()


def _doubled(line: BilledLine) -> BilledLine:
    return replace(line, amount=line.amount * 2, quantity=line.quantity * 2)


def caps(site: Site) -> Iterator[Planting]:
    """Conversions beyond the caps are paid."""
    yield from by_terms(site, "conversions beyond the caps paid", lambda terms: terms.pop("caps", None))


def lock(site: Site) -> Iterator[Planting]:
    """Conversions are paid when they happen, not when they lock."""

    def change(terms: Terms) -> None:
        if terms.get("earn_on") == "lock":
            terms["earn_on"] = "conversion"
            terms.pop("lock", None)

    yield from by_terms(site, "paid before the lock", change)


ERRORS = (
    PlantedError("window_off", "a window a day off, or its bound", window),
    PlantedError("precedence_flipped", "the other kind of touch wins", precedence),
    PlantedError("competition_ignored", "paid beside the winner of the order", competition),
    PlantedError("dedupe_ignored", "orders paid more than once", dedupe),
    PlantedError("eligibility_ignored", "a condition of payment not looked at", eligibility),
    PlantedError("reversal_ignored", "reversals not loaded", reversals_missing),
    PlantedError("reversal_repeated", "reversals taken twice", reversals_repeated),
    PlantedError("fraud_paid", "fraud paid", mark_cleared("is_fraud", ("conversions",), "fraud paid")),
    PlantedError("cap_ignored", "conversions beyond a cap paid", caps),
    PlantedError("lock_ignored", "paid before the lock", lock),
)
