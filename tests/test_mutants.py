"""Small faults put into what prices a month must be noticed; here by a seeded share of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutants.mutations import mutants_of, mutated

ROOT = Path(__file__).parents[1]
SNIPPET = '''
LIMIT = 7
QUERY = f"""SELECT a FROM t -- a < b
WHERE a <= {LIMIT} AND b IS NULL ORDER BY a DESC"""


def price(counts: list[int], step: int = 2) -> int:
    """One is < two."""
    assert step > 0
    total = 0
    for one in [count for count in counts if count]:
        total += one
    if not total:
        return LIMIT
    note(total)
    return min(total, 9) if total < LIMIT and step else total * step


def note(total: int) -> None:
    print("more than < one", total)
'''


@pytest.fixture
def faults(tmp_path):
    (tmp_path / "m.py").write_text(SNIPPET, "utf-8")
    return {str(one).removeprefix("m.py:"): one for one in mutants_of(tmp_path, "m.py")}


@pytest.mark.parametrize(
    "fault",
    [
        "2 7 → 8 in 7",
        "4 SQL ND a FROM t",
        "7 2 → 1 in 2",
        "11 … if count → every one",
        "12 total += one → nothing",
        "12 total += one → total -= one",
        "13 not total → total",
        "14 return LIMIT → return None",
        "15 note(total) → nothing",
        "16 min(total, 9) → max(total, 9)",
        "16 total < LIMIT → total <= LIMIT",
        "16 total < LIMIT and step → total < LIMIT or step",
        "16 total * step → total / step",
    ],
)
def test_each_kind_of_fault_is_made(fault, faults):
    if "SQL" in fault:
        told = sorted(name.rsplit(": ", 1)[1] for name in faults if "SQL" in name)
        assert told == ["<= → <", "AND → OR", "DESC → ASC", "IS NULL → IS NOT NULL"]
    else:
        assert fault in faults, sorted(faults)


def test_nothing_is_put_where_nothing_is_computed(faults):
    assert not [name for name in faults if name.startswith(("8 ", "9 ")) or "more than <=" in name]


def test_each_fault_changes_one_place_and_compiles(tmp_path, faults):
    seen = {ast.unparse(ast.parse(SNIPPET))}
    for one in faults.values():
        text = ast.unparse(mutated(tmp_path, one))
        assert text not in seen, one
        seen.add(text)
        compile(text, "m.py", "exec")


def test_functions_are_known_by_their_first_line(faults):
    assert faults["16 total * step → total / step"].function == 7 and faults["2 7 → 8 in 7"].function == 0
