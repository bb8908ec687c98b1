"""What an item's impressions earn: version segments at their rates, tiers and fees (RULES 4.1 to 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from recon.contracts.terms import ContractVersion, CpmRate, CpmTiers
from recon.expect.charges import Earned, Part
from recon.expect.delivery import Units, item_of
from recon.expect.force import InForce
from recon.expect.lines import Working
from recon.expect.openings import Opening
from recon.expect.tiers import Fee, Piece, Run, Scale, Walk, walk
from recon.money import plain, told, written

NONE = Fraction(0)


@dataclass(frozen=True)
class Segment:
    """Billable impressions of one stretch of a version at one of the item's rates (RULES 4.1)."""

    stretch: int
    version: ContractVersion
    rate_index: int
    quantity: int


def segments_of(units: Iterable[Units]) -> list[Segment]:
    """Units added up by stretch and rate, in order."""
    totals: dict[tuple[int, int], Segment] = {}
    for unit in units:
        key = unit.stretch, unit.rate_index
        before = totals[key].quantity if key in totals else 0
        totals[key] = Segment(unit.stretch, unit.version, unit.rate_index, before + unit.quantity)
    return [totals[key] for key in sorted(totals)]


def earned(name: str, segments: Sequence[Segment], force: InForce, opening: Opening | None) -> Earned:
    """What an item's segments and the fees of its tiers come to, per version.

    `opening` is the count from before the period, wanted where a tier counts over the contract.
    """
    rows = [*_flat(name, segments), *_tiered(name, segments, force, opening)]
    quantity = Fraction(sum(segment.quantity for segment in segments))
    parts = tuple(Part(version, working.amount) for version, working in rows if working.amount is not None)
    return Earned(name, quantity, parts, tuple(working for _, working in rows))


def tiers_of(version: ContractVersion, name: str) -> CpmTiers | None:
    """The tiers that a version prices an item by, if it does."""
    item = item_of(version, name)
    return item.rates[0].tiers if item else None


def counts_on(name: str, force: InForce) -> bool:
    """Whether any version in force counts the item's tiers over the contract."""
    tiers = [tiers_of(span.version, name) for span in force.spans]
    return any(one is not None and one.counter == "contract" for one in tiers)


def _flat(name: str, segments: Iterable[Segment]) -> Iterator[tuple[ContractVersion, Working]]:
    """Segments at a rate per mille, one step for each version and rate."""
    totals: dict[tuple[int, int], int] = {}
    versions: dict[int, ContractVersion] = {}
    for segment in segments:
        if tiers_of(segment.version, name) is None and segment.quantity:
            key = segment.version.version, segment.rate_index
            totals[key] = totals.get(key, 0) + segment.quantity
            versions[segment.version.version] = segment.version
    for (number, rate_index), quantity in totals.items():
        yield versions[number], _segment_working(name, versions[number], rate_index, quantity)


def _segment_working(name: str, version: ContractVersion, rate_index: int, quantity: int) -> Working:
    item = item_of(version, name)
    assert item is not None
    rate = item.rates[rate_index]
    assert rate.per_mille is not None
    price = Fraction(rate.per_mille)
    amount = quantity * price / 1000
    text = f"{quantity:,} impressions × {plain(rate.per_mille)} / 1000 = {told(amount)}"
    clause = f"items[{name}].rates[{rate_index}].per_mille"
    label = f"v{version.version} {condition_text(rate)}"
    return Working("segment", "4.1", label, text, version.version, clause, Fraction(quantity), price, amount)


def condition_text(rate: CpmRate) -> str:
    """A rate's condition in words."""
    if rate.when.is_always:
        return "all impressions"
    return ", ".join(f"{name} {' or '.join(values)}" for name, values in rate.when.conditions)


def _tiered(
    name: str, segments: Sequence[Segment], force: InForce, opening: Opening | None
) -> Iterator[tuple[ContractVersion, Working]]:
    """Tier by tier what the units of versions with tiers earn, then the fees."""
    versions = {span.version.version: span.version for span in force.spans}
    clauses = {number: tiers for number, version in versions.items() if (tiers := tiers_of(version, name)) is not None}
    if not clauses:
        return
    if opening is not None:
        yield force.last, opening_working(opening)
    for working in _walked(name, runs_of(name, segments, force), clauses, opening.value if opening else NONE):
        assert working.version is not None
        yield versions[working.version], working


def runs_of(name: str, segments: Sequence[Segment], force: InForce) -> list[Run]:
    """The item's units by stretch, zero where a version lists the item without any."""
    listing = [place for place, span in enumerate(force.spans) if item_of(span.version, name) is not None]
    counts = {place: sum(one.quantity for one in segments if one.stretch == place) for place in listing}
    return [Run(force.spans[place].version.version, Fraction(counts[place])) for place in listing]


def _walked(name: str, runs: Sequence[Run], clauses: Mapping[int, CpmTiers], opening: Fraction) -> Iterator[Working]:
    scales = {number: Scale.of(clause, "units") for number, clause in clauses.items()}
    found: Walk = walk(runs, scales, opening)
    starts: dict[int, Fraction] = {}
    for piece in found.pieces:
        start = starts.setdefault(piece.run, piece.start)
        yield _tier_working(name, piece, clauses[piece.version], (start, start + runs[piece.run].quantity))
    for fee in found.fees:
        yield _fee_working(name, fee, clauses[fee.version])


def _tier_working(name: str, piece: Piece, clause: CpmTiers, run: tuple[Fraction, Fraction]) -> Working:
    """A tier's units at its rate; `run`: from where to where all units of the stretch lie."""
    step = clause.steps[piece.tier]
    price = Fraction(step.per_mille)
    amount = piece.quantity * price / 1000
    text = f"{_where(piece, clause)}: {int(piece.quantity):,} × {plain(step.per_mille)} / 1000 = {told(amount)}"
    inputs = (
        ("tier", str(piece.tier + 1)), ("start", written(piece.start)), ("end", written(piece.start + piece.quantity)),
        ("reached", written(piece.reached)), ("tier_mode", clause.mode), ("run_start", written(run[0])),
        ("run_end", written(run[1])),
    )  # fmt: skip
    label = f"v{piece.version} {tier_text(clause, piece.tier)}"
    path = f"items[{name}].rates[0].tiers.steps[{piece.tier}].per_mille"
    return Working("tier", "4.2", label, text, piece.version, path, piece.quantity, price, amount, inputs)


def tier_text(clause: CpmTiers, tier: int) -> str:
    """A tier as its step says it: `tier 2 over 1000000`."""
    step = clause.steps[tier]
    return f"tier {tier + 1} {'from' if step.is_inclusive else 'over'} {plain(step.threshold)}"


def _where(piece: Piece, clause: CpmTiers) -> str:
    if clause.mode == "volume":
        return f"count {int(piece.reached):,} reaches {tier_text(clause, piece.tier)}, which prices all units"
    return f"units {int(piece.start) + 1:,} to {int(piece.start + piece.quantity):,}"


def _fee_working(name: str, fee: Fee, clause: CpmTiers) -> Working:
    label = f"v{fee.version} fee of {tier_text(clause, fee.tier)}"
    path = f"items[{name}].rates[0].tiers.steps[{fee.tier}].fee"
    text = f"{tier_text(clause, fee.tier)} {'reached' if clause.mode == 'volume' else 'entered'}: {told(fee.amount)}"
    inputs = (("tier", str(fee.tier + 1)),)
    return Working("fee", "4.4", label, text, fee.version, path, None, fee.amount, fee.amount, inputs)


def opening_working(opening: Opening) -> Working:
    """The opening count as a step that tells, and adds nothing."""
    inputs = (("source", opening.source),)
    return Working("opening", "4.7", "opening count", opening.words, None, "", opening.value, None, None, inputs)
