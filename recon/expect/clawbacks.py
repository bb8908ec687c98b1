"""What reversals take back of conversions that earned in an earlier period (RULES 5.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion
from recon.engine import Engine, literal
from recon.expect.charges import Earned, Part
from recon.expect.in_order import Decision
from recon.expect.lines import FateCount, Remark, Working
from recon.expect.prices import earned
from recon.money import told, written
from recon.observe.scope import Scope

NONE = Fraction(0)


@dataclass(frozen=True)
class StillEarned:
    """What is left of a conversion's earning by signed-off closes: its own, less the clawbacks of those after it.

    `amount` is in the contract's currency, before discount and commission; `version` priced it.
    """

    item: str
    version: int
    amount: Fraction


@dataclass(frozen=True)
class SignedOff:
    """What locked closes said: what conversions still earn, and in which period a reversal was counted."""

    earned: Mapping[tuple[str, str], StillEarned] = field(default_factory=dict)
    counted: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def by_conversion(self) -> Mapping[str, Sequence[tuple[str, StillEarned]]]:
        """What is still earned of each conversion, with its contract."""
        found: dict[str, list[tuple[str, StillEarned]]] = defaultdict(list)
        for (contract, conversion_id), one in self.earned.items():
            found[conversion_id].append((contract, one))
        return found


@dataclass(frozen=True)
class Reduction:
    """A reversal of a conversion of an earlier period: when it counts, and what it takes off (None: all)."""

    contract: str
    conversion_id: str
    conversion_period: str
    earned_in: str
    reversal_id: str
    sale_micros: int | None
    belongs_to: str
    is_after_lock: bool
    is_expired: bool

    @property
    def has_effect(self) -> bool:
        return not (self.is_after_lock or self.is_expired)


Claim = tuple[str, str]  # contract, conversion_id
Stray = tuple[str, str, int | None]  # reversal, conversion, amount taken off in millionths (None: all)
SHOWN = 50


def reductions(engine: Engine, scope: Scope) -> dict[Claim, list[Reduction]]:
    """Every reversal of the conversions that earned before the period and have one that belongs to it."""
    period = literal(str(scope.period))
    rows = engine.rows(
        f"""SELECT e.contract, e.conversion_id, e.conversion_period, e.earned_in, e.reversal_id, e.sale_micros,
            e.belongs_to, e.is_after_lock, e.is_expired
        FROM reversal_effects AS e
        WHERE e.earned_in < {period} AND e.belongs_to <= {period} AND EXISTS (
            SELECT 1 FROM reversal_effects AS o WHERE o.contract = e.contract
                AND o.conversion_id = e.conversion_id AND o.belongs_to = {period})
        ORDER BY e.contract, e.conversion_id, e.reversal_id""",
        "reversals of earlier earnings",
    )
    found: dict[Claim, list[Reduction]] = defaultdict(list)
    for row in rows:
        found[row[0], row[1]].append(Reduction(*row))
    return dict(found)


@dataclass(frozen=True)
class Taken:
    """What this period takes back of one conversion: what was left of it before, and what is left now."""

    conversion_id: str
    item: str
    version: ContractVersion
    before: Fraction
    after: Fraction
    working: Working

    @property
    def amount(self) -> Fraction:
        return self.before - self.after


class Clawbacks:
    """Takes back, conversion by conversion, and notes reversals that came too late."""

    def __init__(self, book: Book, scope: Scope, signed: SignedOff) -> None:
        self._book, self._scope, self._signed = book, scope, signed
        self.fates: list[FateCount] = []

    def taken(self, decision: Decision, found: Sequence[Reduction]) -> Taken | None:
        """What the period takes back of a conversion as it was decided when it earned; None where that was nothing."""
        if decision.fate != "payable":
            return None
        candidate, period = decision.candidate, str(self._scope.period)
        self._note_expired(decision, found)
        earlier = [one for one in found if one.has_effect and one.belongs_to < period]
        now = [one for one in found if one.has_effect and one.belongs_to <= period]
        if len(now) == len(earlier):
            return None
        before, after = self._left(decision, earlier), self._left(decision, now)
        conversion_id = found[0].conversion_id
        signed = self._signed.earned.get((candidate.group.contract, conversion_id))
        if signed is not None and not signed.amount:
            return None
        if signed is not None:
            before, after = signed.amount, max(NONE, signed.amount - (before - after)) if after else NONE
        source = "signed-off close" if signed is not None else f"recomputed as of {found[0].earned_in}"
        working = _working(candidate.governing.version, conversion_id, before, after, source)
        return Taken(conversion_id, candidate.item.item, candidate.governing, before, after, working)

    def _left(self, decision: Decision, counted: Sequence[Reduction]) -> Fraction:
        """What a conversion still earns: the same price on the reduced sale, its place held; 0 when all is gone."""
        candidate = decision.candidate
        off = sum(one.sale_micros or 0 for one in counted)
        if any(one.sale_micros is None for one in counted):
            return NONE
        if candidate.sale is None or not counted:
            return decision.each
        if off >= candidate.sale.original:
            return NONE
        return earned(candidate, decision.place, candidate.sale.reduced_to(candidate.sale.original - off))

    def _note_expired(self, decision: Decision, found: Sequence[Reduction]) -> None:
        late = sum(one.is_expired and one.belongs_to == str(self._scope.period) for one in found)
        candidate = decision.candidate
        self.fates.append(
            FateCount(
                candidate.governing.direction, "reversals", candidate.group.contract, candidate.item.item,
                "reversal_expired", late,
            )
        )  # fmt: skip

    def of_strays(self, strays: Iterable[Stray]) -> Iterator[tuple[str, Taken] | Stray]:
        """Reversals of conversions that are not in the data: taken back as a signed-off close says, else unbased."""
        for reversal_id, conversion_id, sale_micros in strays:
            signed = self._signed.by_conversion.get(conversion_id, ())
            versions = [(c, one, self._book.version(c, one.version)) for c, one in sorted(signed, key=lambda s: s[0])]
            known = [(c, one, version) for c, one, version in versions if version is not None]
            if sale_micros is not None or not known:
                yield reversal_id, conversion_id, sale_micros
            for contract, one, version in known if sale_micros is None else ():
                working = _working(one.version, conversion_id, one.amount, NONE, "signed-off close")
                yield contract, Taken(conversion_id, one.item, version, one.amount, NONE, working)


def _working(version: int, conversion_id: str, before: Fraction, after: Fraction, source: str) -> Working:
    text = f"{told(before)} left before ({source}), {told(after)} now: {told(before - after)} taken back"
    inputs = (("before", written(before)), ("after", written(after)))
    return Working(
        "clawback", "5.7", f"v{version} conversion {conversion_id}", text, version, "reversal_days", None, None,
        after - before, inputs,
    )  # fmt: skip


def unbased(strays: Sequence[Stray]) -> list[Remark]:
    """One remark on all reversals that take back nothing because nobody knows what their conversions earned."""
    if not strays:
        return []
    told = "; ".join(f"{reversal_id} of {conversion_id}" for reversal_id, conversion_id, _ in strays[:SHOWN])
    more = f" and {len(strays) - SHOWN:,} more" if len(strays) > SHOWN else ""
    sentence = f"{len(strays):,} reversals take back nothing, their conversions' earnings are not known: {told}{more}."
    return [Remark("", "", "clawback", "", "clawback_unbased", sentence)]


def stray_reversals(engine: Engine, scope: Scope) -> list[Stray]:
    """(reversal, conversion, amount in millionths) of the period, by UTC, whose conversion is not in the data."""
    period = scope.period
    first, last = period.start("UTC"), period.end("UTC")
    before = scope.cutoff_of(period.previous())
    cutoff = scope.cutoff_of(period)
    rows = engine.rows(
        f"""SELECT reversal_id, conversion_id, sale_micros FROM reversal_rows
        WHERE is_stray AND ts < {last} AND (ingested_at IS NULL OR ingested_at <= {cutoff})
            AND (ts >= {first} OR ingested_at > {before})
        ORDER BY reversal_id""",
        "reversals of unknown conversions",
    )
    return [(str(one), str(other), amount) for one, other, amount in rows]


def store_taken(engine: Engine, taken: Mapping[str, Iterable[Taken]]) -> None:
    """Create `taken_back`: what the period takes back of each conversion, exact, for the periods after it."""
    columns = {"contract": "TEXT", "conversion_id": "TEXT", "amount": "TEXT"}
    rows = [(contract, one.conversion_id, written(one.amount)) for contract, found in taken.items() for one in found]
    engine.table("taken_back", columns, rows)


def clawed_back(taken: Iterable[Taken]) -> list[Earned]:
    """What each item loses: negative amounts by the version that priced them, with a working each."""
    by_item: dict[str, list[Taken]] = defaultdict(list)
    for one in taken:
        by_item[one.item].append(one)
    return [
        Earned(item, NONE, _parts(of_item), tuple(one.working for one in of_item))
        for item, of_item in sorted(by_item.items())
    ]


def _parts(taken: Sequence[Taken]) -> tuple[Part, ...]:
    versions = {one.version.version: one.version for one in taken}
    return tuple(
        Part(version, -sum((one.amount for one in taken if one.version.version == number), NONE))
        for number, version in sorted(versions.items())
    )
