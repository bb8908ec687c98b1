"""Clauses in the words that finance reads: dates in full, amounts with their currency, windows in days (RULES 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from recon.contracts.clauses import NONE

Said = Mapping[str, str]  # clauses of a group as texts, by their paths within it
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
AMOUNTS = {"amount", "fee", "flat", "min", "max", "min_sale"}
COUNTS = {"quantity", "conversions", "at_least", "over", "from", "per_mille"}
LENGTHS = {
    "days": "day", "notice_days": "day", "half_life_days": "day", "reversal_days": "day",
    "months": "month", "term_months": "month",
}  # fmt: skip
DURATIONS = {"click_window", "view_window", "dedupe_window", "min_age"}
CHOICES = {
    "model", "rounding", "bill", "basis", "prefer", "across", "window_bound", "date_basis", "fx", "round", "earn_on",
    "mode", "counter", "across_versions", "measure", "controlling", "beyond", "scope", "per", "crossing", "after",
    "below", "direction", "role",
}  # fmt: skip
LABELS = {
    "timezone": "time zone",
    "renewal.auto": "automatic renewal",
    "renewal.term_months": "renewal term",
    "renewal.notice_days": "notice period",
    "renewal.escalator_percent": "escalator",
    "exclude_ivt": "excluded invalid traffic",
    "discount_percent": "discount",
    "commission_percent": "commission",
    "bill": "amount billed",
    "cap.amount": "cap",
    "minimum.amount": "minimum",
    "booked.quantity": "booked quantity",
    "third_party.tolerance_percent": "third-party tolerance",
    "third_party.controlling": "controlling count",
    "third_party.beyond": "count beyond the third-party tolerance",
    "attribution.click_window": "click window",
    "attribution.view_window": "view window",
    "attribution.window_bound": "bound of the windows",
    "attribution.prefer": "preferred touch",
    "attribution.across": "competition of touches",
    "attribution.min_age": "least age of a touch",
    "attribution.half_life_days": "half-life of a touch",
    "dedupe_window": "window for repeats",
    "date_basis": "date that decides",
    "fx": "date of the exchange rate",
    "round": "place of rounding",
    "reversal_days": "time for reversals",
    "earn_on": "moment of earning",
    "minimum_payout.amount": "minimum payout",
    "minimum_payout.below": "a payout below the minimum",
    "eligibility.geo": "eligible geographies",
    "eligibility.device": "eligible devices",
    "eligibility.customer": "eligible customers",
    "eligibility.exclude_categories": "excluded categories",
    "eligibility.exclude_coupons": "excluded coupons",
    "eligibility.min_sale": "least sale",
    "tiers.mode": "tier mode",
    "tiers.counter": "scope of the tiers",
    "tiers.across_versions": "count across versions",
    "tiers.measure": "measure of the tiers",
    "fixed_fees": "fixed fees",
    "min": "least payout",
    "max": "highest payout",
    "when": "condition",
}
GROUPS = {
    "minimum": "minimum of {amount} per {per}",
    "cap": "cap of {amount} per {scope}",
    "booked": "booked quantity of {quantity} per {scope}",
    "minimum_payout": "minimum payout of {amount}, {below} what is below",
    "bonus": "bonus of {amount} from {at_least} conversions",
    "fixed_fees": "fixed fee of {amount}",
}
UNIT = {"per_mille": "per thousand", "flat": "per conversion", "percent_of_sale": "of sale"}
UNUSUAL = {
    ("counter", "contract"): " over the contract",
    ("across_versions", "reset"): " anew in each version",
    ("measure", "sale_amount"): " by sale amount",
}


def date_words(day: date) -> str:
    """A date in full.

    >>> date_words(date(2026, 10, 16))
    '16 October 2026'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def number_words(text: str) -> str:
    """A number with its thousands apart and its decimals as written.

    >>> number_words("1250000"), number_words("22.50")
    ('1,250,000', '22.50')
    """
    return f"{Decimal(text):,f}"


def counted(number: str, noun: str) -> str:
    """A number of something.

    >>> counted("1", "day"), counted("1000", "day")
    ('1 day', '1,000 days')
    """
    return f"{number_words(number)} {noun}{'' if number == '1' else 's'}"


def value_words(path: str, text: str, currency: str) -> str:
    """A clause's text as it is read, by the clause it belongs to.

    >>> value_words("minimum.amount", "5000.00", "USD"), value_words("attribution.click_window", "7d", "USD")
    ('USD 5,000.00', '7 days')
    """
    key = path.rpartition(".")[2]
    if text in (NONE, ""):
        return text or "nothing"
    if path in ("effective.from", "effective.to"):
        return date_words(date.fromisoformat(text))
    if key in AMOUNTS:
        return f"{currency} {number_words(text)}"
    if "percent" in key:
        return f"{text} %"
    return _other_words(key, text)


def _other_words(key: str, text: str) -> str:
    if key in COUNTS:
        return number_words(text)
    if key in LENGTHS:
        return counted(text, LENGTHS[key])
    if key in DURATIONS:
        return counted(str(int(text[:-1])), UNITS[text[-1]])
    if key in ("auto", "prorate"):
        return "yes" if text == "true" else "no"
    return text.replace("_", " ") if key in CHOICES else text


def label(path: str) -> str:
    """A clause's name: the usual one, else its path as words.

    >>> label("attribution.click_window"), label("lock.days"), label("rates[0].tiers.mode")
    ('click window', 'lock days', 'rates 1 tiers mode')
    """
    numbered = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", path)
    return LABELS.get(path, numbered.replace(".", " ").replace("_", " "))


def condition_words(text: str) -> str:
    """A condition within a sentence.

    >>> condition_words("geo US, CA; device ctv")
    'geo US, CA and device ctv'
    """
    return text.replace("; ", " and ")


def group_words(name: str, said: Said, currency: str) -> str:
    """A group of clauses in a few words: `minimum of USD 5,000.00 per period`."""
    if name == "caps":
        return _cap_words(said, currency)
    words = {key: value_words(key, text, currency) for key, text in said.items()}
    if name in GROUPS:
        prorated = ", prorated" if words.get("prorate") == "yes" else ""
        return GROUPS[name].format(**words) + prorated
    told = (f"{LABELS.get(f'{name}.{key}') or label(key)} {value}" for key, value in words.items())
    return f"{label(name)} ({', '.join(told)})"


def _cap_words(said: Said, currency: str) -> str:
    is_count = "conversions" in said
    limit = counted(said["conversions"], "conversion") if is_count else value_words("amount", said["amount"], currency)
    skipping = ", what crosses it is skipped" if said["crossing"] == "skip" else ""
    return f"cap of {limit} per {said['per']}{skipping}"


def price_words(said: Said, currency: str) -> str:
    """What an item costs: `32.50 per thousand for geo US, 22.00 per thousand`."""
    places = [f"rates[{index}]." for index in entries(said, "rates")]
    return ", ".join(_priced(said, at, currency) + _for(said[f"{at}when"]) for at in places) or _priced(
        said, "", currency
    )


def _for(when: str) -> str:
    return "" if when == "always" else f" for {condition_words(when)}"


def _priced(said: Said, at: str, currency: str) -> str:
    """One rate with its limits, or the tiers in its place."""
    if f"{at}tiers.mode" in said:
        return _tier_words(said, f"{at}tiers.", currency)
    given = [key for key in ("min", "max") if said.get(f"{at}{key}", NONE) != NONE]
    limits = [f", {label(key)} {value_words(key, said[f'{at}{key}'], currency)}" for key in given]
    return unit_price(said, at, currency) + "".join(limits)


def _tier_words(said: Said, tiers: str, currency: str) -> str:
    unusual = "".join(words for (key, value), words in UNUSUAL.items() if said.get(f"{tiers}{key}") == value)
    places = [f"{tiers}steps[{index}]." for index in entries(said, f"{tiers}steps")]
    steps = ", ".join(_step_price(said, at, currency) for at in places)
    return f"{said[f'{tiers}mode']} tiers{unusual}: {steps}"


def _step_price(said: Said, at: str, currency: str) -> str:
    fee = "" if said[f"{at}fee"] == "0" else f" plus {value_words('fee', said[f'{at}fee'], currency)}"
    return f"{unit_price(said, at, currency)}{fee} {step_words(said, at)}"


def step_words(said: Said, at: str) -> str:
    """Where a tier begins: `above 50,000`."""
    over = said.get(f"{at}over")
    return f"from {number_words(said[f'{at}from'])} on" if over is None else f"above {number_words(over)}"


def unit_price(said: Said, at: str, currency: str) -> str:
    """The price of a unit: per thousand, of a sale or per conversion."""
    key = next(key for key in UNIT if f"{at}{key}" in said)
    return f"{value_words(key, said[f'{at}{key}'], currency)} {UNIT[key]}"


def entries(said: Said, name: str) -> range:
    """The numbers of a list's entries."""
    count = 0
    while any(path.startswith(f"{name}[{count}].") for path in said):
        count += 1
    return range(count)
