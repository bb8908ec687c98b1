"""The path of a conversion, and what each rule said of it, on the hand-checkable cases and the demo month."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from recon.close import StoredClose, believed, close_period
from recon.period import Period
from recon.trials.cases import CASES, read_case
from recon.views import impression_of, path_of, rulings
from recon.views.path import QUALIFIES, SHARES, SHUT_OUT, WINS, Claim
from recon.views.path import Path as Way
from recon.workspace import Workspace


def closed(name: str, folder: Path) -> StoredClose:
    case = read_case(CASES / name / "expected.yaml")
    copy = shutil.copytree(CASES / name, folder / name)
    return close_period(
        Workspace.open(copy), Period.parse(case.period), cutoff=case.instant("cutoff"), is_diagnosed=False
    )


def only(close: StoredClose, conversion: str, contract: str | None = None) -> tuple[Way, Claim]:
    way = path_of(close, conversion)
    assert way is not None
    return way, next(one for one in way.claims if contract in (None, one.contract))


def decided(way: Way, claim: Claim) -> tuple[str, str, str]:
    """Rule, what was found, and the decision where the fate fell."""
    (fell,) = [one for one in rulings(way, claim) if one.decision.startswith("decides")]
    return fell.rule, fell.found, fell.decision


def agreements(close: StoredClose) -> Iterator[tuple[str, str]]:
    """Fate, and what the path found by itself, of every conversion that was decided on."""
    known = believed(close)
    for identity in sorted(set(close.conversions()["conversion_id"])):
        way = path_of(close, identity, known)
        assert way is not None
        for claim in way.claims:
            if claim.decision is not None:
                states = {one.state for one in claim.looks}
                won = "won" if states & {WINS, SHARES} else "qualified" if QUALIFIES in states else "shut out"
                yield claim.decision["fate"], won
                assert sum(one.decision.startswith("decides") for one in rulings(way, claim)) == 1


CPA = (
    "2.5-windows-are-the-conversion-dates", "5.2-touches-that-do-not-qualify", "5.2-window-bound-exclusive",
    "5.1-charge-for-any-touch", "5.3-across-partner", "5.3-click-before-view-at-one-instant",
    "5.3-position-based-order-of-ties", "5.3-nobody-inherits",
    "5.4-first-fate-that-applies", "5.8-several-caps",
)  # fmt: skip


@pytest.mark.parametrize("name", CPA)
def test_what_the_path_finds_agrees_with_the_fate(name: str, tmp_path: Path) -> None:
    fates = Counter(agreements(closed(name, tmp_path)))
    assert fates
    for fate, won in fates:
        assert won in FITTING.get(fate, ("won",)) or fate in EARLY, (fate, won)


EARLY = ("test", "fraud", "late", "duplicate")  # asked before any touch is
FITTING = {"no_touch": ("shut out",), "lost": ("qualified", "shut out")}


def test_a_touch_tells_why_it_does_not_qualify(tmp_path: Path) -> None:
    close = closed("5.2-touches-that-do-not-qualify", tmp_path)
    told = {
        look.why
        for identity in close.conversions()["conversion_id"]
        for claim in (path_of(close, identity) or pytest.fail("no path")).claims
        for look in claim.looks
        if look.state == SHUT_OUT
    }
    assert {"a test", "invalid traffic (givt)", "ingested after the cut-off"} <= told


def test_an_unknown_conversion_has_no_path(tmp_path: Path) -> None:
    assert path_of(closed("5.1-charge-for-any-touch", tmp_path), "nowhere") is None


def test_rules_after_the_fate_are_not_asked(tmp_path: Path) -> None:
    close = closed("5.4-first-fate-that-applies", tmp_path)
    row = next(row for row in close.conversions().to_dict("records") if row["fate"] == "fraud")
    way, claim = only(close, row["conversion_id"], row["contract"])
    decisions = [one.decision for one in rulings(way, claim)]
    at = decisions.index("decides: fraud")
    assert set(decisions[:at]) == {"goes on"} and set(decisions[at + 1 :]) == {"not asked"}
    assert decided(way, claim)[:2] == ("5.4", "is_fraud")


# What can be told of a single impression beyond a booked quantity


def fates(close: StoredClose, identity: str) -> list[tuple[str, str]]:
    return [(one.fate, one.note) for one in impression_of(close, identity) if one.direction == "charge"]


def test_an_impression_beyond_the_booked_quantity_is_told_where_its_whole_date_is(tmp_path: Path) -> None:
    close = closed("3.4-order-within-a-date", tmp_path)
    assert fates(close, "i3") == [("billable", "all 2 of 2 units of 2026-10-05 fit the booked quantity")]
    ((fate, note),) = fates(close, "i1")
    assert fate == "billable or over_booked"
    assert note.startswith("1 of 2 units of 2026-10-05 at its rate fit") and "(3.4)" in note


def test_a_date_on_which_nothing_fits_is_over_booked(tmp_path: Path) -> None:
    close = closed("3.5-a-later-version-books-less", tmp_path)
    assert fates(close, "i2") == [("billable", "all 3 of 3 units of 2026-10-05 fit the booked quantity")]
    assert fates(close, "i5") == [("over_booked", "0 of 2 units of 2026-10-16 fit the booked quantity")]


def test_the_opening_count_is_taken_before(tmp_path: Path) -> None:
    close = closed("3.5-booked-over-the-contract", tmp_path)
    assert {note[:38] for one in all_impressions(close) for _, note in fates(close, one)} == {
        "2 of 4 units of 2026-10-05 at its rate"
    }


def all_impressions(close: StoredClose) -> list[str]:
    path = next((close.workspace.folder / "data").glob("impressions*"))
    return [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
