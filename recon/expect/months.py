"""The conversions of a month decided contract by contract, as known in a period (RULES 5.4 to 5.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms
from recon.engine import Engine
from recon.expect.claims import Asked, Group, GroupRow, grouped, grouping_of, ordered_contracts
from recon.expect.currency import ExchangeRates
from recon.expect.eligible import Candidate, Judge, Refused, Ruling
from recon.expect.force import in_force
from recon.expect.in_order import Decision, InOrder, Month
from recon.expect.openings import Openings
from recon.expect.prices import earned
from recon.period import Period

OpeningsOf = Callable[[Period], Openings]


@dataclass(frozen=True)
class Decider:
    """What months are decided with: contracts, exchange rates, the openings of each period, contracts left out.

    `only` decides these contracts; `is_told` False leaves out workings, `is_stored` False the decisions one by one,
    for a recomputation that asks for amounts alone. `known_groups` remembers groups of the same claims,
    `known_prices` what alike conversions came to under the same terms.
    """

    engine: Engine
    book: Book
    rates: ExchangeRates
    openings_of: OpeningsOf
    left_out: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    is_told: bool = True
    is_stored: bool = True
    known_prices: KnownPrices | None = None
    known_groups: KnownGroups | None = None

    def decide(self, asked: Asked) -> dict[str, Month]:
        """Every contract's month: each group with its fate as known in the period asked for."""
        by_contract: dict[str, list[GroupRow]] = defaultdict(list)
        for row in self._grouped(asked):
            by_contract[row[1]].append(row)
        period = Period.parse(asked.period)
        ordered = ordered_contracts(self.book) - self.left_out
        idle = {one for one in ordered - by_contract.keys() if in_force(self.book, one, period) is not None}
        contracts = sorted(one for one in {*by_contract, *idle} if self.only is None or one in self.only)
        return {one: self._month(one, by_contract[one], one in ordered, period, asked) for one in contracts}

    def _grouped(self, asked: Asked) -> list[GroupRow]:
        if self.known_groups is None:
            return grouped(self.engine, self.book, asked, self.is_stored)
        key = repr(asked), grouping_of(self.book)
        if key not in self.known_groups:
            self.known_groups[key] = grouped(self.engine, self.book, asked, self.is_stored)
        return self.known_groups[key]

    def _month(self, contract: str, rows: Sequence[GroupRow], is_ordered: bool, period: Period, asked: Asked) -> Month:
        judge = Judge(self.book, period, self.rates)
        if self.known_prices is not None and not is_ordered:
            return Month(tuple(self._recalled(contract, rows, judge, asked, self.known_prices)))
        found = [judge.judged(Group._make(row)) for row in rows]
        refused = [Decision(one, one.fate, one.reason) for one in found if isinstance(one, Refused)]
        candidates = [one for one in found if isinstance(one, Candidate)]
        if is_ordered:
            month = InOrder(contract, self.book, period, self.openings_of(period)).take(candidates)
        else:
            month = Month(tuple(self._paid(one) for one in candidates))
        decisions = (_as_known(one, asked.known) for one in month.decisions)
        return replace(month, decisions=(*refused, *decisions))

    def _recalled(
        self, contract: str, rows: Sequence[GroupRow], judge: Judge, asked: Asked, known: KnownPrices
    ) -> Iterator[Decision]:
        """The decisions of groups whose like were decided before under the same terms, else as ever."""
        of_month = known.of_month(asked)
        decided: dict[tuple[object, ...], tuple[int, Ruling]] = {}
        for row in rows:
            asks = row[2:10]  # versions, action and attributes: what a ruling depends on
            if asks not in decided:
                ruling = judge.ruling(Group._make(row))
                decided[asks] = known.number(ruling), ruling
            number, ruling = decided[asks]
            key = number, row[10:]
            decision = of_month.get(key)
            if decision is None:
                decision = of_month[key] = _as_known(self._alone(judge.judged(Group._make(row))), asked.known)
            elif self.is_stored:
                judged = _like(decision.judged, Group._make(row), ruling)
                decision = Decision(judged, decision.fate, decision.reason, decision.place, decision.each)
            yield decision

    def _alone(self, judged: Candidate | Refused) -> Decision:
        """The decision of a group that no order of time can change."""
        return self._paid(judged) if isinstance(judged, Candidate) else Decision(judged, judged.fate, judged.reason)

    def _paid(self, candidate: Candidate) -> Decision:
        if candidate.group.contract in self.left_out:
            return Decision(candidate, "payable")
        return Decision(candidate, "payable", "", None, earned(candidate, None, candidate.sale))


KnownGroups = dict[tuple[str, tuple[object, ...]], list[GroupRow]]


class KnownPrices:
    """What alike conversions came to, by the terms that decide and price them (not by those of attribution).

    Holds for one contract, in whatever world, and one set of exchange rates.
    """

    def __init__(self) -> None:
        self._decisions: dict[tuple[str, str], dict[tuple[object, ...], Decision]] = defaultdict(dict)
        self._terms: dict[str, int] = {}

    def of_month(self, asked: Asked) -> dict[tuple[object, ...], Decision]:
        """The decisions of a month as known in a period: by the numbers of a group's versions, and its row."""
        return self._decisions[asked.period, asked.known]

    def number(self, ruling: Ruling) -> int:
        """A number for what prices conversions; rulings that differ in other terms share it."""
        versions = (ruling.version, ruling.governing)
        stated = tuple(None if one is None else (one.version, one.currency) for one in versions)
        item = [(name, one) for name, one in ruling.item or () if name != "when"]
        priced = item, ruling.asks_amount, ruling.least_sale, _pricing(ruling.version)
        how = ruling.refused or priced
        return self._terms.setdefault(repr((stated, how)), len(self._terms))


def _pricing(version: ContractVersion | None) -> tuple[str, ...]:
    """The clauses of the version in force at a conversion that say how one amount is converted and rounded."""
    terms = version.terms if version is not None else None
    if not isinstance(terms, CpaTerms):
        return ()
    return terms.fx, terms.round, terms.rounding if terms.round == "conversion" else ""


def _like(judged: Candidate | Refused, group: Group, ruling: Ruling) -> Candidate | Refused:
    """What was judged of a group's like, as said of the group itself under its own versions."""
    if isinstance(judged, Refused):
        return Refused(group, judged.fate, judged.reason, judged.item)
    assert ruling.version is not None and ruling.governing is not None
    return Candidate(group, ruling.version, ruling.governing, judged.item, judged.sale, judged.scale)


def _as_known(decision: Decision, known: str) -> Decision:
    """What has not locked yet in the period that is looked from is `not_locked` (RULES 5.9)."""
    group = decision.judged.group
    if isinstance(decision.judged, Refused) or group.earned_in <= known:
        return decision
    reason = f"until {group.earned_in}"
    return replace(decision, fate="not_locked", reason=reason)
