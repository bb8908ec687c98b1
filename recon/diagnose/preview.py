"""What if a contract said something else: the month's lines before and after, from observations that are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms
from recon.diagnose.reprice import Observations, Repricer
from recon.diagnose.world import NO_LINE, LineKey, Lines, World
from recon.observe.enough import lacking

Rescan = Callable[[Book, Book], Observations]


@dataclass(frozen=True)
class PreviewLine:
    """A line's quantity and amount (major units of its currency) as the contracts stand, and as edited."""

    contract: str
    item: str
    kind: str
    currency: str
    quantity_before: Decimal
    amount_before: Decimal
    quantity_after: Decimal
    amount_after: Decimal

    @property
    def difference(self) -> Decimal:
        """After − before."""
        return self.amount_after - self.amount_before

    @property
    def is_moved(self) -> bool:
        """Whether the line is another one."""
        return bool(self.difference or self.quantity_after != self.quantity_before)


@dataclass(frozen=True)
class Preview:
    """Every line of the contracts that an edit can move; `rescanned` tells why the events had to be read again."""

    lines: tuple[PreviewLine, ...]
    rescanned: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[PreviewLine, ...]:
        """The lines that differ."""
        return tuple(line for line in self.lines if line.is_moved)

    @property
    def totals(self) -> dict[str, Decimal]:
        """What the edit is worth by currency: of charges what comes in more, of payouts what goes out more."""
        found: dict[str, Decimal] = {}
        for line in self.moved:
            found[line.currency] = found.get(line.currency, Decimal(0)) + line.difference
        return dict(sorted(found.items()))


def preview(
    world: World, observations: Observations, edited: Sequence[ContractVersion], rescan: Rescan | None = None
) -> Preview:
    """The month's lines if these versions stood in place of those of their number, or beside the others.

    An edited version counts as approved and known. Nothing that is stored is touched. Where the observations can't
    answer, `rescan(every version, those in force)` gives others, made from the events; without it ValueError says why.
    Raises BadInput where the edited book can't be priced: an exchange rate is missing.
    """
    after = _edited(world, edited)
    counted = {one.item for one in world.third_party}
    reasons = tuple(lacking(world.every, world.book, after.book, world.scope, counted))
    if reasons and rescan is None:
        raise ValueError("the observations can't answer: " + "; ".join(reasons))
    if reasons and rescan is not None:
        observations = rescan(after.every, after.book)
    with Repricer(observations) as repricer:
        lines = tuple(
            line
            for contract in _concerned(world, after, edited)
            for line in _compared(contract, repricer.lines(world, contract), repricer.lines(after, contract))
        )
    return Preview(lines, reasons)


def _edited(world: World, edited: Iterable[ContractVersion]) -> World:
    """The world in which edited versions stand in place of those of their number."""
    replaced = {(one.contract, one.version): one.model_copy(update={"status": "approved"}) for one in edited}

    def put(book: Book) -> Book:
        kept = (one for one in book.versions if (one.contract, one.version) not in replaced)
        return Book((*kept, *replaced.values()))

    return replace(world, book=put(world.book), every=put(world.every))


def _concerned(world: World, after: World, edited: Iterable[ContractVersion]) -> list[str]:
    """The contracts whose lines an edit can move: its own, and the payouts that compete for the same conversions."""
    contracts = {one.contract for one in edited}
    programs = {
        one.terms.program
        for some in (world, after)
        for contract in contracts
        for one in some.versions(contract)
        if isinstance(one.terms, CpaTerms) and one.direction == "payout"
    }
    rivals = {
        one.contract
        for one in after.book.versions
        if isinstance(one.terms, CpaTerms) and one.direction == "payout" and one.terms.program in programs
    }
    return sorted(contracts | rivals)


def _compared(contract: str, before: Lines, after: Lines) -> Iterator[PreviewLine]:
    for key in sorted(before.keys() | after.keys()):
        yield _line(contract, key, before, after)


def _line(contract: str, key: LineKey, before: Lines, after: Lines) -> PreviewLine:
    was, is_now = before.get(key, NO_LINE), after.get(key, NO_LINE)
    return PreviewLine(contract, *key, was.quantity, was.amount, is_now.quantity, is_now.amount)
