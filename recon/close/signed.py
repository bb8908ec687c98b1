"""What locked closes hand on to a later one: balances, what conversions earned, the reversals they counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from recon.close.stored import balances_of
from recon.engine import Engine, literal
from recon.expect import Balance, SignedOff, StillEarned
from recon.ledger import Ledger, RecordedClose
from recon.observe import Scope
from recon.period import Period
from recon.workspace import Workspace

Claim = tuple[str, str]  # contract, conversion_id or reversal_id
ASKED = "SELECT conversion_id FROM reversal_rows"  # only what is reversed is looked up


@dataclass(frozen=True)
class SignedMonths:
    """What locked closes say for a period; `earlier` are those of months before, `used` those that had a say."""

    period: Period
    earlier: tuple[RecordedClose, ...]
    said: SignedOff
    used: tuple[RecordedClose, ...]

    def before(self, period: Period) -> RecordedClose | None:
        """The locked close of the month before a period."""
        month = str(period.previous())
        return next((close for close in self.earlier if close.period == month), None)

    def balances(self, period: Period) -> tuple[Balance, ...] | None:
        """What a period starts from, None where the month before it is not locked (RULES 4.7)."""
        close = self.before(period)
        return None if close is None else balances_of(close.folder)


def signed_months(workspace: Workspace, engine: Engine, scope: Scope) -> SignedMonths:
    """Read the closes that were locked as known then, all but the period's own (RULES 2.7, 4.7, 5.7).

    Needs the reversals that were observed.
    """
    period = str(scope.period)
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        others = [close for close in ledger.all_locked(scope.as_known_at) if close.period != period]
    earlier = tuple(close for close in others if close.period < period)
    earned, counted = _decided(engine, earlier), _counted(engine, others)
    speaking = {str(scope.period.previous()), *(at for at, _ in earned.values()), *counted.values()}
    said = SignedOff(_left(earned, _taken_back(engine, earlier)), counted)
    return SignedMonths(scope.period, earlier, said, tuple(close for close in others if close.period in speaking))


def _decided(engine: Engine, closes: Iterable[RecordedClose]) -> dict[Claim, tuple[str, StillEarned]]:
    """What each reversed conversion earned and in which close; what a close told but did not pay earned nothing."""
    columns = "contract, conversion_id, item, version, COALESCE(exact_amount, '0')"
    earned: dict[Claim, tuple[str, StillEarned]] = {}
    for close in closes:
        condition = f"fate <> 'not_locked' AND conversion_id IN ({ASKED})"
        for contract, conversion_id, item, version, amount in _rows(engine, close, "conversions", columns, condition):
            found = StillEarned(item, version or 0, Fraction(amount))
            if found.amount or (contract, conversion_id) not in earned:
                earned[contract, conversion_id] = close.period, found
    return earned


def _taken_back(engine: Engine, closes: Iterable[RecordedClose]) -> Mapping[Claim, Fraction]:
    taken: dict[Claim, Fraction] = defaultdict(Fraction)
    for close in closes:
        columns, condition = "contract, conversion_id, amount", f"conversion_id IN ({ASKED})"
        for contract, conversion_id, amount in _rows(engine, close, "clawbacks", columns, condition):
            taken[contract, conversion_id] += Fraction(amount)
    return taken


def _left(earned: Mapping[Claim, tuple[str, StillEarned]], taken: Mapping[Claim, Fraction]) -> dict[Claim, StillEarned]:
    """What conversions still earn after the clawbacks of locked closes."""
    return {
        claim: StillEarned(one.item, one.version, one.amount - taken.get(claim, Fraction(0)))
        for claim, (_, one) in earned.items()
    }


def _counted(engine: Engine, closes: Iterable[RecordedClose]) -> dict[Claim, str]:
    """The reversals that a locked close counted stay there (RULES 5.7)."""
    return {
        (contract, reversal_id): close.period
        for close in closes
        for contract, reversal_id in _rows(
            engine, close, "reversals", "contract, reversal_id", f"conversion_id IN ({ASKED})"
        )
    }


def _rows(engine: Engine, close: RecordedClose, name: str, columns: str, condition: str) -> list[tuple[Any, ...]]:
    path = literal(str(close.folder / f"{name}.parquet"))
    return engine.rows(f"SELECT {columns} FROM read_parquet({path}) WHERE {condition}", f"locked {close.period} {name}")
