"""Open items from month to month: opening + new − cleared = closing (AUDIT, Sign-off). Nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from recon.ledger.drift import DRIFT, DriftRules, Group, Line, Party, Passing, Small, passing
from recon.ledger.items import Item, RollForward
from recon.ledger.signing import DISPOSITIONS, SETTLED, TRUE_UP, FindingAct, is_true_up, parts_of
from recon.period import Period

NOTHING = Decimal(0)
ADJUSTMENT = "adjustment"
CHARGES = ("charge", "shortfall")


@dataclass(frozen=True)
class Found:
    """A finding of a run with the status and the variance of its line (None where the run has no such line)."""

    finding_id: str
    line: Line
    amount: Decimal
    cause: str
    grade: str
    status: str | None
    variance: Decimal | None


@dataclass(frozen=True)
class Month:
    """What a run says that lives on: its findings, the lines within tolerance, adjustments asked for and billed."""

    period: str
    run: int
    digest: str
    findings: Sequence[Found]
    below: Sequence[tuple[Line, Decimal]] = ()
    adjustments: Sequence[Mapping[str, str]] = ()
    drift: DriftRules | None = None

    @property
    def lines(self) -> Iterator[Line]:
        """The lines that something lives on of."""
        yield from (one.line for one in self.findings)
        yield from (line for line, _ in self.below)

    @property
    def billed(self) -> frozenset[str]:
        """The findings that a billed adjustment names."""
        return frozenset(row["reference"] for row in self.adjustments if row["billing_line_ids"])

    @property
    def expected(self) -> dict[str, Decimal]:
        """What the run expected for each finding."""
        return {row["reference"]: Decimal(row["expected_amount"]) for row in self.adjustments if row["expected_amount"]}


@dataclass(frozen=True)
class Past:
    """What locked months hand on beside their open items: what they let pass, and what was claimed of it since.

    `locked` is the digest of each locked month's run: a true-up is of one of them.
    """

    smalls: tuple[Small, ...] = ()
    claims: Mapping[Group, str] = field(default_factory=dict)
    locked: Mapping[str, str] = field(default_factory=dict)


Parties = Mapping[str, Party]


def month_rolled(
    opening: Iterable[Item], month: Month, acts: Sequence[FindingAct], parties: Parties, past: Past | None = None
) -> RollForward:
    """A month's items from those that the month before left open; `acts` are those of the month."""
    past = past or Past()
    carried = [_aged(one, month.period) for one in opening]
    standing = decided_again(carried, acts)
    true_ups = list(accepted_true_ups(month.period, acts, parties, past))
    asked = {one.finding_id for one in (*carried, *true_ups)}
    new = list(_new_items(month, acts, parties, asked - month.billed))
    let_pass = passing_of(month, [*standing, *new], parties, past)
    drifts = [_drift_item(one, acts) for one in let_pass if one.is_drift]
    new += [*true_ups, *drifts]
    cleared = list(_cleared(standing, new, month.billed))
    gone = {one.finding_id for one in cleared}
    closing = [one for one in (*standing, *new) if one.finding_id not in gone]
    decided = [one for one in standing if _last(one, acts) is not None]
    return RollForward(
        month.period, month.run, _sorted(carried), _sorted(new), _sorted(cleared), _sorted(closing), _sorted(decided),
        let_pass,
    )  # fmt: skip


def decided_again(carried: Iterable[Item], acts: Sequence[FindingAct]) -> list[Item]:
    """Carried items with what a month decided about them, where that was for the amount they have."""
    return [_with_acts(one, acts) for one in carried]


def accepted_true_ups(period: str, acts: Sequence[FindingAct], parties: Parties, past: Past) -> Iterator[Item]:
    """The true-ups that a month accepted, of runs that are still the locked ones (RULES 2.7, 8.6)."""
    told = {act.finding_id: act for act in acts if is_true_up(act.finding_id) and act.bound}
    for finding_id, act in told.items():
        of, *parts, _ = parts_of(finding_id)
        if past.locked.get(of) == act.bound:
            item = _item(finding_id, period, Line(*parts), act.amount, parties)
            words = f"True-up of {of}, accepted from its run {act.run}."
            yield _with_acts(replace(item, cause=TRUE_UP, words=words), acts)


def passing_of(month: Month, items: Iterable[Item], parties: Parties, past: Past) -> tuple[Passing, ...]:
    """What was let pass over the months up to this one; nothing where the run knows no settings for it."""
    if month.drift is None:
        return ()
    return passing(month.period, [*past.smalls, *smalls_of(month, items, parties)], past.claims, month.drift)


def smalls_of(month: Month, items: Iterable[Item], parties: Parties) -> Iterator[Small]:
    """What a month let pass: its waivers, carried items among them, and its lines within tolerance.

    A drift that is waived adds nothing: what it is made of was let pass already.
    """
    for one in items:
        is_drift = one.cause == DRIFT and one.period == month.period
        if _is_waived(one, month.billed) and not is_drift:
            yield Small(month.period, _party(one.line, parties), one.line, one.amount, True, one.finding_id)
    for line, variance in month.below:
        yield Small(month.period, _party(line, parties), line, variance, False)


def past_with(past: Past, month: Month, found: RollForward, parties: Parties) -> Past:
    """The past of the month after: with what this one let pass, and the drifts that it claimed."""
    standing = [*found.cleared, *found.closing]
    claimed = {one.finding_id for one in found.new if one.cause == DRIFT and one.disposition != "waive"}
    claims = {
        (one.party.id, one.party.direction, one.currency): month.period
        for one in found.passing
        if one.is_drift and one.finding_id in claimed
    }
    smalls = () if month.drift is None else tuple(smalls_of(month, standing, parties))
    return replace(past, smalls=(*past.smalls, *smalls), claims={**past.claims, **claims})


def _cleared(standing: Sequence[Item], new: Sequence[Item], billed: frozenset[str]) -> Iterator[Item]:
    """What the month settles: an adjustment names it, it is waived, or a reversal of what was timing takes it back."""
    every = (*standing, *new)
    yield from (replace(one, cleared_by=ADJUSTMENT) for one in every if one.finding_id in billed)
    yield from (replace(one, cleared_by="waived") for one in every if _is_waived(one, billed))
    free = [one for one in new if one.finding_id not in billed and one.disposition != "waive"]
    for item in standing:
        match = next((one for one in free if one.line == item.line and one.amount == -item.amount), None)
        if item.disposition == "timing" and item.finding_id not in billed and match is not None:
            free.remove(match)
            yield replace(item, cleared_by=f"reversed by {match.finding_id}")
            yield replace(match, cleared_by=f"reverses {item.finding_id}")


def _is_waived(item: Item, billed: frozenset[str]) -> bool:
    return item.disposition == "waive" and item.finding_id not in billed


def _new_items(month: Month, acts: Sequence[FindingAct], parties: Parties, awaited: set[str]) -> Iterator[Item]:
    """The month's findings above tolerance; an adjustment still awaited is no new item, but the old one."""
    waiting = _still_awaited(month, awaited)
    for one in month.findings:
        is_old = one.line in waiting and one.variance == -waiting[one.line]
        if one.amount and one.status not in SETTLED and not is_old:
            item = _item(one.finding_id, month.period, one.line, one.amount, parties)
            yield _with_acts(replace(item, cause=one.cause, grade=one.grade), acts)


def _still_awaited(month: Month, awaited: set[str]) -> dict[Line, Decimal]:
    sums: dict[Line, Decimal] = {}
    for row in month.adjustments:
        if row["reference"] in awaited:
            line = Line(row["contract"], row["item"], ADJUSTMENT, row["currency"])
            sums[line] = sums.get(line, NOTHING) + Decimal(row["expected_amount"] or 0)
    return sums


def _drift_item(found: Passing, acts: Sequence[FindingAct]) -> Item:
    """A drift as a finding of the month; an adjustment of it is expected on the line that moved most."""
    item = _item(
        found.finding_id, found.months[-1].period, found.line, found.amount, {found.line.contract: found.party}
    )
    return _with_acts(replace(item, cause=DRIFT, grade="consistent", words=found.words), acts)


def _item(finding_id: str, period: str, line: Line, amount: Decimal, parties: Parties) -> Item:
    return Item(finding_id, period, *line, _party(line, parties).name, "", "", amount)


def _with_acts(item: Item, acts: Sequence[FindingAct]) -> Item:
    """An item with its last disposition of the month, if that was for its amount, and its last owner."""
    owners = (act.owner for act in reversed(acts) if (act.finding_id, act.action) == (item.finding_id, "assign"))
    owner, last = next(owners, item.owner), _last(item, acts)
    if last is None:
        return replace(item, owner=owner)
    return replace(item, owner=owner, disposition=last.action, decided_by=last.who, reason=last.reason)


def _last(item: Item, acts: Sequence[FindingAct]) -> FindingAct | None:
    """The last disposition of an item, where that was for the amount it has."""
    own = (act for act in reversed(acts) if act.finding_id == item.finding_id and act.action in DISPOSITIONS)
    last = next(own, None)
    return last if last is not None and last.amount == item.amount else None


def _party(line: Line, parties: Parties) -> Party:
    """Who stands behind a line; of a contract that nobody knows, the contract itself."""
    direction = "charge" if line.kind in CHARGES else "payout"
    return parties.get(line.contract) or Party(line.contract, "", direction)


def _aged(item: Item, period: str) -> Item:
    return replace(item, days=(Period.parse(period).last - Period.parse(item.period).last).days)


def _sorted(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda one: (one.period, one.finding_id)))
