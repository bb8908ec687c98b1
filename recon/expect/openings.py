"""What a period starts from: counts, spend and held balances brought along from before (RULES 4.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from recon.inputs.rows import OpeningBalance
from recon.money import written

BalanceKind = Literal["quantity", "spend", "hold"]
Source = Literal["locked close", "opening_balances", "none"]


class BalanceKey(NamedTuple):
    """What a balance is of: an item, or the contract as a whole (item ""). `spend` and `hold` are amounts."""

    contract: str
    item: str
    kind: BalanceKind


@dataclass(frozen=True)
class Balance:
    """A balance, exact: units, or major units of the contract's currency (before commission and conversion)."""

    contract: str
    item: str
    kind: BalanceKind
    value: Fraction

    @property
    def key(self) -> BalanceKey:
        return BalanceKey(self.contract, self.item, self.kind)


@dataclass(frozen=True)
class Opening:
    """An opening balance that was asked for, and where it came from; `none` is zero."""

    contract: str
    item: str
    kind: BalanceKind
    value: Fraction
    source: Source

    @property
    def words(self) -> str:
        """The opening in a sentence.

        >>> Opening("acme", "RUN", "quantity", Fraction(1500), "opening_balances").words
        'opening quantity of acme RUN: 1500, from opening_balances'
        """
        of = f"{self.contract} {self.item}".strip()
        source = "nothing is known from before" if self.source == "none" else f"from {self.source}"
        return f"opening {self.kind} of {of}: {written(self.value)}, {source}"


class Openings:
    """The opening balances of a period. Every one that is asked for is noted with its source, for the manifest."""

    def __init__(
        self,
        period: str = "",
        opening_balances: Iterable[OpeningBalance] = (),
        locked: Iterable[Balance] | None = None,
    ) -> None:
        """`locked` are the closing balances of the locked close of the month before; None where there is none.

        A row for this period comes before one without a period; rows for other periods do not count.
        """
        self._locked = {balance.key: balance.value for balance in locked or ()}
        self._stated = _stated(period, opening_balances)
        self._asked: dict[BalanceKey, Opening] = {}

    def quantity(self, contract: str, item: str = "") -> Fraction:
        """Units counted before the period, of an item or of the contract.

        >>> openings = Openings(locked=[Balance("acme", "RUN", "quantity", Fraction(1500))])
        >>> openings.quantity("acme", "RUN"), openings.spend("acme")
        (Fraction(1500, 1), Fraction(0, 1))
        >>> [opening.source for opening in openings.asked]
        ['none', 'locked close']
        """
        return self.opening(contract, item, "quantity").value

    def spend(self, contract: str, item: str = "") -> Fraction:
        """What was charged before the period after caps, in the contract's currency, before commission."""
        return self.opening(contract, item, "spend").value

    def hold(self, contract: str) -> Fraction:
        """The payout held back before the period, in the contract's currency (RULES 6.6)."""
        return self.opening(contract, "", "hold").value

    def opening(self, contract: str, item: str, kind: BalanceKind) -> Opening:
        """One opening balance with its source; it is noted as asked for."""
        key = BalanceKey(contract, item, kind)
        if key in self._locked:
            found = Opening(*key, self._locked[key], "locked close")
        elif key in self._stated:
            found = Opening(*key, self._stated[key], "opening_balances")
        else:
            found = Opening(*key, Fraction(0), "none")
        return self._asked.setdefault(key, found)

    @property
    def asked(self) -> tuple[Opening, ...]:
        """Every opening that was asked for so far, by contract, item and kind."""
        return tuple(self._asked[key] for key in sorted(self._asked))

    def closing(self, moved: Iterable[Balance]) -> tuple[Balance, ...]:
        """The balances after the period: those from before, and what the period added to them; sorted.

        >>> openings = Openings(locked=[Balance("acme", "RUN", "quantity", Fraction(1500))])
        >>> [balance.value for balance in openings.closing([Balance("acme", "RUN", "quantity", Fraction(20))])]
        [Fraction(1520, 1)]
        """
        balances = {**self._stated, **self._locked}
        for balance in moved:
            balances[balance.key] = balances.get(balance.key, Fraction(0)) + balance.value
        return tuple(Balance(*key, balances[key]) for key in sorted(balances))


def _stated(period: str, rows: Iterable[OpeningBalance]) -> Mapping[BalanceKey, Fraction]:
    """The dataset's balances for this period."""
    known: dict[BalanceKey, Fraction] = {}
    for row in sorted(rows, key=lambda row: row.period or ""):
        if row.period in (None, "", period):
            known[BalanceKey(row.contract, row.item or "", row.kind)] = Fraction(row.value)  # type: ignore[arg-type]
    return known
