"""How a value of a source becomes exact: one SQL expression per kind of column and type of source.

A value that cannot be read is NULL where something stands: that, and a missing key, is what rejects a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recon.engine import literal, quoted
from recon.inputs.datasets import CURRENCIES, Column, Kind

FIRST_INSTANT, LAST_INSTANT = "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
FIRST_MICROS, LAST_MICROS = -62_135_596_800_000_000, 253_402_300_799_999_999
DAY_NANOSECONDS = 86_400_000_000_000
MOST_MICROS = 9_000_000_000_000_000_000
INSTANT_TEXT = r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?"
NUMBER_TEXT = r"[+-]?\d{1,20}(\.\d{1,18})?"
MICROS_TEXT = r"[+-]?\d{1,13}(\.\d{1,6}0{0,12})?"
TRUE_WORDS, FALSE_WORDS = "('true', 't', 'yes', '1')", "('false', 'f', 'no', '0')"

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
    `clean` over whole files without fault, as an aggregate that file statistics can answer (None: only a scan can tell).
    """

    column: Column
    raw: str
    value: str
    unreadable: Condition | None = None
    missing: str | None = None
    clean: str | None = None

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
        return Reading(column, "NULL", f"NULL::{column.sql_type}", missing="true" if column.is_key else None)
    parse = PARSERS.get((column.kind, family(sql_type)))
    return parse(column, quoted(theirs)) if parse else None


def text_reading(column: Column, raw: str) -> Reading:
    """Text as it stands; empty text is NULL, and a key has no empty text."""
    if not column.is_key:
        return Reading(column, raw, f"nullif({raw}, '')")
    clean = f"(count({raw}) = count(*) AND coalesce(min({raw}) > '', true))"
    return Reading(column, raw, raw, missing=_missing(column, raw), clean=clean)


def as_text(column: Column, raw: str) -> Reading:
    """Identifiers that the source keeps as numbers."""
    clean = f"count({raw}) = count(*)"
    missing = f"{raw} IS NULL" if column.is_key else None
    return Reading(column, raw, f"{raw}::VARCHAR", missing=missing, clean=clean)


def listed(column: Column, raw: str) -> Reading:
    """A word out of a list."""
    words = ", ".join(literal(word) for word in column.choices or CURRENCIES)
    unreadable = f"({raw} <> '' AND {raw} NOT IN ({words}))"
    return Reading(column, raw, f"nullif({raw}, '')", lambda _: unreadable, _missing(column, raw))


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


def converted(value: Callable[[Column, str], str]) -> Parser:
    """A parser of a typed column from its value alone."""

    def parse(column: Column, raw: str) -> Reading:
        found = value(column, raw)
        missing = f"{raw} IS NULL" if column.is_key else None
        return Reading(column, raw, found, lambda value: f"({raw} IS NOT NULL AND {value} IS NULL)", missing)

    return parse


def timestamp(column: Column, raw: str) -> Reading:
    """A timestamp of seconds to microseconds; without a zone it is UTC."""
    missing = f"{raw} IS NULL" if column.is_key else None
    within = f"coalesce(min({raw}) >= {FIRST_INSTANT} AND max({raw}) <= {LAST_INSTANT}, true)"
    clean = f"(count({raw}) = count(*) AND {within})" if column.is_key else within
    unreadable = f"{raw} NOT BETWEEN {FIRST_INSTANT} AND {LAST_INSTANT}"
    return Reading(column, raw, f"epoch_us({raw})", lambda _: unreadable, missing, clean)


def nanoseconds(column: Column, raw: str) -> str:
    """Whole microseconds out of a timestamp of nanoseconds; a finer one names no instant of ours (RULES 1.3)."""
    return f"CASE WHEN epoch_ns({raw}) % 1000 = 0 THEN epoch_ns({raw}) // 1000 END"


def native_boolean(column: Column, raw: str) -> Reading:
    return Reading(column, raw, raw)


def instant_text(column: Column, raw: str) -> str:
    return _when(raw, INSTANT_TEXT, f"epoch_us(TRY_CAST({raw} AS TIMESTAMPTZ))")


def boolean_text(column: Column, raw: str) -> str:
    return f"CASE WHEN lower({raw}) IN {TRUE_WORDS} THEN true WHEN lower({raw}) IN {FALSE_WORDS} THEN false END"


def boolean_integer(column: Column, raw: str) -> str:
    return f"CASE {raw} WHEN 1 THEN true WHEN 0 THEN false END"


def amount_text(column: Column, raw: str) -> str:
    """Millionths from decimal text, exactly."""
    return _bounded_micros(column, _when(raw, MICROS_TEXT, f"TRY_CAST({raw} AS DECIMAL(19,6))"))


def amount_decimal(column: Column, raw: str) -> str:
    """Millionths from a decimal or integer column, exactly."""
    narrow = f"TRY_CAST({raw} AS DECIMAL(19,6))"
    return _bounded_micros(column, f"(CASE WHEN abs({raw}) < {10**13} AND {narrow} = {raw} THEN {narrow} END)")


def amount_float(column: Column, raw: str) -> str:
    """Millionths from a binary number, where its shortest decimal has no more than 6 decimals."""
    return _bounded_micros(column, _six_decimals(raw))


def number_text(column: Column, raw: str) -> str:
    return _bounded(column, _when(raw, NUMBER_TEXT, raw), f"TRY_CAST({raw} AS DECIMAL(38,18))")


def number_decimal(column: Column, raw: str) -> str:
    return _bounded(column, f"CAST({raw} AS VARCHAR)", raw)


def number_float(column: Column, raw: str) -> str:
    exact = _six_decimals(raw)
    plain = rf"regexp_replace(CAST({exact} AS VARCHAR), '\.?0+$', '')"
    return _bounded(column, plain, exact)


def whole_text(column: Column, raw: str) -> str:
    return _bounded(column, *[_when(raw, r"\+?\d{1,18}", f"TRY_CAST({raw} AS BIGINT)")] * 2)


def whole_number(column: Column, raw: str) -> str:
    """A whole number out of a numeric column, binary ones included where they are whole and exact."""
    cast = f"TRY_CAST({raw} AS BIGINT)"
    return _bounded(column, f"(CASE WHEN {cast} = {raw} AND abs({raw}) < 1e15 THEN {cast} END)", cast)


def date_text(column: Column, raw: str) -> str:
    return _when(raw, r"\d{4}-\d\d-\d\d", f"TRY_CAST({raw} AS DATE)")


def date_timestamp(column: Column, raw: str) -> str:
    """A date out of a timestamp at midnight, as many tools write dates."""
    return f"CASE WHEN {raw} = date_trunc('day', {raw}) THEN CAST({raw} AS DATE) END"


def date_nanoseconds(column: Column, raw: str) -> str:
    days = f"CAST(epoch_ns({raw}) // {DAY_NANOSECONDS} AS INTEGER)"
    return f"CASE WHEN epoch_ns({raw}) % {DAY_NANOSECONDS} = 0 THEN DATE '1970-01-01' + {days} END"


def period_text(column: Column, raw: str) -> str:
    return _when(raw, r"(000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})-(0[1-9]|1[0-2])", raw)


def _missing(column: Column, raw: str) -> str | None:
    return f"coalesce({raw}, '') = ''" if column.is_key else None


def _when(raw: str, pattern: str, value: str) -> str:
    return f"(CASE WHEN regexp_full_match({raw}, {literal(pattern)}) THEN {value} END)"


def _six_decimals(raw: str) -> str:
    """The shortest decimal of a binary number as DECIMAL(21,6), NULL where it has more decimals."""
    shortest = f"CAST({raw} AS VARCHAR)"
    exact = f"TRY_CAST({shortest} AS DECIMAL(21,6))"
    return f"(CASE WHEN abs({raw}) < 1e15 AND {exact} = TRY_CAST({shortest} AS DECIMAL(38,22)) THEN {exact} END)"


def _bounded_micros(column: Column, decimal: str) -> str:
    low = -MOST_MICROS if column.low is None else column.low * 1_000_000
    micros = f"CAST({decimal} * 1000000 AS HUGEINT)"
    return f"CASE WHEN {micros} BETWEEN {low} AND {MOST_MICROS} THEN CAST({micros} AS BIGINT) END"


def _bounded(column: Column, value: str, number: str) -> str:
    """The value where its number keeps the column's bounds."""
    low = [f"{number} >= {column.low}"] if column.low is not None else []
    above = [f"{number} > {column.above}"] if column.above is not None else []
    return f"(CASE WHEN {' AND '.join([*low, *above])} THEN {value} END)" if low or above else value


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
    ("instant", "text"): parsed(instant_text, is_no_instant),
    ("instant", "timestamp"): timestamp,
    ("instant", "nanoseconds"): converted(nanoseconds),
    ("boolean", "text"): parsed(boolean_text),
    ("boolean", "boolean"): native_boolean,
    ("boolean", "integer"): converted(boolean_integer),
    ("amount", "text"): parsed(amount_text),
    ("amount", "integer"): converted(amount_decimal),
    ("amount", "decimal"): converted(amount_decimal),
    ("amount", "float"): converted(amount_float),
    ("number", "text"): parsed(number_text),
    ("number", "integer"): converted(number_decimal),
    ("number", "decimal"): converted(number_decimal),
    ("number", "float"): converted(number_float),
    ("whole", "text"): parsed(whole_text),
    ("whole", "integer"): converted(whole_number),
    ("whole", "decimal"): converted(whole_number),
    ("whole", "float"): converted(whole_number),
    ("date", "text"): parsed(date_text),
    ("date", "date"): converted(lambda column, raw: f"CASE WHEN isfinite({raw}) THEN {raw} END"),
    ("date", "timestamp"): converted(date_timestamp),
    ("date", "nanoseconds"): converted(date_nanoseconds),
    ("period", "text"): parsed(period_text),
}
