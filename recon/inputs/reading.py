"""How a column is read: for each kind of column and type of source, its value and what makes a row unusable.

A value that cannot be read is NULL where something stands: that, and a missing key, is what rejects a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from recon.engine import EventColumn, Way, literal, quoted
from recon.inputs import values
from recon.inputs.datasets import CURRENCIES, Column, Kind

FIRST_INSTANT, LAST_INSTANT = "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
FIRST_MICROS, LAST_MICROS = -62_135_596_800_000_000, 253_402_300_799_999_999
EXPECTED: Mapping[Kind, str] = {
    "text": "text",
    "choice": "one of {choices}, or empty",
    "currency": "an ISO 4217 currency, such as USD",
    "instant": "a time with at most 6 decimals: ISO 8601 text, such as 2026-10-14T09:05:00Z, or a timestamp",
    "boolean": "true or false",
    "amount": "a plain number with at most 6 decimals{bounds}",
    "number": "a plain number{bounds}",
    "whole": "a whole number{bounds}",
    "date": "a date, such as 2026-10-14",
    "period": "a month, such as 2026-10",
}


Condition = Callable[[str], str]


@dataclass(frozen=True)
class Reading:
    """How one column is read from one source.

    `raw` is the source's column, `value` our value; `unreadable` makes the condition that something stands there which
    gives no value, out of the value's SQL (None: cannot be); `missing` holds where a key is missing (None: may be),
    `clean` over whole files without fault, as an aggregate that file statistics answer (None: only a scan can tell).
    `way` is how any engine reads the value of `theirs` where no row is at fault (None: only this one's own SQL says).
    """

    column: Column
    raw: str
    value: str
    unreadable: Condition | None = None
    missing: str | None = None
    clean: str | None = None
    way: Way | None = None
    theirs: str = ""

    @property
    def plain(self) -> EventColumn | None:
        """How any engine reads the column, if there is such a way."""
        if self.way is None:
            return None
        return EventColumn(self.theirs, self.way, self.column.sql_type)

    def fault(self, value: str | None = None) -> str | None:
        """The condition of something unreadable, with the value as computed before, if it was."""
        return self.unreadable(f"({value or self.value})") if self.unreadable else None


Parser = Callable[[Column, str], Reading]


def expected(column: Column) -> str:
    """What a column wants, in words."""
    bounds = "" if column.low is None else f", {column.low} or more"
    bounds = bounds if column.above is None else f" above {column.above}"
    words = EXPECTED[column.kind].format(choices=", ".join(column.choices), bounds=bounds)
    return words.removesuffix(", or empty") if column.is_key else words


def family(sql_type: str) -> str:
    """The family of an engine type: what can be read from it is the same for all its members.

    >>> family("DECIMAL(18,2)"), family("TIMESTAMP WITH TIME ZONE"), family("UBIGINT")
    ('decimal', 'timestamp', 'integer')
    """
    for pattern, name in FAMILIES:
        if re.fullmatch(pattern, sql_type):
            return name
    return "other"


def reading(column: Column, theirs: str | None, sql_type: str = "VARCHAR") -> Reading | None:
    """How to read a column from a source's column of that type; None if it cannot be, NULL where theirs is None."""
    if theirs is None or family(sql_type) == "null":
        missing = "true" if column.is_key else None
        return Reading(column, "NULL", f"NULL::{column.sql_type}", missing=missing, way="nothing")
    parse = PARSERS.get((column.kind, family(sql_type)))
    return replace(parse(column, quoted(theirs)), theirs=theirs) if parse else None


def text_reading(column: Column, raw: str) -> Reading:
    """Text as it stands; empty text is NULL, and a key has no empty text."""
    if not column.is_key:
        return Reading(column, raw, f"nullif({raw}, '')", way="not empty")
    clean = f"(count({raw}) = count(*) AND coalesce(min({raw}) > '', true))"
    return Reading(column, raw, raw, missing=_missing(column, raw), clean=clean, way="as it is")


def as_text(column: Column, raw: str) -> Reading:
    """Identifiers that the source keeps as numbers."""
    clean = f"count({raw}) = count(*)"
    missing = f"{raw} IS NULL" if column.is_key else None
    return Reading(column, raw, f"{raw}::VARCHAR", missing=missing, clean=clean)


def listed(column: Column, raw: str) -> Reading:
    """A word out of a list."""
    words = ", ".join(literal(word) for word in column.choices or CURRENCIES)
    unreadable = f"({raw} <> '' AND {raw} NOT IN ({words}))"
    return Reading(column, raw, f"nullif({raw}, '')", lambda _: unreadable, _missing(column, raw), way="not empty")


def is_null(value: str) -> str:
    return f"{value} IS NULL"


def is_no_instant(value: str) -> str:
    return f"coalesce({value} NOT BETWEEN {FIRST_MICROS} AND {LAST_MICROS}, true)"


def parsed(value: Callable[[Column, str], str], nothing: Condition = is_null) -> Parser:
    """A parser of text from its value alone: something stands there, and it gives no value."""

    def parse(column: Column, raw: str) -> Reading:
        found = value(column, raw)
        return Reading(column, raw, found, lambda value: f"({raw} <> '' AND {nothing(value)})", _missing(column, raw))

    return parse


def converted(value: Callable[[Column, str], str], way: Way | None = None) -> Parser:
    """A parser of a typed column from its value alone."""

    def parse(column: Column, raw: str) -> Reading:
        found = value(column, raw)
        missing = f"{raw} IS NULL" if column.is_key else None
        return Reading(column, raw, found, lambda value: f"({raw} IS NOT NULL AND {value} IS NULL)", missing, way=way)

    return parse


def timestamp(column: Column, raw: str) -> Reading:
    """A timestamp of seconds to microseconds; without a zone it is UTC."""
    missing = f"{raw} IS NULL" if column.is_key else None
    within = f"coalesce(min({raw}) >= {FIRST_INSTANT} AND max({raw}) <= {LAST_INSTANT}, true)"
    clean = f"(count({raw}) = count(*) AND {within})" if column.is_key else within
    unreadable = f"{raw} NOT BETWEEN {FIRST_INSTANT} AND {LAST_INSTANT}"
    return Reading(column, raw, f"epoch_us({raw})", lambda _: unreadable, missing, clean, "instant")


def native_boolean(column: Column, raw: str) -> Reading:
    return Reading(column, raw, raw, way="as it is")


def _missing(column: Column, raw: str) -> str | None:
    return f"coalesce({raw}, '') = ''" if column.is_key else None


FAMILIES = (
    (r"VARCHAR|ENUM\(.*\)", "text"),
    (r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", "integer"),
    (r"DECIMAL\(.*\)", "decimal"),
    (r"DOUBLE|FLOAT", "float"),
    (r"BOOLEAN", "boolean"),
    (r"DATE", "date"),
    (r"TIMESTAMP(_S|_MS)?|TIMESTAMP WITH TIME ZONE", "timestamp"),
    (r"TIMESTAMP(TZ)?_NS.*", "nanoseconds"),
    (r"UUID", "uuid"),
    (r'"?NULL"?', "null"),
)
PARSERS: Mapping[tuple[Kind, str], Parser] = {
    ("text", "text"): text_reading,
    ("text", "integer"): as_text,
    ("text", "uuid"): as_text,
    ("choice", "text"): listed,
    ("currency", "text"): listed,
    ("instant", "text"): parsed(values.instant_text, is_no_instant),
    ("instant", "timestamp"): timestamp,
    ("instant", "nanoseconds"): converted(values.nanoseconds),
    ("boolean", "text"): parsed(values.boolean_text),
    ("boolean", "boolean"): native_boolean,
    ("boolean", "integer"): converted(values.boolean_integer),
    ("amount", "text"): parsed(values.amount_text),
    ("amount", "integer"): converted(values.amount_decimal, "millionths"),
    ("amount", "decimal"): converted(values.amount_decimal, "millionths"),
    ("amount", "float"): converted(values.amount_float),
    ("number", "text"): parsed(values.number_text),
    ("number", "integer"): converted(values.number_decimal),
    ("number", "decimal"): converted(values.number_decimal),
    ("number", "float"): converted(values.number_float),
    ("whole", "text"): parsed(values.whole_text),
    ("whole", "integer"): converted(values.whole_number),
    ("whole", "decimal"): converted(values.whole_number),
    ("whole", "float"): converted(values.whole_number),
    ("date", "text"): parsed(values.date_text),
    ("date", "date"): converted(lambda column, raw: f"CASE WHEN isfinite({raw}) THEN {raw} END"),
    ("date", "timestamp"): converted(values.date_timestamp),
    ("date", "nanoseconds"): converted(values.date_nanoseconds),
    ("period", "text"): parsed(values.period_text),
}
