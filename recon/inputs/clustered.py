"""Events that a query on Spark gives: tables of a warehouse, files of an object store. They are judged where they are.

Only counts, a digest and the rows set aside come here; observations do later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recon.engine import Engine, EventQuery, literal
from recon.inputs.datasets import CURRENCIES, Column, Dataset
from recon.inputs.reading import FIRST_MICROS, LAST_MICROS
from recon.inputs.rejects import MOST_REJECTED, Counts, Part, Rejected, rejected
from recon.inputs.values import MOST_MICROS
from recon.problems import BadInput, Problem
from recon.workspace import SourceSpec

ON_SPARK = "spark"  # as the database of a dataset
WHOLE_INSTANTS = ", ".join(  # which JSON would cut to milliseconds
    f"'{name}', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS'" for name in ("timestampFormat", "timestampNTZFormat")
)
TYPES = {"instant": "a timestamp", "boolean": "a boolean", "amount": "a decimal or whole number"}


@dataclass(frozen=True)
class Judged:
    """A column of a query: its value as Spark SQL, the condition that it is missing, and that it cannot be used."""

    column: Column
    raw: str
    value: str
    missing: str | None = None
    unusable: str | None = None


def read(
    engine: Engine, dataset: Dataset, spec: SourceSpec, *, query: str, parameters: Mapping[str, str], number: int
) -> tuple[Part, str]:
    """The relation of a dataset's query on Spark, and the SHA-256 of its rows, whatever order they came in.

    Raises BadInput where a column is missing or of a type that cannot be read.
    """
    name = f"query:{dataset.name}"
    types = engine.ask(f"asked_{dataset.name}", query, parameters)
    columns = _fitting(dataset, spec, types)
    judged = f"judged_{dataset.name}"
    engine.ask(judged, f"SELECT {_judged(columns)}, {_digest(types)} AS _digest FROM asked_{dataset.name}", {})
    counts, amount, digest = _counted(engine, dataset, judged)
    fields = ", ".join(f"`{one.column.field}`" for one in columns)
    good = f"SELECT {fields}, CAST({number} AS INT) AS file_number FROM {judged} WHERE _fault IS NULL"
    part = Part(counts={name: counts}, micros=amount, plain=[EventQuery(good, counts.rows - counts.rejected)])
    part.rejected = _rejected(engine, dataset, judged, name) if counts.rejected else []
    return part, digest


def _fitting(dataset: Dataset, spec: SourceSpec, types: Mapping[str, str]) -> list[Judged]:
    """How each column of the dataset is read; BadInput with every one that is missing or of another type."""
    place, problems, found = f"{spec.place} query", [], []
    for column in dataset.columns:
        theirs = spec.theirs(column.name)
        if theirs in types:
            judged = _column(column, theirs, types[theirs])
            if judged is None:
                wanted = TYPES.get(column.kind, "text or a whole number")
                problems.append(Problem(f"{place}, column {theirs}", f"type {types[theirs]}", wanted))
            else:
                found.append(judged)
        elif not column.is_optional or column.name in spec.columns:
            there = f"this column, or a rename; there are {', '.join(types)}"
            problems.append(Problem(f"{place}, column {theirs}", "missing", there))
        else:
            sql_type = {"BIGINT": "BIGINT", "BOOLEAN": "BOOLEAN"}.get(column.sql_type, "STRING")
            found.append(Judged(column, "NULL", f"CAST(NULL AS {sql_type})"))
    if problems:
        raise BadInput(problems)
    return found


def _column(column: Column, theirs: str, sql_type: str) -> Judged | None:
    raw = "`" + theirs.replace("`", "``") + "`"
    missing = f"{raw} IS NULL" if column.is_key else None
    if column.kind == "instant" and sql_type in ("timestamp", "timestamp_ntz"):
        value = f"UNIX_MICROS(CAST({raw} AS TIMESTAMP))"
        return Judged(column, raw, value, missing, f"{value} NOT BETWEEN {FIRST_MICROS} AND {LAST_MICROS}")
    if column.kind == "boolean" and sql_type == "boolean":
        return Judged(column, raw, raw, missing)
    if column.kind == "amount" and (sql_type in ("int", "bigint") or sql_type.startswith("decimal")):
        return _amount(column, raw, missing)
    if column.kind in ("text", "choice", "currency") and sql_type in ("string", "int", "bigint"):
        return _text(column, raw)
    return None


def _text(column: Column, raw: str) -> Judged:
    """Text, empty text being none; a choice is one of its words."""
    value = f"NULLIF(CAST({raw} AS STRING), '')"
    words = column.choices or (CURRENCIES if column.kind == "currency" else ())
    listed = ", ".join(literal(word) for word in words)
    missing = f"{value} IS NULL" if column.is_key else None
    return Judged(column, raw, value, missing, f"{value} NOT IN ({listed})" if words else None)


def _amount(column: Column, raw: str, missing: str | None) -> Judged:
    """Whole millionths, where there are no more than six decimals and the bounds hold."""
    narrow = f"TRY_CAST({raw} AS DECIMAL(19, 6))"
    micros = f"CAST({narrow} * 1000000 AS DECIMAL(38, 0))"
    low = -MOST_MICROS if column.low is None else column.low * 1_000_000
    fits = f"COALESCE({narrow} = {raw} AND {micros} BETWEEN {low} AND {MOST_MICROS}, FALSE)"
    value = f"CASE WHEN {fits} THEN CAST({micros} AS BIGINT) END"
    return Judged(column, raw, value, missing, f"({raw} IS NOT NULL AND NOT {fits})")


def _judged(columns: Sequence[Judged]) -> str:
    """Our columns, the number of the first fault (as everywhere: twice the column's place, plus one if unusable)."""
    faults = []
    for place, one in enumerate(columns):
        faults += [(2 * place, one.missing, "NULL")] if one.missing else []
        faults += [(2 * place + 1, one.unusable, f"CAST({one.raw} AS STRING)")] if one.unusable else []
    numbers = " ".join(f"WHEN {condition} THEN {number}" for number, condition, _ in faults)
    shown = " ".join(f"WHEN {condition} THEN {value}" for _, condition, value in faults)
    values = ", ".join(f"{one.value} AS `{one.column.field}`" for one in columns)
    return f"{values}, CASE {numbers} END AS _fault, CASE {shown} END AS _value"


def _digest(types: Mapping[str, str]) -> str:
    """One row's own SHA-256, of all that the query gave for it."""
    named = ", ".join("`" + name.replace("`", "``") + "`" for name in sorted(types))
    return f"SHA2(TO_JSON(STRUCT({named}), MAP({WHOLE_INSTANTS})), 256)"


def _counted(engine: Engine, dataset: Dataset, judged: str) -> tuple[Counts, int | None, str]:
    """Rows, rows set aside, first and last event, the sum of amounts, and a digest of the sorted digests of rows.

    Each bucket of digests is sorted and hashed in the cluster; the buckets' hashes are hashed here, in their order.
    """
    amount = "CAST(NULL AS BIGINT)" if dataset.amount is None else f"`{dataset.amount.field}`"
    found = engine.there(
        f"""SELECT SUBSTR(_digest, 1, 3) AS bucket, COUNT(*), COUNT(_fault),
            MIN(ts) FILTER (WHERE _fault IS NULL), MAX(ts) FILTER (WHERE _fault IS NULL),
            SUM(CAST({amount} AS DECIMAL(38, 0))) FILTER (WHERE _fault IS NULL),
            SHA2(ARRAY_JOIN(SORT_ARRAY(COLLECT_LIST(_digest)), ''), 256)
        FROM {judged} GROUP BY SUBSTR(_digest, 1, 3) ORDER BY bucket""",
        f"check {dataset.name}",
    )
    rows, bad = (sum(int(row[place]) for row in found) for place in (1, 2))
    first = min((row[3] for row in found if row[3] is not None), default=None)
    last = max((row[4] for row in found if row[4] is not None), default=None)
    micros = None if dataset.amount is None else sum(int(row[5]) for row in found if row[5] is not None)
    digest = hashlib.sha256("".join(str(row[6]) for row in found).encode()).hexdigest()
    return Counts(rows, bad, first, last), micros, digest


def _rejected(engine: Engine, dataset: Dataset, judged: str, name: str) -> list[Rejected]:
    """The rows set aside, numbered in the order of their digests: a query has no other."""
    found = engine.there(
        f"""SELECT _fault, _value FROM {judged} WHERE _fault IS NOT NULL
        ORDER BY _digest LIMIT {MOST_REJECTED + 1}""",
        f"rejected {dataset.name}",
    )
    return [rejected(dataset, name, row, int(fault), value) for row, (fault, value) in enumerate(found, 1)]
