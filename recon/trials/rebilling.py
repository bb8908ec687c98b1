"""Months billed by a command: one call for many plantings, each in a part of the month that is its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from recon.period import instant_text
from recon.problems import BadInput, Problem
from recon.trials.billers import Biller
from recon.trials.cases import Case, Outcome
from recon.trials.folders import write_month
from recon.trials.parts import Parts, joined, renamed
from recon.trials.planting.month import AGAIN, BilledLine, Document, Month, versions_in_force
from recon.trials.planting.sites import Planting

AT_ONCE = 2  # biller processes
MOST_ROWS = 100_000  # of a call, so that it takes seconds and both processes have work
MARK = "!"  # before the number of a part; sorts before whatever names are made of, so that ties stay as they were


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
    def has_other_rates(self) -> bool:
        """Whether exchange rates are edited, which all parts of a call share."""
        return any(one.has_other_rates for one in self.plantings)

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
        self.parts = Parts(month)
        self.calls = 0

    def clean(self) -> Billed:
        """The month as the biller computes it; BadInput where it refuses."""
        billed = self._call(self.month)
        if isinstance(billed, str):
            raise BadInput([Problem("--command", billed, "a biller that bills the month")])
        return billed

    def attempted(self, attempts: Sequence[Attempt], clean: Billed) -> list[Billed | None]:
        """The lines of each attempt's contracts; None where the biller refuses the month as edited."""
        again = [n for n, one in enumerate(attempts) if one.is_billed_again]
        found: dict[int, Billed | None] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for told in pool.map(lambda group: dict(self._bill(attempts, group)), self._groups(attempts, again)):
                found |= told
        rest = {n: one for n, one in enumerate(attempts) if not one.is_billed_again}
        found |= {n: one.lines(_of(clean, one.contracts)) for n, one in rest.items()}
        return [found[n] for n in range(len(attempts))]

    def _groups(self, attempts: Sequence[Attempt], numbers: Sequence[int]) -> Iterator[list[int]]:
        """Attempts that share a call, by their rows; those with other exchange rates among themselves."""
        for has_other in (False, True):
            mine = [n for n in numbers if attempts[n].has_other_rates == has_other]
            sizes = {n: self.parts.rows(attempts[n].contracts) for n in mine}
            room = max(1, min(MOST_ROWS, sum(sizes.values()) // AT_ONCE + 1))
            group: list[int] = []
            for n in mine:
                if group and sum(sizes[m] for m in group) + sizes[n] > room:
                    yield group
                    group = []
                group.append(n)
            if group:
                yield group

    def _bill(self, attempts: Sequence[Attempt], group: Sequence[int]) -> Iterator[tuple[int, Billed | None]]:
        """One call for a group, each attempt in its own part; halves of it where the biller refuses."""
        edited = {n: attempts[n].edited(self.parts.of(attempts[n].contracts)) for n in group}
        billed = self._call(joined([renamed(month, f"{MARK}{n}") for n, month in edited.items()]))
        if not isinstance(billed, str):
            yield from ((n, attempts[n].lines(_named(billed, f"{MARK}{n}", attempts[n].contracts))) for n in group)
        elif len(group) == 1:
            yield group[0], None
        else:
            half = len(group) // 2
            for some in (group[:half], group[half:]):
                yield from self._bill(attempts, some)

    def _call(self, month: Month) -> Billed | str:
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


def _named(lines: Iterable[BilledLine], mark: str, contracts: frozenset[str]) -> Billed:
    """The lines of one part under the names that they had."""
    own = [line for line in lines if line.contract.endswith(mark)]
    plain = [
        replace(
            line, contract=line.contract.removesuffix(mark), item=line.item.removesuffix(mark),
            details=tuple((_as_sent(conversion, mark), amount) for conversion, amount in line.details),
        )
        for line in own
    ]  # fmt: skip
    return _of(plain, contracts)


def _as_sent(conversion: str, mark: str) -> str:
    """The identifier that the data have for a conversion of a part; copies have their original's."""
    return conversion.removesuffix(mark).split(AGAIN)[0]


# The biller's answer as a bill


def _billed(month: Month, outcome: Outcome) -> Billed:
    """Lines with the version that a bill would print and what each conversion earned."""
    earned, versions = _earned(month, outcome), _last_versions(month)
    return [
        BilledLine(
            contract, item, kind, currency, quantity, amount, versions.get(contract),
            tuple(sorted(earned.get((contract, item), ()))) if kind in ("charge", "payout") else (),
        )
        for (contract, item, kind, currency), (quantity, amount) in sorted(outcome.lines.items())
    ]  # fmt: skip


def _last_versions(month: Month) -> dict[str, int]:
    """The last version of each contract in force in the month."""
    found = {name: versions_in_force(month.versions(name), month.period) for name in month.contracts}
    return {name: int(versions[-1]["version"]) for name, versions in found.items() if versions}


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
