"""What people said of a close: its way to the sign-off, what was decided about its findings, its open items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recon.close import StoredClose
from recon.ledger import FindingAct, Ledger, RollForward, Signed
from recon.ledger.signing import LOCKED, PREPARED, REVIEWED
from recon.signoff.rollforward import rolled, rolled_alone
from recon.signoff.trend import MonthTotal, month_totals, months_up_to


@dataclass(frozen=True)
class Dossier:
    """The period's states and acts in their order, the open items as of the close, and what the last months came to."""

    way: tuple[Signed, ...]
    acts: tuple[FindingAct, ...]
    items: RollForward
    months: tuple[MonthTotal, ...] = ()

    @classmethod
    def of(cls, close: StoredClose) -> Dossier:
        """What the ledger knows of a close's period."""
        place = close.workspace
        with Ledger.open(place.database_url, place.closes) as ledger:
            way, acts = ledger.sign_offs.way(close.period), ledger.sign_offs.acts(close.period)
            months = months_up_to(close, ledger)
        return cls(way, acts, rolled(close), months)

    @classmethod
    def unsigned(cls, close: StoredClose, way: Sequence[Signed] = (), acts: Sequence[FindingAct] = ()) -> Dossier:
        """A close that nobody has a ledger for, with what is said of it here: nothing is carried into it."""
        own = month_totals(close.period, close.run, close.lines.to_dict("records"))
        return cls(tuple(way), tuple(acts), rolled_alone(close, acts), own)

    def signature(self, state: str, run: int) -> Signed | None:
        """Who brought a run into a state, where that still holds; None where nobody did."""
        last = next((one for one in reversed(self.way) if one.state == state), None)
        return last if last is not None and last.run == run and state in self._standing else None

    @property
    def _standing(self) -> tuple[str, ...]:
        """The states that the last one rests on, itself included: a month that was returned rests on none."""
        order = (PREPARED, REVIEWED, LOCKED)
        state = self.way[-1].state if self.way else ""
        return order[: order.index(state) + 1] if state in order else ()
