"""How amounts, arithmetic and empty cells are written for reading."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recon.money import minor_units, plain, round_to

_LONGEST_QUOTIENT = 14


def total(amounts: Iterable[Any]) -> Decimal:
    """Exact sum of amounts."""
    return sum(amounts, Decimal(0))


def shown(amount: Decimal, currency: str, *, is_signed: bool = False) -> str:
    """An amount for reading: thousands apart, at least the currency's decimals, a true minus.

    >>> shown(Decimal("-1234.5"), "USD"), shown(Decimal("20"), "JPY", is_signed=True)
    ('−1,234.50', '+20')
    """
    digits = max(minor_units(currency), -int(amount.as_tuple().exponent))
    sign = "−" if amount < 0 else "+" if is_signed and amount > 0 else ""
    return f"{sign}{abs(amount):,.{digits}f}"


def all_shown(amounts: pd.Series, currencies: pd.Series, *, is_signed: bool = False) -> pd.Series:
    """A column of amounts as `shown` writes each, a currency at a time and not a row at a time.

    >>> list(all_shown(pd.Series([Decimal("-1234567.50"), Decimal("20")]), pd.Series(["USD", "JPY"]), is_signed=True))
    ['−1,234,567.50', '+20']
    """
    parts = [
        pd.Series(_column(own, str(currency), is_signed), index=own.index, dtype=object)
        for currency, own in amounts.groupby(currencies, sort=False)
    ]
    return pd.concat(parts).reindex(amounts.index) if parts else amounts.astype(object)


def _column(amounts: pd.Series, currency: str, is_signed: bool) -> list[str]:
    try:
        exact = pa.array(amounts, type=pa.decimal128(38, minor_units(currency)))
    except pa.ArrowInvalid:  # more digits than the currency has: each is shown with its own
        return [shown(amount, currency, is_signed=is_signed) for amount in amounts]
    text = pc.cast(exact, pa.string())
    for _ in range(pc.max(pc.utf8_length(text)).as_py() // 3):  # as often as the longest has threes
        text = pc.replace_substring_regex(text, r"(\d)(\d{3})([,.]|$)", r"\1,\2\3")
    plus = pc.if_else(pc.greater(exact, 0), "+", "") if is_signed else ""
    return pc.binary_join_element_wise(plus, pc.replace_substring(text, "-", "−"), "").to_pylist()


def readable(arithmetic: str) -> str:
    """Arithmetic with long exact quotients cut to ten decimals, marked as cut; the workbook holds them whole.

    >>> readable("3.71 GBP × 11147502339331/8387306761644 × 5%")
    '3.71 GBP × 1.3290920024… × 5%'
    """
    return re.sub(r"-?\d+/\d+", lambda found: _cut(found[0]), arithmetic)


def _cut(quotient: str) -> str:
    if len(quotient) <= _LONGEST_QUOTIENT:
        return quotient
    return f"{plain(round_to(Fraction(quotient), 10, 'down'))}…"


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame for reading: text everywhere, nothing where nothing is known."""
    texts = {name: ["" if pd.isna(value) else str(value) for value in frame[name]] for name in frame.columns}
    return pd.DataFrame(texts, columns=frame.columns)


def matching(frame: pd.DataFrame, line: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows of a frame that have the same values in these columns as a selected row; none without one."""
    if line.empty:
        return frame.head(0)
    keep = pd.Series(True, index=frame.index)
    for column in columns:
        keep &= frame[column] == line[column].iloc[0]
    return frame[keep]


def figures_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The figures that a chart is drawn from, as text: amounts at the decimals of their row's currency.

    >>> figures_table(pd.DataFrame({"currency": ["USD"], "expected_amount": [Decimal("5")], "is_locked": [True]}))
      currency expected locked
    0      USD     5.00    yes
    """
    currencies = list(frame["currency"]) if "currency" in frame else [None] * len(frame)
    texts = {
        re.sub("^is | amount$", "", str(name).replace("_", " ")): [
            _figure(value, currency) for value, currency in zip(frame[name], currencies, strict=True)
        ]
        for name in frame.columns
    }
    return pd.DataFrame(texts, dtype=object)


def _figure(value: Any, currency: str | None) -> str:
    if isinstance(value, Decimal) and currency:
        return shown(value, currency)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if pd.isna(value) else f"{value:,}" if isinstance(value, (int, Decimal)) else str(value)


def counted(count: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "version"), counted(1200, "version")
    ('1 version', '1,200 versions')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def literal(text: str) -> str:
    """Words that people typed, so that Markdown shows them as they are and reads nothing into them.

    >>> literal("2*3 <b>")
    '2&#42;3 &lt;b&gt;'
    """
    return re.sub(r"[\\`*_{}\[\]#|~$]", lambda found: f"&#{ord(found[0])};", html.escape(text, quote=False))


def copyable(text: str) -> str:
    """Text as a block with a button that copies it (HTML)."""
    style = "white-space: pre-wrap; overflow-wrap: anywhere; padding-right: 3rem"
    block = f'<div class="language-text codehilite"><pre style="{style}"><code>{html.escape(text)}</code></pre></div>'
    return f'<span class="markdown prose dark:prose-invert contents">{block}</span>'
