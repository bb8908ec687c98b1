"""What a run was made from: every file and query with its hash, its rows and its control totals."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from recon.review.audit.room import Room
from recon.review.words import copyable, counted

SOURCE_COLUMNS = [
    "dataset", "file or query", "rows read", "set aside", "other periods", "bytes", "control total", "first event",
    "last event", "SHA-256",
]  # fmt: skip
Source = dict[str, Any]


def sources_heading(room: Room) -> str:
    """How many files were read, how many rows, and whether what their sources declared was found (Markdown)."""
    sources = _sources(room)
    rows, aside = (sum(int(one.get(name) or 0) for one in sources) for name in ("rows", "rejected"))
    told = f"{len(sources):,} files and queries read, {rows:,} rows, {aside or 'none'} set aside."
    bound = "The digest of the run covers every hash below; choose rows for a list to check with `sha256sum --check`."
    return f"## Inputs\n\n{told} {_declared(sources)} {bound}"


def _declared(sources: list[Source]) -> str:
    verdicts = Counter(_agrees(one) for one in sources if one.get("control"))
    if not verdicts:
        return "No source declared a control total."
    wrong = f"; **{verdicts[False]} disagree**" if verdicts[False] else ""
    return f"{counted(verdicts.total(), 'source')} declared control totals, {verdicts[True]} agree{wrong}."


def _agrees(source: Source) -> bool:
    return all(one["agrees"] for one in source["control"].values())


def sources_table(room: Room) -> pd.DataFrame:
    """A row per file or query, those whose control totals disagree first."""
    ordered = sorted(_sources(room), key=lambda one: bool(not one.get("control") or _agrees(one)))
    return pd.DataFrame([_row(one) for one in ordered], columns=SOURCE_COLUMNS, dtype=object)


def _row(source: Source) -> tuple[str, ...]:
    return (
        str(source["dataset"]), str(source.get("file") or source.get("query") or "–"),
        *(_count(source.get(name)) for name in ("rows", "rejected", "out_of_period", "bytes")), _control(source),
        *(_minute(source.get(name)) for name in ("first", "last")), str(source.get("sha256") or "–"),
    )  # fmt: skip


def _count(value: object) -> str:
    return f"{int(str(value)):,}" if value else "–"


def _control(source: Source) -> str:
    """What the source said of itself against what was found."""
    told = (source.get("control") or {}).items()
    words = (f"{name} {one['declared']}" + ("" if one["agrees"] else f", FOUND {one['found']}") for name, one in told)
    return "; ".join(words) or "none declared"


def _minute(at: object) -> str:
    return str(at)[:16].replace("T", " ") if at else "–"


def hashes(rows: pd.DataFrame) -> str:
    """The whole SHA-256 of each chosen file as `sha256sum --check` reads it: a block to copy (HTML)."""
    return copyable("\n".join(f"{row['SHA-256']}  {row['file or query']}" for row in rows.to_dict("records")))


def _sources(room: Room) -> list[Source]:
    return list(room.facts.manifest.get("inputs", ()))
