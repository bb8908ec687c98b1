"""What a contract book must not say, and what it had better not: ambiguities refused or warned (RULES 2.1, 2.6, 2.8).

One check is one function of the book; the list that orders them stands at the bottom.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Literal, NamedTuple

from recon.contracts.book import ONE_DAY, Book, Span, covers, is_live
from recon.contracts.overlap import Stretch, clashes, stretches
from recon.contracts.prices import first_unit, prices_of, steps_of, total_falls
from recon.contracts.renewing import due
from recon.contracts.rules import RuleCheck, RuleContract, RuleFault, installed
from recon.contracts.terms import (
    ContractVersion,
    CpaItem,
    CpaTerms,
    CpaTiers,
    CpmItem,
    CpmTerms,
    CpmTiers,
    RuleUse,
)
from recon.problems import BadInput, Problem

Level = Literal["refused", "warned"]
JUMP = 10
COMPETING = ("model", "prefer", "half_life_days")  # clauses of attribution that payouts of a program share


class Remark(NamedTuple):
    """What a check found: version, key path, the value there and what was expected."""

    version: ContractVersion
    path: str
    value: str
    expected: str


@dataclass(frozen=True)
class Check:
    """One row of the list at the bottom; it looks at every document, or at what was in force as known then."""

    level: Level
    rule: str
    on: Literal["documents", "known"]
    find: Callable[[Book, date | None], Iterable[Remark]]


def lint(book: Book, today: date | None = None, as_known_at: int | None = None) -> list[Problem]:
    """Every refusal and warning on a book, in the order of the checks.

    What versions in force say together is judged as known at an instant (µs, UTC; None: now); whether a renewal is
    due on a date `today`, which is never read from a clock.
    """
    books = {"documents": book, "known": book.known_at(as_known_at)}
    return [_problem(check, found) for check in CHECKS for found in check.find(books[check.on], today)]


def accepted(book: Book, as_known_at: int | None = None) -> Book:
    """The same book; BadInput with every refusal if it has any."""
    refusals = [problem for problem in lint(book, as_known_at=as_known_at) if problem.level == "refused"]
    if refusals:
        raise BadInput(refusals)
    return book


def _problem(check: Check, found: Remark) -> Problem:
    place = f"{found.version.contract}/v{found.version.version}.yaml {found.path}"
    return Problem(place, found.value, f"{found.expected} ({check.rule})", check.level)


# What the checks walk over


def _cpm_items(book: Book) -> Iterator[tuple[ContractVersion, str, CpmItem]]:
    for one in book.live:
        if isinstance(one.terms, CpmTerms):
            yield from ((one, f"terms.items[{index}]", item) for index, item in enumerate(one.terms.items))


def _cpa_items(book: Book) -> Iterator[tuple[ContractVersion, str, CpaItem]]:
    for one in book.live:
        if isinstance(one.terms, CpaTerms):
            yield from ((one, f"terms.items[{index}]", item) for index, item in enumerate(one.terms.items))


def _tiers(book: Book) -> Iterator[tuple[ContractVersion, str, CpmTiers | CpaTiers]]:
    for one, path, item in _cpm_items(book):
        for index, rate in enumerate(item.rates):
            if rate.tiers is not None:
                yield one, f"{path}.rates[{index}].tiers", rate.tiers
    for one, path, cpa_item in _cpa_items(book):
        if cpa_item.tiers is not None:
            yield one, f"{path}.tiers", cpa_item.tiers


def _before(book: Book, version: ContractVersion) -> ContractVersion | None:
    """The version before: the next lower approved one with terms, else the next lower one with terms."""
    lower = [one for one in book.versions_of(version.contract) if one.version < version.version and is_live(one)]
    priced = [one for one in lower if one.terms is not None]
    return next(reversed([one for one in priced if one.is_approved] or priced), None)


def _other(version: ContractVersion) -> str:
    return f"{version.contract} v{version.version}"


# A contract as a series of versions


def numbered_from_one(book: Book, today: date | None) -> Iterator[Remark]:
    """Versions count 1, 2, 3 …: a hole would hide one."""
    for contract in book.contracts:
        for number, one in enumerate(book.versions_of(contract), start=1):
            if one.version != number:
                yield Remark(one, "version", str(one.version), f"version {number}, with none left out")
                break


def begins_with_original(book: Book, today: date | None) -> Iterator[Remark]:
    """Version 1 is the original and no other is."""
    for one in book.versions:
        if (one.version == 1) != (one.kind == "original"):
            expected = "original for version 1" if one.version == 1 else "another kind than original after version 1"
            yield Remark(one, "kind", one.kind, expected)


def keeps_its_identity(book: Book, today: date | None) -> Iterator[Remark]:
    """Currency, zone, counterparty, direction, model, program and partner never change."""
    first: dict[tuple[str, str], str] = {}
    for one in book.live:
        for path, value in _identity(one).items():
            said = first.setdefault((one.contract, path), value)
            if said != value:
                yield Remark(one, path, value, f"{said!r} as in the versions before")


def _identity(version: ContractVersion) -> dict[str, str]:
    said = {
        "currency": version.currency,
        "timezone": version.timezone,
        "counterparty.id": version.counterparty.id,
        "counterparty.role": version.counterparty.role,
        "direction": version.direction,
    }
    if version.terms is not None:
        said["terms.model"] = version.terms.model
    if isinstance(version.terms, CpaTerms):
        said |= {"terms.program": version.terms.program, "terms.partner": version.terms.partner or ""}
    return said


def gap_between_versions(book: Book, today: date | None) -> Iterator[Remark]:
    """Dates between two versions on which none is in force, unless a termination says so."""
    for contract in book.contracts:
        approved = [one for one in book.versions_of(contract) if one.is_approved]
        for one, following in pairwise(book.spans(contract)):
            if one.end is None or one.end == following.first or any(covers(version, one.end) for version in approved):
                continue
            last = following.first - ONE_DAY
            yield Remark(following.version, "effective.from", str(following.first), f"no gap from {one.end} to {last}")


def renewal_due(book: Book, today: date | None) -> Iterator[Remark]:
    """The last version ends, its notice date is past and no version extends it; `today` is a contract-local date."""
    for one in due(book, today) if today else ():
        version = book.version(one.contract, one.version)
        if one.is_overdue and version is not None:
            wanted = "a renewal version, which is due" if one.is_auto else "a renewal version or the contract's end"
            expected = f"{wanted} from {one.ends + ONE_DAY}: the notice date is past"
            yield Remark(version, "renewal", str(one.notice_by), expected)


def rate_jump(book: Book, today: date | None) -> Iterator[Remark]:
    """A rate more than 10 times, or less than a tenth of, that of the version before."""
    for one in book.live:
        before = _before(book, one)
        old = {key: price for key, _, price in prices_of(before)} if before else {}
        for key, path, price in prices_of(one):
            was = old.get(key, Decimal(0))
            if was and price and (price > was * JUMP or price * JUMP < was):
                yield Remark(
                    one, path, str(price), f"a rate nearer to {was} of version {before.version if before else ''}"
                )


# One version


def item_twice(book: Book, today: date | None) -> Iterator[Remark]:
    """Items and fixed fees of a version have different names: each is a line."""
    for one in book.live:
        seen: set[str] = set()
        for path, item in _line_names(one):
            if item in seen:
                yield Remark(one, path, item, "an item that stands once")
            seen.add(item)


def _line_names(version: ContractVersion) -> Iterator[tuple[str, str]]:
    if version.terms is not None:
        items: Sequence[CpmItem | CpaItem] = version.terms.items
        yield from ((f"terms.items[{n}].item", one.item) for n, one in enumerate(items))
        yield from ((f"terms.fixed_fees[{n}].item", one.item) for n, one in enumerate(version.terms.fixed_fees))


def thresholds(book: Book, today: date | None) -> Iterator[Remark]:
    """The first step is `over: 0`, the thresholds rise."""
    for one, path, tiers in _tiers(book):
        first = tiers.steps[0]
        if first.is_inclusive or first.threshold != 0:
            yield Remark(one, f"{path}.steps[0]", str(first.threshold), "over: 0 for the first step")
        for index, (low, high) in enumerate(pairwise(tiers.steps), start=1):
            if high.threshold <= low.threshold:
                yield Remark(one, f"{path}.steps[{index}]", str(high.threshold), f"a threshold above {low.threshold}")


def tiers_beside_a_rate(book: Book, today: date | None) -> Iterator[Remark]:
    """Tiers price all of an item's impressions, so no other rate stands beside them."""
    for one, path, item in _cpm_items(book):
        if len(item.rates) > 1 and any(rate.tiers is not None for rate in item.rates):
            yield Remark(one, f"{path}.rates", "", "tiers alone, without another rate of the item")


def reset_of_a_contract_count(book: Book, today: date | None) -> Iterator[Remark]:
    """A count over the contract cannot start again with each version."""
    for one, path, tiers in _tiers(book):
        if tiers.across_versions == "reset" and tiers.counter == "contract":
            yield Remark(one, f"{path}.across_versions", "reset", "carry with counter: contract")


def flat_by_sale_amount(book: Book, today: date | None) -> Iterator[Remark]:
    """A flat price has no part to split at a threshold of sales (6.2)."""
    for one, path, tiers in _tiers(book):
        if isinstance(tiers, CpaTiers) and (tiers.mode, tiers.measure) == ("graduated", "sale_amount"):
            for index, step in enumerate(tiers.steps):
                if step.flat is not None:
                    yield Remark(one, f"{path}.steps[{index}].flat", str(step.flat), "percent_of_sale")


def third_party_with_several_rates(book: Book, today: date | None) -> Iterator[Remark]:
    """A third party counts items, not the attributes that several rates tell apart."""
    for one, path, item in _cpm_items(book):
        wanted = item.third_party or (one.terms.third_party if isinstance(one.terms, CpmTerms) else None)
        if wanted is not None and len(item.rates) > 1:
            yield Remark(one, f"{path}.rates", item.item, "one rate in an item with a third-party clause")


def unreachable_rate(book: Book, today: date | None) -> Iterator[Remark]:
    """A rate after one that always matches never applies."""
    for one, path, item in _cpm_items(book):
        for index in _behind([(0, rate.when.is_always) for rate in item.rates]):
            yield Remark(one, f"{path}.rates[{index}]", "", "no rate after one that always matches")


def unreachable_item(book: Book, today: date | None) -> Iterator[Remark]:
    """An item after one of the same action that always matches never applies."""
    for one in book.live:
        if isinstance(one.terms, CpaTerms):
            items = one.terms.items
            for index in _behind([(item.action, item.when.is_always) for item in items]):
                expected = f"no item of action {items[index].action} after one that always matches"
                yield Remark(one, f"terms.items[{index}]", items[index].item, expected)


def _behind(rows: list[tuple[object, bool]]) -> Iterator[int]:
    """Rows (kind, always matches?) that stand behind one of their kind that always matches."""
    closed: set[object] = set()
    for index, (kind, is_always) in enumerate(rows):
        if kind in closed:
            yield index
        if is_always:
            closed.add(kind)


def unreachable_tier(book: Book, today: date | None) -> Iterator[Remark]:
    """`over: 99` before `from: 100` leaves no whole impression between them."""
    for one, path, tiers in _tiers(book):
        for index, (low, high) in enumerate(pairwise(tiers.steps) if isinstance(tiers, CpmTiers) else ()):
            if low.threshold < high.threshold and first_unit(low) >= first_unit(high):
                yield Remark(one, f"{path}.steps[{index}]", str(low.threshold), "a tier with an impression in it")


def amount_cap_beside_volume(book: Book, today: date | None) -> Iterator[Remark]:
    """What fits under an amount depends on the price, under a volume tier the price on what fits (5.8)."""
    for one in book.live:
        yield from _capping(one, one)


def amount_cap_over_volume(book: Book, today: date | None) -> Iterator[Remark]:
    """The same between two versions of a contract that are in force in one month."""
    for contract in book.contracts:
        pairs = {
            (one.version.version, other.version.version): (one.version, other.version)
            for one, other in permutations(book.spans(contract), 2)
            if one.version is not other.version and _share_a_month(one, other)
        }
        for one, other in pairs.values():
            yield from _capping(one, other)


def _capping(capped: ContractVersion, tiered: ContractVersion) -> Iterator[Remark]:
    cap = _amount_cap(capped)
    if cap is not None and _has_volume(tiered):
        expected = f"no amount cap beside the volume tier of version {tiered.version}"
        yield Remark(capped, f"terms.caps[{cap}].amount", "", expected)


def _share_a_month(one: Span, other: Span) -> bool:
    return _month(one.first) <= _last_month(other) and _month(other.first) <= _last_month(one)


def _last_month(span: Span) -> float:
    return math.inf if span.end is None else _month(span.end - ONE_DAY)


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _amount_cap(version: ContractVersion) -> int | None:
    """Where the first cap by amount stands among a CPA version's caps."""
    caps = version.terms.caps if isinstance(version.terms, CpaTerms) else ()
    return next((index for index, cap in enumerate(caps) if cap.amount is not None), None)


def _has_volume(version: ContractVersion) -> bool:
    items = version.terms.items if isinstance(version.terms, CpaTerms) else ()
    return any(item.tiers is not None and item.tiers.mode == "volume" for item in items)


def _rules(book: Book) -> Iterator[tuple[ContractVersion, str, RuleUse]]:
    for one in book.live:
        uses = one.terms.rules if one.terms is not None else ()
        yield from ((one, f"terms.rules[{index}]", use) for index, use in enumerate(uses))


def rule_not_installed(book: Book, today: date | None) -> Iterator[Remark]:
    """A rule is known by the package that brings it, and by one alone."""
    for one, path, use in _rules(book):
        try:
            installed(use.rule)
        except ValueError as error:
            yield Remark(one, f"{path}.rule", use.rule, str(error))


def rule_parameters(book: Book, today: date | None) -> Iterator[Remark]:
    """What a rule itself finds wrong with its parameters."""
    for one, path, use in _rules(book):
        try:
            check = installed(use.rule).rule.check
        except ValueError:
            continue  # said above
        for key, expected in _faults(check, use, one):
            yield Remark(one, f"{path}.with.{key}".rstrip("."), use.parameters.get(key, ""), expected)


def _faults(check: RuleCheck, use: RuleUse, one: ContractVersion) -> list[RuleFault]:
    try:
        return list(check(use.parameters, _contract_of(one)))
    except Exception as error:  # a package's own fault: its rule can't be used with this contract
        return [RuleFault("", f"parameters that {use.rule} can check: {error}")]


def _contract_of(one: ContractVersion) -> RuleContract:
    assert one.terms is not None
    return RuleContract(one.direction, one.terms.model, one.currency, tuple(item.item for item in one.terms.items))


def rule_twice(book: Book, today: date | None) -> Iterator[Remark]:
    """A rule stands once in a version: its line is known by its name."""
    for one, path, use in _rules(book):
        uses = one.terms.rules if one.terms is not None else ()
        if next(other for other in uses if other.rule == use.rule) is not use:
            yield Remark(one, f"{path}.rule", use.rule, "a rule that stands once")


def rule_beside_an_invoice_currency(book: Book, today: date | None) -> Iterator[Remark]:
    """A rule sees amounts of lines, and states its own in the contract's currency: the lines' must be the same."""
    for one, path, use in _rules(book):
        currency = one.terms.invoice_currency if one.terms is not None else None
        if currency not in (None, one.currency):
            yield Remark(one, f"{path}.rule", use.rule, f"no rule beside the invoice currency {currency}")


def price_cliff(book: Book, today: date | None) -> Iterator[Remark]:
    """A volume tier at whose first unit the period's total is lower than at the last unit before it."""
    for one, path, tiers in _tiers(book):
        for index, (low, high) in enumerate(pairwise(steps_of(tiers)), start=1):
            if tiers.mode == "volume" and total_falls(tiers, low, high):
                yield Remark(one, f"{path}.steps[{index}]", str(high.threshold), "a total that does not fall here")


# Contracts beside each other


def item_of_two_contracts(book: Book, today: date | None) -> Iterator[Remark]:
    """An impression belongs to at most one contract of a direction (3.1)."""
    listed = (
        (f"{stretch.span.version.direction} {item.item}", stretch)
        for stretch in stretches(book)
        if isinstance(stretch.span.version.terms, CpmTerms)
        for item in stretch.span.version.terms.items
    )
    for key, one, other in clashes(listed):
        item = key.partition(" ")[2]
        expected = f"an item that no other {one.direction} contract in force lists ({_other(one)} does)"
        yield Remark(other, "terms.items", item, expected)


def partner_of_two_contracts(book: Book, today: date | None) -> Iterator[Remark]:
    """A partner has one payout contract per program at an instant."""
    for _, one, other in clashes(_payouts(book, with_partner=True)):
        assert isinstance(other.terms, CpaTerms)
        expected = f"one payout contract of partner and program in force ({_other(one)} is another)"
        yield Remark(other, "terms.partner", other.terms.partner or "", expected)


def competing_models_differ(book: Book, today: date | None) -> Iterator[Remark]:
    """Payouts of one program compete under one model, preference and half-life (5.3)."""
    payouts = list(_payouts(book, with_partner=False))
    said: dict[str, set[tuple[object, ...]]] = {}
    for program, stretch in payouts:
        said.setdefault(program, set()).add(_competing(stretch.span.version))
    # one program's partners all meet one another: only where two differ are pairs looked at
    for _, one, other in clashes((key, stretch) for key, stretch in payouts if len(said[key]) > 1):
        assert isinstance(one.terms, CpaTerms) and isinstance(other.terms, CpaTerms)
        for name in COMPETING:
            ours, theirs = getattr(other.terms.attribution, name), getattr(one.terms.attribution, name)
            if ours != theirs:
                yield Remark(other, f"terms.attribution.{name}", str(ours), f"{theirs} as in {_other(one)}")


def _competing(version: ContractVersion) -> tuple[object, ...]:
    assert isinstance(version.terms, CpaTerms)
    return tuple(getattr(version.terms.attribution, name) for name in COMPETING)


def _payouts(book: Book, with_partner: bool) -> Iterator[tuple[str, Stretch]]:
    for stretch in stretches(book):
        terms = stretch.span.version.terms
        if stretch.span.version.direction == "payout" and isinstance(terms, CpaTerms):
            yield f"{terms.program}\n{terms.partner if with_partner else ''}", stretch


CHECKS = (
    Check("refused", "2.1", "documents", numbered_from_one),
    Check("refused", "2.1", "documents", begins_with_original),
    Check("refused", "2.6", "documents", keeps_its_identity),
    Check("refused", "2.8", "known", item_of_two_contracts),
    Check("refused", "2.8", "documents", item_twice),
    Check("refused", "2.8", "documents", thresholds),
    Check("refused", "2.8", "documents", tiers_beside_a_rate),
    Check("refused", "2.8", "documents", reset_of_a_contract_count),
    Check("refused", "2.8", "documents", amount_cap_beside_volume),
    Check("refused", "2.8", "known", amount_cap_over_volume),
    Check("refused", "6.2", "documents", flat_by_sale_amount),
    Check("refused", "2.8", "documents", unreachable_rate),
    Check("refused", "2.8", "documents", unreachable_item),
    Check("refused", "2.8", "documents", unreachable_tier),
    Check("refused", "2.8", "known", partner_of_two_contracts),
    Check("refused", "2.8", "known", competing_models_differ),
    Check("refused", "2.8", "documents", third_party_with_several_rates),
    Check("refused", "9", "documents", rule_not_installed),
    Check("refused", "9", "documents", rule_parameters),
    Check("refused", "9", "documents", rule_twice),
    Check("refused", "9", "documents", rule_beside_an_invoice_currency),
    Check("warned", "2.8", "known", gap_between_versions),
    Check("warned", "2.8", "documents", price_cliff),
    Check("warned", "2.8", "known", renewal_due),
    Check("warned", "2.8", "documents", rate_jump),
)
