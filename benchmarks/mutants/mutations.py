"""Small faults in Python and in the SQL it holds: each changes one place of one module.

Left alone: annotations, docstrings, decorators, assertions, and texts that are no SQL, for nothing is computed there.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
SQL = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|CASE|AND|OR|ORDER BY|PARTITION BY|COALESCE|NULL)\b|>=|<=")
SQL_FAULTS: tuple[tuple[str, str], ...] = (
    (r"<=", "<"), (r"(?<![<>=])<(?![=>])", "<="), (r">=", ">"), (r"(?<![<>=])>(?!=)", ">="),
    (r"(?<![<>!=])=(?!=)", "<>"), (r"<>", "="), (r" \+ ", " - "), (r" - ", " + "), (r" // ", " * "),
    (r"\bAND\b(?! CURRENT| UNBOUNDED)", "OR"), (r"\bOR\b(?! REPLACE)", "AND"), (r"\bDESC\b", "ASC"), (r"\bASC\b", "DESC"),
    (r"\bMIN\(", "MAX("), (r"\bMAX\(", "MIN("), (r"\bIS NULL\b", "IS NOT NULL"), (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bLEFT JOIN\b", "JOIN"), (r"\bTRUE\b", "FALSE"), (r"\bFALSE\b", "TRUE"), (r"\bNOT IN\b", "IN"),
    (r"\bUNION ALL\b", "UNION"), (r"(?<![\w.'])\d+(?![\w'])", "+1"), (r"\bSUM\(", "MAX("),
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault: the module's file, the line, the function it lies in (first line; 0: none), and what it changes."""

    file: str
    line: int
    function: int
    place: int  # in the order of the walk over the file
    fault: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.fault}"


Change = tuple[str, Callable[[], None]]  # the fault in words, and what brings it about in the tree


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    found = enumerate(_places(tree))
    return [Mutant(file, line, function, place, fault) for place, (line, function, (fault, _)) in found]


def mutated(root: Path, mutant: Mutant) -> ast.Module:
    """The module's tree with the fault in it."""
    tree = ast.parse((root / mutant.file).read_text(encoding="utf-8"))
    for place, (_, _, (_, change)) in enumerate(_places(tree)):
        if place == mutant.place:
            change()
            return ast.fix_missing_locations(tree)
    raise LookupError(f"{mutant} is not in the file any more")


def _places(tree: ast.Module) -> Iterator[tuple[int, int, Change]]:
    """Every place with the first line of its function; nothing is changed before its change is called."""
    for node, parent, function in _walk(tree, None, 0):
        for line, change in [*_faults(node, parent)]:
            yield line, function, change


def _walk(node: ast.AST, parent: ast.AST | None, function: int) -> Iterator[tuple[ast.AST, ast.AST | None, int]]:
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        function = function or _first_line(node)
    yield node, parent, function
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(
                child, ast.Assert | ast.Import | ast.ImportFrom | ast.Raise
            ):
                yield from _walk(child, node, function)


def _first_line(node: ast.FunctionDef | ast.Lambda) -> int:
    """Where Python says that a function begins: at its first decorator."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _faults(node: ast.AST, parent: ast.AST | None) -> Iterator[tuple[int, Change]]:
    for kind, faults in FAULTS.items():
        if isinstance(node, kind):
            for offset, change in faults(node, parent):
                yield getattr(node, "lineno", 0) + offset, change


def _said(node: ast.AST, length: int = 70) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _set(owner: ast.AST, name: str, value: object, number: int | None = None) -> Callable[[], None]:
    def change() -> None:
        if number is None:
            setattr(owner, name, value)
        else:
            getattr(owner, name)[number] = value

    return change


def _instead(node: ast.AST, name: str, value: object, number: int | None = None) -> tuple[int, Change]:
    """The fault of putting another value into a field: told by the node before and after."""
    after = copy.deepcopy(node)
    _set(after, name, value, number)()
    return 0, (f"{_said(node)} → {_said(after)}", _set(node, name, value, number))


def _compare(node: ast.Compare, _: object) -> Iterator[tuple[int, Change]]:
    for number, operator in enumerate(node.ops):
        yield _instead(node, "ops", COMPARISONS[type(operator)](), number)


def _arithmetic(node: ast.BinOp, _: object) -> Iterator[tuple[int, Change]]:
    if type(node.op) in ARITHMETIC and not any(_is_text(side) for side in (node.left, node.right)):
        yield _instead(node, "op", ARITHMETIC[type(node.op)]())


def _in_place(node: ast.AugAssign, _: object) -> Iterator[tuple[int, Change]]:
    if type(node.op) in ARITHMETIC and not isinstance(node.value, ast.List | ast.ListComp | ast.Tuple):
        yield _instead(node, "op", ARITHMETIC[type(node.op)]())


def _is_text(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text or isinstance(node, ast.JoinedStr | ast.Tuple | ast.List)


def _boolean(node: ast.BoolOp, _: object) -> Iterator[tuple[int, Change]]:
    yield _instead(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _unary(node: ast.UnaryOp, _: object) -> Iterator[tuple[int, Change]]:
    if isinstance(node.op, ast.Not):
        yield _dropped_not(node)
    elif isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield _instead(node, "op", ast.UAdd())


def _dropped_not(node: ast.UnaryOp) -> tuple[int, Change]:
    after = ast.UnaryOp(ast.Not(), copy.deepcopy(node.operand))
    return 0, (f"{_said(node)} → {_said(node.operand)}", _set(node, "operand", ast.copy_location(after, node)))


def _condition(node: ast.If | ast.IfExp | ast.While, _: object) -> Iterator[tuple[int, Change]]:
    if isinstance(node.test, ast.UnaryOp):  # `not` is dropped already
        return
    after = ast.UnaryOp(ast.Not(), node.test)
    yield 0, (f"if {_said(node.test)} → if not …", _set(node, "test", ast.copy_location(after, node.test)))


def _filter(node: ast.comprehension, _: object) -> Iterator[tuple[int, Change]]:
    for number, test in enumerate(node.ifs):
        always = ast.copy_location(ast.Constant(True), test)
        yield test.lineno, (f"… if {_said(test)} → every one", _set(node, "ifs", always, number))


def _returned(node: ast.Return, _: object) -> Iterator[tuple[int, Change]]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        nothing = ast.copy_location(ast.Constant(None), node.value)
        yield 0, (f"{_said(node)} → return None", _set(node, "value", nothing))


def _removed(node: ast.AST, _: object) -> Iterator[tuple[int, Change]]:
    """A statement that only has an effect, left out."""
    for name in ("body", "orelse"):
        statements = getattr(node, name, None)
        for number, one in enumerate(statements if isinstance(statements, list) else ()):
            is_call = isinstance(one, ast.Expr) and isinstance(one.value, ast.Call | ast.YieldFrom | ast.Yield)
            if is_call or isinstance(one, ast.AugAssign | ast.Continue):
                gone = ast.copy_location(ast.Pass(), one)
                yield (
                    one.lineno - getattr(node, "lineno", 0),
                    (f"{_said(one)} → nothing", _set(node, name, gone, number)),
                )


def _called(node: ast.Call, _: object) -> Iterator[tuple[int, Change]]:
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        other = ast.copy_location(ast.Name(NAMES[node.func.id], ast.Load()), node.func)
        yield _instead(node, "func", other)


def _constant(node: ast.Constant, parent: ast.AST | None) -> Iterator[tuple[int, Change]]:
    if isinstance(parent, ast.Expr) or (
        isinstance(parent, ast.keyword) and parent.arg in ("strict", "compare", "slots")
    ):
        return
    if isinstance(node.value, bool):
        yield _other_constant(node, parent, not node.value)
    elif isinstance(node.value, int):
        yield _other_constant(node, parent, node.value + 1)
        yield _other_constant(node, parent, node.value - 1)
    elif isinstance(node.value, str) and SQL.search(node.value):
        yield from _sql(node)


def _other_constant(node: ast.Constant, parent: ast.AST | None, value: object) -> tuple[int, Change]:
    around = parent if isinstance(parent, ast.expr) else node
    return 0, (f"{node.value!r} → {value!r} in {_said(around)}", _set(node, "value", value))


def _sql(node: ast.Constant) -> Iterator[tuple[int, Change]]:
    text = str(node.value)
    comments = [(found.start(), found.end()) for found in re.finditer(r"--[^\n]*", text)]
    for pattern, instead in SQL_FAULTS:
        for found in re.finditer(pattern, text):
            if any(start <= found.start() < end for start, end in comments):
                continue
            new = str(int(found[0]) + 1) if instead == "+1" else instead
            after = text[: found.start()] + new + text[found.end() :]
            line = text.count("\n", 0, found.start())
            yield line, (f"SQL {_around(text, found)}: {found[0].strip()} → {new.strip()}", _set(node, "value", after))


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 25) : found.end() + 25].split())


FAULTS: dict[type | tuple[type, ...], Callable[..., Iterator[tuple[int, Change]]]] = {
    ast.Compare: _compare,
    ast.BinOp: _arithmetic,
    ast.AugAssign: _in_place,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    (ast.If, ast.IfExp, ast.While): _condition,
    ast.comprehension: _filter,
    ast.Return: _returned,
    (ast.Module, ast.ClassDef, ast.FunctionDef, ast.For, ast.While, ast.If, ast.With): _removed,
    ast.Call: _called,
    ast.Constant: _constant,
}
