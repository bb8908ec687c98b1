"""Reads `recon.toml` in one pass that collects every problem with its line instead of stopping at the first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from recon.problems import BadInput, Problem
from recon.workspace.sources import Accounts, Control, Drift, Sample, SourceSpec, Tolerance
from recon.workspace.values import (
    ACCOUNTS_KEYS,
    APPROVALS_KEYS,
    CONTRACTS_KEYS,
    CONTROL_KEYS,
    DRIFT_KEYS,
    SAMPLE_KEYS,
    SOURCE_KEYS,
    TOLERANCE_KEYS,
    WORKSPACE_KEYS,
    Read,
    amount,
    currency,
    positive,
    roles,
)

FILE = "recon.toml"


class Reading:
    """One pass over `recon.toml` that collects problems instead of stopping at the first."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.problems: list[Problem] = []
        self.document = self._parsed(text)

    def workspace(self, folder: Path) -> dict[str, Any]:
        """The settings as keyword arguments of Workspace."""
        self._only_keys(
            "",
            self.document,
            {
                "workspace",
                "people",
                "tolerance",
                "materiality",
                "drift",
                "contracts",
                "approvals",
                "accounts",
                "sample",
                "data",
            },
        )
        settings: dict[str, Any] = {"folder": folder}
        settings |= self._section("workspace", WORKSPACE_KEYS, required={"name"})
        settings |= {"contracts_path": self._section("contracts", CONTRACTS_KEYS).get("path", "contracts")}
        settings["tolerance"] = Tolerance(**self._section("tolerance", TOLERANCE_KEYS))
        settings["people"] = self._each("people", roles)
        settings["materiality"] = self._each("materiality", amount, name=currency)
        settings["drift"] = self._drift()
        approvals = self._section("approvals", APPROVALS_KEYS)
        settings["two_approvers_for"] = approvals.get("counterparties", ())
        settings["two_approvers_above"] = self._each("approvals.effect", amount, name=currency)
        settings["accounts"] = Accounts(**self._section("accounts", ACCOUNTS_KEYS))
        settings["sample"] = self._sample()
        settings["data"] = MappingProxyType({name: self._source(name) for name in self._table("data")})
        return settings

    def _drift(self) -> Drift:
        """How drift is looked for; a row cannot be longer than the months that count."""
        found = Drift(**self._section("drift", DRIFT_KEYS))
        if found.in_a_row > found.months:
            self._problem("drift", "in_a_row", str(found.in_a_row), f"at most the {found.months} months that count")
        return found

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadInput([Problem(FILE, str(error), "a TOML document")]) from error

    def _section(self, table: str, keys: Mapping[str, Read], required: set[str] | None = None) -> dict[str, Any]:
        """The checked values of one table; keys that are absent stay absent, so that defaults hold."""
        values = self._table(table)
        self._only_keys(table, values, set(keys))
        for key in sorted((required or set()) - set(values)):
            self._problem(table, key, "missing", "a value")
        read = {key: self._value(table, key, values[key], keys[key]) for key in keys if key in values}
        return {key: value for key, value in read.items() if value is not None}

    def _each(self, table: str, read: Read, name: Read | None = None) -> Mapping[str, Any]:
        """A table of freely named keys, all read the same way."""
        values = self._table(table)
        for key in values:
            if name is not None:
                self._value(table, key, key, name)
        return MappingProxyType({key: self._value(table, key, value, read) for key, value in values.items()})

    def _sample(self) -> Sample:
        """What an auditor draws; the amounts per currency stand in a table of their own."""
        values = self._section("sample", SAMPLE_KEYS)
        amounts = self._each("sample.performance_materiality", positive, name=currency)
        return Sample(**values, performance_materiality=amounts)

    def _source(self, dataset: str) -> SourceSpec:
        table = f"data.{dataset}"
        values = self._section(table, SOURCE_KEYS)
        given = set(self._table(table))
        is_file, is_query = "path" in given, given >= {"database", "query"}
        if is_file == is_query or (is_file and given & {"database", "query"}):
            self._problem(table, "", ", ".join(sorted(given)), "either path, or database and query")
        control = self._section(f"{table}.control", CONTROL_KEYS) if "control" in given else None
        values["control"] = Control(**control) if control is not None else None
        return SourceSpec(dataset, self.place(table), **values)

    def _table(self, dotted: str) -> dict[str, Any]:
        """The table of that name; empty where absent, a problem where it is no table."""
        found: Any = self.document
        for part in dotted.split("."):
            found = found.get(part, {})
            if not isinstance(found, dict):
                self._problem(dotted, "", repr(found), "a table")
                return {}
        return found

    def _only_keys(self, table: str, values: Mapping[str, Any], known: set[str]) -> None:
        for key in sorted(set(values) - known):
            self._problem(table, key, key, f"one of the keys {', '.join(sorted(known))}")

    def _value(self, table: str, key: str, value: Any, read: Read) -> Any:
        try:
            return read(value)
        except ValueError as error:
            self._problem(table, key, str(value), str(error))
            return None

    def _problem(self, table: str, key: str, value: str, expected: str) -> None:
        found = Problem(self.place(table, key), value, expected)
        if found not in self.problems:
            self.problems.append(found)

    def place(self, table: str, key: str = "") -> str:
        """Where a key stands: file, line where it can be told, table and key."""
        line = self._line_of(table, key)
        numbered = f"{FILE}:{line}" if line else FILE
        return " ".join(part for part in (numbered, f"[{table}]" if table else "", key) if part)

    def _line_of(self, table: str, key: str) -> int:
        """The line of a key, else of its table, else of the key that holds the table in line; 0 if none is found."""
        start = self._line(rf"\s*\[\s*{re.escape(table)}\s*\]", 0) if table else 0
        if not start and "." in table:
            return self._line_of(*table.rsplit(".", 1))
        inner = self._line(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", start) if key else 0
        return inner or start

    def _line(self, pattern: str, after: int) -> int:
        """The number of the first matching line of the same table, 0 where there is none."""
        for number, line in enumerate(self.lines[after:], start=after + 1):
            if re.match(pattern, line):
                return number
            if after and re.match(r"\s*\[", line):
                return 0
        return 0
