"""Why a line is expected otherwise than in an earlier close, from what the two closes recorded (RULES 2.7).

One function finds one reason; the table REASONS at the bottom names them in the order in which they are told. Several
may hold for one line: the closes tell that each touched it, not how the money divides between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from recon.close import StoredClose
from recon.money import plain

Code = Literal["later_approval", "late_events", "corrected_inputs", "earlier_month", "settings", "unexplained"]
SHOWN = 4
DATASETS = {
    "cpm": ("impressions", "third_party", "fx_rates", "opening_balances"),
    "cpa": ("conversions", "clicks", "impressions", "reversals", "fx_rates", "opening_balances"),
}
DECIDED = ("fate", "touch_id", "share")


@dataclass(frozen=True)
class Reason:
    """A reason with what shows it, in words."""

    code: Code
    sentence: str

    @property
    def words(self) -> str:
        """The reason as a reader is told it."""
        return f"{self.code.replace('_', ' ')}: {self.sentence}"


class Compared(NamedTuple):
    """A line of two closes."""

    contract: str
    item: str
    before: StoredClose
    after: StoredClose


def reasons_of(contract: str, item: str, before: StoredClose, after: StoredClose) -> tuple[Reason, ...]:
    """Every reason that the two closes show for a change of a line; `unexplained` where they show none."""
    compared = Compared(contract, item, before, after)
    found = tuple(Reason(code, sentence) for code, find in REASONS for sentence in find(compared))
    return found or (Reason("unexplained", "nothing that the two closes recorded tells why"),)


def later_approvals(compared: Compared) -> Iterator[str]:
    """Versions that one close knew and the other did not: the contract's own, else of those it competes with."""
    known = [_known(close) for close in (compared.before, compared.after)]
    changed = sorted(known[0] ^ known[1])
    own = [one for one in changed if one[0] == compared.contract]
    rivals = _rivals(compared)
    for contract, number in own or [one for one in changed if one[0] in rivals]:
        where = compared.before if (contract, number) in known[1] else compared.after
        told = compared.after if (contract, number) in known[1] else compared.before
        yield f"{_version_words(told, contract, number)}, which run {where.run} did not know"


def _known(close: StoredClose) -> set[tuple[str, int]]:
    return {(one["contract"], one["version"]) for one in close.manifest["contracts"]}


def _version_words(close: StoredClose, contract: str, number: int) -> str:
    row = next(one for one in close.versions if (one["contract"], one["version"]) == (contract, number))
    until = f" to {row['effective_to']}" if row["effective_to"] else ""
    approval = f"approved {row['approved_at']} by {row['approved_by']}"
    return f"{contract} v{number} ({row['kind']}), in force from {row['effective_from']}{until}, {approval}"


def _rivals(compared: Compared) -> set[str]:
    """The other contracts of the same program."""
    versions = [*compared.before.versions, *compared.after.versions]
    programs = {_program(one) for one in versions if one["contract"] == compared.contract} - {None}
    return {one["contract"] for one in versions if _program(one) in programs} - {compared.contract}


def _program(version: Mapping[str, Any]) -> str | None:
    return next((value for path, value, _ in version["clauses"] if path == "program"), None)


def late_events(compared: Compared) -> Iterator[str]:
    """With another cut-off or instant of knowledge: events that end otherwise, and reversals that now count."""
    names = {"cutoff": "cut-off", "as_known_at": "as known at"}
    moved = [(words, *_told(compared, name)) for name, words in names.items() if _is_changed(compared, name)]
    shown = _moved_events(compared) if moved else []
    if shown:
        clocks = ", ".join(f"{words} {before or 'now'} → {after or 'now'}" for words, before, after in moved)
        yield f"{clocks}: {'; '.join(shown)}"


def _moved_events(compared: Compared) -> list[str]:
    """What ended otherwise; where a version came too, only if events came or were late beside it."""
    fates, decisions = list(_moved_fates(compared)), list(_other_decisions(compared))
    if list(later_approvals(compared)) and _arrivals(compared.before, compared) == _arrivals(compared.after, compared):
        fates, decisions = [], []
    return [*fates, *_other_reversals(compared)] or decisions


def _arrivals(close: StoredClose, compared: Compared) -> tuple[Decimal, Decimal]:
    """All events of the contract, and those among them that were late."""
    fates = _fates(close, compared.contract)
    late = (quantity for (_, _, fate), quantity in fates.items() if fate == "late")
    return sum(fates.values(), Decimal(0)), sum(late, Decimal(0))


def _told(compared: Compared, name: str) -> tuple[Any, Any]:
    return compared.before.manifest.get(name), compared.after.manifest.get(name)


def _is_changed(compared: Compared, name: str) -> bool:
    before, after = _told(compared, name)
    return bool(before != after)


def _moved_fates(compared: Compared) -> Iterator[str]:
    """How many events ended how, of the line's item where they are told by item, else of its contract."""
    before, after = (_fates(close, compared.contract) for close in (compared.before, compared.after))
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    own = [key for key in changed if key[0] in ("", compared.item)] or changed
    for item, dataset, fate in own:
        name = f"{dataset} {fate}" if item in ("", compared.item) else f"{dataset} {fate} of {item}"
        amounts = [plain(side.get((item, dataset, fate), Decimal(0))) for side in (before, after)]
        yield f"{name} {amounts[0]} → {amounts[1]}"


def _fates(close: StoredClose, contract: str) -> dict[tuple[str, str, str], Decimal]:
    rows = close.fates[close.fates["contract"] == contract].to_dict("records")
    return {(row["item"] or "", row["dataset"], row["fate"]): row["quantity"] for row in rows}


def _other_reversals(compared: Compared) -> Iterator[str]:
    before, after = (set(close.reversals(compared.contract)) for close in (compared.before, compared.after))
    if before != after:
        yield f"reversals counted {len(before)} → {len(after)} ({_some(sorted(before ^ after))})"


def _other_decisions(compared: Compared) -> Iterator[str]:
    """Conversions that end alike but are shared, won or priced otherwise."""
    before, after = (_decisions(close, compared.contract) for close in (compared.before, compared.after))
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    if changed:
        yield f"{len(changed):,} conversions decided otherwise ({_some(changed)})"


def _decisions(close: StoredClose, contract: str) -> dict[str, tuple[Any, ...]]:
    rows = close.conversions(contract).to_dict("records")
    return {row["conversion_id"]: tuple(row[name] for name in DECIDED) for row in rows}


def corrected_inputs(compared: Compared) -> Iterator[str]:
    """Files and queries of what the contract's model reads that are not what they were."""
    before, after = (_sources(close, compared) for close in (compared.before, compared.after))
    changed = [key for key in sorted({*before, *after}) if _content(before.get(key)) != _content(after.get(key))]
    if changed:
        yield _some([_source_words(key, before.get(key), after.get(key)) for key in changed], "; ")


def _sources(close: StoredClose, compared: Compared) -> dict[tuple[str, str], dict[str, Any]]:
    wanted = {name for model in _models(compared) for name in DATASETS[model]}
    sources = [one for one in close.manifest["inputs"] if one["dataset"] in wanted]
    return {(one["dataset"], one.get("file") or "query"): one for one in sources}


def _models(compared: Compared) -> set[str]:
    versions = [*compared.before.versions, *compared.after.versions]
    return {one["model"] for one in versions if one["contract"] == compared.contract and one["model"]}


def _content(source: Mapping[str, Any] | None) -> str | None:
    return None if source is None else source["sha256"]


def _source_words(key: tuple[str, str], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    name = key[1] if key[1] != "query" else f"the query of {key[0]}"
    if before is None and after is not None:
        return f"{name} is new, {after['rows']:,} rows"
    if before is not None and after is None:
        return f"{name} is gone, {before['rows']:,} rows"
    assert before is not None and after is not None
    return f"{name} changed, {before['rows']:,} rows → {after['rows']:,}"


def earlier_months(compared: Compared) -> Iterator[str]:
    """Openings, and what locked closes say of conversions of earlier months."""
    before, after = (_openings(close, compared.contract) for close in (compared.before, compared.after))
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    for key in changed:
        told = " → ".join(side.get(key, "not asked for") for side in (before, after))
        yield f"opening {' '.join(key).strip()}: {told}"
    locked = [_locked(close) for close in (compared.before, compared.after)]
    if not changed and locked[0] != locked[1] and "cpa" in _models(compared):
        yield f"locked closes counted on: {locked[0] or 'none'} → {locked[1] or 'none'}"


def _openings(close: StoredClose, contract: str) -> dict[tuple[str, str], str]:
    rows = [one for one in close.manifest["openings"] if one["contract"] == contract]
    return {(one["kind"], one["item"]): f"{one['value']} ({_source(one)})" for one in rows}


def _source(opening: Mapping[str, Any]) -> str:
    run = f" {opening['period']} run {opening['run']}" if "run" in opening else ""
    return {"none": "nothing known from before"}.get(opening["source"], opening["source"]) + run


def _locked(close: StoredClose) -> str:
    return ", ".join(f"{one['period']} run {one['run']}" for one in close.manifest["signed_off"])


def settings(compared: Compared) -> Iterator[str]:
    """Settings, software, time zone data and packages of rules that an expected amount can depend on."""
    before, after = (_settings(close, compared.contract) for close in (compared.before, compared.after))
    shared = (name for name in before if name in after)  # a rule that came or went is a matter of the contract
    yield from (f"{name}: {before[name]} → {after[name]}" for name in shared if before[name] != after[name])


def _settings(close: StoredClose, contract: str) -> dict[str, Any]:
    manifest = close.manifest
    cutoff_days = manifest["settings"]["cutoff_days"]
    told = {"software": manifest["software"], "time zone data": manifest["tzdata"], "cutoff_days": cutoff_days}
    return told | {f"rule {one['rule']}": _package(one) for one in manifest.get("rules", ()) if contract in one["in"]}


def _package(rule: dict[str, Any]) -> str:
    """The package that brings a named rule, and what its text was."""
    return f"{rule['distribution']} {rule['version']}, text {rule['text_sha256'][:12]}"


def _some(words: Iterable[str], joint: str = ", ") -> str:
    """The first few, and how many more."""
    found = list(words)
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return joint.join(found[:SHOWN]) + more


REASONS: tuple[tuple[Code, Callable[[Compared], Iterator[str]]], ...] = (
    ("later_approval", later_approvals),
    ("late_events", late_events),
    ("corrected_inputs", corrected_inputs),
    ("earlier_month", earlier_months),
    ("settings", settings),
)
