"""What `recon close` says on a terminal: open lines with their causes, and what each cause comes to."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from stored_close import a_close, a_diagnosed_close

from recon.review.terminal import cause_totals, show_close


def printed(close: Any) -> list[str]:
    console = Console(record=True, width=130, highlight=False)
    show_close(close, Path("evidence/1.xlsx"), console)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_open_lines_stand_with_their_causes_and_grades() -> None:
    lines = printed(a_diagnosed_close())
    at = next(n for n, line in enumerate(lines) if "NW-CTV-RUN" in line)
    assert lines[at].endswith("over billed   rounding grain, proven")
    assert lines[at + 1].strip() == "unexplained"
    assert any("lead/payout/EUR" in line and line.endswith("eligibility ignored, ambiguous") for line in lines)


def test_causes_are_added_up_per_currency() -> None:
    lines = printed(a_diagnosed_close())
    told = [
        line.split() for line in lines[next(n for n, line in enumerate(lines) if "billed − expected" in line) + 1 :]
    ]
    assert ["missing", "line", "USD", "−1,340.21", "1"] in told and ["unexplained", "USD", "+74.98", "2"] in told


def test_machines_get_the_same_totals_exactly() -> None:
    totals = cause_totals(a_diagnosed_close())
    assert totals[0] == {"cause": "eligibility_ignored", "currency": "EUR", "amount": Decimal("-18.00"), "lines": 1}
    assert sum(row["amount"] for row in totals if row["currency"] == "USD") == Decimal("-1265.20")


def test_a_month_billed_as_expected_says_so() -> None:
    close = a_close()
    object.__setattr__(close, "lines", close.lines[close.lines["variance"] == 0])
    object.__setattr__(close, "findings", close.findings.head(0))
    assert "every line agrees with what was billed" in printed(close)


def test_what_a_close_took_from_an_earlier_one_is_told_in_a_line() -> None:
    close = a_close()
    assert not any(line.startswith("reused") for line in printed(close))
    object.__setattr__(close, "reused", "all observations, of run 1")
    assert "reused    all observations, of run 1" in printed(close)
