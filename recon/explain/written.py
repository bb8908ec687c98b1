"""How rows, amounts and quantities are read and written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd


def rows(frame: pd.DataFrame, **wanted: Any) -> list[dict[str, Any]]:
    """The rows of a frame that have these values, as records."""
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def money(amount: Decimal | None) -> str:
    """An amount, thousands apart; a dash for none."""
    return "–" if amount is None else f"{amount:,f}"


def units(quantity: Decimal | None) -> str:
    """A quantity, thousands apart; a dash for none."""
    return "–" if quantity is None else f"{quantity:,f}"
