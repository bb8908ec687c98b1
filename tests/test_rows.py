"""The small datasets as exact values; what repeats or cannot be read is set aside with its reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from desk import LINES, Desk, line


def test_billing_lines_are_exact_values_with_file_and_row(desk: Desk) -> None:
    header = (*LINES, "contract_version", "invoice", "invoice_date", "reference", "note")
    desk.csv("b.csv", header, [*line(), "2", "INV-1", "2026-11-03", "ref", "=1+1"],
             [*line(2, quantity="", rate="", amount="-0.005", period="2026-09"), "", "", "", "", ""])  # fmt: skip
    desk.source("billing_lines", 'path = "b.csv"', 'control = { rows = 2, amount = "24.995" }')
    inputs = desk.read()
    first, second = inputs.billing_lines
    assert (first.amount, first.quantity, first.rate) == (Decimal("25.00"), Decimal(10), Decimal("2.5"))
    assert (first.contract_version, first.invoice_date, first.note) == (2, dt.date(2026, 11, 3), "=1+1")
    assert (first.file, first.row, second.row) == ("b.csv", 1, 2)
    assert (second.quantity, second.amount, second.contract_version) == (None, Decimal("-0.005"), None)
    (record,) = inputs.manifest
    assert (record.rows, record.used, record.out_of_period, record.rejected) == (2, 1, 1, 0)
    assert all(total.agrees for total in record.controls) and len(record.controls) == 2


def test_every_reason_to_reject_a_billing_line(desk: Desk) -> None:
    wrong = {
        "billing_line_id": "", "contract": "", "item": "", "period": "October", "kind": "fee", "quantity": "ten",
        "rate": "1/3", "amount": "25,00", "currency": "usd",
    }  # fmt: skip
    desk.csv("b.csv", LINES, line(), *[line(2, **{column: value}) for column, value in wrong.items()])
    desk.source("billing_lines", 'path = "b.csv"', 'control = { rows = 9, amount = "25.01" }')
    inputs = desk.read()
    assert {row.column: row.value for row in inputs.rejected} == wrong
    assert all(row.reason == "missing" or row.reason.startswith("expected ") for row in inputs.rejected)
    assert [total.agrees for total in inputs.manifest[0].controls] == [False, False]
    assert len(inputs.billing_lines) == 1


def test_repeated_keys_of_small_datasets_are_all_set_aside(desk: Desk) -> None:
    desk.csv(
        "t.csv", ("item", "date", "impressions"), ("a", "2026-10-01", 5), ("b", "2026-10-01", 6), ("a", "2026-10-01", 7)
    )
    desk.csv(
        "f.csv",
        ("date", "base", "quote", "rate"),
        ("2026-10-01", "EUR", "USD", "1.1"),
        ("2026-10-01", "EUR", "USD", "1.1"),
    )
    desk.csv(
        "o.csv",
        ("contract", "item", "kind", "value", "period"),
        ("k", "", "hold", "12.50", ""),
        ("k", "i", "spend", "1", ""),
    )
    for dataset in ("third_party", "fx_rates", "opening_balances"):
        desk.source(dataset, f'path = "{dataset[0]}.csv"')
    inputs = desk.read()
    assert [(row.item, row.impressions) for row in inputs.third_party] == [("b", 6)]
    assert inputs.fx_rates == () and len(inputs.opening_balances) == 2
    assert (inputs.opening_balances[0].item, inputs.opening_balances[0].value) == (None, Decimal("12.50"))
    assert [(row.dataset, row.row, row.value) for row in inputs.rejected] == [
        ("fx_rates", 1, "2026-10-01, EUR, USD"), ("fx_rates", 2, "2026-10-01, EUR, USD"),
        ("third_party", 1, "a, 2026-10-01"), ("third_party", 3, "a, 2026-10-01"),
    ]  # fmt: skip
    assert {record.dataset: record.rejected for record in inputs.manifest} == {
        "third_party": 2, "fx_rates": 2, "opening_balances": 0,
    }  # fmt: skip


def test_control_amounts_of_events_are_added_exactly(desk: Desk) -> None:
    desk.csv(
        "d.csv",
        ("billing_line_id", "conversion_id", "amount"),
        ("L1", "a", "0.1"),
        ("L1", "b", "0.2"),
        ("L1", "c", "x"),
    )
    desk.source("billing_details", 'path = "d.csv"', 'control = { rows = 3, amount = "0.3" }')
    (record,) = desk.read().manifest
    assert [(total.measure, total.agrees) for total in record.controls] == [("rows", True), ("amount", True)]
