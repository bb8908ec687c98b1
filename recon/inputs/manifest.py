"""What was read, as plain values: bytes, hash, rows, first and last event and totals of each source; and one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recon.money import plain
from recon.period import instant_text


@dataclass(frozen=True)
class ControlTotal:
    """A total that the source declared, and what was found: rows read, or the sum of the amount column of rows used."""

    measure: str
    declared: Decimal
    found: Decimal

    @property
    def agrees(self) -> bool:
        return self.declared == self.found


@dataclass(frozen=True)
class SourceRecord:
    """One file or query of a dataset: rows = used + out of period + rejected, first and last event in µs.

    `out_of_period` is told only for billing lines, whose rows say their period; `controls` stand for the whole dataset,
    at its first source.
    """

    dataset: str
    source: str
    sha256: str
    rows: int
    rejected: int = 0
    out_of_period: int = 0
    bytes: int | None = None
    first: int | None = None
    last: int | None = None
    system: str | None = None
    query: str | None = None
    parameters: Mapping[str, str] | None = None
    controls: tuple[ControlTotal, ...] = ()

    @property
    def used(self) -> int:
        return self.rows - self.rejected - self.out_of_period


def source_dict(record: SourceRecord) -> dict[str, Any]:
    """A source as the manifest tells it: instants as ISO 8601 text, totals plain, nothing that is unknown."""
    told: dict[str, Any] = {
        "dataset": record.dataset,
        "file": record.source if record.query is None else None,
        "query": record.query,
        "system": record.system,
        "parameters": dict(record.parameters) if record.parameters is not None else None,
        "bytes": record.bytes,
        "sha256": record.sha256,
        "rows": record.rows,
        "rejected": record.rejected,
        "out_of_period": record.out_of_period or None,
        "first": instant_text(record.first) if record.first is not None else None,
        "last": instant_text(record.last) if record.last is not None else None,
        "control": {total.measure: _total(total) for total in record.controls} or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def inputs_list(records: Sequence[SourceRecord]) -> list[dict[str, Any]]:
    """All sources as the manifest tells them."""
    return [source_dict(record) for record in records]


def digest(manifest: Mapping[str, Any]) -> str:
    """The SHA-256 of a manifest's canonical JSON: keys sorted, no spaces, UTF-8; numbers must be text or integers.

    >>> digest({"b": 1, "a": "x"}) == digest({"a": "x", "b": 1})
    True
    """
    _no_floats(manifest)
    canonical = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_text)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _no_floats(value: object) -> None:
    """Binary floats may print differently elsewhere: TypeError."""
    if isinstance(value, float):
        raise TypeError(f"{value!r} has no canonical form in a manifest")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            _no_floats(inner)


def _total(total: ControlTotal) -> dict[str, Any]:
    return {"declared": plain(total.declared), "found": plain(total.found), "agrees": total.agrees}


def _text(value: object) -> str:
    """Decimals as plain text; anything else has no canonical form."""
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{value!r} has no canonical form in a manifest")
