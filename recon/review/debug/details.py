"""What the inputs say of a line event by event, read upon a button: billing_details, or single impressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from recon.close import StoredClose, reopened
from recon.diagnose.details import exactness
from recon.engine import Engine, literal
from recon.inputs import read_inputs
from recon.period import Period
from recon.problems import BadInput
from recon.review.lines import has_decisions
from recon.review.words import matching
from recon.views import LINE

DATASETS = ("billing_lines", "billing_details")
MOST = 50
NO_DETAILS = "the workspace names no billing_details: nothing is known event by event"


@dataclass(frozen=True)
class BilledEvents:
    """What billing_details say of one line: millionths by conversion; `problem` where they can't be read.

    `step` is how exact they are: a minor unit or a millionth. Of impressions the single ones behind the findings.
    """

    micros: Mapping[str, int] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    step: int = 1
    problem: str = ""
    impressions: pd.DataFrame | None = None


def read_label(close: StoredClose, line: pd.DataFrame) -> str:
    """What the button reads."""
    return "Read billing_details" if has_decisions(close, line) else "Name single impressions (reads the raw events)"


def details_of(close: StoredClose, line: pd.DataFrame) -> BilledEvents:
    """Read the statement and its details for one line, or single impressions; the files as they are now."""
    if not has_decisions(close, line):
        return _named_impressions(close, line)
    only = {name: close.workspace.data[name] for name in DATASETS if name in close.workspace.data}
    if len(only) < len(DATASETS):
        return BilledEvents(problem=NO_DETAILS)
    if other := _other_currency(close, line):
        return BilledEvents(problem=f"the contract is in {other}, the line is not: single amounts can't be compared")
    with Engine(threads=1) as engine:
        try:
            found = read_inputs(replace(close.workspace, data=only), engine, Period.parse(close.period))
        except BadInput as bad:
            return BilledEvents(problem=str(bad.problems[0]))
        key = {name: line[name].iloc[0] for name in LINE}
        ids = [row.billing_line_id for row in found.billing_lines if _is_of(row, key, close.period)]
        rows = _detailed(engine, ids)
    return _billed(rows, ids, str(key["currency"]))


def _other_currency(close: StoredClose, line: pd.DataFrame) -> str:
    """The contract's currency where a line is invoiced in another one."""
    one = line.iloc[0]
    own = {str(version["currency"]) for version in close.versions if version["contract"] == one["contract"]}
    return "" if not own or one["currency"] in own else ", ".join(sorted(own))


def _is_of(row: Any, key: Mapping[str, Any], period: str) -> bool:
    return row.period == period and all(getattr(row, name) == value for name, value in key.items())


def _detailed(engine: Engine, ids: list[str]) -> list[tuple[str, int, int]]:
    if not ids:
        return []
    wanted = ", ".join(literal(one) for one in ids)
    return engine.rows(
        f"""SELECT conversion_id, CAST(SUM(amount_micros) AS BIGINT), COUNT(*) FROM billing_details
        WHERE billing_line_id IN ({wanted}) GROUP BY conversion_id ORDER BY conversion_id""",
        "details of a line",
    )


def _billed(rows: list[tuple[str, int, int]], ids: list[str], currency: str) -> BilledEvents:
    amounts = {conversion: micros for conversion, micros, _ in rows}
    repeated = frozenset(conversion for conversion, _, count in rows if count > 1)
    return BilledEvents(amounts, repeated, tuple(sorted(set(ids))), exactness(amounts.values(), {currency}))


def _named_impressions(close: StoredClose, line: pd.DataFrame) -> BilledEvents:
    """Single impressions behind a line's findings, at most 50, those that either side counts money for first."""
    found = matching(close.findings, line, list(LINE)).to_dict("records")
    edits = [(str(row["cause"]), str(row["edit"])) for row in found if row["edit"]]
    contract, item = str(line["contract"].iloc[0]), str(line["item"].iloc[0])
    try:
        named = reopened(close).impression_ids(contract, item, edits, MOST) if edits else []
    except BadInput as bad:
        return BilledEvents(problem=str(bad.problems[0]))
    rows = [(identity, ours, theirs) for ours, theirs, ids in named for identity in ids]
    columns = ["impression", "ours", "theirs, under the edit"]
    return BilledEvents(impressions=pd.DataFrame(rows, columns=columns, dtype=object))
