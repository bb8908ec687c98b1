"""What if: the month under edited terms, from stored observations, equals a whole recomputation of the edited book."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shares import share

from fixtures.random_months.month import asked, make
from recon.close import StoredClose, close_period, reopened
from recon.contracts.documents import write_version
from recon.contracts.terms import ContractVersion, CpaTerms, CpmTerms, Effective
from recon.diagnose import Preview, preview
from recon.period import Period
from recon.problems import BadInput
from recon.workspace import Workspace

SEEDS = range(7000, 7002)
Key = tuple[str, str, str, str]
Edit = Callable[[ContractVersion], ContractVersion]


@pytest.mark.parametrize("seed", share(SEEDS, 0))
def test_a_preview_says_what_a_close_of_the_edited_book_says(seed: int, tmp_path: Path) -> None:
    close = _closed(tmp_path / "month", seed)
    again = reopened(close)
    ways = [(version, edit) for version in again.world.book.versions for edit in _edits(version)]
    for number, (version, edit) in enumerate(random.Random(seed).sample(ways, min(6, len(ways)))):
        found = again.preview([edit(version)])
        whole = _expected(_edited(close, edit(version), tmp_path / f"edited-{number}"))
        assert _after(found) == {key: one for key, one in whole.items() if key[0] in _contracts(found)}


def test_before_is_what_the_close_expected(tmp_path: Path) -> None:
    close = _closed(tmp_path / "month", 7000)
    again = reopened(close)
    expected = _expected(close)
    for version in again.world.book.versions:
        before = {(one.contract, one.item, one.kind, one.currency): (one.quantity_before, one.amount_before)
                  for one in again.preview([version]).lines}  # fmt: skip
        own = {key: one for key, one in expected.items() if key[0] == version.contract}
        assert {key: one for key, one in before.items() if key[0] == version.contract} == own


def test_observations_that_cannot_answer_say_so(tmp_path: Path) -> None:
    again = reopened(_closed(tmp_path / "month", 7001))
    version = next(one for one in again.world.book.versions if isinstance(one.terms, CpaTerms))
    wide = _windows("900d")(version)
    with pytest.raises(ValueError, match="widest click window and a day"):
        preview(again.world, again.observations, [wide])
    assert any("widest click window" in reason for reason in again.preview([wide]).rescanned)
    assert not again.preview([_windows("1h")(version)]).rescanned


def test_documents_changed_since_the_close_change_nothing_and_are_refused_by_the_next(tmp_path: Path) -> None:
    close = _closed(tmp_path / "month", 7000)
    world = reopened(close).world
    write_version(close.workspace.contracts, world.book.versions[0].model_copy(update={"currency": "CHF"}))
    again = reopened(close).world
    assert (again.book, again.every) == (world.book, world.every)
    with pytest.raises(BadInput, match="a change of it is a new version"):
        _close(close.workspace.folder)


def _closed(folder: Path, seed: int) -> StoredClose:
    folder.mkdir()
    make(seed, folder)
    return _close(folder)


def _close(folder: Path) -> StoredClose:
    wanted = asked(folder)
    return close_period(
        Workspace.open(folder), Period.parse(wanted["period"]), wanted["as_known_at"], wanted["cutoff"],
        is_diagnosed=False,
    )  # fmt: skip


def _edited(close: StoredClose, version: ContractVersion, folder: Path) -> StoredClose:
    """The month closed from documents with the edited version."""
    shutil.copytree(close.workspace.folder, folder, ignore=shutil.ignore_patterns("recon.db*", "closes", "evidence"))
    write_version(folder / close.workspace.contracts.relative_to(close.workspace.folder), version)
    return _close(folder)


def _edits(version: ContractVersion) -> Iterator[Edit]:
    if isinstance(version.terms, CpaTerms):
        yield from (_windows("12h"), _windows("40d"), _with(dedupe_window="0d"))
        if version.direction == "charge":
            yield _with(discount_percent=Decimal(7))
    if isinstance(version.terms, CpmTerms):
        yield from (_with(basis="viewable"), _with(discount_percent=Decimal(7)), _with(exclude_ivt=()))
    if version.kind != "termination" and version.effective.last is None:
        yield lambda one: one.model_copy(update={"effective": _later(one.effective)})


def _later(effective: Effective) -> Effective:
    return Effective.model_construct(first=effective.first.replace(day=17), last=effective.last)


def _with(**changes: Any) -> Edit:
    return lambda one: one.model_copy(update={"terms": one.terms.model_copy(update=changes)}) if one.terms else one


def _windows(text: str) -> Edit:
    def edit(one: ContractVersion) -> ContractVersion:
        assert isinstance(one.terms, CpaTerms)
        stated = one.terms.attribution.model_copy(update={"click_window": text})
        return one.model_copy(update={"terms": one.terms.model_copy(update={"attribution": stated})})

    return edit


def _expected(close: StoredClose) -> dict[Key, tuple[Decimal, Decimal]]:
    rows = close.lines.to_dict("records")
    return {
        (row["contract"], row["item"], row["kind"], row["currency"]): (row["expected_quantity"], row["expected_amount"])
        for row in rows
        if row["expected_quantity"] or row["expected_amount"]
    }


def _after(found: Preview) -> dict[Key, tuple[Decimal, Decimal]]:
    lines = {(one.contract, one.item, one.kind, one.currency): (one.quantity_after, one.amount_after)
             for one in found.lines}  # fmt: skip
    return {key: one for key, one in lines.items() if any(one)}


def _contracts(found: Preview) -> set[str]:
    return {one.contract for one in found.lines}
