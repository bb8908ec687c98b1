"""The bridge adds up exactly at every level, whatever was found, and never across currencies."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from stored_close import a_close

from recon.diagnose.bridge import LEVELS, UNEXPLAINED, WITHIN, Bridge, bridges, gaps, movements, ranked, steps

CURRENCIES = ("USD", "JPY", "KWD")
CAUSES = ("timezone_cutoff", "ivt_billed", "wrong_counterparty", "fx_date")
PARTIES = {"ctv": "Northwind", "run": "Northwind", "press": "Kumo", "": None}
AMOUNTS = st.integers(-(10**13), 10**13).map(lambda cents: Decimal(cents).scaleb(-2))
LINES = (
    "contract",
    "item",
    "kind",
    "currency",
    "counterparty",
    "expected_amount",
    "billed_amount",
    "variance",
    "status",
)
FINDINGS = ("finding_id", "contract", "item", "kind", "currency", "amount", "cause", "grade")


@st.composite
def months(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines with expected amounts and findings in any number, billed being what they add up to."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(list(PARTIES)), st.sampled_from("AB"), st.sampled_from(CURRENCIES)), unique=True
        )
    )
    lines, findings = [], []
    for contract, item, currency in keys:
        amounts = draw(
            st.lists(
                st.tuples(st.sampled_from((*CAUSES, UNEXPLAINED)), AMOUNTS), max_size=4, unique_by=lambda one: one[0]
            )
        )
        rest = draw(AMOUNTS) if draw(st.booleans()) else Decimal(0)
        expected, variance = draw(AMOUNTS), sum((amount for _, amount in amounts), rest)
        status = WITHIN if rest else "over_billed"
        name = (contract or None, item, "charge", currency)
        lines.append((*name, PARTIES[contract], expected, expected + variance, variance, status))
        findings += [
            (f"{contract}/{item}/{currency}/{cause}", *name, amount, cause, "proven") for cause, amount in amounts
        ]
    findings += [("remark", *name, Decimal(0), "third_party_missing", "consistent")] if keys else []
    return pd.DataFrame(lines, columns=LINES, dtype=object), pd.DataFrame(findings, columns=FINDINGS, dtype=object)


@given(months())
def test_findings_that_add_up_give_an_exact_bridge_at_every_level(month: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    lines, findings = month
    assert gaps(lines, findings) == ()
    for level in LEVELS:
        built = bridges(lines, findings, level)
        assert all(bridge.closes for bridge in built)
        assert all(not bridge.steps or bridge.levels[-1][1] == bridge.billed for bridge in built)
        for currency in CURRENCIES:
            own = [bridge for bridge in built if bridge.currency == currency]
            variance = sum(lines[lines["currency"] == currency]["variance"], Decimal(0))
            assert sum((bridge.variance for bridge in own), Decimal(0)) == variance


@given(months())
def test_causes_and_the_unexplained_add_up_to_the_months_variance(month: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    lines, findings = month
    for currency in CURRENCIES:
        moved = [movement for movement in movements(lines, findings) if movement.currency == currency]
        variance = sum(lines[lines["currency"] == currency]["variance"], Decimal(0))
        assert sum((step.amount for step in steps(moved)), Decimal(0)) == variance


@given(months())
def test_the_order_of_the_rows_changes_nothing(month: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    lines, findings = month
    for level in LEVELS:
        assert bridges(lines[::-1], findings[::-1], level) == bridges(lines, findings, level)


def a_month(*found: tuple[str, str, str]) -> tuple[Bridge, ...]:
    """One line of 100.00 in USD per item, billed with the findings given as (item, cause, amount)."""
    items = sorted({item for item, _, _ in found})
    sums = {item: sum(Decimal(amount) for one, _, amount in found if one == item) for item in items}
    lines = [
        ("ctv", item, "charge", "USD", "Northwind", Decimal(100), 100 + sums[item], sums[item], "over_billed")
        for item in items
    ]
    findings = [
        (f"{item}/{cause}", "ctv", item, "charge", "USD", Decimal(amount), cause, "proven")
        for item, cause, amount in found
    ]
    return bridges(
        pd.DataFrame(lines, columns=LINES, dtype=object), pd.DataFrame(findings, columns=FINDINGS, dtype=object)
    )


def test_causes_stand_by_money_and_the_unexplained_last() -> None:
    (month,) = a_month(("A", UNEXPLAINED, "90.00"), ("A", "fx_date", "-5.00"), ("B", "ivt_billed", "7.00"))
    assert [step.cause for step in month.steps] == ["ivt_billed", "fx_date", UNEXPLAINED]
    assert (month.expected, month.billed, month.variance) == (Decimal(200), Decimal(292), Decimal(92))
    assert month.levels[0] == (Decimal(200), Decimal(207))


def test_a_pair_that_cancels_out_keeps_its_step_and_its_rank() -> None:
    (month,) = a_month(
        ("A", "wrong_counterparty", "40.00"), ("B", "wrong_counterparty", "-40.00"), ("B", "fx_date", "1")
    )
    assert [(step.cause, step.amount, step.gross) for step in ranked(month.steps)] == [
        ("wrong_counterparty", Decimal(0), Decimal(80)),
        ("fx_date", Decimal(1), Decimal(1)),
    ]


def test_by_count_a_frequent_cause_comes_first() -> None:
    (month,) = a_month(("A", "rounding_grain", "0.01"), ("B", "rounding_grain", "0.02"), ("B", "fx_date", "9"))
    assert [step.cause for step in ranked(month.steps, "count")] == ["rounding_grain", "fx_date"]
    assert [step.cause for step in ranked(month.steps, "money")] == ["fx_date", "rounding_grain"]


def test_a_cause_that_is_missing_in_the_findings_is_noticed() -> None:
    close = a_close()
    assert gaps(close.lines, close.findings) == ()
    (gap,) = gaps(close.lines, close.findings[close.findings["item"] != "NW-CTV-RUN"])
    assert gap.scope == ("northwind-ctv", "NW-CTV-RUN", "charge", "USD") and not gap.closes


def test_money_found_on_no_line_is_noticed() -> None:
    close = a_close()
    stray = close.findings.assign(item="NOBODY")
    assert gaps(close.lines.head(0), stray) and not any(bridge.closes for bridge in bridges(close.lines.head(0), stray))


def test_lines_without_a_contract_have_a_party_of_their_own() -> None:
    close = a_close()
    named = {bridge.scope for bridge in bridges(close.lines, close.findings, "counterparty")}
    assert ("(no contract)", "USD") in named and ("Northwind Outdoor", "USD") in named
