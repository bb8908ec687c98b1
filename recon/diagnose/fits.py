"""An edit that was tried, and a fit: edits that give what was billed, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from recon.diagnose.edits import CODES, Edit
from recon.diagnose.edits.table import PLACES
from recon.diagnose.world import LineKey, Lines, World


@dataclass(frozen=True)
class Tried:
    """An edit with the lines it gives; `world` is what it makes of ours."""

    edit: Edit
    world: World
    lines: Lines


@dataclass(frozen=True)
class Fit:
    """Edits (one, or two on the same line) that give what was billed.

    `explained` are the open lines, `confirmed` every line that moves and agrees; `share` what of each explained
    line's variance is the first edit's, for a pair, and `idle` the (place of an edit, line) where it does nothing.
    """

    edits: tuple[Edit, ...]
    scope: str
    explained: frozenset[LineKey]
    confirmed: frozenset[LineKey]
    lines: Lines
    world: World
    first_share: tuple[tuple[LineKey, Decimal], ...] = ()
    idle: frozenset[tuple[int, LineKey]] = frozenset()

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(edit.code for edit in self.edits)

    @property
    def words(self) -> tuple[str, ...]:
        """The edits in words: a fit on another item may have the same."""
        return tuple(edit.words for edit in self.edits)

    @property
    def is_enough_with_one(self) -> bool:
        """Whether one edit of a pair gives the amount of each explained line: only details can tell that both hold."""
        places = range(len(self.edits))
        return all(any((place, key) in self.idle for place in places) for key in self.explained)

    @property
    def rank(self) -> tuple[object, ...]:
        """Before others: more lines, a wider scope, no error on a finished line, the order of the table."""
        on_line = sum(CODES[code].is_on_line for code in self.codes)
        free = sum(code in FREE for code in self.codes)
        places = tuple(PLACES[code] for code in self.codes)
        return (-len(self.explained), on_line, free, SCOPES.index(self.scope), places)


SCOPES = ("all contracts", "contract", "item")
FREE = ("rate_mistyped", "partial_data", "double_load", "per_unit_scale")  # of many parameters: more fits by accident
