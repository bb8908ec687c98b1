"""One step of a line's arithmetic as a formula: what it finds on Contracts, what it puts into its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from recon.evidence.facts import Record, exact_or_zero
from recon.evidence.formula import Ref, Term, Value, label, look_up, number, rounded, total
from recon.evidence.pack import Pack, clause_group, decimals
from recon.evidence.sheet import Sheet
from recon.evidence.style import COUNT, RATE, SHARES, TEXT, Look, unrounded
from recon.money import Rounding

ZERO = number(0)


@dataclass
class Step:
    """A working in its open row, with the rows of its line that its amount is to be added to."""

    pack: Pack
    sheet: Sheet
    row: Record
    so_far: list[tuple[Record, Ref]] = field(default_factory=list)
    parts: list[Ref] = field(default_factory=list)

    @property
    def currency(self) -> str:
        return str(self.row["currency"])

    @cached_property
    def group(self) -> str:
        """The group of clauses that the step names: its clause is the group, or names one of its clauses."""
        clause = str(self.row.get("clause") or "")
        is_group = (self.row["contract"], str(self.row["version"]), clause) in self.pack.clause_groups
        return clause if is_group else clause_group(clause)[0]

    def clause(self, path: str) -> Value | None:
        """What Contracts says for a clause of the step's version; None where it does not list it."""
        return self.pack.clause(self.row["contract"], self.row["version"], path)

    def states(self, leaf: str) -> bool:
        """Whether Contracts lists a number for a clause of the step's group."""
        path = f"{self.group}.{leaf}" if self.group else leaf
        return isinstance(self.clause(path), Fraction)

    def stated(self, name: str, leaf: str) -> Ref:
        """A number looked up on Contracts, put into a column; KeyError where it does not stand there."""
        group = self.pack.clause_groups[self.row["contract"], str(self.row["version"]), self.group]
        clause = self.sheet.put("clause", group, Look("text", TEXT))
        key = Term(f'{clause.text}&".{leaf}"', f"{group}.{leaf}")
        found = look_up(key, self.pack.clause_keys, self.pack.clause_values)
        return self.sheet.put(name, found, Look("formula", RATE))

    def found(self, path: str) -> Term:
        """A clause of the step's version looked up on Contracts, within a formula; KeyError where it is not there."""
        group, leaf = clause_group(path)
        reference = self.pack.clause_groups[self.row["contract"], str(self.row["version"]), group]
        return look_up(label(f"{reference}.{leaf}"), self.pack.clause_keys, self.pack.clause_values)

    def given(self, name: str, *sources: str) -> Ref:
        """The sum of numbers that the engine took from events or earlier periods, put into a column as an input."""
        value = sum((exact_or_zero(self.row.get(source)) for source in sources), Fraction(0))
        shape = COUNT if value.denominator == 1 else SHARES
        return self.sheet.put(name, value, Look("input", shape))

    def before(self, *, version: object = None) -> Ref:
        """What the step applies to: the line's amounts so far, or those of one version of it."""
        parts = [cell for row, cell in self.so_far if version is None or str(row.get("version")) == str(version)]
        is_whole = len(parts) == len(self.so_far)
        basis = total(parts) if is_whole else added(parts)
        return self.sheet.put("basis", basis, Look("formula", unrounded(decimals(self.currency))))

    def amount(self, value: Term) -> Ref:
        """The step's own amount."""
        return self.sheet.put("amount", value, Look("formula", unrounded(decimals(self.currency))))

    def tick(self, marks: str) -> None:
        """What was done to the row: see the tickmarks on About."""
        self.sheet.put("tick", marks, Look("tick"))

    def rounding(self) -> Rounding:
        """How the step's version rounds (RULES 1.2)."""
        return rounding_of(self.pack, self.row["contract"], self.row["version"])

    def rounded(self, value: Term) -> Term:
        """A value at the minor unit, by the clause of the step's version."""
        return rounded(value, self.pack.digits(self.currency), self.rounding())


Formula = Callable[[Step], Ref | None]


@dataclass(frozen=True)
class Operation:
    """How a kind of step is re-performed, and what its amount does: adds to the line, takes its place, or just tells.

    `split` takes a step apart into rows of their own above it, priced by `part`. `leaves` are clauses of which one must
    stand on Contracts, `inputs` what the engine must have told; where either is missing, the engine's amount is carried
    and marked.
    """

    formula: Formula
    effect: str = "adds"
    split: Callable[[Step], list[Record]] | None = None
    leaves: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    part: Formula | None = None

    def is_fit(self, step: Step) -> bool:
        """Whether all that the formula needs is there."""
        has_leaf = not self.leaves or any(step.states(leaf) for leaf in self.leaves)
        has_inputs = has_leaf and all(step.row.get(name) is not None for name in self.inputs)
        return has_inputs and (self.split is None or bool(self.split(step)))


def rounding_of(pack: Pack, contract: str, version: object) -> Rounding:
    """A version's rounding clause; half up where it states none."""
    modes: dict[object, Rounding] = {"half_even": "half_even", "up": "up", "down": "down"}
    return modes.get(pack.clause(contract, version, "rounding"), "half_up")


def added(cells: list[Ref]) -> Term:
    """Cells that do not stand in one stretch, added up."""
    if not cells:
        return ZERO
    first: Term = cells[0]
    for cell in cells[1:]:
        first = first + cell
    return first


def carried(step: Step) -> Ref:
    """A step this release has no formula for: the engine's amount, marked as not re-performed.

    An adjustment (RULES 8.6) has no clause: it is traced to its item on Roll-forward, where a check ties it.
    """
    step.sheet.put("clause", step.row.get("clause"), Look("text", TEXT))
    step.tick("T" if step.row.get("rule") == "8.6" else "X")
    value = exact_or_zero(step.row.get("amount"))
    return step.sheet.put("amount", value, Look("engine", unrounded(decimals(step.currency))))
