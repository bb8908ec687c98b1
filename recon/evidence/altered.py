"""One cell as it stands beside the mark it was sealed with: is it the same, and if not, what was altered?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_uppercase

from openpyxl.formula.translate import Translator

from recon.evidence.reading import Cell
from recon.evidence.seal import Known, is_free, known_value, mark, spelled_result

_QUOTED = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')""")  # texts, and names of sheets
_RELATIVE = re.compile(r"(?<![A-Za-z0-9_.])(\$?[A-Z]{1,3})(\d+)(?![A-Za-z0-9_.(!])")
_RARE = re.compile(r"\[|(?<![A-Za-z0-9$])\$?\d+:\$?\d")  # references to tables, and to whole rows
_KIND_WORDS = {"n": "a number", "s": "text", "b": "TRUE or FALSE", "e": "an error", "d": "a date"}
_LONGEST = 120  # characters of what stands there


@dataclass(frozen=True)
class Alteration:
    """Something that is not as it was sealed: the sheet, the place on it, what was altered, what stands there now."""

    sheet: str
    place: str
    what: str
    now: str = ""

    def __str__(self) -> str:
        place = f"{self.sheet}!{self.place}" if self.place else self.sheet
        shown = self.now if len(self.now) <= _LONGEST else f"{self.now[:_LONGEST]}…"
        return f"{place}: {self.what}" + (f"; now {shown!r}" if self.now else "")


def what_altered(sealed: str | None, cell: Cell | None, shift: tuple[str, str] | None, has_values: bool) -> str:
    """In words; nothing where the cell is as sealed. `shift` is the address it stands at and the one it was sealed at.

    Where a program dropped all stored values (`has_values` is false) only formulas and constants count.
    """
    if sealed is None or cell is None:
        return "cell added" if cell else "cell emptied" if sealed else ""
    content, _, result = sealed.partition(".")
    if bool(result) != (cell.formula is not None):
        return "a formula was replaced by a constant" if result else "a constant was replaced by a formula"
    if mark(_moved(cell, shift).content) != content:
        return "formula altered" if result else _constant(content, cell)
    return _result(result, cell, has_values) if result and not is_free(result) else ""


def _moved(cell: Cell, shift: tuple[str, str] | None) -> Known:
    """What is known of a cell where it was sealed: a formula moves its references along."""
    if shift is None or cell.formula is None or cell.formula.startswith("{"):
        return cell.known
    return cell._replace(formula=_along(cell.formula, *shift)).known


def _along(formula: str, stands: str, sealed: str) -> str:
    """A formula's references as they were where it was sealed, in the same column; openpyxl knows the rare ones."""
    if _RARE.search(formula):
        return str(Translator(f"={formula}", stands).translate_formula(sealed))[1:]
    by = int(sealed.lstrip(ascii_uppercase)) - int(stands.lstrip(ascii_uppercase))
    parts = _QUOTED.split(formula)
    parts[::2] = [_RELATIVE.sub(lambda found: f"{found[1]}{int(found[2]) + by}", part) for part in parts[::2]]
    return "".join(parts)


def _constant(content: str, cell: Cell) -> str:
    was = next((kind for kind in "nsb" if kind != cell.kind and _is(kind, cell.text or "", content)), None)
    return f"type altered from {_KIND_WORDS[was]} to {_KIND_WORDS[cell.kind]}" if was else "value altered"


def _is(kind: str, text: str, content: str) -> bool:
    """Whether a constant of another kind that reads the same was sealed."""
    try:
        return known_value(kind, text).mark == content
    except ValueError:
        return False


def _result(sealed: str, cell: Cell, has_values: bool) -> str:
    if cell.text is None:
        return "stored value emptied" if has_values else ""
    return "" if as_sealed(sealed, cell) is not None else "stored value altered"


def as_sealed(sealed: str, cell: Cell) -> str | None:
    """The result that was sealed, where the stored one is the same but for the noise of doubles."""
    near = (f"{cell.kind}\t{text}" for text in _near(cell.kind, cell.text or ""))
    return next((result for result in near if mark(result) == sealed), None)


def _near(kind: str, text: str) -> Iterator[str]:
    told = spelled_result(kind, text)
    yield told
    if kind == "n":
        number = float(told)
        step = 1e-9 if "e" not in told else 10.0 ** (int(told.rpartition("e")[2]) - 12)
        yield from (spelled_result("n", repr(number + count * step)) for count in (-1, 1, -2, 2))
