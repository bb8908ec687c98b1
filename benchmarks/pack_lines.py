"""A month of so many lines, closed, its pack written and calculated anew: time, size, and whether the cents agree.

    python -m benchmarks.pack_lines --lines 5000
    python -m benchmarks.pack_lines --lines 500 --folder /tmp/lines     # keeps the workspace and its pack

Contracts of 25 items each: charges per thousand by country, in tiers or at one rate, under a version and its amendment,
and payouts per conversion, rounded one by one. Every 20th line is billed wrongly. LibreOffice calculates every formula
anew; each must come to the value it was written with, every check to TRUE, and every line to the engine's cents.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

from benchmarks.office import missing, recalculated
from recon.close import StoredClose, close_period
from recon.evidence import write_pack
from recon.evidence.reading import open_workbook
from recon.period import Period
from recon.workspace import Workspace

PERIOD, OCTOBER = "2026-10", Period.parse("2026-10")
ITEMS = 25  # of a contract
EVENTS = 8  # of an item
WRONG = 20  # one line in so many
SETTINGS = """\
[workspace]
name = "lines"
[contracts]
path = "contracts"
[data.impressions]
path = "data/impressions.parquet"
[data.clicks]
path = "data/clicks.parquet"
[data.conversions]
path = "data/conversions.parquet"
[data.billing_lines]
path = "billing_lines.csv"
"""
IMPRESSIONS = """
SELECT 'i' || n AS impression_id, TIMESTAMP '2026-10-01 12:00:00' + to_minutes((n * 7919) % 43000) AS ts, 'p' AS program,
    'item-' || (n // {events}) AS item, 'u' || n AS user_id, CASE WHEN n % 3 = 0 THEN 'US' ELSE 'CA' END AS geo
FROM range({first} * {events}, {end} * {events}) AS r(n)"""
CONVERSIONS = """
SELECT 'c' || n AS conversion_id, TIMESTAMP '2026-10-01 12:00:00' + to_minutes((n * 7919) % 43000) AS ts,
    'p' || (n // ({events} * {items})) AS program, 'v' || n AS user_id, 'item-' || (n // {events}) AS action,
    CAST((n * 104729) % 20000 AS DECIMAL(18, 2)) / 100 AS sale_amount, 'USD' AS currency
FROM range({first} * {events}, {end} * {events}) AS r(n)"""
CLICKS = """
SELECT 'k' || conversion_id AS click_id, ts - INTERVAL 1 HOUR AS ts, program, 'partner' AS partner, user_id
FROM '{conversions}'"""
HEADER = "billing_line_id,contract,item,period,kind,amount,currency\n"


@dataclass(frozen=True)
class Told:
    """What a pack of so many lines took, and what of it another program calculates otherwise."""

    lines: int
    conversions: int
    formulas: int
    bytes: int
    seconds: Mapping[str, float]
    differing: tuple[str, ...]


def make(folder: Path, lines: int) -> Workspace:
    """A workspace with so many lines to expect (a multiple of 100), and nothing billed."""
    paid = lines // 4  # the items of payouts come first
    for number in range(lines // ITEMS):
        _write_contract(folder / "contracts", number, number * ITEMS < paid)
    data = folder / "data"
    data.mkdir(parents=True)
    conversions = data / "conversions.parquet"
    _copy(IMPRESSIONS.format(events=EVENTS, first=paid, end=lines), data / "impressions.parquet")
    _copy(CONVERSIONS.format(events=EVENTS, items=ITEMS, first=0, end=paid), conversions)
    _copy(CLICKS.format(conversions=conversions), data / "clicks.parquet")
    (folder / "recon.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "billing_lines.csv").write_text(HEADER, encoding="utf-8")
    return Workspace.open(folder)


def _copy(query: str, path: Path) -> None:
    duckdb.sql(query).write_parquet(str(path))


def _write_contract(folder: Path, number: int, is_paid: bool) -> None:
    """A contract's first version and, for charges, an amendment of the 16th."""
    names = [f"item-{number * ITEMS + n}" for n in range(ITEMS)]
    versions = [(1, "2026-01-01", _payouts(number, names))] if is_paid else _charges(number, names)
    for version, first, terms in versions:
        path = folder / f"contract-{number}" / f"v{version}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(_document(number, version, first, terms), sort_keys=False), encoding="utf-8")


def _document(number: int, version: int, first: str, terms: dict[str, Any]) -> dict[str, Any]:
    is_paid = terms["model"] == "cpa"
    party = {
        "id": f"party-{number // 2}",
        "name": f"Party {number // 2}",
        "role": "partner" if is_paid else "advertiser",
    }
    steps = [("create", "dana"), ("submit", "dana"), ("approve", "lee")]
    return {
        "contract": f"contract-{number}", "version": version, "kind": "amendment" if version > 1 else "original",
        "counterparty": party, "direction": "payout" if is_paid else "charge", "currency": "USD", "timezone": "UTC",
        "effective": {"from": first}, "status": "approved",
        "history": [{"action": action, "by": by, "at": "2025-12-15T00:00:00Z"} for action, by in steps],
        "terms": terms,
    }  # fmt: skip


def _charges(number: int, names: list[str]) -> list[tuple[int, str, dict[str, Any]]]:
    chance = random.Random(number)
    dates = ((1, "2026-01-01"), (2, "2026-10-16"))
    return [(v, first, {"model": "cpm", "items": [_rates(name, chance) for name in names]}) for v, first in dates]


def _rates(name: str, chance: random.Random) -> dict[str, Any]:
    """An item by country, in tiers, or at one rate."""
    prices = [f"{chance.randint(100, 90_000) / 100:.2f}" for _ in range(2)]
    steps = [{"over": 0, "per_mille": prices[0]}, {"over": 3, "per_mille": prices[1]}]
    ways: list[list[dict[str, Any]]] = [
        [{"when": {"geo": ["US"]}, "per_mille": prices[0]}, {"per_mille": prices[1]}],
        [{"tiers": {"mode": "graduated", "steps": steps}}],
        [{"per_mille": prices[0]}],
    ]
    return {"item": name, "rates": ways[int(name.rpartition("-")[2]) % 3]}


def _payouts(number: int, names: list[str]) -> dict[str, Any]:
    items = [{"item": name, "action": name, "percent_of_sale": f"{5 + place / 4}"} for place, name in enumerate(names)]
    return {"model": "cpa", "program": f"p{number}", "partner": "partner", "items": items}


def bill(place: Workspace, close: StoredClose) -> None:
    """Every line billed as expected, but one in twenty."""
    rows = close.lines.to_dict("records")
    billed = [row["expected_amount"] + Decimal(n % WRONG == 0) * Decimal("1.25") for n, row in enumerate(rows)]
    lines = (
        f"B{n},{row['contract']},{row['item']},{PERIOD},{row['kind']},{amount},{row['currency']}\n"
        for n, (row, amount) in enumerate(zip(rows, billed, strict=True))
    )
    (place.folder / "billing_lines.csv").write_text(HEADER + "".join(lines), encoding="utf-8")


def run(folder: Path, lines: int) -> Told:
    """Make the month, close it, write its pack and have it calculated anew."""
    place, pack, seconds = make(folder, lines), folder / "pack.xlsx", {}
    bill(place, close_period(place, OCTOBER, is_diagnosed=False))
    close, seconds["close"] = _timed(lambda: close_period(Workspace.open(folder), OCTOBER, is_diagnosed=False))
    _, seconds["write the pack"] = _timed(lambda: write_pack(close, pack))
    again, seconds["calculate anew"] = _timed(lambda: recalculated([pack], folder / "office", seconds=3600))
    told, anew = _formulas(pack), _formulas(again[0])
    differing = [
        f"{place}: {value}, anew {anew.get(place)}"
        for place, value in told.items()
        if not _same(value, anew.get(place))
    ]
    differing += [
        f"{place} is FALSE" for place, value in anew.items() if place.startswith("Checks") and value == ("b", "0")
    ]
    return Told(len(close.lines), len(close.conversions()), len(told), pack.stat().st_size, seconds, tuple(differing))


def _timed(work: Any) -> tuple[Any, float]:
    began = time.monotonic()
    return work(), time.monotonic() - began


def _formulas(path: Path) -> dict[str, tuple[str, str]]:
    """Kind and stored value of every formula, by its place."""
    book = open_workbook(path)
    with book.file:
        return dict(_values(book))


def _values(book: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    for title in book.sheets:
        for number, row in book.rows(title):
            yield from (
                (f"{title}!{k}{number}", (c.kind, c.text or "")) for k, c in row.items() if c.formula is not None
            )


def _same(one: tuple[str, str], other: tuple[str, str] | None) -> bool:
    """The same but for the noise of doubles."""
    if other is None or one[0] != other[0] or one[0] != "n":
        return one == other
    gap, size = abs(Decimal(one[1]) - Decimal(other[1])), abs(Decimal(one[1]))
    return gap <= max(Decimal("1e-9"), size * Decimal("1e-12"))


def told(found: Told) -> str:
    """In a few lines."""
    head = (
        f"{found.lines:,} lines, {found.conversions:,} conversions, {found.formulas:,} formulas, {found.bytes:,} bytes"
    )
    rows = [f"{name:16}{seconds:9.1f} s" for name, seconds in found.seconds.items()]
    verdict = f"{len(found.differing)} formulas come to something else" if found.differing else "every formula agrees"
    return "\n".join([head, *rows, verdict, *found.differing[:20]])


def main() -> None:
    """Command line: how many lines, and where to keep the workspace."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pack_lines", description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if missing():
        parser.error("LibreOffice (soffice) is not installed")
    with tempfile.TemporaryDirectory(prefix="pack-lines-") as name:
        found = run(asked.folder or Path(name), asked.lines)
    print(told(found))
    raise SystemExit(bool(found.differing))


if __name__ == "__main__":
    main()
