"""Lines of named rules: what a contract's own clauses add to its month (RULES 9).

Governed, as a bonus or a minimum is, by the version in force on the period's last day in force. A rule sees the
contract's lines before any rule, so that their order changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from recon.contracts.rules import Installed, RuleLine, RuleMonth, RuleStep, installed
from recon.contracts.terms import RuleUse
from recon.expect.currency import ExchangeRates
from recon.expect.force import InForce
from recon.expect.lines import ExpectedLine, Kind, Working
from recon.expect.steps import NONE, Due, invoiced, line_of, rounded
from recon.money import exact, told
from recon.problems import BadInput, Problem

PER = (1, 100, 1000)


def rule_lines(force: InForce, lines: Iterable[ExpectedLine], kind: Kind, rates: ExchangeRates) -> list[ExpectedLine]:
    """A line `_NAME` for each rule of the contract, rounded once by its rounding; lines of nothing are among them.

    `lines` are those of the contract's month before any rule. Raises BadInput where a rule is not installed or fails.
    """
    if not force.terms.rules:
        return []
    month = _month(force, lines)
    dues = [_due(force, use, month) for use in force.terms.rules]
    return [line_of(force, rounded(force, invoiced(force, due, rates)), kind) for due in dues]


def _month(force: InForce, lines: Iterable[ExpectedLine]) -> RuleMonth:
    """The lines that exist, in the order of item and kind (RULES 4.5)."""
    seen = sorted(
        RuleLine(one.item, one.kind, Fraction(one.quantity), Fraction(one.amount)) for one in lines if one.exists
    )
    direction, period = force.last.direction, force.period
    return RuleMonth(
        force.contract, str(period), direction, force.currency, tuple(seen), force.day_count, period.days
    )  # fmt: skip


def _due(force: InForce, use: RuleUse, month: RuleMonth) -> Due:
    """What a rule comes to, exact: the sum of its steps."""
    number = force.last.version
    try:
        found = installed(use.rule)
        workings = [_working(number, use, step) for step in found.rule.price(month, use.parameters)]
    except Exception as error:  # a package's own fault: the month can't be priced, and the contract says where
        place = f"{force.contract}/v{number}.yaml terms.rules[{use.rule}]"
        raise BadInput([Problem(place, use.rule, f"a rule that prices {month.period}: {error}")]) from error
    due = Due(f"_{use.rule}", NONE, NONE, (_text(number, use, found),))
    for working in workings:
        due = due.changed(working)
    return due


def _text(number: int, use: RuleUse, found: Installed) -> Working:
    """The rule as it is written, where it is agreed and which package brings it."""
    rule = found.rule
    text = f"{rule.text} ({rule.reference}; {found.distribution} {found.version})"
    return Working("note", "9", f"rule {rule.name}", text, number, f"rules[{use.rule}].rule")


def _working(number: int, use: RuleUse, step: RuleStep) -> Working:
    """A step: quantity × a parameter, which is thus a clause of the contract; or words alone."""
    if step.quantity is None:
        return Working("note", "9", f"rule {use.rule}", step.words, number, f"rules[{use.rule}].rule")
    if step.per not in PER:
        raise ValueError(f"per {step.per}, not one of {PER}")
    quantity, rate = exact(step.quantity), use.parameters.number(step.rate)
    amount = quantity * rate / step.per
    per = f" / {step.per}" if step.per != 1 else ""
    text = f"{step.words}: {told(quantity)} × {told(rate)}{per} = {told(amount)}"
    clause = f"rules[{use.rule}].with.{step.rate}"
    inputs = (("per", str(step.per)),)
    return Working("rule", "9", step.words, text, number, clause, quantity, rate, amount, inputs)
