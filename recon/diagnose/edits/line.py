"""Errors on finished lines: left out, sent to somebody else, turned round, mistyped. They say what, never why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise

from recon.diagnose.edits.edit import Asked, Change, Edit
from recon.diagnose.world import LineKey, Lines, Priced


def missing_line(asked: Asked) -> Iterator[Edit]:
    """A line was not billed."""
    for key in asked.expected:
        yield Edit("missing_line", f"{named(key)} is left out", _on_line(key, lambda line: Priced()))
    if len(asked.expected) > 1:
        yield Edit("missing_line", "every line of the contract is left out", lambda world: world.on_lines(_nothing))


def _nothing(lines: Lines) -> Lines:
    return {}


def sign_flipped(asked: Asked) -> Iterator[Edit]:
    """A line's amount has the opposite sign."""
    for key in asked.expected:
        words = f"{named(key)} has the opposite sign"
        yield Edit("sign_flipped", words, _on_line(key, lambda line: line._replace(amount=-line.amount)))


def digits_transposed(asked: Asked) -> Iterator[Edit]:
    """Two neighbouring digits of a line's amount changed places."""
    for key, line in asked.expected.items():
        for amount in transposed(line.amount):
            words = f"{named(key)}: {line.amount} typed as {amount}"
            yield Edit("digits_transposed", words, _typed(key, line.amount, amount), kind="two digits transposed")


def transposed(amount: Decimal) -> Iterator[Decimal]:
    """An amount with two neighbouring digits that differ in each other's place.

    >>> [str(one) for one in transposed(Decimal("12.30"))]
    ['21.30', '13.20', '12.03']
    """
    text = f"{amount:f}"
    digits = [place for place, one in enumerate(text) if one.isdigit()]
    for a, b in pairwise(digits):
        if text[a] != text[b]:
            yield Decimal(text[:a] + text[b] + text[a + 1 : b] + text[a] + text[b + 1 :])


def found_otherwise(asked: Asked) -> Iterator[Edit]:
    """No edit of ours: what is seen on the statement itself (ids, contracts, notes, pairs of lines)."""
    yield from ()


def named(key: LineKey) -> str:
    """A line in words."""
    return f"the {key.kind} of {key.item} in {key.currency}"


def _typed(key: LineKey, written: Decimal, typed: Decimal) -> Change:
    """The amount typed otherwise, where it stands as it was written."""
    return _on_line(key, lambda line: line._replace(amount=typed) if line.amount == written else line)


def _on_line(key: LineKey, change: Callable[[Priced], Priced]) -> Change:
    def changed(lines: Lines) -> Lines:
        return {one: change(line) if one == key else line for one, line in lines.items()}

    return lambda world: world.on_lines(changed)
