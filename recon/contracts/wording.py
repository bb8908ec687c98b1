"""What changed between two versions in sentences that finance reads: each change in one of them (RULES 2.1 to 2.4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from recon.contracts.clauses import HEAD, NONE, Change
from recon.contracts.phrases import (
    UNIT,
    condition_words,
    date_words,
    entries,
    group_words,
    label,
    price_words,
    step_words,
    value_words,
)
from recon.contracts.subjects import NAMED_LISTS, Pair, Subject, entry_of, names, within
from recon.contracts.terms import ContractVersion

LINE = 200
VERBS = {"original": "in force", "amendment": "amended", "correction": "corrected", "renewal": "renewed"}
NOTHING = ("", NONE)


@dataclass(frozen=True)
class Sentence:
    """What changes say together, with those changes."""

    subject: Subject
    words: str
    changes: tuple[Change, ...]


def difference_words(before: ContractVersion, after: ContractVersion) -> tuple[str, ...]:
    """The difference between two versions in sentences, prices first, then as the document has it.

    The day from which it holds closes the only sentence of the terms, or is the last sentence by itself. Where nothing
    differs there is none.
    """
    return tuple(one.words for one in sentences(before, after))


def summary_words(before: ContractVersion, after: ContractVersion) -> str:
    """The difference in one line, for lists and for the comment above a document; what does not fit is counted.

    The signed paper is left out where the contract itself says something else.
    """
    said = sentences(before, after)
    told = [one.words for one in said if one.subject.kind != "paper"] or [one.words for one in said]
    closing = [told.pop()] if len(told) > 1 and said[-1].subject.kind == "act" else []
    count = len(told)
    while count > 1 and len("; ".join([*told[:count], *closing])) > LINE:
        count -= 1
    rest = len(told) - count
    more = [f"{rest} more change{'' if rest == 1 else 's'}"] if rest else []
    return "; ".join([*told[:count], *more, *closing]) or "no difference"


def sentences(before: ContractVersion, after: ContractVersion) -> tuple[Sentence, ...]:
    """The sentences with the changes that each of them tells; every change is told by exactly one."""
    pair = Pair(before, after)
    found = pair.by_subject()
    act = found.pop(Subject("act"), ())
    told = [Sentence(subject, WORDS[subject.kind](pair, subject.path), changes) for subject, changes in found.items()]
    return _dated(pair, sorted(told, key=lambda one: one.subject.rank), act)


def _dated(pair: Pair, told: list[Sentence], act: tuple[Change, ...]) -> tuple[Sentence, ...]:
    """The sentences with the day from which they hold, told once: it is no date for a name or an end."""
    dated = [one for one in told if one.subject.top not in HEAD]
    undated = [one for one in told if one.subject.top in HEAD and one.subject.kind != "paper"]
    words = _act_words(pair)
    if len(dated) == 1 and not undated and words.startswith(("amended", "in force")):
        since = date_words(pair.after.effective.first)
        whole = replace(dated[0], words=f"{dated[0].words} from {since}", changes=(*dated[0].changes, *act))
        return tuple(whole if one is dated[0] else one for one in told)
    return (*told, Sentence(Subject("act"), words, act)) if act or dated else tuple(told)


def _act_words(pair: Pair) -> str:
    """What was done and from when: `renewed from 1 January 2027 to 31 December 2027`."""
    after = pair.after
    since, last = f"from {date_words(after.effective.first)}", after.effective.last
    until = "without an end" if last is None else f"to {date_words(last)}"
    if after.terms is None:
        return f"terminated {since}"
    if pair.before.terms is None:
        return f"resumed {since} {until}"
    if not pair.is_act:
        return f"in force {since}"
    return f"{VERBS[after.kind]} {since}" + (f" {until}" if after.kind == "renewal" else "")


# What is said of each kind of subject


def _paper(pair: Pair, path: str) -> str:
    """The signed paper; its hash only where that alone tells two files apart."""
    old, new = (_paper_words(version, is_full=False) for version in (pair.before, pair.after))
    if old == new:
        old, new = (_paper_words(version, is_full=True) for version in (pair.before, pair.after))
    if not old or not new:
        return f"document {new or old} {'added' if new else 'removed'}"
    return f"document {new} instead of {old}"


def _paper_words(version: ContractVersion, is_full: bool) -> str:
    paper = version.document
    if paper is None:
        return ""
    page = f", page {paper.page}" if paper.page is not None else ""
    return paper.name + page + (f", file {paper.sha256 or 'without a hash'}" if is_full else "")


def _order(pair: Pair, path: str) -> str:
    return f"order of {label(path)} {pair.now[path]} instead of {pair.was[path]}"


def _list(pair: Pair, path: str) -> str:
    """Caps or bonuses: those that came and those that went, wherever they stand in the list."""
    old, new = (Counter(_entries(*side, path)) for side in _sides(pair))
    gone, come = list((old - new).elements()), list((new - old).elements())
    if gone and come:
        return f"{' and '.join(come)} instead of {' and '.join(gone)}"
    return f"{' and '.join(come or gone)} {'added' if come else 'removed'}" if come or gone else f"order of {path}"


def _entries(said: Mapping[str, str], currency: str, path: str) -> list[str]:
    return [group_words(path, within(said, f"{path}[{index}]"), currency) for index in entries(said, path)]


def _entry(pair: Pair, path: str) -> str:
    """An item, a fixed fee or a rule that came or went."""
    came = bool(within(pair.now, path))
    said, currency = _sides(pair)[came]
    one, name = within(said, path), path.partition("[")[2][:-1]
    done = "added" if came else "removed"
    if path.startswith("fixed_fees"):
        return f"{group_words('fixed_fees', one, currency)} for {name} {done}"
    if path.startswith("rules"):
        said_with = ", ".join(f"{label(key[5:])} {text}" for key, text in one.items() if key.startswith("with."))
        return f"rule {name}{f' ({said_with})' if said_with else ''} {done}"
    return f"item {name}{_action(one)} added at {_item_words(one, currency)}" if came else f"item {name} removed"


def _action(one: Mapping[str, str]) -> str:
    """What a conversion item pays for: ` (booking with category hotel)`."""
    when = one.get("when", "always")
    return (
        f" ({one['action']}{'' if when == 'always' else f' with {condition_words(when)}'})" if "action" in one else ""
    )


def _item_words(one: Mapping[str, str], currency: str) -> str:
    """A new item's price and whatever else stands with it."""
    groups = [name for name in ("booked", "cap", "third_party") if one.get(name, "") != NONE and within(one, name)]
    beside = [f", {group_words(name, within(one, name), currency)}" for name in groups]
    return price_words(one, currency) + "".join(beside)


def _price(pair: Pair, path: str) -> str:
    """An item that is priced in another way: all of its price, before and after."""
    old, new = (price_words(within(said, path), currency) for said, currency in _sides(pair))
    return f"price of {path.partition('[')[2][:-1]} {new}, instead of {old}"


def _group(pair: Pair, path: str) -> str:
    """A group of clauses that came or went as a whole."""
    came = bool(within(pair.now, path))
    said, currency = _sides(pair)[came]
    name, owner = _owned(pair, path)
    return f"{group_words(name, within(said, path), currency)}{owner} {'added' if came else 'removed'}"


def _clause(pair: Pair, path: str) -> str:
    """A clause that says something else, came or went."""
    was, now = pair.was.get(path, ""), pair.now.get(path, "")
    if path == "effective.to":
        return _end_words(was, now)
    name, owner = _owned(pair, path)
    old, new = value_words(path, was, pair.before.currency), value_words(path, now, pair.after.currency)
    told = "counterparty renamed" if path == "counterparty.name" else _label(pair, path, name) + owner
    if (was in NOTHING) != (now in NOTHING):
        return f"{told} {old if now in NOTHING else new} {'removed' if now in NOTHING else 'added'}"
    unit = UNIT.get(path.rpartition(".")[2], "")
    return f"{told}{_where(pair, path)} from {old} to {new} {unit}".rstrip()


def _label(pair: Pair, path: str, name: str) -> str:
    """What a clause is called: a rate, a tier's fee, or by its own words."""
    key = path.rpartition(".")[2]
    if key in UNIT:
        return "rate"
    return key if ".steps[" in path else label(re.sub(r"^rates\[\d+\]\.", "", name))


def _where(pair: Pair, path: str) -> str:
    """Which of an item's rates or tiers is meant, where it has several."""
    at, _, _ = path.rpartition(".")
    if ".steps[" in at:
        return f" {step_words(pair.now, f'{at}.')}"
    when, rates = pair.now.get(f"{at}.when"), re.sub(r"\[\d+\]$", "", at)
    if when is None or not at.endswith("]") or ".rates[" not in at or len(entries(pair.now, rates)) == 1:
        return ""
    return " for all else" if when == "always" else f" for {condition_words(when)}"


def _owned(pair: Pair, path: str) -> tuple[str, str]:
    """A path within its item or fixed fee, and ` of` that one; elsewhere the path itself."""
    top = path.partition("[")[0]
    if top == path or top not in NAMED_LISTS:
        return path, ""
    entry = entry_of(path, [*names(pair.before, top), *names(pair.after, top)])
    name = entry[len(top) + 1 : -1]
    return path[len(entry) + 1 :].removeprefix("with."), f" of {'rule ' if top == 'rules' else ''}{name}"


def _end_words(was: str, now: str) -> str:
    old, new = (NONE if day in NOTHING else date_words(date.fromisoformat(day)) for day in (was, now))
    if new == NONE:
        return f"no longer ends on {old}"
    return f"ends on {new}, open-ended before" if old == NONE else f"ends on {new} instead of {old}"


def _sides(pair: Pair) -> tuple[tuple[Mapping[str, str], str], tuple[Mapping[str, str], str]]:
    """The clauses and the currency before and after."""
    return (pair.was, pair.before.currency), (pair.now, pair.after.currency)


WORDS: dict[str, Callable[[Pair, str], str]] = {
    "paper": _paper,
    "order": _order,
    "list": _list,
    "entry": _entry,
    "price": _price,
    "group": _group,
    "clause": _clause,
}
