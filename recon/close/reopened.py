"""A stored close looked at again: what its amounts followed from, and its observations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recon.close.contracts import registered_book
from recon.close.signed import signed_months
from recon.close.stored import StoredClose
from recon.contracts.book import Book
from recon.contracts.documents import content_hash
from recon.contracts.terms import ContractVersion
from recon.diagnose import Observations, Preview, World, impressions_behind, observed_by, observed_in, preview
from recon.engine import Engine
from recon.inputs import open_engine, read_inputs
from recon.observe import Scope, observe, questions_of
from recon.observe.impressions import impression_ids
from recon.period import Period, instant
from recon.problems import BadInput, Problem

VALUES = ("fx_rates", "third_party", "opening_balances")  # datasets without events


@dataclass(frozen=True)
class Reopened:
    """A close's world and observations; no event is read for them."""

    close: StoredClose
    world: World
    observations: Observations

    def preview(self, edited: Sequence[ContractVersion]) -> Preview:
        """What the month would be expected to be with these versions; events are read again only where they must be."""
        return preview(self.world, self.observations, edited, self._rescan)

    def impression_ids(
        self, contract: str, item: str, edits: Sequence[tuple[str, str]], most: int
    ) -> list[tuple[str, str, list[str]]]:
        """Single impressions behind a finding, read from the events: (our fate, theirs, ids), `most` ids in all.

        `edits` are the codes and words of the findings on the line.
        """
        billed = self.close.lines[self.close.lines["contract"] == contract]
        currencies = frozenset(str(one) for one in billed["currency"])
        seen = impressions_behind(self.world, self.observations, contract, item, edits, currencies)
        if not seen:
            return []
        with open_engine(self.close.workspace) as engine:
            read_inputs(self.close.workspace, engine, self.world.scope.period)
            asked = questions_of(engine, self.world.every, self.world.scope)
            named = impression_ids(engine, asked, self.world.scope, item, most)
        found: dict[tuple[str, str], list[str]] = {}
        for count, ours, theirs in seen:
            found.setdefault((ours, theirs), []).extend(named.get(replace(count, quantity=0), ()))
        left, told = most, []
        for (ours, theirs), ids in sorted(found.items(), key=_is_free):
            told.append((ours, theirs, ids[:left]))
            left -= len(ids[:left])
        return told

    def _rescan(self, every: Book, book: Book) -> Observations:
        with open_engine(self.close.workspace) as engine:
            read_inputs(self.close.workspace, engine, self.world.scope.period)
            observe(engine, book, self.world.scope, every)
            return observed_by(engine)


@dataclass(frozen=True)
class Believed:
    """What a close knew: every version whatever its status, those that it used, and how its month was looked at."""

    every: Book
    book: Book
    scope: Scope


def believed(close: StoredClose) -> Believed:
    """The versions as a close used them and its scope, from the register alone; no observation is read.

    Raises BadInput where a version is not in the register as the close used it.
    """
    workspace, manifest = close.workspace, close.manifest
    every = _observed(registered_book(workspace), close)
    book = _used(every, manifest["contracts"])
    period, known = Period.parse(close.period), _instant(manifest["as_known_at"])
    usual = Scope(period, workspace.cutoff_days, None, known, workspace.billing_timezone)
    cutoff = _instant(manifest["cutoff"])
    return Believed(every, book, usual if cutoff == usual.cutoff_of(period) else replace(usual, cutoff=cutoff))


def reopened(close: StoredClose) -> Reopened:
    """A close's world, from the register and the small datasets of its workspace; versions as the close used them.

    Raises BadInput where a version is not in the register as the close used it.
    """
    workspace, known = close.workspace, believed(close)
    scope = known.scope
    observations = observed_in(close.folder)
    with Engine() as engine:
        values = {name: spec for name, spec in workspace.data.items() if name in VALUES}
        inputs = read_inputs(replace(workspace, data=values), engine, scope.period)
        types = {"reversal_id": "TEXT", "conversion_id": "TEXT"}
        engine.load("reversal_rows", types, observations["reversal_rows"].select(list(types)))
        signed = signed_months(workspace, engine, scope)
    rates = tuple((row.date, row.base, row.quote, row.rate) for row in inputs.fx_rates)
    world = World(
        known.book, known.every, scope, rates, inputs.third_party, inputs.opening_balances, signed.balances, signed.said
    )  # fmt: skip
    return Reopened(close, world, observations)


def _is_free(named: tuple[tuple[str, str], list[str]]) -> bool:
    """Whether neither side counts money for some impressions: those are named last."""
    return not any(fate.startswith("billable") for fate in named[0])


def _instant(text: str | None) -> int | None:
    return None if text is None else instant(text)


def _observed(kept: Book, close: StoredClose) -> Book:
    """The versions that the close knew, whatever their status: what was observed was observed for them."""
    known = {(one["contract"], one["version"], one["hash"]) for one in close.versions}
    return Book(tuple(one for one in kept.versions if (one.contract, one.version, content_hash(one)) in known))


def _used(every: Book, used: Iterable[dict[str, Any]]) -> Book:
    """The approved versions that a close used, by their content hashes."""
    kept = {(one.contract, one.version): one for one in every.versions if one.is_approved}
    found, problems = [], []
    for said in used:
        version = kept.get((said["contract"], said["version"]))
        if version is not None and content_hash(version) == said["hash"]:
            found.append(version)
        else:
            there = "not in the register" if version is None else "another content"
            place = f"{said['contract']} v{said['version']}"
            problems.append(Problem(place, there, "the version that the close used; close the month again first"))
    if problems:
        raise BadInput(problems)
    return Book(tuple(found))
