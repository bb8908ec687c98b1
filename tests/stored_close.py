"""A close made by hand for the tests of what is built on one: nine lines in four currencies, in plain Decimals."""

# ruff: noqa: PLR0917  tables of cases, read across

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from recon.close.stored import EVENT_COLUMNS

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}


@dataclass(frozen=True)
class AClose:
    """The attributes of a stored close that evidence, charts and notebooks read."""

    workspace_name: str
    period: str
    run: int
    folder: Path
    manifest: dict[str, Any]
    lines: pd.DataFrame
    findings: pd.DataFrame
    fates: pd.DataFrame
    rejected: pd.DataFrame
    workings: pd.DataFrame
    finding_events: pd.DataFrame
    finding_workings: pd.DataFrame
    versions: list[dict[str, Any]]
    not_priced: list[tuple[str, int, str]]
    decisions: pd.DataFrame = field(repr=False)
    workspace: Any = None
    reused: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "workspace", self.workspace or SimpleNamespace(folder=self.folder))

    @property
    def decision_count(self) -> int:
        return len(self.decisions)

    @property
    def decided_count(self) -> int:
        return int(self.decisions["conversion_id"].nunique())

    def conversions(self, contract: str | None = None) -> pd.DataFrame:
        return self.decisions if contract is None else self.decisions[self.decisions["contract"] == contract]

    def files_of(self, conversion_ids: Collection[str]) -> dict[str, str]:
        return dict.fromkeys(conversion_ids, "data/conversions.csv")


def a_close(folder: Path = Path("."), more_groups: int = 0) -> AClose:
    """The hand-made close; `more_groups` adds so many price groups to one CPA line."""
    workings = [row for line in _PRICED for row in _workings(*line)] + _many_groups(more_groups)
    lines, decisions = _lines(workings), _decisions(workings)
    manifest = _manifest(7 + decisions["conversion_id"].nunique())  # unclaimed, repeated and of before
    return AClose(
        "northwind", "2026-10", 1, folder, manifest, _frame(lines), _frame(_findings(lines)), _frame(_fates(lines)),
        _frame(_REJECTED), _frame(workings), _no_events(), _no_workings(workings), _versions(), [("kumo-press", 1, "third_party")], decisions,
    )  # fmt: skip


def a_diagnosed_close(folder: Path = Path("."), more_groups: int = 0) -> AClose:
    """The hand-made close with causes: two on one line, an ambiguous one, a remark, events and workings."""
    close = a_close(folder, more_groups)
    rows = [*close.findings.to_dict("records")]
    kept = [row for row in rows if row["item"] not in ("NW-CTV-RUN", "NW-CTV-PRIME", "lead")]
    workings = [
        {"finding_id": _LEAD, **row} for row in close.workings[close.workings["item"] == "lead"].to_dict("records")
    ]
    return replace(
        close, findings=_frame([*kept, *(dict(zip(_FOUND, row, strict=True)) for row in _DIAGNOSED)]),
        finding_events=pd.DataFrame(_EVENTS, columns=list(EVENT_COLUMNS), dtype=object), finding_workings=_frame(workings),
    )  # fmt: skip


_RUN, _PRIME = "2026-10/northwind-ctv/NW-CTV-RUN/charge/USD/", "2026-10/northwind-ctv/NW-CTV-PRIME/charge/USD/"
_LEAD = "2026-10/streamly-acme/lead/payout/EUR/eligibility_ignored"
_FOUND = (
    "finding_id", "contract", "item", "kind", "currency", "amount", "cause", "grade", "rivals", "witnesses", "sentence", "scope", "edit", "settles",
)  # fmt: skip
_DIAGNOSED = [
    (f"{_RUN}rounding_grain", "northwind-ctv", "NW-CTV-RUN", "charge", "USD", Decimal("0.03"), "rounding_grain", "proven", None, "BL-1", "The segments were rounded one by one.", "all contracts", "rounding per segment", None),
    (f"{_RUN}unexplained", "northwind-ctv", "NW-CTV-RUN", "charge", "USD", Decimal("-0.02"), "unexplained", "unexplained", None, "BL-1", "USD -0.02 of it has no cause yet.", None, None, None),
    (f"{_PRIME}missing_line", "northwind-ctv", "NW-CTV-PRIME", "charge", "USD", Decimal("-1340.21"), "missing_line", "consistent", None, None, "Nothing was billed for it; expected 1340.21.", "item", "the line left out", "the statement's export log"),
    (_LEAD, "streamly-acme", "lead", "payout", "EUR", Decimal("-18.00"), "eligibility_ignored", "ambiguous", "cap_ignored window_off", "BL-9", "Twelve leads were expected, ten were paid.", "contract", "min_sale ignored", "billing_details of line BL-9"),
    ("2026-10/kumo-press/KP-1/payout/USD/third_party_missing", "kumo-press", "KP-1", "payout", "USD", Decimal("0.00"), "third_party_missing", "consistent", None, None, "The third party gave no count for 4 dates.", None, None, None),
]  # fmt: skip
_EVENTS = [
    (_LEAD, "conversions", "c001", Decimal(1), "ineligible", "payable", Decimal("0.00"), Decimal("14.00"), "lead, 2026-10-03, geo US"),
    (_LEAD, "conversions", "c002", Decimal(1), "payable", "ineligible", Decimal("14.00"), Decimal("0.00"), "lead, 2026-10-04, geo CA"),
    (f"{_RUN}rounding_grain", "impressions", None, Decimal(1000001), "billable", "billable", None, None, "NW-CTV-RUN, 2026-10-01 to 2026-10-15"),
]  # fmt: skip


def _no_events() -> pd.DataFrame:
    return pd.DataFrame(columns=list(EVENT_COLUMNS), dtype=object)


def _no_workings(workings: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(columns=["finding_id", *workings[0]], dtype=object)


def rounded(amount: Fraction, currency: str, mode: str = "half_up") -> Decimal:
    """An amount at its currency's minor unit, the way `decimal` rounds."""
    number = Decimal(amount.numerator) / Decimal(amount.denominator)
    return number.quantize(Decimal(1).scaleb(-DIGITS[currency]), MODES[mode])


# contract, item, kind, currency, rounding, [(version, clause, quantity, rate)] — the example of RULES 4 first
_PRICED = [
    ("northwind-ctv", "NW-CTV-RUN", "charge", "USD", "half_up", [(1, "items[NW-CTV-RUN].rates[1]", 1000001, "25.00"), (2, "items[NW-CTV-RUN].rates[1]", 999999, "22.00")]),
    ("northwind-ctv", "NW-CTV-PRIME", "charge", "USD", "half_up", [(1, "items[NW-CTV-PRIME].rates[1]", 41234, "32.50"), (2, "items[NW-CTV-PRIME].rates[1]", 5, "21.00")]),
    ("sakura-video", "SK-1", "charge", "JPY", "half_even", [(1, "items[SK-1].rates[1]", 2500, "3001")]),
    ("gulf-banner", "GB-1", "payout", "KWD", "up", [(1, "items[GB-1].rates[1]", 333, "1.257")]),
    ("gulf-banner", "GB-2", "payout", "KWD", "up", [(1, "items[GB-2].rates[1]", 1000, "2.500")]),
]  # fmt: skip
_SALES = [(7, "100.00", None), (1, "33.33", None), (2, "0.50", None), (3, "900.00", None), (4, "88.05", "10000/10812")]
_ITEMS = {"percent_of_sale": "12", "min": "1.00", "max": "60.00"}


def _workings(
    contract: str, item: str, kind: str, currency: str, mode: str, segments: list[tuple[int, str, int, str]]
) -> list[dict[str, Any]]:
    rows = []
    for seq, (version, clause, quantity, rate) in enumerate(segments, 1):
        amount = Fraction(quantity) * Fraction(rate) / 1000
        rows.append(
            _row(
                contract,
                item,
                kind,
                currency,
                seq,
                version,
                clause,
                "4.1",
                f"version {version}, rate 1",
                "segment",
                quantity,
                amount,
                rate=rate,
            )
        )
    total = sum((Fraction(row["amount"]) for row in rows), Fraction(0))
    version = segments[-1][0]
    rows.append(
        _row(
            contract,
            item,
            kind,
            currency,
            len(rows) + 1,
            version,
            "rounding",
            "1.2",
            "rounded once",
            "round",
            sum(s[2] for s in segments),
            Fraction(rounded(total, currency, mode)),
        )
    )
    return rows


def _many_groups(count: int) -> list[dict[str, Any]]:
    """The CPA lines: percentages per conversion with limits and exchange, a flat rate, and rounding per line."""
    extra = [(1, f"{5 + n / 100:.2f}", None) for n in range(count)]
    rows = [_group("streamly-acme", "sale", "EUR", n, *sale) for n, sale in enumerate(_SALES + extra, 1)]
    rows += [_closing(rows)]
    flat = [
        _row(
            "streamly-acme",
            "lead",
            "payout",
            "EUR",
            1,
            1,
            "items[lead].flat",
            "6.1",
            "flat",
            "price_group",
            12,
            Fraction(168),
            each="14.00",
            **_rounding("conversion", "EUR"),
        )
    ]
    rows += [*flat, _closing(flat)]
    by_line = [
        _group("hearth-sales", "sale", "USD", n, *sale, by_line=True)
        for n, sale in enumerate([(3, "10.01", None), (1, "19.99", None)], 1)
    ]
    return [*rows, *by_line, _closing(by_line)]


def _group(
    contract: str, item: str, currency: str, seq: int, count: int, sale: str, fx: str | None, by_line: bool = False
) -> dict[str, Any]:
    price = Fraction(sale) * (Fraction(fx) if fx else 1) * Fraction(_ITEMS["percent_of_sale"]) / 100
    price = min(Fraction(_ITEMS["max"]), max(Fraction(_ITEMS["min"]), price))
    each = price if by_line else Fraction(rounded(price, currency))
    kind = "charge" if by_line else "payout"
    row = _row(
        contract,
        item,
        kind,
        currency,
        seq,
        1,
        f"items[{item}].percent_of_sale",
        "6.1",
        f"sale {sale}",
        "price_group",
        count,
        each * count,
    )
    return row | {
        "sale": sale,
        "sale_currency": "USD" if fx else currency,
        "fx": fx,
        "percent": "12",
        "minimum": "1.00",
        "maximum": "60.00",
        "each": str(each),
        **_rounding("line" if by_line else "conversion", currency),
    }


def _rounding(when: str, currency: str) -> dict[str, str]:
    return {"round": when, "mode": "half_up", "price_currency": currency}


def _closing(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first, total = rows[0], sum((Fraction(row["amount"]) for row in rows), Fraction(0))
    quantity = sum(int(row["quantity"]) for row in rows)
    names = ("contract", "item", "kind", "currency")
    return _row(
        *(first[n] for n in names),
        len(rows) + 1,
        1,
        "rounding",
        "1.2",
        "rounded once",
        "round",
        quantity,
        Fraction(rounded(total, first["currency"])),
    )


def _row(
    contract: str,
    item: str,
    kind: str,
    currency: str,
    seq: int,
    version: int,
    clause: str,
    rule: str,
    label: str,
    operation: str,
    quantity: int,
    amount: Fraction,
    **more: Any,
) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("rate", "sale", "sale_currency", "fx", "percent", "flat", "minimum", "maximum", "each", "text")
    )
    return {
        "contract": contract, "item": item, "kind": kind, "currency": currency, "seq": seq, "version": version, "clause": clause,
        "rule": rule, "label": label, "operation": operation, "quantity": str(quantity), "amount": str(amount), **empty, **more,
    }  # fmt: skip


_BILLED = {"NW-CTV-RUN": "47000.01", "NW-CTV-PRIME": None, "SK-1": "7502", "GB-2": "2.500", "lead": "150.00"}
_PARTIES = {
    "northwind-ctv": "Northwind Outdoor", "sakura-video": "Sakura Video KK", "gulf-banner": "=1+1", "streamly-acme": "Acme Reviews",
    "hearth-sales": "Hearth & Home <GmbH>", "kumo-press": "Kumo Press",
}  # fmt: skip


def _lines(workings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines = [_line(row) for row in workings if row["operation"] == "round"]
    orphan = {
        "contract": "1234567890123456", "item": "OLD-1", "kind": "charge", "currency": "USD", "expected_quantity": Decimal(0),
        "expected_amount": Decimal("0.00"), "billed_quantity": None, "billed_amount": Decimal("75.00"),
    }  # fmt: skip
    done = [_compared(line) for line in (*lines, orphan)]
    return sorted(done, key=lambda line: (line["contract"], line["item"]))


def _line(row: dict[str, Any]) -> dict[str, Any]:
    amount = rounded(Fraction(row["amount"]), row["currency"])
    billed = _BILLED.get(row["item"], str(amount))
    return {
        **{name: row[name] for name in ("contract", "item", "kind", "currency")},
        "expected_quantity": Decimal(row["quantity"]), "expected_amount": amount,
        "billed_quantity": None if billed is None else Decimal(row["quantity"]),
        "billed_amount": rounded(Fraction(billed or 0), row["currency"]),
    }  # fmt: skip


def _compared(line: dict[str, Any]) -> dict[str, Any]:
    variance = line["billed_amount"] - line["expected_amount"]
    one_sided = "missing" if line["billed_amount"] == 0 else "unexpected" if line["expected_amount"] == 0 else ""
    status = one_sided or ("over_billed" if variance > 0 else "under_billed") if variance else "matched"
    cause = "unexplained" if variance else None
    names = {
        "counterparty": _PARTIES.get(line["contract"]),
        "direction": None if line["item"] == "OLD-1" else line["kind"],
    }
    return {
        "period": "2026-10",
        **line,
        "variance": variance,
        "status": status,
        "cause": cause,
        "grade": cause,
        **names,
    }


def _findings(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "finding_id": "/".join(("2026-10", line["contract"], line["item"], line["kind"], line["currency"], "unexplained")),
            **{name: line[name] for name in ("contract", "item", "kind", "currency")},
            "amount": line["variance"], "cause": "unexplained", "grade": "unexplained", "rivals": None, "witnesses": None,
            "sentence": f"Billed {line['billed_amount']}, expected {line['expected_amount']}.",
            "scope": None, "edit": None, "settles": None,
        }
        for line in lines if line["variance"]
    ]  # fmt: skip


def _fates(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        _fate(line["kind"], "impressions", line, "billable")
        for line in lines
        if line["contract"] in ("northwind-ctv", "sakura-video", "gulf-banner")
    ]
    rows += [
        _fate(line["kind"], "conversions", line, "payable")
        for line in lines
        if line["contract"] in ("streamly-acme", "hearth-sales")
    ]
    rows += [_told(side, "impressions", "", "", "look_back", 17) for side in ("charge", "payout")]
    charged = sum(row["quantity"] for row in rows if row["direction"] == "charge" and row["dataset"] == "impressions")
    paid = sum(row["quantity"] for row in rows if row["direction"] == "payout" and row["dataset"] == "impressions")
    rows += [
        _told("charge", "impressions", "", "", "unknown_item", _IMPRESSIONS - 5 - charged),
        _told("payout", "impressions", "", "", "unknown_item", _IMPRESSIONS - 5 - paid),
    ]
    return [
        *rows,
        _told("charge", "impressions", "kumo-press", "KP-1", "duplicate", 0),
        *(
            _told("", "conversions", "", "", fate, n)
            for fate, n in (("unclaimed", 4), ("repeated_row", 1), ("look_back", 2))
        ),
    ]


_IMPRESSIONS = 2_100_000


def _fate(direction: str, dataset: str, line: dict[str, Any], fate: str) -> dict[str, Any]:
    return _told(direction, dataset, line["contract"], line["item"], fate, int(line["expected_quantity"]))


def _told(direction: str, dataset: str, contract: str, item: str, fate: str, quantity: int) -> dict[str, Any]:
    return {
        "direction": direction or None,
        "dataset": dataset,
        "contract": contract or None,
        "item": item or None,
        "fate": fate,
        "quantity": Decimal(quantity),
    }




def _decisions(workings: list[dict[str, Any]]) -> pd.DataFrame:
    """A conversion for each that a price group counts; the first of them was lost by another contract."""
    groups = [row for row in workings if row["operation"] == "price_group"]
    names = [(row, f"{row['item']}-{row['seq']}-{n}") for row in groups for n in range(int(row["quantity"]))]
    paid = [_decision(row, f"{name}-{row['contract'][0]}") for row, name in names]
    lost = {**paid[0], "contract": "hearth-sales", "item": "sale", "fate": "lost", "exact_amount": None}
    return _frame([lost, *paid])


def _decision(row: dict[str, Any], name: str) -> dict[str, Any]:
    each = Fraction(row["each"])
    is_decimal = 1000 % each.denominator == 0
    return {
        "contract": row["contract"], "conversion_id": name, "fate": "payable", "reason": "", "touch_id": f"t-{name}",
        "version": row["version"], "rate": row["percent"] or row["each"], "amount": Decimal("0.0000"),
        "item": row["item"], "share": 1_000_000,
        "exact_amount": str(Decimal(each.numerator) / each.denominator) if is_decimal else str(each),
    }  # fmt: skip


_REJECTED = [
    {"dataset": "impressions", "file": "data/impressions/10.csv", "row": 7, "column": "ts", "value": "=HYPERLINK(\"x\")", "reason": "no instant"},
    *({"dataset": "impressions", "file": "data/impressions/10.csv", "row": n, "column": "ivt", "value": "@bad", "reason": "unknown kind"} for n in range(8, 12)),
]  # fmt: skip


def _manifest(conversions: int) -> dict[str, Any]:
    def source(dataset: str, file: str, rows: int, rejected: int = 0, **more: Any) -> dict[str, Any]:
        digest = f"{len(dataset) % 16:x}" * 64
        return {"dataset": dataset, "file": file, "bytes": rows * 37, "sha256": digest, "rows": rows, "rejected": rejected,
                "first": "2026-10-01T00:00:00Z", "last": "2026-10-31T23:59:59.999999Z", **more}  # fmt: skip

    return {
        "inputs": [
            source("conversions", "data/conversions.csv", conversions),
            source("impressions", "data/impressions/10.csv", 2_000_000, 5, control={"rows": {"declared": "2000000", "found": "2000000", "agrees": True}}),
            source("impressions", "data/impressions/11.csv", 100_000),
        ],
        "settings": {"tolerance": {"amount": "0.00", "percent": "0"}, "materiality": {"USD": "100.00"}, "drift": {"months": 12, "in_a_row": 3}, "cutoff_days": 3, "billing_timezone": "UTC"},
        "software": "recon 0.1.0", "as_known_at": None, "cutoff": "2026-11-04T00:00:00Z", "digest": "ab12" * 16,
    }  # fmt: skip


def _versions() -> list[dict[str, Any]]:
    cpm = [
        _version("northwind-ctv", 1, "charge", "USD", {"items[NW-CTV-RUN].rates[1].per_mille": "25.00", "items[NW-CTV-PRIME].rates[1].per_mille": "32.50"}),
        _version("northwind-ctv", 2, "charge", "USD", {"items[NW-CTV-RUN].rates[1].per_mille": "22.00", "items[NW-CTV-PRIME].rates[1].per_mille": "21.00"}),
        _version("sakura-video", 1, "charge", "JPY", {"items[SK-1].rates[1].per_mille": "3001"}, "half_even"),
        _version("gulf-banner", 1, "payout", "KWD", {"items[GB-1].rates[1].per_mille": "1.257", "items[GB-2].rates[1].per_mille": "2.500"}, "up"),
        _version("kumo-press", 1, "payout", "USD", {"third_party.tolerance_percent": "10"}),
    ]  # fmt: skip
    sale = {f"items[sale].{leaf}": value for leaf, value in _ITEMS.items()}
    return [
        *cpm,
        _version("streamly-acme", 1, "payout", "EUR", {**sale, "items[lead].flat": "14.00"}, model="cpa"),
        _version("hearth-sales", 1, "charge", "USD", sale, model="cpa", grain="line"),
    ]


def _version(
    contract: str,
    version: int,
    direction: str,
    currency: str,
    rates: dict[str, str],
    rounding: str = "half_up",
    model: str = "cpm",
    grain: str = "conversion",
) -> dict[str, Any]:
    clauses: list[tuple[str, Any, bool]] = [
        ("rounding", rounding, rounding == "half_up"),
        *((path, value, False) for path, value in rates.items()),
    ]
    clauses += [("exclude_ivt", ["givt", "sivt"], True)] + (
        [("round", grain, grain == "conversion")] if model == "cpa" else []
    )
    return {
        "contract": contract, "version": version, "kind": "original" if version == 1 else "amendment", "counterparty": _PARTIES[contract], "direction": direction,
        "model": model, "currency": currency, "timezone": "America/New_York", "effective_from": "2026-10-01" if version == 1 else "2026-10-16", "effective_to": None,
        "approved_by": "lee", "approved_at": "2026-09-14T09:05:00Z", "hash": f"{version}f" * 32, "status": "approved", "clauses": clauses,
    }  # fmt: skip


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, dtype=object)
