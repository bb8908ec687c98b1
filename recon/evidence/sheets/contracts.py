"""Contracts: the versions in force with who approved them, and every clause, defaults printed as defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from recon.contracts.rules import NUMBER
from recon.evidence.facts import Record
from recon.evidence.pack import Pack, clause_group
from recon.evidence.sheet import Column, Sheet
from recon.evidence.sheets.parameters import moment
from recon.evidence.style import DATE, PLAIN, TEXT, Look

TITLE = "Contracts"
COLUMNS = (
    Column("key", "Reference", 26),
    Column("contract", "Contract", 24),
    Column("version", "Version", 9),
    Column("path", "Clause", 44),
    Column("value", "Value", 20),
    Column("origin", "Stated or default", 12),
    Column("kind", "Kind", 12),
    Column("direction", "Direction", 10),
    Column("model", "Model", 7),
    Column("currency", "Currency", 9),
    Column("timezone", "Time zone", 19),
    Column("first", "In force from", 12),
    Column("last", "To", 12),
)
_VERSIONS = {  # the versions' table stands above the clauses' one, in the same columns
    "key": "Counterparty", "contract": "Contract", "version": "Version", "path": "SHA-256 of the terms",
    "value": "Approved",
    "origin": "Priced", **{column.name: column.heading for column in COLUMNS[6:]},
}  # fmt: skip
_STATED = ("contract", "version", "kind", "direction", "model", "currency", "timezone")
_NUMERIC = (
    "per_mille", "flat", "percent_of_sale", "min", "max", "percent", "amount", "quantity", "over", "from", "fee",
    "discount_percent", "commission_percent", "tolerance_percent", "at_least",
)  # fmt: skip


def write(pack: Pack) -> None:
    """Write the sheet; the clauses become the range that rates are looked up in."""
    sheet = pack.sheet(
        TITLE, COLUMNS, "Contract versions and their clauses",
        "Versions in force in the period, or still pricing it; clauses they leave out stand with their default.",
        "References (C12.per_mille) are the pack's own: formulas on CPM and CPA find their rates by them.",
    )  # fmt: skip
    _versions(pack, sheet)
    _clauses(pack, sheet)


def _versions(pack: Pack, sheet: Sheet) -> None:
    sheet.line("Versions", "section")
    with sheet.table(_VERSIONS):
        for version in pack.facts.versions:
            _version(pack, sheet, version)
    sheet.next_row()


def _version(pack: Pack, sheet: Sheet, version: Record) -> None:
    sheet.next_row()
    sheet.put("key", version["counterparty"], Look("text", TEXT))
    for name in _STATED:
        sheet.put(name, _word(version.get(name)), Look("text", TEXT))
    sheet.put("path", version.get("hash"), Look("prose", TEXT))
    sheet.put("value", _approval(version), Look("prose", TEXT))
    is_priced = version["contract"] not in pack.facts.unpriced_contracts
    sheet.put("origin", "yes" if is_priced else "NOT PRICED", Look("text", TEXT))
    sheet.put("first", _day(version.get("effective_from")), Look("text", DATE))
    sheet.put("last", _day(version.get("effective_to")) or "open-ended", Look("text", DATE))


def _clauses(pack: Pack, sheet: Sheet) -> None:
    sheet.keep("key", "value")
    sheet.line("Clauses", "section")
    headings = {c.name: c.heading for c in COLUMNS[:6]}
    with sheet.table(headings, is_main=True) as table:
        for version, path, value, is_default in _every_clause(pack):
            sheet.next_row()
            sheet.put("key", _reference(pack, version, path), Look("label", TEXT))
            sheet.put("contract", version["contract"], Look("text", TEXT))
            sheet.put("version", str(version["version"]), Look("text", TEXT))
            sheet.put("path", path, Look("text", TEXT))
            content = _typed(path, value)
            sheet.put("value", content, Look("text" if isinstance(content, str) else "input", _format(content)))
            sheet.put("origin", "default" if is_default else "stated", Look("label" if is_default else "text"))
    pack.clause_keys = sheet.span("key", table, far=True)
    pack.clause_values = sheet.span("value", table, far=True)


def _every_clause(pack: Pack) -> Iterator[tuple[Record, str, Any, bool]]:
    for version in pack.facts.versions:
        for path, value, is_default in version["clauses"]:
            yield version, str(path), value, bool(is_default)


def _reference(pack: Pack, version: Record, path: str) -> str:
    """A short name that a formula can look up: the group of clauses, numbered, and the clause's own name."""
    group, leaf = clause_group(path)
    key = (version["contract"], str(version["version"]), group)
    number = pack.clause_groups.setdefault(key, f"C{len(pack.clause_groups) + 1}")
    return f"{number}.{leaf}"


def _typed(path: str, value: Any) -> str | Decimal:
    """Rates and amounts as numbers, so that formulas can use them; everything else as it reads."""
    leaf = path.rsplit(".", 1)[-1]
    if (leaf in _NUMERIC or _is_rate_of_a_rule(path, value)) and not isinstance(value, bool) and value is not None:
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return str(value)
    return _word(value)


def _is_rate_of_a_rule(path: str, value: Any) -> bool:
    """Whether a clause is a parameter of a named rule that reads as a number (RULES 9)."""
    return path.startswith("rules[") and "].with." in path and re.fullmatch(NUMBER, str(value)) is not None


def _word(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _format(content: str | Decimal) -> str:
    return TEXT if isinstance(content, str) else PLAIN


def _day(value: Any) -> date | None:
    if value is None or value == "" or isinstance(value, date):
        return value or None
    return date.fromisoformat(str(value))


def _approval(version: Record) -> str:
    who, when = version.get("approved_by"), moment(version.get("approved_at"))
    return " ".join(filter(None, [f"by {who}" if who else "", when])) or "–"
