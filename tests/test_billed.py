"""The statement as received: which lines belong to the period, and which ids repeat (RULES 8.1)."""

from dataclasses import dataclass
from decimal import Decimal

from recon.billed import read_billed
from recon.period import Period


@dataclass(frozen=True)
class Row:
    billing_line_id: str
    contract: str | None = "ctv"
    item: str | None = "RUN"
    period: str = "2026-10"
    kind: str = "charge"
    currency: str = "USD"
    amount: Decimal = Decimal("10.00")
    quantity: Decimal | None = None
    rate: Decimal | None = None
    reference: str | None = None
    note: str | None = None
    file: str = "billing.csv"
    row: int = 2


@dataclass(frozen=True)
class Statement:
    billing_lines: tuple[Row, ...]


def read(*rows):
    return read_billed(Statement(rows), Period.parse("2026-10"))


def test_lines_of_other_months_are_counted_but_not_billed_here():
    billed = read(Row("B-1"), Row("B-2", period="2026-09"))
    assert [line.billing_line_id for line in billed.lines] == ["B-1"]
    assert billed.out_of_period_count == 1


def test_an_id_that_stands_twice_is_repeated():
    assert read(Row("B-1", row=2), Row("B-1", row=3), Row("B-2")).repeated_ids == {"B-1"}


def test_an_id_repeated_in_another_month_is_repeated_here_too():
    assert read(Row("B-1"), Row("B-1", period="2026-09")).repeated_ids == {"B-1"}


def test_a_repetition_among_other_months_is_none_of_this_month_s():
    assert read(Row("B-1", period="2026-09"), Row("B-1", period="2026-09")).repeated_ids == set()


def test_every_line_says_where_it_stands():
    assert read(Row("B-1", row=17)).lines[0].place == "billing.csv:17"


def test_text_left_out_is_empty():
    line = read(Row("B-1", contract=None, item=None)).lines[0]
    assert (line.contract, line.item, line.reference, line.note) == ("", "", "", "")


def test_the_order_of_the_rows_does_not_matter():
    rows = [Row(f"B-{n}", row=n) for n in range(5)]
    assert read(*rows) == read(*reversed(rows))
