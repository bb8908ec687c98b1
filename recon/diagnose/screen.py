"""What need not be recomputed, because it can't give what was billed: a matter of time alone, never of judgement."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

from recon.contracts.terms import CpaTerms
from recon.diagnose.case import Case
from recon.diagnose.edits import Edit
from recon.diagnose.places import Place, WonByPlace
from recon.diagnose.reprice import Repricer
from recon.diagnose.world import LineKey, Replay, World
from recon.observe.questions import is_ordered

# What an edit of these codes changes is which conversions are paid, and nothing else.
BY_EVENTS = (
    "late_events_billed", "late_events_dropped", "duplicates_counted", "ivt_billed", "givt_only_filtered",
    "tests_billed", "partial_data", "double_load", "window_off", "precedence_flipped", "competition_ignored",
    "dedupe_ignored", "eligibility_ignored", "fraud_paid", "cap_ignored", "lock_ignored",
)  # fmt: skip
SLACK = Decimal("0.05")


class Screen:
    """Days and files of conversions and clicks are many: those that hold too little to explain are left out."""

    def __init__(self, repricer: Repricer, world: World, case: Case, names_ours: Callable[[], bool]) -> None:
        self._repricer, self._world, self._case, self._names_ours = repricer, world, case, names_ours

    def admits(self, edit: Edit) -> bool:
        """Whether an edit may give what was billed."""
        if edit.code == "per_unit_scale" and self._world.is_cpa(self._case.contract):
            return self._may_scale(edit)
        if edit.code in BY_EVENTS and self._are_named:
            return False  # other events than ours would contradict those that were billed
        if edit.code not in ("partial_data", "double_load") or not self._world.is_cpa(self._case.contract):
            return True
        changed = edit.change(self._world)
        replay = changed.reading.replay if changed is not None else None
        return replay is not None and self._may_hold(replay)

    def _may_scale(self, edit: Edit) -> bool:
        """Whether some open line that the edit reaches is wrong by about that power of ten, or that way at least."""
        times = Decimal(1).scaleb(int(edit.value))
        is_held = not self._is_plain_price and edit.clause != ""  # clauses hold amounts back, not those of the bill
        return any(self._is_scaled(key, times, is_held) for key in self._case.open if _reaches(edit, key))

    def _is_scaled(self, key: LineKey, times: Decimal, is_held: bool) -> bool:
        ours, theirs = self._case.ours(key).amount, self._case.theirs(key).amount
        if key.kind not in ("charge", "payout"):
            return True
        if is_held and (theirs > ours) == (times > 1):
            return True
        return bool(ours and theirs and Decimal("0.3") < theirs / (ours * times) < 3)

    @cached_property
    def _is_plain_price(self) -> bool:
        """Whether amounts of a contract rise and fall with its rates, and no clause holds them."""
        clauses = ("minimum", "cap", "caps", "bonus", "minimum_payout", "fixed_fees", "rules")
        return not any(
            any(getattr(one, name) for name in clauses)
            or any(item.tiers or item.min is not None or item.max is not None for item in one.items)
            for one in self._terms
        )

    def _may_hold(self, replay: Replay) -> bool:
        """Whether as many conversions as differ can come from a day or file."""
        place, gap = (replay.dataset, replay.by, replay.value), self._gap
        if gap is None or (replay.times == 0 and self._is_taken_back and self._won.taken[place]):
            return True
        if self._has_waiting:
            return abs(gap) <= self._won.claimed[place] + self._won.lost[place]
        return self._may_win(place, gap) if replay.dataset == "clicks" else self._may_count(place, gap, replay.times)

    def _may_win(self, place: Place, gap: Decimal) -> bool:
        """Whether a gap can come from clicks without which others win, or the same on other terms."""
        held, lost, claimed = self._won.paid[place], self._won.lost[place], self._won.claimed[place]
        if self._is_by_touch:
            return -claimed <= gap <= lost + claimed
        return gap != 0 and -held <= gap <= lost

    def _may_count(self, place: Place, gap: Decimal, times: int) -> bool:
        """Whether a gap can come from conversions that are not there, or twice: others of their orders may count."""
        held, lost, freed = self._won.paid[place], self._won.lost[place], self._won.freed[place]
        if not gap:
            return times == 0 and 0 < held <= freed
        if self._has_shares:
            return abs(gap) <= held + lost + freed
        if times == 0:
            return -held - _slack(held) <= gap <= freed - held + _slack(held)
        return _is_about(gap, self._won.again[place]) or _is_about(gap, self._won.alone[place])

    @cached_property
    def _gap(self) -> Decimal | None:
        """By how much the billed conversions differ in all, also on lines whose amount is right.

        None where some line states no quantity.
        """
        keys = [key for key in {*self._case.expected, *self._case.billed} if key.kind in ("charge", "payout")]
        gaps = [self._gap_of(key) for key in keys]
        return None if None in gaps else sum((gap for gap in gaps if gap is not None), Decimal(0))

    def _gap_of(self, key: LineKey) -> Decimal | None:
        """Of a line without an amount that was not billed, nobody knows how many it would have counted."""
        gap, ours = self._case.gap(key), self._case.ours(key).quantity
        if key in self._case.open and not self._case.theirs(key).is_there:
            return -ours
        return gap if gap is not None or ours or key in self._case.open else Decimal(0)

    @cached_property
    def _is_taken_back(self) -> bool:
        """Whether clawbacks are open and what was paid is not: what is left out of earlier months is not taken back."""
        kinds = {key.kind for key in self._case.open}
        return "clawback" in kinds and not kinds & {"charge", "payout"}

    @cached_property
    def _is_by_touch(self) -> bool:
        """Whether the touch that won decides the version, and so the price."""
        return any(one.date_basis == "touch" for one in self._terms)

    @cached_property
    def _are_named(self) -> bool:
        """Whether the details of every open line name the very conversions that we pay, one touch deciding each."""
        is_dated = all(one.date_basis == "conversion" for one in self._terms)
        is_plain = is_dated and not self._has_shares and not any(_is_counted_on(one) for one in self._terms)
        return bool(self._terms) and is_plain and self._names_ours()

    @cached_property
    def _terms(self) -> list[CpaTerms]:
        return [one for one in self._world.terms(self._case.contract) if isinstance(one, CpaTerms)]

    @cached_property
    def _has_waiting(self) -> bool:
        """Whether conversions that are on no line decide others: beyond a cap, or before their lock."""
        return any(one.caps or _is_counted_on(one) for one in self._terms)

    @cached_property
    def _has_shares(self) -> bool:
        return any(_is_shared(one) for one in self._terms)

    @cached_property
    def _won(self) -> WonByPlace:
        return self._repricer.won_by_place(self._world, self._case.contract)


def _is_about(gap: Decimal, held: Decimal) -> bool:
    return abs(gap - held) <= _slack(held)


def _slack(held: Decimal) -> Decimal:
    return max(Decimal(3), held * SLACK)


def _is_shared(terms: CpaTerms) -> bool:
    """Whether conversions are shared by several touches."""
    return terms.attribution.model not in ("last_touch", "first_touch")


def _is_counted_on(terms: CpaTerms) -> bool:
    """Whether conversions that wait for their lock count where others stand in tiers and caps."""
    return is_ordered(terms) and terms.lock is not None


def _reaches(edit: Edit, key: LineKey) -> bool:
    """Whether an edit of one item's rates is about a line: its own, or one of the whole contract."""
    return edit.clause in ("", "items", f"items[{key.item}]") or key.item.startswith("_")
