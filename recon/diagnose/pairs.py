"""Which pairs of edits to recompute for a line that no single edit explains: those that may come near it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from recon.diagnose.case import Case
from recon.diagnose.edits import CODES, Asked, Edit
from recon.diagnose.edits.table import PLACES
from recon.diagnose.fits import FREE, Fit, Tried
from recon.diagnose.world import NO_LINE, LineKey, Lines, World

MOST_ALIKE = 6  # pairs of the same two codes
ON_LINES = ("sign_flipped", "digits_transposed", "per_unit_scale")


class Pair:
    """Two edits in the order of the table, and the world that both make; None where they make none."""

    def __init__(self, first: Tried, second: Edit) -> None:
        is_before = PLACES[second.code] < PLACES[first.edit.code]
        self.edits: tuple[Edit, ...] = (second, first.edit) if is_before else (first.edit, second)
        is_one = second.code == first.edit.code  # one cause on one line is one finding
        self.both: World | None = None if is_one else second.change(first.world)


def moving(case: Case, key: LineKey, tried: Sequence[Tried]) -> list[Tried]:
    """The edits that give a line another quantity or amount than ours."""
    return [one for one in tried if one.lines.get(key, NO_LINE) != case.ours(key)]


def near(case: Case, key: LineKey, tried: Sequence[Tried], most: int) -> list[tuple[Tried, Edit]]:
    """Pairs whose effects, added or multiplied, come nearest to what was billed, in quantity and in amount."""
    ranked = sorted(_distances(case, key, tried), key=lambda one: (one[0], one[1].edit.words, one[2].edit.words))
    chosen: list[tuple[Tried, Edit]] = []
    alike: Counter[tuple[str, str]] = Counter()
    for _, first, second in ranked:
        codes = first.edit.code, second.edit.code
        if alike[codes] < MOST_ALIKE:
            alike[codes] += 1
            chosen.append((first, second.edit))
        if len(chosen) == most:
            break
    return chosen


def _distances(case: Case, key: LineKey, tried: Sequence[Tried]) -> Iterator[tuple[float, Tried, Tried]]:
    """How far two edits lie from the billed line: amounts as a share of the variance, quantities of the gap.

    It only says what is recomputed first, so that floats will do.
    """
    ours, billed, gap = case.ours(key), case.theirs(key), case.gap(key)
    amount, size = float(billed.amount), abs(float(case.variance(key)))
    lines = [(one, one.lines.get(key, NO_LINE)) for one in tried]
    values = [(one, float(line.amount), float(line.quantity)) for one, line in lines]
    for (first, one, units), (second, other, more) in combinations(values, 2):
        if first.edit.code == second.edit.code:
            continue
        base, count = float(ours.amount), float(ours.quantity)
        ways = [one + other - base] + ([one * other / base] if base else [])
        distance = min(abs(way - amount) for way in ways) / size
        if gap is not None and billed.quantity is not None:
            distance += abs(units + more - count - float(billed.quantity)) / max(1.0, abs(float(gap)))
        yield distance, first, second


def beside(
    case: Case, key: LineKey, tried: Sequence[Tried], known: Sequence[Tried], most: int
) -> list[tuple[Tried, Edit]]:
    """Edits beside those that are known to explain other lines.

    First those of which one or the other gives what was billed on all that either moves, then the nearest.
    """
    amount = case.theirs(key).amount
    ranked = sorted(tried, key=lambda one: (abs(one.lines.get(key, NO_LINE).amount - amount), one.edit.words))
    pairs = [(one, other.edit) for one in ranked for other in known if one.edit.code != other.edit.code]
    inside = [(one, other.edit) for one, other in combinations(known, 2) if one.edit.code != other.edit.code]
    return [*completing(case, tried, known), *inside, *pairs][:most]


def completing(case: Case, tried: Sequence[Tried], known: Sequence[Tried]) -> Iterator[tuple[Tried, Edit]]:
    """Edits that give what was billed wherever a known one does not, open lines that neither moves among them."""
    right = {id(one): _agreeing(case, one) for one in (*tried, *known)}
    for other in known:
        asked = case.open.union(case.moved(other.lines)) - right[id(other)]
        for one in tried:
            missing = asked.union(case.moved(one.lines)) - right[id(one)] - right[id(other)]
            if one.edit.code != other.edit.code and not missing:
                yield one, other.edit


def _agreeing(case: Case, one: Tried) -> frozenset[LineKey]:
    """The lines of which an edit says what was billed."""
    keys = {*one.lines, *case.expected, *case.billed}
    return frozenset(key for key in keys if case.agrees(key, one.lines))


def line_errors(case: Case, key: LineKey, tried: Sequence[Tried], asked: Asked) -> Iterator[tuple[Tried, Edit]]:
    """An error on the finished line after an edit: exact, for nothing is recomputed."""
    for first in tried:
        line = first.lines.get(key, NO_LINE)
        for code in ON_LINES if line.amount else ():
            for edit in CODES[code].edits(replace(asked, expected={key: line})):
                if not edit.clause and _gives(edit, first, key, case):
                    yield first, edit


def _gives(edit: Edit, first: Tried, key: LineKey, case: Case) -> bool:
    changed = edit.change(first.world)
    if changed is None or len(changed.after) == len(first.world.after):
        return False
    return case.agrees(key, changed.after[-1](first.lines))


def with_shares(case: Case, fit: Fit, alone: tuple[Lines, Lines]) -> Fit:
    """A pair's fit with what either edit is worth, and on which lines one of them is enough."""
    idle = frozenset(
        (place, key)
        for key in fit.explained
        for place in (0, 1)
        if fit.lines.get(key, NO_LINE) == alone[1 - place].get(key, NO_LINE)
    )
    found = replace(fit, idle=idle)
    return replace(found, first_share=tuple(_shares(case, found, *alone)))


def needed(pair: Fit, named: Sequence[Edit]) -> tuple[str, ...]:
    """What details must say of a pair: where one of the two is enough for the amounts, that it takes both.

    Not where the other is named for other lines: those say that it takes both, for the one alone moves them wrongly.
    """
    idle = {place for place, key in pair.idle if key in pair.explained}
    is_known = pair.scope == "contract" and len(idle) == 1 and all(pair.edits[place] in named for place in idle)
    return ("agree", "none") if is_known or not pair.is_enough_with_one else ("agree",)


def _shares(case: Case, fit: Fit, first: Lines, second: Lines) -> Iterator[tuple[LineKey, Decimal]]:
    """What the first edit of a pair is worth on each line: the mean of both orders, the odd cent its own.

    Where one of the two is enough, all is its own: an error elsewhere is no part of a line's cause.
    """
    for key in sorted(fit.explained):
        ours, both = case.ours(key).amount, fit.lines.get(key, NO_LINE).amount
        if (1, key) in fit.idle or (0, key) in fit.idle:
            yield key, both - ours if (1, key) in fit.idle else Decimal(0)
            continue
        before, after = first.get(key, NO_LINE).amount - ours, both - second.get(key, NO_LINE).amount
        unit = Decimal(1).scaleb(_exponent(before, after))
        twice = (before + after) / unit
        whole = int(twice) // 2 + (int(twice) % 2 if twice > 0 else 0)
        yield key, whole * unit


def halves(pairs: Iterable[Fit], single: Fit, rivals: Sequence[Fit]) -> list[Fit]:
    """Single edits that give the lines of a fit beside one that gives the rest of the contract: they stand against it.

    Alone they would harm other lines. One of many parameters does not count: it gives nearly any line.
    """
    named = {single.codes, *(one.codes for one in rivals)}
    found: dict[tuple[str, ...], Fit] = {}
    for pair in pairs:
        for place, edit in enumerate(pair.edits):
            is_enough = all((1 - place, key) in pair.idle for key in single.explained)
            if is_enough and pair.scope == "contract" and (edit.code,) not in named and not {*pair.codes} & {*FREE}:
                half = replace(pair, edits=(edit,), explained=single.explained, first_share=(), idle=frozenset())
                found.setdefault(half.codes, half)
    return list(found.values())


def _exponent(*amounts: Decimal) -> int:
    exponents = [amount.as_tuple().exponent for amount in amounts]
    return min(one for one in exponents if isinstance(one, int))
