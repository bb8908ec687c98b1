"""The kinds of value a clause may hold, each accepted only where it is exact and unambiguous (RULES 1.1 to 1.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from recon import money, period
from recon.contracts import rules

NUMBER = rules.NUMBER
WHOLE = r"(0|[1-9][0-9]{0,14})"
DAY = r"(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}"
CODE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
TEXT = r"[^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?"


def refused(expected: str) -> PydanticCustomError:
    """The error that says what was expected in place of a value."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def _matches(pattern: str, expected: str) -> Callable[[Any], str]:
    whole = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not whole.fullmatch(value):
            raise refused(expected)
        return value

    return check


def _number(value: Any) -> Decimal:
    """A decimal from text, a whole number or a decimal; never from a binary float (RULES 1.1)."""
    text = money.plain(value) if isinstance(value, Decimal) and value.is_finite() else str(value)
    if isinstance(value, (bool, float)) or not re.fullmatch(NUMBER, text):
        raise refused("a number such as 22.50, not negative, at most 12 digits before and 9 after the point")
    return Decimal(text)


def _whole(value: Any) -> int:
    if isinstance(value, (bool, float)) or not re.fullmatch(WHOLE, str(value)):
        raise refused("a whole number, not negative")
    return int(value)


def _day(value: Any) -> date:
    """A calendar date in the contract's zone (RULES 1.3)."""
    try:
        if re.fullmatch(DAY, str(value)):
            return date.fromisoformat(str(value))
    except ValueError:
        pass
    raise refused("a date such as 2026-10-16")


def _instant(value: Any) -> int:
    """An instant as microseconds since the epoch, UTC; a time without a zone is refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        if isinstance(value, str) and re.search(r"(Z|[+-]\d\d:?\d\d)$", value):
            return period.instant(value)
    except ValueError:
        pass
    raise refused("an instant with its zone such as 2026-10-14T09:05:00Z")


def _named(is_known: Callable[[str], bool], expected: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not is_known(value):
            raise refused(expected)
        return value

    return check


def _is_duration(text: str) -> bool:
    try:
        period.duration(text)
    except ValueError:
        return False
    return True


def _is(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _parameters(value: Any) -> rules.Parameters:
    """A rule's parameters: names and texts."""
    if isinstance(value, rules.Parameters):
        return value
    pairs: tuple[tuple[Any, Any], ...] = tuple(value.items()) if isinstance(value, dict) else ((None, None),)
    if not all(_is(rules.NAME, key) and _is(TEXT, said) for key, said in pairs):
        raise refused('names with a text each, such as { amount: "2.50" }')
    return rules.Parameters(pairs)


def _positive(value: Any) -> Any:
    if value <= 0:
        raise refused("more than 0")
    return value


def _at_most(limit: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if value > limit:
            raise refused(f"at most {limit}")
        return value

    return check


def _percentage(value: Decimal) -> Decimal:
    if value > 100:
        raise refused("a percentage from 0 to 100")
    return value


def _schema(pattern: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", **more})


_exact = WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{NUMBER}$"}, {"type": "number", "minimum": 0}]})
_to_text = PlainSerializer(money.plain, return_type=str)

Number = Annotated[Decimal, BeforeValidator(_number), _to_text, _exact]
Positive = Annotated[Number, AfterValidator(_positive)]
Percent = Annotated[Number, AfterValidator(_percentage)]
Whole = Annotated[int, BeforeValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 0})]
Count = Annotated[Whole, AfterValidator(_positive), WithJsonSchema({"type": "integer", "minimum": 1})]
Length = Annotated[
    Whole, AfterValidator(_at_most(36_500)), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 36_500})
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Instant = Annotated[
    int,
    BeforeValidator(_instant),
    PlainSerializer(period.instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Duration = Annotated[
    str,
    BeforeValidator(_named(_is_duration, "a duration such as 30d, 36h or 15m")),
    _schema(r"[0-9]{1,6}[dhms]"),
]
Currency = Annotated[
    str,
    BeforeValidator(_named(money.is_currency, "an ISO 4217 currency such as USD")),
    _schema("[A-Z]{3}"),
]
Zone = Annotated[
    str,
    BeforeValidator(_named(period.is_zone, "an IANA time zone such as America/New_York")),
    WithJsonSchema({"type": "string"}),
]
Text = Annotated[str, BeforeValidator(_matches(TEXT, "text without blanks at its ends")), _schema(TEXT)]
Code = Annotated[str, BeforeValidator(_matches(CODE, "an id of letters, digits, '.', '_' and '-'")), _schema(CODE)]
Item = Annotated[
    str,
    BeforeValidator(_matches(rf"(?!_){TEXT}", "an item id that does not begin with '_' (those are ours)")),
    _schema(rf"(?!_){TEXT}"),
]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
RuleName = Annotated[
    str,
    BeforeValidator(_matches(rules.NAME, "a rule's name of small letters, digits and '_'")),
    _schema(rules.NAME),
]
Parameters = Annotated[
    InstanceOf[rules.Parameters],
    BeforeValidator(_parameters),
    PlainSerializer(dict, return_type=dict),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^{rules.NAME}$"},
            "additionalProperties": {"type": "string", "pattern": f"^{TEXT}$"},
        }
    ),
]
