"""What was counted: marks that were not looked at, another basis or party, days and files missing or read twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Literal

from recon.contracts.terms import CpmItem, CpmTerms, ThirdParty
from recon.diagnose.edits.edit import Asked, Change, Edit, not_looking_at, on_items, on_terms, setting
from recon.diagnose.world import Replay

EPOCH = date(1970, 1, 1)
BASES = ("delivered", "viewable", "completed")


def duplicates_counted(asked: Asked) -> Iterator[Edit]:
    """Impressions that came again count again; of conversions, rows that repeat an id."""
    if asked.is_cpa:
        yield Edit("duplicates_counted", "conversions that repeat an id count again", not_looking_at("repeated_row"))
    words = "resent impressions count again"
    yield Edit("duplicates_counted", words, not_looking_at("duplicate", "repeated_row"), kind="duplicates count")


def ivt_billed(asked: Asked) -> Iterator[Edit]:
    """Invalid traffic counts."""
    words = "no kind of invalid traffic is excluded"
    yield Edit("ivt_billed", words, setting(asked.contract, exclude_ivt=()), "exclude_ivt")


def givt_only_filtered(asked: Asked) -> Iterator[Edit]:
    """General invalid traffic alone is excluded."""
    words = "general invalid traffic (givt) alone is excluded"
    yield Edit("givt_only_filtered", words, setting(asked.contract, exclude_ivt=("givt",)), "exclude_ivt")


def basis_swapped(asked: Asked) -> Iterator[Edit]:
    """Another basis: delivered, viewable or completed."""
    for basis in BASES if asked.cpm_terms() else ():
        stated = sorted({one.basis for one in asked.cpm_terms()} - {basis})
        words = f"{basis} impressions count, not {' or '.join(stated)}"
        yield Edit("basis_swapped", words, setting(asked.contract, basis=basis), "basis", kind=f"basis {basis}")


def tests_billed(asked: Asked) -> Iterator[Edit]:
    """Test events count."""
    yield Edit("tests_billed", "test events count", not_looking_at("test"))
    if asked.is_cpa:
        words = "test conversions count, test clicks and impressions do not"
        yield Edit("tests_billed", words, not_looking_at("test_conversion"))


def third_party_clause(asked: Asked) -> Iterator[Edit]:
    """The clause on another party's count is not applied, or applied otherwise."""
    if not asked.cpm_terms():
        return
    for words, clause in THIRD_PARTY.items():
        change = on_terms(asked.contract, partial(_with_third_party, clause=clause, is_given=clause == CONTROLLED))
        yield Edit("third_party_clause", words, change, "third_party")
    if len({is_spoken_of for one in asked.cpm_terms() for is_spoken_of in _counted_by_others(one)}) > 1:
        words = "the third party's count is billed where a clause speaks of it, whatever the difference"
        change = on_terms(asked.contract, partial(_with_third_party, clause=CONTROLLED, is_given=False))
        yield Edit("third_party_clause", words, change, "third_party")


CONTROLLED: dict[str, object] = {"controlling": "third_party"}
THIRD_PARTY: dict[str, dict[str, object] | None] = {
    "our count is billed, the third party's is not looked at": None,
    "the third party's count is billed, whatever the difference": CONTROLLED,
    "our count controls, within the tolerance stated": {"controlling": "own"},
    "beyond the tolerance the third party's count is billed": {"beyond": "third_party"},
    "beyond the tolerance the mean is billed": {"beyond": "split"},
}


def _counted_by_others(terms: CpmTerms) -> list[bool]:
    """Item by item, whether a clause speaks of a third party's count."""
    return [(one.third_party or terms.third_party) is not None for one in terms.items]


def _with_third_party(terms: CpmTerms, clause: dict[str, object] | None, is_given: bool) -> CpmTerms:
    """Terms with another clause wherever there is one; `is_given` also to a contract without any."""

    def changed(stated: ThirdParty | None, is_new: bool) -> ThirdParty | None:
        if clause is None or (stated is None and not is_new):
            return None
        found = (stated or ThirdParty(controlling="third_party")).model_copy(update=clause)
        return stated if found.controlling == "own" and found.tolerance_percent is None else found

    items = tuple(one.model_copy(update={"third_party": changed(one.third_party, False)}) for one in terms.items)
    return terms.model_copy(update={"third_party": changed(terms.third_party, is_given), "items": items})


def over_delivery_billed(asked: Asked) -> Iterator[Edit]:
    """Units beyond the booked quantity count."""

    def unbooked(item: CpmItem) -> CpmItem:
        return item.model_copy(update={"booked": None})

    if asked.cpm_terms():
        words = "units beyond the booked quantity count"
        yield Edit("over_delivery_billed", words, on_items(asked.contract, unbooked), "booked")


def partial_data(asked: Asked) -> Iterator[Edit]:
    """A day or a file of events was left out."""
    yield from _replayed(asked, "partial_data", 0, "is left out")


def double_load(asked: Asked) -> Iterator[Edit]:
    """A day or a file of events was read twice."""
    yield from _replayed(asked, "double_load", 2, "is counted twice")


Dataset = Literal["impressions", "clicks", "conversions"]


def _replayed(asked: Asked, code: str, times: int, words: str) -> Iterator[Edit]:
    datasets: tuple[Dataset, ...] = ("conversions", "clicks") if asked.is_cpa else ("impressions",)
    for dataset in datasets if times == 0 else datasets[:1]:
        days, files = asked.days(dataset)
        for file in files:
            told = f"{dataset} file {asked.file_name(file)} {words}"
            yield Edit(code, told, _replaying(Replay(dataset, "file_number", file, times)))
        for day in days:
            told = f"{dataset} of {EPOCH + timedelta(days=day)} (UTC) {words}"
            yield Edit(code, told, _replaying(Replay(dataset, "utc_day", day, times)))


def _replaying(replay: Replay) -> Change:
    return lambda world: world.reads(replace(world.reading, replay=replay)) if world.reading.replay is None else None
