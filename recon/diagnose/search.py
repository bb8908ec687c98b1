"""The search: which single edit, else which pair, gives what was billed, and how far it reaches without harm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from recon.contracts.terms import CpaTerms
from recon.diagnose.case import Case
from recon.diagnose.details import Witness
from recon.diagnose.edits import CAUSES, CODES, Asked, Edit
from recon.diagnose.edits.table import PLACES
from recon.diagnose.fits import Fit, Tried
from recon.diagnose.pairs import Pair, beside, line_errors, moving, near, with_shares
from recon.diagnose.reprice import UNPRICEABLE, Repricer
from recon.diagnose.screen import Screen
from recon.diagnose.world import NO_LINE, LineKey, Lines, World

MOST_PAIRS = 60  # of a line that are recomputed, the nearest first; twice as many of impressions
MOST_FIRST = 6  # first edits of a pair after which a rate is looked for


class Search:
    """Tries the table's edits on one contract after another."""

    def __init__(self, repricer: Repricer, witness: Witness, world: World) -> None:
        self._repricer, self._world, self._witness = repricer, world, witness
        self.tried: dict[str, list[Tried]] = {}
        self._given: dict[tuple[str, Edit], tuple[World | None, Lines | None]] = {}  # of edits of the world itself

    def singles(self, case: Case) -> list[Fit]:
        """Every single edit that fits some open line of a contract."""
        self.tried[case.contract] = found = list(self._tries(case, self._world, case))
        return [fit for one in found for fit in fits(case, (one.edit,), one.lines, one.world)]

    def tries_alike(self, case: Case, alike: tuple[str, str]) -> Iterator[Tried]:
        """What the edits of a code and kind give in another contract."""
        if case.contract in self.tried:
            yield from (one for one in self.tried[case.contract] if (one.edit.code, one.edit.kind) == alike)
        elif self._world.versions(case.contract):
            edits = [edit for edit in CODES[alike[0]].edits(self.asked(case)) if edit.kind == alike[1]]
            yield from self._try_all(edits, self._world, case)

    def asked(self, case: Case, world: World | None = None) -> Asked:
        """What the edits of a contract may look at."""
        world = world or self._world
        currencies = frozenset(key.currency for key in case.billed)
        return Asked(
            world, case.contract, case.expected,
            lambda dataset: self._repricer.days(world, case.contract, dataset), self._repricer.file_name, currencies,
        )  # fmt: skip

    def _tries(self, case: Case, world: World, aim: Case, only: Sequence[str] = ()) -> Iterator[Tried]:
        """The edits with an effect, in the order of the table; of a series of rates those next to what was billed."""
        screen = Screen(self._repricer, world, aim, lambda: self._witness.names_ours(aim))
        edits = {
            cause.code: list(cause.edits(self.asked(case, world))) for cause in CAUSES if not only or cause.code in only
        }
        typed = edits.get("rate_mistyped", [])
        admitted = [edit for listed in edits.values() if listed is not typed for edit in listed if screen.admits(edit)]
        tried = {id(one.edit): one for one in self._try_all(admitted, world, aim)}
        for code, listed in edits.items():
            if code == "rate_mistyped":
                yield from self._nearest(listed, world, aim)
            else:
                yield from (tried[id(edit)] for edit in listed if id(edit) in tried)

    def _try_all(self, edits: Sequence[Edit], world: World, case: Case) -> Iterator[Tried]:
        """The edits with an effect, their worlds recomputed side by side."""
        known = self._given if world is self._world else {}
        new = [(edit, edit.change(world)) for edit in edits if (case.contract, edit) not in known]
        self._repricer.prepare([other for _, other in new if other is not None], case.contract)
        for edit, other in new:
            known[case.contract, edit] = other, None if other is None else self._lines(other, case.contract)
        for edit in edits:
            other, lines = known[case.contract, edit]
            if other is not None and lines is not None and case.moved(lines):
                yield Tried(edit, other, lines)

    def _try(self, edit: Edit, world: World, case: Case) -> Iterator[Tried]:
        yield from self._try_all([edit], world, case)

    def _lines(self, world: World, contract: str) -> Lines | None:
        """The lines of a world; None where it can't be priced (a rate is missing, clauses contradict each other)."""
        try:
            return self._repricer.lines(world, contract)
        except UNPRICEABLE:
            return None

    def _nearest(self, edits: Iterable[Edit], world: World, case: Case) -> Iterator[Tried]:
        """Of the numbers that a rate may have been typed as, those next to what was billed.

        Amounts rise with rates, and so does what is taken back. All of them where caps on amounts take out what is
        too dear.
        """
        terms = [one for one in world.terms(case.contract) if isinstance(one, CpaTerms)]
        if any(cap.amount is not None for one in terms for cap in one.caps):
            yield from self._try_all([edit for edit in edits if edit.series[0] in case.open_items], world, case)
            return
        for (item, _), group in groupby(edits, key=lambda edit: edit.series):
            if item in case.open_items:
                yield from self._bisected(sorted(group, key=lambda edit: edit.value), world, case, item)

    def _bisected(self, edits: Sequence[Edit], world: World, case: Case, item: str) -> Iterator[Tried]:
        aim = _size((key, side.amount) for key, side in case.billed.items() if key.item == item)
        low, high = 0, len(edits)
        while low < high:
            middle = (low + high) // 2
            found = next(self._try(edits[middle], world, case), None)
            if found is not None:
                yield found
            lines = found.lines if found is not None else case.expected
            reached = _size((key, line.amount) for key, line in lines.items() if key.item == item)
            if reached == aim:
                return
            low, high = (middle + 1, high) if reached < aim else (low, middle)

    # pairs

    def pairs(self, case: Case, left: frozenset[LineKey], chosen: Sequence[Edit] = ()) -> list[Fit]:
        """Pairs of edits that fit lines which no single edit explains; `chosen` explain others of the contract."""
        found: dict[tuple[str, ...], Fit] = {}
        for key in sorted(left):
            near = [Pair(*one) for one in self._pairs_near(case, key, chosen)]
            self._repricer.prepare([one.both for one in near if one.both is not None], case.contract)
            for pair in near:
                for fit in self._paired(case, pair):
                    one = replace(fit, explained=fit.explained & left)
                    if key in one.explained:
                        found.setdefault((*sorted(edit.words for edit in fit.edits), fit.scope), one)
        return list(found.values())

    def _pairs_near(self, case: Case, key: LineKey, chosen: Sequence[Edit]) -> Iterator[tuple[Tried, Edit]]:
        """Pairs that come near what was billed; then errors on the finished line after an edit, then rates.

        An edit that explains other lines may matter here only beside another one.
        """
        tried = moving(case, key, self.tried[case.contract])
        yield from near(case, key, tried, MOST_PAIRS if self._world.is_cpa(case.contract) else 2 * MOST_PAIRS)
        known = [one for one in self.tried[case.contract] if one.edit in chosen]
        yield from beside(case, key, tried, known, MOST_PAIRS)
        yield from line_errors(case, key, tried, self.asked(case))
        quantity = case.theirs(key).quantity
        fitting = [one for one in tried if quantity is not None and _quantity(one.lines, key) == quantity]
        counted = [one for one in fitting if _quantity(one.lines, key) != case.ours(key).quantity]
        for first in sorted(counted or fitting, key=lambda one: PLACES[one.edit.code])[:MOST_FIRST]:
            aim = Case(case.contract, first.lines, case.billed, frozenset([key]))
            for second in self._tries(aim, first.world, aim, ("rate_mistyped",)):
                yield first, second.edit

    def _paired(self, case: Case, pair: Pair) -> Iterator[Fit]:
        lines = None if pair.both is None else self._lines(pair.both, case.contract)
        if pair.both is None or lines is None:
            return
        for fit in fits(case, pair.edits, lines, pair.both):
            first, second = (self._alone(case, edit) for edit in pair.edits)
            if first is not None and second is not None:
                yield with_shares(case, fit, (first, second))

    def _alone(self, case: Case, edit: Edit) -> Lines | None:
        """What an edit of a pair gives alone; None where it can't be priced."""
        known = next((one.lines for one in self.tried[case.contract] if one.edit == edit), None)
        if known is not None:
            return known
        changed = edit.change(self._world)
        return case.expected if changed is None else self._lines(changed, case.contract)


def _size(amounts: Iterable[tuple[LineKey, Decimal]]) -> Decimal:
    """What an item earns and what is taken back of it, added up: both rise with its rates."""
    return sum((-amount if key.kind == "clawback" else amount for key, amount in amounts), Decimal(0))


def _quantity(lines: Lines, key: LineKey) -> Decimal:
    return lines.get(key, NO_LINE).quantity


def fits(case: Case, edits: tuple[Edit, ...], lines: Lines, world: World) -> Iterator[Fit]:
    """The widest scopes within a contract on which edits give what was billed and move nothing that agreed."""
    moved = case.moved(lines)
    agreeing = [key for key in moved if case.agrees(key, lines)]
    if len(agreeing) == len(moved):
        found = Fit(edits, "contract", case.open.intersection(agreeing), frozenset(agreeing), lines, world)
        yield from [found] if found.explained else []
        return
    for item in sorted({key.item for key in moved}):
        own = [key for key in moved if key.item == item]
        if all(key in agreeing for key in own) and case.open.intersection(own):
            yield Fit(edits, "item", case.open.intersection(own), frozenset(own), lines, world)
