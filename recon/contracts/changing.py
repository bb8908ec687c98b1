"""Clauses set by the paths they are printed with: the version that differs in them and in nothing else (RULES 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, get_args, get_origin

from recon.contracts.clauses import HEAD, NONE, clauses, head_clauses
from recon.contracts.documents import checked, content_of, models_in
from recon.contracts.rules import Parameters
from recon.contracts.terms import ContractVersion, Term, When, key_of
from recon.contracts.yamltext import WORDS, Path, keys_text
from recon.problems import BadInput, Problem

NEAR = 5
REMOVED, UNREAD = object(), object()
Reading = Callable[[str], Any]


@dataclass(frozen=True)
class Place:
    """Where a clause stands in the document, and how its text is read; a group is not, but can be removed."""

    keys: Path
    read: Reading | None


def changed(version: ContractVersion, settings: Mapping[str, str]) -> ContractVersion:
    """The version with clauses set by their paths, as `clauses()` prints them: `items[RUN].rates[0].per_mille`.

    Clauses of the head are set likewise (`effective.to`), lists by their entries between commas, conditions as they
    are printed (`geo US, CA; device ctv`). `none` removes a clause, a group or an entry of a list, so that its default
    holds; of `exclude_ivt` it means that nothing is excluded. One entry can be added at the end of a list without names
    (`caps[0].per` and its fellows). What is not set stays as it was stated, to the decimal. Raises BadInput with every
    unknown path and every value that the contract can't have.
    """
    places = places_of(version)
    news = _news(version, settings)
    problems = [problem for path, text in news for problem in _hindrances(path, text, places)]
    content = content_of(version)
    values = {places[path].keys: _read(places[path], text) for path, text in news if path in places}
    problems += _apply(content, {keys: value for keys, value in values.items() if value is not UNREAD})
    after, faults = checked(content)
    problems += [Problem(_named(content, fault.path), fault.value, fault.expected) for fault in faults]
    if after is None or problems:
        raise BadInput(problems)
    return after


# Which clauses there are


def places_of(version: ContractVersion) -> dict[str, Place]:
    """Every clause that can be set, by its path: those that stand, and those that the model would take."""
    fields = ContractVersion.model_fields
    found = [
        place for name in HEAD for place in _of_field(fields[name].annotation, getattr(version, name), name, (name,))
    ]
    if version.terms is not None:
        found += _of_group(type(version.terms), version.terms, "", ("terms",))
    return dict(reversed(found))  # the first of two items of one name


def _of_group(model: type[Term], group: Term | None, path: str, keys: Path) -> Iterator[tuple[str, Place]]:
    for name, field in model.model_fields.items():
        if name != "item":  # an item's name stands in its path
            key = key_of(model, name)
            yield from _of_field(
                field.annotation, getattr(group, name, None), f"{path}.{key}".lstrip("."), (*keys, key)
            )


def _of_field(annotation: Any, value: Any, path: str, keys: Path) -> Iterator[tuple[str, Place]]:
    if isinstance(value, Parameters):
        yield from ((f"{path}.{key}", Place((*keys, key), str)) for key in value)
        return
    model = next(iter(models_in(annotation)), None)
    if model is None or issubclass(model, When):
        yield path, Place(keys, _reading(annotation, model))
        return
    yield path, Place(keys, None)
    if _is_list(annotation):
        yield from _of_entries(model, value or (), path, keys)
    else:
        yield from _of_group(model, value, path, keys)


def _of_entries(model: type[Term], entries: tuple[Term, ...], path: str, keys: Path) -> Iterator[tuple[str, Place]]:
    for index, entry in enumerate(entries):
        name = getattr(entry, "item", getattr(entry, "rule", index))
        yield from _of_field(model, entry, f"{path}[{name}]", (*keys, index))
    if not {"item", "rule"} & model.model_fields.keys():
        yield from _of_group(model, None, f"{path}[{len(entries)}]", (*keys, len(entries)))


def _reading(annotation: Any, model: type[Term] | None) -> Reading:
    if model is not None:
        return _condition
    if _is_list(annotation):
        return _list
    return _flag if annotation is bool else str


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(_is_list(part) for part in get_args(annotation))


# What the texts mean


def _news(version: ContractVersion, settings: Mapping[str, str]) -> list[tuple[str, str]]:
    """The settings but for those that say what is stated already: a name with a comma in it can be told again."""
    stated = {one.path: one.value for one in (*head_clauses(version), *clauses(version)) if not one.is_default}
    return [(path, text) for path, text in settings.items() if stated.get(path) != text]


def _read(place: Place, text: str) -> Any:
    if text == NONE and place.keys != ("terms", "exclude_ivt"):
        return REMOVED
    return place.read(text) if place.read else UNREAD


def _list(text: str) -> list[str]:
    """Entries between commas; `none` are none.

    >>> _list("US, CA"), _list("none")
    (['US', 'CA'], [])
    """
    return [] if text == NONE else [entry.strip() for entry in text.split(",")]


def _flag(text: str) -> Any:
    """`true` and `false`; anything else as it is, to be refused by the model."""
    return WORDS.get(text, text)


def _condition(text: str) -> Any:
    """A condition as it is printed.

    >>> _condition("geo US, CA; device ctv"), _condition("always")
    ({'geo': ['US', 'CA'], 'device': ['ctv']}, {})
    """
    parts = [part.strip().partition(" ") for part in text.split(";")] if text != "always" else []
    conditions = {name: _list(values) for name, _, values in parts}
    return conditions if len(conditions) == len(parts) else text  # an attribute told twice is for the model to refuse


# How they are put into a document


def _apply(content: dict[str, Any], values: Mapping[Path, Any]) -> list[Problem]:
    """Set first, then remove from the back, so that no entry of a list moves before its turn."""
    removed = sorted((keys for keys, value in values.items() if value is REMOVED), reverse=True)
    put = [keys for keys in values if keys not in removed]
    for keys in sorted(put):
        _put(content, keys, values[keys])
    lost = [keys for keys in put if any(keys[: len(group)] == group for group in removed)]
    problems = [Problem(_named(content, keys), "", "a clause whose group is not removed as well") for keys in lost]
    for keys in removed:
        _remove(content, keys)
    return problems


def _put(content: Any, keys: Path, value: Any) -> None:
    for key, following in pairwise(keys):
        group: Any = [] if isinstance(following, int) else {}
        if isinstance(key, int) and key == len(content):
            content.append(group)
        content = content[key] if isinstance(key, int) else content.setdefault(key, group)
    content[keys[-1]] = value


def _remove(content: Any, keys: Path) -> None:
    """Without the clause, and without a group that it leaves empty: `minimum.amount` takes `minimum` along."""
    trail = [content]
    for key in keys[:-1]:
        if not _has(trail[-1], key):
            return
        trail.append(trail[-1][key])
    for depth in range(len(keys) - 1, -1, -1):
        if _has(trail[depth], keys[depth]):
            del trail[depth][keys[depth]]
        if trail[depth] or (depth and isinstance(keys[depth - 1], int)):
            return  # an entry of a list goes only when it is named itself


def _has(group: Any, key: str | int) -> bool:
    return key < len(group) if isinstance(key, int) else key in group


# What is told when it can't be


def _hindrances(path: str, text: str, places: Mapping[str, Place]) -> Iterator[Problem]:
    """A path that names no clause, or a whole group that is set to a text."""
    if path not in places:
        known = [one for one, place in places.items() if place.read]
        near = get_close_matches(path, known, NEAR, cutoff=0)
        yield Problem(path, "", f"one of the clauses of this version, such as {', '.join(near)}")
    elif places[path].read is None and text != NONE:
        yield Problem(path, text, "each of its clauses by its own path, or none")


def _named(content: Any, keys: Path) -> str:
    """The path of a clause from the keys of its document: without `terms`, entries by the name of their item."""
    named: list[str | int] = []
    for key in keys:
        content = content[key] if _has(content, key) else {}
        name = content.get("item") if isinstance(key, int) and isinstance(content, dict) else None
        named.append(key if name is None else f"[{name}]")
    return keys_text(tuple(named[1:] if named[:1] == ["terms"] and named[1:] else named)).replace(".[", "[")
