"""CPA: claims to payable conversions, charges and payouts (RULES 5 and 6).

The period's own conversions are decided, then those of earlier months that lock in it, then those that reversals
of the period take back, each by the clauses of its own month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recon.contracts.book import Book
from recon.contracts.terms import CpaTerms
from recon.engine import Engine, literal
from recon.expect.attribution import attribute
from recon.expect.claims import Asked, lay_reversals
from recon.expect.clawbacks import (
    Clawbacks,
    Reduction,
    SignedOff,
    Taken,
    reductions,
    store_taken,
    stray_reversals,
    unbased,
)
from recon.expect.cpa_fates import conversion_fates, store_decisions
from recon.expect.cpa_lines import Payable, contract_lines, deciding
from recon.expect.currency import ExchangeRates
from recon.expect.in_order import Decision, Month
from recon.expect.lines import ExpectedLine, FateCount, Remark
from recon.expect.months import Decider, OpeningsOf
from recon.expect.openings import Balance, Openings
from recon.observe.scope import Scope

TOLD_AT_LOCK = ("payable", "over_cap", "reversed")  # of earlier months, in the close of the period in which they lock


@dataclass(frozen=True)
class CpaResult:
    """All CPA contracts of a period: lines, fates, remarks, and what the period adds to balances counted on."""

    lines: tuple[ExpectedLine, ...]
    fates: tuple[FateCount, ...]
    remarks: tuple[Remark, ...]
    balances: tuple[Balance, ...]


def expected_cpa(
    engine: Engine,
    book: Book,
    scope: Scope,
    rates: ExchangeRates,
    left_out: Iterable[str] = (),
    *,
    openings_of: OpeningsOf | None = None,
    signed: SignedOff | None = None,
) -> CpaResult:
    """Expected lines and fates of all CPA contracts, the relations `decided` (one row per claim told) and `taken_back`.

    `openings_of` gives the openings of any period up to the scope's (RULES 4.7), `signed` what locked closes said of
    earlier conversions. Raises BadInput where an exchange rate is missing.
    """
    signed = signed or SignedOff()
    nothing = Openings(str(scope.period))
    decider = Decider(engine, book, rates, openings_of or (lambda period: nothing), frozenset(left_out))
    attribute(engine, book, scope)
    lay_reversals(engine, signed.counted)
    payable = _payable(decider, scope)
    clawbacks = Clawbacks(book, scope, signed)
    taken = _taken(decider, scope, clawbacks)
    remarks = _taken_of_strays(engine, scope, clawbacks, taken)
    store_taken(engine, taken)
    contracts = sorted(set(cpa_contracts(decider.book)) - decider.left_out)
    lines, balances = _lines(decider, scope, contracts, payable, taken)
    fates = [*conversion_fates(engine, scope), *clawbacks.fates]
    return CpaResult(tuple(lines), tuple(fates), tuple(remarks), tuple(balances))


def claimed_lines(decider: Decider, scope: Scope, contracts: Iterable[str], signed: SignedOff) -> list[ExpectedLine]:
    """The lines of these contracts, from claims that are laid out already; nothing is stored unless it is told."""
    payable = _payable(decider, scope)
    clawbacks = Clawbacks(decider.book, scope, signed)
    taken = _taken(decider, scope, clawbacks)
    _taken_of_strays(decider.engine, scope, clawbacks, taken)
    lines, _ = _lines(decider, scope, contracts, payable, taken)
    return lines


def _payable(decider: Decider, scope: Scope) -> dict[str, Payable]:
    """What is payable in the period by contract: of its own conversions, and of earlier ones that lock in it.

    Every decision told is stored; the fees of tiers fall due in the conversions' own month.
    """
    period = str(scope.period)
    own = decider.decide(Asked(period, period))
    if decider.is_stored:
        store_decisions(decider.engine, [one for month in own.values() for one in month.decisions], is_first=True)
    found = {contract: Payable(_earning(month, period), month.fees, month.balances) for contract, month in own.items()}
    for earlier in _periods(decider.engine, f"earned_in = {literal(period)} AND period < {literal(period)}"):
        months = decider.decide(Asked(earlier, period, earned_in=period))
        if decider.is_stored:
            told = [one for month in months.values() for one in month.decisions if _is_told(one, period)]
            store_decisions(decider.engine, told)
        for contract, month in months.items():
            found[contract] = found.get(contract, Payable()).joined(_earning(month, period))
    return found


def _earning(month: Month, period: str) -> tuple[Decision, ...]:
    return tuple(one for one in month.decisions if one.fate == "payable" and one.judged.group.earned_in == period)


def _is_told(decision: Decision, period: str) -> bool:
    return decision.fate in TOLD_AT_LOCK and decision.judged.group.earned_in == period


def _periods(engine: Engine, condition: str) -> list[str]:
    rows = engine.rows(
        f"SELECT DISTINCT period FROM claims WHERE early_fate IS NULL AND {condition} ORDER BY period",
        "months asked for",
    )
    return [str(period) for (period,) in rows]


def _taken(decider: Decider, scope: Scope, clawbacks: Clawbacks) -> dict[str, list[Taken]]:
    """What the period's reversals take back of earlier periods, each conversion decided as it was when it earned."""
    taken: dict[str, list[Taken]] = defaultdict(list)
    for (period, earned_in), found in _by_month(reductions(decider.engine, scope)).items():
        asked: dict[str, set[str]] = defaultdict(set)
        for contract, conversion_id in found:
            asked[contract].add(conversion_id)
        for contract, month in decider.decide(Asked(period, earned_in, conversions=asked)).items():
            for decision in month.decisions:
                reversals = found.get((contract, decision.judged.group.conversion_id or ""))
                one = clawbacks.taken(decision, reversals) if reversals else None
                taken[contract] += [one] if one is not None else []
    return taken


Claim = tuple[str, str]


def _by_month(
    found: Mapping[Claim, list[Reduction]],
) -> dict[tuple[str, str], dict[Claim, list[Reduction]]]:
    """Reversed conversions by their month and the period in which they earned."""
    by_month: dict[tuple[str, str], dict[Claim, list[Reduction]]] = defaultdict(dict)
    for claim, rows in found.items():
        by_month[rows[0].conversion_period, rows[0].earned_in][claim] = rows
    return dict(sorted(by_month.items()))


def _taken_of_strays(engine: Engine, scope: Scope, clawbacks: Clawbacks, taken: dict[str, list[Taken]]) -> list[Remark]:
    """Adds what signed-off closes say of conversions that are not in the data; hands back what nobody knows."""
    unknown = []
    for one in clawbacks.of_strays(stray_reversals(engine, scope)):
        if isinstance(one[1], Taken):
            taken.setdefault(one[0], []).append(one[1])
        else:
            unknown.append(one)
    return unbased(unknown)


def _lines(
    decider: Decider,
    scope: Scope,
    contracts: Iterable[str],
    payable: Mapping[str, Payable],
    taken: Mapping[str, Sequence[Taken]],
) -> tuple[list[ExpectedLine], list[Balance]]:
    lines: list[ExpectedLine] = []
    balances: list[Balance] = []
    for contract in contracts:
        force = deciding(decider.book, contract, scope.period)
        if force is None:
            continue
        one, back = payable.get(contract, Payable()), taken.get(contract, ())
        found = contract_lines(force, one, back, decider)
        lines += found.lines
        balances += found.balances
    return lines, balances


def cpa_contracts(book: Book) -> list[str]:
    """Every contract with CPA terms in some version."""
    return sorted({one.contract for one in book.versions if isinstance(one.terms, CpaTerms)})
