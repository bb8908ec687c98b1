"""Exact money (RULES 1.1, 1.2): fractions inside, decimals at the currency's minor unit outside, never a float."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from typing import Literal, TypeVar

from iso4217 import Currency

Rounding = Literal["half_up", "half_even", "up", "down"]
Exact = Fraction | Decimal | int
Key = TypeVar("Key")
# Digits after the point of a fraction in lowest terms, by its denominator: it ends only for 2^a × 5^b.
_ENDS_AFTER = {2**a * 5**b: max(a, b) for a in range(21) for b in range(21)}
_WIDE = Context(prec=200)  # amounts keep every digit, whatever the caller's context


@cache
def minor_units(currency: str) -> int:
    """Digits after the point of a currency by ISO 4217; ValueError for an unknown code (RULES 1.1).

    >>> minor_units("USD"), minor_units("JPY"), minor_units("KWD")
    (2, 0, 3)
    """
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise ValueError(f"{currency!r} is no ISO 4217 currency with a minor unit")
    return int(digits)


def is_currency(code: str) -> bool:
    """Whether a code is an ISO 4217 currency that amounts can be in."""
    try:
        minor_units(code)
    except ValueError:
        return False
    return True


def exact(value: str | Exact) -> Fraction:
    """The exact number behind a text, an integer or a decimal; ValueError for anything else, floats above all.

    >>> exact("22.50")
    Fraction(45, 2)
    """
    if isinstance(value, (Fraction, int, Decimal)) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{value!r} is no number") from None
        if number.is_finite():
            return Fraction(number)
    raise ValueError(f"{value!r} is no exact number")


def round_whole(value: Exact, mode: Rounding = "half_up") -> int:
    """A number rounded to a whole one: ties away from zero by default; `up` is away from, `down` towards zero.

    >>> round_whole(Fraction(5, 2)), round_whole(Fraction(-5, 2)), round_whole(Fraction(5, 2), "half_even")
    (3, -3, 2)
    """
    number = Fraction(value)
    size, sign = abs(number.numerator), -1 if number.numerator < 0 else 1
    whole, rest = divmod(size, number.denominator)
    return sign * (whole + _carries(rest, number.denominator, whole, mode))


def _carries(rest: int, parts: int, whole: int, mode: Rounding) -> bool:
    """Whether rest / parts of a unit make another whole one."""
    match mode:
        case "half_up":
            return 2 * rest >= parts
        case "half_even":
            return 2 * rest > parts or (2 * rest == parts and whole % 2 == 1)
        case "up":
            return rest > 0
        case "down":
            return False
    raise ValueError(f"{mode!r} is no rounding mode")


def round_to(value: Exact, digits: int, mode: Rounding = "half_up") -> Decimal:
    """A number rounded to so many digits after the point, written with all of them (RULES 1.2).

    >>> round_to(Fraction(47000003, 1000), 2)
    Decimal('47000.00')
    """
    return Decimal(round_whole(Fraction(value) * 10**digits, mode)).scaleb(-digits, context=_WIDE)


def round_amount(value: Exact, currency: str, mode: Rounding = "half_up") -> Decimal:
    """An amount rounded once to its currency's minor unit (RULES 1.2)."""
    return round_to(value, minor_units(currency), mode)


def plain(value: Decimal) -> str:
    """A decimal as people write it: no exponent, no minus before zero.

    >>> plain(Decimal("1E+3")), plain(Decimal("-0.00"))
    ('1000', '0.00')
    """
    return f"{abs(value) if value.is_zero() else value:f}"


def written(value: Exact, places: int = 12) -> str:
    """An exact number as text: a plain decimal where it ends within `places` digits, else `numerator/denominator`.

    >>> written(Fraction(13, 400)), written(Fraction(1, 3))
    ('0.0325', '1/3')
    """
    number = value if type(value) is Fraction else Fraction(value)
    digits = _ENDS_AFTER.get(number.denominator)
    if digits is None or digits > places:
        return f"{number.numerator}/{number.denominator}"
    if digits == 0:
        return str(number.numerator)
    whole = abs(number.numerator) * (10**digits // number.denominator)
    text = str(whole).rjust(digits + 1, "0")
    return f"{'-' if number.numerator < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def told(value: Exact) -> str:
    """An exact number for a reader: as `written`, but a fraction too long to key in as a decimal of 12 digits.

    >>> told(Fraction(1, 3)), told(Fraction(10**9, 3 * 10**9 + 7))
    ('1/3', '≈0.333333332556')
    """
    text = written(value)
    return text if "/" not in text or len(text) <= 12 else f"≈{plain(round_to(value, 12))}"


def largest_remainder(total: int, weights: Sequence[tuple[Key, Exact]]) -> dict[Key, int]:
    """Whole parts of `total` in proportion to weights, the units left over to the largest remainders.

    Ties go to the part that stands earlier (RULES 3.6, 5.3). Weights are ≥ 0 with a positive sum, else ValueError.

    >>> largest_remainder(10, [("a", 1), ("b", 1), ("c", 1)])
    {'a': 4, 'b': 3, 'c': 3}
    """
    whole = sum((Fraction(weight) for _, weight in weights), Fraction(0))
    if whole <= 0:
        raise ValueError("weights need a positive sum")
    shares = [Fraction(weight) * total / whole for _, weight in weights]
    parts = [share.numerator // share.denominator for share in shares]
    by_rest = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for index in by_rest[: total - sum(parts)]:
        parts[index] += 1
    return {key: part for (key, _), part in zip(weights, parts, strict=True)}
