"""What decides whether a contract's impressions are billable: counts told apart by nothing else are added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms
from recon.diagnose.world import Ignored, World
from recon.observe.cuts import cutoffs_in_question
from recon.observe.impressions import ATTRIBUTES, ImpressionCount


@dataclass(frozen=True)
class Asks:
    """What decides whether a contract's impressions are billable, and at which rate, in one world."""

    items: tuple[str, ...]
    attributes: tuple[str, ...]
    regimes: frozenset[tuple[str, tuple[str, ...]]]
    ignored: frozenset[Ignored]
    late_from: int | None

    @classmethod
    def of(cls, world: World, contract: str) -> Asks:
        """What the versions of a contract ask of an impression; a late one has passed `late_from` cut-offs."""
        terms = [one for one in world.terms(contract) if isinstance(one, CpmTerms)]
        named = {name for one in terms for item in one.items for rate in item.rates for name, _ in rate.when.conditions}
        cutoffs = cutoffs_in_question(world.scope)
        own = world.reading.cutoff
        late_from = len(cutoffs) if own is None else cutoffs.index(own) + 1
        return cls(
            items_of(world.versions(contract)),
            tuple(name for name in ATTRIBUTES if name in named),
            frozenset((one.basis, one.exclude_ivt) for one in terms),
            world.reading.ignored,
            None if "late" in world.reading.ignored else late_from,
        )

    def narrowed(self, counts: Iterable[ImpressionCount]) -> Iterator[ImpressionCount]:
        """The counts that can be billable, added up where nothing that is asked tells them apart."""
        totals: dict[ImpressionCount, int] = defaultdict(int)
        for one in counts:
            said = [self._is_countable(one, basis, excluded) for basis, excluded in self.regimes]
            if any(said):
                totals[self._plain(one, all(said))] += one.quantity
        return (replace(one, quantity=quantity) for one, quantity in totals.items())

    def _plain(self, one: ImpressionCount, is_sure: bool) -> ImpressionCount:
        """A count with what is asked alone; where every regime counts it, its marks say so and no more."""
        cut = (getattr(one, name) if name in self.attributes else None for name in ATTRIBUTES)
        is_viewable, is_completed, ivt = PLAIN if is_sure else (one.is_viewable, one.is_completed, one.ivt)
        geo, device, placement, partner = cut
        return ImpressionCount(
            one.item, True, one.start, one.end, geo, device, placement, partner, is_viewable, is_completed,
            False, False, ivt, False, 0,
        )  # fmt: skip

    def _is_countable(self, one: ImpressionCount, basis: str, excluded: tuple[str, ...]) -> bool:
        """Whether it is counted under a basis and exclusion (RULES 3.2), as marks are looked at in this world."""
        if (one.is_duplicate and "duplicate" not in self.ignored) or (one.is_test and "test" not in self.ignored):
            return False
        if one.ivt in excluded or (self.late_from is not None and one.lateness >= self.late_from):
            return False
        return not (basis == "viewable" and not one.is_viewable) and not (basis == "completed" and not one.is_completed)


PLAIN: tuple[bool, bool, str | None] = (True, True, None)


def items_of(versions: Iterable[ContractVersion]) -> tuple[str, ...]:
    """The CPM items of versions, each once, in their order."""
    terms = [one.terms for one in versions if isinstance(one.terms, CpmTerms)]
    return tuple(dict.fromkeys(item.item for one in terms for item in one.items))


def delivering(version: ContractVersion) -> tuple[object, ...]:
    """What of a version decides which impressions are billable, and at which row: dates, zone, items, conditions."""
    terms = version.terms
    head = (version.contract, version.version, version.kind, version.effective, version.timezone)
    if not isinstance(terms, CpmTerms):
        return head
    items = tuple((one.item, tuple(rate.when for rate in one.rates)) for one in terms.items)
    return (*head, terms.basis, terms.exclude_ivt, items)


def claiming(version: ContractVersion) -> tuple[object, ...]:
    """What of a version decides its claims: dates, zone, attribution, windows, lock; not prices."""
    terms = version.terms
    assert terms is None or isinstance(terms, CpaTerms)
    head = (version.contract, version.version, version.kind, version.effective, version.timezone, version.currency)
    if terms is None:
        return head
    attribution = (terms.program, terms.partner, terms.attribution, terms.dedupe_window, terms.exclude_ivt)
    return (*head, *attribution, terms.date_basis, terms.earn_on, terms.lock, terms.reversal_days)
