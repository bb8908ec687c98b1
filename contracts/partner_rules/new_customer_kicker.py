"""A kicker for partners who bring new customers: so much for each, once they are a large enough part of the month."""

from __future__ import annotations

from collections.abc import Iterator

from recon.contracts.rules import Parameters, Rule, RuleContract, RuleFault, RuleMonth, RuleStep
from recon.money import written

NUMBERS = ("percent", "amount")
KEYS = ("item", *NUMBERS)


def price(month: RuleMonth, given: Parameters) -> list[RuleStep]:
    """`amount` for each payable conversion of `item`, where these are at least `percent` percent of all.

    >>> from fractions import Fraction
    >>> from recon.contracts.rules import RuleLine
    >>> new, other = (RuleLine(item, "payout", Fraction(n), Fraction(9)) for item, n in (("new", 3), ("other", 7)))
    >>> month = RuleMonth("acme", "2026-10", "payout", "USD", (new, other), 31, 31)
    >>> for step in price(month, Parameters((("item", "new"), ("percent", "30"), ("amount", "1.50")))):
    ...     print(step)
    RuleStep(words='3 of 10 payable conversions are of new, at least 30 percent', quantity=None, rate='', per=1)
    RuleStep(words='payable conversions of new', quantity=Fraction(3, 1), rate='amount', per=1)
    >>> [step.words for step in price(month, Parameters((("item", "new"), ("percent", "30.01"), ("amount", "1.50"))))]
    ['3 of 10 payable conversions are of new, fewer than 30.01 percent: no kicker']
    """
    item = given["item"]
    counted, every = month.quantity(item), month.quantity()
    words = f"{written(counted)} of {written(every)} payable conversions are of {item}"
    if counted * 100 < given.number("percent") * every:
        return [RuleStep(f"{words}, fewer than {given['percent']} percent: no kicker")]
    told = RuleStep(f"{words}, at least {given['percent']} percent")
    return [told, RuleStep(f"payable conversions of {item}", counted, "amount")]


def check(given: Parameters, contract: RuleContract) -> Iterator[RuleFault]:
    """What the parameters of a contract get wrong."""
    yield from (RuleFault(key, f"one of {', '.join(KEYS)}") for key in given if key not in KEYS)
    if contract.model != "cpa":
        yield RuleFault("", "a contract priced per conversion")
    elif given.get("item") not in contract.items:
        yield RuleFault("item", f"one of the contract's items: {', '.join(contract.items)}")
    for key in NUMBERS:
        if not given.is_number(key) or (key == "percent" and given.number(key) > 100):
            yield RuleFault(key, "a number such as 22.50" if key == "amount" else "a percentage from 0 to 100")


RULE = Rule(
    name="new_customer_kicker",
    text=(
        "In a month in which the payable conversions of `item` are at least `percent` percent of the contract's "
        "payable conversions (shares added up, exactly `percent` included), each of them earns `amount` more, in the "
        "contract's currency, added up unrounded. Below that, and without conversions, nothing is due."
    ),
    reference="Partner agreement, schedule of kickers",
    price=price,
    check=check,
)
