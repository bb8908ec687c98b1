"""What the sheets read from a close: its frames as plain records, and who stands behind each contract."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from recon.close.drills import latest_drill
from recon.period import Period
from recon.signoff import Dossier, Item
from recon.workspace import Accounts, Sample

if TYPE_CHECKING:
    from recon.close import StoredClose

Record = dict[str, Any]
SETTLED = ("matched", "within_tolerance")


class LineKey(NamedTuple):
    """What names a line within its period."""

    contract: str
    item: str
    kind: str
    currency: str


@dataclass(frozen=True)
class Facts:
    """A stored close as the sheets see it."""

    close: StoredClose
    said: Dossier | None = None

    @cached_property
    def dossier(self) -> Dossier:
        """What people said of the close; nothing where no ledger was asked."""
        return self.said if self.said is not None else Dossier.unsigned(self.close)

    @property
    def accounts(self) -> Accounts:
        """The accounts that journal entries are proposed for."""
        found = getattr(self.close.workspace, "accounts", None)
        return found if found is not None else Accounts()

    @cached_property
    def lines(self) -> list[Record]:
        return records(self.close.lines)

    @cached_property
    def findings(self) -> list[Record]:
        return records(self.close.findings)

    @cached_property
    def fates(self) -> list[Record]:
        return records(self.close.fates)

    @cached_property
    def rejected(self) -> list[Record]:
        return records(self.close.rejected)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """What each contract decided on each conversion."""
        return self.close.conversions()

    @cached_property
    def decided(self) -> list[str]:
        """The conversions that a contract or more decided on."""
        return [str(one) for one in self.decisions["conversion_id"].unique()]

    @property
    def sample(self) -> Sample:
        """What the workspace says that an auditor draws."""
        found = getattr(self.close.workspace, "sample", None)
        return found if found is not None else Sample()

    @cached_property
    def workings(self) -> dict[LineKey, list[Record]]:
        """The workings of each line in the order they were done, conversions of one price in one row."""
        by_line: dict[LineKey, list[Record]] = defaultdict(list)
        for row in records(self.close.workings):
            by_line[line_key(row)].append(_plain(row))
        merged = {key: _merged(sorted(rows, key=lambda row: int(row["seq"]))) for key, rows in by_line.items()}
        return {key: _with_positions(rows) for key, rows in merged.items()}

    @cached_property
    def versions(self) -> list[Record]:
        """The versions in force on a day of the period, and earlier ones that still price it (locks, clawbacks)."""
        known = {(one["contract"], one["version"]) for one in self.manifest.get("contracts", ())}
        approved = [v for v in self.close.versions if not known or (v["contract"], v["version"]) in known]
        shown = in_force([v for v in approved if v["status"] == "approved"], Period.parse(str(self.close.period)))
        named = {(key.contract, str(row["version"])) for key, rows in self.workings.items() for row in rows}
        shown += [v for v in approved if (v["contract"], str(v["version"])) in named and v not in shown]
        return sorted(shown, key=lambda v: (v["contract"], int(v["version"])))

    @cached_property
    def parties(self) -> dict[str, Record]:
        """Any version of each contract: model, direction, currency and counterparty never change (RULES 2.6)."""
        ordered = sorted(self.close.versions, key=lambda v: bool(v["model"]))
        return {version["contract"]: version for version in ordered}

    @cached_property
    def contracts(self) -> list[str]:
        """The contracts in force on a day of the period."""
        return sorted({version["contract"] for version in self.versions})

    @cached_property
    def not_priced(self) -> list[tuple[str, str, str]]:
        """Contract, version and clause that this release does not price."""
        return [(str(row[0]), str(row[1]), str(row[2])) for row in map(_values, self.close.not_priced)]

    @cached_property
    def unpriced_contracts(self) -> set[str]:
        return {contract for contract, _, _ in self.not_priced}

    @property
    def not_priced_sentences(self) -> list[str]:
        """What was left out, in words."""
        return [
            f"{contract}, version {version}: this release does not price the clause {clause}, "
            "so nothing is expected for this contract."
            for contract, version, clause in self.not_priced
        ]

    @cached_property
    def open_items(self) -> dict[str, Item]:
        """What people decided about each finding above tolerance, by finding."""
        return {one.finding_id: one for one in self.dossier.items.new}

    @cached_property
    def drill(self) -> Record | None:
        """The last drill of the period; None where none was run."""
        return latest_drill(self.close.workspace, Period.parse(str(self.close.period)))

    @property
    def manifest(self) -> Record:
        return self.close.manifest

    @property
    def digest(self) -> str:
        return str(self.manifest.get("digest", ""))

    @cached_property
    def currencies(self) -> list[str]:
        """Every currency of the close, sorted: of the lines and of the contracts."""
        return sorted({r["currency"] for r in (*self.lines, *self.versions) if r.get("currency")})

    def model(self, contract: str) -> str:
        """`cpm` or `cpa`; empty for a contract nobody knows."""
        return str(self.parties.get(contract, {}).get("model") or "")

    def counterparty(self, contract: str) -> str:
        """The counterparty's name as people know it."""
        return str(self.parties.get(contract, {}).get("counterparty") or "(no contract)")

    def direction(self, contract: str) -> str:
        return str(self.parties.get(contract, {}).get("direction") or "")

    def fate_total(self, fate: str, **wanted: str) -> Fraction:
        """How many rows met a fate, for the columns given (contract, direction, dataset)."""
        chosen = (row for row in self.fates if row["fate"] == fate and _has(row, wanted))
        return sum((exact_or_zero(row["quantity"]) for row in chosen), Fraction(0))

    def fates_of(self, **wanted: str) -> dict[str, Fraction]:
        """The rows per fate, for the columns given."""
        totals: dict[str, Fraction] = defaultdict(Fraction)
        for row in self.fates:
            if _has(row, wanted):
                totals[row["fate"]] += exact_or_zero(row["quantity"])
        return dict(totals)


def in_force(versions: list[Record], period: Period) -> list[Record]:
    """The versions that are the highest on a date of the period; a termination leaves none (RULES 2.2, 2.3)."""
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    by_contract: dict[str, list[Record]] = defaultdict(list)
    for version in sorted(versions, key=lambda v: int(v["version"])):
        by_contract[version["contract"]].append(version)
    chosen: dict[tuple[str, int], Record] = {}
    for contract, own in sorted(by_contract.items()):
        for day in days:
            last = next((v for v in reversed(own) if _covers(v, day)), None)
            if last and last["kind"] != "termination":
                chosen[contract, int(last["version"])] = last
    return [chosen[key] for key in sorted(chosen)]


def _covers(version: Record, day: date) -> bool:
    return version["effective_from"] <= str(day) <= (version["effective_to"] or "9999-12-31")


def records(frame: pd.DataFrame) -> list[Record]:
    """A frame's rows as dictionaries; missing values and empty text are None."""
    names = list(frame.columns)  # once: to go through an index of text is slow, and a close has thousands of rows
    columns = [_column(frame[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: pd.Series) -> list[Any]:
    if not values.notna().any():
        return [None] * len(values)
    pairs = zip(values.tolist(), values.isna().tolist(), strict=True)
    return [None if is_missing or value == "" else value for value, is_missing in pairs]


def exact_or_zero(value: Any) -> Fraction:
    """A stored number (decimal or text, also `a/b`) exactly; nothing is zero."""
    if type(value) is Fraction:
        return value
    return _exact(value) if value is not None else Fraction(0)


@lru_cache(maxsize=1 << 16)
def _exact(value: Any) -> Fraction:
    return Fraction(value)


def line_key(row: Record) -> LineKey:
    """The line a record belongs to."""
    return LineKey(*(str(row[name] or "") for name in LineKey._fields))


def _plain(row: Record) -> Record:
    """A working without what changes nothing: a share of 1, a rate between a currency and itself."""
    share = exact_or_zero(row.get("share") or "1")
    source = _source_currency(row)
    is_converted = source not in (None, row.get("price_currency") or row["currency"])
    exchanged = {"sale_currency": source, "fx": row.get("fx") if is_converted else None}
    return {**row, **exchanged, "share": row.get("share") if share != 1 else None}


def _source_currency(row: Record) -> str | None:
    """The currency an amount is converted from: the sale's, or the contract's for an invoice in another."""
    return str(row["label"]).split(" ")[0] if row["operation"] == "convert" else row.get("sale_currency")


SAME_PRICE = (
    "version", "clause", "sale", "sale_currency", "fx", "share", "each", "round", "mode", "price_currency",
)  # fmt: skip


def _merged(rows: list[Record]) -> list[Record]:
    """Price groups of one price as one row: their conversions and amounts added up."""
    merged: dict[tuple[Any, ...], Record] = {}
    for row in rows:
        is_group = row["operation"] == "price_group"
        key = tuple(row.get(name) for name in SAME_PRICE) if is_group else (row["seq"],)
        merged[key] = _added(merged[key], row) if key in merged else row
    return list(merged.values())


def _added(first: Record, other: Record) -> Record:
    names = (name for name in ("quantity", "amount") if first.get(name) is not None)
    return {**first, **{name: exact_or_zero(first[name]) + exact_or_zero(other[name]) for name in names}}


def _with_positions(rows: list[Record]) -> list[Record]:
    """Price groups that are all the conversions of a version in one tier, with where that version's count stood.

    Only where whole conversions lie one after the other: then how many of them lie in a tier follows from its
    thresholds (RULES 6.2); otherwise the order of time decides, and the engine's count stands.
    """
    positions = Counter(row["version"] for row in rows if row["operation"] == "position")
    spans = {row["version"]: row for row in rows if row["operation"] == "position" and _is_by_conversions(row)}
    spans = {version: span for version, span in spans.items() if positions[version] == 1}  # of one month
    placed = [row for row in rows if row["operation"] == "price_group" and row.get("tier") and row["version"] in spans]
    fit = {version for version, span in spans.items() if _is_gapless(span, placed)}
    ends = {version: {"run_start": spans[version]["start"], "run_end": spans[version]["end"]} for version in fit}
    return [{**row, **ends[row["version"]]} if row["version"] in fit and row in placed else row for row in rows]


def _is_by_conversions(span: Record) -> bool:
    return span.get("tier_mode") == "graduated" and span.get("measure") == "conversions"


def _is_gapless(span: Record, placed: list[Record]) -> bool:
    """Whether a version's groups fill its count from start to end, one group for a tier, no conversion shared."""
    groups = [row for row in placed if row["version"] == span["version"]]
    start, end = exact_or_zero(span["start"]), exact_or_zero(span["end"])
    is_whole = start.denominator == 1 and not any(row.get("share") for row in groups)
    is_single = len({row["tier"] for row in groups}) == len(groups)
    return is_whole and is_single and sum(exact_or_zero(row["quantity"]) for row in groups) == end - start


def _has(row: Record, wanted: Record) -> bool:
    return all((row.get(name) or "") == value for name, value in wanted.items())


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(row.values()) if isinstance(row, dict) else tuple(row)


def joined(parts: Iterable[object], between: str = ", ") -> str:
    """Words in a row; a dash for none."""
    return between.join(str(part) for part in parts) or "–"
