"""The lines of one CPA contract: charges or payouts, bonus, clawbacks, what is held (RULES 4.5, 5.7, 6.4 to 6.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from recon.contracts.book import Book
from recon.contracts.terms import CpaTerms
from recon.expect.charges import Earned, charge_lines
from recon.expect.clawbacks import Taken, clawed_back
from recon.expect.cpa_fees import TierFee
from recon.expect.currency import ExchangeRates
from recon.expect.earnings import counted, earned_items
from recon.expect.force import InForce, in_force
from recon.expect.in_order import Decision
from recon.expect.lines import ExpectedLine, Kind
from recon.expect.months import Decider
from recon.expect.named_rules import rule_lines
from recon.expect.openings import Balance
from recon.expect.payouts import bonus, held, is_ended, moved
from recon.expect.steps import Due, invoiced, line_of, percent_off, rounded
from recon.period import Period

NONE = Fraction(0)


@dataclass(frozen=True)
class Payable:
    """What is payable under a contract in a period, the fees of its tiers, and what the month adds to its counts."""

    decisions: tuple[Decision, ...] = ()
    fees: tuple[TierFee, ...] = ()
    balances: tuple[Balance, ...] = ()

    def joined(self, decisions: Sequence[Decision]) -> Payable:
        """With further conversions, of earlier months that lock in the period."""
        return replace(self, decisions=(*self.decisions, *decisions))

    @property
    def count(self) -> Fraction:
        """Payable conversions (Σ shares), which bonuses count."""
        return counted(self.decisions)


@dataclass(frozen=True)
class ContractLines:
    """A contract's lines of a period, and what the period adds to the balances that later ones count on from."""

    lines: tuple[ExpectedLine, ...]
    balances: tuple[Balance, ...]


def deciding(book: Book, contract: str, period: Period) -> InForce | None:
    """The spans that decide a contract's lines; after its end the last one before, without minimum, fees and rules.

    None before the contract begins.
    """
    force = in_force(book, contract, period)
    if force is not None:
        return force
    before = [span for span in book.spans(contract) if span.first <= period.last]
    if not before:
        return None
    version = before[-1].version
    assert version.terms is not None
    ended = version.terms.model_copy(update={"minimum": None, "fixed_fees": (), "rules": ()})
    span = replace(before[-1], version=version.model_copy(update={"terms": ended}))
    return InForce(contract, period, (span,))


def contract_lines(force: InForce, payable: Payable, taken: Sequence[Taken], decider: Decider) -> ContractLines:
    """Every line of a contract in a period; lines of nothing are among them."""
    rates, openings = decider.rates, decider.openings_of(force.period)
    items = earned_items(payable.decisions, payable.fees, decider.is_told)
    clawbacks = [_clawback(force, one, rates) for one in clawed_back(taken)]
    extra = [*_bonus(force, payable.count, rates), *clawbacks]
    if force.last.direction == "charge":
        charged = charge_lines(force, items, openings, rates, extra)
        return ContractLines((*charged.lines, *extra), tuple(_counted_on(force, payable.balances, charged.spent)))
    payouts = [
        _line(force, Due(one.item, one.quantity, one.amount, one.workings), "payout", rates, "6.3") for one in items
    ]
    lines = [*payouts, *extra, *rule_lines(force, [*payouts, *extra], "bonus", rates)]
    kept, balances = _minimum(force, lines, decider)
    return ContractLines((*lines, *kept), (*payable.balances, *balances))


def _line(force: InForce, due: Due, kind: Kind, rates: ExchangeRates, rule: str) -> ExpectedLine:
    return line_of(force, rounded(force, invoiced(force, due, rates), rule), kind)


def _clawback(force: InForce, one: Earned, rates: ExchangeRates) -> ExpectedLine:
    """What an item loses, less the discount it was charged with and the commission it was billed with."""
    due = Due(one.item, NONE, one.amount, one.workings)
    for part in one.parts:
        percent = Fraction(part.version.terms.discount_percent) if part.version.terms else NONE
        if percent:
            due = due.changed(percent_off("discount", part.amount, percent, part.version.version, "discount_percent"))
    percent = Fraction(force.terms.commission_percent) if force.terms.bill == "net" else NONE
    if percent:
        due = due.changed(percent_off("commission", due.amount, percent, force.last.version, "commission_percent"))
    return _line(force, due, "clawback", rates, "5.7")


def _bonus(force: InForce, count: Fraction, rates: ExchangeRates) -> list[ExpectedLine]:
    due = bonus(force.last, count)
    return [] if due is None else [_line(force, due, "bonus", rates, "6.5")]


def _minimum(
    force: InForce, lines: Sequence[ExpectedLine], decider: Decider
) -> tuple[list[ExpectedLine], list[Balance]]:
    """What is held, released or forfeited of a payout contract's lines (RULES 6.6)."""
    assert isinstance(force.terms, CpaTerms)
    balance = decider.openings_of(force.period).hold(force.contract)
    amounts = [Fraction(line.amount) for line in lines]
    found = held(force.last, amounts, balance, is_ended(decider.book, force.contract, force.period))
    kept = [_line(force, due, kind, decider.rates, "6.6") for kind, due in found]
    return kept, moved(force.contract, found)


def _counted_on(force: InForce, own: Sequence[Balance], spent: Sequence[Balance]) -> list[Balance]:
    """The contract's spend once: as its spend cap counts it, else as its caps on conversions' amounts do."""
    cap = force.terms.cap
    is_spend_cap = cap is not None and cap.scope == "contract"
    has_own = any(one.kind == "spend" for one in own)
    kept = [one for one in own if one.kind != "spend" or not is_spend_cap]
    return [*kept, *(one for one in spent if one.item or is_spend_cap or not has_own)]
