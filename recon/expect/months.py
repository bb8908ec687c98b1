"""The conversions of a month decided contract by contract, as known in a period (RULES 5.4 to 5.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recon.contracts.book import Book
from recon.engine import Engine
from recon.expect.claims import Asked, Group, grouped, ordered_contracts
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
    """What months are decided with: contracts, exchange rates, the openings of each period, contracts left out."""

    engine: Engine
    book: Book
    rates: ExchangeRates
    openings_of: OpeningsOf
    left_out: frozenset[str] = frozenset()

    def decide(self, asked: Asked) -> dict[str, Month]:
        """Every contract's month: each group with its fate as known in the period asked for."""
        by_contract: dict[str, list[Group]] = defaultdict(list)
        for group in grouped(self.engine, self.book, asked):
            by_contract[group.contract].append(group)
        period = Period.parse(asked.period)
        ordered = ordered_contracts(self.book) - self.left_out
        idle = {one for one in ordered - by_contract.keys() if in_force(self.book, one, period) is not None}
        contracts = sorted({*by_contract, *idle})
        return {one: self._month(one, by_contract[one], one in ordered, period, asked) for one in contracts}

    def _month(self, contract: str, groups: Sequence[Group], is_ordered: bool, period: Period, asked: Asked) -> Month:
        judge = Judge(self.book, period, self.rates)
        found = [judge.judged(group) for group in groups]
        refused = [Decision(one, one.fate, one.reason) for one in found if isinstance(one, Refused)]
        candidates = [one for one in found if isinstance(one, Candidate)]
        if is_ordered:
            month = InOrder(contract, self.book, period, self.openings_of(period)).take(candidates)
        else:
            month = Month(tuple(self._paid(one) for one in candidates))
        decisions = (_as_known(one, asked.known) for one in month.decisions)
        return replace(month, decisions=(*refused, *decisions))

    def _paid(self, candidate: Candidate) -> Decision:
        if candidate.group.contract in self.left_out:
            return Decision(candidate, "payable")
        return Decision(candidate, "payable", "", None, earned(candidate, None, candidate.sale))


def _as_known(decision: Decision, known: str) -> Decision:
    """What has not locked yet in the period that is looked from is `not_locked` (RULES 5.9)."""
    if decision.candidate.group.earned_in <= known:
        return decision
    reason = f"until {decision.candidate.group.earned_in}"
    return replace(decision, fate="not_locked", reason=reason)
