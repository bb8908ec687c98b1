"""What speaks for a pack besides its own seal: the packs before it, the files it was made of, the ledger (AUDIT)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recon.evidence.altered import Alteration
from recon.evidence.verify import Inspection, inspect
from recon.ledger import IssuedPack, Ledger
from recon.period import instant_text
from recon.problems import BadInput
from recon.workspace import Workspace

PACK, SUPERSEDES, LAST_MONTH = "Pack", "Supersedes", "Last month's pack"
_NAMED = re.compile(r"pack (\d+)(?: of (\d{4}-\d{2}))?(?:, digest ([0-9a-f]{64}))?(?:, SHA-256 ([0-9a-f]{64}))?")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """What a check of a pack found: altered places, what else does not hold, and what is worth knowing.

    A draft was never issued: its cells may be intact, but no ledger speaks for it.
    """

    file: Path
    digest: str
    alterations: tuple[Alteration, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_draft: bool = False

    @property
    def is_intact(self) -> bool:
        """Whether nothing was altered and everything that was looked at holds."""
        return not self.alterations and not self.problems


@dataclass(frozen=True)
class _Said:
    """One thing found: whether it holds, in words."""

    words: str
    holds: bool = True


@dataclass(frozen=True)
class _Named:
    """A pack as another names it on its Cover."""

    number: int
    period: str
    digest: str
    sha256: str


def verify_pack(path: Path, workspace: Workspace | None = None, previous: Path | None = None) -> Verdict:
    """Check a pack: its cells by itself, the chain to the packs before it, and with a workspace inputs and ledger.

    `previous` is last month's pack where it does not stand at `evidence/<period>/<n>.xlsx`. BadInput where a file is
    no pack of ours.
    """
    found = inspect(path)
    folder = workspace.folder / "evidence" if workspace else None
    said = [*_chain(found, folder, previous), *_beside(found)]
    if workspace is not None:
        said += [*_inputs(found, workspace), *_ledger(found, workspace)]
    problems = tuple(one.words for one in said if not one.holds)
    notes = (*found.notes, *(one.words for one in said if one.holds))
    return Verdict(path, found.digest, found.alterations, problems, notes, _stated(found) is None)


def _period(found: Inspection) -> str:
    return found.cover.get("Period", "")[:7]


def _stated(found: Inspection) -> int | None:
    """The number that a pack says it was issued by; None for a draft."""
    named = _named(found, PACK)
    return named.number if named else None


def _named(found: Inspection, label: str) -> _Named | None:
    told = _NAMED.match(found.cover.get(label, ""))
    return _Named(int(told[1]), told[2] or _period(found), told[3] or "", told[4] or "") if told else None


def _chain(found: Inspection, folder: Path | None, previous: Path | None) -> Iterator[_Said]:
    """The pack that this one replaces, and last month's."""
    for label, given in ((SUPERSEDES, None), (LAST_MONTH, previous)):
        named = _named(found, label)
        if named is not None:
            yield _link(label, named, _place(found.path, named, folder, given))
        elif given is not None:
            yield _Said(f"{label}: the pack states none, so {given} is not it", holds=False)
        elif label == LAST_MONTH:
            yield _Said("the chain begins here: the pack states none of last month")


def _place(path: Path, named: _Named, folder: Path | None, given: Path | None) -> Path | None:
    name = f"{named.number}.xlsx"
    near = [path.resolve().parent.parent / named.period / name] + ([folder / named.period / name] if folder else [])
    return given or next((one for one in near if one.is_file()), None)


def _link(label: str, named: _Named, place: Path | None) -> _Said:
    """Whether a pack named on Cover is what stands in its file."""
    pack = f"{label}: pack {named.number} of {named.period}"
    if place is None:
        return _Said(f"{pack} is not there, the chain to it was not checked; it must have digest {named.digest}")
    if not named.digest:
        holds = _sha256(place) == named.sha256
        return _Said(f"{pack}: the chain {'holds' if holds else 'is broken'} by SHA-256 ({place})", holds)
    try:
        before = inspect(place)
    except BadInput as error:
        return _Said(f"{pack}: the chain is broken, {error}", holds=False)
    if before.digest != named.digest:
        found = f"{place} has digest {before.digest}, not {named.digest}"
        return _Said(f"{pack}: the chain is broken, {found}", holds=False)
    if before.alterations:
        return _Said(f"{pack}: the chain is broken, {place} was altered: {before.alterations[0]}", holds=False)
    return _Said(f"{pack}: the chain holds ({place})")


def _beside(found: Inspection) -> Iterator[_Said]:
    """Workings and conversions that did not fit into the pack: without their files it is not whole."""
    wanted = {found.path.parent / name: sha256 for name, sha256 in found.beside}
    yield from (
        _Said(f"{path.name} is missing beside the pack, which states it with SHA-256 {sha256}", holds=False)
        for path, sha256 in wanted.items()
        if not path.is_file()
    )
    yield from _files("beside the pack", {path: sha256 for path, sha256 in wanted.items() if path.is_file()})


def _inputs(found: Inspection, workspace: Workspace) -> Iterator[_Said]:
    return _files("of Inputs", {workspace.folder / name: sha256 for name, sha256 in found.inputs})


def _files(which: str, wanted: dict[Path, str]) -> Iterator[_Said]:
    there = {path: sha256 for path, sha256 in wanted.items() if path.is_file()}
    wrong = [path for path, sha256 in there.items() if _sha256(path) != sha256]
    yield from (_Said(f"{path}: another SHA-256 than the pack states", holds=False) for path in wrong)
    yield from (_Said(f"{path}: not there, not checked") for path in wanted if path not in there)
    if there:
        yield _Said(f"{len(there) - len(wrong)} of {len(there)} files {which} are as the pack states")


def _ledger(found: Inspection, workspace: Workspace) -> Iterator[_Said]:
    """What the ledger knows: against it a pack cannot be forged, whatever digests it states."""
    with Ledger.open(workspace.database_url, workspace.closes) as ledger:
        packs, altered = ledger.packs.of(_period(found)), ledger.packs.problems()
    yield from (_Said(f"the ledger itself was altered: {problem}", holds=False) for problem in altered)
    yield _issued(found, packs)


def _issued(found: Inspection, packs: tuple[IssuedPack, ...]) -> _Said:
    """The pack that was issued by this digest; else what was issued under the number that this one states."""
    known = next((pack for pack in packs if pack.digest == found.digest), None)
    number, period = _stated(found), _period(found)
    if known is not None:
        return _known(found, known)
    if number is None:
        return _Said(f"a draft: it was never issued, so the ledger knows no pack of {period} by digest {found.digest}")
    pack = next((pack for pack in packs if pack.number == number), None)
    if pack is None:
        return _Said(f"the ledger knows no pack {number} of {period}: this one was never issued", holds=False)
    return _Said(f"the ledger knows pack {number} of {period} by another digest, {pack.digest}", holds=False)


def _known(found: Inspection, pack: IssuedPack) -> _Said:
    stands = _number_of_place(found)
    words = f"the ledger knows it as pack {pack.number} of {pack.period}, run {pack.run}, issued by {pack.who}"
    words = f"{words} at {instant_text(pack.at)}"
    if stands not in (None, pack.number):
        return _Said(f"{words}, but it stands as pack {stands}", holds=False)
    return _Said(words if _sha256(found.path) == pack.sha256 else f"{words}; saved again since, its cells are the same")


def _number_of_place(found: Inspection) -> int | None:
    """The number that a pack's file name claims, where it stands among the packs of its period."""
    place = found.path.resolve()
    return int(place.stem) if place.parent.name == _period(found) and place.stem.isdigit() else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
