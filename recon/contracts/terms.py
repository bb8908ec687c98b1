"""What a contract version says: one model per clause, with the defaults of RULES 9; JSON Schema comes from here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StrictBool, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from recon.contracts import rules
from recon.contracts.values import (
    Code,
    Count,
    Currency,
    Day,
    Duration,
    Instant,
    Item,
    Length,
    Number,
    Parameters,
    Percent,
    Positive,
    RuleName,
    Text,
    Texts,
    Whole,
    Zone,
)

Disagreement = tuple[str, Any, str]  # key, the value that stands there, what was expected
Ivt = Literal["givt", "sivt"]
Scope = Literal["period", "contract"]
NOT_FOR_CPA_PAYOUTS = (
    "discount_percent", "bill", "commission_percent", "cap", "minimum", "invoice_currency", "fixed_fees",
)  # fmt: skip
LAST_ACTIONS = {
    "draft": ("create",),
    "submitted": ("submit", "endorse"),
    "approved": ("approve",),
    "rejected": ("reject",),
    "withdrawn": ("withdraw",),
}


class Term(BaseModel):
    """A frozen group of clauses that refuses unknown keys and clauses that contradict each other."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Term:
        found = [*self._choices(), *self.disagreements()]
        if found:
            raise PydanticCustomError("disagree", "{found}", {"found": found})
        return self

    def _choices(self) -> Iterator[Disagreement]:
        for names in self.one_of:
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) != 1:
                expected = f"exactly one of {', '.join(key_of(type(self), name) for name in names)}"
                yield "", " and ".join(key_of(type(self), name) for name in given) or "none of them", expected

    def disagreements(self) -> Iterator[Disagreement]:
        """Clauses of this group that cannot stand together."""
        yield from ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with its choices: exactly one key of each."""
        schema = handler(core)
        choices = [[{"required": [key_of(cls, name)]} for name in names] for names in cls.one_of]
        if choices:
            handler.resolve_ref_schema(schema)["allOf"] = [{"oneOf": keys} for keys in choices]
        return schema


def key_of(model: type[Term], name: str) -> str:
    """The key of the document behind an attribute (`from` for `first`)."""
    return model.model_fields[name].alias or name


class Counterparty(Term):
    """Who the contract is with."""

    id: Code
    name: Text
    role: Literal["advertiser", "partner"]


class Effective(Term):
    """First and last date of a version, both inclusive; without `to` it is open-ended (RULES 2.2)."""

    first: Day = Field(alias="from")
    last: Day | None = Field(default=None, alias="to")

    def disagreements(self) -> Iterator[Disagreement]:
        if self.last is not None and self.last < self.first:
            yield "to", self.last, f"a date not before {self.first}"


class Entry(Term):
    """One step of a version's history: who did what, when; the first of two approvals is an endorsement."""

    action: Literal["create", "submit", "endorse", "approve", "reject", "withdraw"]
    by: Text
    at: Instant
    reason: Text | None = None


class Renewal(Term):
    """How a contract is renewed; it makes a renewal due, only a renewal version extends (RULES 2.4)."""

    auto: StrictBool
    term_months: Annotated[Length, Field(ge=1)]
    notice_days: Length = 0
    escalator_percent: Number = Decimal(0)


class Paper(Term):
    """The signed document a version was taken from."""

    name: Text
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    page: Count | None = None


class When(Term):
    """Attribute lists that a unit must match; a key left out matches all (RULES 3.3, 5.6)."""

    @property
    def is_always(self) -> bool:
        return not self.conditions

    @property
    def conditions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(attribute, accepted values) in the order of the model."""
        given = ((name, getattr(self, name)) for name in type(self).model_fields)
        return tuple((name, values) for name, values in given if values is not None)


class CpmWhen(When):
    """Cuts of impressions (RULES 3.3)."""

    geo: Texts | None = None
    device: Texts | None = None
    placement: Texts | None = None
    partner: Texts | None = None


class CpaWhen(When):
    """Cuts of conversions (RULES 5.6)."""

    category: Texts | None = None
    customer: Texts | None = None
    geo: Texts | None = None
    device: Texts | None = None
    coupon: Texts | None = None


class Step(Term):
    """Where a tier begins: above `over`, or at `from` itself (RULES 1.5)."""

    over: Number | None = None
    from_: Number | None = Field(default=None, alias="from")

    @property
    def threshold(self) -> Decimal:
        """The number stated, by either key."""
        return self.over if self.over is not None else (self.from_ or Decimal(0))

    @property
    def is_inclusive(self) -> bool:
        """Whether the threshold itself belongs to this tier (`from`)."""
        return self.from_ is not None


class CpmStep(Step):
    """A tier of impressions, priced per mille; the fee is in the contract's currency (RULES 4.2, 4.4)."""

    one_of: ClassVar = (("over", "from_"),)
    per_mille: Number
    fee: Number = Decimal(0)


class CpaStep(Step):
    """A tier of conversions or sales (RULES 6.2)."""

    one_of: ClassVar = (("over", "from_"), ("flat", "percent_of_sale"))
    flat: Number | None = None
    percent_of_sale: Number | None = None
    fee: Number = Decimal(0)


class Tiers(Term):
    """How steps apply to a count (RULES 4.2, 4.3)."""

    mode: Literal["graduated", "volume"]
    counter: Scope = "period"
    across_versions: Literal["carry", "reset"] = "carry"


class CpmTiers(Tiers):
    """Tiers over impressions."""

    steps: Annotated[tuple[CpmStep, ...], Field(min_length=1)]


class CpaTiers(Tiers):
    """Tiers over conversions or over sale amounts (RULES 6.2)."""

    measure: Literal["conversions", "sale_amount"] = "conversions"
    steps: Annotated[tuple[CpaStep, ...], Field(min_length=1)]


class Cap(Term):
    """A spend cap in the contract's currency (RULES 4.5)."""

    amount: Number
    scope: Scope = "period"


class Booked(Term):
    """The quantity bought; units beyond it are not billable (RULES 3.5)."""

    quantity: Whole
    scope: Scope = "period"


class ThirdParty(Term):
    """When another party's count is billed in place of ours (RULES 3.6)."""

    tolerance_percent: Number | None = None
    controlling: Literal["own", "third_party"] = "own"
    beyond: Literal["third_party", "split"] = "third_party"

    def disagreements(self) -> Iterator[Disagreement]:
        if self.controlling == "own" and self.tolerance_percent is None:
            yield "tolerance_percent", "", "a percentage, unless the third party controls"


class Minimum(Term):
    """The least the contract bills in a period (RULES 4.6)."""

    amount: Number
    per: Literal["period"] = "period"


class FixedFee(Term):
    """A line of its own in each period in force (RULES 4.6)."""

    item: Item
    amount: Number
    prorate: StrictBool = False


class RuleUse(Term):
    """A clause that no other term covers: a rule of an installed package, with its parameters (RULES 9)."""

    rule: RuleName
    parameters: Parameters = Field(default=rules.Parameters(), alias="with", json_schema_extra={"default": {}})


class CpmRate(Term):
    """A price per thousand impressions, or tiers instead (RULES 3.3, 4.2)."""

    one_of: ClassVar = (("per_mille", "tiers"),)
    when: CpmWhen = CpmWhen()
    per_mille: Number | None = None
    tiers: CpmTiers | None = None

    def disagreements(self) -> Iterator[Disagreement]:
        if self.tiers is not None and not self.when.is_always:
            yield "when", "", "no condition beside tiers"


class CpmItem(Term):
    """A placement or line of an order (RULES 3.1)."""

    item: Item
    rates: Annotated[tuple[CpmRate, ...], Field(min_length=1)]
    booked: Booked | None = None
    cap: Cap | None = None
    third_party: ThirdParty | None = None


class Attribution(Term):
    """Which touches count and which of them wins (RULES 5.2, 5.3)."""

    model: Literal["last_touch", "first_touch", "linear", "position_based", "time_decay"] = "last_touch"
    prefer: Literal["click", "latest"] = "click"
    across: Literal["program", "partner"] = "program"
    click_window: Duration = "30d"
    view_window: Duration = "1d"
    window_bound: Literal["inclusive", "exclusive"] = "inclusive"
    min_age: Duration = "0d"
    half_life_days: Annotated[Length, Field(ge=1)] = 7


class Eligibility(Term):
    """Conditions a conversion must meet, all of those given (RULES 5.5)."""

    geo: Texts | None = None
    device: Texts | None = None
    customer: Texts | None = None
    exclude_categories: Texts | None = None
    exclude_coupons: Texts | None = None
    min_sale: Number | None = None


class ConversionCap(Term):
    """At most so many conversions, or so much money, in a scope (RULES 5.8)."""

    one_of: ClassVar = (("conversions", "amount"),)
    per: Literal["day", "period", "contract"]
    conversions: Whole | None = None
    amount: Number | None = None
    crossing: Literal["stop", "skip"] = "stop"


class Lock(Term):
    """When a conversion becomes final (RULES 5.9)."""

    after: Literal["month_end", "conversion"]
    months: Length | None = None
    days: Length

    def disagreements(self) -> Iterator[Disagreement]:
        if (self.after == "month_end") != (self.months is not None):
            yield "months", self.months, "a number of months with after: month_end, none with after: conversion"


class Bonus(Term):
    """A sum earned at so many payable conversions in the period (RULES 6.5)."""

    at_least: Positive
    amount: Number


class MinimumPayout(Term):
    """The least that is paid out; below it the sum is carried or forfeited (RULES 6.6)."""

    amount: Number
    below: Literal["carry", "forfeit"]


class CpaItem(Term):
    """A priced action: the first whose action and `when` match (RULES 5.6, 6.1)."""

    one_of: ClassVar = (("flat", "percent_of_sale", "tiers"),)
    item: Item
    action: Text
    when: CpaWhen = CpaWhen()
    flat: Number | None = None
    percent_of_sale: Number | None = None
    min: Number | None = None
    max: Number | None = None
    tiers: CpaTiers | None = None

    def disagreements(self) -> Iterator[Disagreement]:
        for key, limit in (("min", self.min), ("max", self.max)):
            if limit is not None and self.percent_of_sale is None:
                yield key, limit, "no limit but beside percent_of_sale"
        if self.min is not None and self.max is not None and self.min > self.max:
            yield "max", self.max, f"not less than min {self.min}"


class AnyTerms(Term):
    """Clauses of both models (RULES 9)."""

    model: Literal["cpm", "cpa"]
    rounding: Literal["half_up", "half_even", "up", "down"] = "half_up"
    exclude_ivt: tuple[Ivt, ...] = ("givt", "sivt")
    discount_percent: Percent = Decimal(0)
    bill: Literal["gross", "net"] = "gross"
    commission_percent: Percent = Decimal(0)
    cap: Cap | None = None
    minimum: Minimum | None = None
    invoice_currency: Currency | None = None
    fixed_fees: tuple[FixedFee, ...] = ()
    rules: tuple[RuleUse, ...] = ()


class CpmTerms(AnyTerms):
    """Terms of a contract priced per thousand impressions (RULES 3, 4)."""

    model: Literal["cpm"]
    basis: Literal["delivered", "viewable", "completed"] = "delivered"
    third_party: ThirdParty | None = None
    items: Annotated[tuple[CpmItem, ...], Field(min_length=1)]


class CpaTerms(AnyTerms):
    """Terms of a contract priced per conversion (RULES 5, 6)."""

    model: Literal["cpa"]
    program: Text
    partner: Text | None = None
    attribution: Attribution = Attribution()
    dedupe_window: Duration = "365d"
    eligibility: Eligibility = Eligibility()
    date_basis: Literal["conversion", "touch"] = "conversion"
    fx: Literal["conversion_date", "period_end", "period_average"] = "conversion_date"
    round: Literal["conversion", "line"] = "conversion"
    caps: tuple[ConversionCap, ...] = ()
    reversal_days: Length = 60
    earn_on: Literal["conversion", "lock"] = "conversion"
    lock: Lock | None = None
    bonus: tuple[Bonus, ...] = ()
    minimum_payout: MinimumPayout | None = None
    items: Annotated[tuple[CpaItem, ...], Field(min_length=1)]

    def disagreements(self) -> Iterator[Disagreement]:
        if (self.earn_on == "lock") != (self.lock is not None):
            yield "lock", "", "a lock with earn_on: lock, and only then"


class ContractVersion(Term):
    """One complete, immutable version of a contract (RULES 2.1)."""

    contract: Code
    version: Count
    kind: Literal["original", "amendment", "renewal", "correction", "termination"]
    counterparty: Counterparty
    direction: Literal["charge", "payout"]
    currency: Currency
    timezone: Zone
    effective: Effective
    status: Literal["draft", "submitted", "approved", "rejected", "withdrawn"]
    history: tuple[Entry, ...] = ()
    renewal: Renewal | None = None
    document: Paper | None = None
    terms: Annotated[CpmTerms | CpaTerms, Field(discriminator="model")] | None = None

    @property
    def is_approved(self) -> bool:
        return self.status == "approved"

    @property
    def approval(self) -> Entry | None:
        """The act that approved an approved version."""
        acts = [entry for entry in self.history if entry.action == "approve"]
        return acts[-1] if self.is_approved and acts else None

    @property
    def approved_at(self) -> int | None:
        """The instant from which the version can be in force, µs; None unless approved (RULES 2.4)."""
        return self.approval.at if self.approval else None

    def disagreements(self) -> Iterator[Disagreement]:
        yield from self._of_termination()
        yield from self._of_history()
        if isinstance(self.terms, CpaTerms):
            yield from self._of_cpa(self.terms)

    def _of_termination(self) -> Iterator[Disagreement]:
        if self.kind == "termination":
            if self.terms is not None:
                yield "terms", "", "no terms in a termination (2.3)"
            if self.effective.last is not None:
                yield "effective.to", self.effective.last, "no end of a termination (2.3)"
        elif self.terms is None:
            yield "terms", "", "terms in every version but a termination (2.1)"

    def _of_history(self) -> Iterator[Disagreement]:
        actions = [entry.action for entry in self.history]
        wanted = LAST_ACTIONS[self.status]
        if not set(actions[-1:]) & set(wanted) and (actions or self.status != "draft"):
            yield "status", self.status, f"a history that ends with {' or '.join(wanted)}"
        if "approve" in actions[:-1]:
            yield "history", "", "nothing after an approval: a later version follows instead (2.4)"
        times = [entry.at for entry in self.history]
        if times != sorted(times):
            yield "history", "", "entries in the order of their times"

    def _of_cpa(self, terms: CpaTerms) -> Iterator[Disagreement]:
        if (self.direction == "payout") != (terms.partner is not None):
            yield "terms.partner", terms.partner or "", "a partner in payouts, and only there"
        if self.direction == "charge" and terms.minimum_payout is not None:
            yield "terms.minimum_payout", "", "a minimum payout only in payouts (6.6)"
        for name in NOT_FOR_CPA_PAYOUTS if self.direction == "payout" else ():
            if getattr(terms, name) != CpaTerms.model_fields[name].default:
                yield f"terms.{name}", "", "this clause only in charges and CPM payouts (9)"
