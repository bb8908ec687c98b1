"""A month observed and priced, before it is held against any statement."""

from __future__ import annotations

from dataclasses import dataclass

from recon.billed import Billed
from recon.close.adjustments import Adjustment, adjustment_lines, awaited
from recon.close.contracts import contracts_of
from recon.close.observing import Observing
from recon.close.signed import SignedMonths, signed_months
from recon.compare import Comparison, compare
from recon.contracts.book import Book
from recon.contracts.lint import accepted
from recon.diagnose import World
from recon.engine import Engine
from recon.expect import Expectation, expect
from recon.inputs import Inputs, read_inputs
from recon.ledger import Ledger, Plan
from recon.observe import Scope, observe
from recon.workspace import Workspace


@dataclass(frozen=True)
class Recomputed:
    """What a month's inputs come to. The observations stand in the engine that was used."""

    workspace: Workspace
    scope: Scope
    plan: Plan
    every: Book
    book: Book
    inputs: Inputs
    signed: SignedMonths
    expectation: Expectation
    awaited: tuple[Adjustment, ...] = ()

    @property
    def world(self) -> World:
        """All that the amounts follow from, beside the observations."""
        inputs, signed = self.inputs, self.signed
        rates = tuple((row.date, row.base, row.quote, row.rate) for row in inputs.fx_rates)
        return World(
            self.book, self.every, self.scope, rates, inputs.third_party, inputs.opening_balances, signed.balances,
            signed.said,
        )  # fmt: skip

    def against(self, billed: Billed) -> Comparison:
        """Every expected line beside what a statement bills."""
        expected = [*self.expectation.lines, *adjustment_lines(self.awaited, self.scope.period)]
        return compare(
            expected, billed, self.workspace.tolerance, contracts=self.every.contracts,
            period=str(self.scope.period), remarks=self.expectation.remarks,
        )  # fmt: skip


def recomputed(
    workspace: Workspace, engine: Engine, scope: Scope, at: int = 0, observing: Observing | None = None
) -> Recomputed:
    """Read, observe and price a month as a scope asks; raises BadInput with every problem of contracts and data.

    Documents that are not in the register yet count as if they were taken in at an instant (µs); nothing is stored.
    `observing` may bring observations of before; without it the month is observed anew.
    """
    plan = contracts_of(workspace, at)
    every = plan.book
    book = accepted(every, scope.as_known_at).known_at(scope.as_known_at)
    if observing is None:
        inputs = read_inputs(workspace, engine, scope.period)
        observe(engine, book, scope, every)
    else:
        inputs = observing.observe(engine, book, every)
    signed = signed_months(workspace, engine, scope)
    rates = [(row.date, row.base, row.quote, row.rate) for row in inputs.fx_rates]
    expectation = expect(
        engine, book, scope, rates,
        third_party=inputs.third_party, opening_balances=inputs.opening_balances,
        locked=signed.balances, signed=signed.said,
    )  # fmt: skip
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        asked = awaited(ledger, scope.period, scope.as_known_at)
    return Recomputed(workspace, scope, plan, every, book, inputs, signed, expectation, asked)
