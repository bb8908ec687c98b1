"""Every clause matters: a case that names it goes red when the clause is ignored.

The list clause → cases stands in fixtures/cases/README.md; here it is held against the model and against the cases.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_cases import CASE_OF, CASES, plainly

from recon.contracts.documents import json_schema
from recon.trials.cases import differences

README = CASES / "README.md"
TERMS = {"cpm": "CpmTerms", "cpa": "CpaTerms"}
WITHOUT_CHOICE = {"model", "minimum.per"}  # the kind of contract itself; a clause with a single value
ENORMOUS = "1000000000"
Edit = Callable[[dict[str, Any], str], None]


def dropped(clause: dict[str, Any], key: str) -> None:
    """Ignored: the default holds."""
    del clause[key]


def becomes(value: Any) -> Edit:
    """Ignored, where there is no default: another value instead."""
    return lambda clause, key: clause.update({key: value})


def swapped(one: str, other: str) -> Edit:
    return lambda clause, key: clause.update({key: other if clause[key] == one else one})


def first_step_only(clause: dict[str, Any], key: str) -> None:
    clause[key] = clause[key][:1]


def other_bound(key: str, instead: str) -> Edit:
    """The threshold itself in the other tier; the first step stays `over: 0`."""

    def edit(step: dict[str, Any], _: str) -> None:
        if float(step[key]) > 0:
            step[instead] = step.pop(key)

    return edit


def first_price_only(priced: dict[str, Any], key: str) -> None:
    step = priced.pop(key)["steps"][0]
    priced.update({name: step[name] for name in ("per_mille", "flat", "percent_of_sale") if name in step})


def never_locks(terms: dict[str, Any], key: str) -> None:
    del terms[key], terms["earn_on"]


def ours_controls(clause: dict[str, Any], key: str) -> None:
    clause.update({key: "own", "tolerance_percent": ENORMOUS})


def other_lock(lock: dict[str, Any], key: str) -> None:
    if lock[key] == "month_end":
        del lock["months"]
        lock[key] = "conversion"
    else:
        lock.update({key: "month_end", "months": 0})


def other_scope(cap: dict[str, Any], key: str) -> None:
    cap[key] = "period" if cap[key] in ("day", "contract") else "day"


# How a clause is ignored, by the end of its path; all others are dropped, so that their default holds.
EDITS: dict[str, Edit] = {
    "tiers": first_price_only,
    "tiers.mode": swapped("graduated", "volume"),
    "tiers.steps": first_step_only,
    "steps.over": other_bound("over", "from"),
    "steps.from": other_bound("from", "over"),
    "third_party.controlling": ours_controls,
    "third_party.tolerance_percent": becomes("0"),
    "cap.amount": becomes(ENORMOUS),
    "booked.quantity": becomes(int(ENORMOUS)),
    "minimum.amount": becomes("0"),
    "fixed_fees.item": becomes("other"),
    "fixed_fees.amount": becomes("0"),
    "caps.per": other_scope,
    "caps.conversions": becomes(int(ENORMOUS)),
    "caps.amount": becomes(ENORMOUS),
    "lock": never_locks,
    "lock.after": other_lock,
    "lock.months": becomes(2),
    "lock.days": becomes(1),
    "rules.rule": lambda use, key: use.update({"rule": "ad_serving_fee", "with": {"per_mille": "0"}}),
    "rules.with": lambda use, key: use.update({key: use[key] | dict.fromkeys(("amount", "per_mille"), "0")}),
    "bonus.at_least": becomes(1),
    "bonus.amount": becomes("0"),
    "minimum_payout.amount": becomes("0"),
    "minimum_payout.below": swapped("carry", "forfeit"),
    "program": becomes("other"),
    "partner": becomes("other"),
    "items": lambda terms, key: terms.update({key: terms[key][:1]}),
    "items.item": becomes("other"),
    "items.action": becomes("other"),
    "items.rates": lambda item, key: item.update({key: item[key][:1]}),
    "per_mille": becomes("0"),
    "flat": becomes("0"),
    "percent_of_sale": becomes("0"),
}


def edit_of(path: str) -> Edit:
    """How a clause is ignored: the longest end of its path that has an edit of its own."""
    parts = path.split(".")
    ends = (".".join(parts[start:]) for start in range(len(parts)))
    when = "when" in parts or "eligibility" in parts
    return dropped if when else next((EDITS[end] for end in ends if end in EDITS), dropped)


def clauses_named(path: str, terms: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Where a clause stands in terms: (what it stands in, its key); lists count as one."""
    head, _, rest = path.partition(".")
    for one in terms if isinstance(terms, list) else [terms]:
        if isinstance(one, dict) and head in one:
            if rest:
                yield from clauses_named(rest, one[head])
            else:
                yield one, head


def ignore(folder: Path, model: str, path: str, value: str | None) -> bool:
    """Rewrite a case's documents as if nobody read a clause (where it has the value); whether any had it."""
    found = False
    for document in sorted(folder.glob("contracts/*/v*.yaml")):
        version = yaml.safe_load(document.read_text(encoding="utf-8"))
        terms = version.get("terms") or {}
        places = [
            (clause, key)
            for clause, key in clauses_named(path, terms if terms.get("model") == model else {})
            if value is None or clause[key] == value
        ]
        for clause, key in places:
            edit_of(path)(clause, key)
        document.write_text(yaml.safe_dump(version, sort_keys=False), encoding="utf-8")
        found = found or bool(places)
    return found


def goes_red(name: str, clause: str, folder: Path) -> bool:
    """Whether the plain biller, made blind to a clause, no longer finds what a case expects."""
    model, path, value = taken_apart(clause)
    month = Path(shutil.copytree(CASES / name, folder / f"{name} {re.sub('[^a-z_.]+', ' ', clause)}"))
    assert ignore(month, model, path, value), f"{name} has no clause {clause}"
    return bool(differences(CASE_OF[name], plainly(month, CASE_OF[name])))


def taken_apart(clause: str) -> tuple[str, str, str | None]:
    """`cpa attribution.prefer: latest` → model, path and value."""
    model, _, rest = clause.partition(" ")
    path, _, value = rest.partition(": ")
    return model, path, value or None


# What the model knows, what the list says


def model_clauses() -> Iterator[str]:
    """Every clause of the model, an entry for each value it can be given where it has a choice."""
    definitions = json_schema()["$defs"]
    for model, name in TERMS.items():
        yield from (f"{model} {path}" for path in paths_of(definitions, definitions[name]))


def paths_of(definitions: dict[str, Any], schema: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, property_schema in schema.get("properties", {}).items():
        path = f"{above}{key}"
        if path in WITHOUT_CHOICE:
            continue
        inner = list(inside(definitions, property_schema))
        choices = [value for value in property_schema.get("enum", ()) if value != property_schema.get("default")]
        if choices and property_schema.get("type") != "array":
            yield from (f"{path}: {value}" for value in choices)
        elif path != "items" and key != "when":
            yield path
        for one in inner:
            yield from paths_of(definitions, one, f"{path}.")


def inside(definitions: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The groups of clauses that stand under a key."""
    if "$ref" in schema:
        yield definitions[schema["$ref"].rsplit("/", 1)[-1]]
    for key in ("anyOf", "allOf", "oneOf"):
        for one in schema.get(key, ()):
            yield from inside(definitions, one)
    if isinstance(schema.get("items"), dict):
        yield from inside(definitions, schema["items"])


@cache
def listed() -> dict[str, tuple[str, ...]]:
    """The table of the README's last section: clause → cases."""
    _, section = README.read_text(encoding="utf-8").split("## Every clause has a case that goes red without it")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.M)
    return {clause: tuple(re.findall(r"`([^`]+)`", cases)) for clause, cases in rows}


@pytest.mark.parametrize("clause", list(model_clauses()))
def test_a_clause_of_the_model_has_cases(clause: str) -> None:
    assert listed().get(clause)


@pytest.mark.parametrize("clause", list(listed()))
def test_a_case_goes_red_when_the_clause_is_ignored(clause: str, tmp_path: Path) -> None:
    assert [name for name in listed()[clause] if not goes_red(name, clause, tmp_path)] == []
