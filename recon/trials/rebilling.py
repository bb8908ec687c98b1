"""Months billed by a command: one call for as many plantings as do not touch each other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recon.period import instant_text
from recon.problems import BadInput, Problem
from recon.trials.billers import Biller
from recon.trials.cases import Case, Outcome
from recon.trials.folders import write_month
from recon.trials.planting.currency import ALL
from recon.trials.planting.month import IDS, BilledLine, Document, Month, versions_in_force
from recon.trials.planting.sites import Planting

AT_ONCE = 2  # biller processes


@dataclass(frozen=True)
class Attempt:
    """Plantings made together (two for a pair); `contracts` are those whose lines are taken."""

    plantings: tuple[Planting, ...]

    @property
    def contracts(self) -> frozenset[str]:
        """The contracts whose lines are taken."""
        return frozenset(name for one in self.plantings for name in one.contracts)

    @property
    def is_billed_again(self) -> bool:
        """Whether documents or data are edited, so that a biller has to compute."""
        return any(one.month is not None for one in self.plantings)

    @property
    def touches(self) -> frozenset[str]:
        """What is edited: contracts, items, programs, exchange rates."""
        return frozenset[str]().union(*(one.touches for one in self.plantings))

    def edited(self, month: Month) -> Month:
        """The month as the billing system has it."""
        for one in self.plantings:
            month = one.month(month) if one.month is not None else month
        return month

    def lines(self, billed: Sequence[BilledLine]) -> list[BilledLine]:
        """The contracts' lines with what was done to lines."""
        lines = list(billed)
        for one in self.plantings:
            lines = one.lines(lines) if one.lines is not None else lines
        return lines


Billed = list[BilledLine]


class Rebilling:
    """Bills a month, whole or with errors planted, through a biller in a folder."""

    def __init__(self, month: Month, biller: Biller, folder: Path) -> None:
        self.month, self.biller, self.folder = month, biller, folder
        self.calls = 0
        self.depends = {name: _depends(month, name) for name in month.contracts}
        self._repeated = {name: _repeated(month.rows[name], IDS[name]) for name in ("impressions",)}

    def clean(self) -> Billed:
        """The month as the biller computes it; BadInput where it refuses."""
        billed = self._call(self.month, self.month)
        if isinstance(billed, str):
            raise BadInput([Problem("--command", billed, "a biller that bills the month")])
        return billed

    def attempted(self, attempts: Sequence[Attempt], clean: Billed) -> list[Billed | None]:
        """The lines of each attempt's contracts; None where the biller refuses the month as edited."""
        found: dict[int, Billed | None] = {}
        groups = self._grouped([n for n, one in enumerate(attempts) if one.is_billed_again], attempts)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for group, billed in zip(groups, pool.map(lambda group: self._bill(attempts, group), groups), strict=True):
                found |= dict(zip(group, billed, strict=True))
        rest = {n: one for n, one in enumerate(attempts) if not one.is_billed_again}
        found |= {n: one.lines(_of(clean, one.contracts)) for n, one in rest.items()}
        return [found[n] for n in range(len(attempts))]

    def _bill(self, attempts: Sequence[Attempt], group: Sequence[int]) -> list[Billed | None]:
        """One call for a group; each by itself where the group is refused."""
        month = self._part([attempts[n] for n in group])
        for n in group:
            month = attempts[n].edited(month)
        billed = self._call(month, self.month)
        if isinstance(billed, str):
            return [None] if len(group) == 1 else [self._bill(attempts, [n])[0] for n in group]
        return [attempts[n].lines(_of(billed, attempts[n].contracts)) for n in group]

    def _grouped(self, numbers: Iterable[int], attempts: Sequence[Attempt]) -> list[list[int]]:
        """Attempts that may share a call: neither depends on what the other edits, and both are of one model."""
        groups: list[list[int]] = []
        for n in numbers:
            fits = (group for group in groups if not any(self._meet(attempts[n], attempts[m]) for m in group))
            group = next(fits, None)
            if group is None:
                groups.append([n])
            else:
                group.append(n)
        return groups

    def _meet(self, one: Attempt, other: Attempt) -> bool:
        mine, theirs = self._needs(one), self._needs(other)
        is_mixed = any(name.startswith("item ") for name in mine) != any(name.startswith("item ") for name in theirs)
        return is_mixed or bool(mine & other.touches) or bool(theirs & one.touches)

    def _needs(self, attempt: Attempt) -> frozenset[str]:
        """What the lines of an attempt depend on."""
        return frozenset[str]().union(*(self.depends[name] for name in attempt.contracts if name in self.depends))

    def _part(self, attempts: Sequence[Attempt]) -> Month:
        """The part of the month that the attempts' contracts depend on."""
        needs = frozenset[str]().union(*(self._needs(one) for one in attempts))
        contracts = {name for name, own in self.depends.items() if own & needs - {ALL}}
        items = [name.removeprefix("item ") for name in needs if name.startswith("item ")]
        programs = [name.removeprefix("program ") for name in needs if name.startswith("program ")]
        kept = tuple(one for one in self.month.documents if one["contract"] in contracts)
        rows = dict(self.month.rows) | self._rows(items, programs)
        return replace(self.month, documents=kept, rows=rows)

    def _rows(self, items: Sequence[str], programs: Sequence[str]) -> dict[str, pa.Table]:
        """Impressions of the items and of the programs' converting users; clicks and conversions of the programs."""
        rows = self.month.rows
        found = {name: _of_programs(rows[name], programs) for name in ("clicks", "conversions")}
        users = found["conversions"].column("user_id").combine_chunks()
        table = rows["impressions"]
        of_items = pc.is_in(table.column("item"), pa.array(items, pa.string()))
        of_users = pc.and_(_is_of(table, programs), pc.is_in(table.column("user_id"), users))
        repeated = pc.is_in(table.column("impression_id"), self._repeated["impressions"])
        kept = pc.or_(pc.fill_null(of_items, False), pc.or_(pc.fill_null(of_users, False), repeated))
        ids = found["conversions"].column("conversion_id").combine_chunks()
        reversals = rows["reversals"].filter(pc.is_in(rows["reversals"].column("conversion_id"), ids))
        return found | {"impressions": table.filter(kept), "reversals": reversals}

    def _call(self, month: Month, whole: Month) -> Billed | str:
        """The lines that the biller computes, or its refusal in words."""
        self.calls += 1
        place = Path(tempfile.mkdtemp(prefix="call-", dir=self.folder))
        try:
            write_month(place / "workspace", month)
            (place / "out").mkdir()
            outcome = self.biller(_case(month, place), place / "workspace", place / "out")
        finally:
            shutil.rmtree(place, ignore_errors=True)
        if outcome is None:
            asked = "a command with {as_known_at} and {cutoff}, which this month asks for"
            raise BadInput([Problem("--command", "", asked)])
        return outcome.refusal if outcome.refusal is not None else _billed(month, outcome)


def _case(month: Month, folder: Path) -> Case:
    asked = {"as_known_at": month.as_known_at, "cutoff": month.own_cutoff}
    expected = {name: instant_text(at) for name, at in asked.items() if at is not None}
    return Case(folder, "", "", str(month.period), "", expected)


def _of(lines: Iterable[BilledLine], contracts: frozenset[str]) -> Billed:
    return [line for line in lines if line.contract in contracts]


def _is_of(table: pa.Table, programs: Sequence[str]) -> Any:
    return pc.is_in(table.column("program"), pa.array(programs, pa.string()))


def _of_programs(table: pa.Table, programs: Sequence[str]) -> pa.Table:
    return table.filter(_is_of(table, programs))


def _repeated(table: pa.Table, column: str) -> pa.Array:
    counts = table.column(column).value_counts()
    return counts.field("values").filter(pc.greater(counts.field("counts"), 1))


def _depends(month: Month, contract: str) -> frozenset[str]:
    """What the lines of a contract depend on: itself, its items or program, rivals of the program, exchange rates."""
    terms = [one["terms"] for one in month.versions(contract) if one.get("terms")]
    own = {f"contract {contract}", ALL}
    for one in terms:
        items = {f"item {item['item']}" for item in one["items"]}
        own |= items if one["model"] == "cpm" else {f"program {one['program']}"}
    if month.versions(contract)[0]["direction"] == "payout":
        own |= {f"contract {rival}" for rival in _rivals(month, {one.get("program") for one in terms} - {None})}
    return frozenset(own)


def _rivals(month: Month, programs: set[Any]) -> list[str]:
    return [one["contract"] for one in month.documents
            if one["direction"] == "payout" and (one.get("terms") or {}).get("program") in programs]  # fmt: skip


# The biller's answer as a bill


def _billed(month: Month, outcome: Outcome) -> Billed:
    """Lines with the version that a bill would print and what each conversion earned."""
    versions = {name: _last_version(month, name) for name in month.contracts}
    earned = _earned(month, outcome)
    return [
        BilledLine(
            contract, item, kind, currency, quantity, amount, versions.get(contract),
            tuple(sorted(earned.get((contract, item), ()))) if kind in ("charge", "payout") else (),
        )
        for (contract, item, kind, currency), (quantity, amount) in sorted(outcome.lines.items())
    ]  # fmt: skip


def _last_version(month: Month, contract: str) -> int | None:
    found = versions_in_force(month.versions(contract), month.period)
    return int(found[-1]["version"]) if found else None


def _earned(month: Month, outcome: Outcome) -> dict[tuple[str, str], list[tuple[str, Decimal]]]:
    """What each payable conversion earned, by contract and the item that prices it (RULES 5.6)."""
    rows = {row["conversion_id"]: row for row in reversed(month.rows["conversions"].to_pylist())}
    terms = {(one["contract"], str(one["version"])): one.get("terms") or {} for one in month.documents}
    found: dict[tuple[str, str], list[tuple[str, Decimal]]] = {}
    for (contract, conversion), told in (outcome.conversions or {}).items():
        if told["fate"] == "payable" and conversion in rows:
            item = _item(terms.get((contract, str(told["version"])), {}), rows[conversion])
            found.setdefault((contract, item), []).append((conversion, Decimal(told["amount"])))
    return found


def _item(terms: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """The first item whose action and conditions match."""
    for item in terms.get("items", ()):
        when: Document = item.get("when") or {}
        if item.get("action") == row["action"] and all(row[name] in allowed for name, allowed in when.items()):
            return str(item["item"])
    return ""
