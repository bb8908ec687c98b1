"""Contract documents: YAML files in and out, content hashes, and the JSON Schema that editors check them by."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import ValidationError

from recon.contracts import yamltext
from recon.contracts.book import Book
from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms, Term
from recon.problems import BadInput, Problem

SUFFIXES = (".yaml", ".yml")
TOLD_EVERY = 100  # documents
Told = Callable[[str], None]
TERMS: dict[Any, type[Term]] = {"cpm": CpmTerms, "cpa": CpaTerms}
NOT_HASHED = {"status", "history", "document"}
EXPECTED = {
    "missing": "a value for this key",
    "too_short": "at least one entry",
    "union_tag_not_found": "model: cpm or model: cpa",
    "union_tag_invalid": "model: cpm or model: cpa",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "string_type": "text",
    "string_pattern_mismatch": "64 digits 0-9 a-f",
}


@dataclass(frozen=True)
class Document:
    """A document as it stands in a folder: where, the SHA-256 of its bytes, and the version it holds."""

    place: str
    sha256: str
    version: ContractVersion


def silent(step: str) -> None:
    """Where nobody listens to how far a step is."""


def load_book(folder: Path) -> Book:
    """Every `<contract>/v<N>.yaml` below a folder; BadInput with the problems of all documents at once."""
    return Book(tuple(document.version for document in read_folder(folder)))


def read_folder(
    folder: Path, known: Mapping[str, tuple[str, int]] = MappingProxyType({}), told: Told = silent
) -> list[Document]:
    """The documents of a folder, but for those whose bytes are known under their very place; BadInput as `load_book`.

    `known` tells contract and version by the SHA-256 of bytes that were read before: they need no second reading.
    `told` hears how far the reading is.
    """
    if not folder.is_dir():
        raise BadInput([Problem(str(folder), "", "a folder of contract documents")])
    documents, problems = [], []
    for path, relative, sha256 in _unknown(folder, known, told):
        place = f"{folder.name}/{relative}"
        version, found = _load(path, place)
        problems += found
        if version is not None:
            documents.append(Document(place, sha256, version))
            problems += _misplaced(version, relative, place)
    if problems:
        raise BadInput(problems)
    return documents


def has_news(folder: Path, known: Mapping[str, tuple[str, int]]) -> bool:
    """Whether a folder holds a document whose bytes are not known under its very place."""
    return next(_unknown(folder, known, silent), None) is not None


def _unknown(
    folder: Path, known: Mapping[str, tuple[str, int]], told: Told
) -> Iterator[tuple[Path, str, str]]:  # fmt: skip
    """Path, place in the folder and SHA-256 of each document whose bytes are not known there."""
    places = sorted(_documents(folder), key=lambda place: place.split("/"))
    for number, relative in enumerate(places):
        if number % TOLD_EVERY == 0:
            told(f"reading documents: {number:,} of {len(places):,}")
        path = folder / relative
        sha256 = _sha256(path)
        if sha256 not in known or relative != _wanted(*known[sha256]):
            yield path, relative, sha256


def _sha256(path: Path) -> str:
    """The digest of a file's bytes; empty where it can't be read, which its reading tells."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def read_version(path: Path) -> ContractVersion:
    """One document, wherever it stands; BadInput with all its problems."""
    version, problems = _load(path, str(path))
    if version is None or problems:
        raise BadInput(problems)
    return version


def parse_version(text: str, place: str) -> ContractVersion:
    """A document's text, which need not stand in a file; its problems are placed at `place:line`."""
    version, problems = _parse(text, place)
    if version is None or problems:
        raise BadInput(problems)
    return version


def write_version(folder: Path, version: ContractVersion, opening: str = "") -> Path:
    """Write `<contract>/v<N>.yaml` whole or not at all; `opening` says in a line what changed."""
    path = folder / version.contract / f"v{version.version}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(document_text(version, opening))
        file.flush()
        os.fsync(file.fileno())
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    return path


def document_text(version: ContractVersion, opening: str = "") -> str:
    """A version as YAML: what was stated, in the order of the model; defaults that were not stated stay out."""
    comment = "".join(f"# {line}\n" for line in opening.splitlines())
    return comment + yamltext.write(content_of(version))


def content_of(version: ContractVersion) -> dict[str, Any]:
    """A version as the keys and values of its document: what was stated, decimals as they are written."""
    return version.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def checked(content: Any) -> tuple[ContractVersion | None, list[yamltext.Fault]]:
    """A version from the keys and values of a document that stands in no file, with every fault by its keys."""
    return _checked(yamltext.Written(content, {}, ()))


def content_hash(version: ContractVersion) -> str:
    """SHA-256 of what a version says: identity, dates, renewal and terms; not status, history or the paper.

    A stated default hashes like an unstated one; 22.5 and 22.50 differ, since an escalator rounds to written decimals.
    """
    said = version.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=NOT_HASHED)
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def located(folder: Path, problems: Iterable[Problem]) -> list[Problem]:
    """The problems of a book (`acme/v2.yaml terms.items[0]`) with the folder and line of their documents."""
    return [_located(folder, problem) for problem in problems]


def _located(folder: Path, problem: Problem) -> Problem:
    name, _, keys = problem.place.partition(" ")
    if not (folder / name).is_file():
        return problem
    written = yamltext.read((folder / name).read_text(encoding="utf-8-sig"))
    path = tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", keys))
    return replace(problem, place=f"{folder.name}/{name}:{written.line(path)} {keys}")


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a document, for editors and other tools."""
    schema = ContractVersion.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Contract version"}


def schema_text() -> str:
    """The text of `contracts/schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _documents(folder: Path, place: str = "") -> Iterator[str]:
    """Where documents stand below a folder; what is hidden, or may not be looked into, is none."""
    with suppress(PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _documents(Path(entry.path), f"{place}{entry.name}/")
            elif entry.name.lower().endswith(SUFFIXES) and entry.is_file():
                yield f"{place}{entry.name}"


def _load(path: Path, place: str) -> tuple[ContractVersion | None, list[Problem]]:
    try:
        return _parse(path.read_text(encoding="utf-8-sig"), place)
    except UnicodeDecodeError as error:
        return None, [Problem(place, f"byte {error.start}", "text in UTF-8")]
    except OSError as error:
        return None, [Problem(place, error.strerror or "", "a document that can be read")]


def _misplaced(version: ContractVersion, relative: str, place: str) -> Iterator[Problem]:
    wanted = _wanted(version.contract, version.version)
    if relative != wanted:
        yield Problem(place, "", f"this contract and version at {wanted}")


def _wanted(contract: str, version: int) -> str:
    """Where a version stands in a folder."""
    return f"{contract}/v{version}.yaml"


def _parse(text: str, place: str) -> tuple[ContractVersion | None, list[Problem]]:
    version, faults = _checked(yamltext.read(text))
    ordered = sorted(faults, key=lambda fault: fault.line)
    return version, [Problem(_at(place, fault), fault.value, fault.expected) for fault in ordered]


def _checked(written: yamltext.Written) -> tuple[ContractVersion | None, list[yamltext.Fault]]:
    faults = list(written.faults)
    version = None
    try:
        if written.content is not None or not faults:
            version = ContractVersion.model_validate(written.content, by_name=False, by_alias=True)
    except ValidationError as error:
        faults += _faults(error, written)
    return version, faults


def _faults(error: ValidationError, written: yamltext.Written) -> Iterator[yamltext.Fault]:
    found = [(_path(one["loc"]), one) for one in error.errors(include_url=False)]
    below = {path[:depth] for path, _ in found for depth in range(len(path))}
    for path, one in found:
        if one["type"] == "too_short" and path in below:
            continue  # entries that failed by themselves are told one by one
        for key, value, expected in _told(one, path):
            yield yamltext.Fault(written.line(key), key, value, expected)
    if all(len(path) > 1 and path[0] == "terms" for path, _ in found):
        yield from _faults_beside_terms(written)


def _faults_beside_terms(written: yamltext.Written) -> Iterator[yamltext.Fault]:
    """What contradicts itself in the head of a document whose terms cannot be read."""
    head = {key: value for key, value in written.content.items() if key != "terms"}
    try:
        ContractVersion.model_validate(head, by_name=False, by_alias=True)
    except ValidationError as error:
        found = _faults(error, written)
        yield from (fault for fault in found if fault.path != ("terms",))


def _told(one: Any, path: yamltext.Path) -> Iterator[tuple[yamltext.Path, str, str]]:
    """(path, value, expected) of one validation error; clauses that disagree may be several."""
    if one["type"] == "disagree":
        for key, value, expected in one["ctx"]["found"]:
            yield (*path, *(key.split(".") if key else ())), _shown(value), expected
    elif one["type"] == "extra_forbidden":
        yield path, _shown(one["input"]), f"one of the keys {', '.join(_keys(one['loc'][:-1]))}"
    else:
        value = "" if one["type"] in ("missing", "union_tag_not_found") else _shown(one["input"])
        yield path, value, _expected(one)


def _expected(one: Any) -> str:
    if one["type"] == "literal_error":
        return "one of " + str(one["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
    return EXPECTED.get(one["type"], str(one["msg"]))


def _path(loc: Iterable[str | int]) -> yamltext.Path:
    """The path of keys in the document: without the tag that tells CPM from CPA terms."""
    parts = tuple(loc)
    return (*parts[:1], *parts[2:]) if parts[:1] == ("terms",) else parts


def _at(place: str, fault: yamltext.Fault) -> str:
    return f"{place}:{fault.line} {yamltext.keys_text(fault.path)}".rstrip()


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        return ""
    text = "" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys(loc: tuple[str | int, ...]) -> list[str]:
    """The keys known in the group of clauses at a place."""
    models: list[type[Term]] = [ContractVersion]
    for part in loc:
        if part in TERMS and TERMS[part] in models:
            models = [TERMS[part]]
        elif isinstance(part, str):
            fields = [
                (part in (name, field.alias), field) for one in models for name, field in one.model_fields.items()
            ]
            models = [model for is_meant, field in fields if is_meant for model in models_in(field.annotation)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def models_in(annotation: Any) -> list[type[Term]]:
    """The groups of clauses an annotation can hold, through lists and alternatives."""
    if isinstance(annotation, type) and issubclass(annotation, Term):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]
