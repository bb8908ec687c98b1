"""Bonuses, and payouts below the minimum: held, released, forfeited (RULES 6.5, 6.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms
from recon.expect.lines import Kind, Working
from recon.expect.openings import Balance
from recon.expect.steps import Due
from recon.money import plain, told, written
from recon.period import Period

NONE = Fraction(0)
Held = tuple[Kind, Due]


def bonus(version: ContractVersion, count: Fraction) -> Due | None:
    """The highest bonus that the payable conversions (Σ shares) of the period reach; None below all (RULES 6.5)."""
    steps = version.terms.bonus if isinstance(version.terms, CpaTerms) else ()
    reached = [(step.at_least, place) for place, step in enumerate(steps) if count >= step.at_least]
    if not reached:
        return None
    place = max(reached)[1]
    amount = Fraction(steps[place].amount)
    text = f"{told(count)} payable conversions reach {steps[place].at_least}: {plain(steps[place].amount)}"
    inputs = (("count", written(count)), ("at_least", str(steps[place].at_least)))
    step = Working(
        "reach", "6.5", "bonus", text, version.version, f"bonus[{place}].amount", count, None, amount, inputs
    )  # fmt: skip
    return Due("_bonus", NONE, amount, (step,))


def is_ended(book: Book, contract: str, period: Period) -> bool:
    """Whether nothing is in force on the first day after the period (RULES 6.6)."""
    return book.in_force(contract, period.next().first) is None


def held(version: ContractVersion, amounts: Iterable[Fraction], balance: Fraction, has_ended: bool) -> list[Held]:
    """What the minimum payout does with the period's lines and the balance held (RULES 6.6).

    `amounts` are those of the contract's payout, bonus and clawback lines. A balance that no clause holds any more
    is released.
    """
    minimum = version.terms.minimum_payout if isinstance(version.terms, CpaTerms) else None
    total = sum(amounts, NONE)
    limit = Fraction(minimum.amount) if minimum is not None else NONE
    if minimum is not None and minimum.below == "forfeit":
        forfeited = [_due(version, "forfeit", total, balance, limit)] if 0 < total < limit else []
        return forfeited + _released(version, total, balance, limit)
    if minimum is not None and not has_ended and total + balance < limit:
        return [_due(version, "hold", total, balance, limit)]
    return _released(version, total, balance, limit)


def _released(version: ContractVersion, total: Fraction, balance: Fraction, limit: Fraction) -> list[Held]:
    return [_due(version, "release", total, balance, limit)] if balance else []


WORDS = {
    "hold": "{total} of the period + {balance} held before stay below {limit}: held on",
    "release": "{total} of the period + {balance} held before, minimum {limit}: {balance} held before is released",
    "forfeit": "{total} of the period stays below {limit}: forfeited",
}


def _due(version: ContractVersion, kind: Kind, total: Fraction, balance: Fraction, limit: Fraction) -> Held:
    amount = balance if kind == "release" else -total
    numbers = {"total": written(total), "balance": written(balance), "limit": written(limit)}
    inputs = (("before", numbers["total"]), ("opening", numbers["balance"]), ("limit", numbers["limit"]))
    step = Working(
        "balance", "6.6", kind, WORDS[kind].format(**numbers), version.version, "minimum_payout.amount", None, None,
        amount, inputs,
    )  # fmt: skip
    return kind, Due(f"_{kind}", NONE, amount, (step,))


def moved(contract: str, lines: Sequence[Held]) -> list[Balance]:
    """What the period adds to the balance held, or takes from it."""
    return [Balance(contract, "", "hold", -due.amount) for kind, due in lines if kind in ("hold", "release")]
