"""The steps between what an item earned and its line: fees, discount, caps, commission, minimum (RULES 4.4 to 4.6)."""

from __future__ import annotations

from recon.evidence.formula import Ref, Term, either, greatest
from recon.evidence.pack import clause_group, decimals
from recon.evidence.sheet import Column
from recon.evidence.sheets.parameters import exchange_rate
from recon.evidence.sheets.steps import ZERO, Operation, Step, added, carried
from recon.evidence.style import Look, unrounded

COLUMNS = (
    Column("basis", "Applied to", 15),
    Column("limit", "Limit or percent", 12),
    Column("taken", "Taken before", 13),
    Column("days", "Days in force", 8),
    Column("of_days", "Days of month", 8),
    Column("fx", "Exchange rate", 12),
)

PER = {"100": "per_cent", "1000": "per_mille"}  # parameters by what their rate is per


def fee(step: Step) -> Ref:
    """A tier's fee, once, as its step states it (RULES 4.4)."""
    step.tick("K")
    return step.amount(step.stated("limit", "fee"))


def discount(step: Step) -> Ref:
    """A version's percentage off what stands under that version."""
    return _percent_off(step, step.before(version=step.row["version"]), "discount_percent")


def commission(step: Step) -> Ref:
    """The agency's percentage off the whole amount."""
    return _percent_off(step, step.before(), "commission_percent")


def _percent_off(step: Step, basis: Ref, leaf: str) -> Ref:
    percent = step.stated("limit", leaf)
    step.tick("K R")
    return step.amount(ZERO - basis * percent / step.pack.names["per_cent"])


def cap(step: Step) -> Ref:
    """What a spend cap cuts: basis − max(0, limit − spent before and by other items), if positive (RULES 4.5)."""
    basis, limit = step.before(), step.stated("limit", "amount")
    taken = step.given("taken", "opening", "others")
    step.tick("K R T")
    return step.amount(ZERO - greatest(ZERO, basis - greatest(ZERO, limit - taken)))


def convert(step: Step) -> Ref:
    """The amount so far in the invoice currency, at the period's end (RULES 7.2)."""
    basis = step.before()
    rate = step.sheet.put("fx", exchange_rate(step.pack, step.row), Look("formula", "0.00000000"))
    step.tick("R T")
    return step.amount(basis * rate)


def prorated(step: Step) -> Ref:
    """An amount of the contract × k / n for k of the month's n days in force, or whole (RULES 4.6)."""
    amount = step.stated("limit", "amount")
    step.tick("K R")
    if step.row.get("days") is None:
        return step.amount(amount)
    return step.amount(amount * step.given("days", "days") / step.given("of_days", "of_days"))


def rounded_between(step: Step) -> Ref:
    """A rounding that other steps follow: the minimum, before what was charged is taken off."""
    step.tick("R")
    return step.amount(step.rounded(step.before()))


def shortfall(step: Step) -> Ref:
    """The minimum less the contract's charge lines above, if positive (RULES 4.6)."""
    basis = step.before()
    charged = added(_lines_of_contract(step))
    taken = step.sheet.put("taken", charged, Look("formula", unrounded(decimals(step.currency))))
    step.tick("F R")
    return step.amount(greatest(ZERO, basis - taken))


def _lines_of_contract(step: Step) -> list[Ref]:
    """The finished lines on this sheet that count towards the minimum of the step's contract."""
    wanted = (step.row["contract"], step.currency)
    return [
        cell for key, cell in step.pack.finished.items()
        if (key.contract, key.currency) == wanted and key.kind in ("charge", "payout")
    ]  # fmt: skip


def told(step: Step) -> None:
    """A step that only tells how a quantity came about; its arithmetic stands in words."""
    step.sheet.put("clause", None, Look("text"))
    step.tick("T")


def bonus(step: Step) -> Ref:
    """The bonus's amount where the payable conversions reach its threshold (RULES 6.5)."""
    amount, needed = step.stated("limit", "amount"), step.stated("basis", "at_least")
    reached = step.given("quantity", "quantity")
    step.tick("K R")
    return step.amount(either(needed.at_most(reached), amount, ZERO))


def rule(step: Step) -> Ref:
    """A step of a named rule: a quantity × its parameter on Contracts, per 100 or 1,000 where it is such a rate."""
    leaf = clause_group(str(step.row["clause"]))[1]
    if not step.states(leaf):
        return carried(step)
    due: Term = step.given("basis", "quantity") * step.stated("limit", leaf)
    per = PER.get(str(step.row.get("per")))
    step.tick("K R")
    return step.amount(due / step.pack.names[per] if per else due)


def balance(step: Step) -> Ref:
    """What is held, released or forfeited of the partner's lines and the balance held before (RULES 6.6)."""
    total_due = step.given("basis", "before")
    held = step.given("taken", "opening")
    step.tick("T R")
    return step.amount(held if step.row["kind"] == "release" else ZERO - total_due)


def clawback(step: Step) -> Ref:
    """What a conversion earns now less what it had left before (RULES 5.7)."""
    before, after = step.given("taken", "before"), step.given("basis", "after")
    step.tick("T R")
    return step.amount(after - before)


OPERATIONS: dict[str, Operation] = {
    "fee": Operation(fee, leaves=("fee",)),
    "discount": Operation(discount, leaves=("discount_percent",)),
    "cap": Operation(cap, leaves=("amount",)),
    "commission": Operation(commission, leaves=("commission_percent",)),
    "convert": Operation(convert, "replaces", inputs=("fx",)),
    "prorate": Operation(prorated, "replaces", leaves=("amount",)),
    "fixed_fee": Operation(prorated, "replaces", leaves=("amount",)),
    "round": Operation(rounded_between, "replaces"),
    "shortfall": Operation(shortfall, "replaces"),
    "rule": Operation(rule, inputs=("quantity",)),
    "reach": Operation(bonus, "replaces", leaves=("amount",)),
    "balance": Operation(balance, "replaces", inputs=("before",)),
    "clawback": Operation(clawback, inputs=("before", "after")),
    **{name: Operation(told, "tells") for name in ("opening", "booked", "count", "share", "position", "note")},
}
