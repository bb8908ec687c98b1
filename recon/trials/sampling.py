"""A month small enough to be billed many times: all of it, or a sample whose rows belong together."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa

from recon.contracts import yamltext
from recon.engine import Engine, quoted
from recon.inputs import open_engine, read_inputs
from recon.inputs.datasets import DATASETS
from recon.ledger import Ledger
from recon.money import minor_units, round_to
from recon.period import Period
from recon.trials.openings import carried_balances
from recon.trials.planting.month import Document, Month
from recon.workspace import Workspace

MOST_IMPRESSIONS, MOST_CONVERSIONS = 50_000, 5_000
EVENTS = ("impressions", "clicks", "conversions", "reversals")
SMALL = ("third_party", "fx_rates", "opening_balances")
PARTS = 1_000_000
Shares = Mapping[str, Fraction]


@dataclass(frozen=True)
class Sampled:
    """What of the month was taken: rows read and kept by dataset, and the share by item and program where it counts."""

    read: Mapping[str, int]
    kept: Mapping[str, int]
    shares: Shares

    def told(self) -> dict[str, Any]:
        """The sample in words and numbers; thresholds and limits of contracts shrink with it."""
        rows = {name: {"read": self.read[name], "kept": self.kept[name]} for name in self.read}
        return {"is_sampled": bool(self.shares), "rows": rows,
                "scaled": {name: f"{float(share):.4f}" for name, share in sorted(self.shares.items())}}  # fmt: skip


def month_of(
    workspace: Workspace, period: Period, seed: int, as_known_at: int | None = None, cutoff: int | None = None
) -> tuple[Month, Sampled]:
    """The month's documents and accepted rows, sampled where there are many; raises BadInput as a close does."""
    with open_engine(workspace) as engine:
        read_inputs(workspace, engine, period)
        conditions = _conditions(engine, seed)
        rows = {name: _events(engine, name, conditions.get(name, "true")) for name in EVENTS}
        rows |= {name: _small(engine, name) for name in SMALL}
        read = {name: engine.row(f"SELECT count(*) FROM {name}")[0] for name in EVENTS}
        shares = _shares(engine, rows) if conditions else {}
    documents = tuple(_scaled(document, shares) for document in read_documents(workspace))
    month = Month(period, documents, rows, workspace.cutoff_days, workspace.billing_timezone, as_known_at, cutoff)
    kept = {name: rows[name].num_rows for name in EVENTS}
    return _with_locked(workspace, month, shares), Sampled(read, kept, shares)


def read_documents(workspace: Workspace) -> list[Document]:
    """Every document of the contract book as written, plain values as text."""
    paths = sorted(workspace.contracts.glob("*/v*.yaml"))
    return [yamltext.read(path.read_text(encoding="utf-8-sig")).content for path in paths]


def _conditions(engine: Engine, seed: int) -> dict[str, str]:
    """Which rows are kept, as SQL by dataset; none where the month is small enough as it is."""
    (impressions,) = engine.row("SELECT count(*) FROM impressions")
    (conversions,) = engine.row("SELECT count(*) FROM conversions")
    if impressions <= MOST_IMPRESSIONS and conversions <= MOST_CONVERSIONS:
        return {}
    share = min(PARTS, MOST_CONVERSIONS * PARTS // max(conversions, 1))
    _choose_users(engine, seed, share)
    chosen = "EXISTS (FROM chosen_users AS c WHERE c.program = t.program AND c.user_id = t.user_id)"
    _choose_items(engine, seed)
    of_item = _drawn(engine, "impression_id", seed)
    own = f"{of_item} < (SELECT parts FROM item_parts AS p WHERE p.item IS NOT DISTINCT FROM t.item)"
    reversed_ones = f"conversion_id IN (SELECT conversion_id FROM conversions AS t WHERE {chosen})"
    return {"impressions": f"({own} OR {chosen})", "clicks": chosen, "conversions": chosen, "reversals": reversed_ones}


def _drawn(engine: Engine, columns: str, seed: int) -> str:
    """A number below a million, the same for the same values and seed."""
    return f"({engine.fingerprint(f'concat_ws(chr(31), {columns}, {seed})')} % {PARTS})"


def _choose_users(engine: Engine, seed: int, share: int) -> None:
    """Users who convert, and with them everyone of the same orders."""
    drawn = _drawn(engine, "program, user_id", seed)
    orders = f"SELECT program, action, order_id FROM conversions WHERE order_id IS NOT NULL AND {drawn} < {share}"
    mates = f"(program, action, order_id) IN ({orders})"
    sql = f"SELECT DISTINCT program, user_id FROM conversions WHERE {drawn} < {share} OR {mates}"
    engine.run("choose users", f"CREATE TABLE chosen_users AS {sql}")


def _choose_items(engine: Engine, seed: int) -> None:
    """How many millionths of each item's impressions are drawn: about equally many impressions of every item."""
    counts = engine.rows("SELECT item, count(*) FROM impressions GROUP BY item ORDER BY item")
    most = _level([count for _, count in counts], MOST_IMPRESSIONS)
    rows = [(item, min(PARTS, most * PARTS // count)) for item, count in counts]
    engine.table("item_parts", {"item": "TEXT", "parts": "BIGINT"}, rows)


def _level(counts: Iterable[int], total: int) -> int:
    """The most for each so that all together stay within a total.

    >>> _level([10, 100, 100], 110)
    50
    """
    left, places = total, sorted(counts)
    for place, count in enumerate(places):
        if count * (len(places) - place) > left:
            return left // (len(places) - place)
        left -= count
    return max(places, default=0)


def _events(engine: Engine, name: str, condition: str) -> pa.Table:
    """Rows of events with the file each came from; amounts as decimals."""
    sql = f"SELECT * EXCLUDE (row) FROM {quoted(f'located_{name}')} AS t WHERE {condition} ORDER BY file, row"
    table = engine.arrow(sql, f"sample of {name}")
    return _with_decimals(table) if "sale_micros" in table.column_names else table


def _with_decimals(table: pa.Table) -> pa.Table:
    place = table.column_names.index("sale_micros")
    amounts = [None if one is None else Decimal(one).scaleb(-6) for one in table.column(place).to_pylist()]
    return table.set_column(place, "sale_amount", pa.array(amounts, pa.decimal128(19, 6)))


def _small(engine: Engine, name: str) -> pa.Table:
    """Rows of a small dataset, those whose key repeats left out as a close leaves them out."""
    keys = ", ".join(DATASETS[name].unique)
    columns = ", ".join(column.field for column in DATASETS[name].columns)
    sql = f"SELECT {columns} FROM {name} QUALIFY count(*) OVER (PARTITION BY {keys}) = 1 ORDER BY {keys}"
    return engine.arrow(sql, f"rows of {name}")


def _with_locked(workspace: Workspace, month: Month, shares: Shares) -> Month:
    """Opening balances: those of a locked close before the month instead of the dataset's, and scaled like the rest."""
    folder = _locked_before(workspace, month)
    table = month.rows["opening_balances"]
    if folder is not None:
        table = carried_balances(table, folder, str(month.period))
    share = {one["contract"]: _share_of(one, shares) for one in month.documents}
    values = [
        value if (part := share.get(contract)) in (None, 1) else str(round_to(Fraction(value) * part, 0))
        for contract, value in zip(table.column("contract").to_pylist(), table.column("value").to_pylist(), strict=True)
    ]  # fmt: skip
    place = table.column_names.index("value")
    carried = table.set_column(place, "value", pa.array(values, pa.string()))
    return replace(month, rows={**month.rows, "opening_balances": carried})


def _locked_before(workspace: Workspace, month: Month) -> Path | None:
    """The folder of the locked close of the month before; none where nothing was ever closed."""
    if not workspace.closes.is_dir():
        return None
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        locked = {close.period: close.folder for close in ledger.all_locked(month.as_known_at)}
    return locked.get(str(month.period.previous()))


def _shares(engine: Engine, rows: Mapping[str, pa.Table]) -> dict[str, Fraction]:
    """What was kept of each item's impressions and each program's conversions."""
    shares: dict[str, Fraction] = {}
    for dataset, column in (("impressions", "item"), ("conversions", "program")):
        kept = {row["values"]: row["counts"] for row in rows[dataset].column(column).value_counts().to_pylist()}
        sql = f"SELECT {column}, count(*) FROM {dataset} WHERE {column} IS NOT NULL GROUP BY {column}"
        shares |= {f"{column} {name}": Fraction(kept.get(name, 0), count) for name, count in engine.rows(sql)}
    return shares


# Thresholds and limits shrink with the sample, so that clauses still matter


def _share_of(document: Document, shares: Shares) -> Fraction:
    """The share of a contract's own events that was kept, of all its items together."""
    terms = document.get("terms") or {}
    items = [f"item {one['item']}" for one in terms.get("items", ())]
    keys = [f"program {terms['program']}"] if "program" in terms else items
    found = [shares[key] for key in keys if key in shares]
    return sum(found, Fraction(0)) / len(found) if found else Fraction(1)


def _scaled(document: Document, shares: Shares) -> Document:
    """The document with quantities and limits in proportion to the sample."""
    if not shares or not document.get("terms"):
        return document
    scaled = copy.deepcopy(document)
    whole, terms = _share_of(document, shares), scaled["terms"]
    money = _money(str(terms.get("invoice_currency") or document["currency"]))
    for clause in ("cap", "minimum", "minimum_payout"):
        if clause in terms:
            terms[clause]["amount"] = money(terms[clause]["amount"], whole)
    for cap in terms.get("caps") or ():
        name = "amount" if "amount" in cap else "conversions"
        cap[name] = money(cap[name], whole) if name == "amount" else _units(cap[name], whole)
    for step in terms.get("bonus") or ():
        step["at_least"] = _units(step["at_least"], whole)
    for item in terms["items"]:
        _scale_item(item, shares.get(f"item {item['item']}", whole), money)
    return scaled


def _scale_item(item: dict[str, Any], share: Fraction, money: Any) -> None:
    if "booked" in item:
        item["booked"]["quantity"] = _units(item["booked"]["quantity"], share)
    if "cap" in item:
        item["cap"]["amount"] = money(item["cap"]["amount"], share)
    for holder in (item, *item.get("rates", ())):
        last = 0
        for step in holder.get("tiers", {"steps": ()})["steps"][1:]:
            name = "over" if "over" in step else "from"
            last = max(last + 1, int(_units(step[name], share)))
            step[name] = str(last)


def _units(value: str, share: Fraction) -> str:
    return str(max(1, round(Fraction(str(value)) * share)))


def _money(currency: str) -> Any:
    digits = minor_units(currency)
    return lambda value, share: f"{round_to(Fraction(str(value)) * share, digits):f}"
