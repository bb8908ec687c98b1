"""Expected and billed lines of a made month, as many as wanted: streamed into two Parquet files, by a seed.

Every value follows from a line's number alone, so that both sides can be written in orders of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import gcd
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEYS = ("contract", "item", "period", "kind", "currency")
PERIOD = "2026-10"
KINDS = ("charge", "payout", "shortfall", "bonus")
CURRENCIES = ("USD", "EUR", "JPY")
ITEMS_OF_A_CONTRACT = 200
BATCH = 200_000
UP_TO = 10_000_000  # minor units of an amount
NOT_BILLED, NOT_EXPECTED, OTHER_AMOUNT, OTHER_CURRENCY = range(10), range(10, 20), range(20, 40), range(40, 45)
OF = 1_000  # so many lines each of these are

Chosen = Callable[[np.ndarray, int], pa.Table]


def make_lines(folder: Path, quantity: int, seed: int = 1) -> None:
    """Write `expected.parquet` and `billed.parquet`; one line in 22 differs, amounts are in minor units."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, chosen in (("expected", _expected), ("billed", _billed)):
        order = _shuffled(quantity, seed + (name == "billed"))
        tables = (chosen(numbers, seed) for numbers in order)
        first = next(tables)
        with pq.ParquetWriter(folder / f"{name}.parquet", first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table)


def _expected(numbers: np.ndarray, seed: int) -> pa.Table:
    return _table(numbers[~np.isin(_fate(numbers, seed), NOT_EXPECTED)], seed)


def _billed(numbers: np.ndarray, seed: int) -> pa.Table:
    numbers = numbers[~np.isin(_fate(numbers, seed), NOT_BILLED)]
    fate = _fate(numbers, seed)
    moved = np.where(np.isin(fate, OTHER_AMOUNT), 1 + _drawn(numbers, seed, 3) % 500, 0)
    return _table(numbers, seed, moved.astype(np.int64), np.isin(fate, OTHER_CURRENCY))


def _table(numbers: np.ndarray, seed: int, moved: np.ndarray | int = 0, shift: np.ndarray | int = 0) -> pa.Table:
    contracts, items = np.divmod(numbers, ITEMS_OF_A_CONTRACT)
    texts = {
        "contract": np.char.mod("advertiser-%06d", contracts),
        "item": np.char.mod("LINE-ITEM-%03d", items),
        "period": np.full(len(numbers), PERIOD),
        "kind": np.array(KINDS)[items % len(KINDS)],
        "currency": np.array(CURRENCIES)[(contracts + shift) % len(CURRENCIES)],
    }
    amounts = (1 + _drawn(numbers, seed, 2) % UP_TO).astype(np.int64) + moved
    return pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()} | {"amount": amounts})


def _fate(numbers: np.ndarray, seed: int) -> np.ndarray:
    return (_drawn(numbers, seed, 1) % OF).astype(np.int64)


def _drawn(numbers: np.ndarray, seed: int, what: int) -> np.ndarray:
    """64 random bits per number, by the finaliser of splitmix64."""
    bits = numbers.astype(np.uint64) + np.uint64((seed * 1_000 + what) << 40)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def _shuffled(quantity: int, seed: int) -> Iterator[np.ndarray]:
    """The numbers below `quantity`, each once, batch by batch, far from their order."""
    step = next(n for n in range(int(quantity * 0.618) + seed, 2 * quantity + seed + 2) if gcd(n, quantity) == 1)
    for start in range(0, quantity, BATCH):
        yield np.arange(start, min(start + BATCH, quantity), dtype=np.int64) * step % quantity
