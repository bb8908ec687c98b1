"""The conversions of a month decided contract by contract, as known in a period (RULES 5.4 to 5.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion
from recon.engine import Engine
from recon.expect.claims import Asked, Group, grouped, grouping_of, ordered_contracts
from recon.expect.currency import ExchangeRates
from recon.expect.eligible import Candidate, Judge, Refused
from recon.expect.force import in_force
from recon.expect.in_order import Decision, InOrder, Month
from recon.expect.openings import Openings
from recon.expect.prices import earned
from recon.period import Period

OpeningsOf = Callable[[Period], Openings]


@dataclass(frozen=True)
class Decider:
    """What months are decided with: contracts, exchange rates, the openings of each period, contracts left out.

    `only` decides one contract; `is_told` False leaves out workings, `is_stored` False the decisions one by one, for a
    recomputation that asks for amounts alone. `known_groups` remembers groups of the same claims, `known_prices` what
    alike conversions came to under the same terms.
    """

    engine: Engine
    book: Book
    rates: ExchangeRates
    openings_of: OpeningsOf
    left_out: frozenset[str] = frozenset()
    only: str | None = None
    is_told: bool = True
    is_stored: bool = True
    known_prices: KnownPrices | None = None
    known_groups: KnownGroups | None = None

    def decide(self, asked: Asked) -> dict[str, Month]:
        """Every contract's month: each group with its fate as known in the period asked for."""
        by_contract: dict[str, list[Group]] = defaultdict(list)
        for group in self._grouped(asked):
            by_contract[group.contract].append(group)
        period = Period.parse(asked.period)
        ordered = ordered_contracts(self.book) - self.left_out
        idle = {one for one in ordered - by_contract.keys() if in_force(self.book, one, period) is not None}
        contracts = sorted(one for one in {*by_contract, *idle} if self.only in (None, one))
        return {one: self._month(one, by_contract[one], one in ordered, period, asked) for one in contracts}

    def _grouped(self, asked: Asked) -> list[Group]:
        if self.known_groups is None:
            return grouped(self.engine, self.book, asked)
        key = repr(asked), grouping_of(self.book)
        if key not in self.known_groups:
            self.known_groups[key] = grouped(self.engine, self.book, asked)
        return self.known_groups[key]

    def _month(self, contract: str, groups: Sequence[Group], is_ordered: bool, period: Period, asked: Asked) -> Month:
        judge = Judge(self.book, period, self.rates)
        if self.known_prices is not None and not is_ordered:
            return Month(tuple(_as_known(self._remembered(group, judge), asked.known) for group in groups))
        found = [judge.judged(group) for group in groups]
        refused = [Decision(one, one.fate, one.reason) for one in found if isinstance(one, Refused)]
        candidates = [one for one in found if isinstance(one, Candidate)]
        if is_ordered:
            month = InOrder(contract, self.book, period, self.openings_of(period)).take(candidates)
        else:
            month = Month(tuple(self._paid(one) for one in candidates))
        decisions = (_as_known(one, asked.known) for one in month.decisions)
        return replace(month, decisions=(*refused, *decisions))

    def _remembered(self, group: Group, judge: Judge) -> Decision:
        """The decision of a group whose like was decided before under the same terms, else as ever."""
        assert self.known_prices is not None
        key = (judge.period, *self.known_prices.key(group, self.book))
        known = self.known_prices.decisions.get(key)
        if known is not None:
            return Decision(_of_group(known.judged, group), known.fate, known.reason, known.place, known.each)
        judged = judge.judged(group)
        decision = self._paid(judged) if isinstance(judged, Candidate) else Decision(judged, judged.fate, judged.reason)
        self.known_prices.decisions[key] = decision
        return decision

    def _paid(self, candidate: Candidate) -> Decision:
        if candidate.group.contract in self.left_out:
            return Decision(candidate, "payable")
        return Decision(candidate, "payable", "", None, earned(candidate, None, candidate.sale))


def _of_group(judged: Candidate | Refused, group: Group) -> Candidate | Refused:
    """The same judgement of another group of conversions that are alike."""
    if isinstance(judged, Refused):
        return Refused(group, judged.fate, judged.reason, judged.item)
    return Candidate(group, judged.version, judged.governing, judged.item, judged.sale, judged.scale)


KnownGroups = dict[tuple[str, tuple[object, ...]], list[Group]]


class KnownPrices:
    """What alike conversions came to, by the terms that decide and price them (not by those of attribution).

    Holds for one period and one set of exchange rates.
    """

    def __init__(self) -> None:
        self.decisions: dict[tuple[object, ...], Decision] = {}
        self._terms: dict[str, int] = {}
        self._book: Book | None = None
        self._of_version: dict[tuple[str, int], int] = {}

    def key(self, group: Group, book: Book) -> tuple[object, ...]:
        """What decides a group: the terms of its versions, and what is known of its conversions."""
        return (
            self._number(book, group.contract, group.version),
            None if group.governing is None else self._number(book, group.contract, group.governing),
            group.action, group.geo, group.device, group.customer, group.category, group.coupon, group.sale_micros,
            group.currency, group.day, group.is_fully_reversed, group.reversed_micros, group.share_micros,
        )  # fmt: skip

    def _number(self, book: Book, contract: str, number: int) -> int:
        """A number for the terms that price; versions that differ in attribution alone share it."""
        if book is not self._book:
            self._book, self._of_version = book, {}
        known = self._of_version.get((contract, number))
        if known is None:
            version = book.version(contract, number)
            assert version is not None
            text = f"{contract} {number} {version.currency} {_pricing(version)!r}"
            known = self._of_version[contract, number] = self._terms.setdefault(text, len(self._terms))
        return known


NOT_PRICING = ("attribution", "dedupe_window", "exclude_ivt", "caps", "lock", "earn_on", "bonus", "minimum_payout")


def _pricing(version: ContractVersion) -> list[tuple[str, object]]:
    terms = version.terms
    return [] if terms is None else [(name, one) for name, one in terms if name not in NOT_PRICING]


def _as_known(decision: Decision, known: str) -> Decision:
    """What has not locked yet in the period that is looked from is `not_locked` (RULES 5.9)."""
    group = decision.judged.group
    if isinstance(decision.judged, Refused) or group.earned_in <= known:
        return decision
    reason = f"until {group.earned_in}"
    return replace(decision, fate="not_locked", reason=reason)
