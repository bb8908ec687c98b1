"""How each setting of `recon.toml` is read; a ValueError says what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from recon.money import is_currency
from recon.period import is_zone

Read = Callable[[Any], Any]
ROLES = ("viewer", "preparer", "reviewer", "auditor", "contract_author", "contract_approver")


def string(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text")
    return value


def count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number, 0 or more")
    return value


def some_months(value: Any) -> int:
    """A number of months: one alone would be no row."""
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 120:
        raise ValueError("a whole number of months, 2 to 120")
    return value


def exact(value: Any) -> Decimal:
    """An exact number from text or an integer; a TOML float is binary and refused."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError('an exact number in quotes, such as "0.05"')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError('an exact number in quotes, such as "0.05"') from None
    if not number.is_finite():
        raise ValueError("a finite number")
    return number


def amount(value: Any) -> Decimal:
    number = exact(value)
    if number < 0:
        raise ValueError("a number, 0 or more")
    return number


def positive(value: Any) -> Decimal:
    number = exact(value)
    if number <= 0:
        raise ValueError('an exact number above 0 in quotes, such as "5000.00"')
    return number


def at_least_one(value: Any) -> int:
    if count(value) == 0:
        raise ValueError("a whole number, 1 or more")
    return count(value)


def currency(value: Any) -> str:
    if not is_currency(str(value)):
        raise ValueError("an ISO 4217 currency, such as USD")
    return str(value)


def zone(value: Any) -> str:
    if not isinstance(value, str) or not is_zone(value):
        raise ValueError("an IANA time zone, such as America/New_York")
    return value


def engine(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"duckdb|local(\[\S+\])?|yarn|(spark|k8s)://\S+", value):
        raise ValueError('"duckdb" or a Spark master URL')
    return value


def memory(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9]\d*(\.\d+)? ?[MGT]i?B", value):
        raise ValueError('a size of memory, such as "1GB"')
    return value


def threads(value: Any) -> int:
    if count(value) == 0:
        raise ValueError("a whole number, 1 or more")
    return value


def roles(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not set(map(str, value)) <= set(ROLES):
        raise ValueError(f"a list of roles: {', '.join(ROLES)}")
    return tuple(value)


def renames(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value.values()):
        raise ValueError('names, ours = "theirs"')
    return MappingProxyType(value)


def names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ValueError("a list of ids")
    return tuple(value)


def effect(value: Any) -> None:
    """The table of amounts per currency is read by itself."""
    if not isinstance(value, dict):
        raise ValueError('amounts per currency, such as { USD = "10000.00" }')


def amounts(value: Any) -> None:
    """The table of amounts per currency is read by itself."""
    if not isinstance(value, dict):
        raise ValueError('amounts per currency, such as { USD = "5000.00" }')


def control(value: Any) -> None:
    if not isinstance(value, dict) or not value:
        raise ValueError('what the source sent: { rows = 1204, amount = "88301.12" }')


WORKSPACE_KEYS: dict[str, Read] = {
    "name": string,
    "database": string,
    "engine": engine,
    "memory_limit": memory,
    "threads": threads,
    "cutoff_days": count,
    "billing_timezone": zone,
}
APPROVALS_KEYS: dict[str, Read] = {"counterparties": names, "effect": effect}
ACCOUNTS_KEYS: dict[str, Read] = {"receivable": string, "revenue": string, "payable": string, "cost": string}
CONTRACTS_KEYS: dict[str, Read] = {"path": string}
DRIFT_KEYS: dict[str, Read] = {"months": some_months, "in_a_row": some_months}
SAMPLE_KEYS: dict[str, Read] = {
    "seed": string,
    "selections": at_least_one,
    "conversions": count,
    "confidence_factor": positive,
    "performance_materiality": amounts,
}
TOLERANCE_KEYS: dict[str, Read] = {"amount": amount, "percent": amount}
SOURCE_KEYS: dict[str, Read] = {
    "path": string,
    "database": string,
    "query": string,
    "columns": renames,
    "control": control,
}
CONTROL_KEYS: dict[str, Read] = {"rows": count, "amount": exact}
