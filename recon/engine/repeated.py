"""Numbers that come more than once among hundreds of millions, in little memory: sorted bucket by bucket.

The engine's own grouping keeps every number with its count in a hash table; here a number costs four bytes, on disk
where they are many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

LOW_BITS = 32
BUCKETS = 256
BITS = LOW_BITS + 8  # of a number: its bucket, and what is kept of it there
HELD_BYTES = 64 << 20


class Repeated:
    """Takes numbers of at most `BITS` bits in, and tells those that came more than once.

    Beyond `held_bytes` they wait in files of `folder`, one per bucket.
    """

    def __init__(self, folder: Path, held_bytes: int = HELD_BYTES) -> None:
        self._folder, self._limit = folder, held_bytes
        self._buckets: list[list[np.ndarray]] = [[] for _ in range(BUCKETS)]
        self._held = 0
        self._on_disk: set[int] = set()

    def add(self, numbers: np.ndarray) -> None:
        """Take numbers in, as an array of unsigned 64-bit integers."""
        ordered = np.sort(numbers)
        bounds = np.searchsorted(ordered, np.arange(BUCKETS + 1, dtype=np.uint64) << np.uint64(LOW_BITS))
        low = ordered.astype(np.uint32)
        for bucket in np.flatnonzero(np.diff(bounds)):
            self._buckets[bucket].append(low[bounds[bucket] : bounds[bucket + 1]])
        self._held += low.nbytes
        if self._held > self._limit:
            self._to_disk()

    def found(self, threads: int | None) -> np.ndarray:
        """The numbers that came more than once, each once, in order."""
        filled = [bucket for bucket in range(BUCKETS) if self._buckets[bucket] or bucket in self._on_disk]
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate([np.empty(0, np.int64), *pool.map(self._twice, filled)])

    def _to_disk(self) -> None:
        for bucket, parts in enumerate(self._buckets):
            if parts:
                with self._path(bucket).open("ab") as file:
                    file.writelines(part.data for part in parts)
                self._on_disk.add(bucket)
                parts.clear()
        self._held = 0

    def _twice(self, bucket: int) -> np.ndarray:
        numbers = np.concatenate([np.empty(0, np.uint32), *self._parts(bucket)])
        numbers.sort()
        twice = np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
        return twice.astype(np.int64) + (bucket << LOW_BITS)

    def _parts(self, bucket: int) -> Iterator[np.ndarray]:
        yield from self._buckets[bucket]
        if bucket in self._on_disk:
            path = self._path(bucket)
            yield np.fromfile(path, np.uint32)
            path.unlink()

    def _path(self, bucket: int) -> Path:
        return self._folder / f"numbers-{bucket}"


def repeated(batches: Iterable[np.ndarray], folder: Path, threads: int | None = None) -> np.ndarray:
    """The numbers (of at most `BITS` bits) that come more than once in arrays of unsigned 64-bit integers."""
    numbers = Repeated(folder)
    for batch in batches:
        numbers.add(batch)
    return numbers.found(threads)
