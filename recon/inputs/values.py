"""SQL that makes a value exact, NULL where it cannot be: a function per kind of column and type of source."""

from __future__ import annotations

from recon.engine import literal
from recon.inputs.datasets import Column

DAY_NANOSECONDS = 86_400_000_000_000
MOST_MICROS = 9_000_000_000_000_000_000
INSTANT_TEXT = r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?"
NUMBER_TEXT = r"[+-]?\d{1,20}(\.\d{1,18})?"
MICROS_TEXT = r"[+-]?\d{1,13}(\.\d{1,6}0{0,12})?"
TRUE_WORDS, FALSE_WORDS = "('true', 't', 'yes', '1')", "('false', 'f', 'no', '0')"


def nanoseconds(column: Column, raw: str) -> str:
    """Whole microseconds out of a timestamp of nanoseconds; a finer one names no instant of ours (RULES 1.3)."""
    return f"CASE WHEN epoch_ns({raw}) % 1000 = 0 THEN epoch_ns({raw}) // 1000 END"


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
