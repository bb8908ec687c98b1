"""What is wrong with an input: where it stands, what stands there, and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to mend: its place (file, line or row, column or key), the value found and what was expected."""

    place: str
    value: str
    expected: str
    level: str = "error"

    def __str__(self) -> str:
        found = f": {self.value!r}" if self.value else ""
        return f"{self.place}{found}; expected {self.expected}"


class BadInput(Exception):
    """Input that cannot be worked with: every problem found, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
