"""What the statement itself shows: copies, lines without a contract, amounts under somebody else, notes of people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from recon.billed import Billed, BilledLine
from recon.compare import Line
from recon.contracts.book import Book
from recon.contracts.terms import CpaTerms, CpmTerms
from recon.diagnose.case import Case, Side
from recon.diagnose.edits import Edit
from recon.diagnose.fits import Fit
from recon.diagnose.world import NO_LINE, NONE, LineKey, Lines, Priced, World

Place = tuple[str, LineKey]  # a contract, and the line's key in it
BY_HAND = ("manual", "override")


def place_of(line: BilledLine | Line) -> Place:
    """Where a line stands."""
    return line.contract, LineKey(line.item, line.kind, line.currency)


def copies(lines: Iterable[Line], billed: Billed) -> dict[Place, Priced]:
    """What exact copies of a repeated id add to a line, where taking them off brings it nearer (RULES 8.1)."""
    repeated: dict[Place, Counter[tuple[str, Decimal, Decimal | None]]] = defaultdict(Counter)
    for one in billed.lines:
        if one.billing_line_id in billed.repeated_ids:
            repeated[place_of(one)][one.billing_line_id, one.amount, one.quantity] += 1
    variances = {place_of(line): line.variance for line in lines}
    found = {place: _surplus(times) for place, times in repeated.items()}
    return {place: one for place, one in found.items() if _is_nearer(variances.get(place, NONE), one.amount)}


def _surplus(times: Mapping[tuple[str, Decimal, Decimal | None], int]) -> Priced:
    amount = sum((amount * (count - 1) for (_, amount, _), count in times.items()), NONE)
    quantity = sum(((quantity or NONE) * (count - 1) for (_, _, quantity), count in times.items()), NONE)
    return Priced(quantity, amount)


def _is_nearer(variance: Decimal, copied: Decimal) -> bool:
    return bool(copied) and abs(variance - copied) < abs(variance)


def seen(cases: Mapping[str, Case], billed: Billed, every: Book, world: World) -> dict[str, list[Fit]]:
    """What the statement shows, as fits of the contracts it is about."""
    found: dict[str, list[Fit]] = defaultdict(list)
    for case in cases.values():
        found[case.contract] += [*_orphans(case, every, world), *_by_hand(case, billed.lines, world)]
    for contract, fit in _exchanged(cases, world):
        found[contract].append(fit)
    return found


def _orphans(case: Case, every: Book, world: World) -> Iterator[Fit]:
    """Lines of a contract, or of an item, that no version knows (RULES 8.5)."""
    terms = [one.terms for one in every.versions_of(case.contract)]
    listed = {item.item for one in terms if isinstance(one, CpmTerms | CpaTerms) for item in one.items}
    fees = {fee.item for one in terms if one is not None for fee in one.fixed_fees}
    for key in sorted(case.open):
        is_known = key.item in listed | fees or key.item.startswith("_")
        if not (terms and is_known) and key not in case.expected:
            what = f"no contract {case.contract} is known" if not terms else f"no version lists {key.item}"
            yield _on_line(case, key, Edit("orphan_line", what, _nothing_changes, "contract"), world)


def _by_hand(case: Case, lines: Iterable[BilledLine], world: World) -> Iterator[Fit]:
    """Lines whose own note says that they were changed by hand."""
    notes: dict[LineKey, list[str]] = defaultdict(list)
    for one in lines:
        if one.contract == case.contract and any(word in one.note.lower() for word in BY_HAND):
            notes[place_of(one)[1]].append(one.note)
    for key in sorted(case.open & notes.keys()):
        words = f"the note on the line: {'; '.join(dict.fromkeys(notes[key]))}"
        yield _on_line(case, key, Edit("manual_override", words, _nothing_changes, "note"), world)


def _exchanged(cases: Mapping[str, Case], world: World) -> Iterator[tuple[str, Fit]]:
    """Pairs of lines of two contracts: one not billed at all, the other by exactly its amount too high.

    The other may be within its tolerance, being the larger.
    """
    by_amount: dict[tuple[str, Decimal], list[tuple[Case, LineKey]]] = defaultdict(list)
    for one in cases.values():
        for key in sorted(one.expected.keys() | one.billed.keys()):
            if one.variance(key):
                by_amount[key.currency, one.variance(key)].append((one, key))
    places = [(one, key) for one in cases.values() for key in sorted(one.open)]
    for case, key in places:
        side = case.theirs(key)
        lacking = -case.variance(key)
        if side.amount or not case.ours(key).amount:
            continue
        for other, other_key in by_amount.get((key.currency, lacking), ()):
            if other.contract != case.contract and _took(other, other_key, case.ours(key)):
                under = f"{other.contract} {other_key.item}"
                words = f"{key.currency} {lacking} of {case.contract} {key.item} was billed under {under}"
                edit = Edit("wrong_counterparty", words, _nothing_changes, "contract")
                yield case.contract, _on_line(case, key, edit, world)
                if other_key in other.open:
                    yield other.contract, _on_line(other, other_key, edit, world)


def _took(case: Case, key: LineKey, moved: Priced) -> bool:
    """Whether a line's quantity is that of the amount it took, its own, or both."""
    gap = case.gap(key)
    return gap is None or gap in (NONE, moved.quantity)


def _nothing_changes(world: World) -> World | None:
    return None


def _on_line(case: Case, key: LineKey, edit: Edit, world: World) -> Fit:
    """A fit of one line: it is what was billed because the statement says so."""
    side: Side = case.theirs(key)
    lines: Lines = {**case.expected, key: Priced(side.quantity or NONE, side.amount)}
    kept = {one: line for one, line in lines.items() if line != NO_LINE}
    return Fit((edit,), "item", frozenset([key]), frozenset([key]), kept, world)


def repeated_of(case: Case, billed: Billed) -> dict[LineKey, list[str]]:
    """The repeated ids of each of a contract's lines."""
    found: dict[LineKey, set[str]] = defaultdict(set)
    for one in billed.lines:
        if one.contract == case.contract and one.billing_line_id in billed.repeated_ids:
            found[place_of(one)[1]].add(one.billing_line_id)
    return {key: sorted(ids) for key, ids in found.items()}


def ids_of(lines: Sequence[BilledLine], places: Collection[Place]) -> list[str]:
    """The ids of billed lines under places."""
    return sorted({one.billing_line_id for one in lines if place_of(one) in places})
