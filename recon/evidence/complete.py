"""What makes a month complete, both ways: the sheet and the page show these figures, no others (RULES 8.5)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from recon.evidence.facts import Facts, Record, exact_or_zero

NO_DELIVERY, BILLED, NOT_BILLED = "no delivery", "yes", "NO"


@dataclass(frozen=True)
class ContractSeen:
    """A contract in force: what it delivered (events, or their shares), its lines expected and billed, and a remark."""

    contract: str
    counterparty: str
    direction: str
    model: str
    delivered: Fraction
    expected: int
    billed: int
    note: str = ""

    @property
    def answer(self) -> str:
        """Whether what was delivered was billed."""
        if not self.delivered:
            return NO_DELIVERY
        return BILLED if self.billed else NOT_BILLED


@dataclass(frozen=True)
class Completeness:
    """Every contract in force with its answer, and the billed lines that name no contract of the book."""

    contracts: tuple[ContractSeen, ...]
    orphans: tuple[Record, ...]

    @property
    def gaps(self) -> int:
        """Contracts that delivered and were not billed, and lines without a contract."""
        return sum(one.answer == NOT_BILLED for one in self.contracts) + len(self.orphans)


def completeness(facts: Facts) -> Completeness:
    """The completeness of a close, from contract to billing and from billing to contract."""
    orphans = (line for line in facts.lines if line["contract"] not in facts.parties)
    return Completeness(tuple(_seen(facts, contract) for contract in facts.contracts), tuple(orphans))


def _seen(facts: Facts, contract: str) -> ContractSeen:
    lines = [line for line in facts.lines if line["contract"] == contract]
    delivered = facts.fate_total("billable", contract=contract) + facts.fate_total("payable", contract=contract)
    counts = (sum(map(_is_expected, lines)), sum(map(_is_billed, lines)))
    named = (contract, facts.counterparty(contract), facts.direction(contract), facts.model(contract))
    return ContractSeen(*named, delivered, *counts, _note(facts, contract, delivered, counts[1]))


def _note(facts: Facts, contract: str, delivered: Fraction, billed: int) -> str:
    if contract in facts.unpriced_contracts:
        return "Not priced by this release: nothing is expected, so nothing is compared."
    return "Delivered in the period, but no billed line names it." if delivered and not billed else ""


def _is_expected(line: Record) -> bool:
    return exact_or_zero(line["expected_amount"]) != 0 or exact_or_zero(line["expected_quantity"]) != 0


def _is_billed(line: Record) -> bool:
    return exact_or_zero(line["billed_amount"]) != 0 or line["billed_quantity"] is not None
