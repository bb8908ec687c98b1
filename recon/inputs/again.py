"""The files of a workspace as they are now, beside what a close read: only hashes, and when a new file begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recon.inputs import files
from recon.inputs.datasets import DATASETS
from recon.period import instant_of, instant_text
from recon.workspace import SourceSpec, Workspace

Source = dict[str, Any]
HASHERS = 4


def inputs_now(workspace: Workspace, before: Sequence[Mapping[str, Any]]) -> list[Source]:
    """The sources of a manifest as they are now: files hashed again, queries as they were, new files with their start.

    A source is told by `dataset`, `file` or `query`, `sha256` and, where the footer of a Parquet file says so, `first`.
    """
    known = {(one["dataset"], one["file"]): one for one in before if one.get("file")}
    found = list(_files(workspace))
    with ThreadPoolExecutor(HASHERS) as hashers:
        digests = hashers.map(lambda pair: files.sha256(pair[1], Event()), found)
        there = [
            {"dataset": file.dataset, "file": file.name, "sha256": digest, **_start(spec, file, known)}
            for (spec, file), digest in zip(found, digests, strict=True)
        ]
    return there + [dict(one) for one in before if not one.get("file")]


def _files(workspace: Workspace) -> Iterator[tuple[SourceSpec, files.SourceFile]]:
    """Every file that a close would read now; what is missing is simply not among them."""
    for name, spec in workspace.data.items():
        if spec.path is not None and name in DATASETS:
            yield from ((spec, file) for file in files.find(spec, workspace.folder, 1)[0])


def _start(spec: SourceSpec, file: files.SourceFile, known: Mapping[tuple[str, str], Mapping[str, Any]]) -> Source:
    was = known.get((file.dataset, file.name))
    first = was.get("first") if was is not None else _first_event(spec, file)
    return {} if first is None else {"first": first}


def _first_event(spec: SourceSpec, file: files.SourceFile) -> str | None:
    """When the first event of a Parquet file happened, from its footer; None where that does not tell."""
    if not file.is_parquet:
        return None
    try:
        footer = pq.read_metadata(file.path)
        place = footer.schema.to_arrow_schema().get_field_index(spec.columns.get("ts", "ts"))
        bounds = [footer.row_group(n).column(place).statistics for n in range(footer.num_row_groups) if place >= 0]
    except (OSError, pa.ArrowException):
        return None  # whoever closes again is told what is wrong with the file
    starts = [one.min for one in bounds if one is not None and one.has_min_max]
    if not starts or len(starts) != len(bounds) or not all(isinstance(one, datetime) for one in starts):
        return None
    return instant_text(instant_of(min(starts)))
