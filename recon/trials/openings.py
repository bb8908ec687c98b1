"""Opening balances of a copied month: those of the locked close before it, written out as a dataset's rows."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa

from recon.close.stored import balances_of

PLACES = 12


def carried_balances(table: pa.Table, folder: Path, period: str) -> pa.Table:
    """The dataset's rows of other periods, and the closing balances in a locked close's folder (RULES 4.7)."""
    kept = [row for row in table.to_pylist() if (row["period"] or period) != period]
    carried = [
        {"contract": one.contract, "item": one.item or None, "kind": one.kind,
         "value": _text(one.value), "period": period}
        for one in balances_of(folder)
    ]  # fmt: skip
    return pa.Table.from_pylist(kept + carried, schema=table.schema)


def _text(value: Fraction) -> str:
    """A balance as a plain number, of as many places as matter to a cent."""
    return f"{Decimal(round(value * 10**PLACES)).scaleb(-PLACES):f}"
