"""Several small whole numbers as few large ones: a scan that groups by two numbers is faster than by twelve columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST = 2**62  # a word stays within a signed 64-bit integer on every engine


@dataclass(frozen=True)
class Part:
    """A whole number from 0 to below `size`: its name, and its SQL, which is never NULL."""

    name: str
    value: str
    size: int


@dataclass(frozen=True)
class Word:
    """Parts that fit into one number, the first being the most significant."""

    name: str
    parts: tuple[Part, ...]

    @property
    def packed(self) -> str:
        """The number, as SQL."""
        first, *others = self.parts
        number = f"CAST({first.value} AS BIGINT)"
        for part in others:
            number = f"({number}) * {part.size} + {part.value}"
        return f"{number} AS {self.name}"

    @property
    def unpacked(self) -> list[str]:
        """Each part by its name again, as SQL."""
        found, unit = [], 1
        for part in reversed(self.parts):
            found.append(f"{self.name} // {unit} % {part.size} AS {part.name}")
            unit *= part.size
        return found


def words(parts: Sequence[Part]) -> tuple[Word, ...]:
    """Parts in their order, packed into as few words as hold them.

    >>> [[part.name for part in word.parts] for word in words([Part("a", "a", 2**40), Part("b", "b", 2**30)])]
    [['a'], ['b']]
    """
    filled: list[list[Part]] = [[]]
    for part in parts:
        if filled[-1] and _size(filled[-1]) * part.size > MOST:
            filled.append([])
        filled[-1].append(part)
    return tuple(Word(f"word_{number}", tuple(some)) for number, some in enumerate(filled))


def _size(parts: Iterable[Part]) -> int:
    product = 1
    for part in parts:
        product *= part.size
    return product
