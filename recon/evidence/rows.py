"""Rows as sealed beside rows as they stand: which are the same though others were put in, taken out or moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from recon.evidence.reading import Row

Signature = tuple[tuple[str, str], ...]  # of each cell its column and the mark of a constant; formulas look alike
Marks = Mapping[int, Mapping[str, str]]
Pair = tuple[int | None, int | None]  # the row as sealed, and as it stands; None where there is none


def row_pairs(sealed: Marks, standing: Mapping[int, Row]) -> list[Pair]:
    """Every sealed row with the row that stands for it; by their numbers, unless rows are out of their places."""
    before = {number: _sealed(marks) for number, marks in sealed.items()}
    after = {number: _standing(row) for number, row in standing.items() if row}
    if not _are_moved(before, after):
        return [(n if n in before else None, n if n in after else None) for n in sorted(before.keys() | after.keys())]
    return _joined(list(_aligned(list(before.items()), list(after.items()))), before, after)


def _sealed(marks: Mapping[str, str]) -> Signature:
    return tuple((letter, "." if "." in mark else mark) for letter, mark in marks.items())


def _standing(row: Row) -> Signature:
    return tuple((letter, cell.known.mark if cell.formula is None else ".") for letter, cell in row.items())


def _are_moved(before: Mapping[int, Signature], after: Mapping[int, Signature]) -> bool:
    """Whether a row that is not what its number says is what another number says."""
    lost = {signature for number, signature in before.items() if after.get(number) != signature}
    found = (signature for number, signature in after.items() if before.get(number) != signature)
    return any(len(signature) > 1 and signature in lost for signature in found)


_Numbered = Sequence[tuple[int, Signature]]


def _aligned(before: _Numbered, after: _Numbered) -> Iterator[Pair]:
    start = next((i for i, (b, a) in enumerate(zip(before, after, strict=False)) if b != a), 0)
    yield from ((number, number) for number, _ in before[:start])
    before, after = before[start:], after[start:]
    matcher = SequenceMatcher(None, [one for _, one in before], [one for _, one in after], autojunk=False)
    for kind, low, high, first, last in matcher.get_opcodes():
        if kind == "equal":
            yield from zip((n for n, _ in before[low:high]), (n for n, _ in after[first:last]), strict=True)
        else:
            yield from _likest(before[low:high], after[first:last])


def _likest(before: _Numbered, after: _Numbered) -> Iterator[Pair]:
    """Rows that share at least half of their cells belong together; the others are gone, or new."""
    left = list(after)
    for number, signature in before:
        same = next((one for one in left if _is_like(signature, one[1])), None)
        if same is not None:
            left.remove(same)
        yield number, same[0] if same else None
    yield from ((None, number) for number, _ in left)


def _is_like(one: Signature, other: Signature) -> bool:
    return 2 * len(set(one) & set(other)) >= max(len(one), len(other))


def _joined(pairs: list[Pair], before: Mapping[int, Signature], after: Mapping[int, Signature]) -> list[Pair]:
    """A row that is gone here and new there was moved."""
    gone = [number for number, other in pairs if other is None and number is not None]
    moved: list[Pair] = []
    for was, new in [pair for pair in pairs if pair[0] is None]:
        old = next((number for number in gone if new is not None and before[number] == after[new]), None)
        if old is not None:
            gone.remove(old)
            pairs = [pair for pair in pairs if pair not in ((was, new), (old, None))]
            moved.append((old, new))
    return sorted([*pairs, *moved], key=lambda pair: pair[1] or pair[0] or 0)
