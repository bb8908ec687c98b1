"""What each rule said of a conversion under one contract, in the order in which they are asked (RULES 5.4).

The fate is the close's own; the rules before it let the conversion pass, those after it were not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from recon.contracts.clauses import text_of
from recon.contracts.terms import CpaTerms
from recon.money import plain
from recon.money import told as in_digits
from recon.period import DAY, instant_text
from recon.views.fates import FATES
from recon.views.path import SHARES, WINS, Claim, Path, Record

PASSED, DECIDED, NOT_ASKED = "goes on", "decides", "not asked"
MILLION = 1_000_000
Facts = Callable[[Path, Claim], str]


@dataclass(frozen=True)
class Ruling:
    """One rule on one conversion: its number, what it asks, what it found, and whether the fate fell here."""

    rule: str
    question: str
    found: str
    decision: str


def rulings(path: Path, claim: Claim) -> list[Ruling]:
    """Every rule in order for one contract, with what was found and where the fate fell."""
    held = Ruling("2.2", "which version is in force?", _in_force(claim), PASSED)
    reach = f"{len(claim.in_reach)} of {len(claim.looks)} touches"
    if claim.decision is None:
        return [held, Ruling("5.2", "is any touch in reach?", *_undecided(path, claim, reach))]
    first = [held, Ruling("5.2", "is any touch in reach?", reach, PASSED)]
    return [*first, *_in_order(path, claim, str(claim.decision["fate"]))]


def _undecided(path: Path, claim: Claim, reach: str) -> tuple[str, str]:
    if not claim.in_reach:
        return f"{reach}: the contract has no say, its fates tell nothing of it (5.4)", DECIDED
    return f"{reach}, but it belongs to {claim.period}, not to {path.close.period} (1.4)", DECIDED


def _in_order(path: Path, claim: Claim, fate: str) -> Iterator[Ruling]:
    reached = False
    for name in FATES:
        rule, question, facts = ASKED[name]
        if reached:
            yield Ruling(rule, question, "", NOT_ASKED)
            continue
        reached = name == fate
        yield Ruling(rule, question, facts(path, claim), f"{DECIDED}: {_fate(fate)}" if reached else PASSED)


def _fate(fate: str) -> str:
    return fate.replace("_", " ")


def _in_force(claim: Claim) -> str:
    last = claim.version.effective.last
    until = f"to {last}" if last else "without an end"
    return f"v{claim.version.version}, from {claim.version.effective.first} {until}; {claim.day} in its zone"


def _test(path: Path, claim: Claim) -> str:
    return "is_test" if path.conversion["is_test"] else "not marked"


def _fraud(path: Path, claim: Claim) -> str:
    return "is_fraud" if path.conversion["is_fraud"] else "not marked"


def _late(path: Path, claim: Claim) -> str:
    known = path.conversion["ingested_at"]
    limit = f"cut-off of {claim.period} {instant_text(claim.cutoff)}"
    return f"no ingested_at, so never late; {limit}" if known is None else f"ingested {instant_text(known)}; {limit}"


def _duplicate(path: Path, claim: Claim) -> str:
    order, before = path.conversion["order_id"], path.conversion["prior_id"]
    if not order:
        return "without an order_id"
    if not before:
        return f"order {order} did not come before"
    days = Decimal(path.conversion["ts"] - path.conversion["prior_ts"]) / DAY
    return f"order {order} came in {before}, {days:.2f} d before; the window is {claim.terms.dedupe_window}"


def _qualified(path: Path, claim: Claim) -> str:
    qualifying = f"{len(claim.qualifying)} of {len(claim.in_reach)} in reach"
    shut_out = [f"{one.touch['touch_id']}: {one.why}" for one in claim.in_reach if one not in claim.qualifying]
    return "; ".join([qualifying, *shut_out])


def _competition(path: Path, claim: Claim) -> str:
    stated = claim.terms.attribution
    if claim.version.direction == "charge":
        return "a charge: any qualifying touch is enough (5.1)"
    if stated.across == "partner":
        return "does not compete (across: partner)"
    return f"{stated.model.replace('_', ' ')}{_preference(claim.terms)}: {_winner(claim)}"


def _preference(terms: CpaTerms) -> str:
    stated = terms.attribution
    return f", prefer {stated.prefer}" if stated.model == "last_touch" else ""


def _winner(claim: Claim) -> str:
    decision = claim.decision or {}
    if decision["fate"] == "lost":
        return str(decision["reason"])
    if any(one.state == SHARES for one in claim.looks):
        return f"share {plain(Decimal(decision['share']) / MILLION)}"
    return f"won by {decision['touch_id'] or next((o.touch['touch_id'] for o in claim.looks if o.state == WINS), '–')}"


def _eligible(path: Path, claim: Claim) -> str:
    asked = claim.governing.eligibility
    said = [f"{name} {text_of(value)}" for name in type(asked).model_fields if (value := getattr(asked, name))]
    conditions = "; ".join(said) or "no condition"
    return f"{conditions} – fails: {_reason(claim)}" if _ends(claim, "ineligible") else conditions


def _priced(path: Path, claim: Claim) -> str:
    decision = claim.decision or {}
    if _ends(claim, "no_rate"):
        return f"action {path.conversion['action']}: {decision['reason']}"
    return f"action {path.conversion['action']} → item {decision['item']}"


def _reversed(path: Path, claim: Claim) -> str:
    told = [f"{one['reversal_id']} at {instant_text(one['ts'])}{_part(one)}" for one in path.reversals]
    return "; ".join(told) or "no reversal"


def _part(reversal: Record) -> str:
    micros = reversal["sale_micros"]
    return ", in full" if micros is None else f", {plain(Decimal(micros).scaleb(-6).normalize())} of the sale"


def _locked(path: Path, claim: Claim) -> str:
    if claim.lock_date is None:
        return "final at once (earn_on: conversion)"
    return f"locks on {claim.lock_date}, earns in {claim.earned_in}"


def _capped(path: Path, claim: Claim) -> str:
    if _ends(claim, "over_cap"):
        return _reason(claim)
    caps = [f"{text_of(one.conversions or one.amount)} per {one.per}" for one in claim.governing.caps]
    return f"within {', '.join(caps)}" if caps else "no cap"


def _earned(path: Path, claim: Claim) -> str:
    decision = claim.decision or {}
    amount = f"{in_digits(Fraction(decision['exact_amount'] or 0))} {claim.version.currency}"
    return f"{decision['rate']} of item {decision['item']} earns {amount}"


def _reason(claim: Claim) -> str:
    return str((claim.decision or {})["reason"])


def _ends(claim: Claim, fate: str) -> bool:
    return (claim.decision or {})["fate"] == fate


ASKED: dict[str, tuple[str, str, Facts]] = {
    "test": ("5.4", "is it a test?", _test),
    "fraud": ("5.4", "is it marked as fraud?", _fraud),
    "late": ("1.9", "was it ingested after the cut-off?", _late),
    "duplicate": ("5.4", "did its order come before?", _duplicate),
    "no_touch": ("5.2", "does a touch in reach qualify?", _qualified),
    "lost": ("5.3", "who won it?", _competition),
    "ineligible": ("5.5", "do all conditions hold?", _eligible),
    "no_rate": ("5.6", "which item prices it?", _priced),
    "reversed": ("5.7", "was it reversed in its own period?", _reversed),
    "not_locked": ("5.9", "is it final?", _locked),
    "over_cap": ("5.8", "does it fit the caps?", _capped),
    "payable": ("6.1", "what does it earn?", _earned),
}
