"""YAML text in and out: values as they are written, each with its line; no guessing of numbers, dates or countries."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from recon.contracts.values import DAY

Path = tuple[str | int, ...]
WORDS = {"true": True, "false": False, "": None, "~": None, "null": None}
TAGS = {"str", "map", "seq"}
FLOW_WIDTH = 90
DEPTH = 20
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DATE = re.compile(DAY)


@dataclass(frozen=True)
class Fault:
    """What stands wrongly in a text before its meaning is looked at: line, path of keys, value, expected."""

    line: int
    path: Path
    value: str
    expected: str


@dataclass(frozen=True)
class Written:
    """A document as written: its values (plain scalars as text), the line of each path, and its faults."""

    content: Any
    lines: dict[Path, int]
    faults: tuple[Fault, ...]

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest group around it (from 1)."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def keys_text(path: Path) -> str:
    """A path of keys as it is written in problems: `terms.items[0].rates[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read(text: str) -> Written:
    """A YAML document with every fault of its writing; one that is no YAML at all has that as its only fault."""
    return plainly(text) or composed(text)


def composed(text: str) -> Written:
    """Any document, by its nodes."""
    try:
        _refuse_depth(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        return Written(None, {}, (_no_yaml(error),))
    reader = _Reader()
    content = reader.value(root, ()) if root is not None else None
    return Written(content, reader.lines, tuple(reader.faults))


def _refuse_depth(text: str) -> None:
    """No contract nests its groups deeper than this; composing them could exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise yaml.YAMLError(f"more than {DEPTH} groups within each other")


def _no_yaml(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    return Fault(mark.line + 1 if mark else 1, (), str(getattr(error, "problem", error) or error), "a YAML document")


class _Unusual(Exception):
    """A document that is looked at closely: it is faulty, or not written out plainly."""


def plainly(text: str) -> Written | None:
    """A document without a fault, anchor or tag in one pass over its events; None for any other."""
    try:
        events = yaml.parse(text, Loader=_LOADER)
        reader = _Plain(events)
        reader.expect(yaml.StreamStartEvent, yaml.DocumentStartEvent)
        content = reader.value(next(events), (), 1)
        reader.expect(yaml.DocumentEndEvent, yaml.StreamEndEvent)
    except (yaml.YAMLError, _Unusual):
        return None
    return Written(content, reader.lines, ())


class _Plain:
    """Walks the events of a document that has nothing but groups, lists and scalars."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.lines: dict[Path, int] = {}
        self._events = events

    def expect(self, *kinds: type[yaml.Event]) -> None:
        for kind in kinds:
            if not isinstance(next(self._events), kind):
                raise _Unusual

    def value(self, event: Any, path: Path, depth: int) -> Any:
        kind = type(event)
        if kind not in _PLAIN or event.anchor is not None or event.tag is not None:
            raise _Unusual
        if depth > DEPTH and kind is not yaml.ScalarEvent:
            raise _Unusual
        self.lines.setdefault(path, _line(event))
        if kind is yaml.ScalarEvent:
            return event.value if event.style else WORDS.get(event.value, event.value)
        if kind is yaml.MappingStartEvent:
            return self._group(path, depth + 1)
        return self._list(path, depth + 1)

    def _group(self, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := next(self._events)) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent or event.anchor or event.tag or event.value in found:
                raise _Unusual
            below = (*path, event.value)
            self.lines[below] = _line(event)
            found[event.value] = self.value(next(self._events), below, depth)
        return found

    def _list(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while type(event := next(self._events)) is not yaml.SequenceEndEvent:
            found.append(self.value(event, (*path, len(found)), depth))
        return found


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


_PLAIN = (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)


class _Reader:
    """Walks composed nodes once; a node met twice is an alias, which is refused like a repeated key."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self._met: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._met or node.tag.rpartition(":")[2] not in TAGS:
            self._fault(node, path, self.lines[path], "a value written out, without anchors and tags")
            return None
        self._met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, child in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in seen or key == "?":
                self._fault(key_node, (*path, key), key_node.start_mark.line + 1, "each key once")
                continue
            seen.add(key)
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            yield key, self.value(child, (*path, key))

    def _fault(self, node: yaml.Node, path: Path, line: int, expected: str) -> None:
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        self.faults.append(Fault(line, path, value, expected))


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    return text if node.style else WORDS.get(text, text)


def write(content: dict[str, Any]) -> str:
    """A readable YAML text: keys in the order given, small groups on one line, amounts quoted."""
    dumper = _Dumper(io.StringIO(), sort_keys=False)
    node = dumper.represent_data(content)
    _lay_out(node, dumper)
    return yaml.serialize(node, Dumper=_Dumper, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def is_plain_text(self, text: str) -> bool:
        """Whether every YAML reader takes the unquoted text for a text."""
        return str(self.resolve(yaml.ScalarNode, text, (True, False))).endswith(":str")


def _lay_out(node: yaml.Node, dumper: _Dumper, is_root: bool = True) -> None:
    if isinstance(node, yaml.ScalarNode):
        _style(node, dumper)
        return
    for child in _parts(node):
        _lay_out(child, dumper, False)
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = not is_root and _fits(node)


def _style(node: yaml.ScalarNode, dumper: _Dumper) -> None:
    if node.tag.endswith(":str") and _DATE.fullmatch(node.value):
        node.tag = "tag:yaml.org,2002:timestamp"
    elif node.tag.endswith(":str") and not dumper.is_plain_text(node.value):
        node.style = '"'


def _parts(node: yaml.Node) -> list[yaml.Node]:
    return [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else list(node.value)


def _fits(node: yaml.CollectionNode) -> bool:
    """Whether a group reads well on one line: a short one that holds no list of groups."""
    holds_groups = isinstance(node, yaml.SequenceNode) and any(isinstance(one, yaml.MappingNode) for one in node.value)
    nested = any(isinstance(one, yaml.CollectionNode) and not one.flow_style for one in _parts(node))
    return not holds_groups and not nested and _width(node) <= FLOW_WIDTH


def _width(node: yaml.Node) -> int:
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2
    return 2 + sum(_width(part) + 2 for part in _parts(node))
