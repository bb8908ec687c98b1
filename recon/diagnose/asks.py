"""What decides whether a contract's impressions are billable: counts told apart by nothing else are added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms
from recon.diagnose.world import Ignored, World
from recon.engine import literal
from recon.observe.counting import ATTRIBUTES
from recon.observe.cuts import cutoffs_in_question
from recon.observe.scope import one_of


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

    def narrowed(self, relation: str, place: str = "0") -> str:
        """As SQL: the counts of a relation that can be billable, added up where nothing that is asked tells them apart.

        Each row is a place (an expression of the relation), then the columns of a count up to the quantity. Marks that
        every regime takes alike are given as if they were plain.
        """
        said = [self._countable(basis, excluded) for basis, excluded in sorted(self.regimes)] or ["FALSE"]
        marks = "TRUE, TRUE, NULL" if len(said) == 1 else "is_viewable, is_completed, ivt"
        geo, device, placement, partner = (name if name in self.attributes else "NULL" for name in ATTRIBUTES)
        is_viewable, is_completed, ivt = marks.split(", ")
        return f"""
            SELECT {place} AS place, item, TRUE, start, "end", {geo} AS geo, {device} AS device,
                {placement} AS placement, {partner} AS partner, {is_viewable} AS is_viewable,
                {is_completed} AS is_completed, FALSE, FALSE, {ivt} AS ivt, FALSE, CAST(SUM(quantity) AS BIGINT)
            FROM main.{relation} WHERE item IN ({one_of(frozenset(self.items))}) AND ({" OR ".join(said)})
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 ORDER BY ALL NULLS FIRST"""

    def _countable(self, basis: str, excluded: tuple[str, ...]) -> str:
        """Whether an impression is counted under a basis and exclusion (RULES 3.2), as marks are looked at here."""
        asked = [f"NOT is_{mark}" for mark in ("duplicate", "test") if mark not in self.ignored]
        asked += [f"COALESCE(ivt, '') <> {literal(kind)}" for kind in excluded]
        asked += [] if self.late_from is None else [f"lateness < {self.late_from}"]
        asked += [f"is_{basis}"] if basis in ("viewable", "completed") else []
        return f"({' AND '.join(asked) or 'TRUE'})"


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
