"""A partner's program over several months as tests write them: contract documents and CSV files, closed like any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from recon.close import StoredClose, close_period
from recon.period import Period, instant
from recon.workspace import Workspace

SAID = {
    "counterparty": {"id": "ann", "name": "Ann", "role": "partner"}, "direction": "payout", "currency": "USD",
    "timezone": "UTC", "status": "approved",
}  # fmt: skip
HEADERS = {
    "clicks": "click_id,ts,program,partner,user_id,ingested_at",
    "conversions": "conversion_id,ts,program,user_id,action,sale_amount,ingested_at",
    "reversals": "reversal_id,conversion_id,ts,sale_amount,ingested_at",
    "opening_balances": "contract,item,kind,value,period",
    "billing_lines": "billing_line_id,contract,item,period,kind,amount,currency,reference",
}


PEOPLE = '[people]\npat = ["preparer"]\nrae = ["reviewer"]\nvic = ["viewer"]'


@dataclass
class ProgramMonths:
    """A workspace of one program `p` and partner `ann`; each conversion has a click an hour before."""

    folder: Path
    materiality: str = '[materiality]\nUSD = "100.00"'
    rows: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in HEADERS})

    def version(self, number: int = 1, approved: str = "2025-12-15T00:00:00Z", **said: Any) -> None:
        """A version of the contract `ann`; `first` is its first date, everything else its terms."""
        first = said.pop("first", "2026-01-01")
        steps = [("create", "dana"), ("submit", "dana"), ("approve", "lee")]
        document = {
            "contract": "ann", "version": number, "kind": "original" if number == 1 else "amendment", **SAID,
            "effective": {"from": first},
            "history": [{"action": action, "by": by, "at": approved} for action, by in steps],
            "terms": {"model": "cpa", "program": "p", "partner": "ann", **said},
        }  # fmt: skip
        path = self.folder / "contracts" / "ann" / f"v{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def won(self, name: str, day: str, sale: str = "", known: str = "") -> None:
        """A conversion at noon that ann's click won; `known` is when it was ingested."""
        self.rows["clicks"].append(f"k-{name},{day}T11:00:00Z,p,ann,u-{name},")
        self.rows["conversions"].append(f"{name},{day}T12:00:00Z,p,u-{name},purchase,{sale},{known}")

    def reversal(self, name: str, day: str, sale: str = "", known: str = "") -> None:
        """A reversal of a conversion, full where no amount is given."""
        number = len(self.rows["reversals"]) + 1
        self.rows["reversals"].append(f"r{number},{name},{day}T12:00:00Z,{sale},{known}")

    def opening(self, kind: str, value: str, period: str, item: str = "") -> None:
        """A row of the dataset of opening balances."""
        self.rows["opening_balances"].append(f"ann,{item},{kind},{value},{period}")

    def billed(self, amount: str, period: str, kind: str = "payout", reference: str = "") -> None:
        """A billed line of the item `sale`."""
        number = len(self.rows["billing_lines"]) + 1
        self.rows["billing_lines"].append(f"B{number},ann,sale,{period},{kind},{amount},USD,{reference}")

    def workspace(self) -> Workspace:
        """The workspace as its files are now."""
        tables = ['[workspace]\nname = "months"', '[contracts]\npath = "contracts"', PEOPLE, self.materiality]
        for name, rows in self.rows.items():
            self._write(f"data/{name}.csv", [HEADERS[name], *rows])
            tables.append(f'[data.{name}]\npath = "data/{name}.csv"')
        self._write("recon.toml", tables)
        return Workspace.open(self.folder)

    def _write(self, name: str, lines: Sequence[str]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def closed(self, period: str, cutoff: str | None = None, as_known_at: str | None = None) -> StoredClose:
        """A new run of a month."""
        cut, known = (None if text is None else instant(text) for text in (cutoff, as_known_at))
        return close_period(self.workspace(), Period.parse(period), known, cut, is_diagnosed=False)


def amounts(close: StoredClose) -> dict[tuple[str, str], str]:
    """Expected amounts by item and kind."""
    return {(line["item"], line["kind"]): str(line["expected_amount"]) for line in close.lines.to_dict("records")}
