"""A fee for serving ads: so much per thousand billable impressions, beside what the impressions themselves cost."""

from __future__ import annotations

from collections.abc import Iterator

from recon.contracts.rules import Parameters, Rule, RuleContract, RuleFault, RuleMonth, RuleStep


def price(month: RuleMonth, given: Parameters) -> list[RuleStep]:
    """`per_mille` for every thousand billable impressions of the contract.

    >>> from fractions import Fraction
    >>> from recon.contracts.rules import RuleLine
    >>> run = RuleLine("RUN", "charge", Fraction(2500), Fraction(25))
    >>> month = RuleMonth("acme", "2026-10", "charge", "USD", (run,), 31, 31)
    >>> price(month, Parameters((("per_mille", "0.12"),)))
    [RuleStep(words='impressions served', quantity=Fraction(2500, 1), rate='per_mille', per=1000)]
    """
    return [RuleStep("impressions served", month.quantity(), "per_mille", 1000)]


def check(given: Parameters, contract: RuleContract) -> Iterator[RuleFault]:
    """What the parameters of a contract get wrong."""
    yield from (RuleFault(key, "per_mille alone") for key in given if key != "per_mille")
    if contract.model != "cpm":
        yield RuleFault("", "a contract priced per thousand impressions")
    if not given.is_number("per_mille"):
        yield RuleFault("per_mille", "a number such as 0.12")


RULE = Rule(
    name="ad_serving_fee",
    text=(
        "Beside its price every thousand billable impressions of the contract cost `per_mille`, in the contract's "
        "currency, added up unrounded; neither discounted, capped nor net of commission."
    ),
    reference="Insertion order, ad serving",
    price=price,
    check=check,
)
